// Influence that is a table: unit i contributes  psi_i = sum over its rows of value * table[code, ].
// Every estimator of effects by cohort and period has this form, with a code for (cohort, period),
// so that the units x effects matrix of influences is never an input and seldom an output.
#ifndef PILOTDID_TABLE_SUMS_HPP
#define PILOTDID_TABLE_SUMS_HPP

#include <Eigen/Dense>
#include <vector>

#include "column.hpp"
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

// Adds the influence of one unit to out.
inline void add_unit(const TableInfluence& f, int unit, Eigen::Ref<Eigen::VectorXd> out) {
  for (const TableTerm& term : f.terms)
    for (int p = f.start[unit]; p < f.start[unit + 1]; ++p) {
      const std::size_t row = f.rows[static_cast<std::size_t>(p)];
      const double value = term.value ? term.value[row] : 1.0;
      if (value != 0) out.noalias() += value * term.table.col(term.code[row]);
    }
  for (const DenseTerm& term : f.dense)
    for (Eigen::Index j = 0; j < term.map.cols(); ++j) {
      const double value = term.block[static_cast<std::size_t>(j) * f.units + unit];
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
  Eigen::MatrixXd sums = Eigen::MatrixXd::Zero(f.effects, cluster ? clusters : f.units);
  if (!cluster) {
    parallel_for(detail::unit_chunks(f.units), exec, [&](std::size_t c) {
      const int begin = static_cast<int>(c) * detail::units_a_chunk;
      for (int i = begin; i < std::min(begin + detail::units_a_chunk, f.units); ++i)
        detail::add_unit(f, i, sums.col(i));
    });
  } else {
    for (int i = 0; i < f.units; ++i) detail::add_unit(f, i, sums.col(cluster[i]));
  }
  return sums.transpose();
}

// Sum over units of psi psi' (effects x effects), without the units x effects matrix.
inline Eigen::MatrixXd influence_square(const TableInfluence& f, const Execution& exec) {
  const std::size_t chunks = detail::unit_chunks(f.units);
  // Chunks are merged into at most 32 partial squares: their memory does not grow with the units.
  const std::size_t parts = std::min<std::size_t>(chunks, 32);
  std::vector<Eigen::MatrixXd> partial(parts, Eigen::MatrixXd::Zero(f.effects, f.effects));
  parallel_for(parts, exec, [&](std::size_t part) {
    const int block = 256;
    const int first = static_cast<int>(static_cast<std::int64_t>(f.units) * part / parts);
    const int last = static_cast<int>(static_cast<std::int64_t>(f.units) * (part + 1) / parts);
    Eigen::MatrixXd psi(f.effects, block);
    for (int i = first; i < last; i += block) {
      const int n = std::min(block, last - i);
      psi.setZero();
      for (int j = 0; j < n; ++j) detail::add_unit(f, i + j, psi.col(j));
      partial[part].selfadjointView<Eigen::Lower>().rankUpdate(psi.leftCols(n));
    }
  });
  Eigen::MatrixXd total = Eigen::MatrixXd::Zero(f.effects, f.effects);
  for (const Eigen::MatrixXd& p : partial) total += p;
  return total.selfadjointView<Eigen::Lower>();
}

// Sums of w, w x_1, w x_2 ... over the rows of each code -> codes x (1 + columns).
inline Eigen::MatrixXd code_sums(const Rows& rows, const int* code, int codes,
                                 const Columns& columns, const Column& weights,
                                 const Execution& exec) {
  const std::size_t k = columns.size(), n = rows.size();
  const std::size_t chunks = std::max<std::size_t>(1, std::min<std::size_t>(n / 65536, 64));
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
