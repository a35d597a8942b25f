#include <pilotdid/spatial_lm.hpp>

#include "convert_spatial.h"

// [[Rcpp::export(rng = false)]]
Rcpp::NumericVector cpp_lagrange_tests(Rcpp::List panel, bool center) {
  const pilotdid::LagrangeTests t = pilotdid::lagrange_tests(as_spatial_panel(panel), center);
  return Rcpp::NumericVector::create(t.lag, t.error, t.robust_lag, t.robust_error);
}
