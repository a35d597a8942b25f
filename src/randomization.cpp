#include <pilotdid/randomization.hpp>

#include "convert.h"

// effect, before: units x cohorts; cohort: of each unit, from 0.
// [[Rcpp::export(rng = false)]]
Rcpp::List cpp_randomization_test(Rcpp::NumericMatrix effect, Rcpp::NumericMatrix before,
                                  std::vector<int> cohort, int cohorts, bool estimated, double beta,
                                  int draws, double seed) {
  const pilotdid::TimingContrast contrast{view(effect), view(before), cohorts, estimated, beta};
  return Rcpp::List::create(
      Rcpp::Named("statistic") = pilotdid::studentized_contrast(contrast, cohort),
      Rcpp::Named("draws") = pilotdid::randomization_draws(
          contrast, cohort, draws, static_cast<std::uint64_t>(seed), execution()));
}
