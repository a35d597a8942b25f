// Maximum likelihood of the spatial panel models, concentrated on rho and lambda.
//
// Given lambda, y and W y are each regressed on the filtered regressors, once; the residual sum of
// squares is then quadratic in rho and the likelihood of every further rho costs O(1) beyond the
// determinant (Anselin 1988; Pace and Barry 1997). Lee and Yu (2010) for the transformation that
// takes fixed effects out of the likelihood.
#ifndef PILOTDID_SPATIAL_LIKELIHOOD_HPP
#define PILOTDID_SPATIAL_LIKELIHOOD_HPP

#include <Eigen/Dense>
#include <cmath>
#include <limits>
#include <vector>

#include "log_determinant.hpp"
#include "maximize.hpp"
#include "spatial_moments.hpp"

namespace pilotdid {

struct SpatialModel {
  bool rho = false;             // W y is a regressor
  bool lambda = false;          // the disturbance is filtered
  bool transformation = false;  // Lee and Yu: the likelihood of the data free of the effects
};

// Observations left: `periods` x (`units` - removed_mean).
struct SpatialSizes {
  double units = 0, periods = 0;
  bool removed_mean = false;
  double observations() const { return (units - removed_mean) * periods; }
};

// With the transformation, unit effects cost a period and time effects a unit; the determinant of
// what is left of a row-standardized W in each period is |I - rho W| / (1 - rho).
inline SpatialSizes likelihood_sizes(const SpatialPanel& p, bool transformation) {
  SpatialSizes s;
  s.units = p.units;
  s.periods = p.periods - (transformation && p.unit_effects);
  s.removed_mean = transformation && p.time_effects;
  return s;
}

struct SpatialEstimate {
  double rho = 0, lambda = 0, sigma2 = 0, log_likelihood = 0, sse = 0;
  Eigen::VectorXd beta;
  bool converged = true, at_border = false;
  int evaluations = 0;
};

class ConcentratedLikelihood {
 public:
  // `determinant` may be null when the model has neither rho nor lambda.
  ConcentratedLikelihood(const SpatialMoments& moments, LogDeterminant* determinant,
                         const SpatialModel& model, const SpatialSizes& sizes)
      : moments_(moments), determinant_(determinant), model_(model), sizes_(sizes) {}

  SpatialEstimate maximize() {
    if (model_.rho && model_.lambda) return maximize_both();
    if (model_.lambda) return maximize_lambda();
    const Profile at_zero = profile(0);
    if (!model_.rho) return estimate(0, 0, at_zero, 0);
    const Maximum m = maximize_rho(at_zero);
    return finish(m, estimate(m.at, 0, at_zero, jacobian(m.at)));
  }

  // The value at any parameter, for surfaces and tests.
  double value(double rho, double lambda) {
    return concentrated(profile(lambda).sse(rho)) + jacobian(rho) + jacobian(lambda);
  }

 private:
  // Regressions of [y, W y] on the regressors, filtered by lambda.
  struct Profile {
    Eigen::MatrixXd coefficients;  // K x (1 or 2)
    Eigen::MatrixXd residual;      // cross-products of the residuals, 1 x 1 or 2 x 2
    double sse(double rho) const {
      if (residual.rows() == 1) return residual(0, 0);
      return residual(0, 0) - 2 * rho * residual(0, 1) + rho * rho * residual(1, 1);
    }
  };

  Profile profile(double lambda) const {
    const Eigen::MatrixXd a = moments_.gram(lambda);
    const int d = moments_.first_regressor(), k = moments_.regressors();
    Profile p;
    p.residual = a.topLeftCorner(d, d);
    p.coefficients = Eigen::MatrixXd::Zero(k, d);
    if (k == 0) return p;
    // Scaled to a unit diagonal: columns may be in thousands or in millions.
    const Eigen::VectorXd scale = a.diagonal().tail(k).cwiseSqrt().cwiseInverse();
    const Eigen::MatrixXd xx = scale.asDiagonal() * a.bottomRightCorner(k, k) * scale.asDiagonal();
    const Eigen::MatrixXd xy = scale.asDiagonal() * a.bottomLeftCorner(k, d);
    const Eigen::LDLT<Eigen::MatrixXd> solver(xx);
    const Eigen::MatrixXd b = solver.solve(xy);
    p.coefficients = scale.asDiagonal() * b;
    p.residual -= xy.transpose() * b;
    return p;
  }

  double concentrated(double sse) const {
    const double m = sizes_.observations();
    return -0.5 * m * (std::log(2 * 3.14159265358979323846 * sse / m) + 1);
  }
  double jacobian(double rho) {
    if (rho == 0 || !determinant_) return 0;
    return sizes_.periods * (determinant_->value(rho) - sizes_.removed_mean * std::log1p(-rho));
  }

  int grid() const { return determinant_->cheap() ? 41 : 9; }
  Maximum maximize_rho(const Profile& p) {
    const SpatialRange& r = determinant_->range();
    return pilotdid::maximize([&](double rho) { return concentrated(p.sse(rho)) + jacobian(rho); },
                              r.lower, r.upper, grid());
  }

  SpatialEstimate maximize_lambda() {
    const SpatialRange& r = determinant_->range();
    const Maximum m = pilotdid::maximize(
        [&](double lambda) { return concentrated(profile(lambda).sse(0)) + jacobian(lambda); },
        r.lower, r.upper, grid());
    return finish(m, estimate(0, m.at, profile(m.at), jacobian(m.at)));
  }

  // rho is maximized out for each lambda. The surface often has two hills, with rho and lambda
  // trading places: the grid over lambda visits both.
  SpatialEstimate maximize_both() {
    const SpatialRange& r = determinant_->range();
    bool inner_border = false;
    double rho = 0;
    int evaluations = 0;
    const auto outer = [&](double lambda) {
      const Maximum inner = maximize_rho(profile(lambda));
      rho = inner.at;
      inner_border = inner.at_border;
      evaluations += inner.evaluations;
      return inner.value + jacobian(lambda);
    };
    Maximum m = pilotdid::maximize(outer, r.lower, r.upper, 41);
    outer(m.at);
    m.at_border = m.at_border || inner_border;
    m.evaluations = evaluations;
    return finish(m, estimate(rho, m.at, profile(m.at), jacobian(rho) + jacobian(m.at)));
  }

  SpatialEstimate estimate(double rho, double lambda, const Profile& p, double jacobian) const {
    SpatialEstimate e;
    e.rho = rho;
    e.lambda = lambda;
    e.beta = p.coefficients.col(0);
    if (p.coefficients.cols() > 1) e.beta -= rho * p.coefficients.col(1);
    e.sse = p.sse(rho);
    e.sigma2 = e.sse / sizes_.observations();
    e.log_likelihood = concentrated(e.sse) + jacobian;
    return e;
  }
  static SpatialEstimate finish(const Maximum& m, SpatialEstimate e) {
    e.converged = m.converged;
    e.at_border = m.at_border;
    e.evaluations = m.evaluations;
    return e;
  }

  const SpatialMoments& moments_;
  LogDeterminant* determinant_;
  SpatialModel model_;
  SpatialSizes sizes_;
};

}  // namespace pilotdid

#endif
