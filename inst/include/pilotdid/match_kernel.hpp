// Kernel, radius and local linear matching: the weight of every control, without pairs.
#ifndef PILOTDID_MATCH_KERNEL_HPP
#define PILOTDID_MATCH_KERNEL_HPP

#include <numeric>

#include "kernel_sums.hpp"
#include "match_buckets.hpp"
#include "parallel.hpp"

namespace pilotdid {

// Each treated row i spreads a weight of one over the controls j of its bucket,
//   local constant  K_ij / S0
//   local linear    K_ij (S2 - S1 u_ij) / (S0 S2 - S1^2),   u_ij = (p_j - p_i) / h, Sm = sum_j K
//   u^m
// and a control's weight is what it receives in all.
namespace kernel_detail {

struct Sorted {
  std::vector<int> rows;
  std::vector<double> score;
};

inline Sorted sort_rows(const std::vector<int>& rows, const double* score) {
  Sorted s;
  s.rows = rows;
  std::sort(s.rows.begin(), s.rows.end(), [score](int a, int b) {
    return score[a] < score[b] || (score[a] == score[b] && a < b);
  });
  for (const int row : s.rows) s.score.push_back(score[row]);
  return s;
}

// The shares of one treated row term by term: where sums would cancel.
inline bool scatter(double x, Window w, const Sorted& controls, Kernel kernel, double h,
                    bool linear, std::vector<double>& weight) {
  if (kernel == Kernel::gaussian) w = {0, w.middle, static_cast<int>(controls.score.size())};
  double s0 = 0, s1 = 0, spread = 0;
  for (int j = w.low; j < w.high; ++j) {
    const double u = (controls.score[j] - x) / h, k = kernel_value(kernel, u);
    s0 += k;
    s1 += k * u;
  }
  if (!(s0 > 0)) return false;
  const double center = s1 / s0;
  for (int j = w.low; linear && j < w.high; ++j) {
    const double u = (controls.score[j] - x) / h;
    spread += kernel_value(kernel, u) * (u - center) * (u - center);
  }
  spread /= s0;
  // One distinct score in the window (up to rounding, squared): its level, no line.
  const bool line = linear && spread > 1e-24 * (1 + center * center);
  for (int j = w.low; j < w.high; ++j) {
    const double u = (controls.score[j] - x) / h;
    const double share = kernel_value(kernel, u) / s0;
    weight[controls.rows[j]] += line ? share * (1 - center * (u - center) / spread) : share;
  }
  return true;
}

template <class Sums>
void match_bucket(const Sorted& treated, const Sorted& controls, Kernel kernel, double h,
                  bool linear, std::vector<double>& weight, std::vector<char>& matched) {
  const std::size_t n1 = treated.rows.size(), n0 = controls.rows.size();
  if (n1 == 0 || n0 == 0) return;
  const std::vector<Window> around = windows(treated.score, controls.score, h);
  Sums over_controls(controls.score, kernel, h, linear ? 2 : 0);
  over_controls.load(std::vector<double>(n0, 1.0));
  std::vector<double> level(n1, 0), slope(n1, 0);  // the share of j is K (level - slope u)
  for (std::size_t i = 0; i < n1; ++i) {
    const double x = treated.score[i];
    const double s0 = over_controls.sum(x, around[i], 0);
    const double s1 = linear ? over_controls.sum(x, around[i], 1) : 0;
    const double s2 = linear ? over_controls.sum(x, around[i], 2) : 1;
    const double det = s0 * s2 - s1 * s1;
    // Sums carry about 1e-15 of what they are made of: a result above one hundredth of that keeps
    // thirteen digits; below it (all controls at the edge, or a line through one point) term by
    // term.
    const bool thin = !(s0 > 0.01 * over_controls.mass(around[i])) || !(det > 0.01 * s0 * s2);
    const int row = treated.rows[i];
    if (thin) {
      matched[row] = scatter(x, around[i], controls, kernel, h, linear, weight);
    } else {
      matched[row] = 1;
      level[i] = s2 / det;
      slope[i] = s1 / det;
    }
  }
  const std::vector<Window> seen = windows(controls.score, treated.score, h);
  Sums over_treated(treated.score, kernel, h, linear ? 1 : 0);
  over_treated.load(level);
  for (std::size_t j = 0; j < n0; ++j) {
    const double x = controls.score[j];
    double received = over_treated.sum(x, seen[j], 0);
    if (received < 0.01 * over_treated.mass(seen[j])) received = over_treated.direct(x, seen[j], 0);
    weight[controls.rows[j]] += received;
  }
  if (!linear) return;
  over_treated.load(slope);
  for (std::size_t j = 0; j < n0; ++j)  // u seen from the control has the other sign
    weight[controls.rows[j]] += over_treated.sum(controls.score[j], seen[j], 1);
}

}  // namespace kernel_detail

// weight: n, zero on entry, receives the controls' weights; matched: n, 1 where a treated row found
// at least one control. Radius matching is the uniform kernel with h the radius.
inline void match_kernel(const std::vector<Bucket>& buckets, const double* score, Kernel kernel,
                         double h, bool linear, const Execution& exec, std::vector<double>& weight,
                         std::vector<char>& matched) {
  using namespace kernel_detail;
  parallel_for(buckets.size(), exec, [&](std::size_t b) {
    const Sorted treated = sort_rows(buckets[b].treated, score);
    const Sorted controls = sort_rows(buckets[b].controls, score);
    if (kernel == Kernel::gaussian)
      match_bucket<GaussianSums>(treated, controls, kernel, h, linear, weight, matched);
    else
      match_bucket<CompactSums>(treated, controls, kernel, h, linear, weight, matched);
  });
}

}  // namespace pilotdid

#endif
