// Values of other periods of the same unit, by the number of the period and not by position:
// a period that is missing leaves a gap.
#ifndef PILOTDID_LAGS_HPP
#define PILOTDID_LAGS_HPP

#include "column.hpp"

namespace pilotdid {

// rows, start: rows by unit and, within it, by period (see panel_index.hpp).
// period: time code -> number of the period, ascending. shift: periods back (negative: ahead).
// source: data row -> row that holds the value `shift` periods earlier, or `none`; rows that are
// not indexed are left as they are.
inline void lag_rows(const Rows& rows, const int* start, int groups, const int* time,
                     const double* period, double shift, int none, int* source) {
  for (int g = 0; g < groups; ++g) {
    int from = start[g];
    for (int p = start[g]; p < start[g + 1]; ++p) {
      const double wanted = period[time[rows[p]]] - shift;
      while (from < start[g + 1] && period[time[rows[from]]] < wanted) ++from;
      const bool found = from < start[g + 1] && period[time[rows[from]]] == wanted;
      source[rows[p]] = found ? static_cast<int>(rows[from]) : none;
    }
  }
}

}  // namespace pilotdid

#endif
