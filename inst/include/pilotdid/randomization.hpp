// Randomization test of a contrast of cohort means under random timing of treatment: cohorts are
// dealt out anew, their sizes kept. Efficient adjustment as in Roth and Sant'Anna (2023).
#ifndef PILOTDID_RANDOMIZATION_HPP
#define PILOTDID_RANDOMIZATION_HPP

#include <Eigen/Dense>
#include <cmath>
#include <vector>

#include "parallel.hpp"
#include "random.hpp"

namespace pilotdid {

// effect, before: units x cohorts, what a unit would add to the two contrasts as a member of each
// cohort, before division by the cohort's size. estimated: beta from the moments, else `beta`.
struct TimingContrast {
  Eigen::MatrixXd effect, before;
  int cohorts;
  bool estimated;
  double beta;
};

// The effect less beta times the difference before treatment, over its Neyman standard error.
inline double studentized_contrast(const TimingContrast& c, const std::vector<int>& cohort) {
  const int k = c.cohorts;
  std::vector<double> n(k), a(k), b(k), aa(k), bb(k), ab(k);
  for (std::size_t i = 0; i < cohort.size(); ++i) {
    const int g = cohort[i];
    n[g] += 1;
    a[g] += c.effect(i, g);
    b[g] += c.before(i, g);
  }
  // Second pass around the means: one pass of squares would lose digits on large levels.
  for (std::size_t i = 0; i < cohort.size(); ++i) {
    const int g = cohort[i];
    const double x = c.effect(i, g) - a[g] / n[g], z = c.before(i, g) - b[g] / n[g];
    aa[g] += x * x;
    bb[g] += z * z;
    ab[g] += x * z;
  }
  double theta = 0, x = 0, var_theta = 0, var_x = 0, cov = 0;
  for (int g = 0; g < k; ++g) {
    const double scale = n[g] * (n[g] - 1);
    theta += a[g] / n[g];
    x += b[g] / n[g];
    var_theta += aa[g] / scale;
    var_x += bb[g] / scale;
    cov += ab[g] / scale;
  }
  const double beta = !c.estimated ? c.beta : var_x > 0 ? cov / var_x : 0;
  return (theta - beta * x) / std::sqrt(var_theta - 2 * beta * cov + beta * beta * var_x);
}

// One stream a draw, so that draws do not depend on the number of threads.
inline std::vector<double> randomization_draws(const TimingContrast& c,
                                               const std::vector<int>& cohort, int draws,
                                               std::uint64_t seed, const Execution& exec) {
  std::vector<double> out(static_cast<std::size_t>(draws));
  parallel_for(out.size(), exec, [&](std::size_t d) {
    Random random(seed, d);
    std::vector<int> dealt = cohort;
    random.shuffle(dealt);
    out[d] = studentized_contrast(c, dealt);
  });
  return out;
}

}  // namespace pilotdid

#endif
