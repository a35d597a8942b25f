#include <pilotdid/match_buckets.hpp>
#include <pilotdid/propensity.hpp>

#include "convert.h"

namespace {

struct Group {
  std::vector<int> rows, outcome;
  Eigen::MatrixXd X;
  Eigen::VectorXd weights;
  pilotdid::BinaryFit fit;
};

}  // namespace

// One model a group (0 .. groups-1; negative: the row takes no part). X: n x k; weights: n or
// empty.
// [[Rcpp::export]]
Rcpp::List cpp_fit_binary(const Rcpp::NumericMatrix& X, const Rcpp::IntegerVector& outcome,
                          const Rcpp::NumericVector& weights, const Rcpp::IntegerVector& group,
                          int groups, int link, int intercept) {
  const auto x = view(X);
  const Eigen::Index k = x.cols();
  std::vector<Group> models(groups);
  for (int i = 0; i < group.size(); ++i)
    if (group[i] >= 0) models[group[i]].rows.push_back(i);
  // Threads go over groups where there are several, else over rows.
  const pilotdid::Execution exec = execution(), inside = groups > 1 ? pilotdid::Execution() : exec;
  pilotdid::parallel_for(
      models.size(), groups > 1 ? exec : pilotdid::Execution(), [&](std::size_t g) {
        Group& m = models[g];
        const Eigen::Index n = static_cast<Eigen::Index>(m.rows.size());
        m.X.resize(n, k);
        m.outcome.resize(m.rows.size());
        if (weights.size()) m.weights.resize(n);
        for (Eigen::Index j = 0; j < k; ++j)
          for (Eigen::Index i = 0; i < n; ++i) m.X(i, j) = x(m.rows[i], j);
        for (Eigen::Index i = 0; i < n; ++i) {
          m.outcome[i] = outcome[m.rows[i]];
          if (weights.size()) m.weights[i] = weights[m.rows[i]];
        }
        m.fit = pilotdid::fit_binary(m.X, m.outcome, m.weights, static_cast<pilotdid::Link>(link),
                                     intercept, inside);
        m.X.resize(0, 0);
      });

  Rcpp::NumericMatrix coefficients(k, groups), direction(k, groups);
  Rcpp::NumericVector linear(group.size(), NA_REAL), fitted(group.size(), NA_REAL);
  Rcpp::List covariance(groups);
  Rcpp::NumericVector log_likelihood(groups), null_log_likelihood(groups);
  Rcpp::IntegerVector iterations(groups), rank(groups), separation(groups), separated(groups);
  Rcpp::LogicalVector converged(groups);
  for (int g = 0; g < groups; ++g) {
    const pilotdid::BinaryFit& f = models[g].fit;
    for (Eigen::Index j = 0; j < k; ++j) {
      coefficients(j, g) = f.coefficients[j];
      direction(j, g) = f.direction.size() ? f.direction[j] : 0;
    }
    for (std::size_t i = 0; i < models[g].rows.size(); ++i) {
      linear[models[g].rows[i]] = f.linear[static_cast<Eigen::Index>(i)];
      fitted[models[g].rows[i]] = f.fitted[static_cast<Eigen::Index>(i)];
    }
    covariance[g] = Rcpp::wrap(f.covariance);
    log_likelihood[g] = f.log_likelihood;
    null_log_likelihood[g] = f.null_log_likelihood;
    iterations[g] = f.iterations;
    rank[g] = f.rank;
    separation[g] = static_cast<int>(f.separation);
    separated[g] = f.separated_rows;
    converged[g] = f.converged;
  }
  using Rcpp::_;
  return Rcpp::List::create(
      _["coefficients"] = coefficients, _["covariance"] = covariance, _["linear"] = linear,
      _["fitted"] = fitted, _["log_likelihood"] = log_likelihood,
      _["null_log_likelihood"] = null_log_likelihood, _["iterations"] = iterations,
      _["rank"] = rank, _["converged"] = converged, _["separation"] = separation,
      _["separated"] = separated, _["direction"] = direction);
}
