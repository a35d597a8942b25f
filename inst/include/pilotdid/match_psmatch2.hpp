// Neighbors as Stata's psmatch2 (4.0.12) picks them, its treatment of ties included.
#ifndef PILOTDID_MATCH_PSMATCH2_HPP
#define PILOTDID_MATCH_PSMATCH2_HPP

#include "match_nearest.hpp"

namespace pilotdid {

// With replacement. First the nearest control; of equally near ones the lower score, then the first
// row. `ties` adds every later control that is as near. For ratio > 1 the others are the next ones
// outwards from the first, the lower side before the higher at equal distance, whether or not
// `ties` has already taken them: a control can then stand twice among the matches of one treated
// row, and weighs twice, as in psmatch2. Every distance must be strictly below the caliper.
struct Psmatch2Rules {
  int neighbors = 1;
  bool ties = false;
  double caliper = std::numeric_limits<double>::infinity();
};

namespace psmatch2_detail {

inline void neighbors_of(const SortedControls& controls, double score, const Psmatch2Rules& rules,
                         std::vector<int>& found) {
  found.clear();
  const int n = controls.size();
  if (n == 0) return;
  const auto distance = [&](int j) { return std::abs(score - controls.score(j)); };
  const int at = controls.lower_bound(score);
  int first = at;
  if (at > 0 && (at == n || distance(at - 1) <= distance(at))) first = controls.block(at - 1);
  if (!(distance(first) < rules.caliper)) return;
  found.push_back(first);
  for (int j = first + 1; rules.ties && j < n && distance(j) <= distance(first); ++j)
    found.push_back(j);
  int below = first - 1, above = first + 1;
  for (int k = 1; k < rules.neighbors; ++k) {
    const bool take_below = below >= 0 && (above >= n || distance(below) <= distance(above));
    if (!take_below && above >= n) return;
    const int next = take_below ? below-- : above++;
    if (!(distance(next) < rules.caliper)) return;
    found.push_back(next);
  }
}

}  // namespace psmatch2_detail

inline std::vector<std::vector<MatchedPair>> match_psmatch2(const std::vector<Bucket>& buckets,
                                                            const double* score,
                                                            const Psmatch2Rules& rules,
                                                            const Execution& exec) {
  std::vector<std::vector<MatchedPair>> pairs(buckets.size());
  parallel_for(buckets.size(), exec, [&](std::size_t b) {
    const std::vector<std::uint64_t> key(buckets[b].controls.begin(), buckets[b].controls.end());
    const SortedControls controls(buckets[b].controls, score, key);
    std::vector<int> found;
    for (const int treated : buckets[b].treated) {
      psmatch2_detail::neighbors_of(controls, score[treated], rules, found);
      for (std::size_t r = 0; r < found.size(); ++r)
        pairs[b].push_back({treated, controls.row(found[r]), static_cast<int>(r) + 1,
                            std::abs(score[treated] - controls.score(found[r])),
                            1.0 / static_cast<double>(found.size())});
    }
  });
  return pairs;
}

}  // namespace pilotdid

#endif
