// Large-sample variance of matching estimators of the effect on the treated.
#ifndef PILOTDID_ABADIE_IMBENS_HPP
#define PILOTDID_ABADIE_IMBENS_HPP

#include <Eigen/Dense>

#include "match_mahalanobis.hpp"
#include "propensity.hpp"

namespace pilotdid {

// Sums over one bucket; a period adds up its buckets. With Yhat_i the mean outcome of the matches
// of a treated row, w_j the weight of a control and q_j the sum of its squared shares:
struct MatchingMoments {
  int matched = 0;              // N1
  double effect = 0;            // sum (Y_i - Yhat_i)
  double squares = 0;           // sum (Y_i - Yhat_i)^2
  double treated_variance = 0;  // sum over matched treated of s2_i
  double control_squared = 0;   // sum w_j^2 s2_j
  double control_shares = 0;    // sum q_j s2_j
};

namespace abadie_imbens_detail {

// The rows of one arm, and for any row its nearest ones in it by the score.
class ScoreArm {
 public:
  ScoreArm(const std::vector<int>& rows, const double* score)
      : rows_(rows, score, std::vector<std::uint64_t>(rows.begin(), rows.end())), score_(score) {}

  // The `most` nearest rows to `row`, without `row` itself unless `own`; with `all_ties`, also
  // those as near as the last.
  void nearest(int row, int most, bool own, bool all_ties, std::vector<int>& found) const {
    found.clear();
    OutwardWalk walk(rows_, score_[row], static_cast<std::uint64_t>(row),
                     all_ties ? Ties::all : Ties::adjacent);
    double last = 0;
    if (own) found.push_back(row);
    for (;;) {
      const Candidate c = walk.next();
      if (c.control < 0) return;
      const bool enough = static_cast<int>(found.size()) >= most;
      if (enough && (!all_ties || c.distance > last)) return;
      const int other = rows_.row(c.control);
      if (other == row) continue;
      last = c.distance;
      found.push_back(other);
    }
  }

 private:
  SortedControls rows_;
  const double* score_;
};

// The same in Mahalanobis distance; no ties to speak of.
class MahalanobisArm {
 public:
  MahalanobisArm(const Eigen::MatrixXd& Z, const Placement& placement, const std::vector<int>& rows)
      : finder_(Z, placement, rows, 0, rules_, calipers_) {}

  void nearest(int row, int most, bool, bool, std::vector<int>& found) const {
    std::vector<Candidate> candidates;
    finder_.find(row, most + 1, candidates);
    found.clear();
    for (const Candidate& c : candidates)
      if (finder_.row(c.control) != row && static_cast<int>(found.size()) < most)
        found.push_back(finder_.row(c.control));
  }

 private:
  NearestRules rules_;
  Calipers calipers_;
  MahalanobisFinder finder_;
};

// Conditional variance of a row's outcome from its neighbors in the same arm: J/(J+1) (Y - mean)^2.
template <class Arm>
double local_variance(const Arm& arm, int row, int neighbors, const double* y,
                      std::vector<int>& found) {
  arm.nearest(row, neighbors, false, true, found);
  if (found.empty()) return std::numeric_limits<double>::quiet_NaN();
  double mean = 0;
  for (const int j : found) mean += y[j];
  const double J = static_cast<double>(found.size());
  mean /= J;
  return J / (J + 1) * (y[row] - mean) * (y[row] - mean);
}

}  // namespace abadie_imbens_detail

// pairs: those of this bucket, sorted by treated row; y: n.
template <class Arm>
MatchingMoments matching_moments(const std::vector<MatchedPair>& pairs, const double* y,
                                 const Arm& treated, const Arm& controls, int neighbors) {
  using namespace abadie_imbens_detail;
  MatchingMoments m;
  std::vector<int> matched;
  std::vector<MatchedPair> by_control = pairs;
  std::vector<int> found;
  for (std::size_t from = 0, to = 0; from < pairs.size(); from = to) {
    double yhat = 0;
    for (; to < pairs.size() && pairs[to].treated == pairs[from].treated; ++to)
      yhat += pairs[to].weight * y[pairs[to].control];
    const double d = y[pairs[from].treated] - yhat;
    ++m.matched;
    m.effect += d;
    m.squares += d * d;
    m.treated_variance += local_variance(treated, pairs[from].treated, neighbors, y, found);
  }
  std::stable_sort(
      by_control.begin(), by_control.end(),
      [](const MatchedPair& a, const MatchedPair& b) { return a.control < b.control; });
  for (std::size_t from = 0, to = 0; from < by_control.size(); from = to) {
    double w = 0, q = 0;
    for (; to < by_control.size() && by_control[to].control == by_control[from].control; ++to) {
      w += by_control[to].weight;
      q += by_control[to].weight * by_control[to].weight;
    }
    const double s2 = local_variance(controls, by_control[from].control, neighbors, y, found);
    m.control_squared += w * w * s2;
    m.control_shares += q * s2;
  }
  return m;
}

// What the estimated score adds to the variance of the effect on the treated (Abadie and Imbens
// 2016): minus c'Vc plus d'Vd, V the covariance of the score's coefficients.
struct ScoreCorrection {
  double reduction = 0;  // c'Vc
  double increase = 0;   // d'Vd
};

// X: n x k as in the score's model, V: k x k; linear: n, the linear score; effect: the estimate;
// neighbors (L >= 2): rows per arm from which means and covariances at a score are taken, the row
// itself among them in its own arm. The derivative d is taken conditional on the score:
//   a = mu1 - mu0 - effect, c = sum f (X a + Cov1 + p/(1-p) Cov0) / N1, d = sum f (X a + Cov1 -
//   Cov0) / N1.
inline ScoreCorrection score_correction(const Bucket& bucket,
                                        const Eigen::Ref<const Eigen::MatrixXd>& X,
                                        const Eigen::Ref<const Eigen::MatrixXd>& V,
                                        const double* linear, Link link, const double* y,
                                        double effect, int neighbors) {
  using namespace abadie_imbens_detail;
  const ScoreArm arms[2] = {{bucket.controls, linear}, {bucket.treated, linear}};
  const Eigen::Index k = X.cols();
  Eigen::VectorXd c = Eigen::VectorXd::Zero(k), d = Eigen::VectorXd::Zero(k);
  Eigen::VectorXd mean_x(k), covariance[2];
  std::vector<int> found;
  const auto visit = [&](int row, bool is_treated) {
    double mu[2];
    for (int a = 0; a < 2; ++a) {
      arms[a].nearest(row, neighbors, is_treated == (a == 1), false, found);
      const double L = static_cast<double>(found.size());
      mean_x.setZero();
      mu[a] = 0;
      for (const int j : found) {
        mean_x += X.row(j).transpose() / L;
        mu[a] += y[j] / L;
      }
      covariance[a] = Eigen::VectorXd::Zero(k);
      for (const int j : found)
        covariance[a] += (X.row(j).transpose() - mean_x) * (y[j] - mu[a]) / (L - 1);
    }
    const double f = link_density(link, linear[row]), p = probability(link, linear[row]);
    const Eigen::VectorXd shift = X.row(row).transpose() * (mu[1] - mu[0] - effect);
    c += f * (shift + covariance[1] + p / (1 - p) * covariance[0]);
    d += f * (shift + covariance[1] - covariance[0]);
  };
  for (const int row : bucket.treated) visit(row, true);
  for (const int row : bucket.controls) visit(row, false);
  const double n1 = static_cast<double>(bucket.treated.size());
  c /= n1;
  d /= n1;
  return {c.dot(V * c), d.dot(V * d)};
}

}  // namespace pilotdid

#endif
