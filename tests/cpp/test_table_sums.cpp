#include <pilotdid/multiplier.hpp>
#include <pilotdid/nuisance.hpp>
#include <pilotdid/table_sums.hpp>

#include "catch.h"

using namespace pilotdid;

namespace {

// 40 units x 3 periods in two cohorts, the second with a missing row in every fourth unit.
struct Example {
  std::vector<double> value;
  std::vector<int> code, start{0};
  std::vector<double> block;
  TableInfluence f;
  Example() {
    Random random(7, 0);
    for (int i = 0; i < 40; ++i) {
      for (int t = 0; t < 3; ++t) {
        if (i % 4 == 3 && t == 1) continue;
        value.push_back(random.normal());
        code.push_back((i % 2) * 3 + t);
      }
      start.push_back(static_cast<int>(value.size()));
      block.push_back(random.normal());
    }
    f.rows = Rows(nullptr, value.size());
    f.start = start.data();
    f.units = 40;
    f.effects = 4;
    TableTerm term;
    term.value = value.data();
    term.code = code.data();
    term.table = Eigen::MatrixXd::Random(4, 6);
    f.terms.push_back(term);
    f.dense.push_back({block.data(), Eigen::MatrixXd::Random(4, 1)});
  }
};

}  // namespace

TEST_CASE("the square of tabular influence is the product of its sums") {
  const Example e;
  for (int threads : {1, 2}) {
    Execution exec;
    exec.threads = threads;
    const Eigen::MatrixXd psi = influence_sums(e.f, nullptr, 0, exec);
    REQUIRE(psi.rows() == 40);
    const Eigen::MatrixXd gap = influence_square(e.f, exec) - psi.transpose() * psi;
    // Sums of 40 products near one.
    CHECK(gap.cwiseAbs().maxCoeff() < 1e-12);
  }
}

TEST_CASE("cluster sums add up the units") {
  const Example e;
  std::vector<int> cluster;
  for (int i = 0; i < 40; ++i) cluster.push_back(i % 5);
  const Eigen::MatrixXd units = influence_sums(e.f, nullptr, 0, {}),
                        sums = influence_sums(e.f, cluster.data(), 5, {});
  Eigen::MatrixXd slow = Eigen::MatrixXd::Zero(5, 4);
  for (int i = 0; i < 40; ++i) slow.row(i % 5) += units.row(i);
  CHECK((slow - sums).cwiseAbs().maxCoeff() < 1e-13);
}

TEST_CASE("a column that depends on those before it is named") {
  Eigen::MatrixXd x = Eigen::MatrixXd::Random(30, 3);
  x.col(2) = x.col(0) - 2 * x.col(1);
  CHECK(invert_small(x.transpose() * x).singular == 2);
  const Eigen::MatrixXd good = x.leftCols(2);
  const SmallInverse inverse = invert_small(good.transpose() * good);
  REQUIRE(inverse.singular == -1);
  CHECK((inverse.inverse * good.transpose() * good - Eigen::MatrixXd::Identity(2, 2)).norm() <
        1e-12);
}

TEST_CASE("the logit solves its score equations, and says where it cannot") {
  Random random(3, 0);
  Eigen::MatrixXd x(200, 2);
  Eigen::VectorXd d(200), w(200);
  for (int i = 0; i < 200; ++i) {
    x(i, 0) = 1;
    x(i, 1) = random.normal();
    d[i] = random.uniform() < 1 / (1 + std::exp(-0.3 - x(i, 1)));
    w[i] = 0.5 + random.uniform();
  }
  const Logit fit = fit_logit(x, d, w);
  REQUIRE(fit.converged);
  CHECK((x.transpose() * w.cwiseProduct(d - fit.fitted)).norm() < 1e-8);
  for (int i = 0; i < 200; ++i) d[i] = x(i, 1) > 0;
  const Logit separated = fit_logit(x, d, w);
  CHECK((!separated.converged || separated.fitted.maxCoeff() > 0.999));
}

TEST_CASE("multipliers have mean zero and variance one, and do not depend on threads") {
  const Eigen::MatrixXd psi = Eigen::MatrixXd::Ones(1, 1);
  const Eigen::MatrixXd many = Eigen::MatrixXd::Random(5000, 3);
  for (Multiplier type : {Multiplier::mammen, Multiplier::rademacher, Multiplier::normal}) {
    Execution one, two;
    two.threads = 2;
    const Eigen::MatrixXd draws = multiplier_bootstrap(psi, 20000, type, 11, one);
    CHECK((multiplier_bootstrap(many, 100, type, 11, one) -
           multiplier_bootstrap(many, 100, type, 11, two))
              .norm() == 0);
    // Five standard errors of a mean and of a variance of 20,000 draws.
    CHECK(std::abs(draws.mean()) < 5 / std::sqrt(20000.0));
    CHECK(std::abs(draws.array().square().mean() - 1) < 5 * std::sqrt(2 / 20000.0));
  }
}

TEST_CASE("multiplier draws are the weighted sums, also where clusters do not come in eights") {
  for (Multiplier type : {Multiplier::mammen, Multiplier::rademacher, Multiplier::normal})
    // One table, several with one that is not full, and more than one stream of random numbers.
    for (int clusters : {21, 75, 2100}) {
      const int draws = 150;
      const Eigen::MatrixXd one_each = Eigen::MatrixXd::Identity(clusters, clusters);
      const Eigen::MatrixXd weights = multiplier_bootstrap(one_each, draws, type, 5, Execution());
      const Eigen::MatrixXd psi = Eigen::MatrixXd::Random(clusters, 6);
      // The same sums in another order: rounding.
      CHECK((multiplier_bootstrap(psi, draws, type, 5, Execution()) - weights * psi)
                .cwiseAbs()
                .maxCoeff() < 1e-11);
      // Independent over clusters: five standard errors of a covariance of neighbors.
      const Eigen::Index n = clusters - 1;
      const double together = weights.leftCols(n).cwiseProduct(weights.rightCols(n)).mean();
      CHECK(std::abs(together) < 5 / std::sqrt(static_cast<double>(n * draws)));
      if (type == Multiplier::normal) continue;
      const TwoPoints points = two_points(type);
      CHECK((weights.array() - points.low)
                .cwiseAbs()
                .min((weights.array() - points.high).cwiseAbs())
                .maxCoeff() < 1e-12);
      const double high = (weights.array() > 0).cast<double>().mean();
      CHECK(std::abs(high - points.share) < 5 * std::sqrt(points.share * (1 - points.share) /
                                                          static_cast<double>(clusters * draws)));
    }
}

TEST_CASE("random bits have their probability in every place") {
  Random random(3, 0);
  for (double share : {0.5, 0.25, 0.7236, 0.001}) {
    const int words = 20000;
    std::vector<int> count(64, 0);
    for (int i = 0; i < words; ++i) {
      const std::uint64_t drawn =
          random_bits(random, static_cast<std::uint64_t>(std::ldexp(share, 64)));
      for (int bit = 0; bit < 64; ++bit) count[bit] += static_cast<int>(drawn >> bit & 1);
    }
    // Five standard errors of each count.
    for (int bit = 0; bit < 64; ++bit)
      CHECK(std::abs(count[bit] - share * words) < 5 * std::sqrt(words * share * (1 - share)));
  }
}
