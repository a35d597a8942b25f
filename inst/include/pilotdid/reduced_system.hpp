// The system that is left for all other effects once the groups are eliminated:
//   S = D'W D - sum over groups of (D'W Q)(D'W Q)',   Q the local basis of a group,
// solved exactly when it is small. For unit and time effects S is T x T and its nullity is the
// number of connected components of the panel, so that absorbed parameters are counted exactly.
#ifndef PILOTDID_REDUCED_SYSTEM_HPP
#define PILOTDID_REDUCED_SYSTEM_HPP

#include <Eigen/Dense>
#include <algorithm>
#include <bitset>
#include <cstdint>
#include <vector>

#include "absorption.hpp"
#include "graph.hpp"
#include "semidefinite.hpp"
#include "sparse_system.hpp"

namespace pilotdid {

struct SolverOptions {
  double tolerance = 1e-10;  // relative gradient at which the iterative solver stops
  int max_iterations = 10000;
  int direct_limit = 3000;  // levels up to which the system is factored
};

// D'WD minus what the groups explain, lower triangle, in a dense matrix.
class DenseAssembly {
 public:
  DenseAssembly(const Absorption& a, const Execution& exec)
      : s(zero(a.size())), mass(Eigen::VectorXd::Zero(a.size())), local_rank(0) {
    if (!by_presence(a, exec) && !by_sequence(a)) by_group(a, exec);
  }
  Eigen::MatrixXd s;
  Eigen::VectorXd mass;  // diagonal of D'WD
  int local_rank;

 private:
  static Eigen::MatrixXd zero(int m) { return Eigen::MatrixXd::Zero(m, m); }

  // Unweighted unit and time effects: a unit matters only through the set of its periods. Returns
  // false where that does not apply.
  bool by_presence(const Absorption& a, const Execution& exec) {
    const bool plain = a.effects.size() == 1 && !a.effects[0].slope.exists() && a.group_means &&
                       a.group_slopes.empty() && !a.weights.exists() && a.effects[0].levels <= 64;
    if (!plain) return false;
    const int levels = a.effects[0].levels;
    const int* code = a.effects[0].code;
    const std::vector<Chunk> chunks = cut_chunks(a);
    std::vector<Presence> partial(chunks.size(), Presence(levels));
    parallel_for(chunks.size(), exec, [&](std::size_t c) {
      for (int g = chunks[c].g0; g < chunks[c].g1 && !partial[c].repeated; ++g)
        partial[c].add(a.rows, a.start[g], a.start[g + 1], code);
      partial[c].finish();
    });
    for (const Presence& part : partial)
      if (part.repeated) return false;
    for (const Presence& part : partial) {
      s += part.s;
      local_rank += part.groups;
      mass += part.rows.cast<double>();
    }
    s.diagonal() += mass;
    return true;
  }

  // Several effects without weights and slopes: groups with the same levels row by row (the same
  // cohort and the same periods, in an event study) add the same. One of each kind is read.
  bool by_sequence(const Absorption& a) {
    bool plain =
        a.effects.size() > 1 && a.group_means && a.group_slopes.empty() && !a.weights.exists();
    for (const Effect& e : a.effects) plain = plain && !e.slope.exists();
    if (!plain) return false;
    SequenceCounts sequences(a);
    for (int g = 0; g < a.groups; ++g)
      if (!sequences.add(g)) return false;
    const Columns none;
    BlockReader reader(a, none);
    GroupSums sums(a);
    for (const SequenceEntry& entry : sequences.entries()) {
      local_rank +=
          static_cast<int>(entry.count) * (a.start[entry.group + 1] > a.start[entry.group]);
      reader.load_basis(entry.group, entry.group + 1);
      sums.read(reader, entry.group);
      const double count = static_cast<double>(entry.count);
      sums.add_mass_to(mass, count);
      sums.each_row_pair(
          [&](int i, int j, double v) { s(std::max(i, j), std::min(i, j)) += count * v; });
      sums.each_explained_pair(
          [&](int i, int j, double v) { s(std::max(i, j), std::min(i, j)) -= count * v; });
    }
    return true;
  }

  void by_group(const Absorption& a, const Execution& exec) {
    const std::size_t m = static_cast<std::size_t>(a.size());
    const std::vector<Chunk> chunks = cut_chunks(a, m * m);
    std::vector<Eigen::MatrixXd> partial(chunks.size());
    std::vector<Eigen::VectorXd> masses(chunks.size());
    std::vector<int> ranks(chunks.size(), 0);
    parallel_for(chunks.size(), exec, [&](std::size_t c) {
      const Columns none;
      BlockReader reader(a, none);
      partial[c] = zero(static_cast<int>(m));
      masses[c] = Eigen::VectorXd::Zero(static_cast<Eigen::Index>(m));
      GroupSums sums(a);
      for (int g = chunks[c].g0; g < chunks[c].g1;) {
        const int next = reader.load_basis(g, chunks[c].g1);
        ranks[c] += reader.local_rank();
        for (int h = g; h < next; ++h) {
          sums.read(reader, h);
          sums.add_rows_to(partial[c]);
          sums.add_mass_to(masses[c]);
          sums.subtract_explained_from(partial[c]);
        }
        g = next;
      }
    });
    for (std::size_t c = 0; c < chunks.size(); ++c) {
      s += partial[c];
      mass += masses[c];
      local_rank += ranks[c];
    }
  }

  struct SequenceEntry {
    int group;  // the first group with this sequence of levels
    std::int64_t count;
  };

  // How many groups have each sequence of levels.
  class SequenceCounts {
   public:
    explicit SequenceCounts(const Absorption& a) : a_(a), slots_(64, -1) {}
    // False once sequences hardly repeat: counting them is then not worth it.
    bool add(int g) {
      std::size_t at = hash(g) & (slots_.size() - 1);
      while (slots_[at] >= 0 && !same(entries_[slots_[at]].group, g))
        at = (at + 1) & (slots_.size() - 1);
      if (slots_[at] >= 0) {
        ++entries_[slots_[at]].count;
        return true;
      }
      slots_[at] = static_cast<int>(entries_.size());
      entries_.push_back({g, 1});
      if (2 * entries_.size() > slots_.size()) grow();
      return entries_.size() < 128 + static_cast<std::size_t>(g) / 4;
    }
    const std::vector<SequenceEntry>& entries() const { return entries_; }

   private:
    std::size_t hash(int g) const {
      std::uint64_t h = 0;
      for (int p = a_.start[g]; p < a_.start[g + 1]; ++p)
        for (const Effect& e : a_.effects)
          h = (h ^ static_cast<std::uint64_t>(e.code[a_.rows[p]] + 1)) * 0x9E3779B97F4A7C15ULL;
      return static_cast<std::size_t>(h ^ (h >> 32));
    }
    bool same(int g, int h) const {
      const int n = a_.start[g + 1] - a_.start[g];
      if (a_.start[h + 1] - a_.start[h] != n) return false;
      for (const Effect& e : a_.effects)
        for (int i = 0; i < n; ++i)
          if (e.code[a_.rows[a_.start[g] + i]] != e.code[a_.rows[a_.start[h] + i]]) return false;
      return true;
    }
    void grow() {
      slots_.assign(2 * slots_.size(), -1);
      for (std::size_t j = 0; j < entries_.size(); ++j) {
        std::size_t at = hash(entries_[j].group) & (slots_.size() - 1);
        while (slots_[at] >= 0) at = (at + 1) & (slots_.size() - 1);
        slots_[at] = static_cast<int>(j);
      }
    }
    const Absorption& a_;
    std::vector<int> slots_;
    std::vector<SequenceEntry> entries_;
  };

  // Counts, for each pair of periods, the groups that have both, by the number n of their rows: one
  // such group adds -1/n to S. 64 groups of one n are taken at a time, a bit each.
  class Presence {
   public:
    explicit Presence(int levels)
        : s(Eigen::MatrixXd::Zero(levels, levels)),
          rows(Eigen::VectorXi::Zero(levels)),
          levels_(static_cast<std::size_t>(levels)),
          bits_((levels_ + 1) * levels_, 0),
          waiting_(levels_ + 1, 0) {}
    void add(const Rows& order, int begin, int end, const int* code) {
      const std::size_t n = static_cast<std::size_t>(end - begin);
      if (n > levels_) repeated = true;
      if (n == 0 || n > levels_) return;
      std::uint64_t* bits = &bits_[n * levels_];
      const std::uint64_t bit = std::uint64_t(1) << waiting_[n];
      for (int p = begin; p < end; ++p) {
        std::uint64_t& at = bits[code[order[static_cast<std::size_t>(p)]]];
        repeated |= (at & bit) != 0;
        at |= bit;
      }
      ++groups;
      if (++waiting_[n] == 64) flush(n);
    }
    void finish() {
      for (std::size_t n = 1; n <= levels_; ++n)
        if (waiting_[n]) flush(n);
    }
    Eigen::MatrixXd s;  // lower triangle, without the counts on its diagonal
    Eigen::VectorXi rows;
    int groups = 0;
    bool repeated = false;  // a group has two rows in one period, or more rows than periods

   private:
    void flush(std::size_t n) {
      std::uint64_t* bits = &bits_[n * levels_];
      for (std::size_t j = 0; j < levels_; ++j) {
        if (!bits[j]) continue;
        rows[static_cast<Eigen::Index>(j)] += count(bits[j]);
        for (std::size_t i = j; i < levels_; ++i)
          s(static_cast<Eigen::Index>(i), static_cast<Eigen::Index>(j)) -=
              count(bits[i] & bits[j]) / static_cast<double>(n);
      }
      std::fill(bits, bits + levels_, 0);
      waiting_[n] = 0;
    }
    static int count(std::uint64_t bits) { return static_cast<int>(std::bitset<64>(bits).count()); }
    std::size_t levels_;
    std::vector<std::uint64_t> bits_;  // n, then period: which of the waiting groups are there
    std::vector<int> waiting_;         // groups of n rows not yet counted
  };
};

inline bool is_two_way(const Absorption& a) {
  return a.effects.size() == 1 && !a.effects[0].slope.exists() && a.group_means;
}

// The rank of S (lower triangle read) with two plain effects. Off the diagonal S is a sum of
// negative terms: zero exactly where no group links two levels. One level a component is redundant.
inline int two_way_rank(const Eigen::MatrixXd& s) {
  const int size = static_cast<int>(s.rows());
  Components components(size);
  for (int j = 0; j < size; ++j)
    for (int i = j + 1; i < size; ++i)
      if (s(i, j) < 0) components.join(i, j);
  return size - components.count();
}

// Solves S a = q for the effects of each column.
class ReducedSystem {
 public:
  ReducedSystem(const Absorption& a, const SolverOptions& options, const Execution& exec)
      : size_(a.size()) {
    if (size_ > options.direct_limit) {
      sparse_.reset(new SparseSystem(a, options.tolerance, options.max_iterations, exec));
      rank_ = sparse_->rank();
      exact_rank_ = sparse_->exact_rank();
      local_rank_ = sparse_->local_rank();
      return;
    }
    const DenseAssembly assembly(a, exec);
    local_rank_ = assembly.local_rank;
    const int most = is_two_way(a) ? two_way_rank(assembly.s) : size_;
    cholesky_.factor(assembly.s, assembly.mass, most);
    rank_ = cholesky_.rank();
  }

  // q: size x k sums of the group-eliminated columns by level.
  Eigen::MatrixXd solve(const Eigen::MatrixXd& q) {
    if (sparse_) return sparse_->solve(q);
    Eigen::MatrixXd effects = q;
    if (size_ > 0) cholesky_.solve(effects);
    return effects;
  }

  int size() const { return size_; }
  int rank() const { return rank_; }              // of the reduced system
  int local_rank() const { return local_rank_; }  // parameters of the eliminated factor
  bool exact_rank() const { return exact_rank_; }
  bool converged() const { return !sparse_ || sparse_->converged(); }
  int iterations() const { return sparse_ ? sparse_->iterations() : 0; }

 private:
  int size_;
  int rank_ = 0, local_rank_ = 0;
  bool exact_rank_ = true;
  SemidefiniteCholesky cholesky_;
  std::unique_ptr<SparseSystem> sparse_;
};

}  // namespace pilotdid

#endif
