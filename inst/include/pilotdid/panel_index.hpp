// Which rows are used, and in which order: by group (the unit), within it by time.
#ifndef PILOTDID_PANEL_INDEX_HPP
#define PILOTDID_PANEL_INDEX_HPP

#include <algorithm>
#include <cstdint>
#include <vector>

#include "column.hpp"
#include "parallel.hpp"
#include "simd.hpp"

namespace pilotdid {

struct PanelIndex {
  bool identity = true;    // rows are the data's own, in their order
  bool strict = false;     // known to hold no (group, time) twice
  std::vector<int> rows;   // otherwise: position -> row
  std::vector<int> start;  // group g holds positions start[g] .. start[g+1]-1
};

namespace detail {

// Rows that come sorted by group and time, as panels do: where each group begins is seen at its
// first row. Returns false where they do not.
inline bool index_sorted(std::size_t n, const int* group, int groups, const int* time,
                         PanelIndex& index, const Execution& exec) {
  const std::size_t rows = 1 << 16, blocks = (n + rows - 1) / rows;
  std::vector<char> sorted(blocks, 1), strict(blocks, 1);
  each_block(n, rows, exec, [&](std::size_t block, std::size_t from, std::size_t to) {
    // In variables of their own: neighbors in the vector share a cache line between threads.
    int ordered = 1, apart = time != nullptr;
    const std::size_t begin = std::max<std::size_t>(from, 1);
    const int* period = time ? time : group;  // without time all rows of a group are in order
    vectorized([&]() PILOTDID_INLINE {
      const int *g = group, *t = period;
      const std::size_t end = to;
      int no_step_back = 1, step = 1;
      PILOTDID_SIMD(reduction(& : no_step_back, step))
      for (std::size_t i = begin; i < end; ++i) {
        const int next = g[i] > g[i - 1], same = g[i] == g[i - 1];
        no_step_back &= next | (same & (t[i] >= t[i - 1]));
        step &= next | (same & (t[i] > t[i - 1]));
      }
      ordered = no_step_back;
      apart &= step;
    });
    sorted[block] = ordered;
    strict[block] = apart;
  });
  const auto all = [](const std::vector<char>& flags) {
    return std::all_of(flags.begin(), flags.end(), [](char yes) { return yes; });
  };
  if (!all(sorted)) return false;
  index.strict = time && all(strict);
  // Only now: the first rows of groups of unsorted data would meet in one place.
  each_block(n, rows, exec, [&](std::size_t, std::size_t from, std::size_t to) {
    for (std::size_t i = from; i < to; ++i)
      for (int g = i ? group[i - 1] + 1 : 0; g <= group[i]; ++g)
        index.start[g] = static_cast<int>(i);
  });
  for (int g = n ? group[n - 1] + 1 : 0; g <= groups; ++g) index.start[g] = static_cast<int>(n);
  return true;
}

}  // namespace detail

// keep: null when every row is used. time: null when the order within a group does not matter.
// Both sorts count, so the whole is linear and stable.
inline PanelIndex index_panel(const unsigned char* keep, std::size_t n, const int* group,
                              int groups, const int* time, int times, const Execution& exec) {
  PanelIndex index;
  index.start.assign(static_cast<std::size_t>(groups) + 1, 0);
  if (!keep && detail::index_sorted(n, group, groups, time, index, exec)) return index;
  bool sorted = true;
  std::size_t kept = 0;
  int last_group = -1, last_time = -1;
  for (std::size_t i = 0; i < n; ++i) {
    if (keep && !keep[i]) continue;
    ++kept;
    ++index.start[group[i] + 1];
    const int t = time ? time[i] : 0;
    sorted = sorted && (group[i] > last_group || (group[i] == last_group && t >= last_time));
    last_group = group[i];
    last_time = t;
  }
  for (int g = 0; g < groups; ++g) index.start[g + 1] += index.start[g];
  if (sorted && kept == n) return index;

  index.identity = false;
  index.rows.resize(kept);
  if (sorted) {
    std::size_t p = 0;
    for (std::size_t i = 0; i < n; ++i)
      if (!keep || keep[i]) index.rows[p++] = static_cast<int>(i);
    return index;
  }
  std::vector<int> by_time;
  if (time) {
    std::vector<int> next(static_cast<std::size_t>(times) + 1, 0);
    for (std::size_t i = 0; i < n; ++i)
      if (!keep || keep[i]) ++next[time[i] + 1];
    for (int t = 0; t < times; ++t) next[t + 1] += next[t];
    by_time.resize(kept);
    for (std::size_t i = 0; i < n; ++i)
      if (!keep || keep[i]) by_time[next[time[i]]++] = static_cast<int>(i);
  }
  std::vector<int> next(index.start.begin(), index.start.end() - 1);
  const std::size_t length = time ? kept : n;
  for (std::size_t p = 0; p < length; ++p) {
    const std::size_t i = time ? static_cast<std::size_t>(by_time[p]) : p;
    if (keep && !keep[i]) continue;
    index.rows[next[group[i]]++] = static_cast<int>(i);
  }
  return index;
}

namespace detail {

// Where codes ascend, the rows of a level are neighbors. -> 1: some level holds a single row; 0: none; -1: codes do
// not ascend.
inline int sorted_has_single(const int* code, std::size_t n, const Execution& exec) {
  const std::size_t rows = 1 << 16;
  std::vector<char> ascend((n + rows - 1) / rows, 1), alone(ascend);
  each_block(n, rows, exec, [&](std::size_t block, std::size_t from, std::size_t to) {
    int up = 1, one = 0;
    const std::size_t begin = std::max<std::size_t>(from, 1), last = std::min(to, n - 1);
    vectorized([&]() PILOTDID_INLINE {
      const int* c = code;
      const std::size_t end = last;
      int no_step_back = 1, apart = 0;
      PILOTDID_SIMD(reduction(& : no_step_back) reduction(| : apart))
      for (std::size_t i = begin; i < end; ++i) {
        no_step_back &= (c[i] >= c[i - 1]) & (c[i + 1] >= c[i]);
        apart |= (c[i] > c[i - 1]) & (c[i + 1] > c[i]);
      }
      up = no_step_back;
      one = apart;
    });
    ascend[block] = static_cast<char>(up);
    alone[block] = static_cast<char>(one);
  });
  if (std::find(ascend.begin(), ascend.end(), 0) != ascend.end()) return -1;
  const bool ends = n == 1 || (n > 1 && (code[1] != code[0] || code[n - 1] != code[n - 2]));
  return ends || std::find(alone.begin(), alone.end(), 1) != alone.end();
}

}  // namespace detail

// Does some level hold a single row? Ends once all levels are known to hold two.
inline bool has_single(const int* code, int levels, std::size_t n,
                       const std::vector<unsigned char>& keep) {
  std::vector<unsigned char> seen(static_cast<std::size_t>(levels), 0);
  int open = levels;
  for (std::size_t i = 0; i < n && open > 0; ++i) {
    if (!keep.empty() && !keep[i]) continue;
    unsigned char& rows = seen[code[i]];
    if (rows == 2) continue;
    if (++rows == 2) --open;
  }
  return std::find(seen.begin(), seen.end(), 1) != seen.end();
}

// Drops rows whose level of some effect holds no other row, again and again until none is left:
// such a row is fitted exactly and says nothing. Returns how many were dropped. keep: as
// scan_columns() has it.
inline std::size_t prune_singletons(const std::vector<const int*>& codes,
                                    const std::vector<int>& levels, std::size_t n,
                                    std::vector<unsigned char>& keep, const Execution& exec) {
  std::vector<int> single(codes.size(), -1);
  if (keep.empty())
    for (std::size_t f = 0; f < codes.size(); ++f)
      single[f] = detail::sorted_has_single(codes[f], n, exec);
  parallel_for(codes.size(), exec, [&](std::size_t f) {
    if (single[f] < 0) single[f] = has_single(codes[f], levels[f], n, keep);
  });
  if (std::find(single.begin(), single.end(), 1) == single.end()) return 0;
  if (keep.empty()) keep.assign(n, 1);
  std::vector<std::vector<int>> count(codes.size());
  parallel_for(codes.size(), exec, [&](std::size_t f) {
    count[f].assign(static_cast<std::size_t>(levels[f]), 0);
    for (std::size_t i = 0; i < n; ++i)
      if (keep[i]) ++count[f][codes[f][i]];
  });
  std::size_t dropped = 0;
  bool again = true;
  while (again) {
    again = false;
    for (std::size_t f = 0; f < codes.size(); ++f) {
      bool any = false;
      for (int c : count[f]) any = any || c == 1;
      if (!any) continue;
      for (std::size_t i = 0; i < n; ++i) {
        if (!keep[i] || count[f][codes[f][i]] != 1) continue;
        keep[i] = 0;
        ++dropped;
        again = true;
        for (std::size_t e = 0; e < codes.size(); ++e) --count[e][codes[e][i]];
      }
    }
  }
  return dropped;
}

// Codes of the kept rows only, renumbered without gaps; other rows get the missing code.
// Returns the old codes that are still in use, in order.
inline std::vector<int> compact_codes(const int* code, int levels, const unsigned char* keep,
                                      std::size_t n, int missing, int* out) {
  std::vector<int> renumbered(static_cast<std::size_t>(levels), -1), used;
  for (std::size_t i = 0; i < n; ++i)
    if (keep[i]) renumbered[code[i]] = 0;
  for (int l = 0; l < levels; ++l) {
    if (renumbered[l] < 0) continue;
    renumbered[l] = static_cast<int>(used.size());
    used.push_back(l);
  }
  for (std::size_t i = 0; i < n; ++i) out[i] = keep[i] ? renumbered[code[i]] : missing;
  return used;
}

// Does a column take a single value within each level of a factor?
inline bool is_constant_within(const Rows& rows, const int* code, int levels, const Column& x) {
  // Neighbors among the first rows: most columns vary there already, and nothing need be
  // remembered.
  for (std::size_t p = 1; p < std::min<std::size_t>(rows.size(), 4096); ++p) {
    const std::size_t row = rows[p], before = rows[p - 1];
    if (code[row] == code[before] && x[row] != x[before]) return false;
  }
  std::vector<std::ptrdiff_t> first(static_cast<std::size_t>(levels), -1);
  for (std::size_t p = 0; p < rows.size(); ++p) {
    const std::size_t row = rows[p];
    std::ptrdiff_t& f = first[code[row]];
    if (f < 0)
      f = static_cast<std::ptrdiff_t>(row);
    else if (x[row] != x[static_cast<std::size_t>(f)])
      return false;
  }
  return true;
}

// The first position that holds the same (group, time) as the one before it, or -1.
inline std::ptrdiff_t first_duplicate(const Rows& rows, const int* start, int groups,
                                      const int* time) {
  for (int g = 0; g < groups; ++g)
    for (int p = start[g] + 1; p < start[g + 1]; ++p)
      if (time[rows[p]] == time[rows[p - 1]]) return p;
  return -1;
}

// What the 0/1 status of each unit does over time.
struct TreatmentPaths {
  std::vector<int> cohort;             // time code of the first treated row, -1 if there is none
  std::vector<int> last;               // time code of the unit's last row, -1 if it has no row
  std::size_t always = 0;              // units treated in their first row
  std::size_t reversals = 0;           // units in which the status switches off again
  std::size_t gaps = 0;                // units with a period missing between two of theirs
  std::ptrdiff_t first_reversal = -1;  // the position of the first switch to 0
  bool binary = true;                  // every value is 0 or 1
  bool varies_within = false;          // some unit's value changes
  double smallest = 0, largest = 0;

  // The same without the values by unit, and the sum of such counts over blocks of units.
  TreatmentPaths counts() const {
    TreatmentPaths copy;
    copy.smallest = smallest;
    copy.largest = largest;
    return copy;
  }
  void add(const TreatmentPaths& other) {
    always += other.always;
    reversals += other.reversals;
    gaps += other.gaps;
    if (first_reversal < 0) first_reversal = other.first_reversal;
    binary = binary && other.binary;
    varies_within = varies_within || other.varies_within;
    smallest = std::min(smallest, other.smallest);
    largest = std::max(largest, other.largest);
  }
};

namespace detail {

// Adds unit g to `paths`; its cohort and last period go to slots of its own.
template <class Status>
void add_path(const Rows& rows, const int* start, const int* time, const Status* status, int g,
              TreatmentPaths& paths, int& cohort, int& last) {
  const int begin = start[g], end = start[g + 1];
  if (begin == end) return;
  const double first = static_cast<double>(status[rows[begin]]);
  bool other = false, varies = false, gap = false, reversed = false;
  double low = first, high = first, before = first;
  int previous = time[rows[begin]] - 1;
  for (int p = begin; p < end; ++p) {
    const std::size_t row = rows[p];
    const double d = static_cast<double>(status[row]);
    other |= d != 0 && d != 1;
    gap |= time[row] > previous + 1;
    previous = time[row];
    low = std::min(low, d);
    high = std::max(high, d);
    if (d != 0 && cohort < 0) cohort = time[row];
    if (d == before) continue;
    varies = true;
    if (d == 0) {
      reversed = true;
      if (paths.first_reversal < 0) paths.first_reversal = p;
    }
    before = d;
  }
  last = previous;
  paths.binary = paths.binary && !other;
  paths.varies_within = paths.varies_within || varies;
  paths.smallest = std::min(paths.smallest, low);
  paths.largest = std::max(paths.largest, high);
  paths.always += first != 0;
  paths.reversals += reversed;
  paths.gaps += gap;
}

}  // namespace detail

inline TreatmentPaths treatment_paths(const Rows& rows, const int* start, int groups,
                                      const int* time, const Column& status,
                                      const Execution& exec) {
  const int block = 1 << 14;
  const std::size_t chunks = (static_cast<std::size_t>(groups) + block - 1) / block;
  TreatmentPaths total;
  total.cohort.assign(groups, -1);
  total.last.assign(groups, -1);
  if (rows.size() > 0) total.smallest = total.largest = status[rows[0]];
  std::vector<TreatmentPaths> partial(chunks, total.counts());
  parallel_for(chunks, exec, [&](std::size_t c) {
    const int from = static_cast<int>(c) * block, to = std::min(groups, from + block);
    TreatmentPaths part = partial[c];
    status.visit([&](const auto* values) {
      for (int g = from; g < to; ++g)
        detail::add_path(rows, start, time, values, g, part, total.cohort[g], total.last[g]);
    });
    partial[c] = part;
  });
  for (const TreatmentPaths& part : partial) total.add(part);
  return total;
}

// For each level of `inner` (its rows known by codes), is its code in `outer` always the same?
// Effects nested in the clusters are not counted as parameters.
inline bool is_nested(const Rows& rows, const int* inner, int levels, const int* outer) {
  std::vector<int> seen(levels, -1);
  for (std::size_t p = 0; p < rows.size(); ++p) {
    const std::size_t row = rows[p];
    int& s = seen[inner[row]];
    if (s < 0)
      s = outer[row];
    else if (s != outer[row])
      return false;
  }
  return true;
}

}  // namespace pilotdid

#endif
