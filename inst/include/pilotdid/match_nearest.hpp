// Nearest-neighbor matching within buckets, with and without replacement.
#ifndef PILOTDID_MATCH_NEAREST_HPP
#define PILOTDID_MATCH_NEAREST_HPP

#include <queue>

#include "match_buckets.hpp"
#include "match_search.hpp"
#include "parallel.hpp"
#include "random.hpp"

namespace pilotdid {

// In which order treated rows choose; it matters without replacement only.
enum class Order { data = 0, largest = 1, smallest = 2, closest = 3, random = 4 };

struct NearestRules {
  int ratio = 1;
  bool replace = false;
  bool random_ties = false;  // keys of `Ties::first` drawn instead of row numbers
  bool strict = false;       // distance < caliper instead of <=
  Ties ties = Ties::adjacent;
  Order order = Order::largest;
  std::uint64_t seed = 0;
};

// `scale` (n, or null) is what the caliper is measured on: a monotone function of the score.
struct Calipers {
  const double* scale = nullptr;
  std::vector<double> limits;             // by bucket
  std::vector<const double*> covariates;  // each of length n
  std::vector<double> covariate_limits;
};

struct MatchedPair {
  int treated, control;  // rows
  int rank;              // 1 for the nearest
  double distance, weight;
};

enum class Verdict { accept, skip, beyond };

// What the calipers say of a pair of rows.
inline Verdict judge(const Calipers& calipers, int bucket, bool strict, int treated, int control) {
  if (calipers.scale) {
    const double d = std::abs(calipers.scale[treated] - calipers.scale[control]);
    const double limit = calipers.limits[bucket];
    if (strict ? !(d < limit) : d > limit) return Verdict::beyond;
  }
  for (std::size_t j = 0; j < calipers.covariates.size(); ++j) {
    const double* x = calipers.covariates[j];
    if (std::abs(x[treated] - x[control]) > calipers.covariate_limits[j]) return Verdict::skip;
  }
  return Verdict::accept;
}

// Finds free controls by distance on the score.
class ScoreFinder {
 public:
  ScoreFinder(const Bucket& bucket, int number, const double* score, const NearestRules& rules,
              const Calipers& calipers)
      : score_(score),
        rules_(rules),
        calipers_(calipers),
        number_(number),
        controls_(bucket.controls, score, keys(bucket, rules, number)) {}

  // Up to `most` nearest admissible controls; with Ties::all also those as near as the last.
  void find(int treated, int most, std::vector<Candidate>& found) const {
    found.clear();
    OutwardWalk walk(controls_, score_[treated], static_cast<std::uint64_t>(treated), rules_.ties);
    for (;;) {
      const Candidate c = walk.next();
      if (c.control < 0) return;
      const bool enough = static_cast<int>(found.size()) >= most;
      if (enough && (rules_.ties != Ties::all || c.distance > found.back().distance)) return;
      const Verdict v = judge(calipers_, number_, rules_.strict, treated, row(c.control));
      if (v == Verdict::beyond) walk.close_side();
      if (v == Verdict::accept) found.push_back(c);
    }
  }
  int row(int control) const { return controls_.row(control); }
  bool is_free(int control) const { return controls_.is_free(control); }
  void remove(int control) { controls_.remove(control); }

 private:
  static std::vector<std::uint64_t> keys(const Bucket& bucket, const NearestRules& rules,
                                         int number) {
    std::vector<std::uint64_t> key(bucket.controls.begin(), bucket.controls.end());
    if (rules.random_ties) {
      Random random(rules.seed, 2 * static_cast<std::uint64_t>(number));
      for (auto& k : key) k = random.bits();
    }
    return key;
  }
  const double* score_;
  const NearestRules& rules_;
  const Calipers& calipers_;
  int number_;
  SortedControls controls_;
};

// The treated rows in the order in which they choose.
inline std::vector<int> queue_of(const Bucket& bucket, int number, const double* score,
                                 const NearestRules& rules) {
  std::vector<int> rows = bucket.treated;
  if (rules.order == Order::random) {
    Random random(rules.seed, 2 * static_cast<std::uint64_t>(number) + 1);
    random.shuffle(rows);
  } else if (rules.order == Order::largest || rules.order == Order::smallest) {
    const bool descending = rules.order == Order::largest;
    std::stable_sort(rows.begin(), rows.end(), [&](int a, int b) {
      return descending ? score[a] > score[b] : score[a] < score[b];
    });
  }
  return rows;
}

namespace nearest_detail {

inline void keep(std::vector<MatchedPair>& pairs, int treated, int control, int rank,
                 double distance) {
  pairs.push_back({treated, control, rank, distance, 0});
}

template <class Finder>
void with_replacement(const std::vector<int>& queue, const Finder& finder, int ratio,
                      std::vector<MatchedPair>& pairs) {
  std::vector<Candidate> found;
  for (const int treated : queue) {
    finder.find(treated, ratio, found);
    for (std::size_t r = 0; r < found.size(); ++r)
      keep(pairs, treated, finder.row(found[r].control), static_cast<int>(r) + 1,
           found[r].distance);
  }
}

// One round: every treated row takes at most one control.
template <class Finder>
void round_in_order(const std::vector<int>& queue, Finder& finder, int round,
                    std::vector<MatchedPair>& pairs) {
  std::vector<Candidate> found;
  for (const int treated : queue) {
    finder.find(treated, 1, found);
    if (found.empty()) continue;
    finder.remove(found[0].control);
    keep(pairs, treated, finder.row(found[0].control), round, found[0].distance);
  }
}

// One round, closest pair first. The heap is lazy: distances only grow as controls are used, so a
// popped pair whose control is still free is the closest of all; otherwise it is looked up anew.
template <class Finder>
void round_closest(const std::vector<int>& queue, Finder& finder, int round,
                   std::vector<MatchedPair>& pairs) {
  struct Entry {
    double distance;
    int treated, control;
  };
  const auto later = [](const Entry& a, const Entry& b) {
    return a.distance > b.distance || (a.distance == b.distance && a.treated > b.treated);
  };
  std::priority_queue<Entry, std::vector<Entry>, decltype(later)> heap(later);
  std::vector<Candidate> found;
  const auto push = [&](int treated) {
    finder.find(treated, 1, found);
    if (!found.empty()) heap.push({found[0].distance, treated, found[0].control});
  };
  for (const int treated : queue) push(treated);
  while (!heap.empty()) {
    const Entry e = heap.top();
    heap.pop();
    if (!finder.is_free(e.control)) {
      push(e.treated);
      continue;
    }
    finder.remove(e.control);
    keep(pairs, e.treated, finder.row(e.control), round, e.distance);
  }
}

// Each treated row's weight of one, shared by its controls.
inline void share_weights(std::vector<MatchedPair>& pairs) {
  std::stable_sort(pairs.begin(), pairs.end(), [](const MatchedPair& a, const MatchedPair& b) {
    return a.treated < b.treated || (a.treated == b.treated && a.rank < b.rank);
  });
  for (std::size_t from = 0, to = 0; from < pairs.size(); from = to) {
    while (to < pairs.size() && pairs[to].treated == pairs[from].treated) ++to;
    for (std::size_t i = from; i < to; ++i) pairs[i].weight = 1.0 / static_cast<double>(to - from);
  }
}

}  // namespace nearest_detail

template <class Finder>
std::vector<MatchedPair> match_bucket(const std::vector<int>& queue, Finder& finder,
                                      const NearestRules& rules) {
  using namespace nearest_detail;
  std::vector<MatchedPair> pairs;
  if (rules.replace) {
    with_replacement(queue, finder, rules.ratio, pairs);
  } else {
    for (int round = 1; round <= rules.ratio; ++round) {
      if (rules.order == Order::closest)
        round_closest(queue, finder, round, pairs);
      else
        round_in_order(queue, finder, round, pairs);
    }
  }
  share_weights(pairs);
  return pairs;
}

// Pairs of all buckets, in the order of the buckets; score: n.
inline std::vector<std::vector<MatchedPair>> match_nearest(const std::vector<Bucket>& buckets,
                                                           const double* score,
                                                           const NearestRules& rules,
                                                           const Calipers& calipers,
                                                           const Execution& exec) {
  std::vector<std::vector<MatchedPair>> pairs(buckets.size());
  parallel_for(buckets.size(), exec, [&](std::size_t b) {
    const int number = static_cast<int>(b);
    ScoreFinder finder(buckets[b], number, score, rules, calipers);
    pairs[b] = match_bucket(queue_of(buckets[b], number, score, rules), finder, rules);
  });
  return pairs;
}

}  // namespace pilotdid

#endif
