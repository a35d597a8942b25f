// The spatial weights matrix W (N x N, non-negative, zero diagonal) in compressed rows.
#ifndef PILOTDID_SPATIAL_WEIGHTS_HPP
#define PILOTDID_SPATIAL_WEIGHTS_HPP

#include <Eigen/Dense>
#include <Eigen/Sparse>
#include <algorithm>
#include <cmath>
#include <vector>

namespace pilotdid {

// A view: row i holds column[start[i]] .. column[start[i+1]-1], ascending.
struct SpatialWeights {
  int n = 0;
  const int* start = nullptr;
  const int* column = nullptr;
  const double* value = nullptr;

  int links() const { return start[n]; }
  double density() const { return static_cast<double>(links()) / n / n; }

  using View = Eigen::Map<const Eigen::SparseMatrix<double, Eigen::RowMajor, int>>;
  View matrix() const { return View(n, n, links(), start, column, value); }

  // W x, x: N x m. Columns go in groups, row-major, so that one read of W serves all of them.
  template <class Derived>
  Eigen::MatrixXd lag(const Eigen::MatrixBase<Derived>& x) const {
    constexpr int group = 8;
    Eigen::MatrixXd out(n, x.cols());
    Eigen::Matrix<double, Eigen::Dynamic, group, Eigen::RowMajor> rows(n, group);
    for (Eigen::Index k = 0; k < x.cols(); k += group) {
      const Eigen::Index width = std::min<Eigen::Index>(group, x.cols() - k);
      if (width < group) rows.setZero();
      rows.leftCols(width) = x.middleCols(k, width);
      for (int i = 0; i < n; ++i) {
        Eigen::Matrix<double, 1, group> sum = Eigen::Matrix<double, 1, group>::Zero();
        for (int p = start[i]; p < start[i + 1]; ++p) sum += value[p] * rows.row(column[p]);
        out.row(i).segment(k, width) = sum.head(width);
      }
    }
    return out;
  }

  // W' x
  template <class Derived>
  Eigen::MatrixXd lag_transposed(const Eigen::MatrixBase<Derived>& x) const {
    Eigen::MatrixXd out = Eigen::MatrixXd::Zero(n, x.cols());
    for (Eigen::Index k = 0; k < x.cols(); ++k)
      for (int i = 0; i < n; ++i)
        for (int p = start[i]; p < start[i + 1]; ++p) out(column[p], k) += value[p] * x(i, k);
    return out;
  }

  Eigen::VectorXd row_sums() const { return lag(Eigen::VectorXd::Ones(n)); }
};

// Every row sums to one: then W 1 = 1, and the time effects pass through W unchanged.
inline bool is_row_standardized(const SpatialWeights& w) {
  // Rounding of a sum of at most n numbers that add up to one.
  return ((w.row_sums().array() - 1).abs() < 1e-12 * std::sqrt(1.0 + w.n)).all();
}

// W may be similar to a symmetric matrix: d_i w_ij = d_j w_ji for some d > 0, as it is when a
// symmetric matrix was row-standardized. Then H = D^(1/2) W D^(-1/2) is symmetric,
// h_ij = sqrt(w_ij w_ji), with the eigenvalues of W.
struct Symmetrizer {
  bool exists = false;
  Eigen::VectorXd root;  // sqrt(d), N
};

inline Symmetrizer find_symmetrizer(const SpatialWeights& w) {
  const Eigen::SparseMatrix<double, Eigen::RowMajor> transposed = w.matrix().transpose();
  const int* t_start = transposed.outerIndexPtr();
  Symmetrizer s;
  for (int i = 0; i <= w.n; ++i)
    if (t_start[i] != w.start[i]) return s;
  for (int p = 0; p < w.links(); ++p)
    if (transposed.innerIndexPtr()[p] != w.column[p]) return s;
  // Walk over the links from one place of each component; afterwards every link is checked.
  Eigen::VectorXd log_d = Eigen::VectorXd::Zero(w.n);
  std::vector<char> seen(static_cast<std::size_t>(w.n), 0);
  std::vector<int> queue;
  for (int root = 0; root < w.n; ++root) {
    if (seen[root]) continue;
    seen[root] = 1;
    queue.assign(1, root);
    while (!queue.empty()) {
      const int i = queue.back();
      queue.pop_back();
      for (int p = w.start[i]; p < w.start[i + 1]; ++p) {
        const int j = w.column[p];
        if (seen[j]) continue;
        seen[j] = 1;
        log_d[j] = log_d[i] + std::log(w.value[p] / transposed.valuePtr()[p]);
        queue.push_back(j);
      }
    }
  }
  for (int i = 0; i < w.n; ++i)
    for (int p = w.start[i]; p < w.start[i + 1]; ++p) {
      const double off =
          log_d[i] + std::log(w.value[p] / transposed.valuePtr()[p]) - log_d[w.column[p]];
      // Logarithms of rounded weights, added up along the walk.
      if (!(std::abs(off) < 1e-9)) return s;
    }
  s.exists = true;
  s.root = (0.5 * log_d.array()).exp();
  return s;
}

// H of the symmetrizer.
inline Eigen::SparseMatrix<double> symmetric_similar(const SpatialWeights& w,
                                                     const Symmetrizer& s) {
  Eigen::SparseMatrix<double> h = w.matrix();
  for (int j = 0; j < h.outerSize(); ++j)
    for (Eigen::SparseMatrix<double>::InnerIterator it(h, j); it; ++it)
      it.valueRef() *= s.root[it.row()] / s.root[it.col()];
  return h;
}

struct SpectralRadius {
  double value = 0;
  bool converged = false;
};

// The largest eigenvalue of the non-negative W, which is its spectral radius (Perron and
// Frobenius), by power iteration. For every x > 0 it lies between the smallest and the largest
// (Wx)_i / x_i (Collatz and Wielandt), so a connected map knows when it is done; one of several
// components stops when the quotient stands still. The shift makes the iteration converge on
// bipartite maps, whose spectrum is symmetric around zero.
inline SpectralRadius spectral_radius(const SpatialWeights& w) {
  SpectralRadius result;
  Eigen::VectorXd x = Eigen::VectorXd::Ones(w.n);
  const double shift = 0.5 * w.row_sums().maxCoeff();
  int still = 0;
  for (int iteration = 0; iteration < 20000 && !result.converged; ++iteration) {
    Eigen::VectorXd y = w.lag(x);
    y += shift * x;
    const Eigen::ArrayXd ratio = y.array() / x.array();
    const double before = result.value;
    result.value = x.dot(y) / x.squaredNorm() - shift;
    // Beyond 1e-12 the ratios only show rounding; fifty steps below 1e-15 leave no more than that.
    still = std::abs(result.value - before) <= 1e-15 * (result.value + shift) ? still + 1 : 0;
    result.converged =
        ratio.maxCoeff() - ratio.minCoeff() <= 1e-12 * (result.value + shift) || still >= 50;
    // Places outside the leading component fade out: they must stay positive.
    x = (y / y.maxCoeff()).cwiseMax(1e-290);
  }
  return result;
}

}  // namespace pilotdid

#endif
