// Scores by eliminated group from columns that are not partialled out. Residuals e are orthogonal
// to the groups, so that within a group  sum x~ e = sum (x - x_first) e - sum d(level) e,  d the
// effects of x: only one column, the residual, has to be partialled out. A sixth less work than the
// general way with six regressors.
#ifndef PILOTDID_GROUP_SCORES_HPP
#define PILOTDID_GROUP_SCORES_HPP

#include <Eigen/Dense>
#include <algorithm>
#include <vector>

#include "absorption.hpp"
#include "simd.hpp"

namespace pilotdid {

// What all chunks share.
struct GroupScoreTable {
  static constexpr int lanes = 4;

  // effects: size x P, of each column. residual: P, the residual as a combination of the columns.
  // regressors: which columns the scores are of.
  GroupScoreTable(const Absorption& absorption, const Eigen::MatrixXd& effects,
                  const Eigen::VectorXd& residual_of, const std::vector<int>& columns)
      : a(absorption),
        residual(residual_of),
        regressors(columns),
        level_residual(effects * residual) {
    const Eigen::Index k = static_cast<Eigen::Index>(regressors.size()),
                       tiles = (k + lanes - 1) / lanes;
    by_level = Eigen::MatrixXd::Zero(lanes, tiles * effects.rows());
    for (Eigen::Index j = 0; j < k; ++j)
      for (Eigen::Index l = 0; l < effects.rows(); ++l)
        by_level(j % lanes, j / lanes * effects.rows() + l) = effects(l, regressors[j]);
  }

  const Absorption& a;
  Eigen::VectorXd residual;
  std::vector<int> regressors;
  Eigen::VectorXd level_residual;  // effects of the residual before groups are eliminated
  Eigen::MatrixXd by_level;        // four regressors' effects side by side, then the next level
};

class GroupScores {
 public:
  // Plain groups and shifts only: weights and slopes change what the residuals are orthogonal to.
  static bool serves(const Absorption& a) {
    return a.group_means && a.group_slopes.empty() && !a.weights.exists() &&
           std::none_of(a.effects.begin(), a.effects.end(),
                        [](const Effect& e) { return e.slope.exists(); });
  }

  explicit GroupScores(const GroupScoreTable& table) : table_(table), a_(table.a) {}

  // The scores of one block, loaded raw: values are shifted in place. -> sum of squared residuals.
  double add(BlockReader& block, Eigen::Ref<Eigen::MatrixXd> sums) {
    e_.setZero(std::max<Eigen::Index>(e_.size(), block.rows() + lanes));
    spare_.setZero(e_.size());
    nowhere_.resize(
        std::max<Eigen::Index>(nowhere_.size(), block.end_group() - block.first_group()));
    Eigen::MatrixXd& values = block.raw_values();
    for (Eigen::Index j = 0; j < values.cols(); j += lanes) combine(block, values, j);
    Eigen::Index offset = 0;
    for (std::size_t f = 0; f < a_.effects.size(); ++f) {
      const int* level = block.levels(f);
      const double* effect = table_.level_residual.data() + offset;
      for (int i = 0; i < block.rows(); ++i) e_[i] -= effect[level[i]];
      offset += a_.effects[f].levels;
    }
    const double rss = remove_means(block);
    const Eigen::Index k = static_cast<Eigen::Index>(table_.regressors.size());
    for (Eigen::Index j = 0; j < k; j += lanes)
      add_four(block, values, j, std::min<Eigen::Index>(lanes, k - j), sums);
    return rss;
  }
  const double* residuals() const { return e_.data(); }

 private:
  static constexpr int lanes = GroupScoreTable::lanes;

  // Columns j .. j + 3 less their first value in each group, and what they add to the residual.
  void combine(const BlockReader& block, Eigen::MatrixXd& values, Eigen::Index j) {
    double *x[lanes], b[lanes];
    for (Eigen::Index c = 0; c < lanes; ++c) {
      const bool there = j + c < values.cols();
      x[c] = there ? values.col(j + c).data() : spare_.data();
      b[c] = there ? table_.residual[j + c] : 0;
    }
    const int *start = a_.start, first = block.first(), begin = block.first_group(),
              end = block.end_group();
    double* residual = e_.data();
    vectorized([&]() PILOTDID_INLINE {
      double *x0 = x[0], *x1 = x[1], *x2 = x[2], *x3 = x[3], *e = residual;
      const double b0 = b[0], b1 = b[1], b2 = b[2], b3 = b[3];
      for (int g = begin; g < end; ++g) {
        const int from = start[g] - first, to = start[g + 1] - first;
        if (from == to) continue;
        const double f0 = x0[from], f1 = x1[from], f2 = x2[from], f3 = x3[from];
        PILOTDID_SIMD()
        for (int i = from; i < to; ++i) {
          x0[i] -= f0;
          x1[i] -= f1;
          x2[i] -= f2;
          x3[i] -= f3;
          e[i] += (b0 * x0[i] + b1 * x1[i]) + (b2 * x2[i] + b3 * x3[i]);
        }
      }
    });
  }

  double remove_means(const BlockReader& block) {
    const int *start = a_.start, first = block.first(), begin = block.first_group(),
              end = block.end_group();
    double *residual = e_.data(), total = 0;
    vectorized([&]() PILOTDID_INLINE {
      double *e = residual, rss = 0;
      for (int g = begin; g < end; ++g) {
        const int from = start[g] - first, to = start[g + 1] - first;
        double mean = 0;
        PILOTDID_SIMD(reduction(+ : mean))
        for (int i = from; i < to; ++i) mean += e[i];
        mean /= std::max(to - from, 1);
        PILOTDID_SIMD(reduction(+ : rss))
        for (int i = from; i < to; ++i) {
          e[i] -= mean;
          rss += e[i] * e[i];
        }
      }
      total = rss;
    });
    return total;
  }

  // The scores of regressors j .. j + width - 1.
  void add_four(const BlockReader& block, const Eigen::MatrixXd& values, Eigen::Index j,
                Eigen::Index width, Eigen::Ref<Eigen::MatrixXd> sums) {
    const double* x[lanes];
    double* out[lanes];
    for (Eigen::Index c = 0; c < lanes; ++c) {
      x[c] = c < width ? values.col(table_.regressors[static_cast<std::size_t>(j + c)]).data()
                       : spare_.data();
      out[c] = c < width ? sums.col(j + c).data() + block.first_group() : nowhere_.data();
    }
    const int *start = a_.start, first = block.first(), begin = block.first_group(),
              end = block.end_group();
    vectorized([&]() PILOTDID_INLINE {
      const double *x0 = x[0], *x1 = x[1], *x2 = x[2], *x3 = x[3], *e = e_.data();
      for (int g = begin; g < end; ++g) {
        double s0 = 0, s1 = 0, s2 = 0, s3 = 0;
        const int from = start[g] - first, to = start[g + 1] - first;
        PILOTDID_SIMD(reduction(+ : s0, s1, s2, s3))
        for (int i = from; i < to; ++i) {
          s0 += x0[i] * e[i];
          s1 += x1[i] * e[i];
          s2 += x2[i] * e[i];
          s3 += x3[i] * e[i];
        }
        out[0][g - begin] = s0, out[1][g - begin] = s1, out[2][g - begin] = s2,
                   out[3][g - begin] = s3;
      }
    });
    const double* table = table_.by_level.data() + j * table_.level_residual.size();
    for (std::size_t f = 0; f < a_.effects.size(); ++f) {
      const int* level_of = block.levels(f);
      vectorized([&]() PILOTDID_INLINE {
        const Four* effect = reinterpret_cast<const Four*>(table);
        const double* e = e_.data();
        const int* level = level_of;
        for (int g = begin; g < end; ++g) {
          Four even = {0, 0, 0, 0}, odd = even;
          int i = start[g] - first;
          const int to = start[g + 1] - first;
          for (; i + 1 < to; i += 2) {
            even += effect[level[i]] * e[i];
            odd += effect[level[i + 1]] * e[i + 1];
          }
          if (i < to) even += effect[level[i]] * e[i];
          even += odd;
          for (int c = 0; c < lanes; ++c) out[c][g - begin] -= even[c];
        }
      });
      table += lanes * a_.effects[f].levels;
    }
  }

  // Four numbers that compilers keep in one register, or two; their place in memory needs no
  // alignment.
  typedef double Four __attribute__((vector_size(32), aligned(8)));

  const GroupScoreTable& table_;
  const Absorption& a_;
  Eigen::VectorXd e_, spare_, nowhere_;
};

}  // namespace pilotdid

#endif
