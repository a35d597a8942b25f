// Second moments of partialled-out columns, in one pass and without writing them anywhere:
//   C'M C = (group-eliminated cross-products) - q' S^+ q.
// This is all that a solver needs from the data; moments made elsewhere would do as well.
#ifndef PILOTDID_MOMENTS_HPP
#define PILOTDID_MOMENTS_HPP

#include <Eigen/Dense>
#include <vector>

#include "absorption.hpp"
#include "cross_products.hpp"
#include "reduced_system.hpp"

namespace pilotdid {

struct Moments {
  Eigen::MatrixXd gram;        // k x k, everything partialled out
  Eigen::MatrixXd effects;     // size x k: S^+ q, the effects of each column
  Eigen::VectorXd total;       // k: (weighted) sum of squares around the mean, before anything
  Eigen::VectorXd raw;         // k: root of the (weighted) sum of squares around zero
  Eigen::VectorXd eliminated;  // k: sum of squares once the groups are eliminated
  double weight = 0;           // sum of the weights
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

// Sums of x - shift and of its square, weighted by root^2 (null: not at all).
inline void add_sums(const double* x, double shift, const double* root, int n, double& sum,
                     double& squares) {
  vectorized([&]() PILOTDID_INLINE {
    // Two halves at once: one running sum would wait for itself.
    const int half = n / 2;
    const double* y = x + half;
    double s = 0, ss = 0, t = 0, tt = 0;
    if (root) {
      PILOTDID_SIMD(reduction(+ : s, ss))
      for (int i = 0; i < n; ++i) {
        const double w = root[i] * root[i], u = x[i] - shift;
        s += w * u;
        ss += w * u * u;
      }
    } else {
      PILOTDID_SIMD(reduction(+ : s, ss, t, tt))
      for (int i = 0; i < half; ++i) {
        const double u = x[i] - shift, v = y[i] - shift;
        s += u;
        ss += u * u;
        t += v;
        tt += v * v;
      }
      if (n % 2) {
        const double u = x[n - 1] - shift;
        s += u;
        ss += u * u;
      }
    }
    sum += s + t;
    squares += ss + tt;
  });
}

// Adds root(w) x into the level sums q (size x k).
inline void add_level_sums(const Absorption& a, const BlockReader& reader, Eigen::MatrixXd& q) {
  const int n = reader.rows();
  std::vector<double> factor;
  Eigen::Index offset = 0;
  for (std::size_t e = 0; e < a.effects.size(); ++e) {
    const int* level = reader.levels(e);
    const double* slope = reader.slopes(e);
    const bool plain = !slope && !a.weights.exists();
    if (!plain) {
      factor.resize(static_cast<std::size_t>(n));
      for (int i = 0; i < n; ++i) factor[i] = reader.root_weight(i) * (slope ? slope[i] : 1.0);
    }
    by_fours(q.cols(), [&](Eigen::Index j, auto width) {
      constexpr int lanes = decltype(width)::value;
      double* sums[lanes];
      const double* x[lanes];
      for (int c = 0; c < lanes; ++c) {
        sums[c] = q.col(j + c).data() + offset;
        x[c] = reader.values().col(j + c).data();
      }
      const auto add = [&](auto&& weigh) {
        for (int i = 0; i < n; ++i) {
          const int l = level[i];
          PILOTDID_UNROLL
          for (int c = 0; c < lanes; ++c) sums[c][l] += weigh(i, x[c][i]);
        }
      };
      if (plain)
        add([](int, double v) { return v; });
      else
        add([&](int i, double v) { return factor[i] * v; });
    });
    offset += a.effects[e].levels;
  }
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
      g = reader.load(g, chunks[c].g1, effects, [&] {
        for (int j = 0; j < k; ++j)
          detail::add_sums(reader.values().col(j).data(), shift[j], reader.root_weights(),
                           reader.rows(), sums.sum[j], sums.squares[j]);
      });
      sums.weight += reader.weight();
      add_cross_products(reader.values(), reader.rows(), sums.cross);
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
