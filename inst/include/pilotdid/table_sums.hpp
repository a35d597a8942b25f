// Influence that is a table: unit i contributes
//   psi_i = sum over its rows of value * table[code, ].
// Every estimator of effects by cohort and period has this form, with a code for (cohort, period),
// so that the units x effects matrix of influences is never an input and seldom an output.
#ifndef PILOTDID_TABLE_SUMS_HPP
#define PILOTDID_TABLE_SUMS_HPP

#include <Eigen/Dense>
#include <algorithm>
#include <cstdint>
#include <map>
#include <vector>

#include "column.hpp"
#include "cross_products.hpp"
#include "parallel.hpp"

namespace pilotdid {

// One term of the sum. value and code are by data row.
struct TableTerm {
  const double* value = nullptr;
  const int* code = nullptr;
  Eigen::MatrixXd table;  // effects x codes: the effects of one code lie side by side
};

// Dense contributions by unit beside the tables: block (units x p) times map (effects x p).
struct DenseTerm {
  const double* block = nullptr;
  Eigen::MatrixXd map;
};

struct TableInfluence {
  Rows rows;
  const int* start = nullptr;
  int units = 0, effects = 0;
  std::vector<TableTerm> terms;
  std::vector<DenseTerm> dense;
};

namespace detail {

// The dense contributions of a few units at a time, those of one unit side by side: the blocks lie
// by column, and reading them across would fetch a line of memory for each number.
class DenseStrip {
 public:
  explicit DenseStrip(const TableInfluence& f) : f_(f) {
    Eigen::Index p = 0;
    for (const DenseTerm& term : f.dense) p += term.map.cols();
    values_.resize(p, length);
  }
  Eigen::Index size() const { return values_.rows(); }
  // Units are asked for in ascending order.
  const double* of(int unit) {
    if (size() == 0) return nullptr;
    if (unit < first_ || unit >= first_ + length) load(unit);
    return values_.col(unit - first_).data();
  }

 private:
  static constexpr int length = 64;
  void load(int first) {
    first_ = first;
    const int n = std::min(int(length), f_.units - first);
    Eigen::Index at = 0;
    for (const DenseTerm& term : f_.dense)
      for (Eigen::Index j = 0; j < term.map.cols(); ++j, ++at) {
        const double* x = term.block + static_cast<std::size_t>(j) * f_.units + first;
        for (int i = 0; i < n; ++i) values_(at, i) = x[i];
      }
  }
  const TableInfluence& f_;
  Eigen::MatrixXd values_;
  int first_ = -length;
};

// Adds what the tables say of one unit to out.
inline void add_tables(const TableInfluence& f, int unit, Eigen::Ref<Eigen::VectorXd> out) {
  for (const TableTerm& term : f.terms)
    for (int p = f.start[unit]; p < f.start[unit + 1]; ++p) {
      const std::size_t row = f.rows[static_cast<std::size_t>(p)];
      const double value = term.value ? term.value[row] : 1.0;
      if (value != 0) out.noalias() += value * term.table.col(term.code[row]);
    }
}
// Adds its whole influence.
inline void add_unit(const TableInfluence& f, DenseStrip& strip, int unit,
                     Eigen::Ref<Eigen::VectorXd> out) {
  add_tables(f, unit, out);
  const double* values = strip.of(unit);
  for (const DenseTerm& term : f.dense)
    for (Eigen::Index j = 0; j < term.map.cols(); ++j) {
      const double value = *values++;
      if (value != 0) out.noalias() += value * term.map.col(j);
    }
}

constexpr int units_a_chunk = 4096;
inline std::size_t unit_chunks(int units) {
  return (static_cast<std::size_t>(units) + units_a_chunk - 1) / units_a_chunk;
}

}  // namespace detail

// cluster: unit -> 0 .. clusters-1, or null for the units themselves. -> clusters x effects.
inline Eigen::MatrixXd influence_sums(const TableInfluence& f, const int* cluster, int clusters,
                                      const Execution& exec) {
  if (cluster) {
    Eigen::MatrixXd sums = Eigen::MatrixXd::Zero(f.effects, clusters);
    detail::DenseStrip strip(f);
    for (int i = 0; i < f.units; ++i) detail::add_unit(f, strip, i, sums.col(cluster[i]));
    return sums.transpose();
  }
  Eigen::MatrixXd sums(f.units, f.effects);
  parallel_for(detail::unit_chunks(f.units), exec, [&](std::size_t c) {
    const int begin = static_cast<int>(c) * detail::units_a_chunk;
    const int n = std::min(detail::units_a_chunk, f.units - begin);
    Eigen::MatrixXd own = Eigen::MatrixXd::Zero(f.effects, n);
    for (int i = 0; i < n; ++i) detail::add_tables(f, begin + i, own.col(i));
    sums.middleRows(begin, n) = own.transpose();
    for (const DenseTerm& term : f.dense) {
      const Eigen::Map<const Eigen::MatrixXd> block(term.block, f.units, term.map.cols());
      sums.middleRows(begin, n).noalias() += block.middleRows(begin, n) * term.map.transpose();
    }
  });
  return sums;
}

namespace detail {

// Units that meet the same codes in the same order share their tables: psi = A z with one A for
// all, so that A (sum of z z') A' is the square. There are few such patterns beside units.
class PatternSquares {
 public:
  explicit PatternSquares(const TableInfluence& f) : f_(f) {}

  // False where there is no room for another pattern: the unit is then squared on its own.
  bool add(int unit, DenseStrip& strip) {
    codes_.clear();
    for (const TableTerm& term : f_.terms)
      for (int p = f_.start[unit]; p < f_.start[unit + 1]; ++p)
        codes_.push_back(term.code[f_.rows[static_cast<std::size_t>(p)]]);
    if (codes_ != last_ || !current_) {
      const auto found = patterns_.find(codes_);
      if (found == patterns_.end() && patterns_.size() >= most) return false;
      current_ = found != patterns_.end()
                     ? &found->second
                     : &patterns_
                            .emplace(codes_, Pattern(codes_.size() +
                                                     static_cast<std::size_t>(strip.size())))
                            .first->second;
      last_ = codes_;
    }
    auto z = current_->next();
    Eigen::Index at = 0;
    for (const TableTerm& term : f_.terms)
      for (int p = f_.start[unit]; p < f_.start[unit + 1]; ++p)
        z[at++] = term.value ? term.value[f_.rows[static_cast<std::size_t>(p)]] : 1.0;
    const double* dense = strip.of(unit);
    for (Eigen::Index j = 0; j < strip.size(); ++j) z[at++] = dense[j];
    return true;
  }

  Eigen::MatrixXd total() {
    Eigen::MatrixXd out = Eigen::MatrixXd::Zero(f_.effects, f_.effects);
    for (auto& pattern : patterns_) {
      const Eigen::MatrixXd a = tables(pattern.first, pattern.second.size());
      const Eigen::MatrixXd half = a * pattern.second.square().selfadjointView<Eigen::Lower>();
      out.noalias() += half * a.transpose();
    }
    return out;
  }

 private:
  static constexpr std::size_t most = 256;

  // Sums z z' for 128 units at a time: their numbers one below the other, each z a row.
  class Pattern {
   public:
    explicit Pattern(std::size_t n)
        : square_(
              Eigen::MatrixXd::Zero(static_cast<Eigen::Index>(n), static_cast<Eigen::Index>(n))),
          z_(room + 8, static_cast<Eigen::Index>(n)) {}
    Eigen::Index size() const { return square_.rows(); }
    Eigen::Ref<Eigen::RowVectorXd, 0, Eigen::InnerStride<>> next() {
      if (used_ == room) flush();
      return z_.row(used_++);
    }
    const Eigen::MatrixXd& square() {
      flush();
      return square_;
    }

   private:
    // Columns that are eight rows longer do not meet on the same lines of the cache.
    static constexpr int room = 128;
    void flush() {
      add_cross_products(z_, used_, square_);
      used_ = 0;
    }
    Eigen::MatrixXd square_, z_;
    int used_ = 0;
  };

  // The tables of a pattern side by side.
  Eigen::MatrixXd tables(const std::vector<int>& codes, Eigen::Index n) const {
    Eigen::MatrixXd a(f_.effects, n);
    const std::size_t each = f_.terms.empty() ? 0 : codes.size() / f_.terms.size();
    Eigen::Index at = 0;
    for (std::size_t k = 0; k < f_.terms.size(); ++k)
      for (std::size_t i = 0; i < each; ++i)
        a.col(at++) = f_.terms[k].table.col(codes[k * each + i]);
    for (const DenseTerm& term : f_.dense)
      for (Eigen::Index j = 0; j < term.map.cols(); ++j) a.col(at++) = term.map.col(j);
    return a;
  }

  const TableInfluence& f_;
  std::map<std::vector<int>, Pattern> patterns_;
  std::vector<int> codes_, last_;
  Pattern* current_ = nullptr;
};

}  // namespace detail

// Sum over units of psi psi' (effects x effects), without the units x effects matrix.
inline Eigen::MatrixXd influence_square(const TableInfluence& f, const Execution& exec) {
  // Fixed parts whatever the threads; their memory does not grow with the units.
  const std::size_t parts = std::min<std::size_t>(detail::unit_chunks(f.units), 16);
  std::vector<Eigen::MatrixXd> partial(parts, Eigen::MatrixXd::Zero(f.effects, f.effects));
  parallel_for(parts, exec, [&](std::size_t part) {
    const int first = static_cast<int>(static_cast<std::int64_t>(f.units) * part / parts);
    const int last = static_cast<int>(static_cast<std::int64_t>(f.units) * (part + 1) / parts);
    detail::PatternSquares squares(f);
    detail::DenseStrip strip(f);
    Eigen::VectorXd psi(f.effects);
    for (int i = first; i < last; ++i) {
      if (squares.add(i, strip)) continue;
      psi.setZero();
      detail::add_unit(f, strip, i, psi);
      partial[part].selfadjointView<Eigen::Lower>().rankUpdate(psi);
    }
    partial[part] = partial[part].selfadjointView<Eigen::Lower>();
    partial[part] += squares.total();
  });
  Eigen::MatrixXd total = Eigen::MatrixXd::Zero(f.effects, f.effects);
  for (const Eigen::MatrixXd& p : partial) total += p;
  // Products of rounded factors: the two triangles may differ in the last digit.
  return 0.5 * (total + total.transpose());
}

// Sums of w, w x_1, w x_2 ... over the rows of each code -> codes x (1 + columns).
inline Eigen::MatrixXd code_sums(const Rows& rows, const int* code, int codes,
                                 const Columns& columns, const Column& weights,
                                 const Execution& exec) {
  const std::size_t k = columns.size(), n = rows.size();
  // Each chunk has sums of its own: together they take no more room than the rows.
  const std::size_t room = n / (static_cast<std::size_t>(codes) * (k + 1) + 1);
  const std::size_t chunks = std::max<std::size_t>(1, std::min({n / 65536, std::size_t(64), room}));
  std::vector<Eigen::MatrixXd> partial(chunks, Eigen::MatrixXd::Zero(codes, k + 1));
  parallel_for(chunks, exec, [&](std::size_t c) {
    Eigen::MatrixXd& sums = partial[c];
    for (std::size_t p = n * c / chunks; p < n * (c + 1) / chunks; ++p) {
      const std::size_t row = rows[p];
      const double w = weights.exists() ? weights[row] : 1.0;
      sums(code[row], 0) += w;
      for (std::size_t j = 0; j < k; ++j) sums(code[row], j + 1) += w * columns[j][row];
    }
  });
  for (std::size_t c = 1; c < chunks; ++c) partial[0] += partial[c];
  return partial[0];
}

}  // namespace pilotdid

#endif
