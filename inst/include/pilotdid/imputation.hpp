// What the effects of treated rows owe to the model of the untreated: the adjoint of
// "impute, then average by cell" (Borusyak, Jaravel and Spiess 2024; Gardner 2022), and contrasts
// of the levels of absorbed effects with their influence.
#ifndef PILOTDID_IMPUTATION_HPP
#define PILOTDID_IMPUTATION_HPP

#include <Eigen/Dense>
#include <utility>
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
  const Eigen::MatrixXd left =
      assembly.s.selfadjointView<Eigen::Lower>() * out.solution - contrasts;
  for (Eigen::Index k = 0; k < contrasts.cols(); ++k)
    // An estimable contrast is met to rounding (about the condition number times 1e-16); one that
    // is not misses by a part of itself.
    out.estimable.push_back(left.col(k).cwiseAbs().maxCoeff() <=
                            1e-7 * contrasts.col(k).cwiseAbs().maxCoeff());
  return out;
}

// Cells of the second stage: a code by data row, -1 for rows that are in none.
struct ImputationAdjoint {
  ImputationAdjoint(int size, Eigen::Index p, int cells)
      : levels(Eigen::MatrixXd::Zero(size, cells)),
        covariates(Eigen::MatrixXd::Zero(p, cells)),
        mass(Eigen::VectorXd::Zero(cells)),
        lost(static_cast<std::size_t>(cells), 0) {}
  Eigen::MatrixXd levels;      // size x cells: mean of (levels of the row - unit's untreated mean)
  Eigen::MatrixXd covariates;  // p x cells: the same of the covariates
  Eigen::VectorXd mass;        // cells: sum of the weights of imputable rows
  std::vector<int> lost;       // cells: rows of units without any untreated row

  void add(const ImputationAdjoint& other) {
    levels += other.levels;
    covariates += other.covariates;
    mass += other.mass;
    for (std::size_t k = 0; k < lost.size(); ++k) lost[k] += other.lost[k];
  }
  void divide_by_mass() {
    for (Eigen::Index k = 0; k < mass.size(); ++k)
      if (mass[k] > 0) {
        levels.col(k) /= mass[k];
        covariates.col(k) /= mass[k];
      }
  }
};

namespace detail {

// Adds one unit after the other to sums that are not yet means.
class AdjointSums {
 public:
  AdjointSums(const Absorption& untreated, const Columns& covariates, const Rows& all,
              const int* start, const int* cell, int cells)
      : sums(untreated.size(), static_cast<Eigen::Index>(covariates.size()), cells),
        untreated_(untreated),
        covariates_(covariates),
        all_(all),
        start_(start),
        cell_(cell),
        own_(static_cast<std::size_t>(cells), 0),
        mean_(static_cast<Eigen::Index>(covariates.size())) {}
  ImputationAdjoint sums;

  void add(int unit) {
    const double base = read_untreated(unit);
    touched_.clear();
    for (int q = start_[unit]; q < start_[unit + 1]; ++q) {
      const std::size_t row = all_[static_cast<std::size_t>(q)];
      const int k = cell_[row];
      if (k < 0) continue;
      if (base > 0)
        add_row(row, k);
      else
        ++sums.lost[k];
    }
    for (int k : touched_) {
      for (int q = untreated_.start[unit]; q < untreated_.start[unit + 1]; ++q) {
        const std::size_t row = untreated_.rows[static_cast<std::size_t>(q)];
        add_levels(row, -own_[k] * weight(row) / base, k);
      }
      sums.mass[k] += own_[k];
      own_[k] = 0;
    }
  }

 private:
  // The weight of the unit's untreated rows; mean_ is that of their covariates.
  double read_untreated(int unit) {
    double base = 0;
    mean_.setZero();
    for (int q = untreated_.start[unit]; q < untreated_.start[unit + 1]; ++q) {
      const std::size_t row = untreated_.rows[static_cast<std::size_t>(q)];
      base += weight(row);
      for (Eigen::Index j = 0; j < mean_.size(); ++j) mean_[j] += weight(row) * covariates_[j][row];
    }
    if (base > 0) mean_ /= base;
    return base;
  }
  void add_row(std::size_t row, int k) {
    const double w = weight(row);
    if (own_[k] == 0) touched_.push_back(k);
    own_[k] += w;
    add_levels(row, w, k);
    for (Eigen::Index j = 0; j < mean_.size(); ++j)
      sums.covariates(j, k) += w * (covariates_[j][row] - mean_[j]);
  }
  void add_levels(std::size_t row, double value, int k) {
    int offset = 0;
    for (const Effect& e : untreated_.effects) {
      sums.levels(offset + e.code[row], k) += value * (e.slope.exists() ? e.slope[row] : 1.0);
      offset += e.levels;
    }
  }
  double weight(std::size_t row) const {
    return untreated_.weights.exists() ? untreated_.weights[row] : 1.0;
  }

  const Absorption& untreated_;
  const Columns& covariates_;
  const Rows& all_;
  const int *start_, *cell_;
  std::vector<int> touched_;  // cells of the unit at hand
  std::vector<double> own_;   // and their weights
  Eigen::VectorXd mean_;
};

}  // namespace detail

// untreated: the rows of the first stage, one (possibly empty) group a unit; all, start: all rows.
inline ImputationAdjoint imputation_adjoint(const Absorption& untreated, const Columns& covariates,
                                            const Rows& all, const int* start, const int* cell,
                                            int cells, const Execution& exec) {
  const std::size_t scratch =
      static_cast<std::size_t>(untreated.size()) * static_cast<std::size_t>(cells);
  const std::vector<Chunk> chunks = cut_chunks(untreated, scratch);
  std::vector<ImputationAdjoint> partial(
      chunks.size(),
      ImputationAdjoint(untreated.size(), static_cast<Eigen::Index>(covariates.size()), cells));
  parallel_for(chunks.size(), exec, [&](std::size_t c) {
    detail::AdjointSums part(untreated, covariates, all, start, cell, cells);
    for (int i = chunks[c].g0; i < chunks[c].g1; ++i) part.add(i);
    partial[c] = std::move(part.sums);
  });
  for (std::size_t c = 1; c < partial.size(); ++c) partial[0].add(partial[c]);
  partial[0].divide_by_mass();
  return partial[0];
}

// What each row of `all` is above its imputed outcome, into out by data row: the combination
// `residual` of the columns with all effects that the untreated rows estimate taken off. Rows of
// units without any untreated row, which have no effect of their own, are left as they are.
inline void imputed_effects(const Absorption& untreated, const Columns& columns,
                            const Eigen::VectorXd& residual, const Eigen::VectorXd& levels,
                            const Rows& all, const int* start, double* out, const Execution& exec) {
  const Eigen::MatrixXd own = group_effects(untreated, columns, residual, levels, exec);
  const std::vector<Chunk> chunks = cut_chunks(untreated);
  parallel_for(chunks.size(), exec, [&](std::size_t c) {
    for (int i = chunks[c].g0; i < chunks[c].g1; ++i) {
      if (untreated.start[i] == untreated.start[i + 1]) continue;
      for (int q = start[i]; q < start[i + 1]; ++q) {
        const std::size_t row = all[static_cast<std::size_t>(q)];
        out[row] = detail::row_remainder(untreated, columns, residual, levels, row) - own(i, 0);
      }
    }
  });
}

}  // namespace pilotdid

#endif
