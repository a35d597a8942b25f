#include <pilotdid/abadie_imbens.hpp>

#include "convert.h"

// Pairs of rows (from one), sorted by group and treated row; one entry a group. mahalanobis: n x k,
// zero columns where neighbors are those of the score.
// [[Rcpp::export]]
Rcpp::List cpp_matching_moments(const Rcpp::IntegerVector& pair_treated,
                                const Rcpp::IntegerVector& pair_control,
                                const Rcpp::NumericVector& pair_share, const Rcpp::NumericVector& y,
                                const Rcpp::NumericVector& score,
                                const Rcpp::IntegerVector& treated,
                                const Rcpp::IntegerVector& group, int groups, int neighbors,
                                const Rcpp::NumericMatrix& mahalanobis) {
  using namespace pilotdid::abadie_imbens_detail;
  const auto buckets = pilotdid::make_buckets(group.begin(), treated.begin(),
                                              static_cast<int>(group.size()), groups);
  std::vector<std::vector<pilotdid::MatchedPair>> pairs(groups);
  for (R_xlen_t i = 0; i < pair_treated.size(); ++i)
    pairs[group[pair_treated[i] - 1]].push_back(
        {pair_treated[i] - 1, pair_control[i] - 1, 0, 0, pair_share[i]});
  std::vector<pilotdid::MatchingMoments> moments(groups);
  const auto x = view(mahalanobis);
  pilotdid::Placement placement(x.cols() ? static_cast<std::size_t>(x.rows()) : 0);
  pilotdid::parallel_for(moments.size(), execution(), [&](std::size_t g) {
    const pilotdid::Bucket& b = buckets[g];
    if (pairs[g].empty()) return;
    if (x.cols() == 0) {
      moments[g] =
          pilotdid::matching_moments(pairs[g], y.begin(), ScoreArm(b.treated, score.begin()),
                                     ScoreArm(b.controls, score.begin()), neighbors);
    } else {
      const Eigen::MatrixXd Z = pilotdid::place_bucket(x, b, placement);
      moments[g] =
          pilotdid::matching_moments(pairs[g], y.begin(), MahalanobisArm(Z, placement, b.treated),
                                     MahalanobisArm(Z, placement, b.controls), neighbors);
    }
  });
  Rcpp::NumericVector matched(groups), effect(groups), squares(groups), treated_variance(groups),
      control_squared(groups), control_shares(groups);
  for (int g = 0; g < groups; ++g) {
    matched[g] = moments[g].matched;
    effect[g] = moments[g].effect;
    squares[g] = moments[g].squares;
    treated_variance[g] = moments[g].treated_variance;
    control_squared[g] = moments[g].control_squared;
    control_shares[g] = moments[g].control_shares;
  }
  using Rcpp::_;
  return Rcpp::List::create(_["matched"] = matched, _["effect"] = effect, _["squares"] = squares,
                            _["treated_variance"] = treated_variance,
                            _["control_squared"] = control_squared,
                            _["control_shares"] = control_shares);
}

// X: n x k without aliased columns; covariance: a list of k x k matrices, one a group.
// [[Rcpp::export]]
Rcpp::List cpp_score_correction(const Rcpp::NumericMatrix& X, const Rcpp::List& covariance,
                                const Rcpp::NumericVector& linear, int link,
                                const Rcpp::NumericVector& y, const Rcpp::NumericVector& effect,
                                const Rcpp::IntegerVector& treated,
                                const Rcpp::IntegerVector& group, int groups, int neighbors) {
  const auto buckets = pilotdid::make_buckets(group.begin(), treated.begin(),
                                              static_cast<int>(group.size()), groups);
  std::vector<Eigen::MatrixXd> V;
  for (int g = 0; g < groups; ++g) V.push_back(view(Rcpp::as<Rcpp::NumericMatrix>(covariance[g])));
  std::vector<pilotdid::ScoreCorrection> corrections(groups);
  const auto x = view(X);
  pilotdid::parallel_for(corrections.size(), execution(), [&](std::size_t g) {
    corrections[g] = pilotdid::score_correction(buckets[g], x, V[g], linear.begin(),
                                                static_cast<pilotdid::Link>(link), y.begin(),
                                                effect[static_cast<R_xlen_t>(g)], neighbors);
  });
  Rcpp::NumericVector reduction(groups), increase(groups);
  for (int g = 0; g < groups; ++g) {
    reduction[g] = corrections[g].reduction;
    increase[g] = corrections[g].increase;
  }
  return Rcpp::List::create(Rcpp::_["reduction"] = reduction, Rcpp::_["increase"] = increase);
}
