#include <pilotdid/synthetic_did.hpp>

#include "convert.h"

namespace {

Rcpp::List wrap_replicates(const pilotdid::SyntheticReplicates& r) {
  const R_xlen_t n = static_cast<R_xlen_t>(r.path.size());
  Rcpp::List path(n), size(n);
  Rcpp::LogicalVector drawn(n);
  for (R_xlen_t d = 0; d < n; ++d) {
    drawn[d] = r.drawn[d] != 0;
    if (!drawn[d]) continue;
    path[d] = Rcpp::wrap(r.path[d]);
    size[d] = Rcpp::wrap(r.size[d]);
  }
  return Rcpp::List::create(Rcpp::Named("path") = path, Rcpp::Named("size") = size,
                            Rcpp::Named("drawn") = drawn);
}

}  // namespace

// y: periods x units. cohort: of each unit from 0, -1 for controls. before: periods before each
// cohort. variance: 0 placebo, 1 bootstrap, 2 jackknife, 3 none.
// [[Rcpp::export(rng = false)]]
Rcpp::List cpp_synthetic_did(Rcpp::NumericMatrix y, std::vector<int> cohort,
                             std::vector<int> before, int variance, int draws, double seed) {
  const pilotdid::SyntheticPanel panel{view(y), cohort, before};
  std::vector<int> everyone(cohort.size());
  for (std::size_t i = 0; i < everyone.size(); ++i) everyone[i] = static_cast<int>(i);
  const pilotdid::SyntheticFit fit = pilotdid::synthetic_fit(panel, everyone, cohort);
  Rcpp::List units, periods;
  for (const auto& c : fit.cohorts) {
    units.push_back(wrap_vector(c.units));
    periods.push_back(wrap_vector(c.periods));
  }
  Rcpp::List out = Rcpp::List::create(Rcpp::Named("path") = pilotdid::paths_of(fit),
                                      Rcpp::Named("size") = fit.size, Rcpp::Named("units") = units,
                                      Rcpp::Named("periods") = periods);
  if (variance == 2) {
    out["replicates"] = wrap_replicates(pilotdid::synthetic_jackknife(panel, fit));
  } else if (variance < 2) {
    out["replicates"] = wrap_replicates(
        pilotdid::synthetic_replicates(panel, static_cast<pilotdid::SyntheticVariance>(variance),
                                       draws, static_cast<std::uint64_t>(seed), execution()));
  }
  return out;
}
