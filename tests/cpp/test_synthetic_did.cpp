#include <pilotdid/synthetic_did.hpp>

#include "catch.h"

using namespace pilotdid;

namespace {

// Controls follow one factor with loadings around the treated unit's; no noise.
Eigen::MatrixXd factor_panel(int periods, int units) {
  Eigen::MatrixXd y(periods, units);
  for (int i = 0; i < units; ++i)
    for (int t = 0; t < periods; ++t) y(t, i) = 0.1 * i + std::sin(1.3 * t) * (1 + 0.5 * (i % 3));
  return y;
}

}  // namespace

TEST_CASE("weights lie on the simplex and beat equal weights") {
  const Eigen::MatrixXd y = factor_panel(12, 9);
  const Eigen::MatrixXd a = y.leftCols(8).topRows(8);
  const Eigen::VectorXd b = y.col(8).head(8);
  const SimplexProblem problem(a, b, 0.01);
  const Eigen::VectorXd x = sparse_weights(problem, 1e-8);
  CHECK(x.minCoeff() >= 0);
  CHECK(x.sum() == Approx(1));
  const auto loss = [&](const Eigen::VectorXd& v) {
    Eigen::VectorXd e = a * v - b;
    e.array() -= e.mean();
    return e.squaredNorm();
  };
  CHECK(loss(x) < loss(Eigen::VectorXd::Constant(8, 0.125)));
}

TEST_CASE("the triangle of a tall problem has its objective") {
  const Eigen::MatrixXd y = factor_panel(40, 4);
  const Eigen::MatrixXd a = y.leftCols(3);
  const Eigen::VectorXd b = y.col(3);
  const SimplexProblem small(a, b, 0.1);
  CHECK(small.a.rows() == 4);
  const Eigen::Vector3d x(0.2, 0.5, 0.3);
  Eigen::VectorXd e = a * x - b;
  e.array() -= e.mean();
  CHECK((small.a * x - small.b).squaredNorm() == Approx(e.squaredNorm()));
}

TEST_CASE("a treated unit that is a control plus a constant has the constant's path") {
  SyntheticPanel p;
  p.y = factor_panel(10, 7);
  p.y.col(6) = p.y.col(2).array() + 3;
  p.y.col(6).tail(4).array() += 2;
  p.cohort = {-1, -1, -1, -1, -1, -1, 0};
  p.before = {6};
  std::vector<int> everyone = {0, 1, 2, 3, 4, 5, 6};
  const SyntheticFit fit = synthetic_fit(p, everyone, p.cohort);
  // Controls 2 and 5 share the loading; the ridge keeps the others at some weight.
  CHECK(fit.cohorts[0].path.tail(4).mean() == Approx(2).epsilon(0.2));
  CHECK(fit.cohorts[0].path.head(6).dot(fit.cohorts[0].periods) == Approx(0).margin(1e-12));
}

TEST_CASE("replicates do not depend on the number of threads and keep every cohort") {
  SyntheticPanel p;
  p.y = factor_panel(10, 12);
  Random noise(1, 0);
  for (int i = 0; i < p.y.size(); ++i) p.y.data()[i] += 0.1 * noise.normal();
  p.cohort = {-1, -1, -1, -1, -1, -1, -1, 0, 0, 0, 1, 1};
  p.before = {5, 7};
  Execution one, two;
  two.threads = 2;
  const auto a = synthetic_replicates(p, SyntheticVariance::bootstrap, 20, 9, one);
  const auto b = synthetic_replicates(p, SyntheticVariance::bootstrap, 20, 9, two);
  for (int d = 0; d < 20; ++d) {
    REQUIRE(a.drawn[d]);
    CHECK(a.path[d] == b.path[d]);
    CHECK(a.size[d][0] > 0);
    CHECK(a.size[d][1] > 0);
  }
  const auto placebo = synthetic_replicates(p, SyntheticVariance::placebo, 5, 9, one);
  CHECK(placebo.size[0] == std::vector<int>({3, 2}));
}
