// The largest of several correlated t statistics: simultaneous bands and sup-t tests.
#ifndef PILOTDID_BANDS_HPP
#define PILOTDID_BANDS_HPP

#include <Eigen/Dense>
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

#include "parallel.hpp"
#include "random.hpp"

namespace pilotdid {

// Draws of max_j |z_j|, z = root u with u standard normal. root: k x r with unit rows, so that
// root root' is the correlation of the estimates. Finite df: z is divided by the root of an
// independent chi-squared over df, so that one term alone gives back the pointwise t.
inline std::vector<double> sup_t_draws(const Eigen::MatrixXd& root, double df, int draws,
                                       std::uint64_t seed, const Execution& exec) {
  std::vector<double> largest(static_cast<std::size_t>(draws));
  const std::size_t each = 1024, chunks = (largest.size() + each - 1) / each;
  const bool student = std::isfinite(df);
  parallel_for(chunks, exec, [&](std::size_t c) {
    Eigen::VectorXd u(root.cols());
    for (std::size_t b = c * each; b < std::min(largest.size(), (c + 1) * each); ++b) {
      Random random(seed, b);
      for (Eigen::Index j = 0; j < u.size(); ++j) u[j] = random.normal();
      double scale = 1;
      if (student) scale = std::sqrt(df / random.chi_squared(df));
      largest[b] = scale * (root * u).cwiseAbs().maxCoeff();
    }
  });
  return largest;
}

}  // namespace pilotdid

#endif
