// The absorbed effects themselves, once the coefficients are known.
#ifndef PILOTDID_FIXED_EFFECTS_HPP
#define PILOTDID_FIXED_EFFECTS_HPP

#include <Eigen/Dense>
#include <vector>

#include "absorption.hpp"
#include "graph.hpp"

namespace pilotdid {

// The mean and the slopes of the eliminated factor in each group (groups x basis), for the
// combination `residual` of the columns with the other effects (size) taken off.
inline Eigen::MatrixXd group_effects(const Absorption& a, const Columns& columns,
                                     const Eigen::VectorXd& residual,
                                     const Eigen::VectorXd& effects) {
  const int width = static_cast<int>(a.group_means) + static_cast<int>(a.group_slopes.size());
  Eigen::MatrixXd out = Eigen::MatrixXd::Zero(a.groups, width);
  for (int g = 0; g < a.groups; ++g) {
    const int n = a.start[g + 1] - a.start[g];
    if (n == 0) continue;
    Eigen::MatrixXd basis(n, width);
    Eigen::VectorXd z(n);
    for (int i = 0; i < n; ++i) {
      const std::size_t row = a.rows[static_cast<std::size_t>(a.start[g] + i)];
      const double root = a.weights.exists() ? std::sqrt(a.weights[row]) : 1.0;
      double value = 0;
      for (std::size_t k = 0; k < columns.size(); ++k) value += columns[k][row] * residual[k];
      int offset = 0;
      for (const Effect& e : a.effects) {
        value -= effects[offset + e.code[row]] * (e.slope.exists() ? e.slope[row] : 1.0);
        offset += e.levels;
      }
      z[i] = root * value;
      int j = 0;
      if (a.group_means) basis(i, j++) = root;
      for (const Column& s : a.group_slopes) basis(i, j++) = root * s[row];
    }
    out.row(g) = basis.colPivHouseholderQr().solve(z).transpose();
  }
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
    parts.group.push_back(a.start[g] < a.start[g + 1]
                              ? components.find(e.code[a.rows[a.start[g]]])
                              : -1);
  return parts;
}

}  // namespace pilotdid

#endif
