// What a treatment did to those who had it and to those who had not, through S^-1 (b D + c W D).
#ifndef PILOTDID_SPATIAL_SPILLOVERS_HPP
#define PILOTDID_SPATIAL_SPILLOVERS_HPP

#include <Eigen/Dense>
#include <vector>

#include "parallel.hpp"
#include "spatial_factor.hpp"
#include "spatial_traces.hpp"
#include "spatial_weights.hpp"

namespace pilotdid {

// Sums over unit-periods; row 0 the values, row 1 their derivatives with respect to rho.
struct SpilloverSums {
  Eigen::MatrixXd treated, untreated;  // 2 x parts: of S^-1 z_k, over treated and untreated cells
  Eigen::MatrixXd own;                 // 2 x 2: of (S^-1)_ii and G_ii over treated cells
};

namespace detail {

// Sums of n_i G_ii and n_i (G^2)_ii over the units that are ever treated.
inline std::pair<double, double> weighted_diagonals(const SpatialWeights& w,
                                                    const SpatialFactor& factor,
                                                    const Symmetrizer& symmetrizer,
                                                    const Eigen::VectorXd& treated_periods,
                                                    const Execution& exec) {
  std::vector<int> ever;
  for (int i = 0; i < w.n; ++i)
    if (treated_periods[i] > 0) ever.push_back(i);
  const SpatialMatrix g(w, factor, symmetrizer, false);
  const std::size_t chunks = (ever.size() + column_block - 1) / column_block;
  std::vector<std::pair<double, double>> parts(chunks, {0.0, 0.0});
  parallel_for(chunks, exec, [&](std::size_t c) {
    const std::vector<int> which(
        ever.begin() + static_cast<std::ptrdiff_t>(c * column_block),
        ever.begin() + static_cast<std::ptrdiff_t>(std::min(ever.size(), (c + 1) * column_block)));
    Eigen::MatrixXd columns, rows;
    g.blocks(which, columns, rows);
    for (std::size_t j = 0; j < which.size(); ++j) {
      const Eigen::Index k = static_cast<Eigen::Index>(j);
      parts[c].first += treated_periods[which[j]] * columns(which[j], k);
      parts[c].second += treated_periods[which[j]] * rows.col(k).dot(columns.col(k));
    }
  });
  std::pair<double, double> total(0.0, 0.0);
  for (const auto& part : parts) {
    total.first += part.first;
    total.second += part.second;
  }
  return total;
}

}  // namespace detail

// treated: N x T of 0 and 1; untreated: N x T, the cells compared; parts: N x T each. `factor` is
// that at rho.
inline SpilloverSums spillover_sums(const SpatialWeights& w, const SpatialFactor& factor,
                                    const Symmetrizer& symmetrizer, double rho,
                                    const Eigen::MatrixXd& treated,
                                    const Eigen::MatrixXd& untreated,
                                    const std::vector<Eigen::MatrixXd>& parts,
                                    const Execution& exec) {
  SpilloverSums s;
  const Eigen::Index k = static_cast<Eigen::Index>(parts.size());
  s.treated.resize(2, k);
  s.untreated.resize(2, k);
  for (Eigen::Index j = 0; j < k; ++j) {
    // d S^-1 / d rho = S^-1 W S^-1
    const Eigen::MatrixXd value = factor.solve(parts[static_cast<std::size_t>(j)]);
    const Eigen::MatrixXd slope = factor.solve(w.lag(value));
    s.treated(0, j) = treated.cwiseProduct(value).sum();
    s.treated(1, j) = treated.cwiseProduct(slope).sum();
    s.untreated(0, j) = untreated.cwiseProduct(value).sum();
    s.untreated(1, j) = untreated.cwiseProduct(slope).sum();
  }
  const Eigen::VectorXd periods = treated.rowwise().sum();
  const std::pair<double, double> g =
      detail::weighted_diagonals(w, factor, symmetrizer, periods, exec);
  // S^-1 = I + rho G, its derivative S^-1 G = G + rho G^2; that of G is G^2.
  s.own.resize(2, 2);
  s.own << periods.sum() + rho * g.first, g.first, g.first + rho * g.second, g.second;
  return s;
}

}  // namespace pilotdid

#endif
