// The reduced system when it is too large to factor: workers, firms and years.
//
// Once the workers are eliminated, firms are linked only through workers who moved, so S is
// sparse among the large effects; the few levels of the small ones (years) are eliminated
// exactly. What is left is solved by conjugate gradients. The preconditioner is a Cholesky factor
// in minimum-degree order: complete where that fills in little (firms that trade workers with their
// neighbors), incomplete where it would (everybody with everybody, which converges fast anyway).
#ifndef PILOTDID_SPARSE_SYSTEM_HPP
#define PILOTDID_SPARSE_SYSTEM_HPP

#include <Eigen/Dense>
#include <Eigen/IterativeLinearSolvers>
#include <Eigen/Sparse>
#include <memory>
#include <vector>

#include "absorption.hpp"
#include "graph.hpp"
#include "group_sums.hpp"
#include "semidefinite.hpp"

namespace pilotdid {

// A complete factor that tells how many entries it will have before it is computed.
class SizedCholesky : public Eigen::SimplicialLLT<Eigen::SparseMatrix<double>, Eigen::Lower,
                                                  Eigen::AMDOrdering<int>> {
 public:
  std::ptrdiff_t entries() const { return m_matrix.nonZeros(); }
};

// z = M^{-1} r for M close to a sparse, positive definite matrix.
class SparsePreconditioner {
 public:
  explicit SparsePreconditioner(const Eigen::SparseMatrix<double>& a) {
    complete_.analyzePattern(a);
    // Factor entries up to which a complete factor costs less than the iterations it saves.
    const std::ptrdiff_t most = 20 * static_cast<std::ptrdiff_t>(a.rows()) + (1 << 20);
    is_complete_ = complete_.entries() <= most;
    if (is_complete_) {
      complete_.factorize(a);
      is_complete_ = complete_.info() == Eigen::Success;
    }
    if (!is_complete_) incomplete_.compute(a);
  }
  Eigen::VectorXd solve(const Eigen::VectorXd& r) const {
    if (is_complete_) return complete_.solve(r);
    return incomplete_.solve(r);
  }

 private:
  SizedCholesky complete_;
  Eigen::IncompleteCholesky<double, Eigen::Lower, Eigen::AMDOrdering<int>> incomplete_;
  bool is_complete_ = false;
};

class SparseSystem {
 public:
  SparseSystem(const Absorption& a, double tolerance, int max_iterations, const Execution& exec)
      : tolerance_(tolerance), max_iterations_(max_iterations), exec_(exec) {
    place_levels(a);
    assemble(a);
    small_cholesky_.factor(small_, small_mass_, static_cast<int>(small_.rows()));
    // S is singular. A millionth on its diagonal keeps pivots positive, and what the factor makes
    // of the null space small beside the search directions; it costs an iteration or two.
    Eigen::SparseMatrix<double> shifted = large_;
    for (int j = 0; j < shifted.cols(); ++j) {
      double& d = shifted.coeffRef(j, j);
      d = d > 0 ? d * (1 + 1e-6) : 1;
    }
    preconditioner_.reset(new SparsePreconditioner(shifted));
    count_rank(a);
  }

  // q: size x k. Columns are independent systems; each is solved on one thread.
  Eigen::MatrixXd solve(const Eigen::MatrixXd& q) {
    Eigen::MatrixXd effects(q.rows(), q.cols());
    std::vector<int> iterations(q.cols(), 0);
    std::vector<char> converged(q.cols(), 0);
    parallel_for(static_cast<std::size_t>(q.cols()), exec_, [&](std::size_t k) {
      Eigen::VectorXd x = Eigen::VectorXd::Zero(q.rows());
      converged[k] = solve_column(q.col(static_cast<Eigen::Index>(k)), x, iterations[k]);
      effects.col(static_cast<Eigen::Index>(k)) = x;
    });
    for (Eigen::Index k = 0; k < q.cols(); ++k) {
      iterations_ = std::max(iterations_, iterations[k]);
      converged_ = converged_ && converged[k];
    }
    return effects;
  }

  int rank() const { return rank_; }
  bool exact_rank() const { return exact_rank_; }
  int local_rank() const { return local_rank_; }
  bool converged() const { return converged_; }
  int iterations() const { return iterations_; }

 private:
  using Sparse = Eigen::SparseMatrix<double>;
  static constexpr int small_levels = 100;  // a dense block of large x small must stay modest

  // Levels of small effects come after those of the large ones.
  void place_levels(const Absorption& a) {
    place_.resize(static_cast<std::size_t>(a.size()));
    int offset = 0, large = 0, small = 0;
    for (const Effect& e : a.effects) {
      int& next = e.levels <= small_levels ? small : large;
      for (int l = 0; l < e.levels; ++l)
        place_[offset + l] = e.levels <= small_levels ? -1 - next++ : next++;
      offset += e.levels;
    }
    large_.resize(large, large);
    cross_ = Eigen::MatrixXd::Zero(large, small);
    small_ = Eigen::MatrixXd::Zero(small, small);
    small_mass_ = Eigen::VectorXd::Zero(small);
  }
  bool is_small(int level) const { return place_[level] < 0; }
  int place(int level) const { return is_small(level) ? -1 - place_[level] : place_[level]; }

  struct Part {
    std::vector<Eigen::Triplet<double>> large;
    Eigen::MatrixXd cross, small;
    Eigen::VectorXd mass;
    int local_rank = 0;
  };

  void add(Part& part, int i, int j, double v) const {
    const int pi = place(i), pj = place(j);
    if (!is_small(i) && !is_small(j)) {
      part.large.emplace_back(pi, pj, v);
      if (pi != pj) part.large.emplace_back(pj, pi, v);
    } else if (is_small(i) && is_small(j)) {
      part.small(std::max(pi, pj), std::min(pi, pj)) += v;
    } else {
      part.cross(is_small(i) ? pj : pi, is_small(i) ? pi : pj) += v;
    }
  }

  void assemble(const Absorption& a) {
    const std::vector<Chunk> chunks =
        cut_chunks(a, static_cast<std::size_t>(cross_.size() + small_.size()) + 1);
    std::vector<Part> parts(chunks.size());
    parallel_for(chunks.size(), exec_, [&](std::size_t c) {
      Part& part = parts[c];
      part.cross = Eigen::MatrixXd::Zero(cross_.rows(), cross_.cols());
      part.small = Eigen::MatrixXd::Zero(small_.rows(), small_.cols());
      part.mass = Eigen::VectorXd::Zero(a.size());
      const Columns none;
      BlockReader reader(a, none);
      GroupSums sums(a);
      const auto plus = [&](int i, int j, double v) { add(part, i, j, v); };
      const auto minus = [&](int i, int j, double v) { add(part, i, j, -v); };
      for (int g = chunks[c].g0; g < chunks[c].g1;) {
        const int next = reader.load_basis(g, chunks[c].g1);
        part.local_rank += reader.local_rank();
        for (int h = g; h < next; ++h) {
          sums.read(reader, h);
          sums.each_row_pair(plus);
          sums.each_explained_pair(minus);
          sums.add_mass_to(part.mass);
        }
        g = next;
      }
    });
    std::vector<Eigen::Triplet<double>> triplets;
    for (Part& part : parts) {
      triplets.insert(triplets.end(), part.large.begin(), part.large.end());
      cross_ += part.cross;
      small_ += part.small;
      for (int l = 0; l < a.size(); ++l)
        if (is_small(l)) small_mass_[place(l)] += part.mass[l];
      local_rank_ += part.local_rank;
    }
    large_.setFromTriplets(triplets.begin(), triplets.end());
  }

  // Exact for one more effect: levels less connected components. Beyond that the usual bound,
  // one redundant level for each further effect.
  void count_rank(const Absorption& a) {
    rank_ = 0;
    int first_large = -1;
    for (std::size_t f = 0; f < a.effects.size(); ++f) {
      const Effect& e = a.effects[f];
      std::vector<char> used(static_cast<std::size_t>(e.levels), 0);
      for (std::size_t p = 0; p < a.rows.size(); ++p) used[e.code[a.rows[p]]] = 1;
      for (char u : used) rank_ += u;
      if (!e.slope.exists()) {
        if (first_large < 0 && e.levels > small_levels) first_large = static_cast<int>(f);
        if (static_cast<int>(f) != first_large) --rank_;
      }
    }
    exact_rank_ = a.effects.size() == 1 && first_large == 0 && a.group_slopes.empty();
    if (first_large >= 0 && a.group_means) rank_ -= count_components(a, a.effects[first_large]);
  }

  static int count_components(const Absorption& a, const Effect& e) {
    Components components(e.levels);
    std::vector<char> used(static_cast<std::size_t>(e.levels), 0);
    for (int g = 0; g < a.groups; ++g)
      for (int p = a.start[g]; p < a.start[g + 1]; ++p) {
        const int level = e.code[a.rows[p]];
        used[level] = 1;
        components.join(level, e.code[a.rows[a.start[g]]]);
      }
    int unused = 0;
    for (char u : used) unused += !u;
    return components.count() - unused;
  }

  Eigen::VectorXd small_solve(const Eigen::VectorXd& rhs) const {
    Eigen::MatrixXd x = rhs;
    if (x.rows() > 0) small_cholesky_.solve(x);
    return x;
  }
  Eigen::VectorXd apply(const Eigen::VectorXd& v) const {
    Eigen::VectorXd out = large_ * v;
    if (cross_.cols() > 0) out.noalias() -= cross_ * small_solve(cross_.transpose() * v);
    return out;
  }

  bool solve_column(const Eigen::VectorXd& q, Eigen::VectorXd& effects, int& iterations) const {
    Eigen::VectorXd rhs(large_.rows()), rhs_small(small_.rows());
    for (Eigen::Index l = 0; l < q.size(); ++l)
      (is_small(static_cast<int>(l)) ? rhs_small : rhs)[place(static_cast<int>(l))] = q[l];
    if (cross_.cols() > 0) rhs.noalias() -= cross_ * small_solve(rhs_small);
    Eigen::VectorXd x = Eigen::VectorXd::Zero(rhs.size());
    const bool ok = conjugate_gradients(rhs, q.norm(), x, iterations);
    Eigen::VectorXd x_small = small_solve(rhs_small - cross_.transpose() * x);
    for (Eigen::Index l = 0; l < q.size(); ++l)
      effects[l] = (is_small(static_cast<int>(l)) ? x_small : x)[place(static_cast<int>(l))];
    return ok;
  }

  // The residual of S a = q is the gradient D'W r of the least-squares problem, q that at the
  // start: the loop stops on their ratio.
  bool conjugate_gradients(const Eigen::VectorXd& rhs, double scale, Eigen::VectorXd& x,
                           int& iterations) const {
    if (scale == 0) return true;
    Eigen::VectorXd r = rhs, z = preconditioner_->solve(r), p = z;
    double rz = r.dot(z);
    for (iterations = 0; iterations < max_iterations_; ++iterations) {
      if (r.norm() <= tolerance_ * scale) return true;
      const Eigen::VectorXd sp = apply(p);
      const double curvature = p.dot(sp);
      if (!(curvature > 0)) return false;
      const double step = rz / curvature;
      x += step * p;
      r -= step * sp;
      z = preconditioner_->solve(r);
      const double next = r.dot(z);
      p = z + (next / rz) * p;
      rz = next;
    }
    return false;
  }

  double tolerance_;
  int max_iterations_;
  Execution exec_;
  std::vector<int> place_;
  Sparse large_;
  Eigen::MatrixXd cross_, small_;
  Eigen::VectorXd small_mass_;
  SemidefiniteCholesky small_cholesky_;
  std::unique_ptr<SparsePreconditioner> preconditioner_;
  int rank_ = 0, local_rank_ = 0, iterations_ = 0;
  bool exact_rank_ = false, converged_ = true;
};

}  // namespace pilotdid

#endif
