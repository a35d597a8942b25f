#include <pilotdid/lags.hpp>
#include <vector>

#include "catch.h"

using namespace pilotdid;

TEST_CASE("a lag is looked up by the number of the period") {
  // Unit 0 has periods 0, 1, 3; unit 1 has 1, 2. Rows stand in reverse order.
  const std::vector<int> time = {2, 1, 3, 1, 0}, rows = {4, 3, 2, 1, 0}, start = {0, 3, 5};
  const std::vector<double> period = {0, 1, 2, 3};
  std::vector<int> source(5, -7);
  const Rows order(rows.data(), rows.size());
  lag_rows(order, start.data(), 2, time.data(), period.data(), 1, -1, source.data());
  CHECK(source == std::vector<int>({1, -1, -1, 4, -1}));
  lag_rows(order, start.data(), 2, time.data(), period.data(), -2, -1, source.data());
  CHECK(source == std::vector<int>({-1, -1, -1, 2, -1}));
  lag_rows(order, start.data(), 2, time.data(), period.data(), 0, -1, source.data());
  CHECK(source == std::vector<int>({0, 1, 2, 3, 4}));
}
