// Entropy of normalized indicators, and the composite scores made from them.
#ifndef PILOTDID_ENTROPY_INDEX_HPP
#define PILOTDID_ENTROPY_INDEX_HPP

#include <Eigen/Dense>
#include <cmath>
#include <vector>

#include "column_fold.hpp"
#include "simd.hpp"
#include "vector_log.hpp"

namespace pilotdid {

// z = (x - center) / width, K x groups each; a negative width turns the direction round. Exact
// zeros become `at_zero`, then `shift` is added.
struct Scaling {
  Eigen::MatrixXd center, width;
  double at_zero = 0, shift = 0;
};

namespace detail {

// rate is 1 / width: loops multiply where they would wait for a division.
PILOTDID_INLINE inline double scale(double x, double center, double rate, double at_zero,
                                    double shift) {
  const double z = (x - center) * rate;
  return z + (z == 0 ? at_zero : 0.0) + shift;
}

// How the u of an entropy is made: u = factor z + offset.
struct ShareRule {
  double center = 0, rate = 1, at_zero = 0, shift = 0, factor = 1, offset = 0;
  double operator()(double x) const {
    return factor * scale(x, center, rate, at_zero, shift) + offset;
  }
  bool proportional() const { return at_zero == 0 && shift == 0 && offset == 0; }
};

// Adds the sums of u and of u ln u for u = share(x) of m rows.
template <class Share>
void add_shares(const double* x, int m, const Share& share, double& total, double& total_log) {
  double sum = 0, sum_log = 0;
  vectorized([&]() PILOTDID_INLINE {
    double s = 0, l = 0;
    PILOTDID_SIMD(reduction(+ : s, l))
    for (int i = 0; i < m; ++i) {
      const double u = share(x[i]);
      s += u;
      l += u * vector_log(u);
    }
    sum = s;
    sum_log = l;
  });
  total += sum;
  total_log += sum_log;
}

// Parameters are copied, so that they stay in registers; u = slope (x - center) is the usual case.
inline void add_entropy(const double* x, int m, const ShareRule& rule, double& total,
                        double& total_log) {
  const double c = rule.center, rate = rule.rate, zero = rule.at_zero, up = rule.shift,
               times = rule.factor, plus = rule.offset, slope = times * rate;
  if (rule.proportional())
    add_shares(
        x, m, [=](double v) PILOTDID_INLINE { return (v - c) * slope; }, total, total_log);
  else
    add_shares(
        x, m, [=](double v) PILOTDID_INLINE { return times * scale(v, c, rate, zero, up) + plus; },
        total, total_log);
}

}  // namespace detail

// Sums of u and of u ln u (0 ln 0 = 0). The entropy of p = u / sum u is
// ln(sum u) - (sum u ln u) / (sum u): one pass instead of two.
struct EntropySum {
  detail::ShareRule rule;
  double total = 0, total_log = 0;

  void add(const double* x, int m) { detail::add_entropy(x, m, rule, total, total_log); }
  void add(double x, double w) {
    const double u = rule(x);
    total += w * u;
    total_log += w * u * vector_log(u);
  }
  void merge(const EntropySum& other) {
    total += other.total;
    total_log += other.total_log;
  }
};

// factor: K x groups, as for ShareRule. Entry j * groups + g is column j in group g.
inline std::vector<EntropySum> entropy_sums(const Columns& columns, const Sample& sample,
                                            const Scaling& scaling, const Eigen::MatrixXd& factor,
                                            double offset, const Execution& exec) {
  std::vector<EntropySum> start(columns.size() * static_cast<std::size_t>(sample.groups));
  for (std::size_t a = 0; a < start.size(); ++a) {
    const Eigen::Index j = static_cast<Eigen::Index>(a) / sample.groups;
    const Eigen::Index g = static_cast<Eigen::Index>(a) % sample.groups;
    detail::ShareRule& rule = start[a].rule;
    rule.center = scaling.center(j, g);
    rule.rate = 1 / scaling.width(j, g);
    rule.at_zero = scaling.at_zero;
    rule.shift = scaling.shift;
    rule.factor = factor(j, g);
    rule.offset = offset;
  }
  return fold(columns, sample, start, exec);
}

// How scores are made. Linear: sum_j weight_j z_j, and within-weights for the dimensions.
// By distance (TOPSIS): far / (near + far), near and far the distances of weight_j z_j to
// weight_j best_j and weight_j worst_j.
struct ScoreRule {
  Scaling scaling;
  Eigen::MatrixXd weight, within, best, worst;  // K x groups
  std::vector<int> dimension;                   // K: 0 .. dimensions-1
  int dimensions = 1;
  bool by_distance = false;
};

namespace detail {

// Scores one strip of rows at a time, with buffers of its own.
class StripScorer {
 public:
  StripScorer(const Columns& columns, const Sample& sample, const ScoreRule& rule, double* out)
      : columns_(columns),
        sample_(sample),
        rule_(rule),
        out_(out),
        rate_(rule.scaling.width.cwiseInverse()) {
    if (!rule.by_distance) return;
    near_.resize(kStrip, rule.dimensions);
    far_.resize(kStrip, rule.dimensions);
  }

  void operator()(std::size_t first, int m) {
    first_ = first;
    m_ = m;
    if (rule_.by_distance)
      closeness();
    else
      weighted_sums();
  }

 private:
  int group(int i) const { return sample_.group_of(first_ + static_cast<std::size_t>(i)); }
  double* score(int d) { return out_ + static_cast<std::size_t>(d) * sample_.n + first_; }
  bool split() const { return rule_.dimensions > 1; }

  void load(Eigen::Index j) {
    const Scaling& s = rule_.scaling;
    const double at_zero = s.at_zero, shift = s.shift;
    columns_[static_cast<std::size_t>(j)].visit([&](const auto* data) {
      const double* x = strip(data, first_, m_, buffer_);
      double* z = z_;
      const auto scaled = [=](int i, double center, double rate)
                              PILOTDID_INLINE { z[i] = scale(x[i], center, rate, at_zero, shift); };
      with_parameters(j, s.center, rate_, scaled);
    });
  }

  // f(i, a(j, group), b(j, group)) for the rows that count. One group: a loop without look-ups.
  template <class F>
  void with_parameters(Eigen::Index j, const Eigen::MatrixXd& a, const Eigen::MatrixXd& b,
                       const F& f) const {
    if (!sample_.group) {
      const double a0 = a(j, 0), b0 = b(j, 0);
      const int m = m_;
      return vectorized([&]() PILOTDID_INLINE {
        PILOTDID_SIMD()
        for (int i = 0; i < m; ++i) f(i, a0, b0);
      });
    }
    for (int i = 0; i < m_; ++i) {
      const int g = group(i);
      if (g >= 0) f(i, a(j, g), b(j, g));
    }
  }

  void weighted_sums() {
    for (Eigen::Index j = 0; j < rule_.weight.rows(); ++j) {
      load(j);
      add_weighted(rule_.weight, j, score(0));
      if (split())
        add_weighted(rule_.within, j, score(1 + rule_.dimension[static_cast<std::size_t>(j)]));
    }
  }
  void add_weighted(const Eigen::MatrixXd& weight, Eigen::Index j, double* sum) const {
    const double* z = z_;
    const auto add = [=](int i, double w, double) PILOTDID_INLINE { sum[i] += w * z[i]; };
    with_parameters(j, weight, weight, add);
  }

  void closeness() {
    near_.setZero();
    far_.setZero();
    for (Eigen::Index j = 0; j < rule_.weight.rows(); ++j) {
      const int d = rule_.dimension[static_cast<std::size_t>(j)];
      load(j);
      add_squares(rule_.best, j, near_.col(d).data());
      add_squares(rule_.worst, j, far_.col(d).data());
    }
    for (int i = 0; i < m_; ++i) {
      if (group(i) < 0) continue;
      score(0)[i] = far_share(near_.row(i).sum(), far_.row(i).sum());
      for (int d = 0; split() && d < rule_.dimensions; ++d)
        score(1 + d)[i] = far_share(near_(i, d), far_(i, d));
    }
  }
  void add_squares(const Eigen::MatrixXd& point, Eigen::Index j, double* sum) const {
    const double* z = z_;
    const auto add = [=](int i, double w, double at) PILOTDID_INLINE {
      const double gap = w * (z[i] - at);
      sum[i] += gap * gap;
    };
    with_parameters(j, rule_.weight, point, add);
  }
  // 0 where best and worst coincide: no indicator of the dimension varies.
  static double far_share(double near, double far) {
    const double sum = std::sqrt(near) + std::sqrt(far);
    return sum > 0 ? std::sqrt(far) / sum : 0;
  }

  const Columns& columns_;
  const Sample& sample_;
  const ScoreRule& rule_;
  double* out_;
  std::size_t first_ = 0;
  int m_ = 0;
  double buffer_[kStrip], z_[kStrip];
  Eigen::MatrixXd rate_;        // 1 / width of the scaling
  Eigen::MatrixXd near_, far_;  // strip x dimensions: squared distances to the best, the worst
};

}  // namespace detail

// out: n x (1 + dimensions), zero on entry, the overall score first; n x 1 with one dimension.
// Rows left out are not touched.
inline void composite_scores(const Columns& columns, const Sample& sample, const ScoreRule& rule,
                             double* out, const Execution& exec) {
  each_block(sample.n, detail::block_rows(sample.n, 0), exec,
             [&](std::size_t, std::size_t from, std::size_t to) {
               detail::StripScorer score(columns, sample, rule, out);
               detail::each_strip(from, to, score);
             });
}

}  // namespace pilotdid

#endif
