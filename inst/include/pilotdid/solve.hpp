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
  Eigen::VectorXd coefficients;    // k; zero where not kept
  Eigen::MatrixXd inverse;         // k x k inverse of X'X; zero rows where not kept
  std::vector<Standing> standing;  // k
  Eigen::MatrixXd combination;     // k x k; column j: the kept regressors that make up aliased j
  bool well_conditioned = true;
};

// What is left of a column after partialling out is a difference: 1e-6 of what it was taken
// from costs six of the sixteen digits. The same holds for a mean that dwarfs the variation.
inline bool has_digits(const Moments& m, Eigen::Index column) {
  const double left_floor = 1e-6, mean_floor = 1e-10;
  const double left = m.gram(column, column), raw = m.raw[column];
  return left > left_floor * m.eliminated[column] && left > mean_floor * raw * raw;
}

// Normal equations lose as many digits as the condition number of the scaled Gram matrix has:
// 1e5 leaves ten or eleven right ones.
inline bool is_accurate(const Eigen::LLT<Eigen::MatrixXd>& llt) {
  const double reciprocal_floor = 1e-5;
  return llt.info() == Eigen::Success && llt.rcond() > reciprocal_floor;
}

// Columns of the moments: 0 is the outcome, 1 .. k the regressors.
// Where a scaled Gram matrix is too close to singular the caller takes the orthogonal path
// instead, which also decides what is collinear.
inline Solution solve_moments(const Moments& m) {
  const Eigen::Index k = m.gram.cols() - 1;
  Solution s;
  s.coefficients = Eigen::VectorXd::Zero(k);
  s.inverse = Eigen::MatrixXd::Zero(k, k);
  s.combination = Eigen::MatrixXd::Zero(k, k);
  s.standing.assign(static_cast<std::size_t>(k), Standing::kept);
  if (k == 0) return s;
  const Eigen::VectorXd x2 = m.gram.diagonal().tail(k);
  for (Eigen::Index j = 0; j < k; ++j)
    if (!has_digits(m, j + 1)) s.well_conditioned = false;
  if (!s.well_conditioned) return s;

  const Eigen::VectorXd scale = x2.cwiseSqrt().cwiseInverse();
  const Eigen::MatrixXd unit =
      scale.asDiagonal() * m.gram.bottomRightCorner(k, k) * scale.asDiagonal();
  const Eigen::LLT<Eigen::MatrixXd> llt(unit);
  if (!is_accurate(llt)) {
    s.well_conditioned = false;
    return s;
  }
  s.coefficients = scale.cwiseProduct(llt.solve(scale.cwiseProduct(m.gram.col(0).tail(k))));
  s.inverse = scale.asDiagonal() * llt.solve(Eigen::MatrixXd::Identity(k, k)) * scale.asDiagonal();
  return s;
}

// Columns of x as an orthonormal basis and their coordinates in it.
struct Orthogonalized {
  Eigen::MatrixXd basis;           // n x rank
  Eigen::MatrixXd coordinates;     // rank x k, upper triangular over the kept columns
  std::vector<Eigen::Index> kept;  // column that each basis vector comes from
  std::vector<Standing> standing;  // k
  Eigen::MatrixXd combination;     // k x k, as in Solution
};

// Coordinates of y in the basis, which is taken off y. Twice: the second sweep removes the
// rounding of the first.
inline Eigen::VectorXd take_off(const Eigen::Ref<const Eigen::MatrixXd>& basis,
                                Eigen::Ref<Eigen::VectorXd> y) {
  Eigen::VectorXd h = Eigen::VectorXd::Zero(basis.cols());
  for (int sweep = 0; sweep < 2; ++sweep) {
    const Eigen::VectorXd step = basis.transpose() * y;
    y.noalias() -= basis * step;
    h += step;
  }
  return h;
}

// Orthogonalizes the columns of x (n x k, partialled out) one after the other, each twice: as
// accurate as Householder's QR, and a column that depends on those before it shows at once.
// raw: k, the columns' lengths before partialling out; total: k, their variation around the
// mean; noise: how exactly effects were partialled out, relative to the raw length.
inline Orthogonalized orthogonalize(Eigen::MatrixXd x, const Eigen::VectorXd& raw,
                                    const Eigen::VectorXd& total, double noise) {
  const Eigen::Index k = x.cols();
  const double eps = std::numeric_limits<double>::epsilon();
  Orthogonalized o;
  o.combination = Eigen::MatrixXd::Zero(k, k);
  o.standing.assign(static_cast<std::size_t>(k), Standing::kept);
  Eigen::MatrixXd r = Eigen::MatrixXd::Zero(k, k);  // kept columns in their order
  o.coordinates = Eigen::MatrixXd::Zero(k, k);
  for (Eigen::Index j = 0; j < k; ++j) {
    const Eigen::Index q = static_cast<Eigen::Index>(o.kept.size());
    const double before = x.col(j).norm();
    // Nothing but rounding is left: 1e-9 of the variation, or the noise of the partialling out.
    if (!(before > 1e-9 * std::sqrt(std::max(total[j], 0.0))) || !(before > noise * raw[j])) {
      o.standing[j] = Standing::absorbed;
      continue;
    }
    const Eigen::VectorXd h = take_off(x.leftCols(q), x.col(j));
    o.coordinates.col(j).head(q) = h;
    const double left = x.col(j).norm();
    // In terms of the original columns; their rounding errors are what a residual cannot beat.
    Eigen::VectorXd b = h;
    r.topLeftCorner(q, q).triangularView<Eigen::Upper>().solveInPlace(b);
    double rounding = raw[j];
    for (Eigen::Index i = 0; i < q; ++i) rounding += std::abs(b[i]) * raw[o.kept[i]];
    if (!(left > 1e-11 * before) || !(left > 2 * std::max(eps, noise) * rounding)) {
      o.standing[j] = Standing::aliased;
      for (Eigen::Index i = 0; i < q; ++i) o.combination(o.kept[i], j) = b[i];
      continue;
    }
    r.col(q).head(q) = h;
    r(q, q) = o.coordinates(q, j) = left;
    x.col(q) = x.col(j) / left;
    o.kept.push_back(j);
  }
  const Eigen::Index rank = static_cast<Eigen::Index>(o.kept.size());
  o.coordinates.conservativeResize(rank, k);
  o.basis = x.leftCols(rank);
  return o;
}

inline Solution solve_orthogonal(const Eigen::MatrixXd& x, Eigen::VectorXd y,
                                 const Eigen::VectorXd& raw, const Eigen::VectorXd& total,
                                 double noise) {
  const Eigen::Index k = x.cols();
  const Orthogonalized o = orthogonalize(x, raw, total, noise);
  const Eigen::Index q = static_cast<Eigen::Index>(o.kept.size());
  Solution s;
  s.well_conditioned = true;
  s.coefficients = Eigen::VectorXd::Zero(k);
  s.inverse = Eigen::MatrixXd::Zero(k, k);
  s.combination = o.combination;
  s.standing = o.standing;
  Eigen::MatrixXd r(q, q);
  for (Eigen::Index i = 0; i < q; ++i) r.col(i) = o.coordinates.col(o.kept[i]);
  Eigen::VectorXd h = take_off(o.basis, y);
  const auto upper = r.triangularView<Eigen::Upper>();
  Eigen::MatrixXd r_inverse = Eigen::MatrixXd::Identity(q, q);
  upper.solveInPlace(r_inverse);
  upper.solveInPlace(h);
  const Eigen::MatrixXd inverse = r_inverse * r_inverse.transpose();
  for (Eigen::Index i = 0; i < q; ++i) {
    s.coefficients[o.kept[i]] = h[i];
    for (Eigen::Index j = 0; j < q; ++j) s.inverse(o.kept[i], o.kept[j]) = inverse(i, j);
  }
  return s;
}

}  // namespace pilotdid

#endif
