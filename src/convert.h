// The only place where R meets the core: views on R's memory, and how a call may use the machine.
#ifndef PILOTDID_CONVERT_H
#define PILOTDID_CONVERT_H

#include <RcppEigen.h>

#include <pilotdid/parallel.hpp>

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

#endif
