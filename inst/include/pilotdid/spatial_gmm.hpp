// Moment estimators of the spatial panel models: no determinant, no normality.
//
// A spatial lag by two-stage least squares with lags of the regressors as instruments (Kelejian and
// Prucha 1998); a spatial error by its three moments (Kelejian and Prucha 1999), adapted to what
// the effects leave of the disturbances; both: lag, error, lag again on filtered data.
#ifndef PILOTDID_SPATIAL_GMM_HPP
#define PILOTDID_SPATIAL_GMM_HPP

#include <Eigen/Dense>
#include <cmath>

#include "maximize.hpp"
#include "spatial_fit.hpp"
#include "spatial_lm.hpp"

namespace pilotdid {

struct SpatialGmmFit {
  SpatialEstimate estimate;
  Eigen::MatrixXd covariance;  // (rho if in the model, beta); lambda has none
  Eigen::VectorXd residual;
  int instruments = 0;  // beyond the regressors
  bool identified = true;
};

class SpatialGmm {
 public:
  SpatialGmm(const SpatialPanel& panel, const SpatialOptions& options, const SpatialRange& range)
      : panel_(panel),
        options_(options),
        range_(range),
        moments_(panel, options.rho, options.lambda),
        sizes_(likelihood_sizes(panel, true)) {
    if (options.rho) make_instruments();
  }

  SpatialGmmFit fit() {
    SpatialGmmFit f;
    f.instruments = static_cast<int>(extra_.cols());
    f.identified = !options_.rho || f.instruments > 0;
    if (!f.identified) return f;
    Eigen::VectorXd e = solve(0, f);
    if (options_.lambda) {
      set_lambda(e, f);
      if (f.estimate.at_border) return f;
      e = solve(f.estimate.lambda, f);
    }
    f.residual = e;
    f.estimate.sse = e.squaredNorm();
    f.estimate.sigma2 = f.estimate.sse / sizes_.observations();
    f.covariance = covariance(f);
    return f;
  }

 private:
  // W X and W^2 X of all columns, lags taken before the effects are removed; what adds nothing to
  // the regressors and the instruments before it is left out.
  void make_instruments() {
    const Eigen::Index k = panel_.x.cols();
    Eigen::MatrixXd candidates(panel_.rows(), 2 * k);
    for (Eigen::Index j = 0; j < k; ++j) {
      candidates.col(j) = panel_.lag(panel_.x.col(j));
      candidates.col(k + j) = panel_.lag(candidates.col(j));
    }
    const Eigen::VectorXd raw = candidates.colwise().norm();
    for (Eigen::Index j = 0; j < 2 * k; ++j) panel_.remove_effects(candidates.col(j));
    Eigen::MatrixXd all(panel_.rows(), 3 * k);
    all << moments_.filtered(0).rightCols(k), candidates;
    // Orthogonalized twice; 1e-7 of a column left means that it is a combination of the others.
    Eigen::Index kept = 0;
    std::vector<Eigen::Index> chosen;
    for (Eigen::Index j = 0; j < 3 * k; ++j) {
      const double before = all.col(j).norm();
      for (int sweep = 0; sweep < 2; ++sweep)
        all.col(j) -= all.leftCols(kept) * (all.leftCols(kept).transpose() * all.col(j));
      const double left = all.col(j).norm();
      if (!(left > 1e-7 * before) || (j >= k && !(before > 1e-9 * raw[j - k]))) continue;
      all.col(kept++) = all.col(j) / left;
      if (j >= k) chosen.push_back(j - k);
    }
    extra_.resize(panel_.rows(), static_cast<Eigen::Index>(chosen.size()));
    for (std::size_t j = 0; j < chosen.size(); ++j)
      extra_.col(static_cast<Eigen::Index>(j)) = candidates.col(chosen[j]);
  }

  // Least squares, or two-stage least squares, on data filtered by lambda -> residuals.
  Eigen::VectorXd solve(double lambda, SpatialGmmFit& f) {
    const Eigen::MatrixXd z = moments_.filtered(lambda);
    const Eigen::Index k = moments_.regressors();
    regressors_.resize(z.rows(), options_.rho + k);
    if (options_.rho) regressors_.col(0) = z.col(1);
    regressors_.rightCols(k) = z.rightCols(k);
    projected_ = regressors_;
    if (options_.rho) {
      Eigen::MatrixXd h(z.rows(), k + extra_.cols());
      h.leftCols(k) = z.rightCols(k);
      for (Eigen::Index j = 0; j < extra_.cols(); ++j)
        h.col(k + j) = moments_.filter(lambda, extra_.col(j));
      projected_.col(0) = h * h.colPivHouseholderQr().solve(regressors_.col(0));
    }
    const Eigen::VectorXd b = projected_.colPivHouseholderQr().solve(z.col(0));
    f.estimate.rho = options_.rho ? b[0] : 0;
    f.estimate.beta = b.tail(k);
    return z.col(0) - regressors_ * b;
  }

  // e = u - lambda W u must have variance s2, its lag s2 tr(W~'W~) / m, and their product s2 tr(W~)
  // / m, W~ = J W J and m the observations left in a period. s2 is linear and solved for.
  void set_lambda(const Eigen::VectorXd& u, SpatialGmmFit& f) {
    Eigen::VectorXd u1 = panel_.lag(u), u2 = panel_.lag(u1);
    panel_.remove_effects(u1);
    panel_.remove_effects(u2);
    const WeightTraces w = weight_traces(panel_.weights, sizes_.removed_mean);
    const double units = sizes_.observations() / sizes_.periods;
    const Eigen::Vector3d expected(1, w.crossed / units, w.trace / units);
    const double unit = u.squaredNorm() / sizes_.observations();  // free of the outcome's scale
    const auto objective = [&](double lambda) {
      const Eigen::VectorXd e = u - lambda * u1, e1 = u1 - lambda * u2;
      const Eigen::Vector3d sample = Eigen::Vector3d(e.squaredNorm(), e1.squaredNorm(), e.dot(e1)) /
                                     (sizes_.observations() * unit);
      const double s2 = sample.dot(expected) / expected.squaredNorm();
      return -(sample - s2 * expected).squaredNorm();
    };
    const Maximum m = maximize(objective, range_.lower, range_.upper, 41);
    f.estimate.lambda = m.at;
    f.estimate.converged = m.converged;
    f.estimate.at_border = m.at_border;
  }

  Eigen::MatrixXd covariance(const SpatialGmmFit& f) const {
    const Eigen::MatrixXd bread = scaled_inverse(projected_.transpose() * projected_);
    if (options_.covariance == SpatialCovariance::classical) return f.estimate.sigma2 * bread;
    // By rows, or by clusters of units with the factor g / (g - 1).
    const bool clustered = options_.covariance == SpatialCovariance::clustered;
    Eigen::MatrixXd scores = f.residual.asDiagonal() * projected_;
    double factor = panel_.rows() / sizes_.observations();
    if (clustered) {
      Eigen::MatrixXd sums = Eigen::MatrixXd::Zero(options_.clusters, scores.cols());
      for (Eigen::Index i = 0; i < scores.rows(); ++i)
        sums.row(options_.cluster[i % panel_.units]) += scores.row(i);
      scores = sums;
      factor = options_.clusters / (options_.clusters - 1.0);
    }
    return factor * bread * (scores.transpose() * scores) * bread;
  }

  const SpatialPanel& panel_;
  SpatialOptions options_;
  SpatialRange range_;
  SpatialMoments moments_;
  SpatialSizes sizes_;
  Eigen::MatrixXd extra_, regressors_, projected_;
};

}  // namespace pilotdid

#endif
