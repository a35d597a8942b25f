// Least squares with absorbed effects: moments -> solve -> scores.
#ifndef PILOTDID_LEAST_SQUARES_HPP
#define PILOTDID_LEAST_SQUARES_HPP

#include <Eigen/Dense>

#include "influence.hpp"
#include "moments.hpp"
#include "solve.hpp"

namespace pilotdid {

struct LeastSquares {
  Moments moments;
  Solution solution;
  ScoreSums scores;
  bool orthogonal = false;  // the Gram matrix was too ill-conditioned
};

namespace detail {

// One step of iterative refinement for the effects: what partialling out left behind is
// partialled out once more.
inline void refine_effects(const Absorption& a, const Columns& columns, Moments& m,
                           const SolverOptions& options, const Execution& exec) {
  if (a.size() == 0) return;
  const Eigen::VectorXd no_shift = Eigen::VectorXd::Zero(static_cast<Eigen::Index>(columns.size()));
  const MomentSums sums = sum_moments(a, columns, no_shift, &m.effects, exec);
  ReducedSystem system(a, options, exec);
  m.effects += system.solve(sums.q);
}

// The columns themselves, partialled out as exactly as they can be.
inline Eigen::MatrixXd refined_columns(const Absorption& a, const Columns& columns, Moments& m,
                                       const SolverOptions& options, const Execution& exec) {
  refine_effects(a, columns, m, options, exec);
  return partialled_out(a, columns, m.effects, exec);
}

// Rounding of the values, or what the iterative solver leaves, whichever is larger.
inline double noise(const Moments& m, const SolverOptions& options) {
  return m.iterations > 0 ? 100 * options.tolerance : 1e-15;
}

}  // namespace detail

// The residual and the regressors of a least-squares fit as maps of (y, X).
inline LinearScores least_squares_scores(const Solution& s) {
  const Eigen::Index k = s.coefficients.size();
  LinearScores maps;
  maps.residual.resize(k + 1, 1);
  maps.residual << 1, -s.coefficients;
  maps.regressors = Eigen::MatrixXd::Zero(k + 1, k);
  maps.regressors.bottomRows(k).setIdentity();
  return maps;
}

// columns: y first, then the k regressors.
inline LeastSquares fit_least_squares(const Absorption& a, const Columns& columns,
                                      const Grouping& by, double* residuals,
                                      const SolverOptions& options, const Execution& exec) {
  LeastSquares fit;
  fit.moments = compute_moments(a, columns, options, exec);
  if (!fit.moments.converged) return fit;
  fit.solution = solve_moments(fit.moments);
  if (!fit.solution.well_conditioned) {
    fit.orthogonal = true;
    const Eigen::MatrixXd c = detail::refined_columns(a, columns, fit.moments, options, exec);
    const Eigen::Index k = c.cols() - 1;
    fit.solution = solve_orthogonal(c.rightCols(k), c.col(0), fit.moments.raw.tail(k),
                                    fit.moments.total.tail(k), detail::noise(fit.moments, options));
  }
  fit.scores = sum_scores(a, columns, fit.moments.effects, least_squares_scores(fit.solution), by,
                          residuals, exec);
  return fit;
}

}  // namespace pilotdid

#endif
