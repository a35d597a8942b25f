// Placebo draws of a two-way fixed effects coefficient and its t statistic, by Frisch, Waugh and
// Lovell: outcome and controls are partialled out once; a draw partials out the fake treatment alone,
// whose rows are 0 until a unit joins and 1 from then on.
#ifndef PILOTDID_PLACEBO_HPP
#define PILOTDID_PLACEBO_HPP

#include <Eigen/Dense>
#include <algorithm>
#include <cstdint>
#include <limits>
#include <numeric>
#include <vector>

#include "absorption.hpp"
#include "parallel.hpp"
#include "random.hpp"

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
    const std::uint32_t span = static_cast<std::uint32_t>(scheme_.last_date - scheme_.first_date + 1);
    if (scheme_.kind == PlaceboScheme::Kind::unit_dates) {
      for (int& date : out)
        if (date >= 0) date = scheme_.first_date + static_cast<int>(random.below(span));
    } else if (scheme_.kind == PlaceboScheme::Kind::cohort_dates) {
      std::vector<int> all(span);
      std::iota(all.begin(), all.end(), scheme_.first_date);
      random.shuffle(all);
      for (int& date : out)
        if (date >= 0)
          date = all[static_cast<std::size_t>(std::lower_bound(dates_.begin(), dates_.end(), date) - dates_.begin())];
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
  Absorption absorption;        // groups are the units; means, no slopes
  Eigen::MatrixXd columns;      // n x (1 + k), in the order of the computation: outcome with controls
                                // and effects partialled out, then the controls without effects
  Eigen::MatrixXd inverse;      // k x k, of the controls' cross-products
  Eigen::MatrixXd reduced;      // size x size, generalized inverse of the reduced system
  const int* unit = nullptr;    // group -> unit, by its first row
  const int* time = nullptr;    // data row -> period
  double rss = 0;               // of the outcome: the part that no treatment explains is rss - b^2 d
  double iid_df = 0;            // > 0: iid variance with these degrees of freedom
  std::vector<PlaceboWay> ways;
};

struct PlaceboDraw {
  double estimate, std_error;
};

// Evaluates draws; one a thread, as it owns scratch memory.
class PlaceboEvaluator {
 public:
  explicit PlaceboEvaluator(const PlaceboProblem& p)
      : p_(p), a_(p.absorption), n_(static_cast<Eigen::Index>(a_.rows.size())), k_(p.columns.cols() - 1),
        d_(n_), level_(Eigen::VectorXd::Zero(a_.size())) {
    for (const PlaceboWay& way : p_.ways) sums_.emplace_back(static_cast<std::size_t>(way.clusters));
  }

  PlaceboDraw evaluate(const std::vector<int>& cohort) {
    const double none = std::numeric_limits<double>::quiet_NaN();
    const double before = fill_treatment(cohort);
    const Eigen::VectorXd delta = p_.reduced * level_;
    const Eigen::VectorXd cross = p_.columns.rightCols(k_).transpose() * d_;
    const Eigen::VectorXd gamma = p_.inverse * cross;
    const double top = p_.columns.col(0).dot(d_);
    const double left = before - level_.dot(delta) - cross.dot(gamma);
    // Differences of that size are rounding: the fake treatment is absorbed.
    if (!(left > 1e-9 * before)) return {none, none};
    const double estimate = top / left;
    subtract_effects(delta);
    d_.noalias() -= p_.columns.rightCols(k_) * gamma;
    if (p_.iid_df > 0)
      return {estimate, std::sqrt(std::max(0.0, p_.rss - estimate * top) / p_.iid_df / left)};
    return {estimate, std::sqrt(std::max(0.0, variance(estimate))) / left};
  }

 private:
  double root(std::size_t row) const { return a_.weights.exists() ? std::sqrt(a_.weights[row]) : 1.0; }

  // d_ = the treatment with unit means taken off, times the root of the weight; level_ = its sums by
  // level. Returns its sum of squares.
  double fill_treatment(const std::vector<int>& cohort) {
    level_.setZero();
    double squares = 0;
    for (int g = 0; g < a_.groups; ++g) {
      const int joined = cohort[p_.unit[g]];
      const int begin = a_.start[g], end = a_.start[g + 1];
      if (joined < 0) {
        d_.segment(begin, end - begin).setZero();
        continue;
      }
      double treated = 0, total = 0;
      for (int i = begin; i < end; ++i) {
        const std::size_t row = a_.rows[i];
        const double w = a_.weights.exists() ? a_.weights[row] : 1.0;
        total += w;
        d_[i] = p_.time[row] >= joined;
        treated += w * d_[i];
      }
      const double mean = treated / total;
      squares += treated * (1 - mean);
      // Treated in all rows or in none: nothing varies within the unit.
      if (mean == 0 || mean == 1) {
        d_.segment(begin, end - begin).setZero();
        continue;
      }
      for (int i = begin; i < end; ++i) {
        const std::size_t row = a_.rows[i];
        const double r = root(row);
        d_[i] = r * (d_[i] - mean);
        int offset = 0;
        for (const Effect& e : a_.effects) {
          level_[offset + e.code[row]] += r * (e.slope.exists() ? e.slope[row] : 1.0) * d_[i];
          offset += e.levels;
        }
      }
    }
    return squares;
  }

  // Takes the other effects off d_, their unit means kept at zero.
  void subtract_effects(const Eigen::VectorXd& delta) {
    for (int g = 0; g < a_.groups; ++g) {
      double sum = 0, total = 0;
      const int begin = a_.start[g], end = a_.start[g + 1];
      for (int i = begin; i < end; ++i) {
        const std::size_t row = a_.rows[i];
        const double w = a_.weights.exists() ? a_.weights[row] : 1.0;
        sum += w * effect(row, delta);
        total += w;
      }
      const double mean = sum / total;
      for (int i = begin; i < end; ++i) {
        const std::size_t row = a_.rows[i];
        d_[i] -= root(row) * (effect(row, delta) - mean);
      }
    }
  }

  double effect(std::size_t row, const Eigen::VectorXd& delta) const {
    double sum = 0;
    int offset = 0;
    for (const Effect& e : a_.effects) {
      sum += delta[offset + e.code[row]] * (e.slope.exists() ? e.slope[row] : 1.0);
      offset += e.levels;
    }
    return sum;
  }

  double variance(double estimate) {
    double total = 0;
    for (std::size_t w = 0; w < p_.ways.size(); ++w) {
      const PlaceboWay& way = p_.ways[w];
      std::vector<double>& sums = sums_[w];
      std::fill(sums.begin(), sums.end(), 0.0);
      double squares = 0;
      for (Eigen::Index i = 0; i < n_; ++i) {
        const double s = d_[i] * (p_.columns(i, 0) - estimate * d_[i]);
        if (way.code)
          sums[way.code[a_.rows[static_cast<std::size_t>(i)]]] += s;
        else
          squares += s * s;
      }
      for (double s : sums) squares += s * s;
      total += way.factor * squares;
    }
    return total;
  }

  const PlaceboProblem& p_;
  const Absorption& a_;
  Eigen::Index n_, k_;
  Eigen::VectorXd d_, level_;
  std::vector<std::vector<double>> sums_;
};

// 2 x draws: estimate and standard error, NaN where the fake treatment is absorbed.
inline Eigen::MatrixXd placebo_draws(const PlaceboProblem& p, const CohortDrawer& drawer, int draws,
                                     const Execution& exec) {
  Eigen::MatrixXd out(2, draws);
  const int each = 16, chunks = (draws + each - 1) / each;
  parallel_for(static_cast<std::size_t>(chunks), exec, [&](std::size_t c) {
    PlaceboEvaluator evaluator(p);
    std::vector<int> cohort;
    for (int b = static_cast<int>(c) * each; b < std::min(draws, (static_cast<int>(c) + 1) * each); ++b) {
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
