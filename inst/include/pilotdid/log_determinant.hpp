// ln|I - rho W| as a function of rho, three ways that agree: from eigenvalues, by a factorization
// for each rho, and by interpolation between such values.
#ifndef PILOTDID_LOG_DETERMINANT_HPP
#define PILOTDID_LOG_DETERMINANT_HPP

#include <Eigen/Dense>
#include <cmath>
#include <complex>
#include <limits>
#include <memory>
#include <utility>
#include <vector>

#include "spatial_factor.hpp"
#include "spatial_weights.hpp"

namespace pilotdid {

enum class DeterminantMethod { eigenvalues, factor, chebyshev };

// The open interval around zero in which I - rho W is not singular.
struct SpatialRange {
  double lower = -1, upper = 1;
};

class LogDeterminant {
 public:
  virtual ~LogDeterminant() = default;
  virtual double value(double rho) = 0;
  virtual const SpatialRange& range() const = 0;
  // A value costs little: many may be asked for.
  virtual bool cheap() const { return true; }
  // First and second derivative: -tr G and -tr G^2, G = W (I - rho W)^-1. By central differences
  // of eighth order: at this step the truncation is below 1e-12 and the rounding of values near
  // N leaves about ten digits.
  virtual std::pair<double, double> derivatives(double rho) {
    const double h = 0.02 * std::min({rho - range().lower, range().upper - rho, 1.0});
    const double first[] = {4.0 / 5, -1.0 / 5, 4.0 / 105, -1.0 / 280};
    const double second[] = {8.0 / 5, -1.0 / 5, 8.0 / 315, -1.0 / 560};
    double d1 = 0, d2 = -205.0 / 72 * value(rho);
    for (int i = 0; i < 4; ++i) {
      const double up = value(rho + (i + 1) * h), down = value(rho - (i + 1) * h);
      d1 += first[i] * (up - down);
      d2 += second[i] * (up + down);
    }
    return {d1 / h, d2 / (h * h)};
  }
};

// Eigenvalues of W; real ones where W is similar to a symmetric matrix. O(N^3) once.
inline Eigen::VectorXcd spatial_eigenvalues(const SpatialWeights& w, const Symmetrizer& s) {
  if (s.exists) {
    const Eigen::MatrixXd h = symmetric_similar(w, s);
    return Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd>(h, Eigen::EigenvaluesOnly)
        .eigenvalues()
        .cast<std::complex<double>>();
  }
  const Eigen::MatrixXd dense = w.matrix();
  return Eigen::EigenSolver<Eigen::MatrixXd>(dense, false).eigenvalues();
}

class EigenvalueDeterminant : public LogDeterminant {
 public:
  // Real spectra give the exact interval. Where some are complex, it is (-1/r, 1/r) as for the
  // other methods: the real ones alone may not bound it on the left.
  explicit EigenvalueDeterminant(const Eigen::VectorXcd& values) : values_(values) {
    const double radius = values.cwiseAbs().maxCoeff();
    const bool real = (values.imag().array() == 0).all();
    range_.upper = 1 / radius;
    range_.lower = real ? 1 / values.real().minCoeff() : -1 / radius;
  }
  double value(double rho) override {
    // ln|1 - rho v| for complex v is half the logarithm of the squared modulus.
    return 0.5 * (1.0 - rho * values_.array()).abs2().log().sum();
  }
  const SpatialRange& range() const override { return range_; }
  std::pair<double, double> derivatives(double rho) override {
    const Eigen::ArrayXcd g = values_.array() / (1.0 - rho * values_.array());
    return {-g.sum().real(), -g.square().sum().real()};
  }

 private:
  Eigen::VectorXcd values_;
  SpatialRange range_;
};

// One factorization for each value. All eigenvalues of the non-negative W are at most its spectral
// radius r in modulus, so (-1/r, 1/r) is always allowed.
class FactorDeterminant : public LogDeterminant {
 public:
  FactorDeterminant(SpatialFactor& factor, double radius)
      : factor_(factor), range_{-1 / radius, 1 / radius} {}
  double value(double rho) override {
    if (rho == 0) return 0;
    return factor_.factor(rho) ? factor_.log_determinant()
                               : -std::numeric_limits<double>::infinity();
  }
  const SpatialRange& range() const override { return range_; }
  bool cheap() const override { return false; }

 private:
  SpatialFactor& factor_;
  SpatialRange range_;
};

// A Chebyshev interpolant in s, rho = r tanh(s). The determinant is singular only where |rho| >= r,
// and tanh keeps all of that at least pi/4 away from the real axis of s, whatever the spectrum of
// W: the series converges geometrically up to the ends of the range. Nodes are doubled until the
// last coefficients vanish.
class ChebyshevDeterminant : public LogDeterminant {
 public:
  explicit ChebyshevDeterminant(LogDeterminant& exact)
      : middle_(0.5 * (exact.range().upper + exact.range().lower)),
        half_(0.5 * (exact.range().upper - exact.range().lower)),
        range_{middle_ - half_ * std::tanh(reach), middle_ + half_ * std::tanh(reach)} {
    std::vector<double> values;
    for (int degree = 32; degree <= 1024; degree *= 2) {
      refine(exact, degree, values);
      fit(values);
      const double tail = coefficients_.tail(degree / 8).cwiseAbs().maxCoeff();
      // The values carry about N rounding errors: no more digits are there to be had.
      converged_ = tail <= 1e-12 * std::max(1.0, coefficients_.cwiseAbs().maxCoeff());
      if (converged_) break;
    }
  }
  bool converged() const { return converged_; }
  int nodes() const { return static_cast<int>(coefficients_.size()); }
  // 0.1 % short of the exact range on either side.
  const SpatialRange& range() const override { return range_; }

  double value(double rho) override {
    const double x = std::atanh((rho - middle_) / half_) / reach;
    // Clenshaw's recurrence
    double b1 = 0, b2 = 0;
    for (Eigen::Index j = coefficients_.size() - 1; j > 0; --j) {
      const double b = coefficients_[j] + 2 * x * b1 - b2;
      b2 = b1;
      b1 = b;
    }
    return coefficients_[0] + x * b1 - b2;
  }

 private:
  static constexpr double reach = 3.8;  // tanh(3.8) = 0.999
  static constexpr double pi = 3.14159265358979323846;

  double rho_at(int node, int degree) const {
    return middle_ + half_ * std::tanh(reach * std::cos(pi * node / degree));
  }
  // Chebyshev points of the second kind: those of half the degree are reused.
  void refine(LogDeterminant& exact, int degree, std::vector<double>& values) const {
    std::vector<double> finer(static_cast<std::size_t>(degree) + 1);
    for (int node = 0; node <= degree; ++node)
      finer[node] =
          !values.empty() && node % 2 == 0 ? values[node / 2] : exact.value(rho_at(node, degree));
    values = finer;
  }
  void fit(const std::vector<double>& values) {
    const int degree = static_cast<int>(values.size()) - 1;
    coefficients_.resize(degree + 1);
    for (int j = 0; j <= degree; ++j) {
      double sum = 0;
      for (int node = 0; node <= degree; ++node) {
        const double share = node == 0 || node == degree ? 0.5 : 1;
        sum += share * values[node] * std::cos(pi * j * node / degree);
      }
      coefficients_[j] = (j == 0 || j == degree ? 1.0 : 2.0) / degree * sum;
    }
  }

  double middle_, half_;
  SpatialRange range_;
  Eigen::VectorXd coefficients_;
  bool converged_ = false;
};

// What a fit needs of W: the determinant, and a factor for solutions at the estimate.
struct SpatialOperator {
  Symmetrizer symmetrizer;
  std::unique_ptr<SpatialFactor> factor;
  std::unique_ptr<LogDeterminant> exact;
  std::unique_ptr<LogDeterminant> interpolant;  // of the Chebyshev method
  DeterminantMethod method = DeterminantMethod::eigenvalues;
  bool converged = true;
  LogDeterminant& determinant() { return interpolant ? *interpolant : *exact; }
};

// `known`: eigenvalues found before, or an empty vector.
inline SpatialOperator make_operator(const SpatialWeights& w, DeterminantMethod method,
                                     const Eigen::VectorXcd& known) {
  SpatialOperator op;
  op.method = method;
  op.symmetrizer = find_symmetrizer(w);
  op.factor = make_factor(w, op.symmetrizer, is_dense(w));
  if (method == DeterminantMethod::eigenvalues) {
    op.exact.reset(new EigenvalueDeterminant(
        known.size() > 0 ? known : spatial_eigenvalues(w, op.symmetrizer)));
    return op;
  }
  const double radius = is_row_standardized(w) ? 1 : spectral_radius(w).value;
  op.exact.reset(new FactorDeterminant(*op.factor, radius));
  if (method == DeterminantMethod::chebyshev) {
    std::unique_ptr<ChebyshevDeterminant> c(new ChebyshevDeterminant(*op.exact));
    op.converged = c->converged();
    op.interpolant = std::move(c);
  }
  return op;
}

}  // namespace pilotdid

#endif
