// The multiplier bootstrap: sums over clusters of the influence times random weights of mean zero
// and variance one.
#ifndef PILOTDID_MULTIPLIER_HPP
#define PILOTDID_MULTIPLIER_HPP

#include <Eigen/Dense>
#include <algorithm>
#include <cmath>

#include "parallel.hpp"
#include "random.hpp"

namespace pilotdid {

enum class Multiplier { mammen = 0, rademacher = 1, normal = 2 };

inline double draw_multiplier(Multiplier type, Random& random) {
  if (type == Multiplier::rademacher) return random.uniform() < 0.5 ? -1 : 1;
  if (type == Multiplier::normal) return random.normal();
  const double root = std::sqrt(5.0);
  return random.uniform() < (root + 1) / (2 * root) ? (1 - root) / 2 : (1 + root) / 2;
}

// psi: effects x clusters (those of one cluster side by side). -> effects x draws.
inline Eigen::MatrixXd multiplier_bootstrap(const Eigen::MatrixXd& psi, int draws, Multiplier type,
                                            std::uint64_t seed, const Execution& exec) {
  const int block = 64;  // draws that share one pass over psi
  Eigen::MatrixXd out = Eigen::MatrixXd::Zero(psi.rows(), draws);
  const std::size_t chunks = static_cast<std::size_t>((draws + block - 1) / block);
  parallel_for(chunks, exec, [&](std::size_t c) {
    const int first = static_cast<int>(c) * block, n = std::min(block, draws - first);
    const Eigen::Index step = 1024;
    std::vector<Random> random;
    for (int b = 0; b < n; ++b) random.emplace_back(seed, static_cast<std::uint64_t>(first + b));
    Eigen::MatrixXd weights(step, n);
    for (Eigen::Index g = 0; g < psi.cols(); g += step) {
      const Eigen::Index size = std::min(step, psi.cols() - g);
      for (int b = 0; b < n; ++b)
        for (Eigen::Index i = 0; i < size; ++i) weights(i, b) = draw_multiplier(type, random[b]);
      out.middleCols(first, n).noalias() += psi.middleCols(g, size) * weights.topLeftCorner(size, n);
    }
  });
  return out;
}

}  // namespace pilotdid

#endif
