// What the effects of treated rows owe to the model of the untreated: the adjoint of
// "impute, then average by cell" (Borusyak, Jaravel and Spiess 2024; Gardner 2022), and contrasts
// of the levels of absorbed effects with their influence.
#ifndef PILOTDID_IMPUTATION_HPP
#define PILOTDID_IMPUTATION_HPP

#include <Eigen/Dense>
#include <vector>

#include "absorption.hpp"
#include "fixed_effects.hpp"
#include "reduced_system.hpp"

namespace pilotdid {

// Solutions of S z = c for each contrast c of the levels (size x k), and whether c lies in the
// range of S: only then is it estimable.
struct LevelContrasts {
  Eigen::MatrixXd solution;
  std::vector<char> estimable;
};
inline LevelContrasts solve_contrasts(const Absorption& a, const Eigen::MatrixXd& contrasts,
                                      const Execution& exec) {
  const DenseAssembly assembly(a, exec);
  SemidefiniteCholesky cholesky;
  cholesky.factor(assembly.s, assembly.mass, static_cast<int>(assembly.s.rows()));
  LevelContrasts out;
  out.solution = contrasts;
  cholesky.solve(out.solution);
  const Eigen::MatrixXd left = assembly.s.selfadjointView<Eigen::Lower>() * out.solution - contrasts;
  for (Eigen::Index k = 0; k < contrasts.cols(); ++k)
    // An estimable contrast is met to rounding (about the condition number times 1e-16); one that
    // is not misses by a part of itself.
    out.estimable.push_back(left.col(k).cwiseAbs().maxCoeff() <=
                            1e-7 * contrasts.col(k).cwiseAbs().maxCoeff());
  return out;
}

// Cells of the second stage: a code by data row, -1 for rows that are in none.
struct ImputationAdjoint {
  Eigen::MatrixXd levels;      // size x cells: mean of (levels of the row - unit's untreated mean)
  Eigen::MatrixXd covariates;  // p x cells: the same of the covariates
  Eigen::VectorXd mass;        // cells: sum of the weights of imputable rows
  std::vector<int> lost;       // cells: rows of units without any untreated row
};

// untreated: the rows of the first stage, one (possibly empty) group a unit; all, start: all rows.
inline ImputationAdjoint imputation_adjoint(const Absorption& untreated, const Columns& covariates,
                                            const Rows& all, const int* start, const int* cell,
                                            int cells) {
  const Eigen::Index p = static_cast<Eigen::Index>(covariates.size());
  ImputationAdjoint out;
  out.levels = Eigen::MatrixXd::Zero(untreated.size(), cells);
  out.covariates = Eigen::MatrixXd::Zero(p, cells);
  out.mass = Eigen::VectorXd::Zero(cells);
  out.lost.assign(static_cast<std::size_t>(cells), 0);
  const auto weight = [&](std::size_t row) { return untreated.weights.exists() ? untreated.weights[row] : 1.0; };
  const auto add_levels = [&](std::size_t row, double value, int k) {
    int offset = 0;
    for (const Effect& e : untreated.effects) {
      out.levels(offset + e.code[row], k) += value * (e.slope.exists() ? e.slope[row] : 1.0);
      offset += e.levels;
    }
  };
  std::vector<int> touched;
  std::vector<double> own(static_cast<std::size_t>(cells), 0);
  Eigen::VectorXd mean(p);
  for (int i = 0; i < untreated.groups; ++i) {
    double base = 0;
    mean.setZero();
    for (int q = untreated.start[i]; q < untreated.start[i + 1]; ++q) {
      const std::size_t row = untreated.rows[static_cast<std::size_t>(q)];
      base += weight(row);
      for (Eigen::Index j = 0; j < p; ++j) mean[j] += weight(row) * covariates[j][row];
    }
    if (base > 0) mean /= base;
    touched.clear();
    for (int q = start[i]; q < start[i + 1]; ++q) {
      const std::size_t row = all[static_cast<std::size_t>(q)];
      const int k = cell[row];
      if (k < 0) continue;
      if (!(base > 0)) {
        ++out.lost[k];
        continue;
      }
      const double w = weight(row);
      if (own[k] == 0) touched.push_back(k);
      own[k] += w;
      add_levels(row, w, k);
      for (Eigen::Index j = 0; j < p; ++j) out.covariates(j, k) += w * (covariates[j][row] - mean[j]);
    }
    for (int k : touched) {
      for (int q = untreated.start[i]; q < untreated.start[i + 1]; ++q) {
        const std::size_t row = untreated.rows[static_cast<std::size_t>(q)];
        add_levels(row, -own[k] * weight(row) / base, k);
      }
      out.mass[k] += own[k];
      own[k] = 0;
    }
  }
  for (int k = 0; k < cells; ++k)
    if (out.mass[k] > 0) {
      out.levels.col(k) /= out.mass[k];
      out.covariates.col(k) /= out.mass[k];
    }
  return out;
}

// What each row of `all` is above its imputed outcome, into out by data row: the combination `residual`
// of the columns with all effects that the untreated rows estimate taken off. Rows of units without any untreated
// row, which have no effect of their own, are left as they are.
inline void imputed_effects(const Absorption& untreated, const Columns& columns,
                            const Eigen::VectorXd& residual, const Eigen::VectorXd& levels,
                            const Rows& all, const int* start, double* out) {
  const Eigen::MatrixXd own = group_effects(untreated, columns, residual, levels);
  for (int i = 0; i < untreated.groups; ++i) {
    if (untreated.start[i] == untreated.start[i + 1]) continue;
    for (int q = start[i]; q < start[i + 1]; ++q) {
      const std::size_t row = all[static_cast<std::size_t>(q)];
      out[row] = detail::row_remainder(untreated, columns, residual, levels, row) - own(i, 0);
    }
  }
}

}  // namespace pilotdid

#endif
