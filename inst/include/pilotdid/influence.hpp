// Scores x_i e_i of a linear fit, summed over any grouping: the currency in which every
// covariance, bootstrap and band is written. The n x k matrix of scores is never stored.
#ifndef PILOTDID_INFLUENCE_HPP
#define PILOTDID_INFLUENCE_HPP

#include <Eigen/Dense>
#include <vector>

#include "absorption.hpp"

namespace pilotdid {

// A fit as two linear maps of the partialled-out columns C = (y, X, ...): residuals C b and
// the regressors (or instrument-projected regressors) C A.
struct LinearScores {
  Eigen::VectorXd residual;    // P: b
  Eigen::MatrixXd regressors;  // P x k: A
  const double* row_factor =
      nullptr;  // data row -> what its residual is multiplied by in the scores
};

// How scores are added up.
struct Grouping {
  enum class Kind { rows, groups, codes } kind = Kind::groups;
  const int* code = nullptr;  // data row -> cluster, for codes
  int clusters = 0;
};

struct ScoreSums {
  Eigen::MatrixXd
      sums;        // codes: clusters x k; groups: (eliminated) groups x k; rows: k x k, sum of s s'
  double rss = 0;  // (weighted) residual sum of squares
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
  const double* column(const BlockReader& reader, Eigen::Index j) const {
    return selects_ ? reader.values().col(pick_[j]).data() : product_.col(j).data();
  }

 private:
  const Eigen::MatrixXd& a_;
  std::vector<int> pick_;
  bool selects_ = true;
  Eigen::MatrixXd product_;
};

// Scores of one block and one outcome (residuals e) into columns first .. first+k-1 of the sums.
inline void add_scores(const Absorption& a, const BlockReader& block, const Regressors& regressors,
                       const double* e, const Grouping& by, Eigen::Index k, Eigen::Index first,
                       Eigen::MatrixXd& sums) {
  const int n = block.rows();
  if (by.kind == Grouping::Kind::rows) {
    Eigen::MatrixXd scores(n, k);
    for (Eigen::Index j = 0; j < k; ++j)
      scores.col(j) = Eigen::Map<const Eigen::VectorXd>(e, n).cwiseProduct(
          Eigen::Map<const Eigen::VectorXd>(regressors.column(block, j), n));
    sums.middleCols(first, k).selfadjointView<Eigen::Lower>().rankUpdate(scores.transpose());
    return;
  }
  const bool own = by.kind == Grouping::Kind::groups;
  for (Eigen::Index j = 0; j < k; ++j) {
    double* sum = sums.col(first + j).data();
    const double* x = regressors.column(block, j);
    if (!own) {
      for (int i = 0; i < n; ++i) sum[by.code[block.row(i)]] += x[i] * e[i];
      continue;
    }
    for (int g = block.first_group(); g < block.end_group(); ++g) {
      double s = 0;
      for (int i = a.start[g] - block.first(); i < a.start[g + 1] - block.first(); ++i)
        s += x[i] * e[i];
      sum[g] = s;
    }
  }
}

}  // namespace detail

// Several outcomes on the same regressors, read in one pass. residual: P x m, one column an
// outcome; sums: height x (k m), outcome after outcome; rss: m.
struct ManyScoreSums {
  Eigen::MatrixXd sums;
  Eigen::VectorXd rss;
};

// effects: size x P, the effects of each column as the moments found them.
// row_factor: null, or what the residuals of each data row are multiplied by in the scores.
// residuals: null, or where the (unweighted) residual of each data row goes (first outcome).
inline ManyScoreSums sum_scores_many(const Absorption& a, const Columns& columns,
                                     const Eigen::MatrixXd& effects,
                                     const Eigen::MatrixXd& residual, const Eigen::MatrixXd& maps,
                                     const double* row_factor, const Grouping& by,
                                     double* residuals, const Execution& exec) {
  const Eigen::Index k = maps.cols(), m = residual.cols();
  const bool own = by.kind == Grouping::Kind::groups;  // each group's sums belong to one chunk
  const Eigen::Index height = own ? a.groups : by.kind == Grouping::Kind::rows ? k : by.clusters;
  // Sums by code may be hit from any chunk: each has its own, and there are few where many
  // clusters would make that expensive.
  const std::vector<Chunk> chunks =
      cut_chunks(a, own ? 1 : static_cast<std::size_t>(height) * static_cast<std::size_t>(k * m));
  ManyScoreSums out;
  out.sums = Eigen::MatrixXd::Zero(height, k * m);
  out.rss = Eigen::VectorXd::Zero(m);
  std::vector<Eigen::MatrixXd> partial(own ? 0 : chunks.size());
  std::vector<Eigen::VectorXd> rss(chunks.size(), Eigen::VectorXd::Zero(m));
  parallel_for(chunks.size(), exec, [&](std::size_t c) {
    if (!own) partial[c] = Eigen::MatrixXd::Zero(height, k * m);
    Eigen::MatrixXd& sums = own ? out.sums : partial[c];
    BlockReader reader(a, columns);
    detail::Regressors regressors(maps);
    Eigen::MatrixXd e;
    for_blocks(reader, chunks[c], &effects, [&](const BlockReader& block) {
      const int n = block.rows();
      e.resize(n, m);
      for (Eigen::Index l = 0; l < m; ++l)
        e.col(l).noalias() = block.values().topRows(n) * residual.col(l);
      rss[c] += e.colwise().squaredNorm().transpose();
      if (residuals)
        for (int i = 0; i < n; ++i) residuals[block.row(i)] = e(i, 0) / block.root_weight(i);
      if (k == 0) return;
      if (row_factor)
        for (int i = 0; i < n; ++i) e.row(i) *= row_factor[block.row(i)];
      regressors.read(block);
      for (Eigen::Index l = 0; l < m; ++l)
        detail::add_scores(a, block, regressors, e.col(l).data(), by, k, l * k, sums);
    });
  });
  for (const Eigen::MatrixXd& part : partial) out.sums += part;
  if (by.kind == Grouping::Kind::rows)
    for (Eigen::Index l = 0; l < m; ++l) {
      const Eigen::MatrixXd full =
          out.sums.middleCols(l * k, k).template selfadjointView<Eigen::Lower>();
      out.sums.middleCols(l * k, k) = full;
    }
  for (const Eigen::VectorXd& r : rss) out.rss += r;
  return out;
}

inline ScoreSums sum_scores(const Absorption& a, const Columns& columns,
                            const Eigen::MatrixXd& effects, const LinearScores& fit,
                            const Grouping& by, double* residuals, const Execution& exec) {
  ManyScoreSums many = sum_scores_many(a, columns, effects, fit.residual, fit.regressors,
                                       fit.row_factor, by, residuals, exec);
  ScoreSums out;
  out.sums.swap(many.sums);
  out.rss = many.rss[0];
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
