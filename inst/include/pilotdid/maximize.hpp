// Maximum of a function of one variable: a grid against several hills, Brent's method for the
// hill, Newton steps for the last digits.
#ifndef PILOTDID_MAXIMIZE_HPP
#define PILOTDID_MAXIMIZE_HPP

#include <algorithm>
#include <cmath>
#include <limits>

namespace pilotdid {

struct Maximum {
  double at = 0, value = -std::numeric_limits<double>::infinity();
  double curvature = 0;  // second derivative there
  bool converged = false;
  bool at_border = false;  // nothing inside (lower, upper) is higher than its end
  int evaluations = 0;
};

namespace detail {

// Brent (1973), for the maximum; `a` and `b` enclose it.
template <class F>
double brent_maximum(F&& f, double a, double b, double tolerance, bool* converged) {
  const double golden = 0.3819660112501051;
  double x = a + golden * (b - a), w = x, v = x, step = 0, before = 0;
  double fx = -f(x), fw = fx, fv = fx;
  for (int iteration = 0; iteration < 100; ++iteration) {
    const double middle = 0.5 * (a + b), small = tolerance;
    *converged = std::abs(x - middle) <= 2 * small - 0.5 * (b - a);
    if (*converged) break;
    bool golden_step = true;
    if (std::abs(before) > small) {
      const double r = (x - w) * (fx - fv);
      double q = (x - v) * (fx - fw), p = (x - v) * q - (x - w) * r;
      q = 2 * (q - r);
      if (q > 0) p = -p;
      q = std::abs(q);
      if (std::abs(p) < std::abs(0.5 * q * before) && p > q * (a - x) && p < q * (b - x)) {
        before = step;
        step = p / q;
        const double u = x + step;
        if (u - a < 2 * small || b - u < 2 * small) step = std::copysign(small, middle - x);
        golden_step = false;
      }
    }
    if (golden_step) {
      before = x < middle ? b - x : a - x;
      step = golden * before;
    }
    const double u = std::abs(step) >= small ? x + step : x + std::copysign(small, step);
    const double fu = -f(u);
    if (fu <= fx) {
      (u < x ? b : a) = x;
      v = w;
      fv = fw;
      w = x;
      fw = fx;
      x = u;
      fx = fu;
    } else {
      (u < x ? a : b) = u;
      if (fu <= fw || w == x) {
        v = w;
        fv = fw;
        w = u;
        fw = fu;
      } else if (fu <= fv || v == x || v == w) {
        v = u;
        fv = fu;
      }
    }
  }
  return x;
}

}  // namespace detail

// The maximum over the open, finite interval (lower, upper); `grid` points inside are tried first.
template <class F>
Maximum maximize(F&& function, double lower, double upper, int grid) {
  Maximum m;
  const auto f = [&](double x) {
    ++m.evaluations;
    return function(x);
  };
  // Points crowd toward the ends, where the logarithm of the determinant bends most.
  const double middle = 0.5 * (lower + upper), half = 0.5 * (upper - lower);
  const auto point = [&](int i) {
    return middle - half * 0.9999 * std::cos(3.14159265358979323846 * i / (grid + 1));
  };
  int best = 1;
  double highest = -std::numeric_limits<double>::infinity();
  for (int i = 1; i <= grid; ++i) {
    const double value = f(point(i));
    if (value > highest) {
      highest = value;
      best = i;
    }
  }
  const double a = point(best - 1), b = point(best + 1);
  // Flat around its top a function tells sqrt(eps) of its argument: Newton's steps do the rest.
  m.at = detail::brent_maximum(f, a, b, 1e-6 * half, &m.converged);
  for (int iteration = 0; iteration < 3; ++iteration) {
    const double h = 1e-3 * std::min({m.at - lower, upper - m.at, half});
    const double f0 = f(m.at), up = f(m.at + h), down = f(m.at - h), up2 = f(m.at + 2 * h),
                 down2 = f(m.at - 2 * h);
    const double slope = (8 * (up - down) - (up2 - down2)) / (12 * h);
    m.curvature = (16 * (up + down) - (up2 + down2) - 30 * f0) / (12 * h * h);
    m.value = f0;
    if (!(m.curvature < 0)) break;
    const double step = -slope / m.curvature;
    if (!(std::abs(step) < 1e-3 * half) || m.at + step <= a || m.at + step >= b) break;
    m.at += step;
    // The next step would be of the order of this one's square.
    if (std::abs(step) < 1e-6 * half) break;
  }
  m.value = f(m.at);
  // The grid ends 5e-5 of the range from the border.
  m.at_border = m.at - lower < 2e-4 * half || upper - m.at < 2e-4 * half;
  return m;
}

}  // namespace pilotdid

#endif
