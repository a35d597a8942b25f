// Wild cluster bootstrap of one t statistic by its rank structure (Roodman, MacKinnon, Nielsen and
// Webb 2019). With weights v (one a cluster) the numerator is n'v and each way of clustering adds
//   factor * |S v - L R v|^2 = factor * (v'S'S v - 2 (M v)'(R v)),  M = L'S - L'L R / 2,
// to the squared denominator: a draw costs a few products with v of as many rows as there are
// periods and regressors. Everything is linear in the value r of the null, so that draws serve all
// r.
#ifndef PILOTDID_WILD_BOOTSTRAP_HPP
#define PILOTDID_WILD_BOOTSTRAP_HPP

#include <Eigen/Dense>
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

#include "parallel.hpp"
#include "random.hpp"
#include "simd.hpp"

namespace pilotdid {

enum class WildWeights { rademacher = 0, webb = 1, mammen = 2 };

// One way of clustering the variance.
struct WildWay {
  double factor = 1;
  int roots = 0;  // rows of S0 and S1 among the forms
  Eigen::MatrixXd
      diagonal;  // clusters x 3, or empty: S'S where it is diagonal (S0'S0, S0'S1, S1'S1)
};

// forms: rows to multiply with v, for the constant part (0) and the part times r (1):
//   n0, n1, R0, R1 (rank each), then for each way S0, S1 (roots each), M0, M1 (rank each).
struct WildProblem {
  Eigen::MatrixXd forms;  // rows x clusters
  int rank = 0;
  std::vector<WildWay> ways;
};

// The weights of one draw.
class WeightDrawer {
 public:
  WeightDrawer(WildWeights type, std::uint64_t seed, bool enumerate)
      : type_(type), seed_(seed), enumerate_(enumerate) {}

  // Signs as bits.
  static constexpr int word_signs = 64;
  static std::size_t words(Eigen::Index clusters) {
    return (static_cast<std::size_t>(clusters) + word_signs - 1) / word_signs;
  }
  void bits(std::uint64_t draw, std::uint64_t* words, std::size_t count) const {
    if (enumerate_) {
      std::fill(words, words + count, 0);
      words[0] = draw;
      return;
    }
    Random random(seed_, draw);
    std::generate(words, words + count, [&] { return random.bits(); });
  }

  void weights(std::uint64_t draw, Eigen::Ref<Eigen::VectorXd> v) const {
    if (type_ == WildWeights::rademacher) {
      std::vector<std::uint64_t> drawn(words(v.size()));
      bits(draw, drawn.data(), drawn.size());
      for (Eigen::Index g = 0; g < v.size(); ++g)
        v[g] = drawn[g / word_signs] >> (g % word_signs) & 1 ? -1 : 1;
      return;
    }
    Random random(seed_, draw);
    if (type_ == WildWeights::webb) {
      const double points[6] = {-std::sqrt(1.5), -1, -std::sqrt(0.5),
                                std::sqrt(0.5),  1,  std::sqrt(1.5)};
      for (Eigen::Index g = 0; g < v.size(); ++g) v[g] = points[random.below(6)];
      return;
    }
    const double root = std::sqrt(5.0), low = (1 - root) / 2, high = (1 + root) / 2;
    const double share = (root + 1) / (2 * root);
    for (Eigen::Index g = 0; g < v.size(); ++g) v[g] = random.uniform() < share ? low : high;
  }

 private:
  WildWeights type_;
  std::uint64_t seed_;
  bool enumerate_;
};

namespace detail {

// forms * v for signs v by a table of the signed sums of four clusters at a time. The sums of
// sixteen clusters stay in the first-level cache while a batch of draws reads them.
class SignTable {
 public:
  static constexpr int batch = 16;

  explicit SignTable(const Eigen::MatrixXd& forms)
      : height_((forms.rows() + 3) / 4 * 4),  // rows in fours, those without a form zero
        steps_((forms.cols() + 15) / 16),
        words_(WeightDrawer::words(forms.cols())),
        table_(static_cast<std::size_t>(height_ * steps_ * 4 * patterns)) {
    for (Eigen::Index q = 0; q < 4 * steps_; ++q)
      for (int pattern = 0; pattern < patterns; ++pattern) {
        Eigen::Map<Eigen::VectorXd> sum(table_.data() + height_ * (q * patterns + pattern),
                                        forms.rows());
        for (Eigen::Index b = 0; b < 4 && 4 * q + b < forms.cols(); ++b)
          sum += (pattern >> b & 1 ? -1.0 : 1.0) * forms.col(4 * q + b);
      }
  }
  Eigen::Index height() const { return height_; }

  // z: height x draws (at most a batch), for the draws first, first + 1, ...; words: scratch.
  void multiply(const WeightDrawer& drawer, int first, int draws, std::vector<std::uint64_t>& words,
                AlignedDoubles& z) const {
    words.resize(words_ * batch);
    for (int d = 0; d < draws; ++d)
      drawer.bits(static_cast<std::uint64_t>(first + d), &words[words_ * d], words_);
    std::fill(z.data(), z.data() + height_ * draws, 0.0);
    for (Eigen::Index step = 0; step < steps_; ++step)
      add_step(table_.data() + step * 4 * patterns * height_, &words[step / 4],
               static_cast<int>(16 * (step % 4)), draws, z.data());
  }

 private:
  static constexpr int patterns = 16;

  // Sixteen clusters, signs from bit `shift` on of each draw's word.
  void add_step(const double* sums, const std::uint64_t* word, int shift, int draws,
                double* z) const {
    const Eigen::Index height = height_, next = patterns * height;
    const std::size_t words = words_;
    vectorized([&]() PILOTDID_INLINE {
      for (int d = 0; d < draws; ++d) {
        const std::uint64_t bits = word[words * d] >> shift;
        const double* x0 = sums + height * (bits & 15);
        const double* x1 = sums + height * (bits >> 4 & 15) + next;
        const double* x2 = sums + height * (bits >> 8 & 15) + 2 * next;
        const double* x3 = sums + height * (bits >> 12 & 15) + 3 * next;
        double* to = z + height * d;
        PILOTDID_SIMD()
        for (Eigen::Index i = 0; i < height; ++i) to[i] += (x0[i] + x1[i]) + (x2[i] + x3[i]);
      }
    });
  }

  Eigen::Index height_, steps_;
  std::size_t words_;
  AlignedDoubles table_;
};

// n0, n1 and the three coefficients of the squared denominator, from z = forms * v. v: null for
// signs, whose squares are one.
inline void read_draw(const WildProblem& p, const Eigen::Ref<const Eigen::VectorXd>& z,
                      const Eigen::VectorXd* v,
                      Eigen::Ref<Eigen::RowVectorXd, 0, Eigen::InnerStride<>> out) {
  const Eigen::Index r = p.rank;
  const auto r0 = z.segment(2, r), r1 = z.segment(2 + r, r);
  double v00 = 0, v01 = 0, v11 = 0;
  Eigen::Index at = 2 + 2 * r;
  for (const WildWay& way : p.ways) {
    const auto s0 = z.segment(at, way.roots), s1 = z.segment(at + way.roots, way.roots);
    at += 2 * way.roots;
    const auto m0 = z.segment(at, r), m1 = z.segment(at + r, r);
    at += 2 * r;
    double d00 = s0.squaredNorm() - 2 * m0.dot(r0);
    double d01 = s0.dot(s1) - m0.dot(r1) - m1.dot(r0);
    double d11 = s1.squaredNorm() - 2 * m1.dot(r1);
    if (way.diagonal.size() > 0) {
      const Eigen::RowVector3d sums = v ? (v->cwiseAbs2().transpose() * way.diagonal).eval()
                                        : way.diagonal.colwise().sum().eval();
      d00 += sums[0];
      d01 += sums[1];
      d11 += sums[2];
    }
    v00 += way.factor * d00;
    v01 += way.factor * d01;
    v11 += way.factor * d11;
  }
  out << z[0], z[1], v00, v01, v11;
}

}  // namespace detail

// draws x 5: n0, n1, V00, V01, V11; t*(r)^2 = (n0 + r n1)^2 / (V00 + 2 r V01 + r^2 V11).
inline Eigen::MatrixXd wild_bootstrap(const WildProblem& p, WildWeights type, int draws,
                                      std::uint64_t seed, bool enumerate, const Execution& exec) {
  const WeightDrawer drawer(type, seed, enumerate);
  const bool signs = type == WildWeights::rademacher;
  const detail::SignTable table(signs ? p.forms : Eigen::MatrixXd(0, 0));
  const int batch = detail::SignTable::batch;
  Eigen::MatrixXd out(draws, 5);
  each_block(static_cast<std::size_t>(draws), 32 * batch, exec,
             [&](std::size_t, std::size_t from, std::size_t to) {
               const int end = static_cast<int>(to);
               if (!signs) {
                 Eigen::VectorXd v(p.forms.cols()), z;
                 for (int b = static_cast<int>(from); b < end; ++b) {
                   drawer.weights(static_cast<std::uint64_t>(b), v);
                   z.noalias() = p.forms * v;
                   detail::read_draw(p, z, &v, out.row(b));
                 }
                 return;
               }
               std::vector<std::uint64_t> words;
               AlignedDoubles z(static_cast<std::size_t>(table.height() * batch));
               for (int b = static_cast<int>(from); b < end; b += batch) {
                 const int n = std::min(batch, end - b);
                 table.multiply(drawer, b, n, words, z);
                 for (int d = 0; d < n; ++d) {
                   const Eigen::Map<const Eigen::VectorXd> column(z.data() + table.height() * d,
                                                                  table.height());
                   detail::read_draw(p, column, nullptr, out.row(b + d));
                 }
               }
             });
  return out;
}

// How many draws have |t*(value)| of at least the root of `squared`. A negative variance counts.
// Without threads: waking them takes longer than the loop, and a confidence set asks often.
inline int count_beyond(const Eigen::Ref<const Eigen::MatrixXd>& draws, double value,
                        double squared) {
  const double *n0 = draws.col(0).data(), *n1 = draws.col(1).data(), *v00 = draws.col(2).data(),
               *v01 = draws.col(3).data(), *v11 = draws.col(4).data();
  const Eigen::Index n = draws.rows();
  int count = 0;
  vectorized([&]() PILOTDID_INLINE {
    int found = 0;
    PILOTDID_SIMD(reduction(+ : found))
    for (Eigen::Index b = 0; b < n; ++b) {
      const double top = n0[b] + value * n1[b];
      const double variance = v00[b] + value * (2 * v01[b] + value * v11[b]);
      found += top * top >= squared * variance ? 1 : 0;
    }
    count = found;
  });
  return count;
}

// Joint hypotheses: the Wald statistic of each draw, NaN where its covariance is singular.
// numerator: q x clusters; kernels: for each way and parameter, way-clusters x clusters.
inline std::vector<double> wild_bootstrap_joint(
    const Eigen::MatrixXd& numerator, const std::vector<double>& factors,
    const std::vector<std::vector<Eigen::MatrixXd>>& kernels, WildWeights type, int draws,
    std::uint64_t seed, bool enumerate, const Execution& exec) {
  const Eigen::Index clusters = numerator.cols(), q = numerator.rows();
  const WeightDrawer drawer(type, seed, enumerate);
  std::vector<double> out(static_cast<std::size_t>(draws));
  const int each = 64, chunks = (draws + each - 1) / each;
  parallel_for(static_cast<std::size_t>(chunks), exec, [&](std::size_t c) {
    const int first = static_cast<int>(c) * each, n = std::min(draws - first, each);
    Eigen::MatrixXd v(clusters, n);
    for (int b = 0; b < n; ++b) drawer.weights(static_cast<std::uint64_t>(first + b), v.col(b));
    const Eigen::MatrixXd top = numerator * v;
    std::vector<Eigen::MatrixXd> variance(static_cast<std::size_t>(n), Eigen::MatrixXd::Zero(q, q));
    for (std::size_t w = 0; w < kernels.size(); ++w) {
      std::vector<Eigen::MatrixXd> sums;
      for (const Eigen::MatrixXd& kernel : kernels[w]) sums.push_back(kernel * v);
      for (int b = 0; b < n; ++b)
        for (Eigen::Index i = 0; i < q; ++i)
          for (Eigen::Index j = 0; j < q; ++j)
            variance[b](i, j) += factors[w] * sums[i].col(b).dot(sums[j].col(b));
    }
    for (int b = 0; b < n; ++b) {
      const Eigen::LDLT<Eigen::MatrixXd> ldlt(variance[b]);
      const bool positive =
          ldlt.info() == Eigen::Success && ldlt.isPositive() && ldlt.vectorD().minCoeff() > 0;
      out[first + b] = positive ? top.col(b).dot(ldlt.solve(top.col(b)))
                                : std::numeric_limits<double>::quiet_NaN();
    }
  });
  return out;
}

}  // namespace pilotdid

#endif
