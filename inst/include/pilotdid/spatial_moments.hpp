// Second moments of a spatial panel, from which every likelihood of the family is concentrated:
//   R y = rho R W y + R X b + R effects + e,  R = I - lambda W.
//
// Columns are N x T matrices (units x periods), stacked time-major. Spatial lags are taken of the
// columns as they come and the effects removed afterwards: W times the demeaned y would be another
// model once there are time effects.
#ifndef PILOTDID_SPATIAL_MOMENTS_HPP
#define PILOTDID_SPATIAL_MOMENTS_HPP

#include <Eigen/Dense>
#include <vector>

#include "spatial_weights.hpp"

namespace pilotdid {

struct SpatialPanel {
  SpatialWeights weights;
  int units = 0, periods = 0;
  bool unit_effects = true, time_effects = true;
  Eigen::Map<const Eigen::VectorXd> y{nullptr, 0};     // N T
  Eigen::Map<const Eigen::MatrixXd> x{nullptr, 0, 0};  // N T x k, spatial lags W x among them

  int rows() const { return units * periods; }

  // The N T vector v as an N x T matrix.
  Eigen::Map<const Eigen::MatrixXd> wide(const double* v) const { return {v, units, periods}; }

  Eigen::VectorXd lag(const Eigen::VectorXd& v) const {
    Eigen::VectorXd out(v.size());
    Eigen::Map<Eigen::MatrixXd>(out.data(), units, periods) = weights.lag(wide(v.data()));
    return out;
  }

  void remove_unit_means(Eigen::Ref<Eigen::VectorXd> v) const {
    Eigen::Map<Eigen::MatrixXd> m(v.data(), units, periods);
    // Around the first period: a level common to all periods costs no digits.
    const Eigen::VectorXd first = m.col(0);
    m.colwise() -= first;
    const Eigen::VectorXd mean = m.rowwise().mean();
    m.colwise() -= mean;
  }
  void remove_time_means(Eigen::Ref<Eigen::VectorXd> v) const {
    Eigen::Map<Eigen::MatrixXd> m(v.data(), units, periods);
    const Eigen::RowVectorXd mean = m.colwise().mean();
    m.rowwise() -= mean;
  }
  void remove_effects(Eigen::Ref<Eigen::VectorXd> v) const {
    if (unit_effects) remove_unit_means(v);
    if (time_effects) remove_time_means(v);
  }
};

// Moments of the columns [y, W y, X, W X_lagged], effects removed and filtered by R, as a function
// of lambda. The filtered time effects are alpha_t R 1, so within each period what is removed is
// the projection on v = R 1 = 1 - lambda W 1; for a row-standardized W that is the plain mean.
//   gram(lambda) = A0 - lambda A1 + lambda^2 A2 - sum_t q_t q_t' / v'v,  q_t = Z_t' R' v.
class SpatialMoments {
 public:
  // `lag_y`: the column W y is needed (rho is a parameter); `filter`: lambda is a parameter.
  SpatialMoments(const SpatialPanel& panel, bool lag_y, bool filter)
      : panel_(panel), lag_y_(lag_y), filter_(filter) {
    fill();
    a0_ = Eigen::MatrixXd::Zero(z_.cols(), z_.cols());
    a0_.selfadjointView<Eigen::Lower>().rankUpdate(z_.transpose());
    a0_ = a0_.selfadjointView<Eigen::Lower>();
    if (!filter) return;
    wz_.resize(z_.rows(), z_.cols());
    for (Eigen::Index k = 0; k < z_.cols(); ++k) wz_.col(k) = panel.lag(z_.col(k));
    const Eigen::MatrixXd cross = z_.transpose() * wz_;
    a1_ = cross + cross.transpose();
    a2_ = wz_.transpose() * wz_;
    if (panel.time_effects) fill_projection();
  }

  bool has_lag() const { return lag_y_; }
  int columns() const { return static_cast<int>(z_.cols()); }
  int first_regressor() const { return 1 + lag_y_; }
  int regressors() const { return columns() - first_regressor(); }

  // columns x columns
  Eigen::MatrixXd gram(double lambda) const {
    if (!filter_ || lambda == 0) return a0_;
    Eigen::MatrixXd a = a0_ - lambda * a1_ + lambda * lambda * a2_;
    if (panel_.time_effects) {
      const Eigen::MatrixXd q = q0_ - lambda * q1_ + lambda * lambda * q2_;
      a -= q * q.transpose() / norm_of_ones(lambda);
    }
    return a;
  }

  // The columns themselves, filtered and with the effects removed: N T x columns.
  Eigen::MatrixXd filtered(double lambda) const {
    if (!filter_ || lambda == 0) return z_;
    Eigen::MatrixXd out = z_ - lambda * wz_;
    for (Eigen::Index k = 0; k < out.cols(); ++k) project(lambda, out.col(k));
    return out;
  }

  // Filters one more N T vector and removes its effects, as the columns'.
  Eigen::VectorXd filter(double lambda, Eigen::VectorXd v) const {
    panel_.remove_effects(v);
    if (!filter_ || lambda == 0) return v;
    v -= lambda * panel_.lag(v);
    project(lambda, v);
    return v;
  }

  // Sums of squares of the regressors around zero and around their means.
  const Eigen::VectorXd& raw_squares() const { return raw_; }
  const Eigen::VectorXd& total_squares() const { return total_; }

 private:
  void fill() {
    const SpatialPanel& p = panel_;
    z_.resize(p.rows(), 1 + lag_y_ + p.x.cols());
    z_.col(0) = p.y;
    if (lag_y_) z_.col(1) = p.lag(p.y);
    z_.rightCols(p.x.cols()) = p.x;
    const auto x = z_.rightCols(p.x.cols());
    raw_ = x.colwise().squaredNorm();
    total_ = raw_ - p.rows() * x.colwise().mean().cwiseAbs2().transpose();
    for (Eigen::Index j = 0; j < z_.cols(); ++j) p.remove_effects(z_.col(j));
  }

  // q_t = 1'Z - lambda (w'Z + 1'WZ) + lambda^2 w'WZ, w = W 1. The time means of Z are gone, so
  // 1'Z vanishes; it is kept for the rounding that it carries.
  void fill_projection() {
    const int n = panel_.units;
    w1_ = panel_.weights.row_sums();
    q0_.resize(z_.cols(), panel_.periods);
    q1_ = q2_ = q0_;
    for (Eigen::Index k = 0; k < z_.cols(); ++k) {
      const auto z = panel_.wide(z_.col(k).data());
      const auto wz = panel_.wide(wz_.col(k).data());
      q0_.row(k) = z.colwise().sum();
      q1_.row(k) = w1_.transpose() * z + wz.colwise().sum();
      q2_.row(k) = w1_.transpose() * wz;
    }
    ones_ = {static_cast<double>(n), 2 * w1_.sum(), w1_.squaredNorm()};
  }
  double norm_of_ones(double lambda) const {
    return ones_[0] - lambda * ones_[1] + lambda * lambda * ones_[2];
  }

  void project(double lambda, Eigen::Ref<Eigen::VectorXd> v) const {
    if (!panel_.time_effects) return;
    const Eigen::VectorXd ones = Eigen::VectorXd::Ones(panel_.units) - lambda * w1_;
    Eigen::Map<Eigen::MatrixXd> m(v.data(), panel_.units, panel_.periods);
    const Eigen::RowVectorXd share = ones.transpose() * m / ones.squaredNorm();
    m -= ones * share;
  }

  const SpatialPanel& panel_;
  bool lag_y_, filter_;
  Eigen::MatrixXd z_, wz_;        // N T x columns
  Eigen::MatrixXd a0_, a1_, a2_;  // columns x columns
  Eigen::MatrixXd q0_, q1_, q2_;  // columns x T
  Eigen::VectorXd w1_, raw_, total_;
  std::vector<double> ones_;  // v'v by powers of lambda
};

}  // namespace pilotdid

#endif
