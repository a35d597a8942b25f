// Bootstrap t statistics of several estimates at once that are known by their influence, under
// weights common to a cluster. Least squares has its own bootstrap (wild_bootstrap.hpp).
#ifndef PILOTDID_ROMANO_WOLF_HPP
#define PILOTDID_ROMANO_WOLF_HPP

#include <Eigen/Dense>
#include <algorithm>
#include <cstdint>

#include "parallel.hpp"
#include "wild_bootstrap.hpp"

namespace pilotdid {

// influence: G x m sums by cluster. A draw is the sum of the influences times its weights v,
// studentized as what it is, a sum of G independent terms:
//   t* = sum_g v_g psi_g / sqrt(G / (G - 1) sum_g (v_g psi_g - mean)^2).  -> draws x m
inline Eigen::MatrixXd wild_statistics(const Eigen::Ref<const Eigen::MatrixXd>& influence,
                                       WildWeights type, int draws, std::uint64_t seed,
                                       bool enumerate, const Execution& exec) {
  const double clusters = static_cast<double>(influence.rows());
  const Eigen::MatrixXd squares = influence.cwiseAbs2();
  const WeightDrawer drawer(type, seed, enumerate);
  Eigen::MatrixXd out(draws, influence.cols());
  const int each = 32;  // draws a chunk: a block of weights that stays in the cache
  const int chunks = (draws + each - 1) / each;
  parallel_for(static_cast<std::size_t>(chunks), exec, [&](std::size_t c) {
    const int first = static_cast<int>(c) * each, n = std::min(draws - first, each);
    Eigen::MatrixXd v(influence.rows(), n);
    for (int b = 0; b < n; ++b) drawer.weights(static_cast<std::uint64_t>(first + b), v.col(b));
    const Eigen::ArrayXXd sum = (v.transpose() * influence).array();
    const Eigen::ArrayXXd square = (v.cwiseAbs2().transpose() * squares).array();
    const Eigen::ArrayXXd variance = clusters / (clusters - 1) * (square - sum.square() / clusters);
    out.middleRows(first, n) = (sum / variance.sqrt()).matrix();
  });
  return out;
}

}  // namespace pilotdid

#endif
