#include <pilotdid/multiplier.hpp>

#include "convert.h"

// psi: effects x clusters. type: 0 Mammen, 1 Rademacher, 2 normal. -> effects x draws.
// [[Rcpp::export(rng = false)]]
Rcpp::NumericMatrix cpp_multiplier_bootstrap(Rcpp::NumericMatrix psi, int draws, int type, double seed) {
  const Eigen::MatrixXd by_cluster = view(psi);
  return Rcpp::wrap(pilotdid::multiplier_bootstrap(by_cluster, draws,
                                                   static_cast<pilotdid::Multiplier>(type),
                                                   static_cast<std::uint64_t>(seed), execution()));
}
