// A small linear program over one polytope for many objectives: max g'y subject to W'g = e1, g >=
// 0.
#ifndef PILOTDID_VERTEX_PROGRAM_HPP
#define PILOTDID_VERTEX_PROGRAM_HPP

#include <Eigen/Dense>
#include <cmath>
#include <limits>
#include <vector>

namespace pilotdid {

// Primal simplex on a dense tableau. The polytope does not depend on the objective, so the basis of
// one solution is a feasible start for the next one: a re-solve takes a few pivots.
class VertexProgram {
 public:
  enum class Status { optimal, infeasible, unbounded };

  // w: m x p, the rows scaled to order one; the first column is the one that sums to one.
  explicit VertexProgram(const Eigen::MatrixXd& w) : w_(w), m_(static_cast<int>(w.rows())) {
    find_vertex();
  }

  bool feasible() const { return feasible_; }
  const Eigen::VectorXd& vertex() const { return g_; }
  double value() const { return value_; }

  Status maximize(const Eigen::VectorXd& y) {
    if (!feasible_) return Status::infeasible;
    const Status status = pivot_until_optimal(y, m_);
    g_.setZero(m_);
    for (int i = 0; i < rows(); ++i) g_[basis_[i]] = std::max(rhs_[i], 0.0);
    value_ = g_.dot(y);
    return status;
  }

 private:
  // On data of order one: what is left of a zero after a few dozen pivots on at most some 100
  // columns.
  static constexpr double tiny = 1e-10;
  static constexpr int pivots_between_refreshes = 100;

  int rows() const { return static_cast<int>(basis_.size()); }

  // Phase one: artificial columns behind the real ones, their sum driven to zero.
  void find_vertex() {
    const int p = static_cast<int>(w_.cols());
    tableau_.setZero(p, m_ + p);
    tableau_.leftCols(m_) = w_.transpose();
    tableau_.rightCols(p).setIdentity();
    rhs_ = Eigen::VectorXd::Unit(p, 0);
    basis_.resize(p);
    for (int i = 0; i < p; ++i) basis_[i] = m_ + i;
    Eigen::VectorXd phase_one = Eigen::VectorXd::Zero(m_ + p);
    phase_one.tail(p).setConstant(-1);
    pivot_until_optimal(phase_one, m_);
    double left = 0;
    for (int i = 0; i < p; ++i) left += basis_[i] >= m_ ? rhs_[i] : 0;
    feasible_ = left < 1e-8;  // a sum of p terms, each good to `tiny`
    if (feasible_) drop_artificials();
  }

  // An artificial at zero leaves the basis, or its equation is a combination of the others.
  void drop_artificials() {
    std::vector<int> kept;
    for (int i = 0; i < rows(); ++i) {
      if (basis_[i] >= m_) {
        int column = 0;
        const double largest = tableau_.row(i).head(m_).cwiseAbs().maxCoeff(&column);
        if (largest > 1e-8) pivot(i, column);
      }
      if (basis_[i] < m_) kept.push_back(i);
    }
    const int n = static_cast<int>(kept.size());
    Eigen::MatrixXd t(n, m_);
    Eigen::VectorXd r(n);
    std::vector<int> basis(n);
    for (int i = 0; i < n; ++i) {
      t.row(i) = tableau_.row(kept[i]).head(m_);
      r[i] = std::max(rhs_[kept[i]], 0.0);
      basis[i] = basis_[kept[i]];
    }
    equations_ = t;
    right_ = r;
    tableau_ = t;
    rhs_ = r;
    basis_ = basis;
    pivots_ = 0;
  }

  // columns: only the first so many may enter.
  Status pivot_until_optimal(const Eigen::VectorXd& y, int columns) {
    const double scale = 1 + y.cwiseAbs().maxCoeff();
    int standing = 0;
    for (int count = 0; count < 10000; ++count) {
      Eigen::VectorXd own(rows());
      for (int i = 0; i < rows(); ++i) own[i] = y[basis_[i]];
      const Eigen::VectorXd gain = y.head(columns) - tableau_.leftCols(columns).transpose() * own;
      const int entering = choose_entering(gain, tiny * scale, standing > 20);
      if (entering < 0) return Status::optimal;
      const int leaving = choose_leaving(entering);
      if (leaving < 0) return Status::unbounded;
      standing = rhs_[leaving] < tiny ? standing + 1 : 0;
      pivot(leaving, entering);
    }
    return Status::optimal;
  }

  // The largest gain; after many steps on the spot the first gain (Bland's rule), which cannot
  // cycle.
  int choose_entering(const Eigen::VectorXd& gain, double floor, bool first) const {
    int best = -1;
    double most = floor;
    for (int j = 0; j < gain.size(); ++j) {
      if (gain[j] <= most) continue;
      best = j;
      if (first) break;
      most = gain[j];
    }
    return best;
  }

  int choose_leaving(int entering) const {
    int best = -1;
    double least = std::numeric_limits<double>::infinity();
    for (int i = 0; i < rows(); ++i) {
      if (tableau_(i, entering) <= 1e-9) continue;  // a smaller pivot would lose half the digits
      const double ratio = std::max(rhs_[i], 0.0) / tableau_(i, entering);
      if (ratio < least - tiny || (ratio < least + tiny && best >= 0 && basis_[i] < basis_[best])) {
        least = std::min(ratio, least);
        best = i;
      }
    }
    return best;
  }

  void pivot(int row, int column) {
    const double at = tableau_(row, column);
    tableau_.row(row) /= at;
    rhs_[row] /= at;
    for (int i = 0; i < rows(); ++i) {
      const double factor = tableau_(i, column);
      if (i == row || factor == 0) continue;
      tableau_.row(i) -= factor * tableau_.row(row);
      rhs_[i] -= factor * rhs_[row];
    }
    basis_[row] = column;
    if (++pivots_ >= pivots_between_refreshes && equations_.size()) refresh();
  }

  // The tableau anew from the equations, before rounding of many pivots adds up.
  void refresh() {
    Eigen::MatrixXd b(rows(), rows());
    for (int i = 0; i < rows(); ++i) b.col(i) = equations_.col(basis_[i]);
    const Eigen::PartialPivLU<Eigen::MatrixXd> lu(b);
    tableau_ = lu.solve(equations_);
    rhs_ = lu.solve(right_);
    pivots_ = 0;
  }

  const Eigen::MatrixXd w_;
  int m_;
  bool feasible_ = false;
  int pivots_ = 0;
  double value_ = 0;
  Eigen::MatrixXd tableau_, equations_;
  Eigen::VectorXd rhs_, right_, g_;
  std::vector<int> basis_;
};

}  // namespace pilotdid

#endif
