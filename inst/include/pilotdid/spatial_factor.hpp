// I - rho W, factored for one rho after another: determinant and solutions.
//
// Sparse W: triangles whose pattern is found once. Dense W (inverse distances without cut-off):
// Cholesky where W is similar to a symmetric matrix, LU elsewhere.
#ifndef PILOTDID_SPATIAL_FACTOR_HPP
#define PILOTDID_SPATIAL_FACTOR_HPP

#include <Eigen/Dense>
#include <Eigen/Sparse>
#include <cmath>
#include <memory>
#include <vector>

#include "sparse_lu.hpp"
#include "spatial_weights.hpp"

namespace pilotdid {

class SpatialFactor {
 public:
  virtual ~SpatialFactor() = default;
  // False when I - rho W is singular to working precision, or, for Cholesky, not positive definite:
  // rho is then outside the interval around zero in which the model is defined.
  virtual bool factor(double rho) = 0;
  virtual double log_determinant() const = 0;
  // (I - rho W)^-1 b and its transpose, b: N x m
  virtual Eigen::MatrixXd solve(const Eigen::MatrixXd& b) const = 0;
  virtual Eigen::MatrixXd solve_transposed(const Eigen::MatrixXd& b) const = 0;
  // To be called after factor() and before solve_transposed() and the columns and rows below.
  virtual void prepare_inverse() {}
  // Columns of the inverse, and its rows as columns.
  virtual Eigen::MatrixXd inverse_columns(const std::vector<int>& which) const {
    return solve(unit_vectors(which));
  }
  virtual Eigen::MatrixXd inverse_rows(const std::vector<int>& which) const {
    return solve_transposed(unit_vectors(which));
  }

 protected:
  explicit SpatialFactor(int n) : n_(n) {}
  int n_;

 private:
  Eigen::MatrixXd unit_vectors(const std::vector<int>& which) const {
    Eigen::MatrixXd e = Eigen::MatrixXd::Zero(n_, static_cast<Eigen::Index>(which.size()));
    for (std::size_t j = 0; j < which.size(); ++j) e(which[j], static_cast<Eigen::Index>(j)) = 1;
    return e;
  }
};

// Any sparse W.
class SparseFactor : public SpatialFactor {
 public:
  explicit SparseFactor(const SpatialWeights& w) : SpatialFactor(w.n), lu_(w) {}
  bool factor(double rho) override { return lu_.factor(rho); }
  double log_determinant() const override { return lu_.log_determinant(); }
  Eigen::MatrixXd solve(const Eigen::MatrixXd& b) const override { return lu_.solve(b); }
  Eigen::MatrixXd solve_transposed(const Eigen::MatrixXd& b) const override {
    return lu_.solve_transposed(b);
  }

 private:
  SparseLu lu_;
};

// Through the symmetric H = D^(1/2) W D^(-1/2), a Cholesky factor of I - rho H.
class DenseSymmetricFactor : public SpatialFactor {
 public:
  DenseSymmetricFactor(const SpatialWeights& w, const Symmetrizer& s)
      : SpatialFactor(w.n), h_(symmetric_similar(w, s)), root_(s.root) {}
  bool factor(double rho) override {
    Eigen::MatrixXd a = -rho * h_;
    a.diagonal().array() += 1;
    solver_.compute(a);
    if (solver_.info() != Eigen::Success) return false;
    const Eigen::VectorXd pivots = solver_.matrixLLT().diagonal().cwiseAbs2();
    // The floor of a pivot that rounding cannot tell from zero.
    if (!(pivots.minCoeff() > 1e-15)) return false;
    log_determinant_ = pivots.array().log().sum();
    return true;
  }
  double log_determinant() const override { return log_determinant_; }
  Eigen::MatrixXd solve(const Eigen::MatrixXd& b) const override {
    Eigen::MatrixXd x = solver_.solve(root_.asDiagonal() * b);
    return root_.cwiseInverse().asDiagonal() * x;
  }
  Eigen::MatrixXd solve_transposed(const Eigen::MatrixXd& b) const override {
    Eigen::MatrixXd x = solver_.solve(root_.cwiseInverse().asDiagonal() * b);
    return root_.asDiagonal() * x;
  }

 private:
  Eigen::MatrixXd h_;
  Eigen::VectorXd root_;
  Eigen::LLT<Eigen::MatrixXd> solver_;
  double log_determinant_ = 0;
};

class DenseGeneralFactor : public SpatialFactor {
 public:
  explicit DenseGeneralFactor(const SpatialWeights& w) : SpatialFactor(w.n), w_(w.matrix()) {}
  bool factor(double rho) override {
    Eigen::MatrixXd a = -rho * w_;
    a.diagonal().array() += 1;
    solver_.compute(a);
    log_determinant_ = solver_.matrixLU().diagonal().array().abs().log().sum();
    return std::isfinite(log_determinant_);
  }
  double log_determinant() const override { return log_determinant_; }
  Eigen::MatrixXd solve(const Eigen::MatrixXd& b) const override { return solver_.solve(b); }
  Eigen::MatrixXd solve_transposed(const Eigen::MatrixXd& b) const override {
    return solver_.transpose().solve(b);
  }
  // For a small matrix the whole inverse at once costs less than its columns and rows in turn.
  void prepare_inverse() override {
    if (n_ <= 1000) inverse_ = solver_.inverse();
  }
  Eigen::MatrixXd inverse_columns(const std::vector<int>& which) const override {
    if (inverse_.size() == 0) return SpatialFactor::inverse_columns(which);
    Eigen::MatrixXd out(n_, static_cast<Eigen::Index>(which.size()));
    for (std::size_t j = 0; j < which.size(); ++j)
      out.col(static_cast<Eigen::Index>(j)) = inverse_.col(which[j]);
    return out;
  }
  Eigen::MatrixXd inverse_rows(const std::vector<int>& which) const override {
    if (inverse_.size() == 0) return SpatialFactor::inverse_rows(which);
    Eigen::MatrixXd out(n_, static_cast<Eigen::Index>(which.size()));
    for (std::size_t j = 0; j < which.size(); ++j)
      out.col(static_cast<Eigen::Index>(j)) = inverse_.row(which[j]).transpose();
    return out;
  }

 private:
  Eigen::MatrixXd w_, inverse_;
  Eigen::PartialPivLU<Eigen::MatrixXd> solver_;
  double log_determinant_ = 0;
};

inline std::unique_ptr<SpatialFactor> make_factor(const SpatialWeights& w, const Symmetrizer& s,
                                                  bool dense) {
  using Pointer = std::unique_ptr<SpatialFactor>;
  if (!dense) return Pointer(new SparseFactor(w));
  return s.exists ? Pointer(new DenseSymmetricFactor(w, s)) : Pointer(new DenseGeneralFactor(w));
}

// Above this share of links the fill-in of a sparse factor costs more than the dense one.
inline bool is_dense(const SpatialWeights& w) { return w.density() > 0.1; }

}  // namespace pilotdid

#endif
