// Rows that may be matched with each other: one bucket a period (and exact stratum).
#ifndef PILOTDID_MATCH_BUCKETS_HPP
#define PILOTDID_MATCH_BUCKETS_HPP

#include <cstddef>
#include <vector>

namespace pilotdid {

struct Bucket {
  std::vector<int> treated, controls;  // rows, ascending
};

// group: 0 .. groups-1, or negative for a row that takes no part. One counting pass, so that a
// million rows do not grow their vectors by doubling.
inline std::vector<Bucket> make_buckets(const int* group, const int* treated, int rows,
                                        int groups) {
  std::vector<int> ones(groups, 0), zeros(groups, 0);
  for (int i = 0; i < rows; ++i)
    if (group[i] >= 0) ++(treated[i] ? ones : zeros)[group[i]];
  std::vector<Bucket> buckets(groups);
  for (int g = 0; g < groups; ++g) {
    buckets[g].treated.reserve(ones[g]);
    buckets[g].controls.reserve(zeros[g]);
  }
  for (int i = 0; i < rows; ++i)
    if (group[i] >= 0)
      (treated[i] ? buckets[group[i]].treated : buckets[group[i]].controls).push_back(i);
  return buckets;
}

}  // namespace pilotdid

#endif
