// Maximum likelihood for a binary outcome (logit or probit), with proof of separation where the
// maximum does not exist.
#ifndef PILOTDID_PROPENSITY_HPP
#define PILOTDID_PROPENSITY_HPP

#include <Eigen/Dense>
#include <cmath>
#include <limits>
#include <vector>

#include "parallel.hpp"

namespace pilotdid {

enum class Link { logit = 0, probit = 1 };
enum class Separation { none = 0, quasi = 1, complete = 2 };

struct BinaryFit {
  Eigen::VectorXd coefficients;  // k, NaN where the column is aliased
  Eigen::MatrixXd covariance;    // k x k inverse expected information, NaN where aliased
  Eigen::VectorXd linear;        // n, the linear score
  Eigen::VectorXd fitted;        // n, the probability
  double log_likelihood = 0;
  double null_log_likelihood = 0;
  int iterations = 0;
  int rank = 0;
  bool converged = false;
  Separation separation = Separation::none;
  int separated_rows = 0;     // rows that the separating direction classifies strictly
  Eigen::VectorXd direction;  // k, in standard deviations of each column; empty unless separated
};

constexpr double root_two_pi = 2.50662827463100050241576528481104525;

// phi(x) / Phi(x). Below -25 both underflow in turn: the asymptotic series of the Mills ratio is
// then right to 1e-11 relative (its first omitted term is 8162 / x^12).
inline double inverse_mills(double x) {
  if (x < -25) {
    const double r = 1 / (x * x);
    return -x * (1 + r * (1 - r * (2 - r * (10 - r * (74 - r * 706)))));
  }
  return std::exp(-x * x / 2) / root_two_pi / (0.5 * std::erfc(-x / std::sqrt(2.0)));
}

inline double normal_cdf(double x) { return 0.5 * std::erfc(-x / std::sqrt(2.0)); }

// log Phi(x), finite for every finite x.
inline double log_normal_cdf(double x) {
  if (x < -25) return -x * x / 2 - std::log(root_two_pi) - std::log(inverse_mills(x));
  return std::log(normal_cdf(x));
}

// What one observation adds: log-likelihood, its derivative in the linear score, and minus its
// second derivative (observed information; equal to the expected one for the logit).
struct Contribution {
  double log_likelihood, gradient, information;
};

inline Contribution contribution(Link link, double eta, bool outcome) {
  const double sign = outcome ? 1 : -1;
  const double x = sign * eta;
  if (link == Link::logit) {
    const double e = std::exp(-std::abs(x));                  // never overflows
    const double larger = 1 / (1 + e), smaller = e * larger;  // of p and 1 - p
    return {std::min(x, 0.0) - std::log1p(e), sign * (x >= 0 ? smaller : larger), larger * smaller};
  }
  const double m = inverse_mills(x);
  return {log_normal_cdf(x), sign * m, m * (m + x)};
}

inline double probability(Link link, double eta) {
  return link == Link::logit ? 1 / (1 + std::exp(-eta)) : normal_cdf(eta);
}

// Density of the link at eta: dP/d(eta).
inline double link_density(Link link, double eta) {
  if (link == Link::probit) return std::exp(-eta * eta / 2) / root_two_pi;
  const double e = std::exp(-std::abs(eta));
  return e / ((1 + e) * (1 + e));
}

// Expected information of one observation, as glm() reports it.
inline double expected_information(Link link, double eta) {
  if (link == Link::logit) return link_density(link, eta);
  return inverse_mills(eta) * inverse_mills(-eta);
}

namespace propensity_detail {

// Columns centered (when there is an intercept) and brought to unit length, so that the normal
// equations of an iteration do not inherit the units of dollars beside shares. `kept` are the
// columns that are not linear combinations of those before them.
struct Standardized {
  Eigen::MatrixXd Z;  // n x rank
  std::vector<int> kept;
  Eigen::VectorXd center, scale;  // by kept column
};

// Do these unit-length columns span as many dimensions as there are? Judged on the smallest pivot
// of their Gram matrix, which below 1e-6 is too near its own rounding to tell.
inline bool clearly_independent(const Eigen::MatrixXd& Z) {
  const Eigen::MatrixXd gram = Z.transpose() * Z / static_cast<double>(Z.rows());
  const Eigen::VectorXd pivots = gram.ldlt().vectorD();
  return pivots.minCoeff() > 1e-6;
}

// The columns, of unit-length `Z`, that are not combinations of those before them.
inline std::vector<int> independent_columns(const Eigen::MatrixXd& Z) {
  const double length = std::sqrt(static_cast<double>(Z.rows()));
  Eigen::MatrixXd basis(Z.rows(), Z.cols());
  std::vector<int> kept;
  for (Eigen::Index j = 0; j < Z.cols(); ++j) {
    const auto done = basis.leftCols(static_cast<Eigen::Index>(kept.size()));
    Eigen::VectorXd residual = Z.col(j);
    // Twice is enough for orthogonality to machine precision (Kahan; Parlett 1980).
    for (int pass = 0; pass < 2 && done.cols() > 0; ++pass)
      residual -= done * (done.transpose() * residual);
    // A residual of 1e-9 of the column is the rounding of sums of decimals, not information.
    const double left = residual.norm();
    if (left < 1e-9 * length) continue;
    basis.col(static_cast<Eigen::Index>(kept.size())) = residual / left;
    kept.push_back(static_cast<int>(j));
  }
  return kept;
}

inline Standardized standardize(const Eigen::Ref<const Eigen::MatrixXd>& X, int intercept) {
  const double root_n = std::sqrt(static_cast<double>(X.rows()));
  Standardized out;
  std::vector<double> center, scale;
  out.Z.resize(X.rows(), X.cols());
  for (int j = 0; j < X.cols(); ++j) {
    const double m = intercept >= 0 && j != intercept ? X.col(j).mean() : 0.0;
    auto z = out.Z.col(static_cast<Eigen::Index>(out.kept.size()));
    z = X.col(j).array() - m;
    const double length = z.norm();
    if (!(length > 0)) continue;
    z *= root_n / length;
    out.kept.push_back(j);
    center.push_back(m);
    scale.push_back(length / root_n);
  }
  out.Z.conservativeResize(Eigen::NoChange, static_cast<Eigen::Index>(out.kept.size()));
  std::vector<int> columns(out.kept.size());
  for (std::size_t j = 0; j < columns.size(); ++j) columns[j] = static_cast<int>(j);
  if (!columns.empty() && !clearly_independent(out.Z)) columns = independent_columns(out.Z);
  const Eigen::Index rank = static_cast<Eigen::Index>(columns.size());
  out.center.resize(rank);
  out.scale.resize(rank);
  for (Eigen::Index j = 0; j < rank; ++j) {
    const std::size_t from = static_cast<std::size_t>(columns[j]);
    if (columns[j] != j) out.Z.col(j) = out.Z.col(columns[j]);
    out.kept[j] = out.kept[from];
    out.center[j] = center[from];
    out.scale[j] = scale[from];
  }
  out.kept.resize(columns.size());
  out.Z.conservativeResize(Eigen::NoChange, rank);
  return out;
}

struct State {
  Eigen::VectorXd beta, eta, gradient;
  Eigen::MatrixXd information;
  double log_likelihood;
};

// Rows in fixed chunks that stay in the cache and are added up in order: the same on any number of
// threads.
inline void evaluate(const Eigen::MatrixXd& Z, const std::vector<int>& outcome,
                     const Eigen::VectorXd& weights, Link link, const Execution& exec, State& s) {
  const Eigen::Index n = Z.rows(), k = Z.cols(), size = 4096;
  struct Part {
    double log_likelihood;
    Eigen::VectorXd gradient;
    Eigen::MatrixXd information;
  };
  std::vector<Part> parts(static_cast<std::size_t>((n + size - 1) / size));
  s.eta.resize(n);
  parallel_for(parts.size(), exec, [&](std::size_t chunk) {
    const Eigen::Index from = static_cast<Eigen::Index>(chunk) * size;
    const Eigen::Index rows = std::min(size, n - from);
    const auto z = Z.middleRows(from, rows);
    Eigen::VectorXd g(rows), h(rows);
    s.eta.segment(from, rows).noalias() = z * s.beta;
    Part& part = parts[chunk];
    part.log_likelihood = 0;
    for (Eigen::Index i = 0; i < rows; ++i) {
      const Contribution c = contribution(link, s.eta[from + i], outcome[from + i] != 0);
      const double w = weights.size() ? weights[from + i] : 1.0;
      part.log_likelihood += w * c.log_likelihood;
      g[i] = w * c.gradient;
      h[i] = w * c.information;
    }
    const Eigen::MatrixXd hz = h.asDiagonal() * z;
    part.gradient.noalias() = z.transpose() * g;
    part.information.noalias() = z.transpose() * hz;
  });
  s.log_likelihood = 0;
  s.gradient = Eigen::VectorXd::Zero(k);
  s.information = Eigen::MatrixXd::Zero(k, k);
  for (const Part& part : parts) {
    s.log_likelihood += part.log_likelihood;
    s.gradient += part.gradient;
    s.information += part.information;
  }
}

// Is u = Z * direction a proof that no maximum exists: nonnegative for the treated, nonpositive
// for the controls, and not zero for all? `slack` absorbs what the overlapping rows have left.
inline Separation classify(const Eigen::VectorXd& u, const std::vector<int>& outcome,
                           const Eigen::VectorXd& weights, double slack, int* rows) {
  int strict = 0, used = 0;
  for (Eigen::Index i = 0; i < u.size(); ++i) {
    if (weights.size() && weights[i] == 0) continue;
    const double x = outcome[i] ? u[i] : -u[i];
    if (x < -slack) return Separation::none;
    strict += x > slack;
    ++used;
  }
  *rows = strict;
  if (strict == 0) return Separation::none;
  return strict == used ? Separation::complete : Separation::quasi;
}

// A maximum that exists is reached in a few steps. Where it does not exist the scores move away
// for ever: they themselves prove complete separation. The last step, in which overlapping rows no
// longer take part (1e-4 of the largest move), proves the quasi-complete one; ten iterations leave
// a slow but finite fit the time to arrive.
inline Separation prove_separation(const Eigen::MatrixXd& Z, const std::vector<int>& outcome,
                                   const Eigen::VectorXd& weights, const Eigen::VectorXd& eta,
                                   const Eigen::VectorXd& step, int iterations, int* rows) {
  if (classify(eta, outcome, weights, 0, rows) == Separation::complete) return Separation::complete;
  if (iterations < 10) return Separation::none;
  const Eigen::VectorXd u = Z * step;
  return classify(u, outcome, weights, 1e-4 * u.cwiseAbs().maxCoeff(), rows);
}

// Coefficients, covariance, scores on the scale of the caller's columns.
inline void unscale(const Standardized& z, const State& s, Link link,
                    const Eigen::VectorXd& weights, int intercept, int k, BinaryFit& fit) {
  const Eigen::Index n = z.Z.rows(), rank = z.Z.cols();
  const double nan = std::numeric_limits<double>::quiet_NaN();
  Eigen::MatrixXd A = Eigen::MatrixXd::Zero(rank, rank);  // beta_X = A beta_Z
  int at = -1;
  for (Eigen::Index j = 0; j < rank; ++j)
    if (z.kept[j] == intercept) at = static_cast<int>(j);
  for (Eigen::Index j = 0; j < rank; ++j) {
    A(j, j) += 1 / z.scale[j];
    if (at >= 0 && j != at) A(at, j) -= z.center[j] / z.scale[j];  // the intercept is a one
  }
  Eigen::VectorXd h(n);
  for (Eigen::Index i = 0; i < n; ++i)
    h[i] = (weights.size() ? weights[i] : 1.0) * expected_information(link, s.eta[i]);
  const Eigen::MatrixXd info = z.Z.transpose() * h.asDiagonal() * z.Z;
  const Eigen::MatrixXd inverse = info.ldlt().solve(Eigen::MatrixXd::Identity(rank, rank));
  const Eigen::VectorXd beta = A * s.beta;
  const Eigen::MatrixXd covariance = A * inverse * A.transpose();
  fit.coefficients = Eigen::VectorXd::Constant(k, nan);
  fit.covariance = Eigen::MatrixXd::Constant(k, k, nan);
  for (Eigen::Index a = 0; a < rank; ++a) {
    fit.coefficients[z.kept[a]] = beta[a];
    for (Eigen::Index b = 0; b < rank; ++b) fit.covariance(z.kept[a], z.kept[b]) = covariance(a, b);
  }
}

}  // namespace propensity_detail

// The likelihood of a model with an intercept only.
inline double null_log_likelihood(const std::vector<int>& outcome, const Eigen::VectorXd& weights) {
  double ones = 0, all = 0;
  for (std::size_t i = 0; i < outcome.size(); ++i) {
    const double w = weights.size() ? weights[static_cast<Eigen::Index>(i)] : 1.0;
    all += w;
    if (outcome[i]) ones += w;
  }
  if (ones <= 0 || ones >= all) return 0;
  return ones * std::log(ones / all) + (all - ones) * std::log1p(-ones / all);
}

// Newton's method on the concave log-likelihood. X: n x k with its intercept in column `intercept`
// (-1: none); outcome: 0 or 1; weights: n, or empty for ones. Both arms must be present.
inline BinaryFit fit_binary(const Eigen::Ref<const Eigen::MatrixXd>& X,
                            const std::vector<int>& outcome, const Eigen::VectorXd& weights,
                            Link link, int intercept, const Execution& exec = Execution(),
                            int most_iterations = 50) {
  using namespace propensity_detail;
  const Standardized z = standardize(X, intercept);
  BinaryFit fit;
  fit.rank = static_cast<int>(z.Z.cols());
  fit.null_log_likelihood = null_log_likelihood(outcome, weights);
  State s, next;
  s.beta = Eigen::VectorXd::Zero(fit.rank);
  evaluate(z.Z, outcome, weights, link, exec, s);
  while (fit.iterations < most_iterations && !fit.converged) {
    ++fit.iterations;
    Eigen::VectorXd step = s.information.ldlt().solve(s.gradient);
    if (!step.allFinite()) break;
    for (int half = 0; half < 30; ++half, step /= 2) {
      next.beta = s.beta + step;
      evaluate(z.Z, outcome, weights, link, exec, next);
      // 1e-12: below that a decrease is the rounding of the sum over rows.
      if (next.log_likelihood >= s.log_likelihood - 1e-12 * std::abs(s.log_likelihood)) break;
    }
    std::swap(s, next);
    // Newton squares its error: after a step of 1e-8 what is left is of the order of 1e-16.
    const double size = step.cwiseAbs().maxCoeff();
    fit.converged = size <= 1e-8 * (1 + s.beta.cwiseAbs().maxCoeff());
    if (fit.converged || fit.iterations < 6) continue;
    fit.separation =
        prove_separation(z.Z, outcome, weights, s.eta, step, fit.iterations, &fit.separated_rows);
    if (fit.separation != Separation::none) {
      fit.direction = Eigen::VectorXd::Zero(X.cols());
      for (int j = 0; j < fit.rank; ++j)
        if (z.kept[j] != intercept) fit.direction[z.kept[j]] = step[j];
      break;
    }
  }
  fit.log_likelihood = s.log_likelihood;
  fit.linear = s.eta;
  fit.fitted = s.eta.unaryExpr([link](double e) { return probability(link, e); });
  unscale(z, s, link, weights, intercept, static_cast<int>(X.cols()), fit);
  return fit;
}

}  // namespace pilotdid

#endif
