// Dense matrices and vectors of the core from and to R. The header of RcppEigen does that too, and reads all of Eigen
// for it: four seconds of compilation in each wrapper.
#ifndef PILOTDID_R_MATRICES_H
#define PILOTDID_R_MATRICES_H

#include <RcppCommon.h>

#include <Eigen/Dense>

namespace Rcpp {
template <>
SEXP wrap(const Eigen::MatrixXd& x);
template <>
SEXP wrap(const Eigen::VectorXd& x);
template <>
SEXP wrap(const Eigen::VectorXi& x);
template <>
Eigen::MatrixXd as(SEXP x);
template <>
Eigen::VectorXd as(SEXP x);
}  // namespace Rcpp

#include <Rcpp/Lightest>

#include <pilotdid/large_pages.hpp>

// Not filled.
inline Rcpp::NumericMatrix new_matrix(Eigen::Index rows, Eigen::Index cols) {
  Rcpp::NumericMatrix out(Rcpp::no_init(static_cast<int>(rows), static_cast<int>(cols)));
  pilotdid::advise_large_pages(out.begin(), static_cast<std::size_t>(rows * cols));
  return out;
}

namespace Rcpp {
template <>
inline SEXP wrap(const Eigen::MatrixXd& x) {
  NumericMatrix out = new_matrix(x.rows(), x.cols());
  std::copy(x.data(), x.data() + x.size(), out.begin());
  return out;
}
template <>
inline SEXP wrap(const Eigen::VectorXd& x) {
  return NumericVector(x.data(), x.data() + x.size());
}
template <>
inline SEXP wrap(const Eigen::VectorXi& x) {
  return IntegerVector(x.data(), x.data() + x.size());
}
template <>
inline Eigen::MatrixXd as(SEXP x) {
  const NumericMatrix values(x);
  return Eigen::Map<const Eigen::MatrixXd>(values.begin(), values.nrow(), values.ncol());
}
template <>
inline Eigen::VectorXd as(SEXP x) {
  const NumericVector values(x);
  return Eigen::Map<const Eigen::VectorXd>(values.begin(), values.size());
}
}  // namespace Rcpp

#endif
