#include "catch.h"
#include "panel.h"

using namespace pilotdid;

static LeastSquares fit(const Panel& panel, bool weighted, int threads, int direct_limit = 3000) {
  Execution exec;
  exec.threads = threads;
  SolverOptions options;
  options.direct_limit = direct_limit;
  options.tolerance = 1e-12;
  return fit_least_squares(panel.two_way(weighted), panel.columns(), Grouping(), nullptr, options,
                           exec);
}

TEST_CASE("two-way least squares equals the regression on dummies") {
  for (bool weighted : {false, true})
    for (double share : {1.0, 0.7}) {
      const Panel panel(40, 7, share, 11);
      const Eigen::VectorXd expected = panel.dummies(weighted);
      const LeastSquares found = fit(panel, weighted, 1);
      // Both lose about cond(X) * 2e-16; the panel is well conditioned.
      CHECK((found.solution.coefficients - expected).norm() < 1e-12);
    }
}

TEST_CASE("the scores of each column sum to zero over the units") {
  const Panel panel(40, 7, 0.8, 3);
  const LeastSquares found = fit(panel, true, 1);
  CHECK(found.scores.sums.colwise().sum().norm() < 1e-10);  // rounding of 200 terms of size 1
}

TEST_CASE("scores by group from columns as they are equal those of columns partialled out") {
  // Units without any row, a second effect, a level of the columns that dwarfs them, three
  // regressors (tiles not full).
  Panel panel(60, 7, 0.3, 12);
  const int rows = static_cast<int>(panel.y.size());
  for (int i = 0; i < rows; ++i) panel.x1[i] += 1000;
  std::vector<int> class_of;
  std::vector<double> x3, one(rows, 1.0);
  Random random(4, 1);
  for (int i = 0; i < rows; ++i) {
    class_of.push_back(static_cast<int>(random.below(4)));
    x3.push_back(random.normal());
  }
  Absorption plain = panel.two_way(false);
  plain.effects.push_back({class_of.data(), 4, Column()});
  Absorption weighted = plain;
  weighted.weights = Column(one.data());  // the general way
  Columns columns = panel.columns();
  columns.push_back(Column(x3.data()));
  REQUIRE(GroupScores::serves(plain));
  REQUIRE_FALSE(GroupScores::serves(weighted));
  std::vector<double> e1(rows), e2(rows);
  const LeastSquares direct =
      fit_least_squares(plain, columns, Grouping(), e1.data(), {}, Execution());
  const LeastSquares general =
      fit_least_squares(weighted, columns, Grouping(), e2.data(), {}, Execution());
  // Rounding of values around 1000.
  CHECK((direct.scores.sums - general.scores.sums).cwiseAbs().maxCoeff() < 1e-10);
  CHECK(std::abs(direct.scores.rss[0] / general.scores.rss[0] - 1) < 1e-11);
  for (int i = 0; i < rows; ++i) CHECK(std::abs(e1[i] - e2[i]) < 1e-10);
}

TEST_CASE("the result does not depend on the number of threads") {
  const Panel panel(4000, 10, 0.9, 5);
  const LeastSquares one = fit(panel, false, 1), two = fit(panel, false, 2);
  CHECK(one.solution.coefficients == two.solution.coefficients);
  CHECK(one.scores.sums == two.scores.sums);
  CHECK(one.scores.rss[0] == two.scores.rss[0]);
}

TEST_CASE("the sparse solver agrees with the factored system") {
  const Panel panel(300, 150, 0.1, 7);
  const LeastSquares direct = fit(panel, false, 1), sparse = fit(panel, false, 1, 0);
  CHECK(sparse.moments.converged);
  CHECK(sparse.moments.iterations > 0);
  CHECK(sparse.moments.absorbed() == direct.moments.absorbed());
  // The solver stops at a relative gradient of 1e-12.
  CHECK((direct.solution.coefficients - sparse.solution.coefficients).norm() < 1e-10);
}

TEST_CASE("absorbed parameters are counted by connected parts") {
  Panel panel(10, 4, 1.0, 1);
  CHECK(fit(panel, false, 1).moments.absorbed() == 10 + 4 - 1);
  // Units 0-4 keep periods 0 and 1, the others 2 and 3: two parts.
  Panel parts(10, 4, 1.0, 1);
  std::vector<unsigned char> keep;
  for (std::size_t i = 0; i < parts.unit.size(); ++i)
    keep.push_back((parts.unit[i] < 5) == (parts.time[i] < 2));
  const PanelIndex index = index_panel(keep.data(), keep.size(), parts.unit.data(), 10,
                                       parts.time.data(), 4, Execution());
  parts.rows = index.rows;
  parts.start = index.start;
  parts.identity = false;
  Absorption a = parts.two_way(false);
  a.rows = Rows(parts.rows.data(), parts.rows.size());
  ReducedSystem system(a, SolverOptions(), Execution());
  const Moments m = compute_moments(a, parts.columns(), system, Execution());
  CHECK(m.absorbed() == 10 + 4 - 2);
}

TEST_CASE("collinear and absorbed regressors are told apart") {
  const Panel panel(30, 6, 1.0, 9);
  std::vector<double> sum(panel.y.size()), by_unit(panel.y.size());
  for (std::size_t i = 0; i < sum.size(); ++i) {
    sum[i] = 2 * panel.x1[i] - panel.x2[i];
    by_unit[i] = std::sin(panel.unit[i]);
  }
  Columns columns = panel.columns();
  columns.push_back(Column(sum.data()));
  columns.push_back(Column(by_unit.data()));
  const LeastSquares found = fit_least_squares(panel.two_way(false), columns, Grouping(), nullptr,
                                               SolverOptions(), Execution());
  CHECK(found.orthogonal);
  CHECK(found.solution.standing[0] == Standing::kept);
  CHECK(found.solution.standing[2] == Standing::aliased);
  CHECK(found.solution.standing[3] == Standing::absorbed);
  CHECK(found.solution.combination(0, 2) == Approx(2));
  CHECK(found.solution.combination(1, 2) == Approx(-1));
  CHECK((found.solution.coefficients.head(2) - panel.dummies(false)).norm() < 1e-12);
}
