// Moran's I and Geary's C of columns of N values, with their moments under randomization and by
// permutation; the local statistic of each unit. Cliff and Ord (1981); Anselin (1995).
#ifndef PILOTDID_MORAN_HPP
#define PILOTDID_MORAN_HPP

#include <Eigen/Dense>
#include <cmath>
#include <cstdint>
#include <numeric>
#include <vector>

#include "parallel.hpp"
#include "random.hpp"
#include "spatial_weights.hpp"

namespace pilotdid {

enum class Autocorrelation { moran = 0, geary = 1 };

struct GlobalStatistic {
  double estimate = 0, expected = 0, variance = 0;
  int above = 0, below = 0;  // permutations at least, and at most, as large
};

// S0 = sum w_ij, S1 = sum (w_ij + w_ji)^2 / 2, S2 = sum (w_i. + w_.i)^2
struct WeightSums {
  double s0 = 0, s1 = 0, s2 = 0;
};

inline WeightSums weight_sums(const SpatialWeights& w) {
  WeightSums s;
  const Eigen::SparseMatrix<double, Eigen::RowMajor> own = w.matrix();
  const Eigen::SparseMatrix<double, Eigen::RowMajor> other = own.transpose();
  s.s0 = own.sum();
  s.s1 = own.cwiseAbs2().sum() + own.cwiseProduct(other).sum();
  const Eigen::VectorXd ones = Eigen::VectorXd::Ones(w.n);
  s.s2 = (own * ones + other * ones).squaredNorm();
  return s;
}

namespace detail {

// z: N deviations from the mean. Geary's numerator sum w_ij (z_i - z_j)^2 is taken apart so that
// both statistics need one lag: sum_i (w_i. + w_.i) z_i^2 - 2 z'Wz.
class GlobalNumerator {
 public:
  GlobalNumerator(const SpatialWeights& w, Autocorrelation kind) : w_(w), kind_(kind) {
    if (kind == Autocorrelation::moran) return;
    const Eigen::VectorXd ones = Eigen::VectorXd::Ones(w.n);
    margin_ = w.row_sums() + w.lag_transposed(ones);
  }
  // N x m -> m values
  Eigen::VectorXd operator()(const Eigen::MatrixXd& z) const {
    const Eigen::VectorXd cross = z.cwiseProduct(w_.lag(z)).colwise().sum();
    if (kind_ == Autocorrelation::moran) return cross;
    return z.cwiseAbs2().transpose() * margin_ - 2 * cross;
  }

 private:
  const SpatialWeights& w_;
  Autocorrelation kind_;
  Eigen::VectorXd margin_;
};

}  // namespace detail

// Expectation and variance when every assignment of the values to the units is equally likely.
inline void set_moments(GlobalStatistic& g, const WeightSums& s, const Eigen::VectorXd& z,
                        Autocorrelation kind) {
  const double n = static_cast<double>(z.size()), s02 = s.s0 * s.s0;
  const double m2 = z.squaredNorm() / n, k = z.array().square().square().mean() / (m2 * m2);
  if (kind == Autocorrelation::moran) {
    g.expected = -1 / (n - 1);
    g.variance = (n * (s.s1 * (n * n - 3 * n + 3) - n * s.s2 + 3 * s02) -
                  k * (s.s1 * (n * n - n) - 2 * n * s.s2 + 6 * s02)) /
                     ((n - 1) * (n - 2) * (n - 3) * s02) -
                 g.expected * g.expected;
  } else {
    g.expected = 1;
    g.variance = ((n - 1) * s.s1 * (n * n - 3 * n + 3 - (n - 1) * k) -
                  0.25 * (n - 1) * s.s2 * (n * n + 3 * n - 6 - (n * n - n + 2) * k) +
                  s02 * (n * n - 3 - (n - 1) * (n - 1) * k)) /
                 (n * (n - 2) * (n - 3) * s02);
  }
}

// x: N x m, one test a column. Permutation r is the same for all columns; permutations come in
// blocks.
inline std::vector<GlobalStatistic> global_autocorrelation(const SpatialWeights& w,
                                                           const Eigen::MatrixXd& x,
                                                           Autocorrelation kind, int permutations,
                                                           std::uint64_t seed,
                                                           const Execution& exec) {
  const detail::GlobalNumerator numerator(w, kind);
  const WeightSums s = weight_sums(w);
  const Eigen::MatrixXd z = x.rowwise() - x.colwise().mean();
  const double n = w.n;
  Eigen::VectorXd scale = z.colwise().squaredNorm().cwiseInverse() / s.s0;
  scale *= kind == Autocorrelation::moran ? n : 0.5 * (n - 1);
  const Eigen::VectorXd observed = numerator(z);

  const int block = 16;
  const std::size_t chunks = (static_cast<std::size_t>(permutations) + block - 1) / block;
  std::vector<Eigen::MatrixXi> counts(chunks, Eigen::MatrixXi::Zero(2, z.cols()));
  parallel_for(chunks, exec, [&](std::size_t c) {
    const int first = static_cast<int>(c) * block, width = std::min(block, permutations - first);
    std::vector<std::vector<int>> order(static_cast<std::size_t>(width), std::vector<int>(w.n));
    for (int r = 0; r < width; ++r) {
      std::iota(order[r].begin(), order[r].end(), 0);
      Random(seed, static_cast<std::uint64_t>(first + r)).shuffle(order[r]);
    }
    Eigen::MatrixXd shuffled(w.n, width);
    for (Eigen::Index k = 0; k < z.cols(); ++k) {
      for (int r = 0; r < width; ++r)
        for (int i = 0; i < w.n; ++i) shuffled(i, r) = z(order[r][i], k);
      const Eigen::VectorXd drawn = numerator(shuffled);
      // Equal up to the rounding of a sum in another order.
      const double slack = 1e-12 * (std::abs(observed[k]) + z.col(k).squaredNorm());
      counts[c](0, k) = static_cast<int>((drawn.array() >= observed[k] - slack).count());
      counts[c](1, k) = static_cast<int>((drawn.array() <= observed[k] + slack).count());
    }
  });
  std::vector<GlobalStatistic> out(static_cast<std::size_t>(z.cols()));
  for (Eigen::Index k = 0; k < z.cols(); ++k) {
    GlobalStatistic& g = out[static_cast<std::size_t>(k)];
    g.estimate = observed[k] * scale[k];
    set_moments(g, s, z.col(k), kind);
    for (const Eigen::MatrixXi& count : counts) {
      g.above += count(0, k);
      g.below += count(1, k);
    }
  }
  return out;
}

struct LocalStatistics {
  Eigen::VectorXd estimate, expected, variance, lag;
  Eigen::VectorXi above, below;  // conditional permutations at least, and at most, as large
};

namespace detail {

// The other units' values in random places of unit i: draws without replacement for its neighbors.
inline void permute_around(const SpatialWeights& w, const Eigen::VectorXd& z, int i,
                           double observed, double factor, int permutations, std::uint64_t seed,
                           LocalStatistics& out) {
  const int links = w.start[i + 1] - w.start[i];
  std::vector<int> others;
  others.reserve(static_cast<std::size_t>(w.n) - 1);
  for (int j = 0; j < w.n; ++j)
    if (j != i) others.push_back(j);
  Random random(seed, static_cast<std::uint64_t>(i));
  const double slack = 1e-12 * (std::abs(observed) + std::abs(factor));
  for (int r = 0; r < permutations; ++r) {
    double lag = 0;
    for (int l = 0; l < links; ++l) {
      const std::uint32_t left =
          static_cast<std::uint32_t>(others.size()) - static_cast<std::uint32_t>(l);
      std::swap(others[l], others[l + random.below(left)]);
      lag += w.value[w.start[i] + l] * z[others[l]];
    }
    out.above[i] += factor * lag >= observed - slack;
    out.below[i] += factor * lag <= observed + slack;
  }
}

}  // namespace detail

// I_i = z_i (Wz)_i / m2. Moments given the unit's own value, all others in random order (Sokal,
// Oden and Thomson 1998): the expectation of z_j is -z_i / (n - 1).
inline LocalStatistics local_moran(const SpatialWeights& w, const Eigen::VectorXd& x,
                                   int permutations, std::uint64_t seed, const Execution& exec) {
  const double n = w.n;
  const Eigen::VectorXd z = x.array() - x.mean();
  const double m2 = z.squaredNorm() / n;
  LocalStatistics out;
  out.lag = w.lag(z);
  out.estimate = z.cwiseProduct(out.lag) / m2;
  out.expected.resize(w.n);
  out.variance.resize(w.n);
  out.above = out.below = Eigen::VectorXi::Zero(w.n);
  const std::size_t each = 64, chunks = (static_cast<std::size_t>(w.n) + each - 1) / each;
  parallel_for(chunks, exec, [&](std::size_t c) {
    for (int i = static_cast<int>(c * each);
         i < std::min<int>(w.n, static_cast<int>((c + 1) * each)); ++i) {
      double sum = 0, squares = 0;
      for (int p = w.start[i]; p < w.start[i + 1]; ++p) {
        sum += w.value[p];
        squares += w.value[p] * w.value[p];
      }
      const double own = z[i] * z[i];
      out.expected[i] = -sum * own / (m2 * (n - 1));
      out.variance[i] =
          own / (m2 * m2) * n / (n - 2) * (squares - sum * sum / (n - 1)) * (m2 - own / (n - 1));
      if (permutations > 0)
        detail::permute_around(w, z, i, out.estimate[i], z[i] / m2, permutations, seed, out);
    }
  });
  return out;
}

}  // namespace pilotdid

#endif
