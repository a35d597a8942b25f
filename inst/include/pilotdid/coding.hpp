// Any identifier -> codes 0 .. levels-1 in ascending order of the values; `missing_code` where it
// is missing.
#ifndef PILOTDID_CODING_HPP
#define PILOTDID_CODING_HPP

#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <numeric>
#include <vector>

#include "parallel.hpp"
#include "simd.hpp"

namespace pilotdid {

// R's missing integer, so that a scan for missing values reads codes like any column.
constexpr int missing_code = INT32_MIN;

// What stands for "missing" in each type of identifier.
inline bool is_missing(double x) { return std::isnan(x); }
inline bool is_missing(int x) { return x == INT32_MIN; }
inline bool is_missing(std::int64_t x) { return x < 0; }

// Open addressing; the values live in the order of their first appearance.
template <class T>
class ValueTable {
 public:
  ValueTable() : slots_(64, -1) {}

  int find_or_add(T x) {
    std::size_t at = hash(x) & (slots_.size() - 1);
    while (slots_[at] >= 0) {
      if (values_[slots_[at]] == x) return slots_[at];
      at = (at + 1) & (slots_.size() - 1);
    }
    slots_[at] = static_cast<int>(values_.size());
    values_.push_back(x);
    if (2 * values_.size() > slots_.size()) grow();
    return static_cast<int>(values_.size()) - 1;
  }
  const std::vector<T>& values() const { return values_; }

 private:
  static std::size_t hash(T x) {
    if (x == 0) x = 0;  // -0.0 and 0.0 are one value
    std::uint64_t bits = 0;
    std::memcpy(&bits, &x, sizeof(T));
    bits *= 0x9E3779B97F4A7C15ULL;
    return static_cast<std::size_t>(bits ^ (bits >> 32));
  }
  void grow() {
    slots_.assign(2 * slots_.size(), -1);
    for (std::size_t v = 0; v < values_.size(); ++v) {
      std::size_t at = hash(values_[v]) & (slots_.size() - 1);
      while (slots_[at] >= 0) at = (at + 1) & (slots_.size() - 1);
      slots_[at] = static_cast<int>(v);
    }
  }
  std::vector<int> slots_;
  std::vector<T> values_;
};

// The range of the values that are there; `whole` while all of them are whole numbers.
struct WholeRange {
  double low = 0, high = -1;
  bool whole = true;
  void add(const WholeRange& other) {
    whole = whole && other.whole;
    if (other.high < other.low) return;
    low = high < low ? other.low : std::min(low, other.low);
    high = high < low ? other.high : std::max(high, other.high);
  }
};

template <class T>
WholeRange whole_range(const T* x, std::size_t from, std::size_t to) {
  WholeRange range;
  T low = 0, high = 0;
  bool any = false;
  for (std::size_t i = from; i < to; ++i) {
    if (is_missing(x[i])) continue;
    // Beyond 1e15 not every whole number is a double.
    if (static_cast<double>(x[i]) > 1e15 || static_cast<double>(x[i]) < -1e15 ||
        static_cast<T>(static_cast<std::int64_t>(x[i])) != x[i]) {
      range.whole = false;
      return range;
    }
    low = !any || x[i] < low ? x[i] : low;
    high = !any || x[i] > high ? x[i] : high;
    any = true;
  }
  if (any) {
    range.low = static_cast<double>(low);
    range.high = static_cast<double>(high);
  }
  return range;
}

// Integers are whole: their range without branches, several at a time. The missing one is the
// smallest.
inline WholeRange whole_range(const int* x, std::size_t from, std::size_t to) {
  int low = INT32_MAX, high = missing_code;
  vectorized([&]() PILOTDID_INLINE {
    const int* value = x;
    const std::size_t end = to;
    int l = INT32_MAX, h = missing_code;
    PILOTDID_SIMD(reduction(min : l) reduction(max : h))
    for (std::size_t i = from; i < end; ++i) {
      const int v = value[i], there = v == missing_code ? INT32_MAX : v;
      l = there < l ? there : l;
      h = v > h ? v : h;
    }
    low = l;
    high = h;
  });
  WholeRange range;
  if (high == missing_code) return range;
  range.low = low;
  range.high = high;
  return range;
}

// Whole numbers in a narrow range (years, most city codes): a table addressed by the value needs
// no comparisons at all. Returns false where the values are not like that.
template <class T>
bool code_by_address(const T* x, std::size_t n, int* code, std::vector<T>& values,
                     const Execution& exec) {
  const std::size_t rows = 1 << 16;
  std::vector<WholeRange> part((n + rows - 1) / rows);
  each_block(n, rows, exec, [&](std::size_t block, std::size_t from, std::size_t to) {
    part[block] = whole_range(x, from, to);
  });
  WholeRange range;
  for (const WholeRange& p : part) range.add(p);
  // The range may not be wider than this many times the rows, or clearing the table dominates.
  const double widest = 4.0 * static_cast<double>(n) + 1024;
  if (!range.whole || !(range.high - range.low < widest)) return false;
  const std::int64_t base = static_cast<std::int64_t>(range.low);
  const auto address = [&](T v) {
    return static_cast<std::size_t>(static_cast<std::int64_t>(v) - base);
  };
  const std::size_t size = static_cast<std::size_t>(std::max(range.high - range.low, 0.0)) + 1;
  // Threads may mark the same value, all with the same mark. Few values are collected in a word
  // first: threads that write to one line of memory wait for each other.
  std::vector<std::atomic<unsigned char>> seen(size);
  for (auto& mark : seen) mark.store(0, std::memory_order_relaxed);
  each_block(n, rows, exec, [&](std::size_t, std::size_t from, std::size_t to) {
    if (size > 64) {
      for (std::size_t i = from; i < to; ++i)
        if (!is_missing(x[i])) seen[address(x[i])].store(1, std::memory_order_relaxed);
      return;
    }
    std::uint64_t met = 0;
    for (std::size_t i = from; i < to; ++i)
      if (!is_missing(x[i])) met |= std::uint64_t(1) << address(x[i]);
    for (std::size_t a = 0; a < size; ++a)
      if (met >> a & 1) seen[a].store(1, std::memory_order_relaxed);
  });
  std::vector<int> table(size, missing_code);
  values.reserve(size);
  for (std::size_t a = 0; a < size; ++a) {
    if (!seen[a].load(std::memory_order_relaxed)) continue;
    table[a] = static_cast<int>(values.size());
    values.push_back(static_cast<T>(base + static_cast<std::int64_t>(a)));
  }
  const bool no_gaps = values.size() == size;
  each_block(n, rows, exec, [&](std::size_t, std::size_t from, std::size_t to) {
    if (no_gaps)
      for (std::size_t i = from; i < to; ++i)
        code[i] = is_missing(x[i]) ? missing_code : static_cast<int>(address(x[i]));
    else
      for (std::size_t i = from; i < to; ++i)
        code[i] = is_missing(x[i]) ? missing_code : table[address(x[i])];
  });
  return true;
}

// Fills code[0 .. n-1] and returns the distinct values in ascending order.
// Panels come sorted, by unit or by time: guessing that a value repeats the one before, or is
// followed by what followed it last time, avoids nearly every look-up in the table.
template <class T>
std::vector<T> code_values(const T* x, std::size_t n, int* code, const Execution& exec) {
  std::vector<T> addressed;
  if (code_by_address(x, n, code, addressed, exec)) return addressed;
  ValueTable<T> table;
  std::vector<int> successor;
  int last = -1;
  for (std::size_t i = 0; i < n; ++i) {
    if (is_missing(x[i])) {
      code[i] = missing_code;
      continue;
    }
    if (last >= 0) {
      if (table.values()[last] == x[i]) {
        code[i] = last;
        continue;
      }
      const int guess = successor[last];
      if (guess >= 0 && table.values()[guess] == x[i]) {
        code[i] = last = guess;
        continue;
      }
    }
    const int found = table.find_or_add(x[i]);
    successor.resize(table.values().size(), -1);
    if (last >= 0) successor[last] = found;
    code[i] = last = found;
  }
  const std::vector<T>& values = table.values();
  if (std::is_sorted(values.begin(), values.end())) return values;
  std::vector<int> order(values.size()), rank(values.size());
  std::iota(order.begin(), order.end(), 0);
  std::sort(order.begin(), order.end(), [&](int a, int b) { return values[a] < values[b]; });
  std::vector<T> sorted(values.size());
  for (std::size_t r = 0; r < order.size(); ++r) {
    rank[order[r]] = static_cast<int>(r);
    sorted[r] = values[order[r]];
  }
  for (std::size_t i = 0; i < n; ++i)
    if (code[i] >= 0) code[i] = rank[code[i]];
  return sorted;
}

// The pairs (a, b) that occur, coded in lexicographic order: `a^b` of a formula.
inline std::vector<std::int64_t> code_pairs(const int* a, const int* b, int levels_b, std::size_t n,
                                            int* code, const Execution& exec) {
  std::vector<std::int64_t> pair(n);
  for (std::size_t i = 0; i < n; ++i)
    pair[i] = (a[i] < 0 || b[i] < 0) ? -1 : static_cast<std::int64_t>(a[i]) * levels_b + b[i];
  return code_values(pair.data(), n, code, exec);
}

}  // namespace pilotdid

#endif
