// Weighted least squares and the weighted logit on a few columns, with the influence of their
// coefficients on anything linear in them.
#ifndef PILOTDID_NUISANCE_HPP
#define PILOTDID_NUISANCE_HPP

#include <Eigen/Dense>
#include <cmath>

#include "simd.hpp"
#include "vector_log.hpp"

namespace pilotdid {

// Inverse of a symmetric matrix whose columns are sums over standardized covariates. `singular`
// is the first column that depends on those before it, or -1.
struct SmallInverse {
  Eigen::MatrixXd inverse;
  int singular = -1;
};
inline SmallInverse invert_small(const Eigen::MatrixXd& gram) {
  const Eigen::Index k = gram.rows();
  SmallInverse out;
  Eigen::VectorXd scale(k);
  for (Eigen::Index j = 0; j < k; ++j) {
    if (!(gram(j, j) > 0)) {
      out.singular = static_cast<int>(j);
      return out;
    }
    scale[j] = 1 / std::sqrt(gram(j, j));
  }
  const Eigen::MatrixXd unit = scale.asDiagonal() * gram * scale.asDiagonal();
  // Pivots of the unit-scaled matrix are 1 - R2 on the columns before; rounding leaves about
  // k * 2e-16, and below 1e-10 an estimate would have fewer than six digits.
  Eigen::MatrixXd l = unit;
  for (Eigen::Index j = 0; j < k; ++j) {
    l(j, j) -= l.row(j).head(j).squaredNorm();
    if (!(l(j, j) > 1e-10)) {
      out.singular = static_cast<int>(j);
      return out;
    }
    l(j, j) = std::sqrt(l(j, j));
    for (Eigen::Index i = j + 1; i < k; ++i)
      l(i, j) = (l(i, j) - l.row(i).head(j).dot(l.row(j).head(j))) / l(j, j);
  }
  Eigen::MatrixXd root = Eigen::MatrixXd::Identity(k, k);
  l.triangularView<Eigen::Lower>().solveInPlace(root);
  out.inverse = scale.asDiagonal() * (root.transpose() * root) * scale.asDiagonal();
  return out;
}

// x: n x k, weights: n; rows with weight zero do not count.
struct LeastSquaresPart {
  Eigen::MatrixXd inverse;  // (X'WX)^-1
  int singular = -1;
  Eigen::VectorXd fit(const Eigen::MatrixXd& x, const Eigen::VectorXd& w,
                      const Eigen::VectorXd& y) const {
    return inverse * (x.transpose() * w.cwiseProduct(y));
  }
};
inline LeastSquaresPart least_squares_part(const Eigen::MatrixXd& x, const Eigen::VectorXd& w) {
  const SmallInverse s = invert_small(x.transpose() * w.asDiagonal() * x);
  return {s.inverse, s.singular};
}

struct Logit {
  Eigen::VectorXd fitted;   // n
  Eigen::MatrixXd inverse;  // inverse information, k x k
  int singular = -1;
  bool converged = false;
};

namespace detail {

// Deviance (half of it) and fitted probabilities at the linear predictors eta. odds: scratch.
inline double logit_at(const Eigen::VectorXd& eta, const Eigen::VectorXd& d,
                       const Eigen::VectorXd& w, Eigen::VectorXd& odds, Eigen::VectorXd& fitted) {
  odds = (-eta).array().exp();
  double sum = 0;
  vectorized([&]() PILOTDID_INLINE {
    const Eigen::Index n = eta.size();
    const double *h = eta.data(), *y = d.data(), *mass = w.data(), *e = odds.data();
    double *p = fitted.data(), s = 0;
    PILOTDID_SIMD(reduction(+ : s))
    for (Eigen::Index i = 0; i < n; ++i) {
      p[i] = 1 / (1 + e[i]);
      // -log p = log(1 + e) and -log(1 - p) = log(1 + e) - log(e).
      s += mass[i] * (vector_log(1 + e[i]) + (1 - y[i]) * h[i]);
    }
    sum = s;
  });
  return sum;
}

}  // namespace detail

// Newton's method with halved steps; the information is that of the fitted probabilities.
inline Logit fit_logit(const Eigen::MatrixXd& x, const Eigen::VectorXd& d,
                       const Eigen::VectorXd& w) {
  const Eigen::Index n = x.rows(), k = x.cols();
  Logit out;
  Eigen::VectorXd beta = Eigen::VectorXd::Zero(k), odds(n), eta(n);
  const double share = w.dot(d) / w.sum();
  beta[0] = std::log(share / (1 - share));  // column 0 is the intercept
  out.fitted.resize(n);
  const auto deviance = [&](const Eigen::VectorXd& b) {
    eta.noalias() = x * b;
    return detail::logit_at(eta, d, w, odds, out.fitted);
  };
  double value = deviance(beta);
  // Newton converges quadratically: 1e-12 of the deviance is the last step, well below the
  // 1e-8 at which glm() stops. Separated samples run off to infinity and stop at 50.
  for (int iteration = 0; iteration < 50; ++iteration) {
    const Eigen::VectorXd information = w.array() * out.fitted.array() * (1 - out.fitted.array());
    const SmallInverse s = invert_small(x.transpose() * information.asDiagonal() * x);
    if (s.singular >= 0) {
      out.singular = s.singular;
      return out;
    }
    out.inverse = s.inverse;
    if (out.converged) return out;
    Eigen::VectorXd step = s.inverse * (x.transpose() * w.cwiseProduct(d - out.fitted));
    double next = deviance(beta + step);
    for (int halving = 0; halving < 20 && !(next <= value * (1 + 1e-14)); ++halving) {
      step *= 0.5;
      next = deviance(beta + step);
    }
    beta += step;
    out.converged = std::abs(value - next) <= 1e-12 * (std::abs(next) + 1e-3 * w.sum());
    value = next;
  }
  return out;
}

}  // namespace pilotdid

#endif
