#include "convert.h"

#include <pilotdid/absorption.hpp>
#include <pilotdid/moments.hpp>
#include <pilotdid/reduced_system.hpp>

pilotdid::Absorption as_absorption(const Rcpp::List& list) {
  pilotdid::Absorption a;
  const Rcpp::IntegerVector start = list["start"];
  a.rows = as_rows(list["rows"], start);
  a.start = start.begin();
  a.groups = static_cast<int>(start.size()) - 1;
  a.group_means = Rcpp::as<bool>(list["group_means"]);
  a.group_slopes = as_columns(list["group_slopes"]);
  a.weights = as_column(list["weights"]);
  const Rcpp::List effects = list["effects"];
  for (R_xlen_t f = 0; f < effects.size(); ++f) {
    const Rcpp::List e = effects[f];
    pilotdid::Effect effect;
    effect.code = INTEGER(static_cast<SEXP>(e["code"]));
    effect.levels = Rcpp::as<int>(e["levels"]);
    effect.slope = as_column(e["slope"]);
    a.effects.push_back(effect);
  }
  return a;
}

pilotdid::SolverOptions as_options(const Rcpp::List& list) {
  pilotdid::SolverOptions options;
  options.tolerance = Rcpp::as<double>(list["tolerance"]);
  options.max_iterations = Rcpp::as<int>(list["max_iterations"]);
  options.direct_limit = Rcpp::as<int>(list["direct_limit"]);
  return options;
}

Rcpp::List wrap_moments(const pilotdid::Moments& m) {
  return Rcpp::List::create(
      Rcpp::_["gram"] = Rcpp::wrap(m.gram), Rcpp::_["effects"] = Rcpp::wrap(m.effects),
      Rcpp::_["total"] = wrap_vector(m.total), Rcpp::_["eliminated"] = wrap_vector(m.eliminated),
      Rcpp::_["raw"] = wrap_vector(m.raw), Rcpp::_["weight"] = m.weight,
      Rcpp::_["local_rank"] = m.local_rank, Rcpp::_["reduced_rank"] = m.reduced_rank,
      Rcpp::_["exact_rank"] = m.exact_rank, Rcpp::_["iterations"] = m.iterations,
      Rcpp::_["converged"] = m.converged);
}
