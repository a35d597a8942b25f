// Spatial panels and options as R/spatial-did.R hands them over; rows time-major.
#ifndef PILOTDID_CONVERT_SPATIAL_H
#define PILOTDID_CONVERT_SPATIAL_H

#include <memory>

#include <pilotdid/spatial_fit.hpp>

#include "convert_weights.h"

// list(weights, y, x, unit_effects, time_effects)
inline pilotdid::SpatialPanel as_spatial_panel(const Rcpp::List& list) {
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

// list(rho, lambda, bias, method, covariance, cluster, clusters, exact_limit, seed)
inline pilotdid::SpatialOptions as_spatial_options(const Rcpp::List& list) {
  pilotdid::SpatialOptions o;
  o.rho = list["rho"];
  o.lambda = list["lambda"];
  o.bias = static_cast<pilotdid::BiasCorrection>(Rcpp::as<int>(list["bias"]));
  o.method = static_cast<pilotdid::DeterminantMethod>(Rcpp::as<int>(list["method"]));
  o.covariance = static_cast<pilotdid::SpatialCovariance>(Rcpp::as<int>(list["covariance"]));
  const Rcpp::IntegerVector cluster = list["cluster"];
  o.cluster = cluster.begin();
  o.clusters = list["clusters"];
  o.exact_limit = list["exact_limit"];
  o.seed = static_cast<std::uint64_t>(Rcpp::as<double>(list["seed"]));
  return o;
}

// Complex eigenvalues found before, or NULL.
inline Eigen::VectorXcd as_eigenvalues(SEXP values) {
  if (Rf_isNull(values)) return Eigen::VectorXcd();
  const Rcpp::ComplexVector v(values);
  Eigen::VectorXcd out(v.size());
  for (R_xlen_t i = 0; i < v.size(); ++i) out[i] = {v[i].r, v[i].i};
  return out;
}

// Null when the model has neither rho nor lambda.
inline std::unique_ptr<pilotdid::SpatialOperator> as_spatial_operator(const pilotdid::SpatialPanel& panel,
                                                                      const pilotdid::SpatialOptions& options,
                                                                      SEXP eigenvalues) {
  std::unique_ptr<pilotdid::SpatialOperator> op;
  if (options.rho || options.lambda)
    op.reset(new pilotdid::SpatialOperator(
        pilotdid::make_operator(panel.weights, options.method, as_eigenvalues(eigenvalues))));
  return op;
}

#endif
