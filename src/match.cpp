#include <pilotdid/match_kernel.hpp>
#include <pilotdid/match_mahalanobis.hpp>
#include <pilotdid/match_nearest.hpp>
#include <pilotdid/match_psmatch2.hpp>
#include <pilotdid/match_weights.hpp>

#include "convert.h"

namespace {

using Pairs = std::vector<std::vector<pilotdid::MatchedPair>>;

std::vector<pilotdid::Bucket> buckets_of(const Rcpp::IntegerVector& treated,
                                         const Rcpp::IntegerVector& group, int groups) {
  return pilotdid::make_buckets(group.begin(), treated.begin(), static_cast<int>(group.size()),
                                groups);
}

// Pairs with rows counted from one, and the weight of every row: one for a matched treated row,
// what it receives for a control, zero otherwise.
Rcpp::List wrap_pairs(const Pairs& pairs, R_xlen_t rows) {
  std::size_t total = 0;
  for (const auto& p : pairs) total += p.size();
  Rcpp::IntegerVector treated(total), control(total), rank(total);
  Rcpp::NumericVector distance(total), share(total), weight(rows);
  std::size_t at = 0;
  for (const auto& bucket : pairs) {
    for (const pilotdid::MatchedPair& p : bucket) {
      treated[at] = p.treated + 1;
      control[at] = p.control + 1;
      rank[at] = p.rank;
      distance[at] = p.distance;
      share[at++] = p.weight;
      weight[p.treated] = 1;
      weight[p.control] += p.weight;
    }
  }
  using Rcpp::_;
  return Rcpp::List::create(_["treated"] = treated, _["control"] = control, _["rank"] = rank,
                            _["distance"] = distance, _["share"] = share, _["weight"] = weight);
}

}  // namespace

// scale: what the caliper is measured on, n or empty; limits: one a group. covariates: n x m with
// covariate_limits m. mahalanobis: n x k, zero columns for matching on the score.
// [[Rcpp::export]]
Rcpp::List cpp_match_nearest(const Rcpp::NumericVector& score, const Rcpp::IntegerVector& treated,
                             const Rcpp::IntegerVector& group, int groups, int ratio, bool replace,
                             int ties, bool random_ties, int order, bool strict, double seed,
                             const Rcpp::NumericVector& scale, const Rcpp::NumericVector& limits,
                             const Rcpp::NumericMatrix& covariates,
                             const Rcpp::NumericVector& covariate_limits,
                             const Rcpp::NumericMatrix& mahalanobis) {
  pilotdid::NearestRules rules;
  rules.ratio = ratio;
  rules.replace = replace;
  rules.ties = static_cast<pilotdid::Ties>(ties);
  rules.random_ties = random_ties;
  rules.order = static_cast<pilotdid::Order>(order);
  rules.strict = strict;
  rules.seed = static_cast<std::uint64_t>(seed);
  pilotdid::Calipers calipers;
  if (scale.size()) calipers.scale = scale.begin();
  calipers.limits.assign(limits.begin(), limits.end());
  for (int j = 0; j < covariates.ncol(); ++j)
    calipers.covariates.push_back(covariates.begin() + std::ptrdiff_t(j) * covariates.nrow());
  calipers.covariate_limits.assign(covariate_limits.begin(), covariate_limits.end());
  const auto buckets = buckets_of(treated, group, groups);
  const Pairs pairs =
      mahalanobis.ncol() > 0
          ? pilotdid::match_mahalanobis(buckets, view(mahalanobis), score.begin(), rules, calipers,
                                        execution())
          : pilotdid::match_nearest(buckets, score.begin(), rules, calipers, execution());
  return wrap_pairs(pairs, score.size());
}

// [[Rcpp::export]]
Rcpp::List cpp_match_psmatch2(const Rcpp::NumericVector& score, const Rcpp::IntegerVector& treated,
                              const Rcpp::IntegerVector& group, int groups, int neighbors,
                              bool ties, double caliper) {
  pilotdid::Psmatch2Rules rules;
  rules.neighbors = neighbors;
  rules.ties = ties;
  rules.caliper = caliper;
  return wrap_pairs(pilotdid::match_psmatch2(buckets_of(treated, group, groups), score.begin(),
                                             rules, execution()),
                    score.size());
}

// [[Rcpp::export]]
Rcpp::List cpp_match_kernel(const Rcpp::NumericVector& score, const Rcpp::IntegerVector& treated,
                            const Rcpp::IntegerVector& group, int groups, int kernel,
                            double bandwidth, bool linear) {
  std::vector<double> weight(score.size(), 0);
  std::vector<char> matched(score.size(), 0);
  pilotdid::match_kernel(buckets_of(treated, group, groups), score.begin(),
                         static_cast<pilotdid::Kernel>(kernel), bandwidth, linear, execution(),
                         weight, matched);
  for (R_xlen_t i = 0; i < score.size(); ++i)
    if (treated[i]) weight[i] = matched[i];
  return Rcpp::List::create(Rcpp::_["weight"] = weight);
}

// moments: n x k, to be equal in mean.
// [[Rcpp::export]]
Rcpp::List cpp_entropy_balance(const Rcpp::NumericMatrix& moments,
                               const Rcpp::IntegerVector& treated, const Rcpp::IntegerVector& group,
                               int groups) {
  std::vector<double> weight(treated.size(), 0);
  const auto buckets = buckets_of(treated, group, groups);
  const auto result = pilotdid::entropy_balance(buckets, view(moments), execution(), weight);
  Rcpp::LogicalVector converged(groups);
  Rcpp::NumericVector imbalance(groups);
  for (int g = 0; g < groups; ++g) {
    converged[g] = result[g].converged;
    imbalance[g] = result[g].imbalance;
    if (result[g].converged)
      for (const int row : buckets[g].treated) weight[row] = 1;
  }
  return Rcpp::List::create(Rcpp::_["weight"] = weight, Rcpp::_["converged"] = converged,
                            Rcpp::_["imbalance"] = imbalance);
}

// [[Rcpp::export]]
Rcpp::List cpp_odds_weights(const Rcpp::NumericVector& probability,
                            const Rcpp::IntegerVector& treated, const Rcpp::IntegerVector& group,
                            int groups) {
  std::vector<double> weight(treated.size(), 0);
  const auto buckets = buckets_of(treated, group, groups);
  pilotdid::odds_weights(buckets, probability.begin(), weight);
  for (const auto& bucket : buckets)
    for (const int row : bucket.treated) weight[row] = bucket.controls.empty() ? 0 : 1;
  return Rcpp::List::create(Rcpp::_["weight"] = weight);
}
