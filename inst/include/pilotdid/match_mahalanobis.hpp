// Nearest neighbors in Mahalanobis distance.
#ifndef PILOTDID_MATCH_MAHALANOBIS_HPP
#define PILOTDID_MATCH_MAHALANOBIS_HPP

#include <Eigen/Dense>

#include "match_nearest.hpp"

namespace pilotdid {

// The rows of one bucket in coordinates whose Euclidean distance is the Mahalanobis distance:
// pooled within-arm covariance (as MatchIt and psmatch2), pseudo-inverted so that constant and
// collinear columns drop out. X: n x k. Result: (treated + controls) x rank, treated first, rotated
// so that the first coordinate has the largest spread: the search prunes on it.
inline Eigen::MatrixXd mahalanobis_coordinates(const Eigen::Ref<const Eigen::MatrixXd>& X,
                                               const Bucket& bucket) {
  const Eigen::Index n1 = static_cast<Eigen::Index>(bucket.treated.size());
  const Eigen::Index n0 = static_cast<Eigen::Index>(bucket.controls.size());
  const Eigen::Index k = X.cols();
  Eigen::MatrixXd Z(n1 + n0, k);
  for (Eigen::Index i = 0; i < n1; ++i) Z.row(i) = X.row(bucket.treated[i]);
  for (Eigen::Index i = 0; i < n0; ++i) Z.row(n1 + i) = X.row(bucket.controls[i]);
  Z.rowwise() -= Z.colwise().mean().eval();
  const Eigen::VectorXd sd = (Z.colwise().squaredNorm().array() / double(n1 + n0)).sqrt();
  for (Eigen::Index j = 0; j < k; ++j)
    if (sd[j] > 0) Z.col(j) /= sd[j];
  const Eigen::MatrixXd arm1 = Z.topRows(n1).rowwise() - Z.topRows(n1).colwise().mean();
  const Eigen::MatrixXd arm0 = Z.bottomRows(n0).rowwise() - Z.bottomRows(n0).colwise().mean();
  const double df = std::max<double>(static_cast<double>(n1 + n0 - 2), 1);
  const Eigen::MatrixXd S = (arm1.transpose() * arm1 + arm0.transpose() * arm0) / df;
  const Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd> eigen(S);
  // 1e-10 of the largest: squared rounding of columns that were brought to one scale.
  const double least = 1e-10 * std::max(eigen.eigenvalues().maxCoeff(), 0.0);
  std::vector<Eigen::Index> kept;
  for (Eigen::Index j = 0; j < k; ++j)
    if (eigen.eigenvalues()[j] > least) kept.push_back(j);
  Eigen::MatrixXd W(k, static_cast<Eigen::Index>(kept.size()));
  for (std::size_t j = 0; j < kept.size(); ++j)
    W.col(static_cast<Eigen::Index>(j)) =
        eigen.eigenvectors().col(kept[j]) / std::sqrt(eigen.eigenvalues()[kept[j]]);
  Z = (Z * W).eval();
  const Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd> spread(Z.transpose() * Z);
  return Z * spread.eigenvectors().rowwise().reverse();
}

// Where each row of the data stands in its bucket's coordinates, and its first coordinate. A row is
// in one bucket at most, so that all buckets share the two vectors.
struct Placement {
  explicit Placement(std::size_t rows) : column(rows, -1), first(rows, 0) {}
  std::vector<int> column;
  std::vector<double> first;
};

// Coordinates x rows of the bucket; writes where each row stands.
inline Eigen::MatrixXd place_bucket(const Eigen::Ref<const Eigen::MatrixXd>& X,
                                    const Bucket& bucket, Placement& placement) {
  Eigen::MatrixXd Z = mahalanobis_coordinates(X, bucket).transpose();
  int at = 0;
  for (const auto* rows : {&bucket.treated, &bucket.controls}) {
    for (const int row : *rows) {
      placement.column[row] = at;
      placement.first[row] = Z.rows() ? Z(0, at) : 0.0;
      ++at;
    }
  }
  return Z;
}

// Finds the nearest of `rows` to any row of the bucket: walks outwards on the first coordinate and
// stops when it alone is farther than the best found.
class MahalanobisFinder {
 public:
  MahalanobisFinder(const Eigen::MatrixXd& Z, const Placement& placement,
                    const std::vector<int>& rows, int number, const NearestRules& rules,
                    const Calipers& calipers)
      : Z_(Z),
        place_(placement),
        rules_(rules),
        calipers_(calipers),
        number_(number),
        controls_(rows, placement.first.data(),
                  std::vector<std::uint64_t>(rows.begin(), rows.end())) {}

  void find(int treated, int most, std::vector<Candidate>& found) const {
    found.clear();
    OutwardWalk walk(controls_, place_.first[treated], static_cast<std::uint64_t>(treated),
                     Ties::first);
    const auto nearer = [this](const Candidate& a, const Candidate& b) {
      return a.distance < b.distance ||
             (a.distance == b.distance && row(a.control) < row(b.control));
    };
    for (;;) {
      Candidate c = walk.next();
      if (c.control < 0) return;
      const bool enough = static_cast<int>(found.size()) >= most;
      if (enough && c.distance > found.back().distance) return;
      if (judge(calipers_, number_, rules_.strict, treated, row(c.control)) != Verdict::accept)
        continue;
      c.distance = (Z_.col(place_.column[treated]) - Z_.col(place_.column[row(c.control)])).norm();
      if (enough && !nearer(c, found.back())) continue;
      if (enough) found.pop_back();
      found.insert(std::upper_bound(found.begin(), found.end(), c, nearer), c);
    }
  }
  int row(int control) const { return controls_.row(control); }
  bool is_free(int control) const { return controls_.is_free(control); }
  void remove(int control) { controls_.remove(control); }

 private:
  const Eigen::MatrixXd& Z_;  // coordinates x rows of the bucket
  const Placement& place_;
  const NearestRules& rules_;
  const Calipers& calipers_;
  int number_;
  SortedControls controls_;
};

// As match_nearest(), in Mahalanobis distance on X (n x k); `score` only orders the treated.
inline std::vector<std::vector<MatchedPair>> match_mahalanobis(
    const std::vector<Bucket>& buckets, const Eigen::Ref<const Eigen::MatrixXd>& X,
    const double* score, const NearestRules& rules, const Calipers& calipers,
    const Execution& exec) {
  std::vector<std::vector<MatchedPair>> pairs(buckets.size());
  Placement placement(static_cast<std::size_t>(X.rows()));
  parallel_for(buckets.size(), exec, [&](std::size_t b) {
    if (buckets[b].treated.empty() || buckets[b].controls.empty()) return;
    const int number = static_cast<int>(b);
    const Eigen::MatrixXd Z = place_bucket(X, buckets[b], placement);
    MahalanobisFinder finder(Z, placement, buckets[b].controls, number, rules, calipers);
    pairs[b] = match_bucket(queue_of(buckets[b], number, score, rules), finder, rules);
  });
  return pairs;
}

}  // namespace pilotdid

#endif
