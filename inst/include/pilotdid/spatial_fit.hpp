// One spatial panel fit from columns to covariance.
#ifndef PILOTDID_SPATIAL_FIT_HPP
#define PILOTDID_SPATIAL_FIT_HPP

#include <Eigen/Dense>
#include <memory>
#include <vector>

#include "log_determinant.hpp"
#include "solve.hpp"
#include "spatial_effects.hpp"
#include "spatial_information.hpp"
#include "spatial_likelihood.hpp"
#include "spatial_moments.hpp"
#include "spatial_traces.hpp"

namespace pilotdid {

enum class BiasCorrection { transformation = 0, correction = 1, none = 2 };
enum class SpatialCovariance { classical = 0, qml = 1, clustered = 2 };

struct SpatialOptions {
  bool rho = false, lambda = false;
  BiasCorrection bias = BiasCorrection::transformation;
  DeterminantMethod method = DeterminantMethod::eigenvalues;
  SpatialCovariance covariance = SpatialCovariance::classical;
  const int* cluster = nullptr;  // N codes 0 .. clusters-1
  int clusters = 0;
  int exact_limit = 5000;  // units up to which the traces of the classical covariance are exact
  std::uint64_t seed = 1;  // of the signs beyond
};

struct SpatialFit {
  std::vector<Standing> standing;  // of the regressors; nothing else is filled when one is not kept
  Eigen::MatrixXd combination;     // what makes up an aliased one
  SpatialEstimate estimate;
  Eigen::MatrixXd covariance;  // (rho, lambda, beta, sigma2)
  SpatialMultipliers multipliers;
  Eigen::VectorXd residual;  // N T, filtered and free of the effects
  SpatialRange range;
  double within_total = 0;  // sum of squares of y, effects removed
  bool exact_traces = true, determinant_converged = true;
  bool complete() const {
    for (Standing s : standing)
      if (s != Standing::kept) return false;
    return true;
  }
};

namespace detail {

// Which regressors are left once the effects are removed; the Gram matrix decides where it is well
// conditioned, orthogonalization elsewhere (see solve.hpp for the limits).
inline Solution judge_regressors(const SpatialMoments& moments, int rows) {
  const int k = moments.regressors();
  const Eigen::MatrixXd gram = moments.gram(0).bottomRightCorner(k, k);
  Solution s;
  s.standing.assign(static_cast<std::size_t>(k), Standing::kept);
  const Eigen::ArrayXd left = gram.diagonal().array() / moments.raw_squares().array();
  if (k == 0) return s;
  if ((left > 1e-10).all()) {
    const Eigen::VectorXd scale = gram.diagonal().cwiseSqrt().cwiseInverse();
    const Eigen::LLT<Eigen::MatrixXd> llt(scale.asDiagonal() * gram * scale.asDiagonal());
    const Eigen::MatrixXd l = llt.matrixL();
    if (llt.info() == Eigen::Success && l.diagonal().cwiseAbs2().minCoeff() > 1e-5) return s;
  }
  const Eigen::VectorXd raw = moments.raw_squares().cwiseSqrt();
  return solve_orthogonal(moments.filtered(0).rightCols(k), Eigen::VectorXd::Zero(rows), raw,
                          moments.total_squares(), 1e-14);
}

// The data at the estimate. V = S^-1 R^-1 e is what of y the disturbances made; the rest of W y is
// the mean that the information matrix asks for, effects included.
inline SpatialScores scores_at(const SpatialPanel& panel, const SpatialMoments& moments,
                               const SpatialEstimate& e, const SpatialFactor* lag_factor,
                               const SpatialFactor* filter_factor) {
  SpatialScores s;
  s.rho = lag_factor != nullptr;
  s.lambda = filter_factor != nullptr;
  const Eigen::MatrixXd z = moments.filtered(e.lambda);
  s.x = z.rightCols(moments.regressors());
  s.residual = z.col(0) - s.x * e.beta;
  if (s.rho) s.residual -= e.rho * z.col(1);
  s.sigma2 = e.sigma2;
  if (!s.rho) return s;
  Eigen::MatrixXd v = panel.wide(s.residual.data());
  if (s.lambda) v = filter_factor->solve(v);
  v = lag_factor->solve(v);
  const Eigen::VectorXd made = Eigen::Map<const Eigen::VectorXd>(v.data(), v.size());
  s.lag_mean = moments.filter(e.lambda, panel.lag(panel.y - made));
  return s;
}

// Factors at the estimate and the matrices A made with them.
class FittedOperators {
 public:
  FittedOperators(const SpatialPanel& panel, SpatialOperator* op, const SpatialOptions& options,
                  const SpatialEstimate& e)
      : panel_(panel), op_(op) {
    if (options.rho) parameters_.push_back(e.rho);
    if (options.lambda) parameters_.push_back(e.lambda);
    // Derivatives of the determinant use the factor at other values: they go first.
    if (panel.units > options.exact_limit)
      for (double at : parameters_)
        multipliers_.push_back(spatial_multipliers(panel.weights, op, at));
    if (options.rho) lag_ = prepare(own_lag_, e.rho);
    if (options.lambda) filter_ = prepare(own_filter_, e.lambda);
  }
  const SpatialFactor* lag() const { return lag_; }
  const SpatialFactor* filter() const { return filter_; }

  // tr A and tr A^2 of J A J or A, exact for any N.
  void set_own_traces(SpatialTraces& t, bool remove_mean) const {
    const double n = panel_.units;
    for (std::size_t a = 0; a < multipliers_.size(); ++a) {
      const SpatialMultipliers& m = multipliers_[a];
      const double mean = remove_mean ? m.value[3] : 0, mean2 = remove_mean ? m.slope[3] : 0;
      t.trace[static_cast<Eigen::Index>(a)] = n * m.value[1] - mean;
      t.product(a, a) = n * m.slope[1] - 2 * mean2 + mean * mean;
    }
  }

  std::vector<SpatialMatrix> matrices(bool remove_mean) const {
    std::vector<SpatialMatrix> m;
    for (const SpatialFactor* f : {lag_, filter_})
      if (f) m.emplace_back(panel_.weights, *f, op_->symmetrizer, remove_mean);
    return m;
  }

 private:
  const SpatialFactor* prepare(std::unique_ptr<SpatialFactor>& own, double at) {
    own = make_factor(panel_.weights, op_->symmetrizer, is_dense(panel_.weights));
    own->factor(at);
    own->prepare_inverse();
    return own.get();
  }
  const SpatialPanel& panel_;
  SpatialOperator* op_;
  std::unique_ptr<SpatialFactor> own_lag_, own_filter_;
  const SpatialFactor* lag_ = nullptr;
  const SpatialFactor* filter_ = nullptr;
  std::vector<double> parameters_;
  std::vector<SpatialMultipliers> multipliers_;
};

// g(rho) = 1'W (I - rho W)^-1 1 / N for each spatial parameter: 1 / (1 - rho) when
// row-standardized.
inline Eigen::VectorXd mean_multipliers(const SpatialPanel& panel, const FittedOperators& at) {
  const Eigen::VectorXd ones = Eigen::VectorXd::Ones(panel.units);
  std::vector<double> g;
  for (const SpatialFactor* f : {at.lag(), at.filter()})
    if (f) g.push_back(panel.weights.lag(f->solve(ones)).mean());
  return Eigen::Map<const Eigen::VectorXd>(g.data(), static_cast<Eigen::Index>(g.size()));
}

}  // namespace detail

class SpatialFitter {
 public:
  SpatialFitter(const SpatialPanel& panel, const SpatialOptions& options, SpatialOperator* op,
                const Execution& exec)
      : panel_(panel),
        options_(options),
        op_(op),
        exec_(exec),
        moments_(panel, options.rho, options.lambda) {}

  SpatialFit fit() {
    SpatialFit f;
    const Solution judged = detail::judge_regressors(moments_, panel_.rows());
    f.standing = judged.standing;
    f.combination = judged.combination;
    if (!f.complete()) return f;
    const bool transformation = options_.bias == BiasCorrection::transformation;
    const SpatialModel model{options_.rho, options_.lambda, transformation};
    ConcentratedLikelihood likelihood(moments_, op_ ? &op_->determinant() : nullptr, model,
                                      likelihood_sizes(panel_, transformation));
    f.estimate = likelihood.maximize();
    f.within_total = moments_.gram(0)(0, 0);
    if (op_) {
      f.range = op_->determinant().range();
      f.determinant_converged = op_->converged;
    }
    if (f.estimate.at_border) return f;
    if (options_.bias == BiasCorrection::correction) correct(f.estimate);
    f.multipliers =
        spatial_multipliers(panel_.weights, options_.rho ? op_ : nullptr, f.estimate.rho);
    covariance(f);
    return f;
  }

 private:
  // Direct estimates carry a bias of order 1/N from the time effects; with unit effects s2 is too
  // small by (T - 1) / T (Lee and Yu 2010; Elhorst 2014, eq. 3.19). For a general W the limit
  // 1 / (1 - rho) is 1'G1 / N.
  void correct(SpatialEstimate& e) const {
    if (panel_.time_effects) {
      const SpatialSizes sizes = likelihood_sizes(panel_, false);
      const detail::FittedOperators at(panel_, op_, options_, e);
      const SpatialScores s = detail::scores_at(panel_, moments_, e, at.lag(), at.filter());
      const Eigen::MatrixXd info = spatial_information(s, traces(at, false), sizes);
      const Eigen::Index p = s.spatial(), k = s.x.cols();
      Eigen::VectorXd bias = Eigen::VectorXd::Zero(s.size());
      bias.head(p) = detail::mean_multipliers(panel_, at);
      bias[s.size() - 1] = 1 / (2 * e.sigma2);
      const Eigen::VectorXd step =
          scaled_inverse(info) * bias * (sizes.observations() / panel_.units);
      if (s.rho) e.rho += step[0];
      if (s.lambda) e.lambda += step[p - 1];
      e.beta += step.segment(p, k);
      e.sigma2 += step[s.size() - 1];
    }
    if (panel_.unit_effects) e.sigma2 *= panel_.periods / (panel_.periods - 1.0);
  }

  void covariance(SpatialFit& f) const {
    const detail::FittedOperators at(panel_, op_, options_, f.estimate);
    const SpatialScores s = detail::scores_at(panel_, moments_, f.estimate, at.lag(), at.filter());
    f.residual = s.residual;
    // Without correction the covariance is that of the model with a dummy for each effect. With
    // either correction the scores count the observations that the effects left.
    const bool free_of_effects = options_.bias != BiasCorrection::none;
    const SpatialSizes sizes = likelihood_sizes(panel_, free_of_effects);
    const SpatialTraces t = traces(at, sizes.removed_mean);
    f.exact_traces = t.exact;
    const Eigen::MatrixXd bread = scaled_inverse(spatial_information(s, t, sizes));
    if (options_.covariance == SpatialCovariance::classical) {
      f.covariance = bread;
      return;
    }
    const SpatialSizes left = likelihood_sizes(panel_, true);
    const SpatialTraces t_left =
        left.removed_mean == sizes.removed_mean ? t : traces(at, left.removed_mean);
    Eigen::MatrixXd meat;
    if (options_.covariance == SpatialCovariance::qml) {
      meat = spatial_information(s, t_left, left) + cumulant_terms(s, t_left, panel_);
    } else {
      const ClusterForms forms =
          cluster_forms(at.matrices(left.removed_mean), options_.cluster, options_.clusters,
                        panel_.wide(s.residual.data()), exec_);
      const double g = options_.clusters;
      meat = g / (g - 1) * clustered_scores(s, t_left, left, forms, options_.cluster, panel_);
    }
    f.covariance = bread * meat * bread;
  }

  SpatialTraces traces(const detail::FittedOperators& at, bool remove_mean) const {
    const std::vector<SpatialMatrix> matrices = at.matrices(remove_mean);
    if (matrices.empty()) return detail::empty_traces(0, panel_.units);
    // The diagonal, needed by the robust covariances, has no estimate good enough.
    if (panel_.units <= options_.exact_limit || options_.covariance != SpatialCovariance::classical)
      return exact_traces(panel_.weights, matrices, exec_);
    SpatialTraces t = estimated_traces(panel_.weights, matrices, options_.seed, exec_);
    at.set_own_traces(t, remove_mean);
    return t;
  }

  const SpatialPanel& panel_;
  SpatialOptions options_;
  SpatialOperator* op_;
  Execution exec_;
  SpatialMoments moments_;
};

}  // namespace pilotdid

#endif
