// Effects by group of units, and their distribution when the labels of the groups are permuted.
#ifndef PILOTDID_HETEROGENEITY_HPP
#define PILOTDID_HETEROGENEITY_HPP

#include <Eigen/Dense>
#include <limits>
#include <vector>

#include "random.hpp"
#include "unit_moments.hpp"

namespace pilotdid {

// split: every coefficient and every effect beyond the unit's differs between groups.
// treatment: only the coefficient of the treatment does.
enum class Interaction { split = 0, treatment = 1 };

namespace detail {

// gram: (controls, y, d_1 .. d_f); before: the focal columns' own variation within units.
inline Eigen::VectorXd focal_coefficients(const Eigen::MatrixXd& gram,
                                          const Eigen::VectorXd& before) {
  const Eigen::Index f = before.size();
  const Eigen::MatrixXd r = partial_gram(gram, gram.rows() - 1 - f);
  const Eigen::VectorXd missing =
      Eigen::VectorXd::Constant(f, std::numeric_limits<double>::quiet_NaN());
  const Eigen::MatrixXd dd = r.bottomRightCorner(f, f);
  for (Eigen::Index j = 0; j < f; ++j)
    if (!(dd(j, j) > identified_floor * before[j])) return missing;
  SemidefiniteCholesky cholesky;
  cholesky.factor(dd, dd.diagonal(), static_cast<int>(f));
  if (cholesky.rank() < f) return missing;
  Eigen::MatrixXd b = r.bottomLeftCorner(f, 1);
  cholesky.solve(b);
  return b.col(0);
}

}  // namespace detail

// The treatment's coefficient in each of `groups` groups; label: unit -> group, or -1 for a unit
// that is left out. columns of the moments: controls, y, d. NaN where a group does not identify it.
inline Eigen::VectorXd effects_by_group(const UnitMoments& moments, const std::vector<int>& label,
                                        int groups, Interaction interaction,
                                        std::vector<UnitMoments::Sums>& sums) {
  const bool split = interaction == Interaction::split;
  sums.resize(static_cast<std::size_t>(split ? groups : 1));
  for (UnitMoments::Sums& s : sums) moments.clear(s, split ? 1 : groups);
  moments.each_unit([&](int unit, const auto& add) {
    const int g = label[static_cast<std::size_t>(unit)];
    if (g < 0) return;
    if (split)
      add(sums[static_cast<std::size_t>(g)], 1.0, 0);
    else
      add(sums[0], 1.0, g);
  });
  Eigen::VectorXd effects(groups);
  Eigen::Index at = 0;
  for (const UnitMoments::Sums& s : sums) {
    const Eigen::VectorXd before = s.focal.row(moments.common()).transpose();
    effects.segment(at, before.size()) = detail::focal_coefficients(moments.gram(s), before);
    at += before.size();
  }
  return effects;
}

// Labels shuffled among the units of each stratum (those left out stay out).
class LabelShuffler {
 public:
  LabelShuffler(const std::vector<int>& label, const std::vector<int>& stratum, int strata)
      : label_(label), members_(static_cast<std::size_t>(strata)) {
    for (std::size_t unit = 0; unit < label.size(); ++unit)
      if (label[unit] >= 0) members_[static_cast<std::size_t>(stratum[unit])].push_back(unit);
  }

  std::vector<int> draw(Random& random) const {
    std::vector<int> shuffled = label_;
    for (const std::vector<std::size_t>& units : members_) {
      std::vector<int> values;
      for (std::size_t unit : units) values.push_back(label_[unit]);
      random.shuffle(values);
      for (std::size_t i = 0; i < units.size(); ++i) shuffled[units[i]] = values[i];
    }
    return shuffled;
  }

 private:
  std::vector<int> label_;
  std::vector<std::vector<std::size_t>> members_;
};

// -> draws x groups.
inline Eigen::MatrixXd permute_groups(const UnitMoments& moments, const std::vector<int>& label,
                                      int groups, const std::vector<int>& stratum, int strata,
                                      Interaction interaction, int draws, std::uint64_t seed,
                                      const Execution& exec) {
  const LabelShuffler shuffler(label, stratum, strata);
  Eigen::MatrixXd out(draws, groups);
  const std::size_t each = 16;  // draws a chunk: enough to pay for its sums, few enough to stop
  const std::size_t chunks = (static_cast<std::size_t>(draws) + each - 1) / each;
  parallel_for(chunks, exec, [&](std::size_t c) {
    std::vector<UnitMoments::Sums> sums;
    const int end = std::min(draws, static_cast<int>((c + 1) * each));
    for (int draw = static_cast<int>(c * each); draw < end; ++draw) {
      Random random(seed, static_cast<std::uint64_t>(draw));
      out.row(draw) =
          effects_by_group(moments, shuffler.draw(random), groups, interaction, sums).transpose();
    }
  });
  return out;
}

}  // namespace pilotdid

#endif
