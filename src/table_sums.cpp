#include <pilotdid/table_sums.hpp>

#include "convert.h"

namespace {

// influence: list(rows, start, effects, terms = list(list(value, code, table)),
// dense = list(list(block, map))). Tables and maps are effects x codes.
pilotdid::TableInfluence as_influence(const Rcpp::List& list) {
  pilotdid::TableInfluence f;
  const Rcpp::IntegerVector start = list["start"];
  f.rows = as_rows(list["rows"], start);
  f.start = start.begin();
  f.units = static_cast<int>(start.size()) - 1;
  f.effects = Rcpp::as<int>(list["effects"]);
  const Rcpp::List terms = list["terms"], dense = list["dense"];
  for (R_xlen_t i = 0; i < terms.size(); ++i) {
    const Rcpp::List term = terms[i];
    pilotdid::TableTerm t;
    if (!Rf_isNull(term["value"])) t.value = REAL(static_cast<SEXP>(term["value"]));
    t.code = INTEGER(static_cast<SEXP>(term["code"]));
    t.table = Rcpp::as<Eigen::MatrixXd>(term["table"]);
    f.terms.push_back(t);
  }
  for (R_xlen_t i = 0; i < dense.size(); ++i) {
    const Rcpp::List term = dense[i];
    pilotdid::DenseTerm t;
    t.block = REAL(static_cast<SEXP>(term["block"]));
    t.map = Rcpp::as<Eigen::MatrixXd>(term["map"]);
    f.dense.push_back(t);
  }
  return f;
}

}  // namespace

// cluster: unit -> 0 .. clusters-1, or NULL for the units. -> clusters x effects.
// [[Rcpp::export(rng = false)]]
Rcpp::NumericMatrix cpp_influence_sums(Rcpp::List influence, SEXP cluster, int clusters) {
  return Rcpp::wrap(pilotdid::influence_sums(as_influence(influence),
                                             Rf_isNull(cluster) ? nullptr : INTEGER(cluster),
                                             clusters, execution()));
}

// [[Rcpp::export(rng = false)]]
Rcpp::NumericMatrix cpp_influence_square(Rcpp::List influence) {
  return Rcpp::wrap(pilotdid::influence_square(as_influence(influence), execution()));
}

// Sums of w, w x_1, w x_2 ... by code -> codes x (1 + columns).
// [[Rcpp::export(rng = false)]]
Rcpp::NumericMatrix cpp_code_sums(SEXP rows, Rcpp::IntegerVector start, Rcpp::IntegerVector code,
                                  int codes, Rcpp::List columns, SEXP weights) {
  return Rcpp::wrap(pilotdid::code_sums(as_rows(rows, start), code.begin(), codes,
                                        as_columns(columns), as_column(weights), execution()));
}

// slot of each unit (0-based) and period of each row -> slot * periods + period by data row;
// rows that are not used hold NA.
// [[Rcpp::export(rng = false)]]
Rcpp::IntegerVector cpp_cell_codes(SEXP rows, Rcpp::IntegerVector start, Rcpp::IntegerVector time,
                                   int periods, Rcpp::IntegerVector slot) {
  const pilotdid::Rows r = as_rows(rows, start);
  Rcpp::IntegerVector out(time.size(), NA_INTEGER);
  for (R_xlen_t i = 0; i < slot.size(); ++i)
    for (int p = start[i]; p < start[i + 1]; ++p) out[r[p]] = slot[i] * periods + time[r[p]];
  return out;
}

// weight * (x - mean of its code) by data row, 0 where a row is not used.
// [[Rcpp::export(rng = false)]]
Rcpp::NumericVector cpp_centered(SEXP rows, Rcpp::IntegerVector start, Rcpp::IntegerVector code,
                                 SEXP x, SEXP weights, Rcpp::NumericVector mean) {
  const pilotdid::Rows r = as_rows(rows, start);
  const pilotdid::Column value = as_column(x), w = as_column(weights);
  Rcpp::NumericVector out(code.size());
  for (std::size_t p = 0; p < r.size(); ++p) {
    const std::size_t row = r[p];
    out[row] = (w.exists() ? w[row] : 1.0) * (value[row] - mean[code[row]]);
  }
  return out;
}
