// Least squares from moments, and by orthogonalization where moments are not accurate enough.
#ifndef PILOTDID_SOLVE_HPP
#define PILOTDID_SOLVE_HPP

#include <Eigen/Dense>
#include <cmath>
#include <limits>
#include <vector>

#include "moments.hpp"

namespace pilotdid {

// What became of a regressor. An aliased one is a combination of those before it.
enum class Standing { kept = 0, absorbed = 1, aliased = 2 };

struct Solution {
  Eigen::VectorXd coefficients;     // k; zero where not kept
  Eigen::MatrixXd inverse;          // k x k inverse of X'X; zero rows where not kept
  std::vector<Standing> standing;   // k
  Eigen::MatrixXd combination;      // k x k; column j: the kept regressors that make up aliased j
  bool well_conditioned = true;
};

// Columns of the moments: 0 is the outcome, 1 .. k the regressors.
// The Gram path loses as many digits as the condition number of the scaled Gram matrix has: 1e5
// leaves ten or eleven right digits. Beyond that the caller takes the orthogonal path instead,
// which also decides what is collinear.
inline Solution solve_moments(const Moments& m) {
  const Eigen::Index k = m.gram.cols() - 1;
  Solution s;
  s.coefficients = Eigen::VectorXd::Zero(k);
  s.inverse = Eigen::MatrixXd::Zero(k, k);
  s.combination = Eigen::MatrixXd::Zero(k, k);
  s.standing.assign(static_cast<std::size_t>(k), Standing::kept);
  if (k == 0) return s;
  const double reciprocal_floor = 1e-5;
  // What is left of a column after partialling out is a difference: 1e-6 of what it was taken
  // from costs six of the sixteen digits. The same holds for a mean that dwarfs the variation.
  const double left_floor = 1e-6, mean_floor = 1e-10;
  const Eigen::VectorXd x2 = m.gram.diagonal().tail(k);
  for (Eigen::Index j = 0; j < k; ++j) {
    const double raw = m.raw[j + 1];
    if (!(x2[j] > left_floor * m.eliminated[j + 1]) || !(x2[j] > mean_floor * raw * raw))
      s.well_conditioned = false;
  }
  if (!s.well_conditioned) return s;

  const Eigen::VectorXd scale = x2.cwiseSqrt().cwiseInverse();
  const Eigen::MatrixXd unit =
      scale.asDiagonal() * m.gram.bottomRightCorner(k, k) * scale.asDiagonal();
  const Eigen::LLT<Eigen::MatrixXd> llt(unit);
  if (llt.info() != Eigen::Success || !(llt.rcond() > reciprocal_floor)) {
    s.well_conditioned = false;
    return s;
  }
  s.coefficients = scale.cwiseProduct(llt.solve(scale.cwiseProduct(m.gram.col(0).tail(k))));
  s.inverse = scale.asDiagonal() * llt.solve(Eigen::MatrixXd::Identity(k, k)) * scale.asDiagonal();
  return s;
}

// Orthogonalizes the columns of x (n x k, partialled out) one after the other, each twice: as
// accurate as Householder's QR, and a column that depends on those before it shows at once.
// raw: k, the columns' lengths before partialling out; total: k, their variation around the
// mean; noise: how exactly effects were partialled out, relative to the raw length.
inline Solution solve_orthogonal(Eigen::MatrixXd x, Eigen::VectorXd y, const Eigen::VectorXd& raw,
                                 const Eigen::VectorXd& total, double noise) {
  const Eigen::Index k = x.cols();
  const double eps = std::numeric_limits<double>::epsilon();
  Solution s;
  s.well_conditioned = true;
  s.coefficients = Eigen::VectorXd::Zero(k);
  s.inverse = Eigen::MatrixXd::Zero(k, k);
  s.combination = Eigen::MatrixXd::Zero(k, k);
  s.standing.assign(static_cast<std::size_t>(k), Standing::kept);
  std::vector<Eigen::Index> kept;
  Eigen::MatrixXd r = Eigen::MatrixXd::Zero(k, k);  // over kept columns, in their order
  for (Eigen::Index j = 0; j < k; ++j) {
    const Eigen::Index q = static_cast<Eigen::Index>(kept.size());
    const double before = x.col(j).norm();
    // Nothing but rounding is left: 1e-9 of the variation, or the noise of the partialling out.
    if (!(before > 1e-9 * std::sqrt(std::max(total[j], 0.0))) || !(before > noise * raw[j])) {
      s.standing[j] = Standing::absorbed;
      continue;
    }
    Eigen::VectorXd h = Eigen::VectorXd::Zero(q);
    for (int sweep = 0; sweep < 2; ++sweep) {
      const Eigen::VectorXd step = x.leftCols(q).transpose() * x.col(j);
      x.col(j).noalias() -= x.leftCols(q) * step;
      h += step;
    }
    const double left = x.col(j).norm();
    // In terms of the original columns; their rounding errors are what a residual cannot beat.
    Eigen::VectorXd b = h;
    r.topLeftCorner(q, q).triangularView<Eigen::Upper>().solveInPlace(b);
    double rounding = raw[j];
    for (Eigen::Index i = 0; i < q; ++i) rounding += std::abs(b[i]) * raw[kept[i]];
    if (!(left > 1e-11 * before) || !(left > 2 * std::max(eps, noise) * rounding)) {
      s.standing[j] = Standing::aliased;
      for (Eigen::Index i = 0; i < q; ++i) s.combination(kept[i], j) = b[i];
      continue;
    }
    r.col(q).head(q) = h;
    r(q, q) = left;
    x.col(q) = x.col(j) / left;
    kept.push_back(j);
  }
  const Eigen::Index q = static_cast<Eigen::Index>(kept.size());
  Eigen::VectorXd h = Eigen::VectorXd::Zero(q);
  for (int sweep = 0; sweep < 2; ++sweep) {
    const Eigen::VectorXd step = x.leftCols(q).transpose() * y;
    y.noalias() -= x.leftCols(q) * step;
    h += step;
  }
  const auto upper = r.topLeftCorner(q, q).triangularView<Eigen::Upper>();
  Eigen::MatrixXd r_inverse = Eigen::MatrixXd::Identity(q, q);
  upper.solveInPlace(r_inverse);
  upper.solveInPlace(h);
  const Eigen::MatrixXd inverse = r_inverse * r_inverse.transpose();
  for (Eigen::Index i = 0; i < q; ++i) {
    s.coefficients[kept[i]] = h[i];
    for (Eigen::Index j = 0; j < q; ++j) s.inverse(kept[i], kept[j]) = inverse(i, j);
  }
  return s;
}

}  // namespace pilotdid

#endif
