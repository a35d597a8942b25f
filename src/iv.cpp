#include <pilotdid/triangle.hpp>

#include "convert.h"

// order: columns counted from 0.
// [[Rcpp::export(rng = false)]]
Rcpp::List cpp_triangle(Rcpp::List absorption, Rcpp::List columns, std::vector<int> order,
                        Rcpp::List options) {
  const pilotdid::Triangle t = pilotdid::fit_triangle(
      as_absorption(absorption), as_columns(columns), order, as_options(options), execution());
  Rcpp::IntegerVector standing(t.standing.size());
  for (std::size_t j = 0; j < t.standing.size(); ++j) standing[j] = static_cast<int>(t.standing[j]);
  return Rcpp::List::create(Rcpp::_["moments"] = wrap_moments(t.moments),
                            Rcpp::_["root"] = Rcpp::wrap(t.root), Rcpp::_["standing"] = standing,
                            Rcpp::_["combination"] = Rcpp::wrap(t.combination),
                            Rcpp::_["orthogonal"] = t.orthogonal);
}
