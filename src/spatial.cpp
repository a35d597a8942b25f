#include <pilotdid/log_determinant.hpp>
#include <pilotdid/spatial_effects.hpp>
#include <pilotdid/spatial_fit.hpp>
#include <pilotdid/spatial_gmm.hpp>
#include <pilotdid/spatial_random.hpp>
#include <pilotdid/spatial_spillovers.hpp>

#include "convert_spatial.h"

namespace {

Rcpp::IntegerVector wrap_standing(const std::vector<pilotdid::Standing>& standing) {
  Rcpp::IntegerVector out(standing.size());
  for (std::size_t j = 0; j < standing.size(); ++j) out[j] = static_cast<int>(standing[j]);
  return out;
}

Rcpp::List wrap_fit(const pilotdid::SpatialFit& f) {
  const pilotdid::SpatialEstimate& e = f.estimate;
  return Rcpp::List::create(
      Rcpp::_["standing"] = wrap_standing(f.standing),
      Rcpp::_["combination"] = Rcpp::wrap(f.combination), Rcpp::_["rho"] = e.rho,
      Rcpp::_["lambda"] = e.lambda, Rcpp::_["beta"] = wrap_vector(e.beta),
      Rcpp::_["sigma2"] = e.sigma2, Rcpp::_["log_likelihood"] = e.log_likelihood,
      Rcpp::_["sse"] = e.sse, Rcpp::_["converged"] = e.converged,
      Rcpp::_["at_border"] = e.at_border, Rcpp::_["evaluations"] = e.evaluations,
      Rcpp::_["covariance"] = Rcpp::wrap(f.covariance),
      Rcpp::_["multipliers"] =
          Rcpp::List::create(Rcpp::_["value"] = wrap_vector(f.multipliers.value),
                             Rcpp::_["slope"] = wrap_vector(f.multipliers.slope)),
      Rcpp::_["residual"] = wrap_vector(f.residual),
      Rcpp::_["range"] = Rcpp::NumericVector::create(f.range.lower, f.range.upper),
      Rcpp::_["within_total"] = f.within_total, Rcpp::_["exact_traces"] = f.exact_traces,
      Rcpp::_["determinant_converged"] = f.determinant_converged);
}

}  // namespace

// [[Rcpp::export(rng = false)]]
Rcpp::ComplexVector cpp_spatial_eigenvalues(Rcpp::List weights) {
  const pilotdid::SpatialWeights w = as_spatial_weights(weights);
  const Eigen::VectorXcd values = pilotdid::spatial_eigenvalues(w, pilotdid::find_symmetrizer(w));
  Rcpp::ComplexVector out(values.size());
  for (Eigen::Index i = 0; i < values.size(); ++i) {
    out[i].r = values[i].real();
    out[i].i = values[i].imag();
  }
  return out;
}

// eigenvalues: complex vector of W's, or NULL.
// [[Rcpp::export(rng = false)]]
Rcpp::List cpp_spatial_fit(Rcpp::List panel, Rcpp::List options, SEXP eigenvalues) {
  const pilotdid::SpatialPanel p = as_spatial_panel(panel);
  const pilotdid::SpatialOptions o = as_spatial_options(options);
  const auto op = as_spatial_operator(p, o, eigenvalues);
  return wrap_fit(pilotdid::SpatialFitter(p, o, op.get(), execution()).fit());
}

// range: the interval of the spatial parameters.
// [[Rcpp::export(rng = false)]]
Rcpp::List cpp_spatial_gmm(Rcpp::List panel, Rcpp::List options, double lower, double upper) {
  const pilotdid::SpatialPanel p = as_spatial_panel(panel);
  const pilotdid::SpatialGmmFit f =
      pilotdid::SpatialGmm(p, as_spatial_options(options), {lower, upper}).fit();
  const pilotdid::SpatialEstimate& e = f.estimate;
  return Rcpp::List::create(
      Rcpp::_["rho"] = e.rho, Rcpp::_["lambda"] = e.lambda, Rcpp::_["beta"] = wrap_vector(e.beta),
      Rcpp::_["sigma2"] = e.sigma2, Rcpp::_["sse"] = e.sse, Rcpp::_["converged"] = e.converged,
      Rcpp::_["at_border"] = e.at_border, Rcpp::_["covariance"] = Rcpp::wrap(f.covariance),
      Rcpp::_["residual"] = wrap_vector(f.residual), Rcpp::_["instruments"] = f.instruments,
      Rcpp::_["identified"] = f.identified);
}

// Which regressors are left once the effects are removed: the check that comes before the moments.
// [[Rcpp::export(rng = false)]]
Rcpp::List cpp_spatial_standing(Rcpp::List panel) {
  const pilotdid::SpatialPanel p = as_spatial_panel(panel);
  const pilotdid::SpatialMoments moments(p, false, false);
  const pilotdid::Solution judged = pilotdid::detail::judge_regressors(moments, p.rows());
  return Rcpp::List::create(Rcpp::_["standing"] = wrap_standing(judged.standing),
                            Rcpp::_["combination"] = Rcpp::wrap(judged.combination),
                            Rcpp::_["within_total"] = moments.gram(0)(0, 0));
}

// value, slope: see spatial_effects.hpp
// [[Rcpp::export(rng = false)]]
Rcpp::List cpp_spatial_multipliers(Rcpp::List weights, double rho, bool lag, int method) {
  const pilotdid::SpatialWeights w = as_spatial_weights(weights);
  std::unique_ptr<pilotdid::SpatialOperator> op;
  if (lag)
    op.reset(new pilotdid::SpatialOperator(pilotdid::make_operator(
        w, static_cast<pilotdid::DeterminantMethod>(method), Eigen::VectorXcd())));
  const pilotdid::SpatialMultipliers m = pilotdid::spatial_multipliers(w, op.get(), rho);
  return Rcpp::List::create(Rcpp::_["value"] = wrap_vector(m.value),
                            Rcpp::_["slope"] = wrap_vector(m.slope));
}

// treated, untreated: N x T; parts: list of N x T. -> sums, see spatial_spillovers.hpp
// [[Rcpp::export(rng = false)]]
Rcpp::List cpp_spillover_sums(Rcpp::List weights, double rho, Rcpp::NumericMatrix treated,
                              Rcpp::NumericMatrix untreated, Rcpp::List parts) {
  const pilotdid::SpatialWeights w = as_spatial_weights(weights);
  const pilotdid::Symmetrizer symmetrizer = pilotdid::find_symmetrizer(w);
  const auto factor = pilotdid::make_factor(w, symmetrizer, pilotdid::is_dense(w));
  factor->factor(rho);
  factor->prepare_inverse();
  std::vector<Eigen::MatrixXd> columns;
  for (R_xlen_t k = 0; k < parts.size(); ++k)
    columns.push_back(view(Rcpp::as<Rcpp::NumericMatrix>(parts[k])));
  const pilotdid::SpilloverSums s = pilotdid::spillover_sums(
      w, *factor, symmetrizer, rho, view(treated), view(untreated), columns, execution());
  return Rcpp::List::create(Rcpp::_["treated"] = Rcpp::wrap(s.treated),
                            Rcpp::_["untreated"] = Rcpp::wrap(s.untreated),
                            Rcpp::_["own"] = Rcpp::wrap(s.own));
}

// ln|I - rho W| for each rho.
// [[Rcpp::export(rng = false)]]
Rcpp::NumericVector cpp_log_determinant(Rcpp::List weights, Rcpp::NumericVector rho, int method) {
  pilotdid::SpatialOperator op =
      pilotdid::make_operator(as_spatial_weights(weights),
                              static_cast<pilotdid::DeterminantMethod>(method), Eigen::VectorXcd());
  Rcpp::NumericVector out(rho.size());
  for (R_xlen_t i = 0; i < rho.size(); ++i) out[i] = op.determinant().value(rho[i]);
  return out;
}

// 4 x draws, see spatial_effects.hpp
// [[Rcpp::export(rng = false)]]
Rcpp::NumericMatrix cpp_multipliers_at(Rcpp::List weights, Rcpp::NumericVector rho, int method,
                                       SEXP eigenvalues) {
  const pilotdid::SpatialWeights w = as_spatial_weights(weights);
  pilotdid::SpatialOperator op = pilotdid::make_operator(
      w, static_cast<pilotdid::DeterminantMethod>(method), as_eigenvalues(eigenvalues));
  return Rcpp::wrap(pilotdid::multipliers_at(w, op, view(rho)));
}

// 2 x (orders + 2): tr W^q / N and 1'W^q 1 / N
// [[Rcpp::export(rng = false)]]
Rcpp::NumericMatrix cpp_power_means(Rcpp::List weights, int orders) {
  return Rcpp::wrap(pilotdid::power_means(as_spatial_weights(weights), orders, execution()));
}

// k x draws standard normal numbers, one stream a draw.
// [[Rcpp::export(rng = false)]]
Rcpp::NumericMatrix cpp_normal_draws(int k, int draws, double seed) {
  Rcpp::NumericMatrix out(k, draws);
  for (int d = 0; d < draws; ++d) {
    pilotdid::Random random(static_cast<std::uint64_t>(seed), static_cast<std::uint64_t>(d));
    for (int j = 0; j < k; ++j) out(j, d) = random.normal();
  }
  return out;
}

// Random unit effects: panel without unit effects, options without lambda.
// [[Rcpp::export(rng = false)]]
Rcpp::List cpp_random_effects(Rcpp::List panel, Rcpp::List options, SEXP eigenvalues) {
  const pilotdid::SpatialPanel p = as_spatial_panel(panel);
  const pilotdid::SpatialOptions o = as_spatial_options(options);
  const auto op = as_spatial_operator(p, o, eigenvalues);
  const pilotdid::RandomEffectsFit f = pilotdid::RandomEffects(p, op.get(), o, execution()).fit();
  return Rcpp::List::create(
      Rcpp::_["rho"] = f.rho, Rcpp::_["beta"] = wrap_vector(f.beta), Rcpp::_["phi2"] = f.phi2,
      Rcpp::_["sigma2"] = f.sigma2, Rcpp::_["log_likelihood"] = f.log_likelihood,
      Rcpp::_["covariance"] = Rcpp::wrap(f.covariance), Rcpp::_["converged"] = f.converged);
}
