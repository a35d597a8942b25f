#include <pilotdid/honest_did.hpp>

#include "r_matrices.h"

namespace {

pilotdid::HonestProblem as_problem(const Rcpp::List& list) {
  pilotdid::HonestProblem p;
  p.moments = Rcpp::as<Eigen::VectorXd>(list["moments"]);
  p.slope = Rcpp::as<Eigen::VectorXd>(list["slope"]);
  p.nuisance = Rcpp::as<Eigen::MatrixXd>(list["nuisance"]);
  p.root = Rcpp::as<Eigen::MatrixXd>(list["root"]);
  p.alpha = list["alpha"];
  p.kappa = list["kappa"];
  p.first_stage =
      static_cast<pilotdid::HonestProblem::FirstStage>(Rcpp::as<int>(list["first_stage"]));
  p.draws = list["draws"];
  p.seed = static_cast<std::uint64_t>(Rcpp::as<double>(list["seed"]));
  p.center = list["center"];
  p.half_length = list["half_length"];
  p.cross = Rcpp::as<Eigen::VectorXd>(list["cross"]);
  return p;
}

}  // namespace

// -> c(low, high, empty, critical)
// [[Rcpp::export(rng = false)]]
Rcpp::NumericVector cpp_honest_interval(Rcpp::List problem, int points, double scale) {
  pilotdid::HonestTest test(as_problem(problem));
  const pilotdid::HonestInterval out = test.interval(points, scale);
  return Rcpp::NumericVector::create(out.low, out.high, out.empty, out.critical);
}

// [[Rcpp::export(rng = false)]]
Rcpp::LogicalVector cpp_honest_accepts(Rcpp::List problem, Rcpp::NumericVector target) {
  pilotdid::HonestTest test(as_problem(problem));
  Rcpp::LogicalVector out(target.size());
  for (R_xlen_t i = 0; i < target.size(); ++i) out[i] = test.accepts(target[i]);
  return out;
}
