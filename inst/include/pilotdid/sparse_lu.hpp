// I - rho W = L D U for a sparse W, without exchanging rows: the pattern is analyzed once and
// serves every rho.
//
// For |rho| below one over the spectral radius of the non-negative W, I - |rho| W is an M-matrix,
// so every leading block of I - rho W is regular, its pivots are positive and elimination in any
// symmetric order is stable (Berman and Plemmons 1994, ch. 6; a row-standardized W makes it
// diagonally dominant). Where W is similar to a symmetric matrix the pivots are those of a Cholesky
// factor, positive as far as the matrix is.
#ifndef PILOTDID_SPARSE_LU_HPP
#define PILOTDID_SPARSE_LU_HPP

#include <Eigen/Dense>
#include <Eigen/OrderingMethods>
#include <Eigen/Sparse>
#include <algorithm>
#include <cmath>
#include <vector>

#include "simd.hpp"
#include "spatial_weights.hpp"

namespace pilotdid {

// Unit triangles L and U have transposed patterns: entry p of column i of L, in row index[p],
// stands beside the entry of U in row i and column index[p]. Both are updated by one pass over the
// indices.
class SparseLu {
 public:
  explicit SparseLu(const SpatialWeights& w) : n_(w.n) {
    order(w);
    read(w);
    analyze();
  }

  // False when a pivot is not positive.
  bool factor(double rho) {
    std::vector<Pair> work(static_cast<std::size_t>(n_), Pair{0, 0});
    std::vector<int> filled(start_.begin(), start_.end() - 1);
    log_determinant_ = 0;
    for (int k = 0; k < n_; ++k) {
      double pivot = 1 - rho * diagonal_[k];
      for (int p = entry_start_[k]; p < entry_start_[k + 1]; ++p)
        work[entry_row_[p]] = {-rho * entry_[p].lower, -rho * entry_[p].upper};
      for (int q = row_start_[k]; q < row_start_[k + 1]; ++q) {
        const int i = row_index_[q];
        const Pair y = work[i];
        work[i] = {0, 0};
        for (int p = start_[i]; p < filled[i]; ++p) {
          Pair& target = work[index_[p]];
          // L(r, i) meets what is above row i in column k, U(i, r) what is left of column i in row
          // k.
          target.lower -= value_[p].upper * y.lower;
          target.upper -= value_[p].lower * y.upper;
        }
        const double scaled = 1 / pivot_[i];
        pivot -= y.lower * y.upper * scaled;
        value_[filled[i]++] = {y.lower * scaled, y.upper * scaled};
      }
      // The floor of a pivot that rounding cannot tell from zero.
      if (!(pivot > 1e-15)) return false;
      pivot_[k] = pivot;
      log_determinant_ += std::log(pivot);
    }
    return true;
  }
  double log_determinant() const { return log_determinant_; }

  // (I - rho W)^-1 b, or with the transpose; b: N x m
  Eigen::MatrixXd solve(const Eigen::MatrixXd& b) const { return substitute<false>(b); }
  Eigen::MatrixXd solve_transposed(const Eigen::MatrixXd& b) const { return substitute<true>(b); }

 private:
  // Of a place below the diagonal and of its mirror image.
  struct Pair {
    double lower, upper;
  };

  void order(const SpatialWeights& w) {
    // The ordering puts places without an entry on the diagonal last, as if they were dense.
    Eigen::SparseMatrix<double> pattern(n_, n_);
    pattern.setIdentity();
    pattern += Eigen::SparseMatrix<double>(w.matrix());
    Eigen::PermutationMatrix<Eigen::Dynamic, Eigen::Dynamic, int> found;
    Eigen::AMDOrdering<int>()(pattern, found);  // of the pattern of W + W'
    place_.resize(static_cast<std::size_t>(n_));
    for (int k = 0; k < n_; ++k) place_[found.indices()[k]] = k;
  }

  // Row k left of the diagonal and column k above it, together, in the new order.
  void read(const SpatialWeights& w) {
    diagonal_.assign(static_cast<std::size_t>(n_), 0);
    struct Entry {
      int larger, smaller;
      Pair value;
    };
    std::vector<Entry> all;
    all.reserve(static_cast<std::size_t>(w.links()));
    for (int i = 0; i < n_; ++i)
      for (int p = w.start[i]; p < w.start[i + 1]; ++p) {
        const int from = place_[i], to = place_[w.column[p]];
        if (from == to)
          diagonal_[from] = w.value[p];
        else if (from > to)
          all.push_back({from, to, {w.value[p], 0}});
        else
          all.push_back({to, from, {0, w.value[p]}});
      }
    std::sort(all.begin(), all.end(), [](const Entry& a, const Entry& b) {
      return a.larger != b.larger ? a.larger < b.larger : a.smaller < b.smaller;
    });
    entry_start_.assign(static_cast<std::size_t>(n_) + 1, 0);
    int larger = -1;
    for (const Entry& e : all) {
      if (e.larger == larger && e.smaller == entry_row_.back()) {
        entry_.back().lower += e.value.lower;
        entry_.back().upper += e.value.upper;
        continue;
      }
      larger = e.larger;
      entry_row_.push_back(e.smaller);
      entry_.push_back(e.value);
      ++entry_start_[larger + 1];
    }
    for (int k = 0; k < n_; ++k) entry_start_[k + 1] += entry_start_[k];
  }

  // The elimination tree gives the pattern of each row of L (Liu 1990).
  void analyze() {
    std::vector<int> parent(static_cast<std::size_t>(n_), -1),
        seen(static_cast<std::size_t>(n_), -1);
    row_start_.assign(1, 0);
    start_.assign(static_cast<std::size_t>(n_) + 1, 0);
    for (int k = 0; k < n_; ++k) {
      seen[k] = k;
      for (int p = entry_start_[k]; p < entry_start_[k + 1]; ++p)
        for (int i = entry_row_[p]; seen[i] != k; i = parent[i]) {
          if (parent[i] == -1) parent[i] = k;
          seen[i] = k;
          row_index_.push_back(i);
          ++start_[i + 1];
        }
      std::sort(row_index_.begin() + row_start_.back(), row_index_.end());
      row_start_.push_back(static_cast<int>(row_index_.size()));
    }
    for (int k = 0; k < n_; ++k) start_[k + 1] += start_[k];
    index_.resize(row_index_.size());
    std::vector<int> next(start_.begin(), start_.end() - 1);
    for (int k = 0; k < n_; ++k)
      for (int q = row_start_[k]; q < row_start_[k + 1]; ++q) index_[next[row_index_[q]]++] = k;
    value_.resize(index_.size());
    pivot_.assign(static_cast<std::size_t>(n_), 1);
  }

  // Right-hand sides go in groups, row-major, so that one read of the factor serves all of them.
  template <bool transposed>
  Eigen::MatrixXd substitute(const Eigen::MatrixXd& b) const {
    constexpr int group = 8;
    Eigen::MatrixXd out(n_, b.cols());
    Eigen::Matrix<double, Eigen::Dynamic, group, Eigen::RowMajor> x(n_, group);
    const auto forward = [&](int p) PILOTDID_INLINE {
      return transposed ? value_[p].upper : value_[p].lower;
    };
    const auto backward = [&](int p) PILOTDID_INLINE {
      return transposed ? value_[p].lower : value_[p].upper;
    };
    for (Eigen::Index first = 0; first < b.cols(); first += group) {
      const Eigen::Index width = std::min<Eigen::Index>(group, b.cols() - first);
      if (width < group) x.setZero();
      for (int i = 0; i < n_; ++i) x.row(place_[i]).head(width) = b.row(i).segment(first, width);
      vectorized([&]() PILOTDID_INLINE {
        for (int i = 0; i < n_; ++i) {
          const double* own = &x(i, 0);
          bool empty = true;
          for (int c = 0; c < group; ++c) empty = empty && own[c] == 0;
          // Columns of the identity fill few rows on the way down.
          if (empty) continue;
          for (int p = start_[i]; p < start_[i + 1]; ++p) {
            double* row = &x(index_[p], 0);
            const double factor = forward(p);
            PILOTDID_SIMD()
            for (int c = 0; c < group; ++c) row[c] -= factor * own[c];
          }
        }
        for (int i = n_ - 1; i >= 0; --i) {
          double own[group];
          for (int c = 0; c < group; ++c) own[c] = x(i, c) / pivot_[i];
          for (int p = start_[i]; p < start_[i + 1]; ++p) {
            const double* row = &x(index_[p], 0);
            const double factor = backward(p);
            PILOTDID_SIMD()
            for (int c = 0; c < group; ++c) own[c] -= factor * row[c];
          }
          for (int c = 0; c < group; ++c) x(i, c) = own[c];
        }
      });
      for (int i = 0; i < n_; ++i) out.row(i).segment(first, width) = x.row(place_[i]).head(width);
    }
    return out;
  }

  int n_;
  std::vector<int> place_;                    // of each unit in the new order
  std::vector<int> entry_start_, entry_row_;  // W off the diagonal
  std::vector<Pair> entry_;
  std::vector<double> diagonal_;
  std::vector<int> row_start_, row_index_;  // pattern of L by rows
  std::vector<int> start_, index_;          // and by columns
  std::vector<Pair> value_;
  std::vector<double> pivot_;
  double log_determinant_ = 0;
};

}  // namespace pilotdid

#endif
