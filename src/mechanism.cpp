#include <pilotdid/heterogeneity.hpp>
#include <pilotdid/mediation.hpp>
#include <pilotdid/romano_wolf.hpp>

#include "convert.h"

namespace {

std::vector<int> as_ints(const Rcpp::IntegerVector& x) { return {x.begin(), x.end()}; }

// A whole number below 2^53, as R draws it.
std::uint64_t as_seed(double seed) { return static_cast<std::uint64_t>(seed); }

}  // namespace

// columns: controls, outcome, mediator, treatment. cluster: one code a unit, what is resampled.
// [[Rcpp::export(rng = false)]]
Rcpp::NumericMatrix cpp_bootstrap_mediation(Rcpp::List absorption, Rcpp::List columns,
                                            Rcpp::IntegerVector cluster, int clusters, int draws,
                                            double seed) {
  const pilotdid::UnitMoments moments(as_absorption(absorption), as_columns(columns), execution());
  return Rcpp::wrap(pilotdid::bootstrap_mediation(moments, as_ints(cluster), clusters, draws,
                                                  as_seed(seed), execution()));
}

// columns: controls, outcome, treatment. label: one a unit, -1 for units left out.
// -> effects (as they are labeled) and draws x groups.
// [[Rcpp::export(rng = false)]]
Rcpp::List cpp_permute_groups(Rcpp::List absorption, Rcpp::List columns, Rcpp::IntegerVector label,
                              int groups, Rcpp::IntegerVector stratum, int strata, int interaction,
                              int draws, double seed) {
  const pilotdid::UnitMoments moments(as_absorption(absorption), as_columns(columns), execution());
  const pilotdid::Interaction kind = static_cast<pilotdid::Interaction>(interaction);
  std::vector<pilotdid::UnitMoments::Sums> sums;
  const Eigen::VectorXd effects =
      pilotdid::effects_by_group(moments, as_ints(label), groups, kind, sums);
  const Eigen::MatrixXd permuted =
      pilotdid::permute_groups(moments, as_ints(label), groups, as_ints(stratum), strata, kind,
                               draws, as_seed(seed), execution());
  return Rcpp::List::create(Rcpp::_["effects"] = wrap_vector(effects),
                            Rcpp::_["draws"] = Rcpp::wrap(permuted));
}

// units x draws: the labels that cpp_permute_groups() uses.
// [[Rcpp::export(rng = false)]]
Rcpp::IntegerMatrix cpp_permuted_labels(Rcpp::IntegerVector label, Rcpp::IntegerVector stratum,
                                        int strata, int draws, double seed) {
  const pilotdid::LabelShuffler shuffler(as_ints(label), as_ints(stratum), strata);
  Rcpp::IntegerMatrix out(static_cast<int>(label.size()), draws);
  for (int draw = 0; draw < draws; ++draw) {
    pilotdid::Random random(as_seed(seed), static_cast<std::uint64_t>(draw));
    const std::vector<int> shuffled = shuffler.draw(random);
    std::copy(shuffled.begin(), shuffled.end(), out.column(draw).begin());
  }
  return out;
}

// influence: clusters x estimates -> draws x estimates, bootstrap t statistics.
// [[Rcpp::export(rng = false)]]
Rcpp::NumericMatrix cpp_wild_statistics(Rcpp::NumericMatrix influence, int weights, int draws,
                                        double seed, bool enumerate) {
  return Rcpp::wrap(pilotdid::wild_statistics(view(influence),
                                              static_cast<pilotdid::WildWeights>(weights), draws,
                                              as_seed(seed), enumerate, execution()));
}
