#include <pilotdid/balance.hpp>

#include "convert.h"

// covariates: n x k; weight: n or empty. Rows of the result: group by group, covariates within.
// [[Rcpp::export]]
Rcpp::List cpp_arm_moments(const Rcpp::NumericMatrix& covariates,
                           const Rcpp::IntegerVector& treated, const Rcpp::IntegerVector& group,
                           int groups, const Rcpp::NumericVector& weight) {
  std::vector<const double*> columns;
  for (int j = 0; j < covariates.ncol(); ++j)
    columns.push_back(covariates.begin() + std::ptrdiff_t(j) * covariates.nrow());
  const auto buckets = pilotdid::make_buckets(group.begin(), treated.begin(),
                                              static_cast<int>(group.size()), groups);
  const auto moments = pilotdid::arm_moments(buckets, columns,
                                             weight.size() ? weight.begin() : nullptr, execution());
  const R_xlen_t n = static_cast<R_xlen_t>(moments.size());
  Rcpp::NumericVector mean1(n), mean0(n), variance1(n), variance0(n), weight1(n), weight0(n), ks(n);
  for (R_xlen_t i = 0; i < n; ++i) {
    const pilotdid::ArmMoments& m = moments[static_cast<std::size_t>(i)];
    mean1[i] = m.mean1;
    mean0[i] = m.mean0;
    variance1[i] = m.variance1;
    variance0[i] = m.variance0;
    weight1[i] = m.weight1;
    weight0[i] = m.weight0;
    ks[i] = m.ks;
  }
  using Rcpp::_;
  return Rcpp::List::create(_["mean1"] = mean1, _["mean0"] = mean0, _["variance1"] = variance1,
                            _["variance0"] = variance0, _["weight1"] = weight1,
                            _["weight0"] = weight0, _["ks"] = ks);
}
