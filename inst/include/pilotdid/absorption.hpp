// What is partialled out, and the reader that hands out blocks of partialled-out rows.
//
// One factor (the unit, or whichever has the most levels) is eliminated within each of its
// groups, together with slopes on it if there are any. All other effects are "levels" of one
// long index 0 .. size-1 and enter the reduced system (reduced_system.hpp).
#ifndef PILOTDID_ABSORPTION_HPP
#define PILOTDID_ABSORPTION_HPP

#include <Eigen/Dense>
#include <algorithm>
#include <cmath>
#include <vector>

#include "column.hpp"
#include "parallel.hpp"
#include "simd.hpp"

namespace pilotdid {

// An effect beyond the eliminated factor: levels, and a slope variable where it is not a shift.
struct Effect {
  const int* code = nullptr;  // data row -> level
  int levels = 0;
  Column slope;
};

struct Absorption {
  Rows rows;
  const int* start = nullptr;  // group g holds positions start[g] .. start[g+1]-1
  int groups = 0;
  bool group_means = true;  // false: nothing is eliminated, groups are blocks of rows
  Columns group_slopes;     // slopes on the eliminated factor
  std::vector<Effect> effects;
  Column weights;

  int size() const {
    int m = 0;
    for (const Effect& e : effects) m += e.levels;
    return m;
  }
};

// An effect in n rows of the computation from `first` on: the caller's own codes where rows come as
// they stand, else copies.
class EffectRows {
 public:
  void read(const Effect& effect, const Rows& rows, int first, int n) {
    const std::size_t p = static_cast<std::size_t>(first), size = static_cast<std::size_t>(n);
    level = effect.code + p;
    if (!rows.identity()) {
      own_level_.resize(size);
      for (std::size_t i = 0; i < size; ++i) own_level_[i] = effect.code[rows[p + i]];
      level = own_level_.data();
    }
    if (!effect.slope.exists()) return;
    own_slope_.resize(size);
    for (std::size_t i = 0; i < size; ++i) own_slope_[i] = effect.slope[rows[p + i]];
    slope = own_slope_.data();
  }
  const int* level = nullptr;
  const double* slope = nullptr;  // null: the effect is a shift

 private:
  std::vector<int> own_level_;
  std::vector<double> own_slope_;
};

// Groups g0 .. g1-1 that make up one chunk of the work.
struct Chunk {
  int g0, g1;
};

// Cuts the groups into chunks of about equal numbers of rows. The number depends on the rows
// and on `scratch`, the doubles that each chunk must hold, and never on the threads.
inline std::vector<Chunk> cut_chunks(const Absorption& a, std::size_t scratch = 1) {
  const std::size_t rows_each = 8192, most = 128, memory = 4 << 20;
  const std::size_t n = a.rows.size();
  const std::size_t by_memory =
      std::max<std::size_t>(1, memory / std::max<std::size_t>(scratch, 1));
  const std::size_t wanted = std::max<std::size_t>(1, std::min({n / rows_each, most, by_memory}));
  std::vector<Chunk> chunks;
  int g0 = 0;
  for (std::size_t c = 1; c <= wanted && g0 < a.groups; ++c) {
    const int* end =
        std::lower_bound(a.start + g0 + 1, a.start + a.groups, static_cast<int>(n * c / wanted));
    const int g1 = c == wanted ? a.groups : static_cast<int>(end - a.start);
    chunks.push_back({g0, g1});
    g0 = g1;
  }
  return chunks;
}

// Reads rows in blocks of whole groups, each block a column-major matrix that fits the cache.
// All values are multiplied by the root of the weight, so that plain inner products of what is
// handed out are the weighted ones.
class BlockReader {
 public:
  BlockReader(const Absorption& absorption, const Columns& columns)
      : a_(absorption), columns_(columns) {}

  // The block that begins at group g: returns the first group of the next one.
  // `effects` (size x columns, or null) are taken off the values before groups are eliminated.
  // `on_raw()` is called while values() are still those of the data, before weights.
  template <class OnRaw>
  int load(int g, int g_end, const Eigen::MatrixXd* effects, OnRaw&& on_raw) {
    load_raw(g, g_end);
    // Plain means need no basis.
    if (a_.weights.exists() || !a_.group_slopes.empty()) make_basis();
    on_raw();
    // What comes next rounds: a large level common to all rows of a group would cost digits.
    if (a_.group_means && (effects || a_.weights.exists())) shift_groups();
    if (effects) subtract_effects(*effects);
    if (a_.weights.exists())
      values_.topRows(rows()).array().colwise() *= root_weight_.head(rows()).array();
    eliminate();
    return g1_;
  }

  int load(int g, int g_end, const Eigen::MatrixXd* effects) {
    return load(g, g_end, effects, [] {});
  }

  // Values as the data have them, for those who partial out on their own, and may change them.
  int load_raw(int g, int g_end) {
    begin_block(g, g_end);
    for (std::size_t k = 0; k < columns_.size(); ++k) {
      double* out = values_.col(static_cast<Eigen::Index>(k)).data();
      columns_[k].read([&](auto x) { gather(x, out); });
    }
    effects_.resize(a_.effects.size());
    for (std::size_t e = 0; e < effects_.size(); ++e)
      effects_[e].read(a_.effects[e], a_.rows, p0_, rows());
    return g1_;
  }
  Eigen::MatrixXd& raw_values() { return values_; }

  // Only the weights and the local bases, for the assembly of the reduced system.
  int load_basis(int g, int g_end) {
    begin_block(g, g_end);
    make_basis();
    return g1_;
  }

  int rows() const { return p1_ - p0_; }
  int first() const { return p0_; }
  int first_group() const { return g0_; }
  int end_group() const { return g1_; }
  std::size_t row(int i) const { return a_.rows[static_cast<std::size_t>(p0_ + i)]; }
  // rows x columns; only the first rows() rows are of this block.
  const Eigen::MatrixXd& values() const { return values_; }
  // Levels and slope values of effect e (null: the effect is a shift) in the rows of the block.
  const int* levels(std::size_t e) const { return effects_[e].level; }
  const double* slopes(std::size_t e) const { return effects_[e].slope; }
  const double* root_weights() const { return a_.weights.exists() ? root_weight_.data() : nullptr; }
  double weight() const {
    return a_.weights.exists() ? root_weight_.head(rows()).squaredNorm() : rows();
  }
  double root_weight(int i) const { return a_.weights.exists() ? root_weight_[i] : 1.0; }

  // The orthonormal local basis of the eliminated factor: rows x rank, valid within each group.
  int basis_size() const {
    return static_cast<int>(a_.group_means) + static_cast<int>(a_.group_slopes.size());
  }
  double basis(int i, int j) const { return basis_(i, j); }
  int local_rank() const { return local_rank_; }

 private:
  static constexpr int target_rows = 512;

  void begin_block(int g, int g_end) {
    g0_ = g;
    p0_ = a_.start[g];
    g1_ = g + 1;
    while (g1_ < g_end && a_.start[g1_ + 1] - p0_ <= target_rows) ++g1_;
    p1_ = a_.start[g1_];
    const int n = rows();
    if (values_.rows() < n || values_.cols() != static_cast<Eigen::Index>(columns_.size())) {
      // Columns a power of two apart would fall on the same lines of the cache: eight rows more.
      const int room = std::max(n, static_cast<int>(target_rows)) + 8;
      values_.resize(room, static_cast<Eigen::Index>(columns_.size()));
      spare_.setZero(room);
      root_weight_.resize(room);
      basis_.resize(room, basis_size());
    }
    if (a_.weights.exists())
      for (int i = 0; i < n; ++i) root_weight_[i] = std::sqrt(a_.weights[row(i)]);
  }

  // Where rows come as they stand, those of the next block are asked for while this one is worked
  // on: each column is a stream of its own, and the processor does not look ahead over the ends of
  // pages, which blocks about fill.
  template <class T>
  void gather(const T* x, double* out) const {
    if (!a_.rows.identity()) return gather_each(x, out);
    const int n = rows(), ahead = std::min(n, static_cast<int>(a_.rows.size()) - p1_);
    const T *from = x + p0_, *next = x + p1_;
#if defined(__GNUC__)
    for (int i = 0; i < ahead; i += 8) __builtin_prefetch(next + i);
#endif
    PILOTDID_SIMD()
    for (int i = 0; i < n; ++i) out[i] = static_cast<double>(from[i]);
  }
  void gather(const Indicator& x, double* out) const { gather_each(x, out); }

  template <class X>
  void gather_each(const X& x, double* out) const {
    const int n = rows();
    for (int i = 0; i < n; ++i) out[i] = static_cast<double>(x[row(i)]);
  }

  // Groups less their first rows, which is exact where levels dwarf what varies.
  void shift_groups() {
    for (Eigen::Index j = 0; j < values_.cols(); ++j) {
      double* column = values_.col(j).data();
      vectorized([&]() PILOTDID_INLINE {
        double* x = column;
        for (int g = g0_; g < g1_; ++g) {
          const int b = a_.start[g] - p0_, end = a_.start[g + 1] - p0_;
          if (b == end) continue;
          const double first = x[b];
          PILOTDID_SIMD()
          for (int i = b; i < end; ++i) x[i] -= first;
        }
      });
    }
  }

  void subtract_effects(const Eigen::MatrixXd& effects) {
    const int n = rows();
    Eigen::Index offset = 0;
    for (std::size_t e = 0; e < effects_.size(); ++e) {
      const int* level = levels(e);
      const double* slope = slopes(e);
      by_fours(values_.cols(), [&](Eigen::Index j, auto width) {
        constexpr int lanes = decltype(width)::value;
        double* x[lanes];
        const double* effect[lanes];
        for (int c = 0; c < lanes; ++c) {
          x[c] = values_.col(j + c).data();
          effect[c] = effects.col(j + c).data() + offset;
        }
        const auto subtract = [&](auto&& times_slope) {
          for (int i = 0; i < n; ++i) {
            const int l = level[i];
            PILOTDID_UNROLL
            for (int c = 0; c < lanes; ++c) x[c][i] -= times_slope(i, effect[c][l]);
          }
        };
        if (slope)
          subtract([&](int i, double v) { return v * slope[i]; });
        else
          subtract([](int, double v) { return v; });
      });
      offset += a_.effects[e].levels;
    }
  }

  // Modified Gram-Schmidt, repeated once: the second sweep removes the rounding of the first.
  void make_basis() {
    local_rank_ = 0;
    for (int g = g0_; g < g1_; ++g) {
      const int b = a_.start[g] - p0_, n = a_.start[g + 1] - a_.start[g];
      if (n == 0) continue;
      int j = 0;
      if (a_.group_means) {
        for (int i = b; i < b + n; ++i) basis_(i, 0) = root_weight(i);
        local_rank_ += normalize(0, b, n, 0.0);
        j = 1;
      }
      for (const Column& slope : a_.group_slopes) {
        for (int i = b; i < b + n; ++i) basis_(i, j) = root_weight(i) * slope[row(i)];
        const double before = basis_.col(j).segment(b, n).norm();
        for (int sweep = 0; sweep < 2; ++sweep)
          for (int l = 0; l < j; ++l)
            basis_.col(j).segment(b, n) -=
                basis_.col(l).segment(b, n).dot(basis_.col(j).segment(b, n)) *
                basis_.col(l).segment(b, n);
        // Below 1e-11 of its length only rounding is left: the slope does not vary in the group.
        local_rank_ += normalize(j, b, n, 1e-11 * before);
        ++j;
      }
    }
  }

  int normalize(int j, int b, int n, double floor) {
    const double norm = basis_.col(j).segment(b, n).norm();
    if (norm <= floor) {
      basis_.col(j).segment(b, n).setZero();
      return 0;
    }
    basis_.col(j).segment(b, n) /= norm;
    return 1;
  }

  // Projects the groups' bases off.
  void eliminate() {
    if (a_.group_means) {
      if (a_.weights.exists())
        by_fours(values_.cols(), [&](Eigen::Index j, auto width) {
          remove_weighted_means<decltype(width)::value>(j);
        });
      else
        for (Eigen::Index j = 0; j < values_.cols(); j += 4) remove_means(j);
    }
    if (a_.group_slopes.empty()) return;
    for (Eigen::Index k = 0; k < values_.cols(); ++k)
      for (int g = g0_; g < g1_; ++g) {
        const int b = a_.start[g] - p0_, n = a_.start[g + 1] - a_.start[g];
        if (n == 0) continue;
        auto segment = values_.col(k).segment(b, n);
        for (int sweep = 0; sweep < 2; ++sweep)
          for (int j = a_.group_means; j < basis_size(); ++j)
            segment -= basis_.col(j).segment(b, n).dot(segment) * basis_.col(j).segment(b, n);
      }
  }

  // Means are taken around the first row of the group, so that a large level common to all of its
  // rows costs no digits. Four columns at once: the ends of short groups are met once for all.
  void remove_means(Eigen::Index j) {
    double* x[4];
    for (Eigen::Index c = 0; c < 4; ++c)
      x[c] = j + c < values_.cols() ? values_.col(j + c).data() : spare_.data();
    vectorized([&]() PILOTDID_INLINE {
      double *x0 = x[0], *x1 = x[1], *x2 = x[2], *x3 = x[3];
      for (int g = g0_; g < g1_; ++g) {
        const int b = a_.start[g] - p0_, end = a_.start[g + 1] - p0_;
        if (b == end) continue;
        const double f0 = x0[b], f1 = x1[b], f2 = x2[b], f3 = x3[b], n = end - b;
        double m0 = 0, m1 = 0, m2 = 0, m3 = 0;
        PILOTDID_SIMD(reduction(+ : m0, m1, m2, m3))
        for (int i = b; i < end; ++i) {
          m0 += x0[i] - f0;
          m1 += x1[i] - f1;
          m2 += x2[i] - f2;
          m3 += x3[i] - f3;
        }
        m0 = f0 + m0 / n;
        m1 = f1 + m1 / n;
        m2 = f2 + m2 / n;
        m3 = f3 + m3 / n;
        PILOTDID_SIMD()
        for (int i = b; i < end; ++i) {
          x0[i] -= m0;
          x1[i] -= m1;
          x2[i] -= m2;
          x3[i] -= m3;
        }
      }
    });
  }

  // x holds root(w) * value and the basis root(w / W): the mean is around the first value.
  template <int lanes>
  void remove_weighted_means(Eigen::Index j) {
    const double* root = root_weight_.data();
    const double* basis = basis_.data();
    double* x[lanes];
    for (int c = 0; c < lanes; ++c) x[c] = values_.col(j + c).data();
    for (int g = g0_; g < g1_; ++g) {
      const int b = a_.start[g] - p0_, end = a_.start[g + 1] - p0_;
      if (b == end) continue;
      double first[lanes], sum[lanes];
      for (int c = 0; c < lanes; ++c) {
        first[c] = x[c][b] / root[b];
        sum[c] = 0;
      }
      for (int i = b; i < end; ++i) {
        PILOTDID_UNROLL
        for (int c = 0; c < lanes; ++c) sum[c] += (x[c][i] -= first[c] * root[i]) * basis[i];
      }
      for (int i = b; i < end; ++i) {
        PILOTDID_UNROLL
        for (int c = 0; c < lanes; ++c) x[c][i] -= sum[c] * basis[i];
      }
    }
  }

  const Absorption& a_;
  const Columns& columns_;
  Eigen::MatrixXd values_, basis_;
  Eigen::VectorXd root_weight_;
  Eigen::VectorXd spare_;  // stands in where four columns are worked on and there are fewer
  std::vector<EffectRows> effects_;
  int g0_ = 0, g1_ = 0, p0_ = 0, p1_ = 0, local_rank_ = 0;
};

// Calls body(reader) for each block of the chunk.
template <class Body>
void for_blocks(BlockReader& reader, Chunk chunk, const Eigen::MatrixXd* effects, Body&& body) {
  for (int g = chunk.g0; g < chunk.g1;) {
    g = reader.load(g, chunk.g1, effects);
    body(reader);
  }
}

}  // namespace pilotdid

#endif
