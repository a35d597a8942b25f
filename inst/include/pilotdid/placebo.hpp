// Placebo draws of a two-way fixed effects coefficient and its t statistic, by Frisch, Waugh and
// Lovell: outcome and controls are partialled out once; a draw partials out the fake treatment
// alone, whose rows are 0 until a unit joins and 1 from then on.
#ifndef PILOTDID_PLACEBO_HPP
#define PILOTDID_PLACEBO_HPP

#include <Eigen/Dense>
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <numeric>
#include <vector>

#include "absorption.hpp"
#include "parallel.hpp"
#include "random.hpp"
#include "simd.hpp"

namespace pilotdid {

// Who joins when in a draw. Cohorts are codes of periods, -1 for never.
struct PlaceboScheme {
  enum class Kind { unit = 0, cohort_dates = 1, unit_dates = 2 } kind = Kind::unit;
  int first_date = 0, last_date = 0;  // codes of the dates to choose from
};

class CohortDrawer {
 public:
  CohortDrawer(std::vector<int> cohort, PlaceboScheme scheme, std::uint64_t seed)
      : cohort_(std::move(cohort)), scheme_(scheme), seed_(seed), dates_(cohort_) {
    std::sort(dates_.begin(), dates_.end());
    dates_.erase(std::unique(dates_.begin(), dates_.end()), dates_.end());
    if (!dates_.empty() && dates_[0] < 0) dates_.erase(dates_.begin());
  }

  void draw(std::uint64_t number, std::vector<int>& out) const {
    Random random(seed_, number);
    out = cohort_;
    random.shuffle(out);
    const std::uint32_t span =
        static_cast<std::uint32_t>(scheme_.last_date - scheme_.first_date + 1);
    if (scheme_.kind == PlaceboScheme::Kind::unit_dates) {
      for (int& date : out)
        if (date >= 0) date = scheme_.first_date + static_cast<int>(random.below(span));
    } else if (scheme_.kind == PlaceboScheme::Kind::cohort_dates) {
      std::vector<int> all(span);
      std::iota(all.begin(), all.end(), scheme_.first_date);
      random.shuffle(all);
      for (int& date : out)
        if (date >= 0)
          date = all[static_cast<std::size_t>(std::lower_bound(dates_.begin(), dates_.end(), date) -
                                              dates_.begin())];
    }
  }

 private:
  std::vector<int> cohort_;
  PlaceboScheme scheme_;
  std::uint64_t seed_;
  std::vector<int> dates_;
};

// One way of clustering the variance: factor times the sum of squares of sums by code.
struct PlaceboWay {
  double factor = 1;
  const int* code = nullptr;  // data row -> cluster; null: every row its own
  int clusters = 0;
};

struct PlaceboProblem {
  Absorption absorption;      // groups are the units, rows by time; means, no slopes
  Eigen::MatrixXd columns;    // n x (1 + k), in the order of the computation: outcome with controls
                              // and effects partialled out, then the controls without effects
  Eigen::MatrixXd inverse;    // k x k, of the controls' cross-products
  Eigen::MatrixXd reduced;    // size x size, generalized inverse of the reduced system
  const int* unit = nullptr;  // group -> unit, by its first row
  const int* time = nullptr;  // data row -> period
  double rss = 0;             // of the outcome: the part that no treatment explains is rss - b^2 d
  double iid_df = 0;          // > 0: iid variance with these degrees of freedom
  std::vector<PlaceboWay> ways;
};

struct PlaceboDraw {
  double estimate, std_error;
};

// What every draw reads about the rows, in the order of the computation.
struct PlaceboRows {
  Eigen::VectorXd root;   // root of the weight
  Eigen::VectorXd share;  // weight in that of the unit's rows
  std::vector<int> time;
  std::vector<EffectRows> effects;
  std::vector<std::vector<int>>
      cluster;                 // way: by group where clusters are made of groups, else by row
  std::vector<char> by_group;  // way

  explicit PlaceboRows(const PlaceboProblem& p) {
    const Absorption& a = p.absorption;
    const std::size_t n = a.rows.size();
    root.setOnes(static_cast<Eigen::Index>(n));
    share.resize(static_cast<Eigen::Index>(n));
    time.resize(n);
    for (std::size_t i = 0; i < n; ++i) {
      time[i] = p.time[a.rows[i]];
      if (a.weights.exists()) root[static_cast<Eigen::Index>(i)] = std::sqrt(a.weights[a.rows[i]]);
    }
    for (int g = 0; g < a.groups; ++g) {
      auto weight = root.segment(a.start[g], a.start[g + 1] - a.start[g]).array().square();
      share.segment(a.start[g], a.start[g + 1] - a.start[g]) = weight / weight.sum();
    }
    effects.resize(a.effects.size());
    for (std::size_t e = 0; e < effects.size(); ++e)
      effects[e].read(a.effects[e], a.rows, 0, static_cast<int>(n));
    for (const PlaceboWay& way : p.ways) read_way(a, way);
  }

 private:
  void read_way(const Absorption& a, const PlaceboWay& way) {
    std::vector<int> code;
    bool nested = way.code != nullptr;
    for (int g = 0; nested && g < a.groups; ++g)
      for (int i = a.start[g]; i < a.start[g + 1]; ++i) {
        const int c = way.code[a.rows[static_cast<std::size_t>(i)]];
        if (i == a.start[g]) code.push_back(c);
        nested = nested && c == code.back();
      }
    if (way.code && !nested) {
      code.resize(a.rows.size());
      for (std::size_t i = 0; i < code.size(); ++i) code[i] = way.code[a.rows[i]];
    }
    cluster.push_back(std::move(code));
    by_group.push_back(nested);
  }
};

// Evaluates draws; one a thread, as it owns scratch memory.
class PlaceboEvaluator {
 public:
  PlaceboEvaluator(const PlaceboProblem& p, const PlaceboRows& rows)
      : p_(p),
        a_(p.absorption),
        rows_(rows),
        n_(rows.root.size()),
        k_(p.columns.cols() - 1),
        d_(n_),
        e_(n_),
        level_(Eigen::VectorXd::Zero(a_.size())),
        cross_(k_ + 1) {
    for (const PlaceboWay& way : p_.ways)
      sums_.emplace_back(static_cast<std::size_t>(way.clusters));
  }

  PlaceboDraw evaluate(const std::vector<int>& cohort) {
    const double none = std::numeric_limits<double>::quiet_NaN();
    const double before = fill_treatment(cohort);
    const Eigen::VectorXd delta = p_.reduced * level_;
    const Eigen::VectorXd gamma = p_.inverse * cross_.tail(k_);
    const double top = cross_[0];
    const double left = before - level_.dot(delta) - cross_.tail(k_).dot(gamma);
    // Differences of that size are rounding: the fake treatment is absorbed.
    if (!(left > 1e-9 * before)) return {none, none};
    const double estimate = top / left;
    if (p_.iid_df > 0)
      return {estimate, std::sqrt(std::max(0.0, p_.rss - estimate * top) / p_.iid_df / left)};
    subtract_effects(delta);
    subtract_controls(gamma);
    return {estimate, std::sqrt(std::max(0.0, variance(estimate))) / left};
  }

 private:
  // d_ = the treatment with unit means taken off, times the root of the weight; level_ = its sums
  // by level; cross_ = its products with the columns, which sum to zero within units, so that only
  // treated rows count. Returns its sum of squares.
  double fill_treatment(const std::vector<int>& cohort) {
    level_.setZero();
    cross_.setZero();
    d_.setZero();
    const double *root = rows_.root.data(), *share = rows_.share.data();
    double* d = d_.data();
    double squares = 0;
    for (int g = 0; g < a_.groups; ++g) {
      const int joined = cohort[p_.unit[g]];
      if (joined < 0) continue;
      const int begin = a_.start[g], end = a_.start[g + 1];
      // Rows of a unit come by time: the treated ones are the last.
      int first = begin;
      while (first < end && rows_.time[first] < joined) ++first;
      // Treated in all rows or in none: nothing varies within the unit.
      if (first == begin || first == end) continue;
      add_products(first, end);
      double mean = 0;
      for (int i = first; i < end; ++i) mean += share[i];
      for (int i = begin; i < end; ++i) {
        d[i] = root[i] * ((i < first ? 0.0 : 1.0) - mean);
        squares += d[i] * d[i];
      }
      add_levels(begin, end);
    }
    return squares;
  }

  // The products of a unit's treatment, 1 in these rows, with the columns.
  void add_products(int begin, int end) {
    const double* root = rows_.root.data();
    by_fours(k_ + 1, [&](Eigen::Index j, auto width) {
      constexpr int lanes = decltype(width)::value;
      const double* column[lanes];
      double sum[lanes];
      for (int c = 0; c < lanes; ++c) {
        column[c] = p_.columns.col(j + c).data();
        sum[c] = 0;
      }
      for (int i = begin; i < end; ++i) {
        PILOTDID_UNROLL
        for (int c = 0; c < lanes; ++c) sum[c] += root[i] * column[c][i];
      }
      for (int c = 0; c < lanes; ++c) cross_[j + c] += sum[c];
    });
  }

  void add_levels(int begin, int end) {
    const double *root = rows_.root.data(), *d = d_.data();
    double* sums = level_.data();
    for (std::size_t e = 0; e < rows_.effects.size(); ++e) {
      const int* level = rows_.effects[e].level;
      const double* slope = rows_.effects[e].slope;
      for (int i = begin; i < end; ++i) sums[level[i]] += root[i] * d[i] * (slope ? slope[i] : 1.0);
      sums += a_.effects[e].levels;
    }
  }

  // Takes the other effects off d_, their unit means kept at zero.
  void subtract_effects(const Eigen::VectorXd& delta) {
    e_.setZero();
    const double* effect = delta.data();
    double* sum = e_.data();
    for (std::size_t e = 0; e < rows_.effects.size(); ++e) {
      const int* level = rows_.effects[e].level;
      const double* slope = rows_.effects[e].slope;
      if (slope) {
        for (Eigen::Index i = 0; i < n_; ++i) sum[i] += effect[level[i]] * slope[i];
      } else {
        for (Eigen::Index i = 0; i < n_; ++i) sum[i] += effect[level[i]];
      }
      effect += a_.effects[e].levels;
    }
    vectorized([&]() PILOTDID_INLINE {
      const double *root = rows_.root.data(), *share = rows_.share.data(), *e = e_.data();
      double* d = d_.data();
      for (int g = 0; g < a_.groups; ++g) {
        const int begin = a_.start[g], end = a_.start[g + 1];
        double mean = 0;
        PILOTDID_SIMD(reduction(+ : mean))
        for (int i = begin; i < end; ++i) mean += e[i] * share[i];
        PILOTDID_SIMD()
        for (int i = begin; i < end; ++i) d[i] -= root[i] * (e[i] - mean);
      }
    });
  }

  // d_ = d_ - C gamma.
  void subtract_controls(const Eigen::VectorXd& gamma) {
    double* d = d_.data();
    by_fours(k_, [&](Eigen::Index j, auto width) {
      constexpr int lanes = decltype(width)::value;
      vectorized([&]() PILOTDID_INLINE {
        const double* column[lanes];
        double slope[lanes];
        for (int c = 0; c < lanes; ++c) {
          column[c] = p_.columns.col(1 + j + c).data();
          slope[c] = gamma[j + c];
        }
        PILOTDID_SIMD()
        for (Eigen::Index i = 0; i < n_; ++i) {
          double sum = 0;
          PILOTDID_UNROLL
          for (int c = 0; c < lanes; ++c) sum += slope[c] * column[c][i];
          d[i] -= sum;
        }
      });
    });
  }

  double variance(double estimate) {
    e_ = d_.cwiseProduct(p_.columns.col(0) - estimate * d_);
    double total = 0;
    for (std::size_t w = 0; w < p_.ways.size(); ++w) {
      std::vector<double>& sums = sums_[w];
      const std::vector<int>& cluster = rows_.cluster[w];
      std::fill(sums.begin(), sums.end(), 0.0);
      double squares = 0;
      if (rows_.by_group[w]) {
        vectorized([&]() PILOTDID_INLINE {
          const double* score = e_.data();
          for (int g = 0; g < a_.groups; ++g) {
            const int begin = a_.start[g], end = a_.start[g + 1];
            double sum = 0;
            PILOTDID_SIMD(reduction(+ : sum))
            for (int i = begin; i < end; ++i) sum += score[i];
            sums[cluster[g]] += sum;
          }
        });
      } else if (p_.ways[w].code) {
        for (Eigen::Index i = 0; i < n_; ++i) sums[cluster[static_cast<std::size_t>(i)]] += e_[i];
      } else {
        squares = e_.squaredNorm();
      }
      for (double s : sums) squares += s * s;
      total += p_.ways[w].factor * squares;
    }
    return total;
  }

  const PlaceboProblem& p_;
  const Absorption& a_;
  const PlaceboRows& rows_;
  Eigen::Index n_, k_;
  Eigen::VectorXd d_, e_, level_, cross_;
  std::vector<std::vector<double>> sums_;
};

// 2 x draws: estimate and standard error, NaN where the fake treatment is absorbed.
inline Eigen::MatrixXd placebo_draws(const PlaceboProblem& p, const CohortDrawer& drawer, int draws,
                                     const Execution& exec) {
  Eigen::MatrixXd out(2, draws);
  const PlaceboRows rows(p);
  const int each = 16, chunks = (draws + each - 1) / each;
  parallel_for(static_cast<std::size_t>(chunks), exec, [&](std::size_t c) {
    PlaceboEvaluator evaluator(p, rows);
    std::vector<int> cohort;
    for (int b = static_cast<int>(c) * each; b < std::min(draws, (static_cast<int>(c) + 1) * each);
         ++b) {
      drawer.draw(static_cast<std::uint64_t>(b), cohort);
      const PlaceboDraw draw = evaluator.evaluate(cohort);
      out(0, b) = draw.estimate;
      out(1, b) = draw.std_error;
    }
  });
  return out;
}

}  // namespace pilotdid

#endif
