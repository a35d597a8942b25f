// Bootstrap of a mediation model by resampling units (or whole clusters of them).
#ifndef PILOTDID_MEDIATION_HPP
#define PILOTDID_MEDIATION_HPP

#include <Eigen/Dense>
#include <limits>
#include <vector>

#include "resample.hpp"
#include "unit_moments.hpp"

namespace pilotdid {

// With everything absorbed and the controls partialled out of outcome y, mediator m and
// treatment d: a = m on d, total = y on d, and the cross-products of what d leaves of y and m,
// from which b = s_ym / s_mm, direct = total - a b.
struct MediationMoments {
  static constexpr int size = 5;
  double a, total, s_yy, s_ym, s_mm;
};

// gram: (controls, y, m, d). NaN where the sample does not identify the paths.
inline MediationMoments mediation_moments(const Eigen::MatrixXd& gram, double d_before) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const double m_before = gram(gram.rows() - 2, gram.rows() - 2);
  const Eigen::MatrixXd r = partial_gram(gram, gram.rows() - 3);
  const double dd = r(2, 2);
  if (!(dd > identified_floor * d_before)) return {nan, nan, nan, nan, nan};
  MediationMoments out = {r(1, 2) / dd, r(0, 2) / dd, r(0, 0) - r(0, 2) * r(0, 2) / dd,
                          r(0, 1) - r(0, 2) * r(1, 2) / dd, r(1, 1) - r(1, 2) * r(1, 2) / dd};
  if (!(out.s_mm > identified_floor * m_before)) return {nan, nan, nan, nan, nan};
  return out;
}

// columns of the moments: controls, y, m, d. cluster: unit -> 0 .. clusters-1, what is drawn.
// -> draws x 5; NaN rows are resamples that do not identify the paths.
inline Eigen::MatrixXd bootstrap_mediation(const UnitMoments& moments,
                                           const std::vector<int>& cluster, int clusters, int draws,
                                           std::uint64_t seed, const Execution& exec) {
  Eigen::MatrixXd out(draws, MediationMoments::size);
  const std::size_t each = 16;  // draws a chunk: enough to pay for its sums, few enough to stop
  const std::size_t chunks = (static_cast<std::size_t>(draws) + each - 1) / each;
  parallel_for(chunks, exec, [&](std::size_t c) {
    UnitMoments::Sums sums;
    const int end = std::min(draws, static_cast<int>((c + 1) * each));
    for (int draw = static_cast<int>(c * each); draw < end; ++draw) {
      const std::vector<int> times =
          resample_counts(clusters, seed, static_cast<std::uint64_t>(draw));
      moments.clear(sums, 1);
      moments.each_unit([&](int unit, const auto& add) {
        const int weight = times[static_cast<std::size_t>(cluster[unit])];
        if (weight > 0) add(sums, weight, 0);
      });
      const MediationMoments m =
          mediation_moments(moments.gram(sums), sums.focal(moments.common(), 0));
      out.row(draw) << m.a, m.total, m.s_yy, m.s_ym, m.s_mm;
    }
  });
  return out;
}

}  // namespace pilotdid

#endif
