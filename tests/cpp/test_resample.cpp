#include <numeric>
#include <pilotdid/resample.hpp>

#include "catch.h"

using namespace pilotdid;

TEST_CASE("as many units are drawn as there are, and a draw is its seed and number") {
  for (int draw = 1; draw <= 20; ++draw) {
    const auto count = resample_counts(57, 3, static_cast<std::uint64_t>(draw));
    CHECK(std::accumulate(count.begin(), count.end(), 0) == 57);
    CHECK(count == resample_counts(57, 3, static_cast<std::uint64_t>(draw)));
  }
  CHECK(resample_counts(57, 3, 1) != resample_counts(57, 3, 2));
  CHECK(resample_counts(57, 3, 1) != resample_counts(57, 4, 1));
}

TEST_CASE("units are drawn evenly") {
  std::vector<double> total(10, 0);
  const int draws = 20000;
  for (int draw = 0; draw < draws; ++draw) {
    const auto count = resample_counts(10, 1, static_cast<std::uint64_t>(draw));
    for (std::size_t u = 0; u < 10; ++u) total[u] += count[u];
  }
  // Mean 1, variance .9: five standard errors of the mean of 20,000 draws.
  for (double t : total) CHECK(std::abs(t / draws - 1) < 5 * std::sqrt(0.9 / draws));
}
