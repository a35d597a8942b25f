// Sums of K((y - x) / h) over many y for many x, without visiting every pair.
#ifndef PILOTDID_KERNEL_SUMS_HPP
#define PILOTDID_KERNEL_SUMS_HPP

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <vector>

namespace pilotdid {

enum class Kernel { uniform = 0, epanechnikov = 1, biweight = 2, tricube = 3, gaussian = 4 };

// Not normalized: only ratios of sums are used.
inline double kernel_value(Kernel kernel, double u) {
  const double a = std::abs(u);
  if (kernel == Kernel::gaussian) return std::exp(-u * u / 2);
  if (a > 1) return 0;
  switch (kernel) {
    case Kernel::epanechnikov:
      return 1 - a * a;
    case Kernel::biweight:
      return (1 - a * a) * (1 - a * a);
    case Kernel::tricube: {
      const double b = 1 - a * a * a;
      return b * b * b;
    }
    default:
      return 1;
  }
}

// Coefficients of the compact kernels as polynomials in |u|.
inline std::vector<double> kernel_polynomial(Kernel kernel) {
  switch (kernel) {
    case Kernel::epanechnikov:
      return {1, 0, -1};
    case Kernel::biweight:
      return {1, 0, -2, 0, 1};
    case Kernel::tricube:
      return {1, 0, 0, -3, 0, 0, 3, 0, 0, -1};
    default:
      return {1};
  }
}

// A running sum that keeps its own rounding error (two-sum of Knuth): differences of prefix sums
// are then right to the last bit of the terms, however large the prefix.
struct ExactSum {
  double high = 0, low = 0;
  void add(double x) {
    const double s = high + x;
    const double b = s - high;
    low += (high - (s - b)) + (x - b);
    high = s;
  }
};
inline double operator-(const ExactSum& a, const ExactSum& b) {
  return (a.high - b.high) + (a.low - b.low);
}

// Positions [low, high) of the sources within h of a target, `middle` the first at or above it.
struct Window {
  int low = 0, middle = 0, high = 0;
};

// Windows of ascending targets over ascending sources by three advancing pointers. The test is
// |y - x| <= h in floating point from either side, so that pairs agree whichever is the target.
inline std::vector<Window> windows(const std::vector<double>& targets,
                                   const std::vector<double>& sources, double h) {
  std::vector<Window> out(targets.size());
  const int n = static_cast<int>(sources.size());
  Window w;
  for (std::size_t i = 0; i < targets.size(); ++i) {
    const double x = targets[i];
    while (w.low < n && x - sources[w.low] > h) ++w.low;
    while (w.middle < n && sources[w.middle] < x) ++w.middle;
    while (w.high < n && !(sources[w.high] - x > h)) ++w.high;
    out[i] = w;
  }
  return out;
}

// Sources cut into cells at most `width` wide: powers are taken about the cell's center.
struct Cell {
  int from, to;
  double center;
};

inline std::vector<Cell> cut_cells(const std::vector<double>& sources, double width) {
  std::vector<Cell> cells;
  const int n = static_cast<int>(sources.size());
  for (int from = 0, to = 0; from < n; from = to) {
    while (to < n && sources[to] - sources[from] <= width) ++to;
    cells.push_back({from, to, sources[from] + width / 2});
  }
  return cells;
}

// Sum over a window of q K(u) u^m, u = (y - x) / h, for kernels that are polynomials: prefix sums
// of q t^j about the centers of cells half a bandwidth wide, each combined with the polynomial
// shifted to the target.
class CompactSums {
 public:
  CompactSums(const std::vector<double>& sources, Kernel kernel, double h, int most_powers)
      : y_(sources),
        kernel_(kernel),
        h_(h),
        polynomial_(kernel_polynomial(kernel)),
        powers_(static_cast<int>(polynomial_.size()) + most_powers),
        cells_(cut_cells(sources, h / 2)) {}

  void load(const std::vector<double>& q) {
    q_ = q;
    prefix_.assign(y_.size() * powers_, ExactSum());
    for (const Cell& cell : cells_) {
      std::vector<ExactSum> running(powers_);
      for (int i = cell.from; i < cell.to; ++i) {
        const double t = (y_[i] - cell.center) / h_;
        double term = q_[i];
        for (int j = 0; j < powers_; ++j, term *= t) running[j].add(term);
        std::copy(running.begin(), running.end(), prefix_.begin() + std::ptrdiff_t(i) * powers_);
      }
    }
  }

  double sum(double x, const Window& w, int m) const {
    const bool even = kernel_ != Kernel::tricube;  // no odd powers of |u|: one polynomial
    if (even) return range(x, w.low, w.high, m, 1);
    return range(x, w.low, w.middle, m, -1) + range(x, w.middle, w.high, m, 1);
  }

  // The same term by term: for windows in which the sum is small against what cancels in it.
  double direct(double x, const Window& w, int m) const {
    double total = 0;
    for (int i = w.low; i < w.high; ++i) {
      const double u = (y_[i] - x) / h_;
      total += q_[i] * kernel_value(kernel_, u) * (m == 0 ? 1 : m == 1 ? u : u * u);
    }
    return total;
  }

  // Sum of q over the window.
  double mass(const Window& w) const {
    double total = 0;
    each_cell(w.low, w.high,
              [&](const Cell& cell, int from, int to) { total += moment(cell, from, to, 0); });
    return total;
  }

 private:
  template <class Visit>
  void each_cell(int from, int to, Visit&& visit) const {
    if (from >= to) return;
    auto cell = std::upper_bound(cells_.begin(), cells_.end(), from,
                                 [](int i, const Cell& c) { return i < c.to; });
    for (; cell != cells_.end() && cell->from < to; ++cell)
      visit(*cell, std::max(from, cell->from), std::min(to, cell->to));
  }

  double moment(const Cell& cell, int from, int to, int j) const {
    const ExactSum& last = prefix_[std::size_t(to - 1) * powers_ + j];
    return from > cell.from ? last - prefix_[std::size_t(from - 1) * powers_ + j]
                            : last.high + last.low;
  }

  double range(double x, int low, int high, int m, double sign) const {
    double total = 0;
    each_cell(low, high, [&](const Cell& cell, int from, int to) {
      const double s = (x - cell.center) / h_;
      // K(|t - s|) (t - s)^m as a polynomial in t: Taylor shift by synthetic division.
      std::array<double, 16> c{};
      const int degree = static_cast<int>(polynomial_.size()) - 1 + m;
      double power = 1;
      for (std::size_t k = 0; k < polynomial_.size(); ++k, power *= sign)
        c[k + m] = polynomial_[k] * power;
      for (int i = 0; i < degree; ++i)
        for (int j = degree - 1; j >= i; --j) c[j] -= s * c[j + 1];
      for (int j = 0; j <= degree; ++j) total += c[j] * moment(cell, from, to, j);
    });
    return total;
  }

  const std::vector<double>& y_;
  Kernel kernel_;
  double h_;
  std::vector<double> polynomial_, q_;
  int powers_;
  std::vector<Cell> cells_;
  std::vector<ExactSum> prefix_;  // by source, then by power
};

// The same for the Gaussian kernel, which has no window: per cell the series
//   exp(-(t - s)^2 / 2) = exp(-s^2 / 2) exp(-t^2 / 2) sum_n (s t)^n / n!     (Greengard, Strain
//   1991)
// about its center. Cells are half a bandwidth wide, |t| <= 1/4, so that for |s| <= 18 the series
// cancels less than five digits of its smallest sums and 45 terms leave less than 1e-17.
class GaussianSums {
 public:
  GaussianSums(const std::vector<double>& sources, Kernel, double h, int)
      : y_(sources), h_(h), cells_(cut_cells(sources, h / 2)) {}

  void load(const std::vector<double>& q) {
    q_ = q;
    moments_.assign(cells_.size() * stored, 0);
    for (std::size_t c = 0; c < cells_.size(); ++c) {
      std::array<ExactSum, stored> running;
      for (int i = cells_[c].from; i < cells_[c].to; ++i) {
        const double t = (y_[i] - cells_[c].center) / h_;
        double term = q_[i] * std::exp(-t * t / 2);
        for (int j = 0; j < stored; ++j, term *= t) running[j].add(term);
      }
      for (int j = 0; j < stored; ++j) moments_[c * stored + j] = running[j].high + running[j].low;
    }
  }

  double sum(double x, const Window& w, int m) const {
    const double nearest = nearest_distance(x, w.middle);
    // exp(-40) = 4e-18: sources that much lighter than the nearest one do not reach the sum.
    const double reach = std::sqrt(nearest * nearest + 80);
    if (reach > 18) return far(x, reach, m);
    const double limit = (reach + 0.25) * h_;
    auto cell = std::lower_bound(cells_.begin(), cells_.end(), x - limit,
                                 [](const Cell& c, double low) { return c.center < low; });
    double total = 0;
    for (; cell != cells_.end() && cell->center <= x + limit; ++cell)
      total += series((x - cell->center) / h_, &moments_[(cell - cells_.begin()) * stored], m);
    return total;
  }
  double direct(double x, const Window& w, int m) const { return sum(x, w, m); }
  double mass(const Window&) const { return 0; }  // every term is positive: nothing cancels

 private:
  enum { terms = 45, stored = terms + 2 };

  double nearest_distance(double x, int middle) const {
    double d = INFINITY;
    if (middle > 0) d = std::min(d, (x - y_[middle - 1]) / h_);
    if (middle < static_cast<int>(y_.size())) d = std::min(d, (y_[middle] - x) / h_);
    return d;
  }

  static double series(double s, const double* moment, int m) {
    double total = 0, power = 1, bound = 1;
    for (int n = 0; n < terms; ++n) {
      const double* M = moment + n;
      const double term = m == 0   ? M[0]
                          : m == 1 ? M[1] - s * M[0]
                                   : M[2] - s * (2 * M[1] - s * M[0]);
      total += power * term;
      power *= s / (n + 1);
      bound *= std::abs(s) * 0.25 / (n + 1);
      if (bound < 1e-20) break;
    }
    return std::exp(-s * s / 2) * total;
  }

  double far(double x, double reach, int m) const {
    const auto low = std::lower_bound(y_.begin(), y_.end(), x - reach * h_);
    double total = 0;
    for (auto y = low; y != y_.end() && *y <= x + reach * h_; ++y) {
      const double u = (*y - x) / h_;
      total += q_[y - y_.begin()] * std::exp(-u * u / 2) * (m == 0 ? 1 : m == 1 ? u : u * u);
    }
    return total;
  }

  const std::vector<double>& y_;
  double h_;
  std::vector<double> q_;
  std::vector<Cell> cells_;
  std::vector<double> moments_;
};

}  // namespace pilotdid

#endif
