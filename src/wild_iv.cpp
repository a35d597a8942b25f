#include <pilotdid/wild_bootstrap.hpp>
#include <pilotdid/wild_iv.hpp>

#include "convert.h"

// forms (rows x clusters) times the weights of each draw -> rows x draws.
// [[Rcpp::export(rng = false)]]
Rcpp::NumericMatrix cpp_wild_products(Rcpp::NumericMatrix forms, int type, int draws, double seed,
                                      bool enumerate) {
  const Eigen::Map<const Eigen::MatrixXd> f = view(forms);
  const pilotdid::WeightDrawer drawer(static_cast<pilotdid::WildWeights>(type),
                                      static_cast<std::uint64_t>(seed), enumerate);
  Rcpp::NumericMatrix out(forms.nrow(), draws);
  Eigen::Map<Eigen::MatrixXd> products(out.begin(), out.nrow(), out.ncol());
  const int block = 64;
  pilotdid::parallel_for((draws + block - 1) / block, execution(), [&](std::size_t c) {
    const int first = static_cast<int>(c) * block, count = std::min(block, draws - first);
    Eigen::MatrixXd weights(f.cols(), count);
    Eigen::VectorXd one(f.cols());
    for (int b = 0; b < count; ++b) {
      drawer.weights(static_cast<std::uint64_t>(first + b), one);
      weights.col(b) = one;
    }
    products.middleCols(first, count).noalias() = f * weights;
  });
  return out;
}

// ways: list of list(factor, first (row from 0), squares).
// [[Rcpp::export(rng = false)]]
std::vector<double> cpp_wild_iv_statistics(Rcpp::NumericMatrix products, Rcpp::List ways,
                                           double null, Rcpp::NumericVector first_stage) {
  std::vector<pilotdid::WildIvWay> read;
  for (R_xlen_t w = 0; w < ways.size(); ++w) {
    const Rcpp::List list = ways[w];
    pilotdid::WildIvWay way;
    way.factor = Rcpp::as<double>(list["factor"]);
    way.first = Rcpp::as<int>(list["first"]);
    way.squares = view(Rcpp::as<Rcpp::NumericMatrix>(list["squares"]));
    read.push_back(way);
  }
  const Eigen::VectorXd slope = view(first_stage);
  return pilotdid::wild_iv_statistics(view(products), read, null, slope, execution());
}
