// Scores x_i e_i of a linear fit, summed over any grouping: the currency in which every
// covariance, bootstrap and band is written. The n x k matrix of scores is never stored.
#ifndef PILOTDID_INFLUENCE_HPP
#define PILOTDID_INFLUENCE_HPP

#include <Eigen/Dense>
#include <memory>
#include <vector>

#include "absorption.hpp"
#include "group_scores.hpp"
#include "large_pages.hpp"

namespace pilotdid {

// A fit as two linear maps of the partialled-out columns C = (y, X, ...): residuals C b and
// the regressors (or instrument-projected regressors) C A. Several residuals on the same
// regressors (outcomes, equations of a test) have the products x_j e_l as scores, column j + k l.
struct LinearScores {
  Eigen::MatrixXd residual;            // P x m: b
  Eigen::MatrixXd regressors;          // P x k: A
  const double* row_factor = nullptr;  // data row -> factor of its residuals in the scores
};

// How scores are added up.
struct Grouping {
  enum class Kind { rows, groups, codes } kind = Kind::groups;
  const int* code = nullptr;  // data row -> cluster, for codes
  int clusters = 0;
  double* place = nullptr;  // groups: where the caller wants the sums, groups x km; then they are
                            // returned nowhere else
};

struct ScoreSums {
  // codes: clusters x km; groups: (eliminated) groups x km; rows: km x km, the sum of s s'.
  Eigen::MatrixXd sums;
  Eigen::VectorXd rss;  // m: (weighted) sums of squares of the residuals
};

namespace detail {

// C A without a product where A only picks columns, as it does for least squares.
class Regressors {
 public:
  explicit Regressors(const Eigen::MatrixXd& a)
      : a_(a), pick_(static_cast<std::size_t>(a.cols()), -1) {
    for (Eigen::Index j = 0; j < a.cols(); ++j) {
      Eigen::Index at = 0;
      if (a.col(j).cwiseAbs().maxCoeff(&at) == 1 && a(at, j) == 1 &&
          (a.col(j).array() != 0).count() == 1)
        pick_[j] = static_cast<int>(at);
      else
        selects_ = false;
    }
  }
  void read(const BlockReader& reader) {
    if (!selects_) product_.noalias() = reader.values().topRows(reader.rows()) * a_;
  }
  // The columns that the regressors are, or nothing where they are combinations.
  std::vector<int> picked() const { return selects_ ? pick_ : std::vector<int>(); }
  const double* column(const BlockReader& reader, Eigen::Index j) const {
    return selects_ ? reader.values().col(pick_[j]).data() : product_.col(j).data();
  }

 private:
  const Eigen::MatrixXd& a_;
  std::vector<int> pick_;
  bool selects_ = true;
  Eigen::MatrixXd product_;
};

// The scores of one block (residuals e, n x m) into the sums.
inline void add_scores(const Absorption& a, const BlockReader& block, const Regressors& regressors,
                       const Eigen::MatrixXd& e, const Grouping& by, Eigen::Index k,
                       Eigen::Ref<Eigen::MatrixXd> sums) {
  const int n = block.rows();
  if (by.kind == Grouping::Kind::rows) {
    Eigen::MatrixXd scores(n, k * e.cols());
    for (Eigen::Index l = 0; l < e.cols(); ++l)
      for (Eigen::Index j = 0; j < k; ++j)
        scores.col(j + k * l) = e.col(l).cwiseProduct(
            Eigen::Map<const Eigen::VectorXd>(regressors.column(block, j), n));
    sums.selfadjointView<Eigen::Lower>().rankUpdate(scores.transpose());
    return;
  }
  for (Eigen::Index l = 0; l < e.cols(); ++l)
    by_fours(k, [&](Eigen::Index j, auto width) {
      constexpr int lanes = decltype(width)::value;
      const double* x[lanes];
      double* sum[lanes];
      for (int c = 0; c < lanes; ++c) {
        x[c] = regressors.column(block, j + c);
        sum[c] = sums.col(j + c + k * l).data();
      }
      const double* r = e.col(l).data();
      if (by.kind == Grouping::Kind::codes) {
        for (int i = 0; i < n; ++i) {
          const int cluster = by.code[block.row(i)];
          PILOTDID_UNROLL
          for (int c = 0; c < lanes; ++c) sum[c][cluster] += x[c][i] * r[i];
        }
        return;
      }
      for (int g = block.first_group(); g < block.end_group(); ++g) {
        double s[lanes] = {};
        for (int i = a.start[g] - block.first(); i < a.start[g + 1] - block.first(); ++i) {
          PILOTDID_UNROLL
          for (int c = 0; c < lanes; ++c) s[c] += x[c][i] * r[i];
        }
        for (int c = 0; c < lanes; ++c) sum[c][g] = s[c];
      }
    });
}

}  // namespace detail

// effects: size x P, the effects of each column as the moments found them.
// residuals: null, or where the (unweighted) first residual of each data row goes.
inline ScoreSums sum_scores(const Absorption& a, const Columns& columns,
                            const Eigen::MatrixXd& effects, const LinearScores& fit,
                            const Grouping& by, double* residuals, const Execution& exec) {
  const Eigen::Index k = fit.regressors.cols(), m = fit.residual.cols();
  const bool own = by.kind == Grouping::Kind::groups;  // each group's sums belong to one chunk
  const Eigen::Index height = own                               ? a.groups
                              : by.kind == Grouping::Kind::rows ? k * m
                                                                : by.clusters;
  // Sums by code may be hit from any chunk: each has its own, and there are few where many
  // clusters would make that expensive.
  const std::vector<Chunk> chunks =
      cut_chunks(a, own ? 1 : static_cast<std::size_t>(height) * static_cast<std::size_t>(k * m));
  ScoreSums out;
  if (!by.place) {
    out.sums.resize(height, k * m);
    advise_large_pages(out.sums.data(), static_cast<std::size_t>(out.sums.size()));
  }
  if (!own) out.sums.setZero();
  Eigen::Map<Eigen::MatrixXd> by_group(by.place ? by.place : out.sums.data(), own ? height : 0,
                                       own ? k * m : 0);
  out.rss = Eigen::VectorXd::Zero(m);
  const std::vector<int> regressors_picked = detail::Regressors(fit.regressors).picked();
  const bool direct =
      own && m == 1 && !fit.row_factor && !regressors_picked.empty() && GroupScores::serves(a);
  const std::unique_ptr<GroupScoreTable> table(
      direct ? new GroupScoreTable(a, effects, fit.residual.col(0), regressors_picked) : nullptr);
  std::vector<Eigen::MatrixXd> partial(own ? 0 : chunks.size());
  std::vector<Eigen::VectorXd> rss(chunks.size(), Eigen::VectorXd::Zero(m));
  parallel_for(chunks.size(), exec, [&](std::size_t c) {
    if (!own) partial[c] = Eigen::MatrixXd::Zero(height, k * m);
    Eigen::Ref<Eigen::MatrixXd> sums =
        own ? Eigen::Ref<Eigen::MatrixXd>(by_group) : Eigen::Ref<Eigen::MatrixXd>(partial[c]);
    BlockReader reader(a, columns);
    if (table) {
      GroupScores scores(*table);
      for (int g = chunks[c].g0; g < chunks[c].g1;) {
        g = reader.load_raw(g, chunks[c].g1);
        rss[c][0] += scores.add(reader, sums);
        if (residuals)
          for (int i = 0; i < reader.rows(); ++i) residuals[reader.row(i)] = scores.residuals()[i];
      }
      return;
    }
    detail::Regressors regressors(fit.regressors);
    Eigen::MatrixXd e;
    for_blocks(reader, chunks[c], &effects, [&](const BlockReader& block) {
      const int n = block.rows();
      e.resize(n, m);
      for (Eigen::Index l = 0; l < m; ++l)
        e.col(l).noalias() = block.values().topRows(n) * fit.residual.col(l);
      rss[c] += e.colwise().squaredNorm().transpose();
      if (residuals)
        for (int i = 0; i < n; ++i) residuals[block.row(i)] = e(i, 0) / block.root_weight(i);
      if (k == 0) return;
      if (fit.row_factor)
        for (int i = 0; i < n; ++i) e.row(i) *= fit.row_factor[block.row(i)];
      regressors.read(block);
      detail::add_scores(a, block, regressors, e, by, k, sums);
    });
  });
  for (const Eigen::MatrixXd& part : partial) out.sums += part;
  if (by.kind == Grouping::Kind::rows) {
    const Eigen::MatrixXd full = out.sums.selfadjointView<Eigen::Lower>();
    out.sums = full;
  }
  for (const Eigen::VectorXd& r : rss) out.rss += r;
  return out;
}

// The partialled-out columns themselves (rows x P, in the order of the computation), times the
// root of the weight. Only for what needs rows: the orthogonal solver, leverages, distances.
inline Eigen::MatrixXd partialled_out(const Absorption& a, const Columns& columns,
                                      const Eigen::MatrixXd& effects, const Execution& exec) {
  Eigen::MatrixXd out(static_cast<Eigen::Index>(a.rows.size()),
                      static_cast<Eigen::Index>(columns.size()));
  const std::vector<Chunk> chunks = cut_chunks(a);
  parallel_for(chunks.size(), exec, [&](std::size_t c) {
    BlockReader reader(a, columns);
    for_blocks(reader, chunks[c], &effects, [&](const BlockReader& block) {
      out.middleRows(block.first(), block.rows()) = block.values().topRows(block.rows());
    });
  });
  return out;
}

}  // namespace pilotdid

#endif
