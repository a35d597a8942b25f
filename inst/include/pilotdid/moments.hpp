// Second moments of partialled-out columns, in one pass and without writing them anywhere:
//   C'M C = (group-eliminated cross-products) - q' S^+ q.
// This is all that a solver needs from the data; moments made elsewhere would do as well.
#ifndef PILOTDID_MOMENTS_HPP
#define PILOTDID_MOMENTS_HPP

#include <Eigen/Dense>
#include <vector>

#include "absorption.hpp"
#include "reduced_system.hpp"

namespace pilotdid {

struct Moments {
  Eigen::MatrixXd gram;      // k x k, everything partialled out
  Eigen::MatrixXd effects;   // size x k: S^+ q, the effects of each column
  Eigen::VectorXd total;     // k: (weighted) sum of squares around the mean, before anything
  Eigen::VectorXd raw;       // k: root of the (weighted) sum of squares around zero
  Eigen::VectorXd eliminated;  // k: sum of squares once the groups are eliminated
  double weight = 0;         // sum of the weights
  int local_rank = 0, reduced_rank = 0, iterations = 0;
  bool exact_rank = true, converged = true;
  int absorbed() const { return local_rank + reduced_rank; }
};

// Sums over one chunk. Every matrix is k x k, size x k or k.
struct MomentSums {
  Eigen::MatrixXd cross, q;
  Eigen::VectorXd sum, squares;
  double weight = 0;
  MomentSums(int size, int k)
      : cross(Eigen::MatrixXd::Zero(k, k)),
        q(Eigen::MatrixXd::Zero(size, k)),
        sum(Eigen::VectorXd::Zero(k)),
        squares(Eigen::VectorXd::Zero(k)) {}
  void add(const MomentSums& other) {
    cross += other.cross;
    q += other.q;
    sum += other.sum;
    squares += other.squares;
    weight += other.weight;
  }
};

namespace detail {

// Adds root(w) x into the level sums q (size x k).
inline void add_level_sums(const Absorption& a, const BlockReader& reader, Eigen::MatrixXd& q) {
  const int n = reader.rows();
  std::vector<int> level(static_cast<std::size_t>(n));
  std::vector<double> value(static_cast<std::size_t>(n));
  int offset = 0;
  for (const Effect& e : a.effects) {
    const bool plain = !e.slope.exists() && !a.weights.exists();
    for (int i = 0; i < n; ++i) {
      const std::size_t row = reader.row(i);
      level[i] = offset + e.code[row];
      if (!plain) value[i] = reader.root_weight(i) * (e.slope.exists() ? e.slope[row] : 1.0);
    }
    for (Eigen::Index k = 0; k < q.cols(); ++k) {
      double* sums = q.col(k).data();
      const double* x = reader.values().col(k).data();
      if (plain) {
        for (int i = 0; i < n; ++i) sums[level[i]] += x[i];
      } else {
        for (int i = 0; i < n; ++i) sums[level[i]] += value[i] * x[i];
      }
    }
    offset += e.levels;
  }
}

// Lower triangle of block' block. Few columns over a block in the cache: plain inner products
// beat a general matrix product, whose packing pays off only from about 24 columns on.
inline void add_cross_products(const BlockReader& reader, Eigen::MatrixXd& cross) {
  const auto block = reader.values().topRows(reader.rows());
  const Eigen::Index k = block.cols();
  if (k > 24) {
    cross.selfadjointView<Eigen::Lower>().rankUpdate(block.transpose());
    return;
  }
  for (Eigen::Index j = 0; j < k; ++j)
    for (Eigen::Index i = j; i < k; ++i) cross(i, j) += block.col(i).dot(block.col(j));
}

}  // namespace detail

// Sums of the raw columns around `shift`, for totals, and the group-eliminated cross-products.
inline MomentSums sum_moments(const Absorption& a, const Columns& columns,
                              const Eigen::VectorXd& shift, const Eigen::MatrixXd* effects,
                              const Execution& exec) {
  const int k = static_cast<int>(columns.size()), size = a.size();
  const std::vector<Chunk> chunks =
      cut_chunks(a, static_cast<std::size_t>(k) * static_cast<std::size_t>(size + k));
  std::vector<MomentSums> partial(chunks.size(), MomentSums(size, k));
  parallel_for(chunks.size(), exec, [&](std::size_t c) {
    MomentSums& sums = partial[c];
    BlockReader reader(a, columns);
    for (int g = chunks[c].g0; g < chunks[c].g1;) {
      g = reader.load(g, chunks[c].g1, effects, [&](int col, const double* raw) {
        reader.add_raw(raw, shift[col], sums.sum[col], sums.squares[col]);
      });
      sums.weight += reader.weight();
      detail::add_cross_products(reader, sums.cross);
      if (size > 0) detail::add_level_sums(a, reader, sums.q);
    }
  });
  for (std::size_t c = 1; c < partial.size(); ++c) partial[0].add(partial[c]);
  partial[0].cross = partial[0].cross.selfadjointView<Eigen::Lower>();
  return partial[0];
}

// The system is the caller's, who may solve with it again.
inline Moments compute_moments(const Absorption& a, const Columns& columns, ReducedSystem& system,
                               const Execution& exec) {
  const int k = static_cast<int>(columns.size());
  Eigen::VectorXd shift(k);
  for (int j = 0; j < k; ++j) shift[j] = columns[j][a.rows[0]];
  const MomentSums sums = sum_moments(a, columns, shift, nullptr, exec);

  Moments m;
  m.weight = sums.weight;
  m.total = sums.squares - sums.sum.cwiseAbs2() / sums.weight;
  // sum w x^2 from sums around the shift
  m.raw = (sums.squares + 2 * shift.cwiseProduct(sums.sum) + sums.weight * shift.cwiseAbs2())
              .cwiseMax(0)
              .cwiseSqrt();
  m.eliminated = sums.cross.diagonal();
  m.effects = system.solve(sums.q);
  m.gram = sums.cross - sums.q.transpose() * m.effects;
  m.gram = 0.5 * (m.gram + m.gram.transpose()).eval();
  m.local_rank = system.local_rank();
  m.reduced_rank = system.rank();
  m.exact_rank = system.exact_rank();
  m.iterations = system.iterations();
  m.converged = system.converged();
  return m;
}

}  // namespace pilotdid

#endif
