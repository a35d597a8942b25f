#include <pilotdid/heterogeneity.hpp>
#include <pilotdid/mediation.hpp>
#include <pilotdid/romano_wolf.hpp>

#include "catch.h"
#include "panel.h"

using namespace pilotdid;

static Eigen::MatrixXd gram_of(const Absorption& a, const Columns& columns) {
  ReducedSystem system(a, SolverOptions(), Execution());
  return compute_moments(a, columns, system, Execution()).gram;
}

// The Gram matrix of the columns on units repeated `times` times, from the rows.
static Eigen::MatrixXd gram_of_copies(const Panel& panel, bool weighted,
                                      const std::vector<int>& times) {
  std::vector<int> rows, start = {0};
  for (int i = 0; i < panel.units; ++i)
    for (int k = 0; k < times[i]; ++k) {
      for (int p = panel.start[i]; p < panel.start[i + 1]; ++p)
        rows.push_back(panel.identity ? p : panel.rows[p]);
      start.push_back(static_cast<int>(rows.size()));
    }
  Absorption a = panel.two_way(weighted);
  a.rows = Rows(rows.data(), rows.size());
  a.start = start.data();
  a.groups = static_cast<int>(start.size()) - 1;
  return gram_of(a, panel.columns());
}

TEST_CASE("weighted sums of unit moments equal moments of repeated units") {
  for (bool weighted : {false, true})
    for (double share : {1.0, 0.6}) {
      const Panel panel(50, 8, share, 21);
      const UnitMoments moments(panel.two_way(weighted), panel.columns(), Execution());
      Random random(1, 2);
      std::vector<int> times;
      for (int i = 0; i < panel.units; ++i) times.push_back(static_cast<int>(random.below(3)));
      UnitMoments::Sums sums;
      moments.clear(sums, 1);
      moments.each_unit([&](int unit, const auto& add) { add(sums, times[unit], 0); });
      const Eigen::MatrixXd expected = gram_of_copies(panel, weighted, times);
      // Sums of 400 products, each right to 1e-16.
      CHECK((moments.gram(sums) - expected).norm() < 1e-12 * expected.norm());
    }
}

TEST_CASE("focal columns by group equal explicit interactions") {
  const Panel panel(40, 6, 0.8, 9);
  std::vector<double> first(panel.x2), second(panel.x2);
  std::vector<int> label;
  for (int i = 0; i < panel.units; ++i) label.push_back(i % 3 == 0 ? 0 : 1);
  for (std::size_t r = 0; r < panel.unit.size(); ++r)
    (label[panel.unit[r]] == 0 ? second : first)[r] = 0;
  const Columns wide = {Column(panel.x1.data()), Column(panel.y.data()), Column(first.data()),
                        Column(second.data())};
  const Columns narrow = {Column(panel.x1.data()), Column(panel.y.data()), Column(panel.x2.data())};
  const Eigen::MatrixXd expected = gram_of(panel.two_way(false), wide);
  const UnitMoments moments(panel.two_way(false), narrow, Execution());
  UnitMoments::Sums sums;
  moments.clear(sums, 2);
  moments.each_unit([&](int unit, const auto& add) { add(sums, 1.0, label[unit]); });
  CHECK((moments.gram(sums) - expected).norm() < 1e-12 * expected.norm());
}

TEST_CASE("a column that another repeats is partialled out once") {
  const Panel panel(40, 6, 1, 9);
  const Columns twice = {Column(panel.x1.data()), Column(panel.x1.data()), Column(panel.y.data()),
                         Column(panel.x2.data())};
  const Columns once = {Column(panel.x1.data()), Column(panel.y.data()), Column(panel.x2.data())};
  const auto left = [&](const Columns& c, int k) {
    return partial_gram(gram_of(panel.two_way(false), c), k);
  };
  CHECK((left(twice, 2) - left(once, 1)).norm() < 1e-11 * left(once, 1).norm());
}

TEST_CASE("shuffled labels keep the numbers in each stratum and leave others out") {
  std::vector<int> label = {0, 0, 1, 1, 1, -1, 0, 1}, stratum = {0, 0, 0, 0, 1, 1, 1, 1};
  const LabelShuffler shuffler(label, stratum, 2);
  bool moved = false;
  for (int draw = 0; draw < 50; ++draw) {
    Random random(4, static_cast<std::uint64_t>(draw));
    const std::vector<int> l = shuffler.draw(random);
    CHECK(l[5] == -1);
    CHECK(l[0] + l[1] + l[2] + l[3] == 2);
    CHECK(l[4] + l[6] + l[7] == 2);
    moved = moved || l != label;
  }
  CHECK(moved);
}

TEST_CASE("draws do not depend on the number of threads") {
  const Panel panel(300, 6, 0.9, 2);
  const Columns columns = {Column(panel.y.data()), Column(panel.x1.data()),
                           Column(panel.x2.data())};
  std::vector<int> own, label, stratum(300, 0);
  for (int i = 0; i < 300; ++i) own.push_back(i), label.push_back(i % 2);
  Execution one, two;
  two.threads = 2;
  const UnitMoments a(panel.two_way(false), columns, one), b(panel.two_way(false), columns, two);
  CHECK(bootstrap_mediation(a, own, 300, 70, 5, one) ==
        bootstrap_mediation(b, own, 300, 70, 5, two));
  CHECK(permute_groups(a, label, 2, stratum, 1, Interaction::split, 70, 5, one) ==
        permute_groups(b, label, 2, stratum, 1, Interaction::split, 70, 5, two));
}

TEST_CASE("several outcomes in one pass equal one at a time") {
  const Panel panel(60, 7, 0.8, 13);
  const Columns many = {Column(panel.y.data()), Column(panel.x2.data()), Column(panel.x1.data())};
  const Columns first = {many[0], many[2]}, second = {many[1], many[2]};
  const Execution exec;
  const auto both =
      fit_many_outcomes(panel.two_way(true), many, 2, Grouping(), SolverOptions(), exec);
  const auto a =
      fit_least_squares(panel.two_way(true), first, Grouping(), nullptr, SolverOptions(), exec);
  const auto b =
      fit_least_squares(panel.two_way(true), second, Grouping(), nullptr, SolverOptions(), exec);
  CHECK((both[0].solution.coefficients - a.solution.coefficients).norm() < 1e-14);
  CHECK((both[1].solution.coefficients - b.solution.coefficients).norm() < 1e-14);
  CHECK((both[1].scores.sums - b.scores.sums).norm() < 1e-11);
  CHECK(both[0].scores.rss[0] == Approx(a.scores.rss[0]));
}
