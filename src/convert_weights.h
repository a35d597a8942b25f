// Spatial weights as R/spatial-weights.R keeps them: list(start, column, value), rows from 0.
#ifndef PILOTDID_CONVERT_WEIGHTS_H
#define PILOTDID_CONVERT_WEIGHTS_H

#include <pilotdid/spatial_weights.hpp>

#include "convert.h"

inline pilotdid::SpatialWeights as_spatial_weights(const Rcpp::List& w) {
  const Rcpp::IntegerVector start = w["start"], column = w["column"];
  const Rcpp::NumericVector value = w["value"];
  pilotdid::SpatialWeights out;
  out.n = static_cast<int>(start.size()) - 1;
  out.start = start.begin();
  out.column = column.begin();
  out.value = value.begin();
  return out;
}

#endif
