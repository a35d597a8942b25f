#include <pilotdid/column_fold.hpp>
#include <pilotdid/fixed_effects.hpp>
#include <pilotdid/least_squares.hpp>
#include <pilotdid/leverage.hpp>

#include "convert.h"

namespace {

// by: "rows" 0, "groups" 1, or codes 2 with `code` and `clusters`.
pilotdid::Grouping as_grouping(int by, SEXP code, int clusters) {
  pilotdid::Grouping grouping;
  grouping.kind = static_cast<pilotdid::Grouping::Kind>(by);
  if (!Rf_isNull(code)) grouping.code = INTEGER(code);
  grouping.clusters = clusters;
  return grouping;
}

// scores: NULL, or R's own matrix in which the sums already are.
Rcpp::List wrap_least_squares(const pilotdid::LeastSquares& fit, SEXP scores = R_NilValue) {
  const pilotdid::Solution& s = fit.solution;
  Rcpp::IntegerVector standing(s.standing.size());
  for (std::size_t j = 0; j < s.standing.size(); ++j) standing[j] = static_cast<int>(s.standing[j]);
  return Rcpp::List::create(
      Rcpp::_["moments"] = wrap_moments(fit.moments),
      Rcpp::_["coefficients"] = wrap_vector(s.coefficients),
      Rcpp::_["inverse"] = Rcpp::wrap(s.inverse), Rcpp::_["standing"] = standing,
      Rcpp::_["combination"] = Rcpp::wrap(s.combination), Rcpp::_["orthogonal"] = fit.orthogonal,
      Rcpp::_["rss"] = fit.scores.rss.size() ? fit.scores.rss[0] : NA_REAL,
      Rcpp::_["scores"] = Rf_isNull(scores) ? Rcpp::wrap(fit.scores.sums) : scores);
}

}  // namespace

// [[Rcpp::export(rng = false)]]
Rcpp::List cpp_moments(Rcpp::List absorption, Rcpp::List columns, Rcpp::List options) {
  const pilotdid::Absorption a = as_absorption(absorption);
  pilotdid::ReducedSystem system(a, as_options(options), execution());
  return wrap_moments(pilotdid::compute_moments(a, as_columns(columns), system, execution()));
}

// columns: the outcome first, then the regressors. cells: NULL, or the code (-1: none) whose
// `levels` indicators are the first regressors.
// [[Rcpp::export(rng = false)]]
Rcpp::List cpp_least_squares(Rcpp::List absorption, Rcpp::List columns, int by, SEXP code,
                             int clusters, Rcpp::List options, SEXP cells = R_NilValue,
                             int levels = 0) {
  pilotdid::Effect cell_effect;
  if (!Rf_isNull(cells)) {
    cell_effect.code = INTEGER(cells);
    cell_effect.levels = levels;
  }
  const pilotdid::Absorption a = as_absorption(absorption);
  pilotdid::Grouping grouping = as_grouping(by, code, clusters);
  SEXP scores = R_NilValue;
  Rcpp::NumericMatrix own;
  if (grouping.kind == pilotdid::Grouping::Kind::groups) {
    // A row a unit: written where R keeps it.
    own = new_matrix(a.groups, columns.size() - 1);
    grouping.place = own.begin();
    scores = own;
  }
  return wrap_least_squares(
      pilotdid::fit_least_squares(a, as_columns(columns), grouping, nullptr, as_options(options),
                                  execution(), Rf_isNull(cells) ? nullptr : &cell_effect),
      scores);
}

// columns: the outcomes first, then the regressors. One list an outcome.
// [[Rcpp::export(rng = false)]]
Rcpp::List cpp_least_squares_many(Rcpp::List absorption, Rcpp::List columns, int outcomes, int by,
                                  SEXP code, int clusters, Rcpp::List options) {
  const std::vector<pilotdid::LeastSquares> fits = pilotdid::fit_many_outcomes(
      as_absorption(absorption), as_columns(columns), outcomes, as_grouping(by, code, clusters),
      as_options(options), execution());
  Rcpp::List out(static_cast<R_xlen_t>(fits.size()));
  for (std::size_t l = 0; l < fits.size(); ++l) out[l] = wrap_least_squares(fits[l]);
  return out;
}

// residual (P x m) and regressors (P x k) map the partialled-out columns to residuals and
// regressors. n_data > 0: also the residual of each data row, NA where a row is not used.
// row_factor: NULL, or what the residual of each data row is multiplied by in the scores.
// [[Rcpp::export(rng = false)]]
Rcpp::List cpp_scores(Rcpp::List absorption, Rcpp::List columns, Rcpp::NumericMatrix effects,
                      Rcpp::NumericMatrix residual, Rcpp::NumericMatrix regressors, int by,
                      SEXP code, int clusters, double n_data, SEXP row_factor = R_NilValue) {
  Rcpp::NumericVector residuals(static_cast<R_xlen_t>(n_data), NA_REAL);
  pilotdid::LinearScores maps;
  maps.residual = view(residual);
  maps.regressors = view(regressors);
  if (!Rf_isNull(row_factor)) maps.row_factor = REAL(row_factor);
  const Eigen::MatrixXd taken_off = view(effects);
  const pilotdid::ScoreSums scores = pilotdid::sum_scores(
      as_absorption(absorption), as_columns(columns), taken_off, maps,
      as_grouping(by, code, clusters), n_data > 0 ? residuals.begin() : nullptr, execution());
  return Rcpp::List::create(Rcpp::_["sums"] = Rcpp::wrap(scores.sums),
                            Rcpp::_["rss"] = scores.rss[0], Rcpp::_["residuals"] = residuals);
}

// The leverage of each data row, NA where a row is not used.
// [[Rcpp::export(rng = false)]]
Rcpp::NumericVector cpp_leverages(Rcpp::List absorption, Rcpp::List columns,
                                  Rcpp::NumericMatrix effects, Rcpp::NumericMatrix regressors,
                                  Rcpp::NumericMatrix inverse, double n_data) {
  Rcpp::NumericVector h(static_cast<R_xlen_t>(n_data), NA_REAL);
  const Eigen::MatrixXd taken_off = view(effects), map = view(regressors), bread = view(inverse);
  pilotdid::row_leverages(as_absorption(absorption), as_columns(columns), taken_off, map, bread,
                          h.begin(), execution());
  return h;
}

// A generalized inverse of the system that is left for the effects once the factor is eliminated.
// [[Rcpp::export(rng = false)]]
Rcpp::NumericMatrix cpp_reduced_inverse(Rcpp::List absorption) {
  return Rcpp::wrap(pilotdid::detail::reduced_inverse(as_absorption(absorption), execution()));
}

// rows x columns in the order of the computation, times the root of the weight.
// [[Rcpp::export(rng = false)]]
Rcpp::NumericMatrix cpp_partialled_out(Rcpp::List absorption, Rcpp::List columns,
                                       Rcpp::NumericMatrix effects) {
  const Eigen::MatrixXd taken_off = view(effects);
  return Rcpp::wrap(pilotdid::partialled_out(as_absorption(absorption), as_columns(columns),
                                             taken_off, execution()));
}

// groups x (mean and slopes of the eliminated factor).
// [[Rcpp::export(rng = false)]]
Rcpp::NumericMatrix cpp_group_effects(Rcpp::List absorption, Rcpp::List columns,
                                      Rcpp::NumericVector residual, Rcpp::NumericVector effects) {
  const Eigen::VectorXd maps = view(residual), levels = view(effects);
  return Rcpp::wrap(pilotdid::group_effects(as_absorption(absorption), as_columns(columns), maps,
                                            levels, execution()));
}

// [[Rcpp::export(rng = false)]]
Rcpp::List cpp_components(Rcpp::List absorption) {
  const pilotdid::Parts parts = pilotdid::connected_parts(as_absorption(absorption));
  return Rcpp::List::create(Rcpp::_["group"] = Rcpp::wrap(parts.group),
                            Rcpp::_["level"] = Rcpp::wrap(parts.level));
}

// x'x, by blocks of rows.
// [[Rcpp::export(rng = false)]]
Rcpp::NumericMatrix cpp_square(Rcpp::NumericMatrix x) {
  pilotdid::Columns columns;
  for (int j = 0; j < x.ncol(); ++j)
    columns.emplace_back(x.begin() + static_cast<R_xlen_t>(j) * x.nrow());
  pilotdid::Sample rows;
  rows.n = static_cast<std::size_t>(x.nrow());
  const Eigen::MatrixXd around_zero = Eigen::MatrixXd::Zero(x.ncol(), 1);
  return Rcpp::wrap(pilotdid::cross_products(columns, rows, around_zero, execution())[0]);
}
