#include <pilotdid/fixed_effects.hpp>
#include <pilotdid/least_squares.hpp>

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

}  // namespace

// [[Rcpp::export(rng = false)]]
Rcpp::List cpp_moments(Rcpp::List absorption, Rcpp::List columns, Rcpp::List options) {
  return wrap_moments(pilotdid::compute_moments(as_absorption(absorption), as_columns(columns),
                                                as_options(options), execution()));
}

// columns: the outcome first, then the regressors.
// [[Rcpp::export(rng = false)]]
Rcpp::List cpp_least_squares(Rcpp::List absorption, Rcpp::List columns, int by, SEXP code,
                             int clusters, Rcpp::List options) {
  const pilotdid::LeastSquares fit =
      pilotdid::fit_least_squares(as_absorption(absorption), as_columns(columns),
                                  as_grouping(by, code, clusters), nullptr, as_options(options),
                                  execution());
  const pilotdid::Solution& s = fit.solution;
  Rcpp::IntegerVector standing(s.standing.size());
  for (std::size_t j = 0; j < s.standing.size(); ++j) standing[j] = static_cast<int>(s.standing[j]);
  return Rcpp::List::create(
      Rcpp::_["moments"] = wrap_moments(fit.moments),
      Rcpp::_["coefficients"] = wrap_vector(s.coefficients),
      Rcpp::_["inverse"] = Rcpp::wrap(s.inverse), Rcpp::_["standing"] = standing,
      Rcpp::_["combination"] = Rcpp::wrap(s.combination),
      Rcpp::_["orthogonal"] = fit.orthogonal, Rcpp::_["rss"] = fit.scores.rss,
      Rcpp::_["scores"] = Rcpp::wrap(fit.scores.sums));
}

// residual (P x m) and regressors (P x k) map the partialled-out columns to residuals and regressors.
// n_data > 0: also the residual of each data row, NA where a row is not used.
// [[Rcpp::export(rng = false)]]
Rcpp::List cpp_scores(Rcpp::List absorption, Rcpp::List columns, Rcpp::NumericMatrix effects,
                      Rcpp::NumericMatrix residual, Rcpp::NumericMatrix regressors, int by,
                      SEXP code, int clusters, double n_data) {
  Rcpp::NumericVector residuals(static_cast<R_xlen_t>(n_data), NA_REAL);
  pilotdid::LinearScores maps;
  maps.residual = view(residual);
  maps.regressors = view(regressors);
  const Eigen::MatrixXd taken_off = view(effects);
  const pilotdid::ScoreSums scores =
      pilotdid::sum_scores(as_absorption(absorption), as_columns(columns), taken_off, maps,
                           as_grouping(by, code, clusters),
                           n_data > 0 ? residuals.begin() : nullptr, execution());
  return Rcpp::List::create(Rcpp::_["sums"] = Rcpp::wrap(scores.sums),
                            Rcpp::_["rss"] = scores.rss, Rcpp::_["residuals"] = residuals);
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
  return Rcpp::wrap(
      pilotdid::group_effects(as_absorption(absorption), as_columns(columns), maps, levels));
}

// [[Rcpp::export(rng = false)]]
Rcpp::List cpp_components(Rcpp::List absorption) {
  const pilotdid::Parts parts = pilotdid::connected_parts(as_absorption(absorption));
  return Rcpp::List::create(Rcpp::_["group"] = Rcpp::wrap(parts.group),
                            Rcpp::_["level"] = Rcpp::wrap(parts.level));
}
