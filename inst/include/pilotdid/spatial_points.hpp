// Neighbors of points on the globe, in the plane or on the line, by a k-d tree.
//
// A place on the globe is its unit vector: the chord between two places grows with the
// great-circle distance, so one tree in three dimensions serves every metric.
#ifndef PILOTDID_SPATIAL_POINTS_HPP
#define PILOTDID_SPATIAL_POINTS_HPP

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <numeric>
#include <utility>
#include <vector>

#include "parallel.hpp"

namespace pilotdid {

enum class Metric { great_circle, euclidean };

// Mean radius of the Earth in kilometers (IUGG): distances on the sphere differ from those on
// the ellipsoid by up to 0.5 %.
constexpr double earth_radius = 6371.0088;

using Point = std::array<double, 3>;

inline Point on_globe(double longitude, double latitude) {
  const double radian = 3.14159265358979323846 / 180;
  const double c = std::cos(latitude * radian);
  return {c * std::cos(longitude * radian), c * std::sin(longitude * radian),
          std::sin(latitude * radian)};
}

inline double squared_chord(const Point& a, const Point& b) {
  double sum = 0;
  for (int d = 0; d < 3; ++d) sum += (a[d] - b[d]) * (a[d] - b[d]);
  return sum;
}

inline double distance_of_chord(double squared, Metric metric) {
  const double chord = std::sqrt(squared);
  return metric == Metric::euclidean ? chord
                                     : 2 * earth_radius * std::asin(std::min(1.0, chord / 2));
}

inline double chord_of_distance(double distance, Metric metric) {
  if (metric == Metric::euclidean) return distance;
  const double angle = distance / (2 * earth_radius);
  // Half the circumference and more holds every place.
  return angle >= 1.5707963267948966 ? std::numeric_limits<double>::infinity()
                                     : 2 * std::sin(angle);
}

// (squared chord, point): compared as pairs, so that equal distances go by the index.
using Candidate = std::pair<double, int>;

class PointTree {
 public:
  explicit PointTree(const std::vector<Point>& points) : points_(points), order_(points.size()) {
    std::iota(order_.begin(), order_.end(), 0);
    if (!points.empty()) build(0, static_cast<int>(points.size()));
  }

  // The k nearest of `center` other than `self`, nearest first.
  std::vector<Candidate> nearest(const Point& center, int self, int k) const {
    std::vector<Candidate> heap;
    visit(
        0, center,
        [&] { return static_cast<int>(heap.size()) < k ? infinite : heap.front().first; },
        [&](int i, double d) {
          if (i == self) return;
          const Candidate c(d, i);
          if (static_cast<int>(heap.size()) == k) {
            if (!(c < heap.front())) return;
            std::pop_heap(heap.begin(), heap.end());
            heap.pop_back();
          }
          heap.push_back(c);
          std::push_heap(heap.begin(), heap.end());
        });
    std::sort_heap(heap.begin(), heap.end());
    return heap;
  }

  // All within a squared chord of `center` other than `self`, by index.
  std::vector<Candidate> within(const Point& center, int self, double squared) const {
    std::vector<Candidate> found;
    visit(
        0, center, [&] { return squared; },
        [&](int i, double d) {
          if (i != self && d <= squared) found.emplace_back(d, i);
        });
    std::sort(found.begin(), found.end(),
              [](const Candidate& a, const Candidate& b) { return a.second < b.second; });
    return found;
  }

 private:
  static constexpr double infinite = std::numeric_limits<double>::infinity();
  static constexpr int leaf = 16;
  struct Node {
    int begin, end, left = -1, right = -1;
    Point low, high;
  };

  int build(int begin, int end) {
    const int id = static_cast<int>(nodes_.size());
    nodes_.push_back(Node());
    Node node;
    node.begin = begin;
    node.end = end;
    node.low = node.high = points_[order_[begin]];
    for (int i = begin; i < end; ++i)
      for (int d = 0; d < 3; ++d) {
        node.low[d] = std::min(node.low[d], points_[order_[i]][d]);
        node.high[d] = std::max(node.high[d], points_[order_[i]][d]);
      }
    if (end - begin > leaf) {
      int axis = 0;
      for (int d = 1; d < 3; ++d)
        if (node.high[d] - node.low[d] > node.high[axis] - node.low[axis]) axis = d;
      const int middle = begin + (end - begin) / 2;
      std::nth_element(order_.begin() + begin, order_.begin() + middle, order_.begin() + end,
                       [&](int a, int b) { return points_[a][axis] < points_[b][axis]; });
      node.left = build(begin, middle);
      node.right = build(middle, end);
    }
    nodes_[id] = node;
    return id;
  }

  double gap(const Node& node, const Point& center) const {
    double sum = 0;
    for (int d = 0; d < 3; ++d) {
      const double out = std::max({node.low[d] - center[d], 0.0, center[d] - node.high[d]});
      sum += out * out;
    }
    return sum;
  }

  // Nearer child first; a node is skipped when even its box is beyond the reach.
  template <class Reach, class Take>
  void visit(int id, const Point& center, Reach&& reach, Take&& take) const {
    const Node& node = nodes_[id];
    if (gap(node, center) > reach()) return;
    if (node.left < 0) {
      for (int i = node.begin; i < node.end; ++i)
        take(order_[i], squared_chord(points_[order_[i]], center));
      return;
    }
    const bool left_first = gap(nodes_[node.left], center) <= gap(nodes_[node.right], center);
    visit(left_first ? node.left : node.right, center, reach, take);
    visit(left_first ? node.right : node.left, center, reach, take);
  }

  const std::vector<Point>& points_;
  std::vector<int> order_;
  std::vector<Node> nodes_;
};

// Neighbors in compressed rows: those of point i stand at start[i] .. start[i+1]-1, by index.
struct NeighborLists {
  std::vector<int> start, neighbor;
  std::vector<double> distance;
  int tied = 0;           // points whose k-th and next neighbor are equally far
  bool too_many = false;  // more links than 32-bit positions can number
};

namespace detail {

// Equal up to the rounding of coordinates, well below a millimeter: such neighbors are tied.
constexpr double tie_tolerance = 1e-9;

// The k nearest; when several compete for the last places, those of lower index win.
inline std::vector<Candidate> nearest_by_index(const PointTree& tree, const Point& center, int self,
                                               int k, int* tied) {
  std::vector<Candidate> first = tree.nearest(center, self, k);
  const double edge = first.back().first;
  std::vector<Candidate> all = tree.within(center, self, edge * (1 + 2 * tie_tolerance));
  if (static_cast<int>(all.size()) > k) {
    ++*tied;
    std::stable_partition(all.begin(), all.end(), [&](const Candidate& c) {
      return c.first < edge * (1 - 2 * tie_tolerance);
    });
    all.resize(static_cast<std::size_t>(k));
    std::sort(all.begin(), all.end(),
              [](const Candidate& a, const Candidate& b) { return a.second < b.second; });
  }
  return all;
}

template <class Find>
NeighborLists collect_neighbors(std::size_t n, Metric metric, const Execution& exec, Find&& find) {
  const std::size_t rows_each = 512, chunks = (n + rows_each - 1) / rows_each;
  std::vector<NeighborLists> parts(chunks);
  parallel_for(chunks, exec, [&](std::size_t c) {
    NeighborLists& part = parts[c];
    for (std::size_t i = c * rows_each; i < std::min(n, (c + 1) * rows_each); ++i) {
      for (const Candidate& found : find(static_cast<int>(i), &part.tied)) {
        part.neighbor.push_back(found.second);
        part.distance.push_back(distance_of_chord(found.first, metric));
      }
      part.start.push_back(static_cast<int>(part.neighbor.size()));
    }
  });
  NeighborLists all;
  all.start.push_back(0);
  std::size_t links = 0;
  for (const NeighborLists& part : parts) links += part.neighbor.size();
  all.too_many = links > static_cast<std::size_t>(std::numeric_limits<int>::max());
  if (all.too_many) return all;
  all.neighbor.reserve(links);
  all.distance.reserve(links);
  for (const NeighborLists& part : parts) {
    const int offset = all.start.back();
    for (int end : part.start) all.start.push_back(offset + end);
    all.neighbor.insert(all.neighbor.end(), part.neighbor.begin(), part.neighbor.end());
    all.distance.insert(all.distance.end(), part.distance.begin(), part.distance.end());
    all.tied += part.tied;
  }
  return all;
}

}  // namespace detail

// k below the number of points.
inline NeighborLists nearest_neighbors(const std::vector<Point>& points, int k, Metric metric,
                                       const Execution& exec) {
  const PointTree tree(points);
  return detail::collect_neighbors(points.size(), metric, exec, [&](int i, int* tied) {
    return detail::nearest_by_index(tree, points[i], i, k, tied);
  });
}

// All pairs up to `radius` (kilometers on the globe) apart, the radius included.
inline NeighborLists neighbors_within(const std::vector<Point>& points, double radius,
                                      Metric metric, const Execution& exec) {
  const PointTree tree(points);
  const double chord = chord_of_distance(radius, metric);
  return detail::collect_neighbors(points.size(), metric, exec, [&](int i, int*) {
    return tree.within(points[i], i, chord * chord);
  });
}

}  // namespace pilotdid

#endif
