// Tests and confidence sets of a linear target under linear restrictions on the violation of
// parallel trends: the conditional and hybrid tests of Andrews, Roth and Pakes (2023), as Rambachan
// and Roth (2023) use them.
#ifndef PILOTDID_HONEST_DID_HPP
#define PILOTDID_HONEST_DID_HPP

#include <Eigen/Dense>
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <pilotdid/random.hpp>
#include <pilotdid/vertex_program.hpp>
#include <vector>

namespace pilotdid {

// log P(Z > z). Beyond 5 by Mills' ratio as a continued fraction, which the difference of tails
// needs.
inline double log_upper_tail(double z) {
  if (z == std::numeric_limits<double>::infinity()) return -z;
  if (z < 5) return std::log(0.5 * std::erfc(z / std::sqrt(2.0)));
  double fraction = z;
  for (int k = 60; k > 0; --k) fraction = z + k / fraction;
  return -0.5 * z * z - 0.5 * std::log(2 * std::acos(-1.0)) - std::log(fraction);
}

// P(Z > z | low <= Z <= high). The tails are taken on the side where they are small.
inline double truncated_tail(double z, double low, double high) {
  if (z <= low) return 1;
  if (z >= high) return 0;
  const auto log_between = [](double a, double b) {
    if (a < 0 && b <= 0) {
      const double t = a;
      a = -b;
      b = -t;
    }
    if (a < 0) return std::log1p(-std::exp(log_upper_tail(b)) - std::exp(log_upper_tail(-a)));
    const double la = log_upper_tail(a);
    return la + std::log1p(-std::exp(log_upper_tail(b) - la));
  };
  return std::exp(log_between(z, high) - log_between(low, high));
}

// One polyhedron of violations. Every row is scaled by the standard deviation of its moment.
struct HonestProblem {
  Eigen::VectorXd moments;   // m: (A beta - d) / sd
  Eigen::VectorXd slope;     // m: what one unit of the target takes off the moments
  Eigen::MatrixXd nuisance;  // m x (post periods - 1)
  Eigen::MatrixXd root;      // m x n: moments vary as root times n standard normals
  double alpha = 0.05;
  double kappa = 0;  // size of the first stage, 0 for the conditional test alone

  enum class FirstStage { none = 0, least_favorable = 1, fixed_length = 2 };
  FirstStage first_stage = FirstStage::none;
  int draws = 0;  // behind the least favorable critical value
  std::uint64_t seed = 0;

  // Fixed length: the estimator, its half length, and its covariance with the moments.
  double center = 0, half_length = 0;
  Eigen::VectorXd cross;  // m
};

struct HonestInterval {
  double low = std::numeric_limits<double>::quiet_NaN(), high = low;  // infinite where open
  bool empty = true;
  double critical = std::numeric_limits<double>::quiet_NaN();  // of the first stage
};

class HonestTest {
 public:
  explicit HonestTest(HonestProblem problem) : p_(std::move(problem)), program_(design(p_)) {
    if (p_.first_stage == HonestProblem::FirstStage::least_favorable && program_.feasible())
      critical_ = least_favorable();
  }

  double critical() const { return critical_; }

  bool accepts(double target) {
    if (!program_.feasible()) return true;  // some violation satisfies all moments by any margin
    if (p_.first_stage == HonestProblem::FirstStage::fixed_length &&
        std::abs(p_.center - target) > p_.half_length)
      return false;
    const Eigen::VectorXd y = p_.moments - target * p_.slope;
    if (program_.maximize(y) == VertexProgram::Status::unbounded) return false;
    const double eta = program_.value();
    if (eta <= 0) return true;
    if (eta > critical_) return false;
    return conditional_accepts(y, eta, target);
  }

  // The hull of the accepted targets. Searched on `points` values of the range in which the first
  // stage accepts (or the statistic is below 30, where no normal can be), the ends by bisection.
  HonestInterval interval(int points, double scale) {
    HonestInterval out;
    out.critical = critical_;
    const double infinite = std::numeric_limits<double>::infinity();
    if (!program_.feasible()) {
      out.low = -infinite;
      out.high = infinite;
      out.empty = false;
      return out;
    }
    double range[2];
    bool open[2];
    for (int side = 0; side < 2; ++side)
      if (!reach(side == 0 ? -1 : 1, scale, &range[side], &open[side])) return out;
    bool found = false;
    for (int side = 0; side < 2; ++side) {
      const double from = range[side], to = range[1 - side];
      int k = 0;
      while (k <= points && !accepts(from + (to - from) * k / points)) ++k;
      if (k > points) return out;
      found = true;
      double inside = from + (to - from) * k / points;
      if (k > 0) inside = bisect(from + (to - from) * (k - 1) / points, inside, scale);
      double& end = side == 0 ? out.low : out.high;
      end = k == 0 && open[side] ? (side == 0 ? -infinite : infinite) : inside;
    }
    out.empty = !found;
    return out;
  }

 private:
  static Eigen::MatrixXd design(const HonestProblem& p) {
    Eigen::MatrixXd w(p.moments.size(), 1 + p.nuisance.cols());
    w.col(0).setOnes();
    w.rightCols(p.nuisance.cols()) = p.nuisance;
    return w;
  }

  // Quantile (linear between order statistics) of the largest moment when all are binding.
  double least_favorable() {
    std::vector<double> eta(p_.draws);
    Eigen::VectorXd z(p_.root.cols());
    for (int r = 0; r < p_.draws; ++r) {
      Random random(p_.seed, static_cast<std::uint64_t>(r));
      for (int j = 0; j < z.size(); ++j) z[j] = random.normal();
      program_.maximize(p_.root * z);
      eta[r] = program_.value();
    }
    std::sort(eta.begin(), eta.end());
    const double at = (p_.draws - 1) * (1 - p_.kappa);
    const int below = static_cast<int>(at);
    const int above = std::min(below + 1, p_.draws - 1);
    return eta[below] + (at - below) * (eta[above] - eta[below]);
  }

  // Given which moments bind (the vertex g), g'y is normal, truncated to where g stays the
  // maximizer.
  bool conditional_accepts(const Eigen::VectorXd& y, double eta, double target) {
    const Eigen::VectorXd g = program_.vertex();
    const Eigen::VectorXd loading = p_.root.transpose() * g;
    const double variance = loading.squaredNorm();
    if (variance < 1e-14) return false;  // moments have variance one: nothing random is left
    const double sd = std::sqrt(variance);
    const Eigen::VectorXd b = p_.root * loading / variance;
    const Eigen::VectorXd rest = y - b * eta;
    double low = truncation(rest, b, eta, -40 * sd), high = truncation(rest, b, eta, 40 * sd);
    high = std::min(high, critical_);
    if (p_.first_stage == HonestProblem::FirstStage::fixed_length) {
      const double per_unit = p_.cross.dot(g) / variance, gap = p_.center - target;
      if (std::abs(per_unit) > 1e-14 * p_.half_length) {
        const double one = eta + (-p_.half_length - gap) / per_unit;
        const double two = eta + (p_.half_length - gap) / per_unit;
        low = std::max(low, std::min(one, two));
        high = std::min(high, std::max(one, two));
      }
    }
    const double size = (p_.alpha - p_.kappa) / (1 - p_.kappa);
    return truncated_tail(eta / sd, low / sd, high / sd) >= size;
  }

  // The farthest c towards eta + step at which g is still a maximizer: there the convex function
  // v(c) = max_g g'(rest + b c) leaves the line v = c. Newton's steps from outside end at the kink.
  // 40 standard deviations are as good as infinity: no double holds the tail beyond.
  double truncation(const Eigen::VectorXd& rest, const Eigen::VectorXd& b, double eta,
                    double step) {
    double c = eta + step;
    for (int i = 0; i < 200; ++i) {
      program_.maximize(rest + b * c);
      if (program_.value() <= c + 1e-9 * (1 + std::abs(c)))  // accuracy of the vertices
        return i == 0 ? std::copysign(std::numeric_limits<double>::infinity(), step) : c;
      const double bend = 1 - program_.vertex().dot(b);
      if (std::abs(bend) < 1e-14) break;
      const double next = program_.vertex().dot(rest) / bend;
      if ((step > 0) ? next >= c || next < eta : next <= c || next > eta) break;
      c = next;
    }
    // No progress: the kink is at the statistic itself.
    return eta;
  }

  // The end, on one side, of the targets whose statistic stays below the limit. -> false: none
  // does.
  bool reach(int side, double scale, double* end, bool* open) {
    const double limit = std::min(critical_, 30.0);
    double at = side * 1e6 * scale;
    *open = false;
    for (int i = 0; i < 500; ++i) {
      program_.maximize(p_.moments - at * p_.slope);
      const Eigen::VectorXd g = program_.vertex();
      const double tilt = -g.dot(p_.slope) * side, value = program_.value();
      if (value <= limit * (1 + 1e-9)) {
        *open = i == 0;
        *end = at;
        return true;
      }
      if (tilt * scale < 1e-12)
        return false;  // flat or falling outward: above the limit everywhere
      const double next = (g.dot(p_.moments) - limit) / g.dot(p_.slope);
      if (side * (at - next) < 1e-12 * scale) {
        *end = next;
        return true;
      }
      at = next;
    }
    *end = at;
    return true;
  }

  // To a millionth of the standard error: far below what is printed.
  double bisect(double outside, double inside, double scale) {
    while (std::abs(outside - inside) > 1e-6 * scale) {
      const double middle = 0.5 * (outside + inside);
      (accepts(middle) ? inside : outside) = middle;
    }
    return inside;
  }

  HonestProblem p_;
  VertexProgram program_;
  double critical_ = std::numeric_limits<double>::infinity();
};

}  // namespace pilotdid

#endif
