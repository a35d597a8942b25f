// Effects by cohort and period with covariates (Callaway and Sant'Anna 2021; Sant'Anna and Zhao
// 2020): doubly robust, inverse probability weighting or outcome regression, on panels and on
// repeated cross-sections. Influences are sums: their square is the variance. Conventions are
// those of the R packages did 2.5 and DRDID 1.4.
#ifndef PILOTDID_CALLAWAY_SANTANNA_HPP
#define PILOTDID_CALLAWAY_SANTANNA_HPP

#include <Eigen/Dense>
#include <limits>
#include <utility>
#include <vector>

#include "column.hpp"
#include "nuisance.hpp"
#include "parallel.hpp"

namespace pilotdid {

enum class CsMethod { doubly_robust = 0, weighting = 1, regression = 2 };
enum class CsStatus {
  estimated = 0,
  no_treated = 1,
  no_control = 2,
  no_overlap = 3,
  singular = 4,
  not_converged = 5
};

struct CsPanel {
  Rows rows;
  const int* start = nullptr;
  int units = 0, periods = 0;
  const int* time = nullptr;    // data row -> period
  const int* cohort = nullptr;  // unit -> first treated period, -1 never
  Column outcome, weights;
  Columns covariates;
  bool by_row = false;    // repeated cross-sections: rows, not differences within units
  bool constant = false;  // neither weights nor covariates change within units
};

// Controls are the never treated and cohorts later than `later_than`.
struct CsCell {
  int cohort, time, base, later_than;
  int earlier() const { return time < base ? time : base; }
};

struct CsEstimate {
  double effect = std::numeric_limits<double>::quiet_NaN();
  CsStatus status = CsStatus::estimated;
  int column = -1;  // covariate that makes a singular cell singular: 0 is the intercept
  int treated = 0, control = 0;  // units (rows) in the cell
};

namespace detail {

// Controls with a score this high are dropped, and treated with a score of 1 kept just below.
constexpr double trim_score = 0.995, highest_score = 1 - 1e-6, overlap_limit = 0.999;

// What a cell needs beside the outcome: the same for all cells with the same members.
struct CsNuisance {
  Eigen::MatrixXd x;  // n x (1 + covariates), standardized
  Eigen::VectorXd d, w;
  Eigen::VectorXd score, control_weight, treated_weight;
  Eigen::MatrixXd logit_inverse;
  CsStatus status = CsStatus::estimated;
  int column = -1;
};

inline void standardize(Eigen::MatrixXd& x) {
  for (Eigen::Index j = 1; j < x.cols(); ++j) {
    x.col(j).array() -= x.col(j).mean();
    const double sd = x.col(j).norm() / std::sqrt(static_cast<double>(x.rows()));
    if (sd > 0) x.col(j) /= sd;
  }
}

inline void fit_score(CsNuisance& m, CsMethod method) {
  m.treated_weight = m.w.cwiseProduct(m.d);
  m.control_weight = m.w - m.treated_weight;
  if (method == CsMethod::regression) return;
  const Logit logit = fit_logit(m.x, m.d, m.w);
  if (logit.singular >= 0) {
    m.status = CsStatus::singular;
    m.column = logit.singular;
  } else if (logit.fitted.maxCoeff() >= overlap_limit) {
    m.status = CsStatus::no_overlap;
  } else if (!logit.converged) {
    m.status = CsStatus::not_converged;
  } else {
    m.score = logit.fitted.cwiseMin(highest_score);
    m.logit_inverse = logit.inverse;
    for (Eigen::Index i = 0; i < m.d.size(); ++i)
      m.control_weight[i] *= m.score[i] < trim_score ? m.score[i] / (1 - m.score[i]) : 0;
    if (!(m.control_weight.sum() > 0)) m.status = CsStatus::no_overlap;
  }
}

// Contribution of each row through the estimated logit, in the direction v of its coefficients.
inline Eigen::VectorXd through_score(const CsNuisance& m, const Eigen::VectorXd& v) {
  return m.w.cwiseProduct(m.d - m.score).cwiseProduct(m.x * (m.logit_inverse * v));
}

// An outcome regression on the rows with positive weight, and the influence of its coefficients.
struct OutcomeModel {
  LeastSquaresPart part;
  Eigen::VectorXd weighted_residual, fitted;
  OutcomeModel() = default;
  OutcomeModel(const Eigen::MatrixXd& x, const Eigen::VectorXd& w)
      : part(least_squares_part(x, w)) {}
  void fit(const Eigen::MatrixXd& x, const Eigen::VectorXd& w, const Eigen::VectorXd& y) {
    fitted = x * part.fit(x, w, y);
    weighted_residual = w.cwiseProduct(y - fitted);
  }
  Eigen::VectorXd through(const Eigen::MatrixXd& x, const Eigen::VectorXd& v) const {
    return weighted_residual.cwiseProduct(x * (part.inverse * v));
  }
};

// Weighted mean of `value`, and weight * (value - mean) / sum of the weights.
struct Mean {
  double value, total;
  Eigen::VectorXd influence;
  Mean(const Eigen::VectorXd& w, const Eigen::VectorXd& x)
      : value(w.dot(x) / w.sum()),
        total(w.sum()),
        influence(w.cwiseProduct((x.array() - w.dot(x) / w.sum()).matrix()) / w.sum()) {}
};

// Panel: y is the difference between the two periods. psi (n) is written.
inline double panel_effect(const CsNuisance& m, CsMethod method, const OutcomeModel& prepared,
                           const Eigen::VectorXd& y, Eigen::VectorXd& psi) {
  OutcomeModel model = prepared;
  Eigen::VectorXd residual = y;
  if (method != CsMethod::weighting) {
    model.fit(m.x, m.w - m.treated_weight, y);
    residual -= model.fitted;
  }
  const Mean treated(m.treated_weight, residual);
  psi = treated.influence;
  if (method != CsMethod::weighting)
    psi -= model.through(m.x, m.x.transpose() * m.treated_weight) / treated.total;
  if (method == CsMethod::regression) return treated.value;
  const Mean control(m.control_weight, residual);
  psi -= control.influence;
  psi -= through_score(m, m.x.transpose() * control.influence);
  if (method != CsMethod::weighting)
    psi += model.through(m.x, m.x.transpose() * m.control_weight) / control.total;
  return treated.value - control.value;
}

// Repeated cross-sections: y is the level, post (n) is 1 in the later period. The doubly robust
// estimator is the locally efficient one.
class CrossSection {
 public:
  CrossSection(const CsNuisance& m, CsMethod method, const Eigen::VectorXd& y,
               const Eigen::VectorXd& post)
      : m_(m), method_(method), y_(y), post_(post), pre_((1 - post.array()).matrix()) {}

  // Returns false where a regression is singular; `column` then says which column.
  bool estimate(double& effect, Eigen::VectorXd& psi, int& column) {
    const Eigen::VectorXd control = m_.w.cwiseProduct((1 - m_.d.array()).matrix());
    if (method_ != CsMethod::weighting &&
        (!model(control_post_, control.cwiseProduct(post_), column) ||
         !model(control_pre_, control.cwiseProduct(pre_), column)))
      return false;
    if (method_ == CsMethod::regression) {
      effect = regression(psi);
      return true;
    }
    effect = contrast(psi);
    if (method_ == CsMethod::weighting) return true;
    if (!model(treated_post_, m_.treated_weight.cwiseProduct(post_), column) ||
        !model(treated_pre_, m_.treated_weight.cwiseProduct(pre_), column))
      return false;
    effect += efficiency(psi);
    return true;
  }

 private:
  bool model(OutcomeModel& out, const Eigen::VectorXd& w, int& column) {
    out = OutcomeModel(m_.x, w);
    column = out.part.singular;
    if (column >= 0) return false;
    out.fit(m_.x, w, y_);
    return true;
  }
  Eigen::VectorXd mean_x(const Eigen::VectorXd& w) const { return m_.x.transpose() * w / w.sum(); }

  double regression(Eigen::VectorXd& psi) const {
    const Mean post(m_.treated_weight.cwiseProduct(post_), y_),
        pre(m_.treated_weight.cwiseProduct(pre_), y_);
    const Mean change(m_.treated_weight, control_post_.fitted - control_pre_.fitted);
    const Eigen::VectorXd x = mean_x(m_.treated_weight);
    psi = post.influence - pre.influence - change.influence - control_post_.through(m_.x, x) +
          control_pre_.through(m_.x, x);
    return post.value - pre.value - change.value;
  }

  // Treated minus control, after minus before, of what the outcome models leave.
  double contrast(Eigen::VectorXd& psi) const {
    const bool robust = method_ == CsMethod::doubly_robust;
    Eigen::VectorXd residual = y_;
    if (robust)
      residual -= post_.cwiseProduct(control_post_.fitted) + pre_.cwiseProduct(control_pre_.fitted);
    const Eigen::VectorXd w1 = m_.treated_weight.cwiseProduct(post_),
                          w0 = m_.treated_weight.cwiseProduct(pre_);
    const Eigen::VectorXd c1 = m_.control_weight.cwiseProduct(post_),
                          c0 = m_.control_weight.cwiseProduct(pre_);
    const Mean t1(w1, residual), t0(w0, residual), u1(c1, residual), u0(c0, residual);
    psi = t1.influence - t0.influence - u1.influence + u0.influence;
    psi -= through_score(m_, m_.x.transpose() * (u1.influence - u0.influence));
    if (robust) {
      psi += control_post_.through(m_.x, mean_x(c1) - mean_x(w1));
      psi -= control_pre_.through(m_.x, mean_x(c0) - mean_x(w0));
    }
    return t1.value - t0.value - u1.value + u0.value;
  }

  // The correction that uses the treated of both periods for the covariates of each.
  double efficiency(Eigen::VectorXd& psi) const {
    const Eigen::VectorXd& d = m_.treated_weight;
    const Eigen::VectorXd d1 = d.cwiseProduct(post_), d0 = d.cwiseProduct(pre_);
    const Eigen::VectorXd gap1 = treated_post_.fitted - control_post_.fitted;
    const Eigen::VectorXd gap0 = treated_pre_.fitted - control_pre_.fitted;
    const Mean all1(d, gap1), own1(d1, gap1), all0(d, gap0), own0(d0, gap0);
    psi += all1.influence - own1.influence - all0.influence + own0.influence;
    const Eigen::VectorXd x1 = mean_x(d) - mean_x(d1), x0 = mean_x(d) - mean_x(d0);
    psi += treated_post_.through(m_.x, x1) - control_post_.through(m_.x, x1);
    psi -= treated_pre_.through(m_.x, x0) - control_pre_.through(m_.x, x0);
    return all1.value - own1.value - all0.value + own0.value;
  }

  const CsNuisance& m_;
  CsMethod method_;
  const Eigen::VectorXd &y_, &post_;
  Eigen::VectorXd pre_;
  OutcomeModel control_post_, control_pre_, treated_post_, treated_pre_;
};

// Where the row of (unit, period) lies, -1 where there is none: units x periods, by unit.
inline std::vector<int> positions(const CsPanel& panel) {
  std::vector<int> at(static_cast<std::size_t>(panel.units) * panel.periods, -1);
  for (int i = 0; i < panel.units; ++i)
    for (int p = panel.start[i]; p < panel.start[i + 1]; ++p)
      at[static_cast<std::size_t>(i) * panel.periods + panel.time[panel.rows[p]]] = p;
  return at;
}

// The members of a cell: units seen in both periods, or rows of either.
struct Members {
  std::vector<int> unit;
  std::vector<std::size_t> row_x;         // the row of covariates and weights
  std::vector<std::size_t> row_t, row_b;  // panel only
  std::vector<char> treated, post;
};

inline int role(const CsPanel& panel, const CsCell& cell, int unit) {
  const int cohort = panel.cohort[unit];
  if (cohort == cell.cohort) return 1;
  return cohort < 0 || cohort > cell.later_than ? 0 : -1;
}

inline Members find_members(const CsPanel& panel, const std::vector<int>& at, const CsCell& cell) {
  Members m;
  for (int i = 0; i < panel.units; ++i) {
    const int d = role(panel, cell, i);
    if (d < 0) continue;
    if (panel.by_row) {
      for (int p = panel.start[i]; p < panel.start[i + 1]; ++p) {
        const std::size_t row = panel.rows[p];
        const int t = panel.time[row];
        if (t != cell.time && t != cell.base) continue;
        m.unit.push_back(i);
        m.row_x.push_back(row);
        m.treated.push_back(static_cast<char>(d));
        m.post.push_back(t == cell.time);
      }
      continue;
    }
    const int* own = &at[static_cast<std::size_t>(i) * panel.periods];
    if (own[cell.time] < 0 || own[cell.base] < 0) continue;
    m.unit.push_back(i);
    m.row_x.push_back(panel.rows[own[cell.earlier()]]);
    m.row_t.push_back(panel.rows[own[cell.time]]);
    m.row_b.push_back(panel.rows[own[cell.base]]);
    m.treated.push_back(static_cast<char>(d));
  }
  return m;
}

inline CsNuisance prepare(const CsPanel& panel, const Members& members, CsMethod method) {
  const Eigen::Index n = static_cast<Eigen::Index>(members.unit.size());
  CsNuisance m;
  m.x.resize(n, 1 + static_cast<Eigen::Index>(panel.covariates.size()));
  m.d.resize(n);
  m.w.resize(n);
  for (Eigen::Index i = 0; i < n; ++i) {
    m.x(i, 0) = 1;
    for (std::size_t j = 0; j < panel.covariates.size(); ++j)
      m.x(i, static_cast<Eigen::Index>(j) + 1) = panel.covariates[j][members.row_x[i]];
    m.d[i] = members.treated[i];
    m.w[i] = panel.weights.exists() ? panel.weights[members.row_x[i]] : 1.0;
  }
  standardize(m.x);
  fit_score(m, method);
  return m;
}

// Who is there: without treated or controls (in either period) there is no effect.
inline CsStatus count(const CsPanel& panel, const Members& m, CsEstimate& out) {
  int seen[2][2] = {{0, 0}, {0, 0}};
  for (std::size_t i = 0; i < m.unit.size(); ++i)
    ++seen[static_cast<int>(m.treated[i])][panel.by_row ? static_cast<int>(m.post[i]) : 0];
  out.treated = seen[1][0] + seen[1][1];
  out.control = seen[0][0] + seen[0][1];
  if (!panel.by_row) seen[0][1] = seen[0][0], seen[1][1] = seen[1][0];
  if (!seen[1][0] || !seen[1][1]) return CsStatus::no_treated;
  if (!seen[0][0] || !seen[0][1]) return CsStatus::no_control;
  return CsStatus::estimated;
}

}  // namespace detail

// One cell after the other that share members, score and Gram matrix where they can.
class CsCells {
 public:
  CsCells(const CsPanel& panel, CsMethod method)
      : panel_(panel),
        method_(method),
        at_(panel.by_row ? std::vector<int>() : detail::positions(panel)) {}

  // cells[begin .. end-1]; psi (units x all cells) is zero on entry.
  void run(const std::vector<CsCell>& cells, std::size_t begin, std::size_t end,
           std::vector<CsEstimate>& out, double* psi) const {
    detail::CsNuisance nuisance;
    detail::OutcomeModel model;
    detail::Members last;
    for (std::size_t c = begin; c < end; ++c) {
      detail::Members members = detail::find_members(panel_, at_, cells[c]);
      CsEstimate& estimate = out[c];
      estimate.status = detail::count(panel_, members, estimate);
      if (estimate.status != CsStatus::estimated) continue;
      if (!same_covariates(members, last)) {
        nuisance = detail::prepare(panel_, members, method_);
        if (!panel_.by_row && method_ != CsMethod::weighting &&
            nuisance.status == CsStatus::estimated) {
          model = detail::OutcomeModel(nuisance.x, nuisance.w - nuisance.treated_weight);
          if (model.part.singular >= 0) {
            nuisance.status = CsStatus::singular;
            nuisance.column = model.part.singular;
          }
        }
      }
      estimate.status = nuisance.status;
      estimate.column = nuisance.column;
      if (estimate.status == CsStatus::estimated)
        solve(members, nuisance, model, estimate, psi + c * static_cast<std::size_t>(panel_.units));
      last = std::move(members);
    }
  }

 private:
  bool same_covariates(const detail::Members& a, const detail::Members& b) const {
    if (a.treated != b.treated) return false;
    return panel_.constant ? a.unit == b.unit : a.row_x == b.row_x;
  }

  void solve(const detail::Members& members, const detail::CsNuisance& nuisance,
             const detail::OutcomeModel& model, CsEstimate& estimate, double* psi) const {
    const Eigen::Index n = static_cast<Eigen::Index>(members.unit.size());
    Eigen::VectorXd y(n), own;
    if (panel_.by_row) {
      Eigen::VectorXd post(n);
      for (Eigen::Index i = 0; i < n; ++i) {
        y[i] = panel_.outcome[members.row_x[i]];
        post[i] = members.post[i];
      }
      double effect = 0;
      int column = -1;
      if (!detail::CrossSection(nuisance, method_, y, post).estimate(effect, own, column)) {
        estimate.status = CsStatus::singular;
        estimate.column = column;
        return;
      }
      estimate.effect = effect;
    } else {
      for (Eigen::Index i = 0; i < n; ++i)
        y[i] = panel_.outcome[members.row_t[i]] - panel_.outcome[members.row_b[i]];
      estimate.effect = detail::panel_effect(nuisance, method_, model, y, own);
    }
    for (Eigen::Index i = 0; i < n; ++i) psi[members.unit[i]] += own[i];
  }

  const CsPanel& panel_;
  CsMethod method_;
  std::vector<int> at_;
};

// group: cell -> block of consecutive cells that share their nuisance models; ascending.
inline std::vector<CsEstimate> callaway_santanna(const CsPanel& panel, CsMethod method,
                                                 const std::vector<CsCell>& cells,
                                                 const std::vector<int>& group, double* psi,
                                                 const Execution& exec) {
  std::vector<CsEstimate> out(cells.size());
  std::vector<std::size_t> begin;
  for (std::size_t c = 0; c < cells.size(); ++c)
    if (c == 0 || group[c] != group[c - 1]) begin.push_back(c);
  begin.push_back(cells.size());
  const CsCells solver(panel, method);
  parallel_for(begin.size() - 1, exec,
               [&](std::size_t g) { solver.run(cells, begin[g], begin[g + 1], out, psi); });
  return out;
}

}  // namespace pilotdid

#endif
