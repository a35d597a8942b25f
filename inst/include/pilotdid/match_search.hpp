// Nearest free controls on a scalar score: sorted once, walked outwards, used ones skipped in
// (almost) constant time.
#ifndef PILOTDID_MATCH_SEARCH_HPP
#define PILOTDID_MATCH_SEARCH_HPP

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <numeric>
#include <vector>

namespace pilotdid {

// Which of several equally distant controls is taken.
//  adjacent: the one next to the treated row when rows are sorted by (score, row), the lower score
//            before the higher: what MatchIt does;
//  first:    the smallest key; keys are row numbers, or random numbers for a random choice;
//  all:      every one of them (with replacement only).
enum class Ties { adjacent = 0, first = 1, all = 2 };

struct Candidate {
  int control;  // position among the sorted controls, or -1
  double distance;
};

// The controls of one bucket, by ascending (score, key).
class SortedControls {
 public:
  SortedControls(const std::vector<int>& rows, const double* score,
                 const std::vector<std::uint64_t>& key) {
    const int n = static_cast<int>(rows.size());
    std::vector<int> order(n);
    std::iota(order.begin(), order.end(), 0);
    std::sort(order.begin(), order.end(), [&](int a, int b) {
      const double x = score[rows[a]], y = score[rows[b]];
      return x < y || (x == y && key[a] < key[b]);
    });
    row_.resize(n);
    score_.resize(n);
    key_.resize(n);
    block_.resize(n);
    for (int i = 0; i < n; ++i) {
      row_[i] = rows[order[i]];
      score_[i] = score[row_[i]];
      key_[i] = key[order[i]];
      block_[i] = i > 0 && score_[i] == score_[i - 1] ? block_[i - 1] : i;
    }
    after_.resize(n + 1);
    before_.resize(n + 1);
    std::iota(after_.begin(), after_.end(), 0);
    std::iota(before_.begin(), before_.end(), 0);
  }

  int size() const { return static_cast<int>(row_.size()); }
  int row(int i) const { return row_[i]; }
  double score(int i) const { return score_[i]; }
  std::uint64_t key(int i) const { return key_[i]; }
  int block(int i) const { return block_[i]; }  // first position with the same score

  int lower_bound(double score) const {
    return static_cast<int>(std::lower_bound(score_.begin(), score_.end(), score) - score_.begin());
  }
  // Where (score, key) would stand.
  int lower_bound(double score, std::uint64_t key) const {
    const int low = lower_bound(score);
    const int high = static_cast<int>(std::upper_bound(score_.begin() + low, score_.end(), score) -
                                      score_.begin());
    return static_cast<int>(std::lower_bound(key_.begin() + low, key_.begin() + high, key) -
                            key_.begin());
  }

  bool is_free(int i) const { return after_[i] == i; }

  // The first free position at or after i (size() if none); the last at or before i (-1 if none).
  // Union-find with path halving: links of used controls point past them.
  int next_free(int i) const { return find(after_, i); }
  int previous_free(int i) const { return find(before_, i + 1) - 1; }
  void remove(int i) {
    after_[i] = i + 1;
    before_[i + 1] = i;
  }

 private:
  static int find(std::vector<int>& link, int i) {
    while (link[i] != i) {
      link[i] = link[link[i]];
      i = link[i];
    }
    return i;
  }
  std::vector<int> row_, block_;
  std::vector<double> score_;
  std::vector<std::uint64_t> key_;
  mutable std::vector<int> after_, before_;  // before_ is shifted by one: 0 stands for "none"
};

// The free controls around one treated row, by ascending distance, ties by the rule.
class OutwardWalk {
 public:
  OutwardWalk(const SortedControls& controls, double score, std::uint64_t key, Ties ties)
      : controls_(controls), score_(score), by_key_(ties != Ties::adjacent) {
    const int at = by_key_ ? controls.lower_bound(score) : controls.lower_bound(score, key);
    right_ = controls.next_free(at);
    left_ = controls.previous_free(at - 1);
    if (by_key_ && left_ >= 0) left_ = controls.next_free(controls.block(left_));
  }

  // The next candidate; control -1 at the end.
  Candidate next() {
    const double inf = std::numeric_limits<double>::infinity();
    const double l = left_ >= 0 ? std::abs(score_ - controls_.score(left_)) : inf;
    const double r = right_ < controls_.size() ? std::abs(score_ - controls_.score(right_)) : inf;
    if (l == inf && r == inf) return {-1, inf};
    from_left_ = l < r || (l == r && (!by_key_ || controls_.key(left_) < controls_.key(right_)));
    const Candidate found = from_left_ ? Candidate{left_, l} : Candidate{right_, r};
    if (from_left_)
      step_left();
    else
      right_ = controls_.next_free(right_ + 1);
    return found;
  }

  // No further candidate from the side that the last one came from: it is beyond the caliper.
  void close_side() { (from_left_ ? left_ : right_) = from_left_ ? -1 : controls_.size(); }

 private:
  // By key, a block of equal scores is walked forwards, the blocks backwards.
  void step_left() {
    if (by_key_) {
      const int forward = controls_.next_free(left_ + 1);
      if (forward < controls_.size() && controls_.block(forward) == controls_.block(left_)) {
        left_ = forward;
        return;
      }
      left_ = controls_.previous_free(controls_.block(left_) - 1);
      if (left_ >= 0) left_ = controls_.next_free(controls_.block(left_));
    } else {
      left_ = controls_.previous_free(left_ - 1);
    }
  }

  const SortedControls& controls_;
  double score_;
  bool by_key_, from_left_ = true;
  int left_, right_;
};

}  // namespace pilotdid

#endif
