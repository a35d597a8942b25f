// Lagrange multiplier tests for a spatial lag and a spatial error, after least squares with
// effects.
//
// Anselin (1988), Anselin, Bera, Florax and Yoon (1996); for effects Debarsy and Ertur (2010), on
// the data that the effects leave: T - 1 periods with unit effects, J W J in place of W with time
// effects. The trace of J W J is not zero but -1'W1/N, and belongs to the score.
#ifndef PILOTDID_SPATIAL_LM_HPP
#define PILOTDID_SPATIAL_LM_HPP

#include <Eigen/Dense>
#include <cmath>

#include "spatial_likelihood.hpp"
#include "spatial_moments.hpp"

namespace pilotdid {

struct LagrangeTests {
  double lag = 0, error = 0, robust_lag = 0, robust_error = 0;
};

// Traces of J W J, or of W when no mean is removed.
struct WeightTraces {
  double trace = 0, product = 0, crossed = 0;  // tr W, tr W W, tr W'W
};

inline WeightTraces weight_traces(const SpatialWeights& w, bool remove_mean) {
  WeightTraces t;
  const Eigen::SparseMatrix<double, Eigen::RowMajor> own = w.matrix();
  const Eigen::SparseMatrix<double, Eigen::RowMajor> other = own.transpose();
  t.product = own.cwiseProduct(other).sum();
  t.crossed = own.cwiseAbs2().sum();
  if (!remove_mean) return t;
  const double n = w.n;
  const Eigen::VectorXd ones = Eigen::VectorXd::Ones(w.n);
  const Eigen::VectorXd rows = own * ones, columns = other * ones;
  const double mean = rows.sum() / n;
  t.trace = -mean;
  t.product += -2 * columns.dot(rows) / n + mean * mean;
  t.crossed += -rows.squaredNorm() / n - columns.squaredNorm() / n + mean * mean;
  return t;
}

// `center`: take the trace into account. With centering off the formulas are those of uncorrected
// demeaned data.
inline LagrangeTests lagrange_tests(const SpatialPanel& panel, bool center) {
  const SpatialMoments moments(panel, true, false);
  const Eigen::MatrixXd z = moments.filtered(0);
  const auto x = z.rightCols(moments.regressors());
  const Eigen::VectorXd lag_y = z.col(1);
  const Eigen::HouseholderQR<Eigen::MatrixXd> qr(x);
  const auto residual_of = [&](const Eigen::VectorXd& v) -> Eigen::VectorXd {
    return v - x * qr.solve(v);
  };
  const Eigen::VectorXd e = residual_of(z.col(0));
  const SpatialSizes sizes = likelihood_sizes(panel, true);
  const double s2 = e.squaredNorm() / sizes.observations();
  // W times the part of y that is not the residual: W X b, and the effects' part where W 1 is
  // not 1.
  Eigen::VectorXd mean = panel.lag(panel.y - e);
  panel.remove_effects(mean);
  const WeightTraces w = weight_traces(panel.weights, sizes.removed_mean);
  const double t = sizes.periods * (w.product + w.crossed);
  const double shift = center ? sizes.periods * w.trace : 0;
  const double a = e.dot(lag_y) / s2 - shift;
  const double c = e.dot(panel.lag(e)) / s2 - shift;
  const double j = residual_of(mean).squaredNorm() / s2 + t;
  LagrangeTests tests;
  tests.lag = a * a / j;
  tests.error = c * c / t;
  tests.robust_lag = (a - c) * (a - c) / (j - t);
  tests.robust_error = std::pow(c - t * a / j, 2) / (t * (1 - t / j));
  return tests;
}

}  // namespace pilotdid

#endif
