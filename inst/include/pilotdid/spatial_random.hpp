// Random unit effects beside a spatial lag, for the Hausman and Mundlak tests:
//   S y_t = X_t b + mu + e_t,  mu_i ~ (0, s2_mu),  phi^2 = s2 / (T s2_mu + s2).
// What varies within units counts once, what varies between them phi^2 (Elhorst 2014,
// section 3.3.2):
//   l = -NT/2 ln(2 pi s2) + N/2 ln phi^2 + T ln|S| - (e_w'e_w + phi^2 e_b'e_b) / (2 s2).
#ifndef PILOTDID_SPATIAL_RANDOM_HPP
#define PILOTDID_SPATIAL_RANDOM_HPP

#include <Eigen/Dense>
#include <cmath>

#include "maximize.hpp"
#include "spatial_fit.hpp"

namespace pilotdid {

struct RandomEffectsFit {
  double rho = 0, phi2 = 1, sigma2 = 0, log_likelihood = 0;
  Eigen::VectorXd beta;
  Eigen::MatrixXd covariance;  // (rho if in the model, beta)
  bool converged = true;
};

class RandomEffects {
 public:
  // panel: without unit effects. `op` is null when the model has no rho.
  RandomEffects(const SpatialPanel& panel, SpatialOperator* op, const SpatialOptions& options,
                const Execution& exec)
      : panel_(panel),
        op_(op),
        options_(options),
        exec_(exec),
        moments_(panel, op != nullptr, false) {
    z_ = moments_.filtered(0);
    between_ = z_;
    within_ = z_;
    for (Eigen::Index k = 0; k < z_.cols(); ++k) panel.remove_unit_means(within_.col(k));
    between_ -= within_;
    gram_within_ = within_.transpose() * within_;
    gram_between_ = between_.transpose() * between_;
  }

  RandomEffectsFit fit() {
    RandomEffectsFit f;
    double rho = 0;
    const auto outer = [&](double phi) {
      const Profile p = profile(phi * phi);
      if (!op_) return value(p, 0, phi * phi);
      const SpatialRange& r = op_->determinant().range();
      const Maximum m = maximize([&](double at) { return value(p, at, phi * phi); }, r.lower,
                                 r.upper, op_->determinant().cheap() ? 41 : 9);
      rho = m.at;
      return m.value;
    };
    const Maximum m = maximize(outer, 0, 1, 15);
    f.converged = m.converged;
    f.log_likelihood = outer(m.at);
    f.rho = rho;
    f.phi2 = m.at * m.at;
    const Profile p = profile(f.phi2);
    f.beta = p.coefficients.col(0);
    if (op_) f.beta -= rho * p.coefficients.col(1);
    f.sigma2 = p.sse(rho) / panel_.rows();
    covariance(f);
    return f;
  }

 private:
  struct Profile {
    Eigen::MatrixXd coefficients, residual;
    double sse(double rho) const {
      if (residual.rows() == 1) return residual(0, 0);
      return residual(0, 0) - 2 * rho * residual(0, 1) + rho * rho * residual(1, 1);
    }
  };
  Profile profile(double phi2) const {
    const Eigen::MatrixXd a = gram_within_ + phi2 * gram_between_;
    const Eigen::Index d = moments_.first_regressor(), k = a.cols() - d;
    const Eigen::VectorXd scale = a.diagonal().tail(k).cwiseSqrt().cwiseInverse();
    const Eigen::MatrixXd xx = scale.asDiagonal() * a.bottomRightCorner(k, k) * scale.asDiagonal();
    const Eigen::MatrixXd xy = scale.asDiagonal() * a.bottomLeftCorner(k, d);
    const Eigen::MatrixXd b = xx.ldlt().solve(xy);
    return {scale.asDiagonal() * b, a.topLeftCorner(d, d) - xy.transpose() * b};
  }
  double value(const Profile& p, double rho, double phi2) {
    const double rows = panel_.rows();
    const double likelihood =
        -0.5 * rows * (std::log(2 * 3.14159265358979323846 * p.sse(rho) / rows) + 1) +
        0.5 * panel_.units * std::log(phi2);
    return likelihood + (op_ && rho != 0 ? panel_.periods * op_->determinant().value(rho) : 0);
  }

  // Information of (rho, beta, sigma2, phi2), inverted; see the header of the file.
  void covariance(RandomEffectsFit& f) {
    const Eigen::Index k = f.beta.size(), p = op_ != nullptr, s = p + k, h = s + 1;
    const double n = panel_.units, phi = std::sqrt(f.phi2);
    const Eigen::MatrixXd z = within_ + phi * between_;
    const auto x = z.rightCols(k);
    Eigen::MatrixXd info = Eigen::MatrixXd::Zero(h + 1, h + 1);
    info.block(p, p, k, k) = x.transpose() * x / f.sigma2;
    info(s, s) = n * panel_.periods / (2 * f.sigma2 * f.sigma2);
    info(h, h) = n / (2 * f.phi2 * f.phi2);
    info(s, h) = info(h, s) = -n / (2 * f.sigma2 * f.phi2);
    if (p) {
      SpatialEstimate e;
      e.rho = f.rho;
      const detail::FittedOperators at(panel_, op_, options_, e);
      SpatialTraces t =
          panel_.units <= options_.exact_limit
              ? exact_traces(panel_.weights, at.matrices(false), exec_)
              : estimated_traces(panel_.weights, at.matrices(false), options_.seed, exec_);
      at.set_own_traces(t, false);
      // The mean of W y: W S^-1 X b, the random effects being part of the disturbance.
      Eigen::VectorXd mean = panel_.x * f.beta;
      const Eigen::MatrixXd spread = at.lag()->solve(panel_.wide(mean.data()));
      mean = panel_.lag(Eigen::Map<const Eigen::VectorXd>(spread.data(), spread.size()));
      if (panel_.time_effects) panel_.remove_time_means(mean);
      Eigen::VectorXd inside = mean;
      panel_.remove_unit_means(inside);
      mean = inside + phi * (mean - inside);
      info(0, 0) =
          panel_.periods * (t.product(0, 0) + t.crossed(0, 0)) + mean.squaredNorm() / f.sigma2;
      info.block(p, 0, k, 1) = x.transpose() * mean / f.sigma2;
      info.block(0, p, 1, k) = info.block(p, 0, k, 1).transpose();
      info(0, s) = info(s, 0) = panel_.periods * t.trace[0] / f.sigma2;
      info(0, h) = info(h, 0) = -t.trace[0] / f.phi2;
    }
    f.covariance = scaled_inverse(info).topLeftCorner(s, s);
  }

  const SpatialPanel& panel_;
  SpatialOperator* op_;
  SpatialOptions options_;
  Execution exec_;
  SpatialMoments moments_;
  Eigen::MatrixXd z_, within_, between_, gram_within_, gram_between_;
};

}  // namespace pilotdid

#endif
