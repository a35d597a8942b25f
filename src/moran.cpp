#include <pilotdid/moran.hpp>

#include "convert_weights.h"

// x: N x m, one test a column; kind: 0 Moran, 1 Geary.
// [[Rcpp::export(rng = false)]]
Rcpp::List cpp_autocorrelation(Rcpp::List weights, Rcpp::NumericMatrix x, int kind,
                               int permutations, double seed) {
  const std::vector<pilotdid::GlobalStatistic> g = pilotdid::global_autocorrelation(
      as_spatial_weights(weights), view(x), static_cast<pilotdid::Autocorrelation>(kind),
      permutations, static_cast<std::uint64_t>(seed), execution());
  const R_xlen_t m = static_cast<R_xlen_t>(g.size());
  Rcpp::NumericVector estimate(m), expected(m), variance(m);
  Rcpp::IntegerVector above(m), below(m);
  for (R_xlen_t k = 0; k < m; ++k) {
    estimate[k] = g[k].estimate;
    expected[k] = g[k].expected;
    variance[k] = g[k].variance;
    above[k] = g[k].above;
    below[k] = g[k].below;
  }
  return Rcpp::List::create(Rcpp::_["estimate"] = estimate, Rcpp::_["expected"] = expected,
                            Rcpp::_["variance"] = variance, Rcpp::_["above"] = above,
                            Rcpp::_["below"] = below);
}

// [[Rcpp::export(rng = false)]]
Rcpp::List cpp_local_moran(Rcpp::List weights, Rcpp::NumericVector x, int permutations,
                           double seed) {
  const pilotdid::LocalStatistics l =
      pilotdid::local_moran(as_spatial_weights(weights), view(x), permutations,
                            static_cast<std::uint64_t>(seed), execution());
  return Rcpp::List::create(
      Rcpp::_["estimate"] = wrap_vector(l.estimate), Rcpp::_["expected"] = wrap_vector(l.expected),
      Rcpp::_["variance"] = wrap_vector(l.variance), Rcpp::_["lag"] = wrap_vector(l.lag),
      Rcpp::_["above"] = Rcpp::wrap(l.above), Rcpp::_["below"] = Rcpp::wrap(l.below));
}
