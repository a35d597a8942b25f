#include <pilotdid/effects_glm.hpp>

#include "convert.h"

// effects: list(list(code, levels, slope, switched)). family: 0 logit, 1 Poisson.
// cell: code by data row, -1 none.
// [[Rcpp::export(rng = false)]]
Rcpp::List cpp_effects_glm(SEXP rows, Rcpp::IntegerVector start, SEXP outcome, SEXP weights,
                           Rcpp::List effects, int family, Rcpp::IntegerVector cell, int cells) {
  pilotdid::EffectsModel model;
  model.rows = as_rows(rows, start);
  model.outcome = as_column(outcome);
  model.weights = as_column(weights);
  for (R_xlen_t j = 0; j < effects.size(); ++j) {
    const Rcpp::List e = effects[j];
    pilotdid::Effect effect;
    effect.code = INTEGER(static_cast<SEXP>(e["code"]));
    effect.levels = Rcpp::as<int>(e["levels"]);
    effect.slope = as_column(e["slope"]);
    model.effects.push_back(effect);
    model.switched.push_back(Rcpp::as<bool>(e["switched"]));
  }
  Rcpp::NumericVector residual(cell.size());
  const auto fit = pilotdid::fit_effects_glm(model, static_cast<pilotdid::Family>(family),
                                             cell.begin(), cells, residual.begin(), execution());
  if (!fit.converged) return Rcpp::List::create(Rcpp::_["converged"] = false);
  return Rcpp::List::create(
      Rcpp::_["converged"] = true, Rcpp::_["coefficients"] = wrap_vector(fit.coefficients),
      Rcpp::_["effect"] = wrap_vector(fit.effect), Rcpp::_["influence"] = Rcpp::wrap(fit.influence),
      Rcpp::_["estimable"] = Rcpp::LogicalVector(fit.estimable.begin(), fit.estimable.end()),
      Rcpp::_["deviance"] = fit.deviance, Rcpp::_["rank"] = fit.rank,
      Rcpp::_["iterations"] = fit.iterations, Rcpp::_["residuals"] = residual);
}
