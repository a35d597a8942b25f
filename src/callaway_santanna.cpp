#include <pilotdid/callaway_santanna.hpp>

#include "convert.h"

// panel: list(rows, start, time, periods, cohort by unit, outcome, weights, covariates, by_row,
// constant). cells: integer matrix with one row a cell: cohort, time, base, later_than, group.
// [[Rcpp::export(rng = false)]]
Rcpp::List cpp_callaway_santanna(Rcpp::List panel, Rcpp::IntegerMatrix cells, int method) {
  const Rcpp::IntegerVector start = panel["start"];
  pilotdid::CsPanel p;
  p.rows = as_rows(panel["rows"], start);
  p.start = start.begin();
  p.units = static_cast<int>(start.size()) - 1;
  p.periods = Rcpp::as<int>(panel["periods"]);
  p.time = INTEGER(static_cast<SEXP>(panel["time"]));
  p.cohort = INTEGER(static_cast<SEXP>(panel["cohort"]));
  p.outcome = as_column(panel["outcome"]);
  p.weights = as_column(panel["weights"]);
  p.covariates = as_columns(panel["covariates"]);
  p.by_row = Rcpp::as<bool>(panel["by_row"]);
  p.constant = Rcpp::as<bool>(panel["constant"]);
  std::vector<pilotdid::CsCell> list;
  std::vector<int> group;
  for (int c = 0; c < cells.nrow(); ++c) {
    list.push_back({cells(c, 0), cells(c, 1), cells(c, 2), cells(c, 3)});
    group.push_back(cells(c, 4));
  }
  Rcpp::NumericMatrix psi(p.units, cells.nrow());
  const auto found = pilotdid::callaway_santanna(p, static_cast<pilotdid::CsMethod>(method), list,
                                                 group, psi.begin(), execution());
  const R_xlen_t k = cells.nrow();
  Rcpp::NumericVector effect(k);
  Rcpp::IntegerVector status(k), column(k), treated(k), control(k);
  for (R_xlen_t c = 0; c < k; ++c) {
    effect[c] = found[c].effect;
    status[c] = static_cast<int>(found[c].status);
    column[c] = found[c].column;
    treated[c] = found[c].treated;
    control[c] = found[c].control;
  }
  return Rcpp::List::create(Rcpp::_["effect"] = effect, Rcpp::_["status"] = status,
                            Rcpp::_["column"] = column, Rcpp::_["treated"] = treated,
                            Rcpp::_["control"] = control, Rcpp::_["psi"] = psi);
}
