// Control weights that need no search: entropy balancing and odds of the score.
#ifndef PILOTDID_MATCH_WEIGHTS_HPP
#define PILOTDID_MATCH_WEIGHTS_HPP

#include <Eigen/Dense>
#include <cmath>

#include "match_buckets.hpp"
#include "parallel.hpp"

namespace pilotdid {

struct EntropyBalance {
  bool converged = false;
  int iterations = 0;
  double imbalance = 0;  // largest gap left between the arms, in standard deviations
};

namespace weights_detail {

// log sum exp(C lambda), and the weights that go with it.
inline double log_partition(const Eigen::MatrixXd& C, const Eigen::VectorXd& lambda,
                            Eigen::VectorXd& w) {
  w.noalias() = C * lambda;
  const double top = w.maxCoeff();
  w = (w.array() - top).exp();
  const double total = w.sum();
  w /= total;
  return top + std::log(total);
}

// Collinear moments leave a null space in which there is nothing to solve; 1e-12 of the largest
// eigenvalue is the rounding of cross-products of columns with unit variance.
inline Eigen::VectorXd least_norm_solution(const Eigen::MatrixXd& H, const Eigen::VectorXd& g) {
  const Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd> eigen(H);
  const double least = 1e-12 * eigen.eigenvalues().maxCoeff();
  Eigen::VectorXd c = eigen.eigenvectors().transpose() * g;
  for (Eigen::Index j = 0; j < c.size(); ++j)
    c[j] = eigen.eigenvalues()[j] > least ? c[j] / eigen.eigenvalues()[j] : 0.0;
  return eigen.eigenvectors() * c;
}

// Newton on the dual of min sum w log w subject to C'w = 0, sum w = 1 (Hainmueller 2012).
inline EntropyBalance solve_entropy(const Eigen::MatrixXd& C, Eigen::VectorXd& w) {
  EntropyBalance out;
  Eigen::VectorXd lambda = Eigen::VectorXd::Zero(C.cols()), trial;
  double value = log_partition(C, lambda, w);
  for (out.iterations = 0; out.iterations < 200; ++out.iterations) {
    const Eigen::VectorXd gradient = C.transpose() * w;
    out.imbalance = gradient.size() ? gradient.cwiseAbs().maxCoeff() : 0.0;
    // 1e-10 standard deviations: a gap that no printed table can show.
    out.converged = out.imbalance < 1e-10;
    if (out.converged) break;
    const Eigen::MatrixXd hessian =
        C.transpose() * w.asDiagonal() * C - gradient * gradient.transpose();
    const Eigen::VectorXd step = least_norm_solution(hessian, gradient);
    const double slope = gradient.dot(step);
    double length = 1, next = value;
    for (int half = 0; half < 40; ++half, length /= 2) {
      trial = lambda - length * step;
      next = log_partition(C, trial, w);
      if (next <= value - 1e-4 * length * slope + 1e-15 * std::abs(value)) break;
    }
    if (!(trial.cwiseAbs().maxCoeff() < 1e8)) break;  // the means lie outside the controls' hull
    lambda = trial;
    value = next;
  }
  return out;
}

}  // namespace weights_detail

// Weights of the controls of each bucket, summing to its number of treated, that bring the means of
// the moments (n x k) to those of the treated. weight: n, written for controls only.
inline std::vector<EntropyBalance> entropy_balance(const std::vector<Bucket>& buckets,
                                                   const Eigen::Ref<const Eigen::MatrixXd>& moments,
                                                   const Execution& exec,
                                                   std::vector<double>& weight) {
  std::vector<EntropyBalance> out(buckets.size());
  parallel_for(buckets.size(), exec, [&](std::size_t b) {
    const Bucket& bucket = buckets[b];
    const Eigen::Index n0 = static_cast<Eigen::Index>(bucket.controls.size());
    if (n0 == 0 || bucket.treated.empty()) return;
    Eigen::RowVectorXd target = Eigen::RowVectorXd::Zero(moments.cols());
    for (const int row : bucket.treated) target += moments.row(row);
    target /= static_cast<double>(bucket.treated.size());
    Eigen::MatrixXd C(n0, moments.cols());
    for (Eigen::Index i = 0; i < n0; ++i) C.row(i) = moments.row(bucket.controls[i]) - target;
    for (Eigen::Index j = 0; j < C.cols(); ++j) {
      const double sd = std::sqrt((C.col(j).array() - C.col(j).mean()).square().mean());
      const double scale = sd > 0 ? sd : C.col(j).cwiseAbs().maxCoeff();
      if (scale > 0) C.col(j) /= scale;
    }
    Eigen::VectorXd w(n0);
    out[b] = weights_detail::solve_entropy(C, w);
    if (!out[b].converged) return;
    for (Eigen::Index i = 0; i < n0; ++i)
      weight[bucket.controls[i]] = w[i] * static_cast<double>(bucket.treated.size());
  });
  return out;
}

// p / (1 - p), normalized within buckets to the number of treated (Hajek).
inline void odds_weights(const std::vector<Bucket>& buckets, const double* probability,
                         std::vector<double>& weight) {
  for (const Bucket& bucket : buckets) {
    double total = 0;
    for (const int row : bucket.controls) total += probability[row] / (1 - probability[row]);
    for (const int row : bucket.controls)
      weight[row] = probability[row] / (1 - probability[row]) / total *
                    static_cast<double>(bucket.treated.size());
  }
}

}  // namespace pilotdid

#endif
