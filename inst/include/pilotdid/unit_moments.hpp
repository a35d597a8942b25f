// What each unit adds to the moments, kept apart, so that the estimate on any multiset of units
// (a bootstrap resample, one of several groups) is a weighted sum and a small system: the rows
// are read once however many draws there are.
//
// Columns are (x_1 .. x_k, others .., d): all but the last are "common", the last is "focal". A
// sum can hold several focal columns, d times the indicator of each of several groups.
#ifndef PILOTDID_UNIT_MOMENTS_HPP
#define PILOTDID_UNIT_MOMENTS_HPP

#include <Eigen/Dense>
#include <algorithm>
#include <map>
#include <vector>

#include "group_sums.hpp"
#include "reduced_system.hpp"

namespace pilotdid {

class UnitMoments {
 public:
  // Weighted sums over units. c common columns, f focal ones, `size` levels of other effects.
  struct Sums {
    Eigen::VectorXd common;     // upper triangle of the c x c cross-products, column by column
    Eigen::MatrixXd focal;      // c+1 x f: focal with common columns, and with itself
    Eigen::MatrixXd q_common;   // c x size level sums
    Eigen::MatrixXd q_focal;    // f x size
    std::vector<double> count;  // weight of each kind of unit (see Kind)
  };

  UnitMoments(const Absorption& a, const Columns& columns, const Execution& exec)
      : size_(a.size()),
        common_(static_cast<int>(columns.size()) - 1),
        units_(a.groups),
        two_way_(is_two_way(a)) {
    const std::vector<Chunk> chunks = cut_chunks(a);
    parts_.resize(chunks.size());
    parallel_for(chunks.size(), exec,
                 [&](std::size_t c) { read(a, columns, chunks[c], parts_[c]); });
    for (Part& part : parts_) {
      part.first_kind = static_cast<int>(kinds_.size());
      for (Kind& kind : part.kinds) kinds_.push_back(std::move(kind));
      part.kinds.clear();
    }
  }

  int units() const { return units_; }
  int common() const { return common_; }

  void clear(Sums& sums, int focal) const {
    sums.common.setZero(triangle(common_));
    sums.focal.setZero(common_ + 1, focal);
    sums.q_common.setZero(common_, size_);
    sums.q_focal.setZero(focal, size_);
    sums.count.assign(kinds_.size(), 0.0);
  }

  // Calls place(unit, add) for each unit in order; add(sums, weight, focal column) adds it.
  template <class Place>
  void each_unit(Place&& place) const {
    int unit = 0;
    for (const Part& part : parts_)
      for (int i = 0; i < part.units(); ++i, ++unit)
        place(unit,
              [&](Sums& sums, double weight, int focal) { add(part, i, weight, focal, sums); });
  }

  // (c + f) x (c + f), everything absorbed partialled out. A level that no unit of the sum
  // touches has a zero row in S and drops out.
  Eigen::MatrixXd gram(const Sums& sums) const {
    const Eigen::Index c = common_, f = sums.focal.cols();
    Eigen::MatrixXd g = Eigen::MatrixXd::Zero(c + f, c + f);
    const double* next = sums.common.data();
    for (Eigen::Index j = 0; j < c; ++j)
      for (Eigen::Index i = 0; i <= j; ++i) g(i, j) = g(j, i) = *next++;
    g.topRightCorner(c, f) = sums.focal.topRows(c);
    g.bottomLeftCorner(f, c) = sums.focal.topRows(c).transpose();
    g.bottomRightCorner(f, f).diagonal() = sums.focal.row(c).transpose();
    if (size_ == 0) return g;
    const SemidefiniteCholesky system = factor_system(sums);
    Eigen::MatrixXd q(size_, c + f);
    q << sums.q_common.transpose(), sums.q_focal.transpose();
    Eigen::MatrixXd effects = q;
    system.solve(effects);
    g.noalias() -= q.transpose() * effects;
    return g;
  }

 private:
  // Units that touch the same levels in the same way share their part of S. Without weights and
  // slopes that is decided by the levels alone; otherwise each unit is a kind of its own.
  struct Kind {
    std::vector<int> levels;
    Eigen::MatrixXd system;  // levels x levels, lower triangle
    Eigen::VectorXd mass;    // its diagonal before the unit was eliminated
  };
  struct Part {
    std::vector<double> cross;             // units x triangle(c + 1)
    std::vector<double> q;                 // level by level, c + 1 values each
    std::vector<int> touched;              // levels, unit after unit
    std::vector<std::size_t> start = {0};  // where each unit begins in `touched`
    std::vector<int> kind;                 // within the part, see first_kind
    std::vector<Kind> kinds;
    int first_kind = 0;
    int units() const { return static_cast<int>(kind.size()); }
  };

  SemidefiniteCholesky factor_system(const Sums& sums) const {
    Eigen::MatrixXd s = Eigen::MatrixXd::Zero(size_, size_);
    Eigen::VectorXd mass = Eigen::VectorXd::Zero(size_);
    for (std::size_t k = 0; k < kinds_.size(); ++k) {
      const double count = sums.count[k];
      if (count == 0) continue;
      const Kind& kind = kinds_[k];
      const Eigen::Index levels = kind.mass.size();
      for (Eigen::Index j = 0; j < levels; ++j) {
        mass[kind.levels[j]] += count * kind.mass[j];
        for (Eigen::Index i = j; i < levels; ++i)
          s(std::max(kind.levels[i], kind.levels[j]), std::min(kind.levels[i], kind.levels[j])) +=
              count * kind.system(i, j);
      }
    }
    SemidefiniteCholesky cholesky;
    cholesky.factor(s, mass, two_way_ ? two_way_rank(s) : size_);
    return cholesky;
  }

  static Eigen::Index triangle(Eigen::Index n) { return n * (n + 1) / 2; }

  void read(const Absorption& a, const Columns& columns, Chunk chunk, Part& part) const {
    BlockReader reader(a, columns);
    const Columns none;
    BlockReader bases(a, none);
    GroupSums groups(a);
    std::map<std::vector<int>, int> known;
    std::vector<int> place(static_cast<std::size_t>(size_), -1);
    for (int g = chunk.g0; g < chunk.g1;) {
      const int next = reader.load(g, chunk.g1, nullptr);
      bases.load_basis(g, chunk.g1);
      for (int h = g; h < next; ++h) {
        groups.read(bases, h);
        const std::vector<int>& levels = groups.touched();
        for (std::size_t i = 0; i < levels.size(); ++i) place[levels[i]] = static_cast<int>(i);
        part.kind.push_back(kind_of(a, groups, place, known, part.kinds));
        read_unit(a, reader, h, levels, place, part);
      }
      g = next;
    }
  }

  int kind_of(const Absorption& a, const GroupSums& groups, const std::vector<int>& place,
              std::map<std::vector<int>, int>& known, std::vector<Kind>& kinds) const {
    bool plain = !a.weights.exists() && a.group_slopes.empty();
    for (const Effect& e : a.effects) plain = plain && !e.slope.exists();
    const std::size_t levels = groups.touched().size();
    // Repeated rows of a unit and level make units with equal levels differ.
    plain = plain && static_cast<std::size_t>(groups.rows()) * a.effects.size() == levels;
    if (plain) {
      const auto found = known.find(groups.touched());
      if (found != known.end()) return found->second;
    }
    Kind kind;
    kind.levels = groups.touched();
    kind.system =
        Eigen::MatrixXd::Zero(static_cast<Eigen::Index>(levels), static_cast<Eigen::Index>(levels));
    const auto at = [&](int i, int j) -> double& {
      return kind.system(std::max(place[i], place[j]), std::min(place[i], place[j]));
    };
    kind.mass = Eigen::VectorXd::Zero(static_cast<Eigen::Index>(levels));
    groups.each_row_pair([&](int i, int j, double v) {
      at(i, j) += v;
      if (i == j) kind.mass[place[i]] += v;
    });
    groups.each_explained_pair([&](int i, int j, double v) { at(i, j) -= v; });
    kinds.push_back(std::move(kind));
    const int number = static_cast<int>(kinds.size()) - 1;
    if (plain) known[groups.touched()] = number;
    return number;
  }

  void read_unit(const Absorption& a, const BlockReader& reader, int h,
                 const std::vector<int>& levels, const std::vector<int>& place, Part& part) const {
    const int begin = a.start[h] - reader.first(), n = a.start[h + 1] - a.start[h];
    const auto x = reader.values().middleRows(begin, n);
    const int p = common_ + 1;
    for (int j = 0; j < p; ++j)
      for (int i = 0; i <= j; ++i) part.cross.push_back(x.col(i).dot(x.col(j)));
    const std::size_t first = part.q.size();
    part.q.resize(first + levels.size() * static_cast<std::size_t>(p), 0.0);
    for (int i = 0; i < n; ++i) {
      const std::size_t row = reader.row(begin + i);
      int offset = 0;
      for (const Effect& e : a.effects) {
        const double value =
            reader.root_weight(begin + i) * (e.slope.exists() ? e.slope[row] : 1.0);
        double* q =
            part.q.data() + first + static_cast<std::size_t>(place[offset + e.code[row]] * p);
        for (int j = 0; j < p; ++j) q[j] += value * x(i, j);
        offset += e.levels;
      }
    }
    part.touched.insert(part.touched.end(), levels.begin(), levels.end());
    part.start.push_back(part.touched.size());
  }

  void add(const Part& part, int i, double weight, int focal, Sums& sums) const {
    const Eigen::Index c = common_, packed = triangle(c), p = c + 1;
    const double* cross =
        part.cross.data() + static_cast<std::size_t>(i) * static_cast<std::size_t>(triangle(p));
    sums.common += weight * Eigen::Map<const Eigen::VectorXd>(cross, packed);
    sums.focal.col(focal) += weight * Eigen::Map<const Eigen::VectorXd>(cross + packed, p);
    const double* q = part.q.data() + part.start[i] * static_cast<std::size_t>(p);
    for (std::size_t t = part.start[i]; t < part.start[i + 1]; ++t, q += p) {
      const int level = part.touched[t];
      sums.q_common.col(level) += weight * Eigen::Map<const Eigen::VectorXd>(q, c);
      sums.q_focal(focal, level) += weight * q[c];
    }
    sums.count[static_cast<std::size_t>(part.first_kind + part.kind[i])] += weight;
  }

  int size_, common_, units_;
  bool two_way_;
  std::vector<Part> parts_;
  std::vector<Kind> kinds_;
};

// The lower right block of a Gram matrix with its first k columns partialled out. Columns among
// the first k that depend on each other count once.
inline Eigen::MatrixXd partial_gram(const Eigen::MatrixXd& gram, Eigen::Index k) {
  const Eigen::Index rest = gram.cols() - k;
  if (k == 0) return gram;
  SemidefiniteCholesky cholesky;
  cholesky.factor(gram.topLeftCorner(k, k), gram.diagonal().head(k), static_cast<int>(k));
  Eigen::MatrixXd b = gram.topRightCorner(k, rest);
  cholesky.solve(b);
  return gram.bottomRightCorner(rest, rest) - gram.topRightCorner(k, rest).transpose() * b;
}

// Sums of thousands of rows are right to about 1e-13 of their size: what is left of a treatment
// must be a thousand times that, or it is rounding.
constexpr double identified_floor = 1e-10;

}  // namespace pilotdid

#endif
