// One independent stream of random numbers a replicate: the draws of a bootstrap or a placebo
// depend on (seed, replicate) alone, never on which thread ran them.
#ifndef PILOTDID_RANDOM_HPP
#define PILOTDID_RANDOM_HPP

#include <cmath>
#include <cstdint>
#include <utility>
#include <vector>

namespace pilotdid {

// xoshiro256++ (Blackman and Vigna 2021), its state filled by splitmix64 from (seed, stream).
class Random {
 public:
  Random(std::uint64_t seed, std::uint64_t stream) {
    std::uint64_t x = seed ^ (stream + 1) * 0xD1342543DE82EF95ULL;
    for (auto& s : state_) s = splitmix(x);
  }

  std::uint64_t bits() {
    const std::uint64_t result = rotate(state_[0] + state_[3], 23) + state_[0];
    const std::uint64_t t = state_[1] << 17;
    state_[2] ^= state_[0];
    state_[3] ^= state_[1];
    state_[1] ^= state_[2];
    state_[0] ^= state_[3];
    state_[2] ^= t;
    state_[3] = rotate(state_[3], 45);
    return result;
  }

  // Uniform on [0, 1), 53 bits.
  double uniform() { return static_cast<double>(bits() >> 11) / 9007199254740992.0; }

  // Uniform on 0 .. n-1 without modulo bias (Lemire 2019).
  std::uint32_t below(std::uint32_t n) {
    std::uint64_t m = (bits() >> 32) * n;
    if (static_cast<std::uint32_t>(m) < n) {
      const std::uint32_t threshold = (0u - n) % n;
      while (static_cast<std::uint32_t>(m) < threshold) m = (bits() >> 32) * n;
    }
    return static_cast<std::uint32_t>(m >> 32);
  }

  // Standard normal by the polar method.
  double normal() {
    if (has_spare_) {
      has_spare_ = false;
      return spare_;
    }
    double u, v, s;
    do {
      u = 2 * uniform() - 1;
      v = 2 * uniform() - 1;
      s = u * u + v * v;
    } while (s >= 1 || s == 0);
    const double r = std::sqrt(-2 * std::log(s) / s);
    spare_ = v * r;
    has_spare_ = true;
    return u * r;
  }

  // Chi-squared with any positive degrees of freedom (Marsaglia and Tsang 2000).
  double chi_squared(double df) {
    if (df < 2) {
      const double u = uniform();
      return chi_squared(df + 2) * std::pow(1 - u, 2 / df);
    }
    const double d = df / 2 - 1.0 / 3, c = 1 / std::sqrt(9 * d);
    for (;;) {
      const double x = normal(), root = 1 + c * x;
      if (root <= 0) continue;
      const double v = root * root * root;
      if (std::log(1 - uniform()) < 0.5 * x * x + d - d * v + d * std::log(v)) return 2 * d * v;
    }
  }

  // A uniformly random permutation (Fisher and Yates), in place.
  template <class T>
  void shuffle(std::vector<T>& x) {
    for (std::size_t i = x.size(); i > 1; --i)
      std::swap(x[i - 1], x[below(static_cast<std::uint32_t>(i))]);
  }

 private:
  static std::uint64_t rotate(std::uint64_t x, int k) { return (x << k) | (x >> (64 - k)); }
  static std::uint64_t splitmix(std::uint64_t& x) {
    std::uint64_t z = (x += 0x9E3779B97F4A7C15ULL);
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ULL;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBULL;
    return z ^ (z >> 31);
  }
  std::uint64_t state_[4];
  double spare_ = 0;
  bool has_spare_ = false;
};

}  // namespace pilotdid

#endif
