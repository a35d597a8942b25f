// Synthetic difference-in-differences (Arkhangelsky, Athey, Hirshberg, Imbens and Wager 2021),
// cohort by cohort, with the conventions of the authors' R package synthdid.
#ifndef PILOTDID_SYNTHETIC_DID_HPP
#define PILOTDID_SYNTHETIC_DID_HPP

#include <Eigen/Dense>
#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

#include "parallel.hpp"
#include "random.hpp"

namespace pilotdid {

// Least squares on the simplex with a ridge, an intercept profiled out: |A x - b|^2 / rows + zeta^2
// |x|^2. With more rows than columns only the triangle of [A b] is kept: the same objective, fewer
// rows.
struct SimplexProblem {
  Eigen::MatrixXd a;
  Eigen::VectorXd b;
  double rows, zeta;
  SimplexProblem(Eigen::MatrixXd a_, Eigen::VectorXd b_, double zeta_)
      : a(std::move(a_)), b(std::move(b_)), rows(static_cast<double>(a.rows())), zeta(zeta_) {
    a.rowwise() -= a.colwise().mean().eval();
    b.array() -= b.mean();
    if (a.rows() <= a.cols() + 1) return;
    Eigen::MatrixXd both(a.rows(), a.cols() + 1);
    both << a, b;
    const Eigen::MatrixXd r =
        both.householderQr().matrixQR().topRows(both.cols()).triangularView<Eigen::Upper>();
    a = r.leftCols(a.cols());
    b = r.rightCols(1);
  }
};

// Frank-Wolfe steps with exact line search from x; stops when a step gains less than `decrease`^2.
inline Eigen::VectorXd frank_wolfe(const SimplexProblem& p, double decrease, int steps,
                                   Eigen::VectorXd x) {
  const double eta = p.rows * p.zeta * p.zeta;
  Eigen::VectorXd fitted = p.a * x, residual = fitted - p.b, gradient(x.size()), change(p.b.size());
  double norm = x.squaredNorm(), last = 0;
  for (int t = 0; t < steps; ++t) {
    gradient.noalias() = p.a.transpose() * residual;
    gradient += eta * x;
    Eigen::Index best;
    const double lowest = gradient.minCoeff(&best);
    // The move is towards the vertex `best`: e_best - x.
    change = p.a.col(best) - fitted;
    const double length = norm - 2 * x[best] + 1;
    const double curvature = change.squaredNorm() + eta * length;
    if (curvature > 0) {
      const double step = std::min(1.0, std::max(0.0, (gradient.dot(x) - lowest) / curvature));
      x *= 1 - step;
      x[best] += step;
      fitted += step * change;
      residual += step * change;
      norm = x.squaredNorm();
    }
    const double value = p.zeta * p.zeta * norm + residual.squaredNorm() / p.rows;
    if (t > 0 && last - value <= decrease * decrease) break;
    last = value;
  }
  return x;
}

// A hundred steps, weights up to a quarter of the largest set to zero, then up to ten thousand
// more.
inline Eigen::VectorXd sparse_weights(const SimplexProblem& p, double decrease) {
  const Eigen::Index n = p.a.cols();
  Eigen::VectorXd x =
      frank_wolfe(p, decrease, 100, Eigen::VectorXd::Constant(n, 1.0 / static_cast<double>(n)));
  x = (x.array() <= x.maxCoeff() / 4).select(0.0, x);
  x /= x.sum();
  return frank_wolfe(p, decrease, 10000, x);
}

struct SyntheticCohort {
  Eigen::VectorXd units;    // weights of the controls, in their order
  Eigen::VectorXd periods;  // weights of the periods before
  Eigen::VectorXd path;  // treated less synthetic control by period, less its weighted mean before
};

inline Eigen::VectorXd mean_of(const Eigen::MatrixXd& y, const std::vector<int>& units) {
  Eigen::VectorXd out = Eigen::VectorXd::Zero(y.rows());
  for (int i : units) out += y.col(i);
  return out / static_cast<double>(units.size());
}

// Difference between treated and weighted controls around its weighted mean before.
inline Eigen::VectorXd centered_gap(const Eigen::VectorXd& treated, const Eigen::MatrixXd& controls,
                                    const Eigen::VectorXd& units, const Eigen::VectorXd& periods) {
  Eigen::VectorXd gap = treated - controls * units;
  gap.array() -= gap.head(periods.size()).dot(periods);
  return gap;
}

// Standard deviation of the first differences of the controls before treatment.
inline double noise_level(const Eigen::MatrixXd& controls, int before) {
  const Eigen::MatrixXd d = controls.middleRows(1, before - 1) - controls.topRows(before - 1);
  const double n = static_cast<double>(d.size());
  return std::sqrt((d.array() - d.mean()).square().sum() / (n - 1));
}

// controls: periods x controls; treated: mean by period of `size` units treated from period
// `before` on.
inline SyntheticCohort synthetic_cohort(const Eigen::VectorXd& treated, int size,
                                        const Eigen::MatrixXd& controls, int before) {
  const Eigen::Index after = controls.rows() - before;
  const double noise = noise_level(controls, before);
  const double zeta = std::pow(static_cast<double>(size * after), 0.25) * noise;
  const Eigen::MatrixXd pre = controls.topRows(before);
  const Eigen::VectorXd post = controls.bottomRows(after).colwise().mean().transpose();
  SyntheticCohort out;
  out.periods = sparse_weights({pre.transpose(), post, 1e-6 * noise}, 1e-5 * noise);
  out.units = sparse_weights({pre, treated.head(before), zeta}, 1e-5 * noise);
  out.path = centered_gap(treated, controls, out.units, out.periods);
  return out;
}

// cohort: of each unit, -1 for controls; before: periods before each cohort's first treated one.
struct SyntheticPanel {
  Eigen::MatrixXd y;  // periods x units
  std::vector<int> cohort, before;
};

struct SyntheticFit {
  std::vector<SyntheticCohort> cohorts;
  std::vector<int> size;
};

inline Eigen::MatrixXd columns_of(const Eigen::MatrixXd& y, const std::vector<int>& units) {
  Eigen::MatrixXd out(y.rows(), static_cast<Eigen::Index>(units.size()));
  for (std::size_t k = 0; k < units.size(); ++k)
    out.col(static_cast<Eigen::Index>(k)) = y.col(units[k]);
  return out;
}

// units: columns of y, perhaps repeated; cohort: of each of them.
inline SyntheticFit synthetic_fit(const SyntheticPanel& p, const std::vector<int>& units,
                                  const std::vector<int>& cohort) {
  std::vector<std::vector<int>> members(p.before.size());
  std::vector<int> controls;
  for (std::size_t k = 0; k < units.size(); ++k)
    (cohort[k] < 0 ? controls : members[static_cast<std::size_t>(cohort[k])]).push_back(units[k]);
  const Eigen::MatrixXd y0 = columns_of(p.y, controls);
  SyntheticFit fit;
  for (std::size_t g = 0; g < members.size(); ++g) {
    fit.size.push_back(static_cast<int>(members[g].size()));
    fit.cohorts.push_back(synthetic_cohort(mean_of(p.y, members[g]), fit.size[g], y0, p.before[g]));
  }
  return fit;
}

enum class SyntheticVariance { placebo = 0, bootstrap = 1 };

// Who is in a replicate, and as what. Placebo: controls alone, as many drawn to be "treated" as
// there are treated units. Bootstrap: units with replacement, drawn again where a cohort, or all
// but one control, is missing; false where that fails a thousand times.
inline bool draw_units(const SyntheticPanel& p, SyntheticVariance how, Random& random,
                       std::vector<int>& units, std::vector<int>& cohort) {
  std::vector<int> controls, treated;
  for (std::size_t i = 0; i < p.cohort.size(); ++i)
    (p.cohort[i] < 0 ? controls : treated).push_back(static_cast<int>(i));
  if (how == SyntheticVariance::placebo) {
    random.shuffle(controls);
    units = controls;
    cohort.assign(controls.size(), -1);
    for (std::size_t k = 0; k < treated.size(); ++k)
      cohort[k] = p.cohort[static_cast<std::size_t>(treated[k])];
    return true;
  }
  const std::uint32_t n = static_cast<std::uint32_t>(p.cohort.size());
  units.resize(n);
  cohort.resize(n);
  for (int attempt = 0; attempt < 1000; ++attempt) {
    std::vector<int> count(p.before.size() + 1);
    for (std::uint32_t k = 0; k < n; ++k) {
      units[k] = static_cast<int>(random.below(n));
      cohort[k] = p.cohort[static_cast<std::size_t>(units[k])];
      ++count[static_cast<std::size_t>(cohort[k] + 1)];
    }
    if (count[0] > 1 && *std::min_element(count.begin(), count.end()) > 0) return true;
  }
  return false;
}

// Paths and sizes of the replicates. A draw that fails leaves `drawn` false.
struct SyntheticReplicates {
  std::vector<Eigen::MatrixXd> path;  // periods x cohorts each
  std::vector<std::vector<int>> size;
  std::vector<char> drawn;
};

inline Eigen::MatrixXd paths_of(const SyntheticFit& fit) {
  Eigen::MatrixXd out(fit.cohorts[0].path.size(), static_cast<Eigen::Index>(fit.cohorts.size()));
  for (std::size_t g = 0; g < fit.cohorts.size(); ++g)
    out.col(static_cast<Eigen::Index>(g)) = fit.cohorts[g].path;
  return out;
}

inline SyntheticReplicates synthetic_replicates(const SyntheticPanel& p, SyntheticVariance how,
                                                int draws, std::uint64_t seed,
                                                const Execution& exec) {
  const std::size_t n = static_cast<std::size_t>(draws);
  SyntheticReplicates out{std::vector<Eigen::MatrixXd>(n), std::vector<std::vector<int>>(n),
                          std::vector<char>(n, 0)};
  parallel_for(n, exec, [&](std::size_t d) {
    Random random(seed, d);
    std::vector<int> units, cohort;
    if (!draw_units(p, how, random, units, cohort)) return;
    const SyntheticFit fit = synthetic_fit(p, units, cohort);
    out.path[d] = paths_of(fit);
    out.size[d] = fit.size;
    out.drawn[d] = 1;
  });
  return out;
}

// One unit left out after the other, the weights of the full fit kept (those of the controls that
// are left scaled to one). -> as replicates, one a unit; drawn is false where a cohort loses its
// only unit or all weight is on the unit left out.
inline SyntheticReplicates synthetic_jackknife(const SyntheticPanel& p, const SyntheticFit& fit) {
  const std::size_t n = p.cohort.size(), cohorts = p.before.size();
  SyntheticReplicates out{std::vector<Eigen::MatrixXd>(n, paths_of(fit)),
                          std::vector<std::vector<int>>(n, fit.size), std::vector<char>(n, 1)};
  std::vector<int> controls;
  for (std::size_t i = 0; i < n; ++i)
    if (p.cohort[i] < 0) controls.push_back(static_cast<int>(i));
  const Eigen::MatrixXd y0 = columns_of(p.y, controls);
  Eigen::MatrixXd total = Eigen::MatrixXd::Zero(p.y.rows(), static_cast<Eigen::Index>(cohorts));
  for (std::size_t i = 0; i < n; ++i)
    if (p.cohort[i] >= 0) total.col(p.cohort[i]) += p.y.col(static_cast<Eigen::Index>(i));
  std::size_t place = 0;
  for (std::size_t i = 0; i < n; ++i) {
    const bool control = p.cohort[i] < 0;
    for (std::size_t g = 0; g < cohorts; ++g) {
      if (!control && p.cohort[i] != static_cast<int>(g)) continue;
      const Eigen::Index column = static_cast<Eigen::Index>(g);
      Eigen::VectorXd sum = total.col(column), units = fit.cohorts[g].units;
      int size = fit.size[g];
      if (control) {
        units[static_cast<Eigen::Index>(place)] = 0;
        if (!(units.sum() > 0)) out.drawn[i] = 0;
        units /= units.sum();
      } else {
        sum -= p.y.col(static_cast<Eigen::Index>(i));
        if (--size == 0) out.drawn[i] = 0;
        out.size[i][g] = size;
      }
      if (out.drawn[i])
        out.path[i].col(column) = centered_gap(sum / size, y0, units, fit.cohorts[g].periods);
    }
    if (control) ++place;
  }
  return out;
}

}  // namespace pilotdid

#endif
