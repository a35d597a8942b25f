// Weighted moments of covariates by arm, and how far their distributions are apart.
#ifndef PILOTDID_BALANCE_HPP
#define PILOTDID_BALANCE_HPP

#include <algorithm>
#include <cmath>
#include <vector>

#include "match_buckets.hpp"
#include "parallel.hpp"

namespace pilotdid {

// One covariate in one bucket under one set of weights.
struct ArmMoments {
  double mean1, mean0, variance1, variance0;
  double weight1, weight0;  // sums of weights
  double ks;                // largest gap between the two weighted distribution functions
};

namespace balance_detail {

// Mean and variance with importance weights: the sum of weights counts as the sample size, as in
// Stata's `summarize [iw = w]`. Two passes, so that a large mean does not eat the variance.
inline void moments(const std::vector<int>& rows, const double* x, const double* w, double* mean,
                    double* variance, double* total) {
  double sum = 0;
  *total = 0;
  for (const int i : rows) {
    const double wi = w ? w[i] : 1;
    *total += wi;
    sum += wi * x[i];
  }
  *mean = sum / *total;
  double squares = 0;
  for (const int i : rows) squares += (w ? w[i] : 1) * (x[i] - *mean) * (x[i] - *mean);
  *variance = squares / (*total - 1);
}

inline double kolmogorov_smirnov(const Bucket& bucket, const double* x, const double* w,
                                 double total1, double total0) {
  struct Point {
    double x, step;
  };
  std::vector<Point> points;
  for (const int i : bucket.treated)
    if (!w || w[i] != 0) points.push_back({x[i], (w ? w[i] : 1) / total1});
  for (const int i : bucket.controls)
    if (!w || w[i] != 0) points.push_back({x[i], -(w ? w[i] : 1) / total0});
  std::sort(points.begin(), points.end(), [](const Point& a, const Point& b) {
    return a.x < b.x || (a.x == b.x && a.step < b.step);
  });
  double gap = 0, largest = 0;
  for (std::size_t i = 0; i < points.size(); ++i) {
    gap += points[i].step;
    if (i + 1 == points.size() || points[i + 1].x > points[i].x)
      largest = std::max(largest, std::abs(gap));
  }
  return largest;
}

}  // namespace balance_detail

// covariates: columns of length n; weight: n, or null for ones. Result: bucket-major, then
// covariate.
inline std::vector<ArmMoments> arm_moments(const std::vector<Bucket>& buckets,
                                           const std::vector<const double*>& covariates,
                                           const double* weight, const Execution& exec) {
  const std::size_t k = covariates.size();
  std::vector<ArmMoments> out(buckets.size() * k);
  parallel_for(out.size(), exec, [&](std::size_t cell) {
    const Bucket& bucket = buckets[cell / k];
    const double* x = covariates[cell % k];
    ArmMoments& m = out[cell];
    balance_detail::moments(bucket.treated, x, weight, &m.mean1, &m.variance1, &m.weight1);
    balance_detail::moments(bucket.controls, x, weight, &m.mean0, &m.variance0, &m.weight0);
    m.ks = balance_detail::kolmogorov_smirnov(bucket, x, weight, m.weight1, m.weight0);
  });
  return out;
}

}  // namespace pilotdid

#endif
