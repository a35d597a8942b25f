#include <pilotdid/entropy_index.hpp>
#include <pilotdid/resample.hpp>

#include "convert.h"

namespace {

// sample: list(n, group = integer or NULL, groups, weight = double or NULL)
pilotdid::Sample sample_of(const Rcpp::List& list) {
  pilotdid::Sample sample;
  sample.n = static_cast<std::size_t>(Rcpp::as<double>(list["n"]));
  sample.groups = Rcpp::as<int>(list["groups"]);
  SEXP group = list["group"], weight = list["weight"];
  if (!Rf_isNull(group)) sample.group = INTEGER(group);
  if (!Rf_isNull(weight)) sample.weight = REAL(weight);
  return sample;
}

pilotdid::Scaling scaling_of(const Rcpp::List& list) {
  pilotdid::Scaling s;
  s.center = Rcpp::as<Eigen::MatrixXd>(list["center"]);
  s.width = Rcpp::as<Eigen::MatrixXd>(list["width"]);
  s.at_zero = Rcpp::as<double>(list["at_zero"]);
  s.shift = Rcpp::as<double>(list["shift"]);
  return s;
}

// One number of each accumulator, columns x groups.
template <class Acc, class F>
Eigen::MatrixXd table(const std::vector<Acc>& sums, int groups, F&& f) {
  const Eigen::Index k = static_cast<Eigen::Index>(sums.size()) / groups;
  Eigen::MatrixXd out(k, groups);
  for (Eigen::Index j = 0; j < k; ++j)
    for (Eigen::Index g = 0; g < groups; ++g)
      out(j, g) = f(sums[static_cast<std::size_t>(j * groups + g)]);
  return out;
}

}  // namespace

// [[Rcpp::export(rng = false)]]
Rcpp::List cpp_column_ranges(Rcpp::List columns, Rcpp::List sample) {
  const pilotdid::Sample s = sample_of(sample);
  const auto sums = pilotdid::column_ranges(as_columns(columns), s, execution());
  return Rcpp::List::create(
      Rcpp::Named("min") = table(sums, s.groups, [](const pilotdid::RangeSum& a) { return a.min; }),
      Rcpp::Named("max") = table(sums, s.groups, [](const pilotdid::RangeSum& a) { return a.max; }),
      Rcpp::Named("mean") =
          table(sums, s.groups, [](const pilotdid::RangeSum& a) { return a.mean(); }),
      Rcpp::Named("weight") =
          table(sums, s.groups, [](const pilotdid::RangeSum& a) { return a.weight; }));
}

// Rows of each column below `min` and above `max` (columns x groups each).
// [[Rcpp::export(rng = false)]]
Rcpp::List cpp_outside_counts(Rcpp::List columns, Rcpp::List sample, Rcpp::NumericMatrix min,
                              Rcpp::NumericMatrix max) {
  const pilotdid::Sample s = sample_of(sample);
  std::vector<pilotdid::OutsideCount> start(static_cast<std::size_t>(min.size()));
  for (int j = 0; j < min.nrow(); ++j)
    for (int g = 0; g < min.ncol(); ++g) {
      auto& count = start[static_cast<std::size_t>(j * s.groups + g)];
      count.min = min(j, g);
      count.max = max(j, g);
    }
  const auto sums = pilotdid::fold(as_columns(columns), s, start, execution());
  return Rcpp::List::create(
      Rcpp::Named("below") =
          table(sums, s.groups, [](const pilotdid::OutsideCount& a) { return a.below; }),
      Rcpp::Named("above") =
          table(sums, s.groups, [](const pilotdid::OutsideCount& a) { return a.above; }));
}

// [[Rcpp::export(rng = false)]]
Rcpp::List cpp_entropy_sums(Rcpp::List columns, Rcpp::List sample, Rcpp::List scaling,
                            Rcpp::NumericMatrix factor, double offset) {
  const pilotdid::Sample s = sample_of(sample);
  const auto sums = pilotdid::entropy_sums(as_columns(columns), s, scaling_of(scaling),
                                           view(factor), offset, execution());
  return Rcpp::List::create(
      Rcpp::Named("total") =
          table(sums, s.groups, [](const pilotdid::EntropySum& a) { return a.total; }),
      Rcpp::Named("total_log") =
          table(sums, s.groups, [](const pilotdid::EntropySum& a) { return a.total_log; }));
}

// [[Rcpp::export(rng = false)]]
Rcpp::List cpp_cross_products(Rcpp::List columns, Rcpp::List sample, Rcpp::NumericMatrix center) {
  return Rcpp::wrap(
      pilotdid::cross_products(as_columns(columns), sample_of(sample), view(center), execution()));
}

// rule: list(scaling, weight, within, best, worst, dimension, dimensions, by_distance).
// Rows left out (group -1) are NA.
// [[Rcpp::export(rng = false)]]
Rcpp::NumericMatrix cpp_composite_scores(Rcpp::List columns, Rcpp::List sample, Rcpp::List rule) {
  const pilotdid::Sample s = sample_of(sample);
  pilotdid::ScoreRule r;
  r.scaling = scaling_of(rule["scaling"]);
  r.weight = Rcpp::as<Eigen::MatrixXd>(rule["weight"]);
  r.within = Rcpp::as<Eigen::MatrixXd>(rule["within"]);
  r.best = Rcpp::as<Eigen::MatrixXd>(rule["best"]);
  r.worst = Rcpp::as<Eigen::MatrixXd>(rule["worst"]);
  r.dimension = Rcpp::as<std::vector<int>>(rule["dimension"]);
  r.dimensions = Rcpp::as<int>(rule["dimensions"]);
  r.by_distance = Rcpp::as<bool>(rule["by_distance"]);
  Rcpp::NumericMatrix out(static_cast<int>(s.n), r.dimensions > 1 ? 1 + r.dimensions : 1);
  pilotdid::composite_scores(as_columns(columns), s, r, out.begin(), execution());
  if (s.group)
    for (int c = 0; c < out.ncol(); ++c)
      for (std::size_t i = 0; i < s.n; ++i)
        if (s.group[i] < 0) out(static_cast<int>(i), c) = NA_REAL;
  return out;
}

// How often each unit is drawn in draw number `draw`.
// [[Rcpp::export(rng = false)]]
Rcpp::IntegerVector cpp_resample_counts(int units, double seed, double draw) {
  return Rcpp::wrap(pilotdid::resample_counts(units, static_cast<std::uint64_t>(seed),
                                              static_cast<std::uint64_t>(draw)));
}
