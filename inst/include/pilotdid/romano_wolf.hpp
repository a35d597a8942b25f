// Bootstrap t statistics of several estimates at once, under weights common to a cluster.
#ifndef PILOTDID_ROMANO_WOLF_HPP
#define PILOTDID_ROMANO_WOLF_HPP

#include <Eigen/Dense>
#include <cmath>
#include <cstdint>
#include <vector>

#include "parallel.hpp"
#include "random.hpp"

namespace pilotdid {

// Distributions with mean 0 and variance 1.
enum class WildWeights { rademacher = 0, webb = 1, mammen = 2 };

inline double wild_weight(Random& random, WildWeights kind) {
  switch (kind) {
    case WildWeights::rademacher:
      return random.bits() >> 63 ? 1.0 : -1.0;
    case WildWeights::webb: {
      // Webb (2023): +-sqrt(1/2), +-1, +-sqrt(3/2), each with probability 1/6.
      const std::uint32_t side = random.below(6);
      const double size = std::sqrt((1 + side % 3) / 2.0);
      return side < 3 ? -size : size;
    }
    default: {
      // Mammen (1993): third moment 1.
      const double root5 = std::sqrt(5.0);
      return random.uniform() < (root5 + 1) / (2 * root5) ? (1 - root5) / 2 : (1 + root5) / 2;
    }
  }
}

// influence: clusters x m sums of the influence on each estimate. With residuals multiplied by
// the weights of their clusters, the change of a linear estimate is exactly the weighted sum of
// its influence. -> draws x m, each divided by the root of the sum of squared influences.
inline Eigen::MatrixXd wild_statistics(const Eigen::Ref<const Eigen::MatrixXd>& influence,
                                       WildWeights kind, int draws, std::uint64_t seed,
                                       const Execution& exec) {
  const Eigen::RowVectorXd se = influence.colwise().norm();
  Eigen::MatrixXd out(draws, influence.cols());
  const std::size_t each = 32;  // draws a chunk: a block of weights that stays in the cache
  const std::size_t chunks = (static_cast<std::size_t>(draws) + each - 1) / each;
  parallel_for(chunks, exec, [&](std::size_t c) {
    const int first = static_cast<int>(c * each);
    const int n = std::min(draws - first, static_cast<int>(each));
    Eigen::MatrixXd weights(influence.rows(), n);
    for (int i = 0; i < n; ++i) {
      Random random(seed, static_cast<std::uint64_t>(first + i));
      for (Eigen::Index g = 0; g < weights.rows(); ++g) weights(g, i) = wild_weight(random, kind);
    }
    out.middleRows(first, n).noalias() = weights.transpose() * influence;
    out.middleRows(first, n).array().rowwise() /= se.array();
  });
  return out;
}

}  // namespace pilotdid

#endif
