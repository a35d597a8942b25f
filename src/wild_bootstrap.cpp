#include <pilotdid/wild_bootstrap.hpp>

#include "convert.h"

// ways: list of list(factor, roots, diagonal (clusters x 3 or 0 x 0)).
// [[Rcpp::export(rng = false)]]
Rcpp::NumericMatrix cpp_wild_bootstrap(Rcpp::NumericMatrix forms, int rank, Rcpp::List ways,
                                       int type, int draws, double seed, bool enumerate) {
  pilotdid::WildProblem problem;
  problem.forms = view(forms);
  problem.rank = rank;
  for (R_xlen_t w = 0; w < ways.size(); ++w) {
    const Rcpp::List list = ways[w];
    pilotdid::WildWay way;
    way.factor = Rcpp::as<double>(list["factor"]);
    way.roots = Rcpp::as<int>(list["roots"]);
    way.diagonal = view(Rcpp::as<Rcpp::NumericMatrix>(list["diagonal"]));
    problem.ways.push_back(way);
  }
  return Rcpp::wrap(pilotdid::wild_bootstrap(problem, static_cast<pilotdid::WildWeights>(type),
                                             draws, static_cast<std::uint64_t>(seed), enumerate,
                                             execution()));
}

// [[Rcpp::export(rng = false)]]
int cpp_wild_beyond(Rcpp::NumericMatrix draws, double value, double squared) {
  return pilotdid::count_beyond(view(draws), value, squared);
}

// kernels: list (ways) of list (parameters) of matrices.
// [[Rcpp::export(rng = false)]]
Rcpp::NumericVector cpp_wild_bootstrap_joint(Rcpp::NumericMatrix numerator,
                                             Rcpp::NumericVector factors, Rcpp::List kernels,
                                             int type, int draws, double seed, bool enumerate) {
  std::vector<std::vector<Eigen::MatrixXd>> k;
  for (R_xlen_t w = 0; w < kernels.size(); ++w) {
    const Rcpp::List list = kernels[w];
    k.emplace_back();
    for (R_xlen_t j = 0; j < list.size(); ++j)
      k.back().emplace_back(view(Rcpp::as<Rcpp::NumericMatrix>(list[j])));
  }
  const Eigen::MatrixXd top = view(numerator);
  return Rcpp::wrap(pilotdid::wild_bootstrap_joint(
      top, Rcpp::as<std::vector<double>>(factors), k, static_cast<pilotdid::WildWeights>(type),
      draws, static_cast<std::uint64_t>(seed), enumerate, execution()));
}
