#include <pilotdid/log_determinant.hpp>
#include <pilotdid/spatial_effects.hpp>
#include <pilotdid/spatial_fit.hpp>

#include "convert_spatial.h"

namespace {

Eigen::VectorXcd as_eigenvalues(SEXP values) {
  if (Rf_isNull(values)) return Eigen::VectorXcd();
  const Rcpp::ComplexVector v(values);
  Eigen::VectorXcd out(v.size());
  for (R_xlen_t i = 0; i < v.size(); ++i) out[i] = {v[i].r, v[i].i};
  return out;
}

// panel: list(weights, y, x, unit_effects, time_effects); rows time-major.
pilotdid::SpatialPanel as_spatial_panel(const Rcpp::List& list) {
  pilotdid::SpatialPanel panel;
  panel.weights = as_spatial_weights(list["weights"]);
  panel.units = panel.weights.n;
  const Rcpp::NumericVector y = list["y"];
  const Rcpp::NumericMatrix x = list["x"];
  panel.periods = static_cast<int>(y.size() / panel.units);
  new (&panel.y) Eigen::Map<const Eigen::VectorXd>(y.begin(), y.size());
  new (&panel.x) Eigen::Map<const Eigen::MatrixXd>(x.begin(), x.nrow(), x.ncol());
  panel.unit_effects = list["unit_effects"];
  panel.time_effects = list["time_effects"];
  return panel;
}

Rcpp::IntegerVector wrap_standing(const std::vector<pilotdid::Standing>& standing) {
  Rcpp::IntegerVector out(standing.size());
  for (std::size_t j = 0; j < standing.size(); ++j) out[j] = static_cast<int>(standing[j]);
  return out;
}

Rcpp::List wrap_fit(const pilotdid::SpatialFit& f) {
  const pilotdid::SpatialEstimate& e = f.estimate;
  return Rcpp::List::create(
      Rcpp::_["standing"] = wrap_standing(f.standing), Rcpp::_["combination"] = Rcpp::wrap(f.combination),
      Rcpp::_["rho"] = e.rho, Rcpp::_["lambda"] = e.lambda, Rcpp::_["beta"] = wrap_vector(e.beta),
      Rcpp::_["sigma2"] = e.sigma2, Rcpp::_["log_likelihood"] = e.log_likelihood, Rcpp::_["sse"] = e.sse,
      Rcpp::_["converged"] = e.converged, Rcpp::_["at_border"] = e.at_border,
      Rcpp::_["evaluations"] = e.evaluations, Rcpp::_["covariance"] = Rcpp::wrap(f.covariance),
      Rcpp::_["multipliers"] = Rcpp::List::create(
          Rcpp::_["value"] = wrap_vector(f.multipliers.value), Rcpp::_["slope"] = wrap_vector(f.multipliers.slope)),
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

// options: list(rho, lambda, bias, method, covariance, cluster, clusters, exact_limit, seed);
// eigenvalues: complex vector of W's, or NULL.
// [[Rcpp::export(rng = false)]]
Rcpp::List cpp_spatial_fit(Rcpp::List panel, Rcpp::List options, SEXP eigenvalues) {
  const pilotdid::SpatialPanel p = as_spatial_panel(panel);
  pilotdid::SpatialOptions o;
  o.rho = options["rho"];
  o.lambda = options["lambda"];
  o.bias = static_cast<pilotdid::BiasCorrection>(Rcpp::as<int>(options["bias"]));
  o.method = static_cast<pilotdid::DeterminantMethod>(Rcpp::as<int>(options["method"]));
  o.covariance = static_cast<pilotdid::SpatialCovariance>(Rcpp::as<int>(options["covariance"]));
  o.exact_limit = options["exact_limit"];
  o.seed = static_cast<std::uint64_t>(Rcpp::as<double>(options["seed"]));
  const Rcpp::IntegerVector cluster = options["cluster"];
  o.cluster = cluster.begin();
  o.clusters = options["clusters"];
  std::unique_ptr<pilotdid::SpatialOperator> op;
  if (o.rho || o.lambda)
    op.reset(new pilotdid::SpatialOperator(
        pilotdid::make_operator(p.weights, o.method, as_eigenvalues(eigenvalues))));
  return wrap_fit(pilotdid::SpatialFitter(p, o, op.get(), execution()).fit());
}

// ln|I - rho W| for each rho.
// [[Rcpp::export(rng = false)]]
Rcpp::NumericVector cpp_log_determinant(Rcpp::List weights, Rcpp::NumericVector rho, int method) {
  pilotdid::SpatialOperator op = pilotdid::make_operator(
      as_spatial_weights(weights), static_cast<pilotdid::DeterminantMethod>(method), Eigen::VectorXcd());
  Rcpp::NumericVector out(rho.size());
  for (R_xlen_t i = 0; i < rho.size(); ++i) out[i] = op.determinant().value(rho[i]);
  return out;
}

// 4 x draws, see spatial_effects.hpp
// [[Rcpp::export(rng = false)]]
Rcpp::NumericMatrix cpp_multipliers_at(Rcpp::List weights, Rcpp::NumericVector rho, int method, SEXP eigenvalues) {
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
