#include <pilotdid/lags.hpp>

#include "convert.h"

// Row (from 1) that holds the value `shift` periods earlier, NA where there is none.
// period: one number for each time code.
// [[Rcpp::export(rng = false)]]
Rcpp::IntegerVector cpp_lag_rows(SEXP rows, Rcpp::IntegerVector start, Rcpp::IntegerVector time,
                                 Rcpp::NumericVector period, double shift) {
  Rcpp::IntegerVector source(time.size(), NA_INTEGER);
  pilotdid::lag_rows(as_rows(rows, start), start.begin(), static_cast<int>(start.size()) - 1,
                     time.begin(), period.begin(), shift, NA_INTEGER, source.begin());
  for (int& s : source)
    if (s != NA_INTEGER) ++s;
  return source;
}
