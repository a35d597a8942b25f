// D'W Q of one group: what its rows share with the other effects, kept sparse.
#ifndef PILOTDID_GROUP_SUMS_HPP
#define PILOTDID_GROUP_SUMS_HPP

#include <Eigen/Dense>
#include <algorithm>
#include <vector>

#include "absorption.hpp"

namespace pilotdid {

class GroupSums {
 public:
  explicit GroupSums(const Absorption& a) : a_(a), seen_(static_cast<std::size_t>(a.size()), 0) {}

  // The rows of group h, which lies in the block that the reader holds.
  void read(const BlockReader& reader, int h) {
    for (int level : touched_) seen_[level] = 0;
    touched_.clear();
    entries_.clear();
    basis_size_ = reader.basis_size();
    const int begin = a_.start[h] - reader.first(), end = a_.start[h + 1] - reader.first();
    rows_ = end - begin;
    for (int i = begin; i < end; ++i) {
      const std::size_t row = reader.row(i);
      int offset = 0;
      for (const Effect& e : a_.effects) {
        const int level = offset + e.code[row];
        const double value = reader.root_weight(i) * (e.slope.exists() ? e.slope[row] : 1.0);
        entries_.push_back({level, value});
        if (!seen_[level]) {
          touched_.push_back(level);
          seen_[level] = static_cast<int>(touched_.size());
        }
        offset += e.levels;
      }
    }
    sums_.setZero(static_cast<Eigen::Index>(touched_.size()), basis_size_);
    for (int i = begin; i < end; ++i)
      for (std::size_t f = 0; f < a_.effects.size(); ++f) {
        const Entry& e = entry(i - begin, f);
        for (int j = 0; j < basis_size_; ++j)
          sums_(seen_[e.level] - 1, j) += reader.basis(i, j) * e.value;
      }
  }

  int rows() const { return rows_; }
  const std::vector<int>& touched() const { return touched_; }
  // touched x basis: D'W Q itself, and the row in it of a level.
  const Eigen::MatrixXd& sums() const { return sums_; }
  Eigen::Index place(int level) const { return seen_[level] - 1; }

  struct Entry {
    int level;
    double value;
  };
  // Row i of the group, effect f: its level, and root(w) times the slope there.
  const Entry& entry(int i, std::size_t f) const {
    return entries_[static_cast<std::size_t>(i) * a_.effects.size() + f];
  }

  // Calls f(level, level, value) for each pair of effects of each row: the terms of D'WD.
  template <class F>
  void each_row_pair(F&& f) const {
    for (int i = 0; i < rows(); ++i)
      for (std::size_t e = 0; e < a_.effects.size(); ++e)
        for (std::size_t h = 0; h <= e; ++h)
          f(entry(i, e).level, entry(i, h).level, entry(i, e).value * entry(i, h).value);
  }
  // The same for the terms of D'W Q Q'W D.
  template <class F>
  void each_explained_pair(F&& f) const {
    for (std::size_t i = 0; i < touched_.size(); ++i)
      for (std::size_t j = 0; j <= i; ++j)
        f(touched_[i], touched_[j],
          sums_.row(static_cast<Eigen::Index>(i)).dot(sums_.row(static_cast<Eigen::Index>(j))));
  }

  // The diagonal of D'WD.
  void add_mass_to(Eigen::VectorXd& mass, double times = 1) const {
    for (const Entry& e : entries_) mass[e.level] += times * e.value * e.value;
  }
  void add_rows_to(Eigen::MatrixXd& s) const {
    each_row_pair([&](int i, int j, double v) { s(std::max(i, j), std::min(i, j)) += v; });
  }
  void subtract_explained_from(Eigen::MatrixXd& s) const {
    each_explained_pair([&](int i, int j, double v) { s(std::max(i, j), std::min(i, j)) -= v; });
  }

 private:
  const Absorption& a_;
  std::vector<int> seen_;  // level -> its place in touched_, plus one
  std::vector<int> touched_;
  std::vector<Entry> entries_;
  Eigen::MatrixXd sums_;  // touched x basis
  int basis_size_ = 0, rows_ = 0;
};

}  // namespace pilotdid

#endif
