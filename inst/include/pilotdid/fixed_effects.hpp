// The absorbed effects themselves, once the coefficients are known.
#ifndef PILOTDID_FIXED_EFFECTS_HPP
#define PILOTDID_FIXED_EFFECTS_HPP

#include <Eigen/Dense>
#include <vector>

#include "absorption.hpp"
#include "graph.hpp"

namespace pilotdid {

namespace detail {

// The combination `residual` of the columns in one row, with the effects beyond the eliminated
// factor (size) taken off.
inline double row_remainder(const Absorption& a, const Columns& columns,
                            const Eigen::VectorXd& residual, const Eigen::VectorXd& effects,
                            std::size_t row) {
  double value = 0;
  for (std::size_t k = 0; k < columns.size(); ++k) value += columns[k][row] * residual[k];
  int offset = 0;
  for (const Effect& e : a.effects) {
    const double level = effects[offset + e.code[row]];
    value -= e.slope.exists() ? level * e.slope[row] : level;
    offset += e.levels;
  }
  return value;
}

// The mean and the slopes in one group, by orthogonalization.
inline Eigen::VectorXd group_coefficients(const Absorption& a, int begin, const Eigen::VectorXd& z,
                                          int width) {
  const int n = static_cast<int>(z.size());
  Eigen::MatrixXd basis(n, width);
  Eigen::VectorXd root = Eigen::VectorXd::Ones(n);
  for (int i = 0; i < n; ++i) {
    const std::size_t row = a.rows[static_cast<std::size_t>(begin + i)];
    if (a.weights.exists()) root[i] = std::sqrt(a.weights[row]);
    int j = 0;
    if (a.group_means) basis(i, j++) = root[i];
    for (const Column& s : a.group_slopes) basis(i, j++) = root[i] * s[row];
  }
  return basis.colPivHouseholderQr().solve(root.cwiseProduct(z));
}

// Around the first row: a large level common to all rows costs no digits.
inline double group_mean(const Absorption& a, int begin, const Eigen::VectorXd& z) {
  double sum = 0, weight = 0;
  for (Eigen::Index i = 0; i < z.size(); ++i) {
    const double w =
        a.weights.exists() ? a.weights[a.rows[static_cast<std::size_t>(begin + i)]] : 1.0;
    sum += w * (z[i] - z[0]);
    weight += w;
  }
  return z[0] + sum / weight;
}

}  // namespace detail

// The mean and the slopes of the eliminated factor in each group (groups x basis), for the
// combination `residual` of the columns with the other effects (size) taken off.
inline Eigen::MatrixXd group_effects(const Absorption& a, const Columns& columns,
                                     const Eigen::VectorXd& residual,
                                     const Eigen::VectorXd& effects, const Execution& exec) {
  const int width = static_cast<int>(a.group_means) + static_cast<int>(a.group_slopes.size());
  Eigen::MatrixXd out = Eigen::MatrixXd::Zero(a.groups, width);
  const std::vector<Chunk> chunks = cut_chunks(a);
  parallel_for(chunks.size(), exec, [&](std::size_t c) {
    Eigen::VectorXd z;
    for (int g = chunks[c].g0; g < chunks[c].g1; ++g) {
      const int begin = a.start[g], n = a.start[g + 1] - begin;
      if (n == 0) continue;
      z.resize(n);
      for (int i = 0; i < n; ++i)
        z[i] = detail::row_remainder(a, columns, residual, effects,
                                     a.rows[static_cast<std::size_t>(begin + i)]);
      if (!a.group_slopes.empty())
        out.row(g) = detail::group_coefficients(a, begin, z, width).transpose();
      else if (a.group_means)
        out(g, 0) = detail::group_mean(a, begin, z);
    }
  });
  return out;
}

// The connected part of each group and of each level of the (only) other effect, numbered by
// the first level of the part.
struct Parts {
  std::vector<int> group, level;
};
inline Parts connected_parts(const Absorption& a) {
  const Effect& e = a.effects[0];
  Components components(e.levels);
  for (int g = 0; g < a.groups; ++g)
    for (int p = a.start[g]; p < a.start[g + 1]; ++p)
      components.join(e.code[a.rows[p]], e.code[a.rows[a.start[g]]]);
  Parts parts;
  for (int l = 0; l < e.levels; ++l) parts.level.push_back(components.find(l));
  for (int g = 0; g < a.groups; ++g)
    parts.group.push_back(a.start[g] < a.start[g + 1] ? components.find(e.code[a.rows[a.start[g]]])
                                                      : -1);
  return parts;
}

}  // namespace pilotdid

#endif
