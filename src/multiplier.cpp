#include <pilotdid/multiplier.hpp>

#include "convert.h"

// psi: clusters x effects. type: 0 Mammen, 1 Rademacher, 2 normal. -> draws x effects.
// [[Rcpp::export(rng = false)]]
Rcpp::NumericMatrix cpp_multiplier_bootstrap(Rcpp::NumericMatrix psi, int draws, int type,
                                             double seed) {
  return Rcpp::wrap(pilotdid::multiplier_bootstrap(view(psi), draws,
                                                   static_cast<pilotdid::Multiplier>(type),
                                                   static_cast<std::uint64_t>(seed), execution()));
}
