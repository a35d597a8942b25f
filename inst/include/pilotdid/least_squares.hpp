// Least squares with absorbed effects: moments -> solve -> scores.
#ifndef PILOTDID_LEAST_SQUARES_HPP
#define PILOTDID_LEAST_SQUARES_HPP

#include <Eigen/Dense>
#include <utility>
#include <vector>

#include "cells.hpp"
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
                           ReducedSystem& system, const Execution& exec) {
  if (a.size() == 0) return;
  const Eigen::VectorXd no_shift = Eigen::VectorXd::Zero(static_cast<Eigen::Index>(columns.size()));
  const MomentSums sums = sum_moments(a, columns, no_shift, &m.effects, exec);
  m.effects += system.solve(sums.q);
}

// The columns themselves, partialled out as exactly as they can be.
inline Eigen::MatrixXd refined_columns(const Absorption& a, const Columns& columns, Moments& m,
                                       ReducedSystem& system, const Execution& exec) {
  refine_effects(a, columns, m, system, exec);
  return partialled_out(a, columns, m.effects, exec);
}

// Rounding of the values, or what the iterative solver leaves, whichever is larger.
inline double noise(const Moments& m, const SolverOptions& options) {
  return m.iterations > 0 ? 100 * options.tolerance : 1e-15;
}

// The moments of outcome l and the regressors, out of those of m outcomes and k regressors.
inline Moments moments_of_outcome(const Moments& all, Eigen::Index l, Eigen::Index m) {
  const Eigen::Index k = all.gram.cols() - m;
  Moments one = all;
  one.gram.resize(k + 1, k + 1);
  one.gram(0, 0) = all.gram(l, l);
  one.gram.bottomLeftCorner(k, 1) = all.gram.block(m, l, k, 1);
  one.gram.topRightCorner(1, k) = one.gram.bottomLeftCorner(k, 1).transpose();
  one.gram.bottomRightCorner(k, k) = all.gram.bottomRightCorner(k, k);
  const auto pick = [&](const Eigen::VectorXd& x) {
    Eigen::VectorXd out(k + 1);
    out << x[l], x.tail(k);
    return out;
  };
  one.total = pick(all.total);
  one.raw = pick(all.raw);
  one.eliminated = pick(all.eliminated);
  one.effects.resize(all.effects.rows(), k + 1);
  one.effects << all.effects.col(l), all.effects.rightCols(k);
  return one;
}

// From the moments `all` of m outcomes and the regressors to a fit an outcome.
inline std::vector<LeastSquares> solve_outcomes(Moments all, const Absorption& a,
                                                const Columns& columns, Eigen::Index m,
                                                const Grouping& by, double* residuals,
                                                ReducedSystem& system, const SolverOptions& options,
                                                const Execution& exec) {
  const Eigen::Index k = static_cast<Eigen::Index>(columns.size()) - m;
  std::vector<LeastSquares> fits(static_cast<std::size_t>(m));
  for (Eigen::Index l = 0; l < m; ++l) {
    fits[l].moments = moments_of_outcome(all, l, m);
    if (all.converged) fits[l].solution = solve_moments(fits[l].moments);
  }
  if (!all.converged) return fits;
  // What is well conditioned depends on the regressors alone, so all outcomes agree.
  if (!fits[0].solution.well_conditioned) {
    const Eigen::MatrixXd c = refined_columns(a, columns, all, system, exec);
    for (Eigen::Index l = 0; l < m; ++l) {
      fits[l].orthogonal = true;
      fits[l].moments = moments_of_outcome(all, l, m);
      fits[l].solution = solve_orthogonal(c.rightCols(k), c.col(l), all.raw.tail(k),
                                          all.total.tail(k), noise(all, options));
    }
  }
  LinearScores maps;
  maps.residual = Eigen::MatrixXd::Zero(m + k, m);
  maps.regressors = Eigen::MatrixXd::Zero(m + k, k);
  maps.regressors.bottomRows(k).setIdentity();
  for (Eigen::Index l = 0; l < m; ++l) {
    maps.residual(l, l) = 1;
    maps.residual.col(l).tail(k) = -fits[l].solution.coefficients;
  }
  ScoreSums scores = sum_scores(a, columns, all.effects, maps, by, residuals, exec);
  if (m == 1) {
    fits[0].scores = std::move(scores);
    return fits;
  }
  const bool square = by.kind == Grouping::Kind::rows;
  for (Eigen::Index l = 0; l < m; ++l) {
    fits[l].scores.sums = square ? Eigen::MatrixXd(scores.sums.block(l * k, l * k, k, k))
                                 : Eigen::MatrixXd(scores.sums.middleCols(l * k, k));
    fits[l].scores.rss = scores.rss.segment(l, 1);
  }
  return fits;
}

}  // namespace detail

// columns: m outcomes first, then the k regressors that all of them share: partialled out once.
inline std::vector<LeastSquares> fit_many_outcomes(const Absorption& a, const Columns& columns,
                                                   Eigen::Index m, const Grouping& by,
                                                   const SolverOptions& options,
                                                   const Execution& exec) {
  ReducedSystem system(a, options, exec);
  return detail::solve_outcomes(compute_moments(a, columns, system, exec), a, columns, m, by,
                                nullptr, system, options, exec);
}

// columns: y first, then the k regressors. cells: null, or the code whose indicators are the first
// cells->levels regressors: their moments come from counts.
inline LeastSquares fit_least_squares(const Absorption& a, const Columns& columns,
                                      const Grouping& by, double* residuals,
                                      const SolverOptions& options, const Execution& exec,
                                      const Effect* cells = nullptr) {
  ReducedSystem system(a, options, exec);
  const Moments moments = cells ? compute_cell_moments(a, columns, *cells, system, exec)
                                : compute_moments(a, columns, system, exec);
  return std::move(
      detail::solve_outcomes(moments, a, columns, 1, by, residuals, system, options, exec)[0]);
}

}  // namespace pilotdid

#endif
