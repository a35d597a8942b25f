#include <pilotdid/propensity.hpp>
#include <pilotdid/random.hpp>

#include "catch.h"

using namespace pilotdid;

namespace {

Eigen::MatrixXd random_design(int n, Random& random) {
  Eigen::MatrixXd X(n, 3);
  for (int i = 0; i < n; ++i) X.row(i) << 1, 1e4 + 1e3 * random.normal(), random.normal() / 1e3;
  return X;
}

}  // namespace

TEST_CASE("the score equations hold at the maximum, with and without weights") {
  Random random(1, 0);
  const int n = 400;
  const Eigen::MatrixXd X = random_design(n, random);
  std::vector<int> outcome(n);
  Eigen::VectorXd weights(n);
  for (int i = 0; i < n; ++i) {
    outcome[i] = random.uniform() < probability(Link::logit, (X(i, 1) - 1e4) / 1e3);
    weights[i] = 1 + random.below(3);
  }
  for (const Link link : {Link::logit, Link::probit})
    for (const Eigen::VectorXd& w : {Eigen::VectorXd(), weights}) {
      const BinaryFit fit = fit_binary(X, outcome, w, link, 0);
      REQUIRE(fit.converged);
      REQUIRE(fit.separation == Separation::none);
      Eigen::VectorXd gradient = Eigen::VectorXd::Zero(3), size = Eigen::VectorXd::Zero(3);
      const Eigen::VectorXd eta = X * fit.coefficients;
      for (int i = 0; i < n; ++i) {
        const double g =
            (w.size() ? w[i] : 1) * contribution(link, eta[i], outcome[i] != 0).gradient;
        gradient += g * X.row(i).transpose();
        size += std::abs(g) * X.row(i).transpose().cwiseAbs();
      }
      for (int j = 0; j < 3; ++j) CHECK(std::abs(gradient[j]) < 1e-11 * size[j]);
    }
}

TEST_CASE("separation is proved, complete and quasi-complete, and not imagined") {
  Random random(2, 0);
  const int n = 60;
  Eigen::MatrixXd X(n, 2);
  std::vector<int> outcome(n);
  for (int i = 0; i < n; ++i) {
    X.row(i) << 1, random.normal();
    outcome[i] = X(i, 1) > 0;
  }
  for (const Link link : {Link::logit, Link::probit}) {
    const BinaryFit fit = fit_binary(X, outcome, Eigen::VectorXd(), link, 0);
    CHECK(fit.separation == Separation::complete);
    CHECK_FALSE(fit.converged);
    CHECK(fit.direction[1] > 0);
  }
  // A dummy that is 1 only among the treated: its rows are separated, the others are not.
  for (int i = 0; i < n; ++i) {
    outcome[i] = i % 2;
    X(i, 1) = i % 4 == 1;
  }
  const BinaryFit quasi = fit_binary(X, outcome, Eigen::VectorXd(), Link::logit, 0);
  CHECK(quasi.separation == Separation::quasi);
  CHECK(quasi.separated_rows == 15);
  X(0, 1) = 1;  // one untreated row with the dummy: a maximum exists
  CHECK(fit_binary(X, outcome, Eigen::VectorXd(), Link::logit, 0).separation == Separation::none);
}

TEST_CASE("tails of the normal distribution are finite and continuous") {
  for (const double x : {-24.999999, -25.000001, -100.0, -1e6}) {
    CHECK(std::isfinite(log_normal_cdf(x)));
    CHECK(inverse_mills(x) > -x);
  }
  CHECK(inverse_mills(-25 - 1e-9) == Approx(inverse_mills(-25 + 1e-9)).epsilon(1e-9));
}

TEST_CASE("collinear columns have no coefficient") {
  Random random(3, 0);
  Eigen::MatrixXd X(50, 4);
  std::vector<int> outcome(50);
  for (int i = 0; i < 50; ++i) {
    const double x = random.normal(), z = random.normal();
    X.row(i) << 1, x, z, 2 * x - z + 3;
    outcome[i] = random.uniform() < 0.4;
  }
  const BinaryFit fit = fit_binary(X, outcome, Eigen::VectorXd(), Link::logit, 0);
  CHECK(fit.rank == 3);
  CHECK(std::isnan(fit.coefficients[3]));
  CHECK(std::isfinite(fit.coefficients[2]));
}
