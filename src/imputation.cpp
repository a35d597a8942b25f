#include <pilotdid/imputation.hpp>

#include "convert.h"

// contrasts: size x k. -> list(solution (size x k), estimable).
// [[Rcpp::export(rng = false)]]
Rcpp::List cpp_solve_contrasts(Rcpp::List absorption, Rcpp::NumericMatrix contrasts) {
  const Eigen::MatrixXd c = view(contrasts);
  const auto solved = pilotdid::solve_contrasts(as_absorption(absorption), c, execution());
  Rcpp::LogicalVector estimable(solved.estimable.begin(), solved.estimable.end());
  return Rcpp::List::create(Rcpp::_["solution"] = Rcpp::wrap(solved.solution),
                            Rcpp::_["estimable"] = estimable);
}

// untreated: absorption of the first stage. rows, start: all rows. cell: code by data row, -1 none.
// [[Rcpp::export(rng = false)]]
Rcpp::List cpp_imputation_adjoint(Rcpp::List untreated, Rcpp::List covariates, SEXP rows,
                                  Rcpp::IntegerVector start, Rcpp::IntegerVector cell, int cells) {
  const auto adjoint = pilotdid::imputation_adjoint(
      as_absorption(untreated), as_columns(covariates), as_rows(rows, start), start.begin(),
      cell.begin(), cells, execution());
  return Rcpp::List::create(Rcpp::_["levels"] = Rcpp::wrap(adjoint.levels),
                            Rcpp::_["covariates"] = Rcpp::wrap(adjoint.covariates),
                            Rcpp::_["mass"] = wrap_vector(adjoint.mass),
                            Rcpp::_["lost"] = Rcpp::wrap(adjoint.lost));
}

// y minus what the untreated rows say it would have been, by data row; NA where that is not known.
// untreated: absorption of the first stage; residual, levels: what it estimated. rows, start: all
// rows.
// [[Rcpp::export(rng = false)]]
Rcpp::NumericVector cpp_imputed_effects(Rcpp::List untreated, Rcpp::List columns,
                                        Rcpp::NumericVector residual, Rcpp::NumericVector levels,
                                        SEXP rows, Rcpp::IntegerVector start, double n_data) {
  Rcpp::NumericVector out(static_cast<R_xlen_t>(n_data), NA_REAL);
  const Eigen::VectorXd map = view(residual), effects = view(levels);
  pilotdid::imputed_effects(as_absorption(untreated), as_columns(columns), map, effects,
                            as_rows(rows, start), start.begin(), out.begin(), execution());
  return out;
}

// The rows of the computation where `keep` (by data row) holds, one possibly empty group a unit.
// [[Rcpp::export(rng = false)]]
Rcpp::List cpp_subset_rows(SEXP rows, Rcpp::IntegerVector start, Rcpp::LogicalVector keep) {
  const pilotdid::Rows all = as_rows(rows, start);
  Rcpp::IntegerVector first(start.size());
  std::vector<int> kept;
  kept.reserve(all.size());
  for (R_xlen_t i = 0; i + 1 < start.size(); ++i) {
    for (int p = start[i]; p < start[i + 1]; ++p) {
      const std::size_t row = all[static_cast<std::size_t>(p)];
      if (keep[static_cast<R_xlen_t>(row)] == TRUE) kept.push_back(static_cast<int>(row));
    }
    first[i + 1] = static_cast<int>(kept.size());
  }
  return Rcpp::List::create(Rcpp::_["rows"] = Rcpp::wrap(kept), Rcpp::_["start"] = first);
}
