// Logit and Poisson regressions on a few sets of levels and slopes, and the mean effect of
// switching some of these sets off (Wooldridge 2023).
#ifndef PILOTDID_EFFECTS_GLM_HPP
#define PILOTDID_EFFECTS_GLM_HPP

#include <Eigen/Dense>
#include <cmath>
#include <vector>

#include "absorption.hpp"
#include "semidefinite.hpp"

namespace pilotdid {

enum class Family { logit = 0, poisson = 1 };

struct EffectsModel {
  Rows rows;
  Column outcome, weights;
  std::vector<Effect> effects;
  std::vector<char> switched;  // by effect: is it part of the treatment?
  int size() const {
    int m = 0;
    for (const Effect& e : effects) m += e.levels;
    return m;
  }
};

struct EffectsGlm {
  Eigen::VectorXd coefficients;
  Eigen::VectorXd effect;     // cells: mean of mu(on) - mu(off)
  Eigen::MatrixXd influence;  // size x cells: information^- times the gradient of each effect
  std::vector<char> estimable;
  double deviance = 0;
  int rank = 0, iterations = 0;
  bool converged = false;
};

namespace detail {

inline double glm_mean(Family f, double eta) {
  return f == Family::logit ? 1 / (1 + std::exp(-eta)) : std::exp(eta);
}
inline double glm_slope(Family f, double mu) { return f == Family::logit ? mu * (1 - mu) : mu; }

// Minus twice the log-likelihood, up to a constant of the data.
inline double glm_loss(Family f, double y, double eta) {
  if (f == Family::poisson) return 2 * (std::exp(eta) - y * eta);
  const double positive = std::max(eta, 0.0) + std::log1p(std::exp(-std::abs(eta)));
  return 2 * (positive - y * eta);
}

// The non-zero entries of a row of the design.
class RowEntries {
 public:
  explicit RowEntries(const EffectsModel& m)
      : m_(m), level(m.effects.size()), value(m.effects.size()) {}
  void read(std::size_t row) {
    int offset = 0;
    for (std::size_t j = 0; j < m_.effects.size(); ++j) {
      const Effect& e = m_.effects[j];
      level[j] = offset + e.code[row];
      value[j] = e.slope.exists() ? e.slope[row] : 1.0;
      offset += e.levels;
    }
  }
  double linear(const Eigen::VectorXd& b, bool on) const {
    double eta = 0;
    for (std::size_t j = 0; j < level.size(); ++j)
      if (on || !m_.switched[j]) eta += value[j] * b[level[j]];
    return eta;
  }
  template <class F>
  void each(bool on, F&& f) const {
    for (std::size_t j = 0; j < level.size(); ++j)
      if ((on || !m_.switched[j]) && value[j] != 0) f(level[j], value[j]);
  }

 private:
  const EffectsModel& m_;

 public:
  std::vector<int> level;
  std::vector<double> value;
};

struct NormalEquations {
  Eigen::MatrixXd gram;  // lower triangle
  Eigen::VectorXd right;
};

// One step of iteratively weighted least squares; b null: from the outcome itself, as glm() does.
inline NormalEquations glm_step(const EffectsModel& m, Family f, const Eigen::VectorXd* b,
                                const Execution& exec) {
  const int size = m.size();
  const std::size_t n = m.rows.size();
  const std::size_t chunks = std::max<std::size_t>(1, std::min<std::size_t>(n / 16384, 16));
  std::vector<NormalEquations> partial(
      chunks, {Eigen::MatrixXd::Zero(size, size), Eigen::VectorXd::Zero(size)});
  parallel_for(chunks, exec, [&](std::size_t c) {
    RowEntries x(m);
    NormalEquations& sums = partial[c];
    for (std::size_t p = n * c / chunks; p < n * (c + 1) / chunks; ++p) {
      const std::size_t row = m.rows[p];
      x.read(row);
      const double y = m.outcome[row], w = m.weights.exists() ? m.weights[row] : 1.0;
      double mu, eta;
      if (b) {
        eta = x.linear(*b, true);
        mu = glm_mean(f, eta);
      } else {
        mu = f == Family::logit ? (y + 0.5) / 2 : y + 0.1;
        eta = f == Family::logit ? std::log(mu / (1 - mu)) : std::log(mu);
      }
      const double slope = glm_slope(f, mu);
      const double z = eta + (y - mu) / std::max(slope, 1e-300);
      x.each(true, [&](int i, double v) {
        sums.right[i] += w * slope * v * z;
        x.each(true, [&](int j, double u) {
          if (j <= i) sums.gram(i, j) += w * slope * v * u;
        });
      });
    }
  });
  for (std::size_t c = 1; c < chunks; ++c) {
    partial[0].gram += partial[c].gram;
    partial[0].right += partial[c].right;
  }
  return partial[0];
}

inline double glm_deviance(const EffectsModel& m, Family f, const Eigen::VectorXd& b) {
  RowEntries x(m);
  double sum = 0;
  for (std::size_t p = 0; p < m.rows.size(); ++p) {
    const std::size_t row = m.rows[p];
    x.read(row);
    sum += (m.weights.exists() ? m.weights[row] : 1.0) *
           glm_loss(f, m.outcome[row], x.linear(b, true));
  }
  return sum;
}

}  // namespace detail

// cell: code by data row of the effects wanted, -1 none. residual: by data row, y - mu.
inline EffectsGlm fit_effects_glm(const EffectsModel& m, Family f, const int* cell, int cells,
                                  double* residual, const Execution& exec) {
  EffectsGlm out;
  const int size = m.size();
  SemidefiniteCholesky cholesky;
  detail::NormalEquations equations = detail::glm_step(m, f, nullptr, exec);
  double before = 0;
  // Quadratic convergence: a relative change of 1e-12 is the last step. A separated level moves on
  // by one unit of the linear score an iteration and never gets there in 60.
  for (out.iterations = 1; out.iterations <= 60; ++out.iterations) {
    cholesky.factor(equations.gram, equations.gram.diagonal(), size);
    Eigen::MatrixXd b = equations.right;
    cholesky.solve(b);
    out.coefficients = b;
    out.deviance = detail::glm_deviance(m, f, out.coefficients);
    equations = detail::glm_step(m, f, &out.coefficients, exec);
    if (!std::isfinite(out.deviance)) return out;
    out.converged = out.iterations > 1 &&
                    std::abs(out.deviance - before) <= 1e-12 * (std::abs(out.deviance) + 1e-3);
    before = out.deviance;
    if (out.converged) break;
  }
  cholesky.factor(equations.gram, equations.gram.diagonal(), size);
  out.rank = cholesky.rank();

  Eigen::MatrixXd gradient = Eigen::MatrixXd::Zero(size, cells);
  Eigen::VectorXd mass = Eigen::VectorXd::Zero(cells);
  out.effect = Eigen::VectorXd::Zero(cells);
  detail::RowEntries x(m);
  for (std::size_t p = 0; p < m.rows.size(); ++p) {
    const std::size_t row = m.rows[p];
    x.read(row);
    const double on = detail::glm_mean(f, x.linear(out.coefficients, true));
    residual[row] = m.outcome[row] - on;
    const int k = cell[row];
    if (k < 0) continue;
    const double off = detail::glm_mean(f, x.linear(out.coefficients, false));
    const double w = m.weights.exists() ? m.weights[row] : 1.0;
    mass[k] += w;
    out.effect[k] += w * (on - off);
    x.each(true, [&](int i, double v) { gradient(i, k) += w * v * detail::glm_slope(f, on); });
    x.each(false, [&](int i, double v) { gradient(i, k) -= w * v * detail::glm_slope(f, off); });
  }
  for (int k = 0; k < cells; ++k)
    if (mass[k] > 0) {
      out.effect[k] /= mass[k];
      gradient.col(k) /= mass[k];
    }
  out.influence = gradient;
  cholesky.solve(out.influence);
  const Eigen::MatrixXd left =
      equations.gram.selfadjointView<Eigen::Lower>() * out.influence - gradient;
  for (int k = 0; k < cells; ++k)
    // As for contrasts of levels (imputation.hpp): met to rounding, or missed by a part of itself.
    out.estimable.push_back(mass[k] > 0 &&
                            left.col(k).cwiseAbs().maxCoeff() <=
                                1e-7 * (gradient.col(k).cwiseAbs().maxCoeff() + 1e-300));
  return out;
}

}  // namespace pilotdid

#endif
