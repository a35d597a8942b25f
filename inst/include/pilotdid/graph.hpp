// Connected components by union-find.
#ifndef PILOTDID_GRAPH_HPP
#define PILOTDID_GRAPH_HPP

#include <numeric>
#include <utility>
#include <vector>

namespace pilotdid {

class Components {
 public:
  explicit Components(int n) : parent_(n), count_(n) {
    std::iota(parent_.begin(), parent_.end(), 0);
  }
  int find(int i) {
    while (parent_[i] != i) i = parent_[i] = parent_[parent_[i]];
    return i;
  }
  // The smaller index is the root: the result does not depend on the order of the joins.
  void join(int i, int j) {
    i = find(i);
    j = find(j);
    if (i == j) return;
    if (j < i) std::swap(i, j);
    parent_[j] = i;
    --count_;
  }
  // Single points count as components of their own.
  int count() const { return count_; }

 private:
  std::vector<int> parent_;
  int count_;
};

}  // namespace pilotdid

#endif
