#include <pilotdid/bands.hpp>

#include "convert.h"

// [[Rcpp::export(rng = false)]]
Rcpp::NumericVector cpp_sup_t(Rcpp::NumericMatrix root, double df, int draws, double seed) {
  const Eigen::MatrixXd r = view(root);
  return Rcpp::wrap(
      pilotdid::sup_t_draws(r, df, draws, static_cast<std::uint64_t>(seed), execution()));
}
