// Multipliers of a spatial lag: what a unit change of a regressor in every unit does, on average,
// to the own outcome and to all outcomes. A regressor with coefficient b, its lag with coefficient
// c:
//   direct  (b tr S^-1 + c tr G) / N,   total  (b 1'S^-1 1 + c 1'G 1) / N,
// S = I - rho W, G = S^-1 W (LeSage and Pace 2009). For a row-standardized W the total is
// (b + c) / (1 - rho).
#ifndef PILOTDID_SPATIAL_EFFECTS_HPP
#define PILOTDID_SPATIAL_EFFECTS_HPP

#include <Eigen/Dense>
#include <cmath>
#include <vector>

#include "log_determinant.hpp"
#include "parallel.hpp"
#include "spatial_weights.hpp"

namespace pilotdid {

// value and derivative with respect to rho, in the order tr S^-1 / N, tr G / N, 1'S^-1 1 / N, 1'G 1
// / N
struct SpatialMultipliers {
  Eigen::Vector4d value, slope;
};

// Leaves the factor at rho. The determinant goes first: its derivatives may use the same factor.
inline SpatialMultipliers spatial_multipliers(const SpatialWeights& w, SpatialOperator* op,
                                              double rho) {
  SpatialMultipliers m;
  const double n = w.n;
  const Eigen::VectorXd ones = Eigen::VectorXd::Ones(w.n);
  if (!op) {
    // No lag of y: only the lag of x spreads, once.
    m.value << 1, 0, 1, w.row_sums().mean();
    m.slope.setZero();
    return m;
  }
  const std::pair<double, double> d = op->determinant().derivatives(rho);
  const double g = -d.first / n, g2 = -d.second / n;
  op->factor->factor(rho);
  // S^-1 = I + rho G, and all these matrices commute.
  const Eigen::MatrixXd a = op->factor->solve(ones), wa = w.lag(a);
  const Eigen::MatrixXd b = op->factor->solve(wa), wb = w.lag(b);
  m.value << 1 + rho * g, g, a.sum() / n, wa.sum() / n;
  m.slope << g + rho * g2, g2, b.sum() / n, wb.sum() / n;
  return m;
}

// Values at many rho (draws from the sampling distribution), 4 x draws, by barycentric
// interpolation between 24 Chebyshev points over their range: draws span a few standard errors,
// where the functions are smooth to working precision.
inline Eigen::MatrixXd multipliers_at(const SpatialWeights& w, SpatialOperator& op,
                                      const Eigen::VectorXd& rho) {
  const int points = 24;
  const double low = rho.minCoeff(), high = rho.maxCoeff();
  Eigen::VectorXd node(points), share(points);
  Eigen::MatrixXd values(4, points);
  for (int j = 0; j < points; ++j) {
    const double angle = 3.14159265358979323846 * (2 * j + 1) / (2 * points);
    node[j] = 0.5 * (low + high) - 0.5 * (high - low) * std::cos(angle);
    share[j] = (j % 2 ? -1 : 1) * std::sin(angle);
    values.col(j) = spatial_multipliers(w, &op, node[j]).value;
  }
  Eigen::MatrixXd out(4, rho.size());
  for (Eigen::Index i = 0; i < rho.size(); ++i) {
    Eigen::Vector4d sum = Eigen::Vector4d::Zero();
    double total = 0;
    int hit = -1;
    for (int j = 0; j < points && hit < 0; ++j) {
      const double gap = rho[i] - node[j];
      if (gap == 0) {
        hit = j;
      } else {
        sum += share[j] / gap * values.col(j);
        total += share[j] / gap;
      }
    }
    out.col(i) = hit >= 0 ? Eigen::Vector4d(values.col(hit)) : Eigen::Vector4d(sum / total);
  }
  return out;
}

// By order q = 0 .. orders of the expansion S^-1 = sum rho^q W^q: tr W^q / N and 1'W^q 1 / N,
// 2 x (orders + 2). Columns of the powers come in blocks; nothing N x N is kept.
inline Eigen::MatrixXd power_means(const SpatialWeights& w, int orders, const Execution& exec) {
  const int block = 64;
  const std::size_t chunks = (static_cast<std::size_t>(w.n) + block - 1) / block;
  std::vector<Eigen::MatrixXd> parts(chunks, Eigen::MatrixXd::Zero(2, orders + 2));
  parallel_for(chunks, exec, [&](std::size_t c) {
    const int first = static_cast<int>(c) * block, width = std::min(block, w.n - first);
    Eigen::MatrixXd power = Eigen::MatrixXd::Zero(w.n, width);
    for (int j = 0; j < width; ++j) power(first + j, j) = 1;
    for (int q = 0; q < orders + 2; ++q) {
      if (q > 0) power = w.lag(power);
      for (int j = 0; j < width; ++j) parts[c](0, q) += power(first + j, j);
      parts[c](1, q) = power.sum();
    }
  });
  Eigen::MatrixXd total = Eigen::MatrixXd::Zero(2, orders + 2);
  for (const Eigen::MatrixXd& part : parts) total += part;
  return total / w.n;
}

}  // namespace pilotdid

#endif
