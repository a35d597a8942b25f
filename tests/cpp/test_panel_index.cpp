#include <pilotdid/coding.hpp>
#include <pilotdid/panel_index.hpp>
#include <pilotdid/random.hpp>
#include <pilotdid/scan.hpp>

#include "catch.h"

using namespace pilotdid;

TEST_CASE("identifiers are coded in ascending order, missing ones marked") {
  const double x[] = {2015.5, 2012, NAN, 2015.5, -1e300};
  int code[5];
  CHECK(code_values(x, 5, code, Execution()) == std::vector<double>({-1e300, 2012, 2015.5}));
  CHECK(std::vector<int>(code, code + 5) == std::vector<int>({2, 1, missing_code, 2, 0}));

  const int z[] = {7, 3, 7, INT32_MIN, -2};
  CHECK(code_values(z, 5, code, Execution()) == std::vector<int>({-2, 3, 7}));
  CHECK(std::vector<int>(code, code + 5) == std::vector<int>({2, 1, 2, missing_code, 0}));
}

TEST_CASE("zero and minus zero are one value") {
  const double x[] = {0.0, -0.0, 0.5};
  int code[3];
  CHECK(code_values(x, 3, code, Execution()).size() == 2);
  CHECK(code[0] == code[1]);
}

TEST_CASE("sparse values take the table, narrow whole numbers the address: same codes") {
  std::vector<double> narrow, wide;
  for (int i = 0; i < 500; ++i) {
    narrow.push_back((i * 7919) % 101);
    wide.push_back(narrow.back() * 1e12 + 0.25);
  }
  std::vector<int> a(500), b(500);
  CHECK(code_values(narrow.data(), 500, a.data(), Execution()).size() == 101);
  CHECK(code_values(wide.data(), 500, b.data(), Execution()).size() == 101);
  CHECK(a == b);
}

TEST_CASE("rows are sorted by group and time, stably, without those dropped") {
  const int group[] = {1, 0, 1, 0, 1}, time[] = {1, 1, 0, 0, 1};
  const PanelIndex all = index_panel(nullptr, 5, group, 2, time, 2, Execution());
  CHECK_FALSE(all.identity);
  CHECK(all.rows == std::vector<int>({3, 1, 2, 0, 4}));
  CHECK(all.start == std::vector<int>({0, 2, 5}));
  const unsigned char keep[] = {1, 1, 1, 0, 0};
  CHECK(index_panel(keep, 5, group, 2, time, 2, Execution()).rows == std::vector<int>({1, 2, 0}));
  const Rows rows(all.rows.data(), 5);
  CHECK(first_duplicate(rows, all.start.data(), 2, time) == 4);
}

TEST_CASE("singletons are pruned until none is left") {
  // Row 2 is alone in unit 1; without it row 3 is alone in period 1, and then row 4 in unit 2.
  const int unit[] = {0, 0, 1, 2, 2}, time[] = {0, 0, 1, 1, 2};
  std::vector<unsigned char> keep(5, 1);
  CHECK(prune_singletons({unit, time}, {3, 3}, 5, keep, Execution()) == 3);
  CHECK(keep == std::vector<unsigned char>({1, 1, 0, 0, 0}));
  std::vector<unsigned char> none_yet;
  CHECK(prune_singletons({unit, time}, {3, 3}, 5, none_yet, Execution()) == 3);
  CHECK(none_yet == keep);
}

TEST_CASE("levels with a single row are found in sorted codes as in any") {
  Random random(8, 0);
  for (int trial = 0; trial < 200; ++trial) {
    // Blocks of 2^16 rows meet in one of the panels.
    const int n = trial == 0 ? 70000 : 1 + static_cast<int>(random.below(12));
    std::vector<int> code(n, 0);
    for (int i = 1; i < n; ++i) code[i] = code[i - 1] + (random.below(trial == 0 ? 500 : 3) == 0);
    const int levels = code.back() + 1;
    const int found = detail::sorted_has_single(code.data(), code.size(), Execution());
    CHECK(found == static_cast<int>(has_single(code.data(), levels, code.size(), {})));
  }
  const int falling[] = {0, 1, 1, 0, 0};
  CHECK(detail::sorted_has_single(falling, 5, Execution()) == -1);
}

TEST_CASE("missing and infinite values are found and counted for the first column") {
  const double x[] = {1, NAN, 3, INFINITY}, y[] = {NAN, NAN, 1, 1};
  std::vector<unsigned char> keep(4, 1);
  const auto found = scan_columns({Column(x), Column(y)}, 4, keep, Execution());
  CHECK(found[0].dropped == 1);
  CHECK(found[0].infinite == 1);
  CHECK(found[0].first_infinite == 3);
  CHECK(found[1].dropped == 1);
  CHECK(keep == std::vector<unsigned char>({0, 0, 1, 1}));
  std::vector<unsigned char> none_yet;
  CHECK(scan_columns({Column(x), Column(y)}, 4, none_yet, Execution())[1].dropped == 1);
  CHECK(none_yet == keep);
  none_yet.clear();
  CHECK(scan_columns({Column(y + 2)}, 2, none_yet, Execution())[0].dropped == 0);
  CHECK(none_yet.empty());
}

TEST_CASE("treatment paths: cohorts, always treated, reversals, gaps") {
  const int time[] = {0, 1, 2, 0, 2, 0, 1, 2}, start[] = {0, 3, 5, 8};
  const double status[] = {0, 1, 1, 1, 1, 0, 1, 0};
  const TreatmentPaths p =
      treatment_paths(Rows(nullptr, 8), start, 3, time, Column(status), Execution());
  CHECK(p.cohort == std::vector<int>({1, 0, 1}));
  CHECK(p.always == 1);
  CHECK(p.reversals == 1);
  CHECK(p.gaps == 1);
  CHECK(p.first_reversal == 7);
  CHECK(p.binary);
}
