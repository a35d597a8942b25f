// One pass that finds missing and infinite values, so that every later kernel may assume that
// its input is finite.
#ifndef PILOTDID_SCAN_HPP
#define PILOTDID_SCAN_HPP

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

#include "coding.hpp"
#include "column.hpp"
#include "parallel.hpp"
#include "simd.hpp"

namespace pilotdid {

struct ScanResult {
  std::size_t dropped = 0;   // rows that this column is the first to drop
  std::size_t infinite = 0;  // kept rows in which it is infinite
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
  double sum = 0;
  vectorized([&]() PILOTDID_INLINE {
    // Four quarters at once: one running sum would wait for itself.
    const std::size_t quarter = n / 4;
    const double *x1 = x + quarter, *x2 = x1 + quarter, *x3 = x2 + quarter;
    double s0 = 0, s1 = 0, s2 = 0, s3 = 0;
    PILOTDID_SIMD(reduction(+ : s0, s1, s2, s3))
    for (std::size_t i = 0; i < quarter; ++i) {
      s0 += x[i] * 0;
      s1 += x1[i] * 0;
      s2 += x2[i] * 0;
      s3 += x3[i] * 0;
    }
    for (std::size_t i = 4 * quarter; i < n; ++i) s0 += x[i] * 0;
    sum = (s0 + s1) + (s2 + s3);
  });
  return sum == 0;
}
inline bool all_finite(const int* x, std::size_t n) {
  int missing = 0;
  vectorized([&]() PILOTDID_INLINE {
    const int* value = x;
    const std::size_t end = n;
    int any = 0;
    PILOTDID_SIMD(reduction(| : any))
    for (std::size_t i = 0; i < end; ++i) any |= value[i] == missing_code;
    missing = any;
  });
  return !missing;
}
inline bool is_infinite(double x) { return std::isinf(x); }
inline bool is_infinite(int) { return false; }

}  // namespace detail

// keep: n flags, 1 where a row is still in, or empty while all of them are; rows with a missing
// value in any column are set to 0 and counted for the first column, in order, that drops them.
inline std::vector<ScanResult> scan_columns(const Columns& columns, std::size_t n,
                                            std::vector<unsigned char>& keep,
                                            const Execution& exec) {
  const std::size_t rows = 1 << 16, k = columns.size();
  std::vector<ScanResult> total(k);
  // Flags are only made once there is something to flag.
  std::vector<char> suspect((n + rows - 1) / rows * k, 0);
  each_block(n, rows, exec, [&](std::size_t block, std::size_t from, std::size_t to) {
    for (std::size_t j = 0; j < k; ++j)
      suspect[block * k + j] =
          columns[j].visit([&](const auto* x) { return !detail::all_finite(x + from, to - from); });
  });
  if (std::find(suspect.begin(), suspect.end(), 1) == suspect.end()) return total;
  if (keep.empty()) keep.assign(n, 1);
  std::vector<std::vector<ScanResult>> partial((n + rows - 1) / rows, std::vector<ScanResult>(k));
  each_block(n, rows, exec, [&](std::size_t block, std::size_t from, std::size_t to) {
    for (std::size_t j = 0; j < k; ++j) {
      if (!suspect[block * k + j]) continue;
      ScanResult& result = partial[block][j];
      columns[j].visit([&](const auto* x) {
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
  for (const auto& part : partial)
    for (std::size_t j = 0; j < k; ++j) total[j].add(part[j]);
  return total;
}

}  // namespace pilotdid

#endif
