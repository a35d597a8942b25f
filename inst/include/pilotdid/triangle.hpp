// The triangular root of the second moments of partialled-out columns: R'R = C'M C.
//
// With the columns in the order (exogenous, instruments, endogenous, outcome) every quantity of
// an instrumental-variables fit is read off blocks of R: projections on a leading set of columns
// are its upper rows, residuals its lower ones. Nothing after this step is longer than R.
#ifndef PILOTDID_TRIANGLE_HPP
#define PILOTDID_TRIANGLE_HPP

#include <Eigen/Dense>
#include <vector>

#include "least_squares.hpp"

namespace pilotdid {

struct Triangle {
  Moments moments;                 // columns as they were given
  Eigen::MatrixXd root;            // k x k, columns in `order`; a row of zeros where not kept
  std::vector<Standing> standing;  // k, in `order`
  Eigen::MatrixXd combination;     // k x k, in `order`: what an aliased column is made of
  bool orthogonal = false;         // the Gram matrix was too ill-conditioned
};

namespace detail {

// The Cholesky factor of the Gram matrix in `order`; false where it would lose too many digits
// (the thresholds of solve_moments).
inline bool factor_moments(const Moments& m, const std::vector<int>& order, Eigen::MatrixXd& root) {
  const Eigen::Index k = static_cast<Eigen::Index>(order.size());
  Eigen::MatrixXd unit(k, k);
  Eigen::VectorXd scale(k);
  for (Eigen::Index j = 0; j < k; ++j) {
    if (!has_digits(m, order[j])) return false;
    scale[j] = std::sqrt(m.gram(order[j], order[j]));
  }
  for (Eigen::Index i = 0; i < k; ++i)
    for (Eigen::Index j = 0; j < k; ++j)
      unit(i, j) = m.gram(order[i], order[j]) / (scale[i] * scale[j]);
  const Eigen::LLT<Eigen::MatrixXd> llt(unit);
  if (!is_accurate(llt)) return false;
  root = llt.matrixU();
  root *= scale.asDiagonal();
  return true;
}

}  // namespace detail

// order: the columns (all or some, from 0) in the order of the triangle.
inline Triangle fit_triangle(const Absorption& a, const Columns& columns,
                             const std::vector<int>& order, const SolverOptions& options,
                             const Execution& exec) {
  const Eigen::Index k = static_cast<Eigen::Index>(order.size());
  Triangle t;
  ReducedSystem system(a, options, exec);
  t.moments = compute_moments(a, columns, system, exec);
  t.standing.assign(order.size(), Standing::kept);
  t.combination = Eigen::MatrixXd::Zero(k, k);
  if (!t.moments.converged || detail::factor_moments(t.moments, order, t.root)) return t;

  t.orthogonal = true;
  const Eigen::MatrixXd c = detail::refined_columns(a, columns, t.moments, system, exec);
  Eigen::MatrixXd x(c.rows(), k);
  Eigen::VectorXd raw(k), total(k);
  for (Eigen::Index j = 0; j < k; ++j) {
    x.col(j) = c.col(order[j]);
    raw[j] = t.moments.raw[order[j]];
    total[j] = t.moments.total[order[j]];
  }
  const Orthogonalized o =
      orthogonalize(std::move(x), raw, total, detail::noise(t.moments, options));
  t.standing = o.standing;
  t.combination = o.combination;
  t.root = Eigen::MatrixXd::Zero(k, k);
  for (std::size_t i = 0; i < o.kept.size(); ++i)
    t.root.row(o.kept[i]) = o.coordinates.row(static_cast<Eigen::Index>(i));
  return t;
}

}  // namespace pilotdid

#endif
