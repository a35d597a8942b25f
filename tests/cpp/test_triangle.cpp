#include <pilotdid/triangle.hpp>

#include "catch.h"
#include "panel.h"

using namespace pilotdid;

static Triangle triangle(const Panel& panel, const Columns& columns, std::vector<int> order,
                         int threads = 1) {
  Execution exec;
  exec.threads = threads;
  return fit_triangle(panel.two_way(true), columns, order, SolverOptions(), exec);
}

TEST_CASE("the root reproduces the moments in the order asked for") {
  const Panel panel(40, 7, 0.8, 2);
  const Triangle t = triangle(panel, panel.columns(), {1, 2, 0});
  const Eigen::MatrixXd gram = t.root.transpose() * t.root;
  const int order[] = {1, 2, 0};
  for (int i = 0; i < 3; ++i)
    for (int j = 0; j < 3; ++j)
      CHECK(gram(i, j) == Approx(t.moments.gram(order[i], order[j])).epsilon(1e-12));
  CHECK(!t.orthogonal);
}

TEST_CASE("least squares is read off the triangle") {
  const Panel panel(40, 7, 0.8, 2);
  const Triangle t = triangle(panel, panel.columns(), {1, 2, 0});
  const Eigen::VectorXd b =
      t.root.topLeftCorner(2, 2).triangularView<Eigen::Upper>().solve(t.root.col(2).head(2));
  CHECK((b - panel.dummies(true)).norm() < 1e-11);  // cond(X) times 2e-16, squared columns
}

TEST_CASE("a repeated column leaves a row of zeros and says what it is made of") {
  const Panel panel(40, 7, 0.8, 2);
  std::vector<double> sum;
  for (std::size_t i = 0; i < panel.y.size(); ++i) sum.push_back(2 * panel.x1[i] - panel.x2[i]);
  Columns columns = panel.columns();
  columns.push_back(Column(sum.data()));
  const Triangle t = triangle(panel, columns, {1, 2, 3, 0});
  CHECK(t.orthogonal);
  CHECK(t.standing[2] == Standing::aliased);
  CHECK(t.root.row(2).norm() == 0);
  CHECK(t.combination(0, 2) == Approx(2).epsilon(1e-9));  // rounding of the columns
  CHECK(t.combination(1, 2) == Approx(-1).epsilon(1e-9));
  const Eigen::MatrixXd gram = t.root.transpose() * t.root;
  CHECK(gram(3, 3) == Approx(t.moments.gram(0, 0)).epsilon(1e-10));
}

TEST_CASE("scores of several residuals are those of each of them") {
  const Panel panel(60, 9, 0.8, 4);
  const Absorption a = panel.two_way(true);
  const Columns columns = panel.columns();
  const Execution exec;
  ReducedSystem system(a, SolverOptions(), exec);
  const Moments m = compute_moments(a, columns, system, exec);
  LinearScores both, one;
  both.regressors = Eigen::MatrixXd::Random(3, 2);
  both.residual = Eigen::MatrixXd::Random(3, 2);
  one.regressors = both.regressors;
  for (auto kind : {Grouping::Kind::groups, Grouping::Kind::codes}) {
    Grouping by;
    by.kind = kind;
    by.code = panel.time.data();
    by.clusters = panel.periods;
    const Eigen::MatrixXd sums = sum_scores(a, columns, m.effects, both, by, nullptr, exec).sums;
    for (int l = 0; l < 2; ++l) {
      one.residual = both.residual.col(l);
      const ScoreSums own = sum_scores(a, columns, m.effects, one, by, nullptr, exec);
      CHECK((sums.middleCols(2 * l, 2) - own.sums).norm() == Approx(0).margin(1e-12));
    }
  }
}

TEST_CASE("the triangle does not depend on the number of threads") {
  const Panel panel(3000, 10, 0.9, 6);
  CHECK(triangle(panel, panel.columns(), {2, 1, 0}, 1).root ==
        triangle(panel, panel.columns(), {2, 1, 0}, 2).root);
}
