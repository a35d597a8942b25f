#include <cmath>
#include <limits>
#include <pilotdid/entropy_index.hpp>
#include <pilotdid/random.hpp>
#include <vector>

#include "catch.h"

using namespace pilotdid;

namespace {

// Doubles with a large common level, and small whole numbers.
struct Table {
  std::vector<double> a, b, weight;
  std::vector<int> c, group;
  explicit Table(std::size_t n, std::uint64_t seed) {
    Random random(seed, 0);
    for (std::size_t i = 0; i < n; ++i) {
      a.push_back(1e6 + random.normal());
      b.push_back(std::exp(random.normal()));
      c.push_back(static_cast<int>(random.below(5)));
      group.push_back(static_cast<int>(random.below(4)) - 1);  // -1: left out
      weight.push_back(static_cast<double>(random.below(4)));
    }
  }
  Columns columns() const { return {Column(a.data()), Column(b.data()), Column(c.data())}; }
  double value(int j, std::size_t i) const { return j == 0 ? a[i] : j == 1 ? b[i] : c[i]; }
  Sample sample() const {
    Sample s;
    s.n = a.size();
    return s;
  }
  Sample grouped() const {
    Sample s = sample();
    s.group = group.data();
    s.groups = 3;
    s.weight = weight.data();
    return s;
  }
};

Execution on(int threads) {
  Execution exec;
  exec.threads = threads;
  return exec;
}

// By definition, one row after the other: sums of u and u ln u.
std::pair<double, double> plain_entropy(const Table& t, const Sample& s, int j, int g,
                                        const Scaling& scaling) {
  double total = 0, total_log = 0;
  for (std::size_t i = 0; i < s.n; ++i) {
    if (s.group_of(i) != g) continue;
    double z = (t.value(j, i) - scaling.center(j, g)) / scaling.width(j, g);
    if (z == 0) z = scaling.at_zero;
    const double u = z + scaling.shift;
    total += s.weight_of(i) * u;
    if (u > 0) total_log += s.weight_of(i) * u * std::log(u);
  }
  return {total, total_log};
}

Scaling to_unit_interval(const std::vector<RangeSum>& ranges, int groups) {
  const Eigen::Index k = static_cast<Eigen::Index>(ranges.size()) / groups;
  Scaling s;
  s.center.resize(k, groups);
  s.width.resize(k, groups);
  for (Eigen::Index j = 0; j < k; ++j)
    for (Eigen::Index g = 0; g < groups; ++g) {
      const RangeSum& r = ranges[static_cast<std::size_t>(j * groups + g)];
      s.center(j, g) = r.min;
      s.width(j, g) = r.max - r.min;
    }
  return s;
}

}  // namespace

TEST_CASE("the vector logarithm is within two units in the last place of the library's") {
  Random random(7, 0);
  for (int i = 0; i < 200000; ++i) {
    const double x = std::exp(60 * random.normal());
    // An absolute error near 1, where the logarithm passes through zero.
    const double unit = std::max(std::abs(std::log(x)), 0.5) * 2.3e-16;
    REQUIRE(std::abs(vector_log(x) - std::log(x)) <= 2 * unit);
  }
  CHECK(vector_log(1.0) == 0.0);
  CHECK(0.0 * vector_log(0.0) == 0.0);
  CHECK(std::isfinite(vector_log(std::numeric_limits<double>::denorm_min())));
}

TEST_CASE("ranges and means by group, with frequencies") {
  const Table t(5000, 1);
  for (const Sample& s : {t.sample(), t.grouped()}) {
    const auto ranges = column_ranges(t.columns(), s, on(1));
    for (int j = 0; j < 3; ++j)
      for (int g = 0; g < s.groups; ++g) {
        double low = 1e300, high = -1e300, sum = 0, weight = 0;
        for (std::size_t i = 0; i < s.n; ++i) {
          if (s.group_of(i) != g) continue;
          low = std::min(low, t.value(j, i));
          high = std::max(high, t.value(j, i));
          sum += s.weight_of(i) * t.value(j, i);
          weight += s.weight_of(i);
        }
        const RangeSum& r = ranges[static_cast<std::size_t>(j * s.groups + g)];
        CHECK(r.min == low);
        CHECK(r.max == high);
        CHECK(r.weight == weight);
        CHECK(r.mean() == Approx(sum / weight).epsilon(1e-13));
      }
  }
}

TEST_CASE("entropy sums equal those by definition, for every rule about zeros") {
  const Table t(3000, 2);
  for (const Sample& s : {t.sample(), t.grouped()})
    for (const auto& zero : {std::make_pair(0.0, 0.0), {1e-5, 0.0}, {0.0, 1e-4}}) {
      Scaling scaling = to_unit_interval(column_ranges(t.columns(), s, on(1)), s.groups);
      scaling.at_zero = zero.first;
      scaling.shift = zero.second;
      const auto sums =
          entropy_sums(t.columns(), s, scaling, Eigen::MatrixXd::Ones(3, s.groups), 0, on(1));
      for (int j = 0; j < 3; ++j)
        for (int g = 0; g < s.groups; ++g) {
          const auto plain = plain_entropy(t, s, j, g, scaling);
          const EntropySum& sum = sums[static_cast<std::size_t>(j * s.groups + g)];
          CHECK(sum.total == Approx(plain.first).epsilon(1e-12));
          CHECK(sum.total_log == Approx(plain.second).epsilon(1e-12));
        }
    }
}

TEST_CASE("a frequency is a row that is repeated") {
  const Table t(800, 3);
  Table repeated(0, 0);
  for (std::size_t i = 0; i < t.a.size(); ++i)
    for (int k = 0; k < static_cast<int>(t.weight[i]); ++k) {
      repeated.a.push_back(t.a[i]);
      repeated.b.push_back(t.b[i]);
      repeated.c.push_back(t.c[i]);
    }
  Sample weighted = t.sample();
  weighted.weight = t.weight.data();
  const Eigen::MatrixXd center = Eigen::Vector3d(1e6, 1, 2);
  const Eigen::MatrixXd w = cross_products(t.columns(), weighted, center, on(1))[0];
  const Eigen::MatrixXd r = cross_products(repeated.columns(), repeated.sample(), center, on(1))[0];
  CHECK((w - r).norm() <= 1e-12 * r.norm());
  CHECK((w - w.transpose()).norm() == 0);
}

TEST_CASE("nothing depends on the number of threads") {
  const Table t(300000, 4);
  for (const Sample& s : {t.sample(), t.grouped()}) {
    const auto one = column_ranges(t.columns(), s, on(1));
    const auto two = column_ranges(t.columns(), s, on(2));
    const Scaling scaling = to_unit_interval(one, s.groups);
    const Eigen::MatrixXd factor = Eigen::MatrixXd::Ones(3, s.groups);
    const auto e1 = entropy_sums(t.columns(), s, scaling, factor, 0, on(1));
    const auto e2 = entropy_sums(t.columns(), s, scaling, factor, 0, on(2));
    for (std::size_t a = 0; a < one.size(); ++a) {
      CHECK(one[a].sum == two[a].sum);
      CHECK(e1[a].total == e2[a].total);
      CHECK(e1[a].total_log == e2[a].total_log);
    }
    const Eigen::MatrixXd zero = Eigen::MatrixXd::Zero(3, s.groups);
    CHECK(cross_products(t.columns(), s, zero, on(1)) ==
          cross_products(t.columns(), s, zero, on(2)));
  }
}

TEST_CASE("scores: weighted sums and closeness, by dimension") {
  const Table t(2000, 5);
  for (const Sample& s : {t.sample(), t.grouped()}) {
    ScoreRule rule;
    rule.scaling = to_unit_interval(column_ranges(t.columns(), s, on(1)), s.groups);
    rule.weight = Eigen::Vector3d(.2, .5, .3).replicate(1, s.groups);
    rule.within = Eigen::Vector3d(2. / 7, 5. / 7, 1).replicate(1, s.groups);
    rule.best = Eigen::MatrixXd::Ones(3, s.groups);
    rule.worst = Eigen::MatrixXd::Zero(3, s.groups);
    rule.dimension = {0, 0, 1};
    rule.dimensions = 2;
    for (bool by_distance : {false, true}) {
      rule.by_distance = by_distance;
      std::vector<double> out(3 * s.n, 0.0);
      composite_scores(t.columns(), s, rule, out.data(), on(2));
      for (std::size_t i = 0; i < s.n; i += 7) {
        const int g = s.group_of(i);
        if (g < 0) {
          CHECK(out[i] == 0);
          continue;
        }
        double z[3], near[2] = {0, 0}, far[2] = {0, 0}, sum = 0, dimension[2] = {0, 0};
        for (int j = 0; j < 3; ++j) {
          z[j] = (t.value(j, i) - rule.scaling.center(j, g)) / rule.scaling.width(j, g);
          const int d = rule.dimension[static_cast<std::size_t>(j)];
          sum += rule.weight(j, g) * z[j];
          dimension[d] += rule.within(j, g) * z[j];
          near[d] += std::pow(rule.weight(j, g) * (1 - z[j]), 2);
          far[d] += std::pow(rule.weight(j, g) * z[j], 2);
        }
        const auto share = [](double n, double f) {
          return std::sqrt(f) / (std::sqrt(n) + std::sqrt(f));
        };
        if (by_distance) {
          sum = share(near[0] + near[1], far[0] + far[1]);
          for (int d = 0; d < 2; ++d) dimension[d] = share(near[d], far[d]);
        }
        CHECK(out[i] == Approx(sum).epsilon(1e-13));
        CHECK(out[s.n + i] == Approx(dimension[0]).epsilon(1e-13));
        CHECK(out[2 * s.n + i] == Approx(dimension[1]).epsilon(1e-13));
      }
    }
  }
}

TEST_CASE("rows outside given bounds are counted on either side") {
  const Table t(1000, 6);
  OutsideCount start;
  start.min = 1;
  start.max = 3;
  const auto counts =
      fold({Column(t.c.data())}, t.sample(), std::vector<OutsideCount>{start}, on(1));
  double below = 0, above = 0;
  for (int c : t.c) {
    below += c < 1;
    above += c > 3;
  }
  CHECK(counts[0].below == below);
  CHECK(counts[0].above == above);
}
