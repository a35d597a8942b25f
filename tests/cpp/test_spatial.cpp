#include <pilotdid/log_determinant.hpp>
#include <pilotdid/moran.hpp>
#include <pilotdid/random.hpp>
#include <pilotdid/spatial_fit.hpp>
#include <pilotdid/spatial_points.hpp>

#include "catch.h"

using namespace pilotdid;

namespace {

std::vector<Point> scatter(int n, std::uint64_t seed) {
  Random random(seed, 0);
  std::vector<Point> points;
  for (int i = 0; i < n; ++i)
    points.push_back(on_globe(80 + 50 * random.uniform(), 20 + 30 * random.uniform()));
  return points;
}

// Nearest neighbors, symmetrized or not, rows summing to one.
struct Weights {
  std::vector<int> start{0}, column;
  std::vector<double> value;
  SpatialWeights view() const {
    SpatialWeights w;
    w.n = static_cast<int>(start.size()) - 1;
    w.start = start.data();
    w.column = column.data();
    w.value = value.data();
    return w;
  }
};

Weights nearest(int n, int k, bool symmetric, std::uint64_t seed) {
  const NeighborLists lists =
      nearest_neighbors(scatter(n, seed), k, Metric::great_circle, Execution());
  Eigen::MatrixXd links = Eigen::MatrixXd::Zero(n, n);
  for (int i = 0; i < n; ++i)
    for (int p = lists.start[i]; p < lists.start[i + 1]; ++p) links(i, lists.neighbor[p]) = 1;
  if (symmetric) links = links.cwiseMax(links.transpose()).eval();
  Weights w;
  for (int i = 0; i < n; ++i) {
    for (int j = 0; j < n; ++j)
      if (links(i, j) > 0) {
        w.column.push_back(j);
        w.value.push_back(1 / links.row(i).sum());
      }
    w.start.push_back(static_cast<int>(w.column.size()));
  }
  return w;
}

}  // namespace

TEST_CASE("the tree finds what a full search finds, on one thread and on two") {
  const std::vector<Point> points = scatter(700, 1);
  Execution two;
  two.threads = 2;
  const NeighborLists found = nearest_neighbors(points, 5, Metric::great_circle, two);
  const NeighborLists again = nearest_neighbors(points, 5, Metric::great_circle, Execution());
  CHECK(found.neighbor == again.neighbor);
  for (int i = 0; i < 700; i += 13) {
    std::vector<Candidate> all;
    for (int j = 0; j < 700; ++j)
      if (j != i) all.emplace_back(squared_chord(points[i], points[j]), j);
    std::sort(all.begin(), all.end());
    std::vector<int> expected;
    for (int k = 0; k < 5; ++k) expected.push_back(all[k].second);
    std::sort(expected.begin(), expected.end());
    CHECK(std::vector<int>(found.neighbor.begin() + 5 * i, found.neighbor.begin() + 5 * i + 5) ==
          expected);
  }
  const double radius = 300;
  const NeighborLists near = neighbors_within(points, radius, Metric::great_circle, two);
  std::size_t pairs = 0;
  for (int i = 0; i < 700; ++i)
    for (int j = 0; j < 700; ++j)
      pairs += i != j && distance_of_chord(squared_chord(points[i], points[j]),
                                           Metric::great_circle) <= radius;
  CHECK(near.neighbor.size() == pairs);
}

TEST_CASE("a degree of the equator and a quarter of a meridian") {
  const double degree =
      distance_of_chord(squared_chord(on_globe(10, 0), on_globe(11, 0)), Metric::great_circle);
  CHECK(degree == Approx(earth_radius * 3.14159265358979323846 / 180).epsilon(1e-12));
  const double quarter =
      distance_of_chord(squared_chord(on_globe(0, 0), on_globe(50, 90)), Metric::great_circle);
  CHECK(quarter == Approx(earth_radius * 3.14159265358979323846 / 2).epsilon(1e-12));
}

TEST_CASE("the determinant: eigenvalues, factors and the interpolant agree") {
  for (bool symmetric : {true, false}) {
    const Weights weights = nearest(120, 4, symmetric, 3);
    const SpatialWeights w = weights.view();
    CHECK(find_symmetrizer(w).exists == symmetric);
    const Eigen::MatrixXd dense = w.matrix();
    std::vector<SpatialOperator> operators;
    for (DeterminantMethod m :
         {DeterminantMethod::eigenvalues, DeterminantMethod::factor, DeterminantMethod::chebyshev})
      operators.push_back(make_operator(w, m, Eigen::VectorXcd()));
    for (double rho : {-0.97, -0.5, 0.0, 0.3, 0.9, 0.995}) {
      const Eigen::MatrixXd s = Eigen::MatrixXd::Identity(120, 120) - rho * dense;
      const double exact = s.partialPivLu().matrixLU().diagonal().array().abs().log().sum();
      for (SpatialOperator& op : operators)
        CHECK(op.determinant().value(rho) == Approx(exact).margin(1e-9));
    }
    // Derivatives: -tr G and -tr G^2.
    const Eigen::MatrixXd s = Eigen::MatrixXd::Identity(120, 120) - 0.4 * dense;
    const Eigen::MatrixXd g = dense * s.inverse();
    for (SpatialOperator& op : operators) {
      const std::pair<double, double> d = op.determinant().derivatives(0.4);
      CHECK(d.first == Approx(-g.trace()).epsilon(1e-8));
      CHECK(d.second == Approx(-(g * g).trace()).epsilon(1e-7));
    }
  }
}

TEST_CASE("solutions with the factors, dense and sparse") {
  for (bool symmetric : {true, false}) {
    const Weights weights = nearest(80, 4, symmetric, 5);
    const SpatialWeights w = weights.view();
    const Symmetrizer symmetrizer = find_symmetrizer(w);
    const Eigen::MatrixXd s = Eigen::MatrixXd::Identity(80, 80) - 0.6 * Eigen::MatrixXd(w.matrix());
    const Eigen::MatrixXd inverse = s.inverse();
    for (bool dense : {true, false}) {
      const auto factor = make_factor(w, symmetrizer, dense);
      REQUIRE(factor->factor(0.6));
      factor->prepare_inverse();
      const Eigen::MatrixXd eye = Eigen::MatrixXd::Identity(80, 80);
      CHECK((factor->solve(eye) - inverse).cwiseAbs().maxCoeff() < 1e-12);
      CHECK((factor->solve_transposed(eye) - inverse.transpose()).cwiseAbs().maxCoeff() < 1e-12);
      CHECK((factor->inverse_columns({3, 7}).col(1) - inverse.col(7)).cwiseAbs().maxCoeff() <
            1e-12);
      CHECK(
          (factor->inverse_rows({3, 7}).col(0) - inverse.row(3).transpose()).cwiseAbs().maxCoeff() <
          1e-12);
    }
  }
}

TEST_CASE("the sparse factor: determinant and solutions up to the ends of the range, and beyond") {
  for (bool symmetric : {true, false}) {
    const Weights weights = nearest(200, 5, symmetric, 8);
    const SpatialWeights w = weights.view();
    SparseLu lu(w);
    const Eigen::MatrixXd dense = w.matrix(), b = Eigen::MatrixXd::Random(200, 11);
    for (double rho : {-0.999, -0.4, 0.0, 0.7, 0.999}) {
      REQUIRE(lu.factor(rho));
      const Eigen::MatrixXd s = Eigen::MatrixXd::Identity(200, 200) - rho * dense;
      const Eigen::PartialPivLU<Eigen::MatrixXd> exact(s);
      CHECK(lu.log_determinant() ==
            Approx(exact.matrixLU().diagonal().array().abs().log().sum()).margin(1e-10));
      // Residuals of two triangular solutions, relative to their size.
      const Eigen::MatrixXd x = lu.solve(b), xt = lu.solve_transposed(b);
      CHECK((s * x - b).cwiseAbs().maxCoeff() < 1e-13 * (1 + x.cwiseAbs().maxCoeff()));
      CHECK((s.transpose() * xt - b).cwiseAbs().maxCoeff() <
            1e-13 * (1 + xt.cwiseAbs().maxCoeff()));
    }
    CHECK_FALSE(lu.factor(1.2));
  }
}

TEST_CASE(
    "traces: exact against the matrix, with and without means; estimated within their error") {
  const Weights weights = nearest(150, 4, false, 6);
  const SpatialWeights w = weights.view();
  const Symmetrizer symmetrizer = find_symmetrizer(w);
  const auto factor = make_factor(w, symmetrizer, false);
  REQUIRE(factor->factor(0.5));
  factor->prepare_inverse();
  const Eigen::MatrixXd dense = w.matrix();
  Eigen::MatrixXd a = dense * (Eigen::MatrixXd::Identity(150, 150) - 0.5 * dense).inverse();
  for (bool remove : {false, true}) {
    if (remove) {
      const Eigen::MatrixXd j = Eigen::MatrixXd::Identity(150, 150).array() - 1.0 / 150;
      a = j * a * j;
    }
    std::vector<SpatialMatrix> m;
    m.emplace_back(w, *factor, symmetrizer, remove);
    Execution two;
    two.threads = 2;
    const SpatialTraces t = exact_traces(w, m, two), one = exact_traces(w, m, Execution());
    CHECK(t.crossed(0, 0) == one.crossed(0, 0));
    CHECK(t.trace[0] == Approx(a.trace()).epsilon(1e-10));
    CHECK(t.product(0, 0) == Approx((a * a).trace()).epsilon(1e-10));
    CHECK(t.crossed(0, 0) == Approx(a.squaredNorm()).epsilon(1e-10));
    CHECK((t.diagonal.col(0) - a.diagonal()).cwiseAbs().maxCoeff() < 1e-12);
    // Five standard errors of 128 sign vectors.
    CHECK(estimated_traces(w, m, 1, two).crossed(0, 0) ==
          Approx(a.squaredNorm()).epsilon(5 * std::sqrt(2.0 / 128 / 30)));
  }
}

TEST_CASE("the spectral radius, also of a bipartite and of a disconnected map") {
  Weights w;
  // Two pairs: links of 2 and of 3.
  w.start = {0, 1, 2, 3, 4};
  w.column = {1, 0, 3, 2};
  w.value = {2, 2, 3, 3};
  const SpectralRadius r = spectral_radius(w.view());
  CHECK(r.converged);
  CHECK(r.value == Approx(3).epsilon(1e-12));
  CHECK(spectral_radius(nearest(60, 3, false, 2).view()).value == Approx(1).epsilon(1e-12));
}

TEST_CASE("a maximum of several hills, its curvature, and the border") {
  const Maximum m = maximize([](double x) { return std::sin(9 * x) - x * x; }, -1, 1, 41);
  CHECK(m.converged);
  // The root of 9 cos(9 x) - 2 x next to zero.
  double x = 0.17;
  for (int i = 0; i < 50; ++i) x -= (9 * std::cos(9 * x) - 2 * x) / (-81 * std::sin(9 * x) - 2);
  CHECK(m.at == Approx(x).epsilon(1e-9));
  CHECK(m.curvature == Approx(-81 * std::sin(9 * x) - 2).epsilon(1e-5));
  CHECK(!m.at_border);
  CHECK(maximize([](double y) { return y; }, -1, 1, 9).at_border);
}

TEST_CASE("moments filtered by lambda are those of filtered, projected columns") {
  const Weights weights = nearest(30, 3, false, 9);
  const int periods = 4;
  Random random(1, 0);
  Eigen::VectorXd y(30 * periods);
  Eigen::MatrixXd x(30 * periods, 2);
  for (Eigen::Index i = 0; i < y.size(); ++i) {
    y[i] = random.normal() + i;
    x(i, 0) = random.normal();
    x(i, 1) = random.normal() + 100;
  }
  // Rows that do not sum to one, so that the filtered time effects are no constants.
  Weights scaled = weights;
  for (std::size_t p = 0; p < scaled.value.size(); ++p)
    scaled.value[p] *= 0.5 + 0.01 * static_cast<double>(p % 7);
  SpatialPanel panel;
  panel.weights = scaled.view();
  panel.units = 30;
  panel.periods = periods;
  new (&panel.y) Eigen::Map<const Eigen::VectorXd>(y.data(), y.size());
  new (&panel.x) Eigen::Map<const Eigen::MatrixXd>(x.data(), x.rows(), x.cols());
  const SpatialMoments moments(panel, true, true);
  const Eigen::MatrixXd z = moments.filtered(0.3);
  CHECK((moments.gram(0.3) - z.transpose() * z).cwiseAbs().maxCoeff() < 1e-8 * z.squaredNorm());
  // Against dummies: R [unit dummies, time dummies] projected off R x.
  const Eigen::MatrixXd r =
      Eigen::MatrixXd::Identity(30, 30) - 0.3 * Eigen::MatrixXd(panel.weights.matrix());
  Eigen::MatrixXd dummies = Eigen::MatrixXd::Zero(30 * periods, 30 + periods);
  for (int t = 0; t < periods; ++t) {
    dummies.block(30 * t, 0, 30, 30) = r;
    dummies.block(30 * t, 30 + t, 30, 1) = r * Eigen::VectorXd::Ones(30);
  }
  Eigen::VectorXd filtered(30 * periods);
  for (int t = 0; t < periods; ++t) filtered.segment(30 * t, 30) = r * x.col(1).segment(30 * t, 30);
  const Eigen::VectorXd left =
      filtered - dummies * dummies.completeOrthogonalDecomposition().solve(filtered);
  CHECK((left - z.col(3)).cwiseAbs().maxCoeff() < 1e-9);
}

TEST_CASE("permutations of Moran's I do not depend on the threads") {
  const Weights weights = nearest(100, 4, false, 4);
  Random random(2, 0);
  Eigen::MatrixXd x(100, 3);
  for (Eigen::Index i = 0; i < x.size(); ++i) x.data()[i] = random.normal();
  Execution two;
  two.threads = 2;
  const auto a = global_autocorrelation(weights.view(), x, Autocorrelation::moran, 199, 5, two);
  const auto b =
      global_autocorrelation(weights.view(), x, Autocorrelation::moran, 199, 5, Execution());
  for (int k = 0; k < 3; ++k) {
    CHECK(a[k].estimate == b[k].estimate);
    CHECK(a[k].above == b[k].above);
    CHECK(a[k].above + a[k].below == 199);
  }
}
