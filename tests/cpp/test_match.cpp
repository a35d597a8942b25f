#include <pilotdid/match_kernel.hpp>
#include <pilotdid/match_mahalanobis.hpp>
#include <pilotdid/match_nearest.hpp>
#include <pilotdid/match_psmatch2.hpp>
#include <pilotdid/match_weights.hpp>

#include "catch.h"

using namespace pilotdid;

namespace {

Bucket random_bucket(int rows, Random& random, std::vector<double>& score, int grid) {
  Bucket bucket;
  score.resize(rows);
  for (int i = 0; i < rows; ++i) {
    score[i] = grid ? random.below(grid) / double(grid) : random.uniform();
    (random.uniform() < 0.3 ? bucket.treated : bucket.controls).push_back(i);
  }
  return bucket;
}

std::vector<std::uint64_t> row_keys(const std::vector<int>& rows) {
  return {rows.begin(), rows.end()};
}

Execution threads(int n) {
  Execution exec;
  exec.threads = n;
  return exec;
}

}  // namespace

TEST_CASE("the walk visits every free control once, by distance") {
  Random random(1, 0);
  for (const Ties ties : {Ties::adjacent, Ties::first}) {
    std::vector<double> score;
    const Bucket bucket = random_bucket(200, random, score, 16);
    SortedControls controls(bucket.controls, score.data(), row_keys(bucket.controls));
    int removed = 0;
    for (int i = 0; i < controls.size(); ++i)
      if (random.uniform() < 0.4) {
        controls.remove(i);
        ++removed;
      }
    OutwardWalk walk(controls, 0.43, 77, ties);
    double last = 0;
    std::vector<int> seen;
    for (Candidate c = walk.next(); c.control >= 0; c = walk.next()) {
      REQUIRE(controls.is_free(c.control));
      REQUIRE(c.distance >= last);
      last = c.distance;
      seen.push_back(c.control);
    }
    std::sort(seen.begin(), seen.end());
    REQUIRE(std::unique(seen.begin(), seen.end()) == seen.end());
    REQUIRE(static_cast<int>(seen.size()) == controls.size() - removed);
  }
}

TEST_CASE("closest-first matching takes the closest free pair each time") {
  Random random(2, 0);
  std::vector<double> score;
  const Bucket bucket = random_bucket(120, random, score, 0);
  NearestRules rules;
  rules.order = Order::closest;
  const auto pairs = match_nearest({bucket}, score.data(), rules, Calipers(), threads(1))[0];
  std::vector<int> treated = bucket.treated, controls = bucket.controls;
  double total = 0, slow = 0;
  for (const MatchedPair& p : pairs) total += p.distance;
  while (!treated.empty() && !controls.empty()) {
    double best = 2;
    std::size_t bi = 0, bj = 0;
    for (std::size_t i = 0; i < treated.size(); ++i)
      for (std::size_t j = 0; j < controls.size(); ++j) {
        const double d = std::abs(score[treated[i]] - score[controls[j]]);
        if (d < best) {
          best = d;
          bi = i;
          bj = j;
        }
      }
    slow += best;
    treated.erase(treated.begin() + std::ptrdiff_t(bi));
    controls.erase(controls.begin() + std::ptrdiff_t(bj));
  }
  CHECK(total == Approx(slow).epsilon(1e-12));
}

TEST_CASE("Mahalanobis search prunes nothing that is nearer") {
  Random random(3, 0);
  std::vector<double> score;
  const Bucket bucket = random_bucket(150, random, score, 0);
  Eigen::MatrixXd X(150, 3);
  for (int i = 0; i < 150; ++i)
    for (int j = 0; j < 3; ++j) X(i, j) = random.normal() * (j + 1) + (j ? X(i, 0) : 0);
  NearestRules rules;
  rules.replace = true;
  rules.ratio = 3;
  const auto pairs = match_mahalanobis({bucket}, X, score.data(), rules, Calipers(), threads(1))[0];
  const Eigen::MatrixXd Z = mahalanobis_coordinates(X, bucket);
  const Eigen::Index n1 = static_cast<Eigen::Index>(bucket.treated.size());
  std::size_t at = 0;
  for (Eigen::Index i = 0; i < n1; ++i) {
    std::vector<double> d;
    for (Eigen::Index j = n1; j < Z.rows(); ++j) d.push_back((Z.row(i) - Z.row(j)).norm());
    std::sort(d.begin(), d.end());
    for (int r = 0; r < 3; ++r, ++at) CHECK(pairs[at].distance == Approx(d[r]).epsilon(1e-12));
  }
}

TEST_CASE("kernel sums equal sums over all pairs, for every kernel and power") {
  Random random(4, 0);
  std::vector<double> sources, targets, q;
  for (int i = 0; i < 300; ++i) sources.push_back(random.uniform());
  for (int i = 0; i < 100; ++i) targets.push_back(2 * random.uniform() - 0.5);
  std::sort(sources.begin(), sources.end());
  std::sort(targets.begin(), targets.end());
  for (int i = 0; i < 300; ++i) q.push_back(random.uniform());
  for (const double h : {0.013, 0.2, 3.0}) {
    const auto around = windows(targets, sources, h);
    for (int k = 0; k < 5; ++k) {
      const Kernel kernel = static_cast<Kernel>(k);
      CompactSums compact(sources, kernel == Kernel::gaussian ? Kernel::uniform : kernel, h, 2);
      GaussianSums gaussian(sources, kernel, h, 2);
      compact.load(q);
      gaussian.load(q);
      for (int m = 0; m < 3; ++m)
        for (std::size_t i = 0; i < targets.size(); ++i) {
          double slow = 0, size = 0;
          for (std::size_t j = 0; j < sources.size(); ++j) {
            const double u = (sources[j] - targets[i]) / h;
            const double term = q[j] * kernel_value(kernel, u) * std::pow(u, m);
            slow += term;
            size += std::abs(term);
          }
          const double fast = kernel == Kernel::gaussian ? gaussian.sum(targets[i], around[i], m)
                                                         : compact.sum(targets[i], around[i], m);
          // Polynomials cancel against the mass of their window, the series against its own terms.
          const double mass = kernel == Kernel::gaussian ? size : compact.mass(around[i]);
          CHECK(std::abs(fast - slow) <= 1e-13 * mass);
        }
    }
  }
}

TEST_CASE("matching does not depend on the number of threads") {
  Random random(5, 0);
  std::vector<double> score(2000);
  std::vector<int> group(2000), treated(2000);
  for (int i = 0; i < 2000; ++i) {
    score[i] = random.uniform();
    group[i] = i % 7;
    treated[i] = random.uniform() < 0.3;
  }
  const auto buckets = make_buckets(group.data(), treated.data(), 2000, 7);
  std::vector<double> one(2000, 0), two(2000, 0);
  std::vector<char> matched(2000, 0);
  match_kernel(buckets, score.data(), Kernel::tricube, 0.06, true, threads(1), one, matched);
  match_kernel(buckets, score.data(), Kernel::tricube, 0.06, true, threads(2), two, matched);
  CHECK(one == two);
}

TEST_CASE("entropy balancing meets its moments, and says when it cannot") {
  Random random(6, 0);
  std::vector<double> score;
  const Bucket bucket = random_bucket(200, random, score, 0);
  Eigen::MatrixXd X(200, 2);
  for (int i = 0; i < 200; ++i) X.row(i) << random.normal() + score[i], random.normal();
  std::vector<double> weight(200, 0);
  REQUIRE(entropy_balance({bucket}, X, threads(1), weight)[0].converged);
  Eigen::RowVector2d gap = Eigen::RowVector2d::Zero();
  for (const int i : bucket.treated) gap += X.row(i);
  for (const int i : bucket.controls) gap -= weight[i] * X.row(i);
  CHECK(gap.cwiseAbs().maxCoeff() < 1e-7);
  for (const int i : bucket.treated) X(i, 0) += 100;
  CHECK_FALSE(entropy_balance({bucket}, X, threads(1), weight)[0].converged);
}

TEST_CASE("psmatch2 counts a tied control twice when more neighbors are asked for") {
  const std::vector<double> score = {0.5, 0.25, 0.25, 0.875};
  Bucket bucket;
  bucket.treated = {0};
  bucket.controls = {1, 2, 3};
  Psmatch2Rules rules;
  rules.neighbors = 2;
  rules.ties = true;
  const auto pairs = match_psmatch2({bucket}, score.data(), rules, threads(1))[0];
  REQUIRE(pairs.size() == 3);
  CHECK(pairs[0].control == 1);
  CHECK(pairs[1].control == 2);
  CHECK(pairs[2].control == 2);
}
