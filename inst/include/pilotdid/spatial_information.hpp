// Covariance of the estimates of a spatial panel: information matrix, its form without normality,
// and the clustered one. Parameters stand in the order (rho, lambda, beta, sigma2), those in the
// model.
#ifndef PILOTDID_SPATIAL_INFORMATION_HPP
#define PILOTDID_SPATIAL_INFORMATION_HPP

#include <Eigen/Dense>
#include <cmath>

#include "spatial_likelihood.hpp"
#include "spatial_traces.hpp"

namespace pilotdid {

// The data at the estimate, filtered and free of the effects.
struct SpatialScores {
  Eigen::MatrixXd x;         // N T x K
  Eigen::VectorXd lag_mean;  // N T: W S^-1 (X b + effects), the mean of W y; empty without rho
  Eigen::VectorXd residual;  // N T
  double sigma2 = 0;
  bool rho = false, lambda = false;

  int spatial() const { return rho + lambda; }
  int size() const { return spatial() + static_cast<int>(x.cols()) + 1; }
};

// Anselin (1988, ch. 6), Lee and Yu (2010): with A = W (I - rho W)^-1 for either parameter,
//   rho-rho       T [tr A^2 + tr A'A] + |A X b|^2 / s2,   beta-rho  X'A X b / s2,
//   rho-sigma2    T tr A / s2,                            sigma2    N T / (2 s2^2).
// A X b has the effects taken off, as they are parameters too: that is what dummies for them give.
// Panel code that takes A of the demeaned X b as it is (Elhorst's) leaves period means in it, and
// its standard errors of rho are smaller: .032704 against .032835 in the Cigar data.
inline Eigen::MatrixXd spatial_information(const SpatialScores& s, const SpatialTraces& t,
                                           const SpatialSizes& sizes) {
  const Eigen::Index p = s.spatial(), k = s.x.cols(), last = s.size() - 1;
  Eigen::MatrixXd info = Eigen::MatrixXd::Zero(s.size(), s.size());
  info.topLeftCorner(p, p) = sizes.periods * (t.product + t.crossed);
  info.block(0, last, p, 1) = sizes.periods / s.sigma2 * t.trace;
  info.block(last, 0, 1, p) = info.block(0, last, p, 1).transpose();
  info.block(p, p, k, k) = s.x.transpose() * s.x / s.sigma2;
  if (s.rho) {
    info(0, 0) += s.lag_mean.squaredNorm() / s.sigma2;
    info.block(p, 0, k, 1) = s.x.transpose() * s.lag_mean / s.sigma2;
    info.block(0, p, 1, k) = info.block(p, 0, k, 1).transpose();
  }
  info(last, last) = sizes.observations() / (2 * s.sigma2 * s.sigma2);
  return info;
}

// The inverse of a symmetric positive matrix whose parameters have very different units.
inline Eigen::MatrixXd scaled_inverse(const Eigen::MatrixXd& m) {
  const Eigen::VectorXd scale = m.diagonal().cwiseSqrt().cwiseInverse();
  const Eigen::MatrixXd unit = scale.asDiagonal() * m * scale.asDiagonal();
  const Eigen::MatrixXd inverse = unit.ldlt().solve(Eigen::MatrixXd::Identity(m.rows(), m.cols()));
  return scale.asDiagonal() * inverse * scale.asDiagonal();
}

// What disturbances that are not normal add to the variance of the scores (Lee 2004): third and
// fourth cumulants, times the diagonals of the quadratic forms. Removing the effects shrinks the
// diagonals of I to `share`, those of A by the share of the periods; with unit effects nothing of
// the third cumulant is left.
inline Eigen::MatrixXd cumulant_terms(const SpatialScores& s, const SpatialTraces& t,
                                      const SpatialPanel& panel) {
  const auto sum_of_powers = [](double n, int power) {  // of a row of I - 11'/n
    return std::pow(1 - 1 / n, power) + (n - 1) * std::pow(-1 / n, power);
  };
  const double units = panel.units, periods = panel.periods;
  const double left_units = panel.time_effects ? 1 - 1 / units : 1;
  const double left_periods = panel.unit_effects ? 1 - 1 / periods : 1;
  double third = 1, fourth = 1;
  if (panel.time_effects) {
    third *= sum_of_powers(units, 3);
    fourth *= sum_of_powers(units, 4);
  }
  if (panel.unit_effects) {
    third *= sum_of_powers(periods, 3);
    fourth *= sum_of_powers(periods, 4);
  }
  const Eigen::ArrayXd e = s.residual.array(), e2 = e.square();
  const double s4 = s.sigma2 * s.sigma2;
  // Residuals are sums of the disturbances with these powers of the weights in their cumulants.
  const double mu3 = panel.unit_effects ? 0 : (e2 * e).mean() / third;
  const double kappa = (e2.square().mean() - 3 * std::pow(e2.mean(), 2)) / fourth / s4;

  const Eigen::Index p = s.spatial(), k = s.x.cols(), last = s.size() - 1;
  const double share = left_units * left_periods;
  Eigen::MatrixXd out = Eigen::MatrixXd::Zero(s.size(), s.size());
  out.topLeftCorner(p, p) =
      kappa * periods * left_periods * left_periods * (t.diagonal.transpose() * t.diagonal);
  out.block(0, last, p, 1) = kappa * periods * left_periods * share / (2 * s.sigma2) *
                             t.diagonal.colwise().sum().transpose();
  out(last, last) = kappa * units * periods * share * share / (4 * s4);
  if (mu3 != 0) {
    for (Eigen::Index a = 0; a < p; ++a) {
      const Eigen::VectorXd diagonal = left_periods * t.diagonal.col(a).replicate(panel.periods, 1);
      out.block(p, a, k, 1) += mu3 / s4 * (s.x.transpose() * diagonal);
      if (!s.rho) continue;
      const double cross = mu3 / s4 * s.lag_mean.dot(diagonal);
      out(0, a) += cross;
      out(a, 0) += cross;
    }
    out.block(p, last, k, 1) += mu3 * share / (2 * s4 * s.sigma2) * s.x.colwise().sum().transpose();
    if (s.rho) out(0, last) += mu3 * share / (2 * s4 * s.sigma2) * s.lag_mean.sum();
    out.block(0, p, p, k) = out.block(p, 0, k, p).transpose();
    out.block(last, p, 1, k) = out.block(p, last, k, 1).transpose();
  }
  out.block(last, 0, 1, p) = out.block(0, last, p, 1).transpose();
  return out;
}

// Scores summed over clusters of units, any dependence inside a cluster. The quadratic form of a
// spatial score also holds the products of residuals of two clusters; those are uncorrelated
// between pairs, so their squares add up pair by pair and the result does not depend on an order of
// clusters.
inline Eigen::MatrixXd clustered_scores(const SpatialScores& s, const SpatialTraces& t,
                                        const SpatialSizes& sizes, const ClusterForms& forms,
                                        const int* cluster, const SpatialPanel& panel) {
  const Eigen::Index p = s.spatial(), k = s.x.cols(), last = s.size() - 1;
  const double share = 1 - static_cast<double>(sizes.removed_mean) / sizes.units;
  Eigen::MatrixXd sums = Eigen::MatrixXd::Zero(forms.within.rows(), s.size());
  sums.leftCols(p) = forms.within / s.sigma2;
  for (int i = 0; i < panel.units; ++i) {
    sums.row(cluster[i]).head(p) -= sizes.periods * t.diagonal.row(i);
    sums(cluster[i], last) -= sizes.periods * share / (2 * s.sigma2);
  }
  for (int row = 0; row < panel.rows(); ++row) {
    const int g = cluster[row % panel.units];
    const double e = s.residual[row] / s.sigma2;
    sums.row(g).segment(p, k) += e * s.x.row(row);
    if (s.rho) sums(g, 0) += e * s.lag_mean[row];
    sums(g, last) += 0.5 * e * e;
  }
  Eigen::MatrixXd meat = sums.transpose() * sums;
  meat.topLeftCorner(p, p) += forms.between / (s.sigma2 * s.sigma2);
  return meat;
}

}  // namespace pilotdid

#endif
