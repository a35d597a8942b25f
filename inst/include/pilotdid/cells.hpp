// Moments of regressions on dummies that depend on a cell (event time, cohort x period) only:
// their cross-products are counts and their products with other columns are sums by cell, so that
// an N x cells matrix never exists.
#ifndef PILOTDID_CELLS_HPP
#define PILOTDID_CELLS_HPP

#include <Eigen/Dense>
#include <vector>

#include "absorption.hpp"
#include "moments.hpp"
#include "reduced_system.hpp"

namespace pilotdid {

namespace detail {

// Cells as one more effect, with a last level for rows in no cell.
class CellEffect {
 public:
  CellEffect(const Absorption& a, const Effect& cells) : wide(a) {
    std::size_t last = 0;
    for (std::size_t p = 0; p < a.rows.size(); ++p) last = std::max(last, a.rows[p]);
    code_.assign(last + 1, cells.levels);
    weight = Eigen::VectorXd::Zero(cells.levels + 1);
    for (std::size_t p = 0; p < a.rows.size(); ++p) {
      const std::size_t row = a.rows[p];
      if (cells.code[row] >= 0) code_[row] = cells.code[row];
      weight[code_[row]] += a.weights.exists() ? a.weights[row] : 1.0;
    }
    Effect effect;
    effect.code = code_.data();
    effect.levels = cells.levels + 1;
    wide.effects.push_back(effect);
  }
  Absorption wide;
  Eigen::VectorXd weight;  // of each cell

 private:
  std::vector<int> code_;
};

}  // namespace detail

// columns: y, then the indicators of the cells (not read here), then the other regressors.
// cells: data row -> cell, -1 for none. The moments are in the order of `columns`.
inline Moments compute_cell_moments(const Absorption& a, const Columns& columns,
                                    const Effect& cells, ReducedSystem& system,
                                    const Execution& exec) {
  const int k = cells.levels, m = a.size();
  Columns rest(1, columns[0]);
  rest.insert(rest.end(), columns.begin() + 1 + k, columns.end());
  const int c = static_cast<int>(rest.size()), size = c + k;
  const detail::CellEffect with_cells(a, cells);
  Eigen::VectorXd shift(c);
  for (int j = 0; j < c; ++j) shift[j] = rest[j][a.rows[0]];
  const MomentSums sums = sum_moments(with_cells.wide, rest, shift, nullptr, exec);
  const DenseAssembly assembly(with_cells.wide, exec);

  // Places of the plain columns and of the cells among all.
  std::vector<int> at(1, 0);
  for (int j = 1; j < c; ++j) at.push_back(k + j);
  Moments out;
  out.weight = sums.weight;
  out.gram = Eigen::MatrixXd::Zero(size, size);
  out.total.resize(size);
  out.raw.resize(size);
  Eigen::MatrixXd q(m, size);
  for (int j = 0; j < c; ++j) {
    for (int i = 0; i < c; ++i) out.gram(at[i], at[j]) = sums.cross(i, j);
    out.gram.col(at[j]).segment(1, k) = sums.q.col(j).segment(m, k);
    out.gram.row(at[j]).segment(1, k) = sums.q.col(j).segment(m, k).transpose();
    q.col(at[j]) = sums.q.col(j).head(m);
    out.total[at[j]] = sums.squares[j] - sums.sum[j] * sums.sum[j] / sums.weight;
    out.raw[at[j]] = std::sqrt(std::max(
        0.0, sums.squares[j] + 2 * shift[j] * sums.sum[j] + sums.weight * shift[j] * shift[j]));
  }
  out.gram.block(1, 1, k, k) = assembly.s.block(m, m, k, k).selfadjointView<Eigen::Lower>();
  q.middleCols(1, k) = assembly.s.block(m, 0, k, m).transpose();
  const auto weight = with_cells.weight.head(k).array();
  out.total.segment(1, k) = weight * (1 - weight / sums.weight);
  out.raw.segment(1, k) = weight.sqrt();
  out.eliminated = out.gram.diagonal();

  out.effects = system.solve(q);
  out.gram -= q.transpose() * out.effects;
  out.gram = 0.5 * (out.gram + out.gram.transpose()).eval();
  out.local_rank = system.local_rank();
  out.reduced_rank = system.rank();
  out.exact_rank = system.exact_rank();
  out.iterations = system.iterations();
  out.converged = system.converged();
  return out;
}

}  // namespace pilotdid

#endif
