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
  const auto adjoint = pilotdid::imputation_adjoint(as_absorption(untreated), as_columns(covariates),
                                                    as_rows(rows, start), start.begin(),
                                                    cell.begin(), cells);
  return Rcpp::List::create(Rcpp::_["levels"] = Rcpp::wrap(adjoint.levels),
                            Rcpp::_["covariates"] = Rcpp::wrap(adjoint.covariates),
                            Rcpp::_["mass"] = wrap_vector(adjoint.mass),
                            Rcpp::_["lost"] = Rcpp::wrap(adjoint.lost));
}
