#include <pilotdid/placebo.hpp>

#include "convert.h"

namespace {

pilotdid::CohortDrawer as_drawer(const Rcpp::IntegerVector& cohort, int kind, int first, int last,
                                 double seed) {
  pilotdid::PlaceboScheme scheme;
  scheme.kind = static_cast<pilotdid::PlaceboScheme::Kind>(kind);
  scheme.first_date = first;
  scheme.last_date = last;
  return {Rcpp::as<std::vector<int>>(cohort), scheme, static_cast<std::uint64_t>(seed)};
}

}  // namespace

// The cohort of each unit in one draw (numbered from 0).
// [[Rcpp::export(rng = false)]]
Rcpp::IntegerVector cpp_placebo_cohort(Rcpp::IntegerVector cohort, int kind, int first, int last,
                                       double seed, int draw) {
  std::vector<int> out;
  as_drawer(cohort, kind, first, last, seed).draw(static_cast<std::uint64_t>(draw), out);
  return Rcpp::wrap(out);
}

// ways: list of list(factor, code (NULL: by row), levels).
// [[Rcpp::export(rng = false)]]
Rcpp::NumericMatrix cpp_placebo(Rcpp::List absorption, Rcpp::NumericMatrix columns,
                                Rcpp::NumericMatrix inverse, Rcpp::NumericMatrix reduced,
                                Rcpp::IntegerVector unit, Rcpp::IntegerVector time, double rss,
                                double iid_df, Rcpp::List ways, Rcpp::IntegerVector cohort,
                                int kind, int first, int last, double seed, int draws) {
  pilotdid::PlaceboProblem problem;
  problem.absorption = as_absorption(absorption);
  problem.columns = view(columns);
  problem.inverse = view(inverse);
  problem.reduced = view(reduced);
  problem.unit = unit.begin();
  problem.time = time.begin();
  problem.rss = rss;
  problem.iid_df = iid_df;
  for (R_xlen_t w = 0; w < ways.size(); ++w) {
    const Rcpp::List list = ways[w];
    pilotdid::PlaceboWay way;
    way.factor = Rcpp::as<double>(list["factor"]);
    if (!Rf_isNull(list["code"])) way.code = INTEGER(list["code"]);
    way.clusters = Rcpp::as<int>(list["levels"]);
    problem.ways.push_back(way);
  }
  return Rcpp::wrap(pilotdid::placebo_draws(problem, as_drawer(cohort, kind, first, last, seed),
                                            draws, execution()));
}
