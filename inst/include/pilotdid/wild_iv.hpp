// Wild restricted efficient bootstrap of 2SLS with one endogenous variable (Davidson and MacKinnon
// 2010), from products of sums by cluster with the weights of the draws.
//
// q: the L instruments, partialled out and orthonormal. Residuals of a draw are combinations of
// L + 2 columns: the outcome y, the endogenous variable d, and q itself.
#ifndef PILOTDID_WILD_IV_HPP
#define PILOTDID_WILD_IV_HPP

#include <Eigen/Dense>
#include <cmath>
#include <limits>
#include <vector>

#include "parallel.hpp"

namespace pilotdid {

// One way of clustering. products: sums of q_l M(w e_b) by cluster, the cluster fastest, then l,
// then b; squares: clusters x L^2, sums of q_l q_m.
struct WildIvWay {
  double factor = 1;
  Eigen::Index first = 0;  // row of the products
  Eigen::MatrixXd squares;
};

// products: (sums of q_l e_b over all rows; then the ways) x draws. null: the coefficient the data
// of the draws are made with; first_stage: L, the coefficients of q there. -> t statistic a draw.
inline std::vector<double> wild_iv_statistics(const Eigen::Ref<const Eigen::MatrixXd>& products,
                                              const std::vector<WildIvWay>& ways, double null,
                                              const Eigen::VectorXd& first_stage,
                                              const Execution& exec) {
  const Eigen::Index l = first_stage.size();
  std::vector<double> t(static_cast<std::size_t>(products.cols()));
  std::vector<Eigen::MatrixXd> fitted;  // sums of q_l (q pi) by cluster
  for (const WildIvWay& way : ways) {
    Eigen::MatrixXd f = Eigen::MatrixXd::Zero(way.squares.rows(), l);
    for (Eigen::Index m = 0; m < l; ++m) f += first_stage[m] * way.squares.middleCols(m * l, l);
    fitted.push_back(f);
  }
  // Structural residuals u = y - null d, those of the first stage v = d - q pi: rows x L blocks.
  const auto u_of = [&](const double* z, Eigen::Index rows, Eigen::MatrixXd& out) {
    using Block = Eigen::Map<const Eigen::MatrixXd>;
    out = Block(z, rows, l) - null * Block(z + rows * l, rows, l);
  };
  const auto v_of = [&](const double* z, Eigen::Index rows, Eigen::MatrixXd& out) {
    using Block = Eigen::Map<const Eigen::MatrixXd>;
    out = Block(z + rows * l, rows, l);
    for (Eigen::Index m = 0; m < l; ++m)
      out -= first_stage[m] * Block(z + rows * l * (2 + m), rows, l);
  };
  const std::size_t block = 256;
  parallel_for((t.size() + block - 1) / block, exec, [&](std::size_t c) {
    Eigen::MatrixXd u, v;
    for (std::size_t b = c * block; b < std::min(t.size(), (c + 1) * block); ++b) {
      const double* z = products.col(static_cast<Eigen::Index>(b)).data();
      u_of(z, 1, u);
      v_of(z, 1, v);
      const Eigen::VectorXd slope = first_stage + v.row(0).transpose();
      const double strength = slope.squaredNorm();
      const double gap = u.row(0).dot(slope) / strength;
      double variance = 0;
      for (std::size_t w = 0; w < ways.size(); ++w) {
        u_of(z + ways[w].first, fitted[w].rows(), u);
        v_of(z + ways[w].first, fitted[w].rows(), v);
        variance += ways[w].factor * ((u - gap * (fitted[w] + v)) * slope).squaredNorm();
      }
      // A multi-way variance can come out negative: its t counts as infinite.
      t[b] = variance > 0 ? gap * strength / std::sqrt(variance)
                          : std::copysign(std::numeric_limits<double>::infinity(), gap);
    }
  });
  return t;
}

}  // namespace pilotdid

#endif
