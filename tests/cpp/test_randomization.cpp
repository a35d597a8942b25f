#include <pilotdid/randomization.hpp>

#include "catch.h"

using namespace pilotdid;

namespace {

TimingContrast difference(int units, bool estimated, double beta) {
  TimingContrast c{Eigen::MatrixXd(units, 2), Eigen::MatrixXd(units, 2), 2, estimated, beta};
  Random random(4, 0);
  for (int i = 0; i < units; ++i) {
    const double before = random.normal(), after = before + 0.3 * random.normal();
    c.effect(i, 0) = -after;
    c.effect(i, 1) = after;
    c.before(i, 0) = -before;
    c.before(i, 1) = before;
  }
  return c;
}

}  // namespace

TEST_CASE("without adjustment the statistic is Welch's t") {
  const TimingContrast c = difference(10, false, 0);
  const std::vector<int> cohort = {0, 1, 0, 1, 0, 1, 0, 0, 0, 1};
  double n[2] = {}, m[2] = {}, v[2] = {};
  for (int i = 0; i < 10; ++i) {
    n[cohort[i]] += 1;
    m[cohort[i]] += c.effect(i, 1);
  }
  for (int g = 0; g < 2; ++g) m[g] /= n[g];
  for (int i = 0; i < 10; ++i) v[cohort[i]] += std::pow(c.effect(i, 1) - m[cohort[i]], 2);
  const double se = std::sqrt(v[0] / (n[0] - 1) / n[0] + v[1] / (n[1] - 1) / n[1]);
  CHECK(studentized_contrast(c, cohort) == Approx((m[1] - m[0]) / se));
}

TEST_CASE("draws keep the sizes and do not depend on threads; adjusting narrows the contrast") {
  const TimingContrast c = difference(40, true, 0);
  std::vector<int> cohort(40, 0);
  for (int i = 0; i < 15; ++i) cohort[i] = 1;
  Execution one, two;
  two.threads = 2;
  CHECK(randomization_draws(c, cohort, 50, 3, one) == randomization_draws(c, cohort, 50, 3, two));
  const auto draws = randomization_draws(c, cohort, 400, 3, one);
  double square = 0;
  for (double d : draws) square += d * d / 400;
  // A studentized statistic under its own randomization: variance one up to small-sample terms.
  CHECK(square == Approx(1).epsilon(0.3));
}
