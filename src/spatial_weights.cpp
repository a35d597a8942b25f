#include <pilotdid/spatial_points.hpp>
#include <pilotdid/spatial_weights.hpp>

#include "convert_weights.h"

namespace {

// On the globe: longitude and latitude in degrees. Elsewhere: one to three plain coordinates.
std::vector<pilotdid::Point> as_points(const Rcpp::NumericMatrix& coordinates, bool globe) {
  std::vector<pilotdid::Point> points(coordinates.nrow(), pilotdid::Point{0, 0, 0});
  for (int i = 0; i < coordinates.nrow(); ++i) {
    if (globe) {
      points[i] = pilotdid::on_globe(coordinates(i, 0), coordinates(i, 1));
    } else {
      for (int d = 0; d < coordinates.ncol(); ++d) points[i][d] = coordinates(i, d);
    }
  }
  return points;
}

pilotdid::Metric as_metric(bool globe) {
  return globe ? pilotdid::Metric::great_circle : pilotdid::Metric::euclidean;
}

Rcpp::List wrap_neighbors(const pilotdid::NeighborLists& lists) {
  return Rcpp::List::create(Rcpp::_["start"] = Rcpp::wrap(lists.start),
                            Rcpp::_["column"] = Rcpp::wrap(lists.neighbor),
                            Rcpp::_["distance"] = Rcpp::wrap(lists.distance),
                            Rcpp::_["tied"] = lists.tied, Rcpp::_["too_many"] = lists.too_many);
}

}  // namespace

// [[Rcpp::export(rng = false)]]
Rcpp::List cpp_nearest_neighbors(Rcpp::NumericMatrix coordinates, int k, bool globe) {
  return wrap_neighbors(
      pilotdid::nearest_neighbors(as_points(coordinates, globe), k, as_metric(globe), execution()));
}

// [[Rcpp::export(rng = false)]]
Rcpp::List cpp_neighbors_within(Rcpp::NumericMatrix coordinates, double radius, bool globe) {
  return wrap_neighbors(pilotdid::neighbors_within(as_points(coordinates, globe), radius,
                                                   as_metric(globe), execution()));
}

// W x, x: N x m
// [[Rcpp::export(rng = false)]]
Rcpp::NumericMatrix cpp_spatial_lag(Rcpp::List weights, Rcpp::NumericMatrix x) {
  return Rcpp::wrap(as_spatial_weights(weights).lag(view(x)));
}

// [[Rcpp::export(rng = false)]]
Rcpp::List cpp_spectral_radius(Rcpp::List weights) {
  const pilotdid::SpectralRadius r = pilotdid::spectral_radius(as_spatial_weights(weights));
  return Rcpp::List::create(Rcpp::_["value"] = r.value, Rcpp::_["converged"] = r.converged);
}

// Is W similar to a symmetric matrix, and is it row-standardized?
// [[Rcpp::export(rng = false)]]
Rcpp::List cpp_weights_traits(Rcpp::List weights) {
  const pilotdid::SpatialWeights w = as_spatial_weights(weights);
  return Rcpp::List::create(Rcpp::_["symmetrizable"] = pilotdid::find_symmetrizer(w).exists,
                            Rcpp::_["row_standardized"] = pilotdid::is_row_standardized(w));
}
