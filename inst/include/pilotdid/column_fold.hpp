// Sums over the rows of many columns, by group of rows: one pass over memory, threads over fixed
// row blocks, partial sums merged in the order of the blocks.
#ifndef PILOTDID_COLUMN_FOLD_HPP
#define PILOTDID_COLUMN_FOLD_HPP

#include <Eigen/Dense>
#include <algorithm>
#include <cstddef>
#include <limits>
#include <vector>

#include "column.hpp"
#include "cross_products.hpp"
#include "parallel.hpp"
#include "simd.hpp"

namespace pilotdid {

// Which rows count, in which group, and how often.
struct Sample {
  std::size_t n = 0;
  const int* group = nullptr;  // n: 0 .. groups-1, -1 for a row left out; null: all in group 0
  int groups = 1;
  const double* weight = nullptr;  // n: frequencies; null: one each
  bool plain() const { return !group && !weight; }
  int group_of(std::size_t row) const { return group ? group[row] : 0; }
  double weight_of(std::size_t row) const { return weight ? weight[row] : 1.0; }
};

namespace detail {

// Rows that are worked on together: a strip of doubles stays in the first-level cache.
const int kStrip = 512;

// Rows a block. It depends on the data alone, never on threads; large accumulators get longer
// blocks, so that the partial sums stay below 128 MB.
inline std::size_t block_rows(std::size_t n, std::size_t doubles) {
  const std::size_t most = std::max<std::size_t>(1, (std::size_t(1) << 24) / (doubles + 1));
  return std::max<std::size_t>(1 << 16, (n + most - 1) / most);
}

// m values from row `first` on, as doubles: the caller's own memory if it holds doubles.
inline const double* strip(const double* x, std::size_t first, int, double*) { return x + first; }
inline const double* strip(const int* x, std::size_t first, int m, double* buffer) {
  for (int i = 0; i < m; ++i) buffer[i] = x[first + static_cast<std::size_t>(i)];
  return buffer;
}

// f(first row, number of rows) for each strip of rows from .. to-1.
template <class F>
void each_strip(std::size_t from, std::size_t to, F&& f) {
  for (std::size_t first = from; first < to; first += kStrip)
    f(first, static_cast<int>(std::min<std::size_t>(kStrip, to - first)));
}

}  // namespace detail

// Folds every column into one accumulator a group: start[j * groups + g] holds the parameters of
// column j in group g and empty sums. An accumulator offers
//   add(const double* x, int m)   m rows that count once
//   add(double x, double w)       one row that counts w times
//   merge(const Acc&)             the sums of a later block
template <class Acc>
std::vector<Acc> fold(const Columns& columns, const Sample& sample, const std::vector<Acc>& start,
                      const Execution& exec) {
  const std::size_t rows =
      detail::block_rows(sample.n, start.size() * sizeof(Acc) / sizeof(double));
  std::vector<std::vector<Acc>> partial((sample.n + rows - 1) / rows, start);
  const std::size_t groups = static_cast<std::size_t>(sample.groups);
  each_block(sample.n, rows, exec, [&](std::size_t block, std::size_t from, std::size_t to) {
    double buffer[detail::kStrip];
    for (std::size_t j = 0; j < columns.size(); ++j) {
      Acc* acc = &partial[block][j * groups];
      columns[j].visit([&](const auto* x) {
        detail::each_strip(from, to, [&](std::size_t first, int m) {
          const double* values = detail::strip(x, first, m, buffer);
          if (sample.plain()) return acc[0].add(values, m);
          for (int i = 0; i < m; ++i) {
            const std::size_t row = first + static_cast<std::size_t>(i);
            const int g = sample.group_of(row);
            if (g >= 0) acc[g].add(values[i], sample.weight_of(row));
          }
        });
      });
    }
  });
  std::vector<Acc> total = start;
  for (const auto& part : partial)
    for (std::size_t a = 0; a < total.size(); ++a) total[a].merge(part[a]);
  return total;
}

// Range and mean of a column. Sums are taken around `shift`, one of its values, so that a large
// common level costs no digits.
struct RangeSum {
  double shift = 0, weight = 0, sum = 0;
  double min = std::numeric_limits<double>::infinity();
  double max = -std::numeric_limits<double>::infinity();
  double mean() const { return shift + sum / weight; }

  void add(const double* x, int m) {
    vectorized([&]() PILOTDID_INLINE {
      double low = min, high = max, total = 0;
      const double origin = shift;
      PILOTDID_SIMD(reduction(min : low) reduction(max : high) reduction(+ : total))
      for (int i = 0; i < m; ++i) {
        low = x[i] < low ? x[i] : low;
        high = x[i] > high ? x[i] : high;
        total += x[i] - origin;
      }
      min = low;
      max = high;
      sum += total;
    });
    weight += m;
  }
  void add(double x, double w) {
    min = std::min(min, x);
    max = std::max(max, x);
    sum += w * (x - shift);
    weight += w;
  }
  void merge(const RangeSum& other) {
    min = std::min(min, other.min);
    max = std::max(max, other.max);
    sum += other.sum;
    weight += other.weight;
  }
};

inline std::vector<RangeSum> column_ranges(const Columns& columns, const Sample& sample,
                                           const Execution& exec) {
  std::vector<RangeSum> start(columns.size() * static_cast<std::size_t>(sample.groups));
  std::size_t first = 0;
  while (first + 1 < sample.n && sample.group_of(first) < 0) ++first;
  for (std::size_t a = 0; a < start.size(); ++a)
    start[a].shift = columns[a / static_cast<std::size_t>(sample.groups)][first];
  return fold(columns, sample, start, exec);
}

// Rows of a column that lie outside [min, max].
struct OutsideCount {
  double min = 0, max = 0, below = 0, above = 0;
  void add(const double* x, int m) {
    for (int i = 0; i < m; ++i) add(x[i], 1.0);
  }
  void add(double x, double w) {
    below += x < min ? w : 0;
    above += x > max ? w : 0;
  }
  void merge(const OutsideCount& other) {
    below += other.below;
    above += other.above;
  }
};

namespace detail {

// Centered cross-products of strips of rows into one K x K matrix a group (lower triangles).
class StripProducts {
 public:
  StripProducts(const Columns& columns, const Sample& sample, const Eigen::MatrixXd& center,
                std::vector<Eigen::MatrixXd>& sums)
      : columns_(columns),
        sample_(sample),
        center_(center),
        sums_(sums),
        x_(kStrip, center.rows()) {}

  void operator()(std::size_t first, int m) {
    load(first, m);
    if (sample_.plain()) return add_cross_products(x_, m, sums_[0]);
    for (int i = 0; i < m; ++i) {
      const std::size_t row = first + static_cast<std::size_t>(i);
      const int g = sample_.group_of(row);
      if (g >= 0)
        sums_[static_cast<std::size_t>(g)].selfadjointView<Eigen::Lower>().rankUpdate(
            x_.row(i).transpose(), sample_.weight_of(row));
    }
  }

 private:
  void load(std::size_t first, int m) {
    for (Eigen::Index j = 0; j < x_.cols(); ++j)
      columns_[static_cast<std::size_t>(j)].visit([&](const auto* data) {
        const auto* x = data + first;
        double* out = x_.col(j).data();
        if (!sample_.group) {
          const double origin = center_(j, 0);
          for (int i = 0; i < m; ++i) out[i] = static_cast<double>(x[i]) - origin;
          return;
        }
        for (int i = 0; i < m; ++i) {
          const int g = sample_.group_of(first + static_cast<std::size_t>(i));
          if (g >= 0) out[i] = static_cast<double>(x[i]) - center_(j, g);
        }
      });
  }

  const Columns& columns_;
  const Sample& sample_;
  const Eigen::MatrixXd& center_;
  std::vector<Eigen::MatrixXd>& sums_;
  Eigen::MatrixXd x_;
};

}  // namespace detail

// Centered cross-products of K columns, one K x K matrix a group. center: K x groups.
inline std::vector<Eigen::MatrixXd> cross_products(const Columns& columns, const Sample& sample,
                                                   const Eigen::MatrixXd& center,
                                                   const Execution& exec) {
  const Eigen::Index k = center.rows();
  const std::size_t rows = detail::block_rows(
      sample.n, static_cast<std::size_t>(k * k) * static_cast<std::size_t>(sample.groups));
  const std::vector<Eigen::MatrixXd> zero(static_cast<std::size_t>(sample.groups),
                                          Eigen::MatrixXd::Zero(k, k));
  std::vector<std::vector<Eigen::MatrixXd>> partial((sample.n + rows - 1) / rows, zero);
  each_block(sample.n, rows, exec, [&](std::size_t block, std::size_t from, std::size_t to) {
    detail::StripProducts add(columns, sample, center, partial[block]);
    detail::each_strip(from, to, add);
  });
  std::vector<Eigen::MatrixXd> total = zero;
  for (const auto& part : partial)
    for (std::size_t g = 0; g < total.size(); ++g) total[g] += part[g];
  for (auto& matrix : total) matrix = matrix.selfadjointView<Eigen::Lower>();
  return total;
}

}  // namespace pilotdid

#endif
