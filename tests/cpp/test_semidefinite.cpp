#include <pilotdid/random.hpp>
#include <pilotdid/semidefinite.hpp>

#include "catch.h"

using namespace pilotdid;

static Eigen::MatrixXd random_gram(int m, int rank, std::uint64_t seed) {
  Random random(seed, 0);
  Eigen::MatrixXd f(m, rank);
  for (int i = 0; i < m; ++i)
    for (int j = 0; j < rank; ++j) f(i, j) = random.normal() * (i % 3 == 0 ? 1000 : 1);
  return f * f.transpose();
}

TEST_CASE("the rank of a semi-definite matrix is found, over several blocks") {
  for (int rank : {1, 63, 64, 65, 150}) {
    SemidefiniteCholesky cholesky;
    const Eigen::MatrixXd a = random_gram(150, rank, 4);
    cholesky.factor(a, a.diagonal(), 150);
    CHECK(cholesky.rank() == rank);
  }
}

TEST_CASE("consistent singular systems are solved") {
  const Eigen::MatrixXd a = random_gram(150, 100, 8);
  SemidefiniteCholesky cholesky;
  cholesky.factor(a, a.diagonal(), 150);
  Eigen::MatrixXd truth(150, 2);
  for (int i = 0; i < 150; ++i) truth.row(i) << std::sin(i), 1.0 / (1 + i);
  const Eigen::MatrixXd rhs = a * truth;
  Eigen::MatrixXd x = rhs;
  cholesky.solve(x);
  // The condition number of the kept part is some 1e6 on the scaled matrix.
  CHECK((a * x - rhs).norm() < 1e-8 * rhs.norm());
}

TEST_CASE("rows without mass are skipped") {
  Eigen::MatrixXd a = random_gram(5, 5, 2);
  a.row(2).setZero();
  a.col(2).setZero();
  SemidefiniteCholesky cholesky;
  cholesky.factor(a, a.diagonal(), 5);
  CHECK(cholesky.rank() == 4);
}

TEST_CASE("what rounding leaves of a level that was taken off counts for nothing") {
  Eigen::MatrixXd a = random_gram(5, 5, 2);
  const Eigen::VectorXd mass = a.diagonal();
  a.row(1).setZero();
  a.col(1).setZero();
  a(1, 1) = 1e-15 * mass[1];
  SemidefiniteCholesky cholesky;
  cholesky.factor(a, mass, 5);
  CHECK(cholesky.rank() == 4);
}
