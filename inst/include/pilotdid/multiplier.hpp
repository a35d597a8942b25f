// The multiplier bootstrap: sums over clusters of the influence times random weights of mean zero
// and variance one.
#ifndef PILOTDID_MULTIPLIER_HPP
#define PILOTDID_MULTIPLIER_HPP

#include <Eigen/Dense>
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

#include "parallel.hpp"
#include "random.hpp"

namespace pilotdid {

enum class Multiplier { mammen = 0, rademacher = 1, normal = 2 };

// Weights with two values: `high` with probability `share`, else `low`.
struct TwoPoints {
  double low, high, share;
};

inline TwoPoints two_points(Multiplier type) {
  if (type == Multiplier::rademacher) return {-1, 1, 0.5};
  const double root = std::sqrt(5.0);
  return {(1 - root) / 2, (1 + root) / 2, (root - 1) / (2 * root)};
}

// Eight bits, each one with probability threshold / 2^32.
inline unsigned eight_bits(Random& random, std::uint64_t threshold) {
  unsigned out = 0;
  for (unsigned pair = 0; pair < 4; ++pair) {
    const std::uint64_t word = random.bits();
    out |= static_cast<unsigned>((word >> 32) < threshold) << (2 * pair);
    out |= static_cast<unsigned>((word & 0xFFFFFFFFULL) < threshold) << (2 * pair + 1);
  }
  return out;
}

// Column m: the sum of those of the (up to eight) columns of psi that m has a bit for.
inline void subset_sums(const Eigen::Ref<const Eigen::MatrixXd>& psi, Eigen::MatrixXd& sums) {
  sums.col(0).setZero();
  for (int bit = 0; bit < 8; ++bit)
    for (int m = 0; m < (1 << bit); ++m) {
      if (bit < psi.cols()) sums.col(m + (1 << bit)).noalias() = sums.col(m) + psi.col(bit);
      else sums.col(m + (1 << bit)) = sums.col(m);
    }
}

// Draws first to first + n: low times the sum of all plus (high - low) times that of the clusters with `high`, which
// is looked up for eight clusters at a time: an eighth of the additions.
inline void two_point_draws(const Eigen::MatrixXd& psi, TwoPoints points, std::uint64_t seed, int first, int n,
                            Eigen::MatrixXd& out) {
  std::vector<Random> random;
  for (int b = 0; b < n; ++b) random.emplace_back(seed, static_cast<std::uint64_t>(first + b));
  const std::uint64_t threshold = static_cast<std::uint64_t>(points.share * 4294967296.0);
  Eigen::MatrixXd sums(psi.rows(), 256);
  for (Eigen::Index g = 0; g < psi.cols(); g += 8) {
    subset_sums(psi.middleCols(g, std::min<Eigen::Index>(8, psi.cols() - g)), sums);
    for (int b = 0; b < n; ++b) out.col(first + b) += sums.col(eight_bits(random[b], threshold));
  }
  const Eigen::VectorXd total = psi.rowwise().sum();
  for (int b = first; b < first + n; ++b)
    out.col(b) = points.low * total + (points.high - points.low) * out.col(b);
}

inline void normal_draws(const Eigen::MatrixXd& psi, std::uint64_t seed, int first, int n, Eigen::MatrixXd& out) {
  const Eigen::Index step = 1024;
  std::vector<Random> random;
  for (int b = 0; b < n; ++b) random.emplace_back(seed, static_cast<std::uint64_t>(first + b));
  Eigen::MatrixXd weights(step, n);
  for (Eigen::Index g = 0; g < psi.cols(); g += step) {
    const Eigen::Index size = std::min(step, psi.cols() - g);
    for (int b = 0; b < n; ++b)
      for (Eigen::Index i = 0; i < size; ++i) weights(i, b) = random[b].normal();
    out.middleCols(first, n).noalias() += psi.middleCols(g, size) * weights.topLeftCorner(size, n);
  }
}

// psi: effects x clusters (those of one cluster side by side). -> effects x draws.
inline Eigen::MatrixXd multiplier_bootstrap(const Eigen::MatrixXd& psi, int draws, Multiplier type,
                                            std::uint64_t seed, const Execution& exec) {
  const int block = 256;  // draws that share one pass over psi
  Eigen::MatrixXd out = Eigen::MatrixXd::Zero(psi.rows(), draws);
  const std::size_t chunks = static_cast<std::size_t>((draws + block - 1) / block);
  parallel_for(chunks, exec, [&](std::size_t c) {
    const int first = static_cast<int>(c) * block, n = std::min(block, draws - first);
    if (type == Multiplier::normal) normal_draws(psi, seed, first, n, out);
    else two_point_draws(psi, two_points(type), seed, first, n, out);
  });
  return out;
}

}  // namespace pilotdid

#endif
