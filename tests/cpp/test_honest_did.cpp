#include <pilotdid/honest_did.hpp>

#include "catch.h"

using namespace pilotdid;

// Every basis of {W'g = e1, g >= 0} in turn, for p = 2.
static double best_of_pairs(const Eigen::MatrixXd& w, const Eigen::VectorXd& y) {
  double best = -1e300;
  for (int i = 0; i < w.rows(); ++i)
    for (int j = i + 1; j < w.rows(); ++j) {
      Eigen::Matrix2d b;
      b << w(i, 0), w(j, 0), w(i, 1), w(j, 1);
      if (std::abs(b.determinant()) < 1e-12) continue;
      const Eigen::Vector2d g = b.inverse() * Eigen::Vector2d(1, 0);
      if (g.minCoeff() >= -1e-12) best = std::max(best, g[0] * y[i] + g[1] * y[j]);
    }
  return best;
}

TEST_CASE("the program finds the best vertex, for many objectives from one start") {
  Random random(3, 0);
  Eigen::MatrixXd w(9, 2);
  for (int i = 0; i < 9; ++i) w.row(i) << 1, random.normal();
  VertexProgram program(w);
  REQUIRE(program.feasible());
  for (int draw = 0; draw < 500; ++draw) {
    Eigen::VectorXd y(9);
    for (int i = 0; i < 9; ++i) y[i] = random.normal();
    REQUIRE(program.maximize(y) == VertexProgram::Status::optimal);
    // Two pivots deep on numbers of order one.
    CHECK(program.value() == Approx(best_of_pairs(w, y)).epsilon(1e-10));
    CHECK((w.transpose() * program.vertex() - Eigen::Vector2d(1, 0)).norm() < 1e-9);
    CHECK(program.vertex().minCoeff() >= 0);
  }
}

TEST_CASE("an empty polytope and a redundant equation are noticed") {
  Eigen::MatrixXd w(3, 2);
  w << 1, 1, 1, 2, 1, 3;
  CHECK_FALSE(VertexProgram(w).feasible());
  Eigen::MatrixXd twice(3, 3);
  twice << 1, 1, 2, 1, -1, -2, 1, 3, 6;
  VertexProgram program(twice);
  REQUIRE(program.feasible());
  program.maximize(Eigen::Vector3d(1, 5, 2));
  CHECK(program.value() == Approx(4.25));  // weights 0, 3/4, 1/4 on the moments
}

TEST_CASE("tails of the truncated normal, near and far") {
  CHECK(truncated_tail(1.0, -1e300, 1e300) == Approx(0.15865525393145707));
  CHECK(truncated_tail(-1.0, -2.0, 0.0) ==
        Approx((0.5 - 0.15865525393145707) / (0.5 - 0.022750131948179195)));
  // P(Z > 40.01 | Z > 40): the ratio of Mills' ratios, some exp(-40 * 0.01 - 5e-5).
  CHECK(truncated_tail(40.01, 40.0, 1e300) == Approx(0.67011913).epsilon(1e-4));
  CHECK(log_upper_tail(5.0) == Approx(std::log(2.866515718791939e-07)).epsilon(1e-12));
}
