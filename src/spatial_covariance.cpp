#include <pilotdid/serial_covariance.hpp>
#include <pilotdid/spatial_covariance.hpp>

#include "convert.h"

// [[Rcpp::export(rng = false)]]
Rcpp::NumericMatrix cpp_serial_covariance(Rcpp::NumericMatrix scores, Rcpp::IntegerVector start,
                                          Rcpp::IntegerVector time, int lag) {
  const Eigen::MatrixXd s = view(scores);
  return Rcpp::wrap(pilotdid::serial_covariance(
      s, Rcpp::as<std::vector<int>>(start), Rcpp::as<std::vector<int>>(time), lag, execution()));
}

// x, y: coordinates of the places; place, time: codes of the rows of `scores`.
// [[Rcpp::export(rng = false)]]
Rcpp::NumericMatrix cpp_spatial_covariance(Rcpp::NumericMatrix scores, Rcpp::IntegerVector place,
                                           Rcpp::IntegerVector time, int times,
                                           Rcpp::NumericVector x, Rcpp::NumericVector y, int metric,
                                           double cutoff, int kernel) {
  const Eigen::MatrixXd s = view(scores);
  const Eigen::VectorXd at_x = view(x), at_y = view(y);
  const pilotdid::Places places(at_x, at_y, static_cast<pilotdid::SpatialMetric>(metric), cutoff,
                                static_cast<pilotdid::SpatialKernel>(kernel));
  return Rcpp::wrap(
      pilotdid::spatial_covariance(s, place.begin(), time.begin(), times, places, execution()));
}
