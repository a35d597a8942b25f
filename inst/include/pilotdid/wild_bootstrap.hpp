// Wild cluster bootstrap of one t statistic by its rank structure (Roodman, MacKinnon, Nielsen and
// Webb 2019). With weights v (one a cluster) the numerator is n'v and each way of clustering adds
//   factor * |S v - L R v|^2 = factor * (v'S'S v - 2 (L'S v)'(R v) + (R v)'(L'L)(R v))
// to the squared denominator: a draw costs a few products with v of as many rows as there are
// periods and regressors. Everything is linear in the value r of the null, so that draws serve all
// r.
#ifndef PILOTDID_WILD_BOOTSTRAP_HPP
#define PILOTDID_WILD_BOOTSTRAP_HPP

#include <Eigen/Dense>
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
      diagonal;            // clusters x 3, or empty: S'S where it is diagonal (S0'S0, S0'S1, S1'S1)
  Eigen::MatrixXd square;  // L'L, rank x rank
};

// forms: rows to multiply with v, for the constant part (0) and the part times r (1):
//   n0, n1, R0, R1 (rank each), then for each way S0, S1 (roots each), L'S0, L'S1 (rank each).
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

  // Signs as bits, sixty a word, so that tables of 4 and of 6 signs both divide it.
  static constexpr int word_signs = 60;
  static std::size_t words(Eigen::Index clusters) {
    return (static_cast<std::size_t>(clusters) + word_signs - 1) / word_signs;
  }
  void bits(std::uint64_t draw, std::vector<std::uint64_t>& words) const {
    if (enumerate_) {
      words.assign(words.size(), 0);
      words[0] = draw;
      return;
    }
    Random random(seed_, draw);
    for (auto& word : words) word = random.bits();
  }

  void weights(std::uint64_t draw, Eigen::Ref<Eigen::VectorXd> v) const {
    if (type_ == WildWeights::rademacher) {
      std::vector<std::uint64_t> drawn(words(v.size()));
      bits(draw, drawn);
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

// forms * v, and zeros up to a multiple of four rows, for signs v, `width` clusters at a time by a
// table of their signed sums. Six at a time while the table fits the second-level cache, else four.
class SignTable {
 public:
  explicit SignTable(const Eigen::MatrixXd& forms) {
    const std::size_t cache = 1 << 20;
    const std::size_t six = static_cast<std::size_t>(forms.size()) * 64 / 6 * sizeof(double);
    width_ = six <= cache ? 6 : 4;
    groups_ = (forms.cols() + width_ - 1) / width_;
    const int patterns = 1 << width_;
    // Rows in fours, those without a form zero.
    table_.setZero((forms.rows() + 3) / 4 * 4, groups_ * patterns);
    for (Eigen::Index q = 0; q < groups_; ++q)
      for (int pattern = 0; pattern < patterns; ++pattern) {
        auto sum = table_.col(q * patterns + pattern).head(forms.rows());
        for (int b = 0; b < width_ && width_ * q + b < forms.cols(); ++b)
          sum += (pattern >> b & 1 ? -1.0 : 1.0) * forms.col(width_ * q + b);
      }
  }
  // chosen: scratch.
  void multiply(const std::vector<std::uint64_t>& words, std::vector<const double*>& chosen,
                Eigen::VectorXd& out) const {
    chosen.resize(static_cast<std::size_t>(groups_));
    const int each = WeightDrawer::word_signs / width_, patterns = 1 << width_;
    for (Eigen::Index q = 0; q < groups_; ++q)
      chosen[static_cast<std::size_t>(q)] =
          table_
              .col(q * patterns + static_cast<Eigen::Index>(
                                      words[q / each] >> (width_ * (q % each)) & (patterns - 1)))
              .data();
    // Sixteen rows at a time: their sums stay in registers.
    out.resize(table_.rows());
    Eigen::Index row = 0;
    for (; row + 16 <= table_.rows(); row += 16) sum_rows<4>(row, chosen, out.data());
    for (; row < table_.rows(); row += 4) sum_rows<1>(row, chosen, out.data());
  }

 private:
  // The sums of rows row .. row + 4 fours - 1.
  template <int fours>
  static void sum_rows(Eigen::Index row, const std::vector<const double*>& chosen, double* out) {
    vectorized([&]() PILOTDID_INLINE {
      Four sum[fours] = {};
      for (const double* column : chosen) {
        const Four* x = reinterpret_cast<const Four*>(column + row);
        PILOTDID_UNROLL
        for (int i = 0; i < fours; ++i) sum[i] += x[i];
      }
      Four* to = reinterpret_cast<Four*>(out + row);
      for (int i = 0; i < fours; ++i) to[i] = sum[i];
    });
  }

  int width_ = 4;
  Eigen::Index groups_ = 0;
  Eigen::MatrixXd table_;
};

// n0, n1 and the three coefficients of the squared denominator, from z = forms * v.
inline void read_draw(const WildProblem& p, const Eigen::VectorXd& z, const Eigen::VectorXd* v,
                      double* out) {
  const Eigen::Index r = p.rank;
  const auto r0 = z.segment(2, r), r1 = z.segment(2 + r, r);
  double v00 = 0, v01 = 0, v11 = 0;
  Eigen::Index at = 2 + 2 * r;
  for (const WildWay& way : p.ways) {
    const auto s0 = z.segment(at, way.roots), s1 = z.segment(at + way.roots, way.roots);
    at += 2 * way.roots;
    const auto m0 = z.segment(at, r), m1 = z.segment(at + r, r);
    at += 2 * r;
    double d00 = s0.squaredNorm(), d01 = s0.dot(s1), d11 = s1.squaredNorm();
    if (way.diagonal.size() > 0) {
      // Signs have square one.
      const Eigen::RowVector3d sums = v ? (v->cwiseAbs2().transpose() * way.diagonal).eval()
                                        : way.diagonal.colwise().sum().eval();
      d00 += sums[0];
      d01 += sums[1];
      d11 += sums[2];
    }
    if (r > 0) {
      const Eigen::VectorXd q0 = way.square * r0, q1 = way.square * r1;
      d00 += r0.dot(q0) - 2 * m0.dot(r0);
      d01 += r0.dot(q1) - m0.dot(r1) - m1.dot(r0);
      d11 += r1.dot(q1) - 2 * m1.dot(r1);
    }
    v00 += way.factor * d00;
    v01 += way.factor * d01;
    v11 += way.factor * d11;
  }
  out[0] = z[0];
  out[1] = z[1];
  out[2] = v00;
  out[3] = v01;
  out[4] = v11;
}

}  // namespace detail

// 5 x draws: n0, n1, V00, V01, V11 of each draw; t*(r)^2 = (n0 + r n1)^2 / (V00 + 2 r V01 + r^2
// V11).
inline Eigen::MatrixXd wild_bootstrap(const WildProblem& p, WildWeights type, int draws,
                                      std::uint64_t seed, bool enumerate, const Execution& exec) {
  const Eigen::Index clusters = p.forms.cols();
  const WeightDrawer drawer(type, seed, enumerate);
  const bool signs = type == WildWeights::rademacher;
  const detail::SignTable table(signs ? p.forms : Eigen::MatrixXd(0, 0));
  Eigen::MatrixXd out(5, draws);
  const int each = 512, chunks = (draws + each - 1) / each;
  parallel_for(static_cast<std::size_t>(chunks), exec, [&](std::size_t c) {
    std::vector<std::uint64_t> words(WeightDrawer::words(clusters));
    std::vector<const double*> chosen;
    Eigen::VectorXd z(p.forms.rows()), v(clusters);
    for (int b = static_cast<int>(c) * each; b < std::min(draws, (static_cast<int>(c) + 1) * each);
         ++b) {
      if (signs) {
        drawer.bits(static_cast<std::uint64_t>(b), words);
        table.multiply(words, chosen, z);
      } else {
        drawer.weights(static_cast<std::uint64_t>(b), v);
        z.noalias() = p.forms * v;
      }
      detail::read_draw(p, z, signs ? nullptr : &v, out.col(b).data());
    }
  });
  return out;
}

// How many draws have |t*(value)| of at least the root of `squared`. A negative variance counts.
inline int count_beyond(const Eigen::Ref<const Eigen::MatrixXd>& draws, double value,
                        double squared) {
  int count = 0;
  for (Eigen::Index b = 0; b < draws.cols(); ++b) {
    const double* d = draws.col(b).data();
    const double top = d[0] + value * d[1];
    count += top * top >= squared * (d[2] + value * (2 * d[3] + value * d[4]));
  }
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
