// One pass that finds missing and infinite values, so that every later kernel may assume that
// its input is finite.
#ifndef PILOTDID_SCAN_HPP
#define PILOTDID_SCAN_HPP

#include <cmath>
#include <cstdint>
#include <vector>

#include "coding.hpp"
#include "column.hpp"
#include "parallel.hpp"

namespace pilotdid {

struct ScanResult {
  std::size_t dropped = 0;         // rows that this column is the first to drop
  std::size_t infinite = 0;        // kept rows in which it is infinite
  std::ptrdiff_t first_infinite = -1;
  void add(const ScanResult& other) {
    dropped += other.dropped;
    infinite += other.infinite;
    if (first_infinite < 0) first_infinite = other.first_infinite;
  }
};

namespace detail {

// x * 0 is 0 for finite x and NaN otherwise: a block sums to 0 exactly when all is finite.
inline bool all_finite(const double* x, std::size_t n) {
  double sum[8] = {0, 0, 0, 0, 0, 0, 0, 0};
  std::size_t i = 0;
  for (; i + 8 <= n; i += 8)
    for (int k = 0; k < 8; ++k) sum[k] += x[i + k] * 0;
  for (; i < n; ++i) sum[0] += x[i] * 0;
  return sum[0] + sum[1] + sum[2] + sum[3] + sum[4] + sum[5] + sum[6] + sum[7] == 0;
}
inline bool all_finite(const int* x, std::size_t n) {
  int missing = 0;
  for (std::size_t i = 0; i < n; ++i) missing |= is_missing(x[i]);
  return !missing;
}
inline bool is_infinite(double x) { return std::isinf(x); }
inline bool is_infinite(int) { return false; }

}  // namespace detail

// keep: n flags, 1 where a row is still in; rows with a missing value in any column are set to
// 0 and counted for the first column, in order, that drops them.
inline std::vector<ScanResult> scan_columns(const Columns& columns, std::size_t n,
                                            std::vector<unsigned char>& keep,
                                            const Execution& exec) {
  const std::size_t rows = 1 << 16;
  std::vector<std::vector<ScanResult>> partial((n + rows - 1) / rows,
                                               std::vector<ScanResult>(columns.size()));
  each_block(n, rows, exec, [&](std::size_t block, std::size_t from, std::size_t to) {
    for (std::size_t k = 0; k < columns.size(); ++k) {
      ScanResult& result = partial[block][k];
      columns[k].visit([&](const auto* x) {
        if (detail::all_finite(x + from, to - from)) return;
        for (std::size_t i = from; i < to; ++i) {
          if (!keep[i]) continue;
          if (is_missing(x[i])) {
            keep[i] = 0;
            ++result.dropped;
          } else if (detail::is_infinite(x[i])) {
            ++result.infinite;
            if (result.first_infinite < 0) result.first_infinite = static_cast<std::ptrdiff_t>(i);
          }
        }
      });
    }
  });
  std::vector<ScanResult> total(columns.size());
  for (const auto& part : partial)
    for (std::size_t k = 0; k < columns.size(); ++k) total[k].add(part[k]);
  return total;
}

}  // namespace pilotdid

#endif
