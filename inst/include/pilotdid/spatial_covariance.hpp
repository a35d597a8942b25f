// Covariance of scores between places within a distance of each other (Conley 1999):
//   sum_t sum_ij K(d_ij) s_it s_jt'.
// Places are sorted into cells as wide as the cut-off, so that only neighboring cells are compared.
#ifndef PILOTDID_SPATIAL_COVARIANCE_HPP
#define PILOTDID_SPATIAL_COVARIANCE_HPP

#include <Eigen/Dense>
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <numeric>
#include <vector>

#include "parallel.hpp"

namespace pilotdid {

enum class SpatialKernel { uniform = 0, bartlett = 1 };
enum class SpatialMetric { sphere = 0, plane = 1 };

// Places in space, a chord of the unit sphere (or a straight line in the plane) apart.
class Places {
 public:
  // x, y: longitude and latitude in degrees and the cut-off in kilometers, or coordinates in the
  // plane and the cut-off in the same unit.
  Places(const Eigen::VectorXd& x, const Eigen::VectorXd& y, SpatialMetric metric, double cutoff,
         SpatialKernel kernel)
      : point_(3, x.size()), metric_(metric), kernel_(kernel), cutoff_(cutoff) {
    const double degree = std::acos(-1.0) / 180;
    for (Eigen::Index p = 0; p < x.size(); ++p) {
      if (metric == SpatialMetric::plane)
        point_.col(p) << x[p], y[p], 0;
      else
        point_.col(p) << std::cos(y[p] * degree) * std::cos(x[p] * degree),
            std::cos(y[p] * degree) * std::sin(x[p] * degree), std::sin(y[p] * degree);
    }
    const double half_turn = std::acos(-1.0) / 2;
    // A cut-off beyond half the circumference takes in everything.
    limit_ = metric == SpatialMetric::plane
                 ? cutoff
                 : 2 * std::sin(std::min(cutoff / (2 * radius), half_turn));
    sort_cells();
  }

  std::size_t size() const { return order_.size(); }
  int place(std::size_t sorted) const { return order_[sorted]; }

  // Calls f(j, weight) for each place later in the order within the cut-off of the i-th.
  template <class F>
  void each_neighbor(std::size_t i, F&& f) const {
    const Eigen::Vector3d at = point_.col(order_[i]);
    const Cell own = cell(at);
    for (int dx = -1; dx <= 1; ++dx)
      for (int dy = -1; dy <= 1; ++dy) {
        const std::int64_t low = key({own.x + dx, own.y + dy, own.z - 1});
        const std::int64_t high = key({own.x + dx, own.y + dy, own.z + 1});
        auto j =
            std::lower_bound(keys_.begin() + static_cast<std::ptrdiff_t>(i) + 1, keys_.end(), low) -
            keys_.begin();
        for (; j < static_cast<std::ptrdiff_t>(keys_.size()) && keys_[j] <= high; ++j) {
          const double chord = (point_.col(order_[j]) - at).norm();
          if (chord <= limit_) f(static_cast<std::size_t>(j), weight(chord));
        }
      }
  }

 private:
  // Mean radius of the earth in kilometers (IUGG).
  static constexpr double radius = 6371.0088;
  struct Cell {
    std::int64_t x, y, z;
  };

  Cell cell(const Eigen::Vector3d& p) const {
    return {static_cast<std::int64_t>((p[0] - low_[0]) / width_) + 1,
            static_cast<std::int64_t>((p[1] - low_[1]) / width_) + 1,
            static_cast<std::int64_t>((p[2] - low_[2]) / width_) + 1};
  }
  std::int64_t key(Cell c) const { return (c.x * side_ + c.y) * side_ + c.z; }

  void sort_cells() {
    low_ = point_.rowwise().minCoeff();
    const double extent = (point_.rowwise().maxCoeff() - low_).maxCoeff();
    // A hair wider than the cut-off, so that rounding cannot put two places at that very distance
    // two cells apart; at most two million cells a side: their product then fits 64 bits.
    width_ = std::max({limit_ * (1 + 1e-9), extent / 2e6, 1e-300});
    side_ = static_cast<std::int64_t>(extent / width_) + 4;
    std::vector<std::int64_t> raw(static_cast<std::size_t>(point_.cols()));
    for (Eigen::Index p = 0; p < point_.cols(); ++p) raw[p] = key(cell(point_.col(p)));
    order_.resize(raw.size());
    std::iota(order_.begin(), order_.end(), 0);
    std::stable_sort(order_.begin(), order_.end(), [&](int a, int b) { return raw[a] < raw[b]; });
    for (int p : order_) keys_.push_back(raw[p]);
  }

  double weight(double chord) const {
    if (kernel_ == SpatialKernel::uniform) return 1;
    const double d =
        metric_ == SpatialMetric::plane ? chord : 2 * radius * std::asin(std::min(1.0, chord / 2));
    return std::max(0.0, 1 - d / cutoff_);
  }

  Eigen::Matrix3Xd point_;
  SpatialMetric metric_;
  SpatialKernel kernel_;
  double cutoff_, limit_ = 0, width_ = 1;
  Eigen::Vector3d low_;
  std::int64_t side_ = 1;
  std::vector<int> order_;
  std::vector<std::int64_t> keys_;
};

// scores: n x k; place, time: their codes for each row. Rows of one place and time are added up
// first. Periods are taken in blocks, so that memory stays below 32 MB beyond the scores.
inline Eigen::MatrixXd spatial_covariance(const Eigen::MatrixXd& scores, const int* place,
                                          const int* time, int times, const Places& places,
                                          const Execution& exec) {
  const Eigen::Index k = scores.cols(), n = scores.rows();
  const std::size_t room = 4 << 20;
  const int block = static_cast<int>(std::max<std::size_t>(
      1, room / std::max<std::size_t>(1, places.size() * static_cast<std::size_t>(k))));
  Eigen::MatrixXd own = Eigen::MatrixXd::Zero(k, k), cross = own;
  for (int t0 = 0; t0 < times; t0 += block) {
    const int width = std::min(block, times - t0);
    // (k x periods of the block) x places
    Eigen::MatrixXd sums =
        Eigen::MatrixXd::Zero(k * width, static_cast<Eigen::Index>(places.size()));
    for (Eigen::Index i = 0; i < n; ++i)
      if (time[i] >= t0 && time[i] < t0 + width)
        sums.col(place[i]).segment(k * (time[i] - t0), k) += scores.row(i).transpose();
    const std::size_t each = 256, chunks = (places.size() + each - 1) / each;
    std::vector<Eigen::MatrixXd> own_part(chunks, Eigen::MatrixXd::Zero(k, k)),
        cross_part = own_part;
    parallel_for(chunks, exec, [&](std::size_t c) {
      Eigen::VectorXd near(k * width);
      for (std::size_t i = c * each; i < std::min(places.size(), (c + 1) * each); ++i) {
        near.setZero();
        places.each_neighbor(
            i, [&](std::size_t j, double w) { near += w * sums.col(places.place(j)); });
        const Eigen::VectorXd here = sums.col(places.place(i));
        const Eigen::Map<const Eigen::MatrixXd> a(here.data(), k, width), b(near.data(), k, width);
        own_part[c].noalias() += a * a.transpose();
        cross_part[c].noalias() += a * b.transpose();
      }
    });
    for (std::size_t c = 0; c < chunks; ++c) {
      own += own_part[c];
      cross += cross_part[c];
    }
  }
  return own + cross + cross.transpose();
}

}  // namespace pilotdid

#endif
