// Symmetric positive semi-definite systems: rank, a generalized inverse, solutions.
#ifndef PILOTDID_SEMIDEFINITE_HPP
#define PILOTDID_SEMIDEFINITE_HPP

#include <Eigen/Dense>
#include <cmath>
#include <numeric>
#include <vector>

namespace pilotdid {

// Cholesky with complete pivoting on a matrix scaled by the mass of its rows, in blocks (the
// LAPACK-style algorithm of Lucas 2004). Solutions are zero outside the pivots kept, which for
// a consistent system is as good as any other generalized inverse.
class SemidefiniteCholesky {
 public:
  // lower: m x m, only the lower triangle is read. mass: m, the diagonal before anything was
  // taken off it, against which what is left is judged. most: an upper bound on the rank that is
  // known from elsewhere (connected components), or m.
  void factor(const Eigen::MatrixXd& lower, const Eigen::VectorXd& mass, int most) {
    const int m = static_cast<int>(lower.rows());
    scale_.resize(m);
    for (int j = 0; j < m; ++j) scale_[j] = mass[j] > 0 ? 1 / std::sqrt(mass[j]) : 0;
    l_ = scale_.asDiagonal() * lower * scale_.asDiagonal();
    order_.resize(m);
    std::iota(order_.begin(), order_.end(), 0);
    // The pivots of the scaled matrix are 1 - R2 of a level on all before it. A link through
    // one row in a million leaves 1e-6, rounding at most m * 2e-16: 1e-11 lies well between.
    const double floor = 1e-11;
    rank_ = 0;
    Eigen::VectorXd spent(m);
    for (int b = 0; b < m && rank_ == b; b += block) {
      const int end = std::min(b + block, m);
      spent.setZero();
      for (int j = b; j < end; ++j) {
        if (j > b) spent.segment(j, m - j) += l_.col(j - 1).segment(j, m - j).cwiseAbs2();
        const int pivot = choose_pivot(spent, j, m);
        if (l_(pivot, pivot) - spent[pivot] <= floor || j >= most) break;
        exchange(j, pivot, spent);
        const double root = std::sqrt(l_(j, j) - spent[j]);
        const int below = m - j - 1;
        if (j > b && below > 0)
          l_.col(j).tail(below).noalias() -=
              l_.block(j + 1, b, below, j - b) * l_.row(j).segment(b, j - b).transpose();
        l_(j, j) = root;
        l_.col(j).tail(below) /= root;
        rank_ = j + 1;
      }
      const int done = rank_ - b, rest = m - end;
      if (rank_ == end && rest > 0)
        l_.bottomRightCorner(rest, rest)
            .selfadjointView<Eigen::Lower>()
            .rankUpdate(l_.block(end, b, rest, done), -1.0);
    }
  }

  int rank() const { return rank_; }

  // rhs: m x k, overwritten by a solution.
  void solve(Eigen::MatrixXd& rhs) const {
    Eigen::MatrixXd z(rank_, rhs.cols());
    for (int j = 0; j < rank_; ++j) z.row(j) = scale_[order_[j]] * rhs.row(order_[j]);
    const auto triangle = l_.topLeftCorner(rank_, rank_).triangularView<Eigen::Lower>();
    triangle.solveInPlace(z);
    triangle.adjoint().solveInPlace(z);
    rhs.setZero();
    for (int j = 0; j < rank_; ++j) rhs.row(order_[j]) = scale_[order_[j]] * z.row(j);
  }

 private:
  static constexpr int block = 64;

  int choose_pivot(const Eigen::VectorXd& spent, int j, int m) const {
    int best = j;
    for (int i = j + 1; i < m; ++i)
      if (l_(i, i) - spent[i] > l_(best, best) - spent[best]) best = i;
    return best;
  }

  // Symmetric exchange of rows and columns j < p in the lower triangle.
  void exchange(int j, int p, Eigen::VectorXd& spent) {
    if (p == j) return;
    const int m = static_cast<int>(l_.rows());
    l_.row(j).head(j).swap(l_.row(p).head(j));
    std::swap(l_(j, j), l_(p, p));
    for (int i = j + 1; i < p; ++i) std::swap(l_(i, j), l_(p, i));
    if (p + 1 < m) l_.col(j).tail(m - p - 1).swap(l_.col(p).tail(m - p - 1));
    std::swap(spent[j], spent[p]);
    std::swap(order_[j], order_[p]);
  }

  Eigen::MatrixXd l_;
  Eigen::VectorXd scale_;
  std::vector<int> order_;
  int rank_ = 0;
};

}  // namespace pilotdid

#endif
