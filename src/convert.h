// Where R meets the core, with r_matrices.h: views on R's memory, and how a call may use the
// machine.
#ifndef PILOTDID_CONVERT_H
#define PILOTDID_CONVERT_H

#include <pilotdid/column.hpp>
#include <pilotdid/parallel.hpp>

#include "r_matrices.h"

// Only named here, so that a wrapper compiles no more of the core than it calls.
namespace pilotdid {
struct Absorption;
struct SolverOptions;
struct Moments;
}  // namespace pilotdid

// Threads as set by the user (see R/threads.R), one after a fork, and R's own interrupt check.
pilotdid::Execution execution();

// Views: no copy is made, and none outlives its R object.
inline Eigen::Map<const Eigen::MatrixXd> view(const Rcpp::NumericMatrix& x) {
  return {x.begin(), x.nrow(), x.ncol()};
}
inline Eigen::Map<const Eigen::VectorXd> view(const Rcpp::NumericVector& x) {
  return {x.begin(), x.size()};
}
inline Eigen::Map<const Eigen::VectorXi> view(const Rcpp::IntegerVector& x) {
  return {x.begin(), x.size()};
}

inline Rcpp::NumericVector wrap_vector(const Eigen::VectorXd& x) {
  return Rcpp::NumericVector(x.data(), x.data() + x.size());
}

// A numeric, integer or logical vector, or list(code, level) for the indicator of a level; NULL is
// the column that is not there.
inline pilotdid::Column as_column(SEXP x) {
  switch (TYPEOF(x)) {
    case REALSXP:
      return pilotdid::Column(REAL(x));
    case INTSXP:
      return pilotdid::Column(INTEGER(x));
    case LGLSXP:
      return pilotdid::Column(LOGICAL(x));
    case VECSXP:
      return pilotdid::Column(INTEGER(VECTOR_ELT(x, 0)), Rf_asInteger(VECTOR_ELT(x, 1)));
    case NILSXP:
      return pilotdid::Column();
    default:
      Rcpp::stop("a column must be numeric, integer or logical");
  }
}
inline pilotdid::Columns as_columns(const Rcpp::List& list) {
  pilotdid::Columns columns;
  for (R_xlen_t k = 0; k < list.size(); ++k) columns.push_back(as_column(list[k]));
  return columns;
}

// rows: integer vector, or NULL for the data as they come; start: groups + 1 integers.
inline pilotdid::Rows as_rows(SEXP rows, const Rcpp::IntegerVector& start) {
  return {Rf_isNull(rows) ? nullptr : INTEGER(rows),
          static_cast<std::size_t>(start[start.size() - 1])};
}

// The list that absorption() of R/partial-out.R makes.
pilotdid::Absorption as_absorption(const Rcpp::List& list);

// list(tolerance, max_iterations, direct_limit)
pilotdid::SolverOptions as_options(const Rcpp::List& list);

Rcpp::List wrap_moments(const pilotdid::Moments& m);

#endif
