// The multiplier bootstrap: sums over clusters of the influence times random weights of mean zero
// and variance one.
#ifndef PILOTDID_MULTIPLIER_HPP
#define PILOTDID_MULTIPLIER_HPP

#include <Eigen/Dense>
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

#include "parallel.hpp"
#include "random.hpp"
#include "simd.hpp"

namespace pilotdid {

enum class Multiplier { mammen = 0, rademacher = 1, normal = 2 };

// Weights with two values: `high` with probability `share`, else `low`.
struct TwoPoints {
  double low, high, share;
};

inline TwoPoints two_points(Multiplier type) {
  if (type == Multiplier::rademacher) return {-1, 1, 0.5};
  const double root = std::sqrt(5.0);
  return {(1 - root) / 2, (1 + root) / 2, (root - 1) / (2 * root)};
}

// 64 bits, each one with probability threshold / 2^64: the digits of 64 random numbers against
// those of the threshold, the highest first, until each number has differed from it once. That is
// after about eight words instead of 64 numbers.
inline std::uint64_t random_bits(Random& random, std::uint64_t threshold) {
  std::uint64_t below = 0, equal = ~std::uint64_t(0);
  for (std::uint64_t digits = threshold; digits != 0 && equal != 0; digits <<= 1) {
    const std::uint64_t word = random.bits();
    if (digits >> 63) {
      below |= equal & ~word;
      equal &= word;
    } else {
      equal &= ~word;
    }
  }
  return below;
}

namespace detail {

// Clusters of which each draw has a stream of random numbers of its own.
constexpr Eigen::Index stripe = 2048;

inline Random stripe_random(std::uint64_t seed, Eigen::Index draw, Eigen::Index first) {
  return {seed,
          static_cast<std::uint64_t>(draw) + (static_cast<std::uint64_t>(first / stripe) << 32)};
}

// Sums of add(first cluster, clusters, sums) over the stripes, which are added up in order.
template <class Add>
Eigen::MatrixXd over_stripes(Eigen::Index clusters, Eigen::Index rows, Eigen::Index cols,
                             const Execution& exec, Add&& add) {
  const Eigen::Index stripes = (clusters + stripe - 1) / stripe, memory = 4 << 20;
  const Eigen::Index by_memory =
      std::max<Eigen::Index>(1, memory / std::max<Eigen::Index>(rows * cols, 1));
  const Eigen::Index most = std::min<Eigen::Index>(64, by_memory),
                     each = (stripes + most - 1) / most;
  std::vector<Eigen::MatrixXd> part(
      static_cast<std::size_t>(each > 0 ? (stripes + each - 1) / each : 0));
  parallel_for(part.size(), exec, [&](std::size_t c) {
    part[c].setZero(rows, cols);
    const Eigen::Index begin = static_cast<Eigen::Index>(c) * each * stripe;
    for (Eigen::Index first = begin; first < std::min(clusters, begin + each * stripe);
         first += stripe)
      add(first, std::min(stripe, clusters - first), part[c]);
  });
  Eigen::MatrixXd out = Eigen::MatrixXd::Zero(rows, cols);
  for (const Eigen::MatrixXd& p : part) out += p;
  return out;
}

// Sums over those of 32 clusters that a draw has a bit for, four effects side by side, looked up
// for eight clusters at a time: an eighth of the additions.
class SubsetSums {
 public:
  static constexpr int clusters = 32, effects = 4;

  SubsetSums() : sums_(tables * patterns * effects) {}

  // psi: effects x clusters.
  void build(const double* psi) {
    for (int table = 0; table < tables; ++table) {
      double* sums = sums_.data() + table * patterns * effects;
      std::fill(sums, sums + effects, 0.0);
      for (int bit = 0; bit < bits; ++bit, psi += effects) add_cluster(psi, effects << bit, sums);
    }
  }

  // chosen: a word a draw; out: effects x draws.
  void add(const std::uint32_t* chosen, Eigen::Index draws, double* out) const {
    const double* sums = sums_.data();
    vectorized([&]() PILOTDID_INLINE {
      constexpr int next = patterns * effects;
      for (Eigen::Index b = 0; b < draws; ++b) {
        const std::size_t word = chosen[b];
        const double* s0 = sums + effects * (word & 255);
        const double* s1 = sums + effects * (word >> 8 & 255) + next;
        const double* s2 = sums + effects * (word >> 16 & 255) + 2 * next;
        const double* s3 = sums + effects * (word >> 24) + 3 * next;
        double* to = out + effects * b;
        PILOTDID_SIMD()
        for (int i = 0; i < effects; ++i) to[i] += (s0[i] + s1[i]) + (s2[i] + s3[i]);
      }
    });
  }

 private:
  static constexpr int bits = 8, patterns = 1 << bits, tables = clusters / bits;

  // The sums so far (`size` numbers) once more, with one more cluster in them.
  static void add_cluster(const double* psi, int size, double* sums) {
    vectorized([&]() PILOTDID_INLINE {
      for (int m = 0; m < size; m += effects) {
        PILOTDID_SIMD()
        for (int i = 0; i < effects; ++i) sums[size + m + i] = sums[m + i] + psi[i];
      }
    });
  }

  AlignedDoubles sums_;
};

// low times the sum of all clusters plus (high - low) times that of the clusters with `high`.
inline Eigen::MatrixXd two_point_draws(const Eigen::Ref<const Eigen::MatrixXd>& psi,
                                       Eigen::Index draws, TwoPoints points, std::uint64_t seed,
                                       const Execution& exec) {
  constexpr int width = SubsetSums::effects, step = SubsetSums::clusters;
  const Eigen::Index k = psi.cols(), tiles = (k + width - 1) / width;
  const std::uint64_t threshold = static_cast<std::uint64_t>(std::ldexp(points.share, 64));
  // Effects 4 t .. 4 t + 3 are columns t * draws .. (t + 1) * draws - 1.
  const Eigen::MatrixXd chosen = over_stripes(
      psi.rows(), width, tiles * draws, exec,
      [&](Eigen::Index first, Eigen::Index n, Eigen::MatrixXd& sums) {
        const Eigen::Index steps = (n + step - 1) / step;
        std::vector<std::uint32_t> words(static_cast<std::size_t>((steps + 1) * draws));
        for (Eigen::Index b = 0; b < draws; ++b) {
          Random random = stripe_random(seed, b, first);
          for (Eigen::Index s = 0; s < steps; s += 2) {
            const std::uint64_t both = random_bits(random, threshold);
            words[s * draws + b] = static_cast<std::uint32_t>(both);
            words[(s + 1) * draws + b] = static_cast<std::uint32_t>(both >> 32);
          }
        }
        SubsetSums table;
        Eigen::MatrixXd own(width, step);
        for (Eigen::Index t = 0; t < tiles; ++t)
          for (Eigen::Index s = 0; s < steps; ++s) {
            const Eigen::Index effects = std::min<Eigen::Index>(width, k - width * t);
            const Eigen::Index clusters = std::min<Eigen::Index>(step, n - step * s);
            own.setZero();
            own.topLeftCorner(effects, clusters) =
                psi.block(first + step * s, width * t, clusters, effects).transpose();
            table.build(own.data());
            table.add(&words[s * draws], draws, sums.col(t * draws).data());
          }
      });
  Eigen::MatrixXd out(draws, k);
  for (Eigen::Index j = 0; j < k; ++j)
    out.col(j) = points.low * psi.col(j).sum() +
                 (points.high - points.low) *
                     chosen.row(j % width).segment(j / width * draws, draws).transpose().array();
  return out;
}

inline Eigen::MatrixXd normal_draws(const Eigen::Ref<const Eigen::MatrixXd>& psi,
                                    Eigen::Index draws, std::uint64_t seed, const Execution& exec) {
  const Eigen::Index block = 64;
  return over_stripes(psi.rows(), draws, psi.cols(), exec,
                      [&](Eigen::Index first, Eigen::Index n, Eigen::MatrixXd& sums) {
                        Eigen::MatrixXd weights(n, block);
                        for (Eigen::Index b0 = 0; b0 < draws; b0 += block) {
                          const Eigen::Index size = std::min(block, draws - b0);
                          for (Eigen::Index b = 0; b < size; ++b) {
                            Random random = stripe_random(seed, b0 + b, first);
                            for (Eigen::Index i = 0; i < n; ++i) weights(i, b) = random.normal();
                          }
                          sums.middleRows(b0, size).noalias() +=
                              weights.leftCols(size).transpose() * psi.middleRows(first, n);
                        }
                      });
}

}  // namespace detail

// psi: clusters x effects. -> draws x effects.
inline Eigen::MatrixXd multiplier_bootstrap(const Eigen::Ref<const Eigen::MatrixXd>& psi, int draws,
                                            Multiplier type, std::uint64_t seed,
                                            const Execution& exec) {
  if (type == Multiplier::normal) return detail::normal_draws(psi, draws, seed, exec);
  return detail::two_point_draws(psi, draws, two_points(type), seed, exec);
}

}  // namespace pilotdid

#endif
