#include <pilotdid/parallel.hpp>
#include <pilotdid/random.hpp>
#include <stdexcept>
#include <vector>

#include "catch.h"

using namespace pilotdid;

TEST_CASE("every chunk runs once, on any number of threads") {
  for (int threads : {1, 2, 5}) {
    Execution exec;
    exec.threads = threads;
    std::vector<int> count(1000, 0);
    parallel_for(count.size(), exec, [&](std::size_t c) { ++count[c]; });
    CHECK(count == std::vector<int>(1000, 1));
  }
}

TEST_CASE("exceptions and interrupts reach the caller") {
  Execution exec;
  exec.threads = 2;
  CHECK_THROWS_AS(parallel_for(10, exec,
                               [](std::size_t c) {
                                 if (c == 7) throw std::runtime_error("x");
                               }),
                  std::runtime_error);
  // Only the calling thread asks: with others it may come too late to see any of these empty
  // chunks.
  exec.threads = 1;
  exec.interrupted = [] { return true; };
  CHECK_THROWS_AS(parallel_for(100, exec, [](std::size_t) {}), Interrupted);
}

TEST_CASE("streams are reproducible, distinct and uniform") {
  Random a(1, 0), b(1, 0), c(1, 1);
  bool differ = false;
  for (int i = 0; i < 100; ++i) {
    const auto x = a.bits();
    CHECK(x == b.bits());
    differ = differ || x != c.bits();
  }
  CHECK(differ);
  Random random(9, 0);
  double mean = 0, square = 0;
  std::vector<int> die(6, 0);
  const int draws = 60000;
  for (int i = 0; i < draws; ++i) {
    const double z = random.normal();
    mean += z / draws;
    square += z * z / draws;
    ++die[random.below(6)];
  }
  // Five standard errors: 5 / sqrt(60000) = 0.02, and for the variance sqrt(2) times that.
  CHECK(std::abs(mean) < 0.02);
  CHECK(std::abs(square - 1) < 0.03);
  for (int d : die) CHECK(std::abs(d - draws / 6) < 5 * std::sqrt(draws / 6.0));
}
