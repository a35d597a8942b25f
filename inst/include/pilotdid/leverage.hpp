// Exact leverages of a regression with absorbed effects: the diagonal of the hat matrix of the
// regression that has all of their dummies. With Q the local basis of a group, P = D'W Q what its
// rows share with the other effects, S the reduced system and d a row of root(W) D:
//   h = q'q + (d - P q)' S^+ (d - P q) + x' (X'X)^-1 x.
#ifndef PILOTDID_LEVERAGE_HPP
#define PILOTDID_LEVERAGE_HPP

#include <Eigen/Dense>
#include <vector>

#include "absorption.hpp"
#include "group_sums.hpp"
#include "influence.hpp"
#include "reduced_system.hpp"
#include "semidefinite.hpp"

namespace pilotdid {

namespace detail {

// A generalized inverse of the reduced system, size x size.
inline Eigen::MatrixXd reduced_inverse(const Absorption& a, const Execution& exec) {
  const int m = a.size();
  if (m == 0) return Eigen::MatrixXd(0, 0);
  const DenseAssembly assembly(a, exec);
  SemidefiniteCholesky cholesky;
  cholesky.factor(assembly.s, assembly.mass, m);
  Eigen::MatrixXd inverse = Eigen::MatrixXd::Identity(m, m);
  cholesky.solve(inverse);
  return inverse;
}

// The effects' part of the leverages of one group; h points at its first row.
class EffectLeverage {
 public:
  EffectLeverage(const Absorption& a, const Eigen::MatrixXd& inverse)
      : a_(a), inverse_(inverse), sums_(a) {}

  void add(const BlockReader& reader, int group, double* h) {
    sums_.read(reader, group);
    const std::vector<int>& touched = sums_.touched();
    const Eigen::Index l = static_cast<Eigen::Index>(touched.size()), b = reader.basis_size();
    Eigen::MatrixXd local(l, l);
    for (Eigen::Index i = 0; i < l; ++i)
      for (Eigen::Index j = 0; j < l; ++j) local(i, j) = inverse_(touched[i], touched[j]);
    const Eigen::MatrixXd sp = local * sums_.sums();            // S^+ P, l x b
    const Eigen::MatrixXd psp = sums_.sums().transpose() * sp;  // P' S^+ P, b x b
    const int begin = a_.start[group] - reader.first();
    Eigen::VectorXd q(b);
    for (int i = 0; i < sums_.rows(); ++i) {
      for (Eigen::Index j = 0; j < b; ++j) q[j] = reader.basis(begin + i, static_cast<int>(j));
      double sum = q.squaredNorm() + q.dot(psp * q);
      for (std::size_t e = 0; e < a_.effects.size(); ++e) {
        const auto& d = sums_.entry(i, e);
        sum -= 2 * d.value * sp.row(sums_.place(d.level)).dot(q);
        for (std::size_t f = 0; f < a_.effects.size(); ++f) {
          const auto& c = sums_.entry(i, f);
          sum += d.value * c.value * inverse_(d.level, c.level);
        }
      }
      h[i] += sum;
    }
  }

 private:
  const Absorption& a_;
  const Eigen::MatrixXd& inverse_;
  GroupSums sums_;
};

}  // namespace detail

// Writes the leverage of each row used to h[data row]. regressors: P x k, the map of `columns` to
// the regressors; inverse: k x k, (X'X)^-1. Needs the inverse of the reduced system: at most a few
// thousand levels beyond the eliminated factor.
inline void row_leverages(const Absorption& a, const Columns& columns,
                          const Eigen::MatrixXd& effects, const Eigen::MatrixXd& regressors,
                          const Eigen::MatrixXd& inverse, double* h, const Execution& exec) {
  const Eigen::MatrixXd reduced = detail::reduced_inverse(a, exec);
  const std::vector<Chunk> chunks = cut_chunks(a);
  parallel_for(chunks.size(), exec, [&](std::size_t c) {
    BlockReader reader(a, columns);
    const Columns none;
    BlockReader basis(a, none);
    detail::EffectLeverage effect(a, reduced);
    Eigen::MatrixXd x;
    Eigen::VectorXd sum;
    for (int g = chunks[c].g0; g < chunks[c].g1;) {
      basis.load_basis(g, chunks[c].g1);
      const int next = reader.load(g, chunks[c].g1, &effects);
      x.noalias() = reader.values().topRows(reader.rows()) * regressors;
      sum = (x * inverse).cwiseProduct(x).rowwise().sum();
      if (a.group_means || !a.group_slopes.empty() || !a.effects.empty())
        for (int group = g; group < next; ++group)
          effect.add(basis, group, sum.data() + (a.start[group] - reader.first()));
      for (int i = 0; i < reader.rows(); ++i) h[reader.row(i)] = sum[i];
      g = next;
    }
  });
}

}  // namespace pilotdid

#endif
