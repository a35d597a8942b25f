// What the covariance of a spatial fit needs of A = W (I - rho W)^-1, one such matrix for each
// spatial parameter: traces of products, the diagonal, and quadratic forms of clusters.
//
// The matrix is never stored. Its columns and rows come in blocks, by solving with the factor; up
// to some thousand units that is exact and quick. For more, the traces of A'A are estimated with
// random signs (Hutchinson 1990), while tr A and tr A^2 stay exact, as derivatives of the
// determinant.
#ifndef PILOTDID_SPATIAL_TRACES_HPP
#define PILOTDID_SPATIAL_TRACES_HPP

#include <Eigen/Dense>
#include <numeric>
#include <vector>

#include "log_determinant.hpp"
#include "parallel.hpp"
#include "random.hpp"
#include "spatial_weights.hpp"

namespace pilotdid {

// A = W S^-1 with S = I - rho W factored; the mean over units is taken off both sides where the
// time effects were removed: J A J.
class SpatialMatrix {
 public:
  SpatialMatrix(const SpatialWeights& w, const SpatialFactor& factor,
                const Symmetrizer& symmetrizer, bool remove_mean)
      : w_(w), factor_(factor), symmetrizer_(symmetrizer) {
    row_mean_ = column_mean_ = Eigen::VectorXd::Zero(w.n);
    if (!remove_mean) return;
    const Eigen::VectorXd ones = Eigen::VectorXd::Ones(w.n);
    row_mean_ = multiply(ones) / w.n;
    column_mean_ = multiply_transposed(ones) / w.n;
    mean_ = row_mean_.mean();
    remove_mean_ = true;
  }
  // A b and A'b without the means, b: N x m
  Eigen::MatrixXd multiply(const Eigen::MatrixXd& b) const { return w_.lag(factor_.solve(b)); }
  Eigen::MatrixXd multiply_transposed(const Eigen::MatrixXd& b) const {
    return factor_.solve_transposed(w_.lag_transposed(b));
  }
  // Columns and rows `which` of J A J, each as a column of the result.
  void blocks(const std::vector<int>& which, Eigen::MatrixXd& columns,
              Eigen::MatrixXd& rows) const {
    columns = w_.lag(factor_.inverse_columns(which));
    if (symmetrizer_.exists) {
      // d_i a_ij = d_j a_ji holds for A as for W: no second solution is needed.
      rows = symmetrizer_.root.cwiseAbs2().asDiagonal() * columns;
      for (std::size_t j = 0; j < which.size(); ++j)
        rows.col(static_cast<Eigen::Index>(j)) /=
            symmetrizer_.root[which[j]] * symmetrizer_.root[which[j]];
    } else {
      rows = w_.lag_transposed(factor_.inverse_rows(which));
    }
    center(columns, which, column_mean_, row_mean_);
    center(rows, which, row_mean_, column_mean_);
  }
  bool removes_mean() const { return remove_mean_; }

 private:
  void center(Eigen::MatrixXd& m, const std::vector<int>& which, const Eigen::VectorXd& own,
              const Eigen::VectorXd& other) const {
    if (!remove_mean_) return;
    for (std::size_t j = 0; j < which.size(); ++j)
      m.col(static_cast<Eigen::Index>(j)).array() -= own[which[j]] + other.array() - mean_;
  }

  const SpatialWeights& w_;
  const SpatialFactor& factor_;
  const Symmetrizer& symmetrizer_;
  Eigen::VectorXd row_mean_, column_mean_;
  double mean_ = 0;
  bool remove_mean_ = false;
};

// Index a, b: 0 for the first spatial parameter of the model, 1 for the second.
struct SpatialTraces {
  Eigen::VectorXd trace;             // tr A_a
  Eigen::MatrixXd product, crossed;  // tr A_a A_b and tr A_a'A_b
  Eigen::MatrixXd diagonal;          // N x parameters; empty when estimated
  bool exact = true;
};

// Quadratic forms of the residuals, e_i the T residuals of unit i: within each cluster
// sum_ij a_ij e_i'e_j (clusters x parameters), and the sum over pairs of clusters of the products
// of their joint forms (parameters x parameters).
struct ClusterForms {
  Eigen::MatrixXd within, between;
};

namespace detail {

constexpr int column_block = 64;

inline void add_traces(const std::vector<Eigen::MatrixXd>& columns,
                       const std::vector<Eigen::MatrixXd>& rows, const std::vector<int>& which,
                       SpatialTraces& t) {
  for (std::size_t a = 0; a < columns.size(); ++a) {
    for (std::size_t j = 0; j < which.size(); ++j) {
      const double own = columns[a](which[j], static_cast<Eigen::Index>(j));
      t.trace[a] += own;
      t.diagonal(which[j], a) = own;
    }
    for (std::size_t b = 0; b < columns.size(); ++b) {
      t.product(a, b) += rows[a].cwiseProduct(columns[b]).sum();
      t.crossed(a, b) += columns[a].cwiseProduct(columns[b]).sum();
    }
  }
}

inline SpatialTraces empty_traces(Eigen::Index parameters, int n) {
  SpatialTraces t;
  t.trace = Eigen::VectorXd::Zero(parameters);
  t.product = t.crossed = Eigen::MatrixXd::Zero(parameters, parameters);
  t.diagonal = Eigen::MatrixXd::Zero(n, parameters);
  return t;
}

}  // namespace detail

inline SpatialTraces exact_traces(const SpatialWeights& w,
                                  const std::vector<SpatialMatrix>& matrices,
                                  const Execution& exec) {
  const std::size_t chunks = (w.n + detail::column_block - 1) / detail::column_block;
  const Eigen::Index p = static_cast<Eigen::Index>(matrices.size());
  std::vector<SpatialTraces> parts(chunks);
  SpatialTraces total = detail::empty_traces(p, w.n);
  parallel_for(chunks, exec, [&](std::size_t c) {
    const int first = static_cast<int>(c) * detail::column_block;
    std::vector<int> which(std::min(detail::column_block, w.n - first));
    std::iota(which.begin(), which.end(), first);
    std::vector<Eigen::MatrixXd> columns(matrices.size()), rows(matrices.size());
    for (std::size_t a = 0; a < matrices.size(); ++a)
      matrices[a].blocks(which, columns[a], rows[a]);
    parts[c] = detail::empty_traces(p, w.n);
    detail::add_traces(columns, rows, which, parts[c]);
    total.diagonal.middleRows(first, static_cast<Eigen::Index>(which.size())) =
        parts[c].diagonal.middleRows(first, static_cast<Eigen::Index>(which.size()));
    parts[c].diagonal.resize(0, 0);
  });
  for (const SpatialTraces& part : parts) {
    total.trace += part.trace;
    total.product += part.product;
    total.crossed += part.crossed;
  }
  return total;
}

// Traces of products by 128 vectors of random signs, J applied to them as to the matrix: the error
// of each is about sqrt(2 / (128 N)) of it, 0.2 % at 5,000 units, half of that in a standard error.
inline SpatialTraces estimated_traces(const SpatialWeights& w,
                                      const std::vector<SpatialMatrix>& matrices,
                                      std::uint64_t seed, const Execution& exec) {
  const int probes = 128, each = 16;
  const Eigen::Index p = static_cast<Eigen::Index>(matrices.size());
  std::vector<SpatialTraces> parts(probes / each);
  parallel_for(parts.size(), exec, [&](std::size_t c) {
    SpatialTraces& part = parts[c] = detail::empty_traces(p, 0);
    Random random(seed, c);
    Eigen::MatrixXd z(w.n, each);
    for (Eigen::Index i = 0; i < z.size(); ++i) z.data()[i] = random.bits() >> 63 ? 1 : -1;
    const auto center = [&](Eigen::MatrixXd& m) {
      if (matrices[0].removes_mean()) m.rowwise() -= m.colwise().mean().eval();
    };
    center(z);
    std::vector<Eigen::MatrixXd> right, left;
    for (const SpatialMatrix& m : matrices) {
      right.push_back(m.multiply(z));
      left.push_back(m.multiply_transposed(z));
      center(right.back());
      center(left.back());
      part.trace[static_cast<Eigen::Index>(right.size()) - 1] = z.cwiseProduct(right.back()).sum();
    }
    for (Eigen::Index a = 0; a < p; ++a)
      for (Eigen::Index b = 0; b < p; ++b) {
        part.product(a, b) = left[a].cwiseProduct(right[b]).sum();
        part.crossed(a, b) = right[a].cwiseProduct(right[b]).sum();
      }
  });
  SpatialTraces total = detail::empty_traces(p, 0);
  for (const SpatialTraces& part : parts) {
    total.trace += part.trace / probes;
    total.product += part.product / probes;
    total.crossed += part.crossed / probes;
  }
  total.exact = false;
  return total;
}

namespace detail {

// Clusters in order, packed until a pack holds a block of units: most clusters are single units.
inline std::vector<std::vector<int>> pack_clusters(const int* cluster, int clusters, int n,
                                                   std::vector<std::vector<int>>& members) {
  members.assign(static_cast<std::size_t>(clusters), {});
  for (int i = 0; i < n; ++i) members[cluster[i]].push_back(i);
  std::vector<std::vector<int>> packs;
  std::size_t held = column_block;
  for (int g = 0; g < clusters; ++g) {
    if (held >= column_block) {
      packs.emplace_back();
      held = 0;
    }
    packs.back().push_back(g);
    held += members[g].size();
  }
  return packs;
}

}  // namespace detail

// cluster: N codes 0 .. clusters-1; residuals: N x T.
inline ClusterForms cluster_forms(const std::vector<SpatialMatrix>& matrices, const int* cluster,
                                  int clusters, const Eigen::MatrixXd& residuals,
                                  const Execution& exec) {
  const Eigen::Index p = static_cast<Eigen::Index>(matrices.size());
  const int n = static_cast<int>(residuals.rows());
  std::vector<std::vector<int>> members;
  const auto packs = detail::pack_clusters(cluster, clusters, n, members);
  ClusterForms total{Eigen::MatrixXd::Zero(clusters, p), Eigen::MatrixXd::Zero(p, p)};
  std::vector<Eigen::MatrixXd> between(packs.size(), Eigen::MatrixXd::Zero(p, p));
  parallel_for(packs.size(), exec, [&](std::size_t c) {
    const int first = packs[c].front(), held = static_cast<int>(packs[c].size());
    std::vector<int> units;
    for (int g : packs[c]) units.insert(units.end(), members[g].begin(), members[g].end());
    // joint[a](g, h) = sum over i in g, j in h of (a_ij + a_ji) e_i'e_j, h in this pack
    std::vector<Eigen::MatrixXd> joint(matrices.size(), Eigen::MatrixXd::Zero(clusters, held));
    for (std::size_t b = 0; b < units.size(); b += detail::column_block) {
      const std::vector<int> which(
          units.begin() + b, units.begin() + std::min(units.size(), b + detail::column_block));
      Eigen::MatrixXd own(residuals.cols(), static_cast<Eigen::Index>(which.size()));
      for (std::size_t j = 0; j < which.size(); ++j)
        own.col(static_cast<Eigen::Index>(j)) = residuals.row(which[j]).transpose();
      const Eigen::MatrixXd inner = residuals * own;  // N x block: e_i'e_j
      for (std::size_t a = 0; a < matrices.size(); ++a) {
        Eigen::MatrixXd columns, rows;
        matrices[a].blocks(which, columns, rows);
        columns = (columns + rows).cwiseProduct(inner);
        for (std::size_t j = 0; j < which.size(); ++j)
          for (int i = 0; i < n; ++i)
            joint[a](cluster[i], cluster[which[j]] - first) +=
                columns(i, static_cast<Eigen::Index>(j));
      }
    }
    for (std::size_t a = 0; a < matrices.size(); ++a)
      for (int h = 0; h < held; ++h) {
        total.within(first + h, static_cast<Eigen::Index>(a)) = 0.5 * joint[a](first + h, h);
        joint[a](first + h, h) = 0;
      }
    for (Eigen::Index a = 0; a < p; ++a)
      for (Eigen::Index b = 0; b < p; ++b) between[c](a, b) = joint[a].cwiseProduct(joint[b]).sum();
  });
  // Every pair of clusters was met twice.
  for (const Eigen::MatrixXd& b : between) total.between += 0.5 * b;
  return total;
}

}  // namespace pilotdid

#endif
