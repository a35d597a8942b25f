#include <pilotdid/coding.hpp>
#include <pilotdid/panel_index.hpp>
#include <pilotdid/scan.hpp>

#include "convert.h"

namespace {

// Empty for NULL: all rows are kept.
std::vector<unsigned char> as_keep(SEXP keep, std::size_t n) {
  if (Rf_isNull(keep)) return {};
  return std::vector<unsigned char>(RAW(keep), RAW(keep) + n);
}

Rcpp::RawVector wrap_keep(const std::vector<unsigned char>& keep) {
  return Rcpp::RawVector(keep.begin(), keep.end());
}

Rcpp::IntegerVector new_codes(R_xlen_t n) {
  Rcpp::IntegerVector code(Rcpp::no_init(n));
  pilotdid::advise_large_pages(code.begin(), static_cast<std::size_t>(n));
  return code;
}

// Codes and the distinct values in ascending order.
template <class Vector, class T>
Rcpp::List code_numbers(SEXP x, const T* values) {
  const R_xlen_t n = Rf_xlength(x);
  Rcpp::IntegerVector code = new_codes(n);
  const std::vector<T> distinct =
      pilotdid::code_values(values, static_cast<std::size_t>(n), code.begin(), execution());
  return Rcpp::List::create(Rcpp::_["code"] = code,
                            Rcpp::_["values"] = Vector(distinct.begin(), distinct.end()));
}

// Strings are cached by R: equal strings of one encoding share one address. The order of the
// distinct values is that of their addresses; R sorts them and merges encodings.
Rcpp::List code_strings(SEXP x) {
  const R_xlen_t n = Rf_xlength(x);
  std::vector<std::int64_t> address(static_cast<std::size_t>(n));
  for (R_xlen_t i = 0; i < n; ++i) {
    SEXP s = STRING_ELT(x, i);
    address[i] =
        s == NA_STRING ? -1 : static_cast<std::int64_t>(reinterpret_cast<std::intptr_t>(s));
  }
  Rcpp::IntegerVector code = new_codes(n);
  const std::vector<std::int64_t> distinct =
      pilotdid::code_values(address.data(), address.size(), code.begin(), execution());
  Rcpp::CharacterVector values(static_cast<R_xlen_t>(distinct.size()));
  for (std::size_t v = 0; v < distinct.size(); ++v)
    SET_STRING_ELT(values, static_cast<R_xlen_t>(v),
                   reinterpret_cast<SEXP>(static_cast<std::intptr_t>(distinct[v])));
  return Rcpp::List::create(Rcpp::_["code"] = code, Rcpp::_["values"] = values);
}

}  // namespace

// [[Rcpp::export(rng = false)]]
Rcpp::List cpp_code(SEXP x) {
  switch (TYPEOF(x)) {
    case REALSXP:
      return code_numbers<Rcpp::NumericVector>(x, REAL(x));
    case INTSXP:
      return code_numbers<Rcpp::IntegerVector>(x, INTEGER(x));
    case LGLSXP:
      return code_numbers<Rcpp::LogicalVector>(x, LOGICAL(x));
    case STRSXP:
      return code_strings(x);
    default:
      Rcpp::stop("identifiers must be numeric, logical or character");
  }
}

// code -> rank[code], in place: code is fresh from cpp_code().
// [[Rcpp::export(rng = false)]]
void cpp_recode(Rcpp::IntegerVector code, Rcpp::IntegerVector rank) {
  for (int& c : code)
    if (c >= 0) c = rank[c];
}

// [[Rcpp::export(rng = false)]]
Rcpp::List cpp_code_pairs(Rcpp::IntegerVector a, Rcpp::IntegerVector b, int levels_b) {
  Rcpp::IntegerVector code = new_codes(a.size());
  const std::vector<std::int64_t> pairs =
      pilotdid::code_pairs(a.begin(), b.begin(), levels_b, static_cast<std::size_t>(a.size()),
                           code.begin(), execution());
  Rcpp::IntegerVector first(pairs.size()), second(pairs.size());
  for (std::size_t v = 0; v < pairs.size(); ++v) {
    first[v] = static_cast<int>(pairs[v] / levels_b);
    second[v] = static_cast<int>(pairs[v] % levels_b);
  }
  return Rcpp::List::create(Rcpp::_["code"] = code, Rcpp::_["first"] = first,
                            Rcpp::_["second"] = second);
}

// keep: raw flags or NULL. Returns the flags that are left (NULL if all of them are), and for
// each column the rows it dropped, its infinite values and the row of the first of these (from 1).
// [[Rcpp::export(rng = false)]]
Rcpp::List cpp_scan(Rcpp::List columns, double n, SEXP keep) {
  std::vector<unsigned char> flags = as_keep(keep, static_cast<std::size_t>(n));
  const auto found =
      pilotdid::scan_columns(as_columns(columns), static_cast<std::size_t>(n), flags, execution());
  Rcpp::NumericVector dropped(found.size()), infinite(found.size()), first(found.size());
  double all = 0;
  for (std::size_t k = 0; k < found.size(); ++k) {
    all += dropped[k] = static_cast<double>(found[k].dropped);
    infinite[k] = static_cast<double>(found[k].infinite);
    first[k] = static_cast<double>(found[k].first_infinite + 1);
  }
  return Rcpp::List::create(Rcpp::_["keep"] = all == 0 ? keep : static_cast<SEXP>(wrap_keep(flags)),
                            Rcpp::_["dropped"] = dropped, Rcpp::_["infinite"] = infinite,
                            Rcpp::_["first"] = first);
}

// [[Rcpp::export(rng = false)]]
Rcpp::List cpp_prune(SEXP keep, Rcpp::List codes, Rcpp::IntegerVector levels, double n) {
  std::vector<unsigned char> flags = as_keep(keep, static_cast<std::size_t>(n));
  std::vector<const int*> pointers;
  for (R_xlen_t f = 0; f < codes.size(); ++f)
    pointers.push_back(INTEGER(static_cast<SEXP>(codes[f])));
  const std::size_t dropped =
      pilotdid::prune_singletons(pointers, Rcpp::as<std::vector<int>>(levels),
                                 static_cast<std::size_t>(n), flags, execution());
  return Rcpp::List::create(
      Rcpp::_["keep"] = dropped == 0 ? keep : static_cast<SEXP>(wrap_keep(flags)),
      Rcpp::_["dropped"] = static_cast<double>(dropped));
}

// time: integer codes or NULL.
// [[Rcpp::export(rng = false)]]
Rcpp::List cpp_index(SEXP keep, double n, Rcpp::IntegerVector group, int groups, SEXP time,
                     int times) {
  const pilotdid::PanelIndex index = pilotdid::index_panel(
      Rf_isNull(keep) ? nullptr : RAW(keep), static_cast<std::size_t>(n), group.begin(), groups,
      Rf_isNull(time) ? nullptr : INTEGER(time), times, execution());
  SEXP rows = R_NilValue;
  Rcpp::IntegerVector order;
  if (!index.identity) {
    order = Rcpp::IntegerVector(index.rows.begin(), index.rows.end());
    rows = order;
  }
  return Rcpp::List::create(Rcpp::_["rows"] = rows, Rcpp::_["start"] = Rcpp::wrap(index.start),
                            Rcpp::_["strict"] = index.strict);
}

// The position (from 1) of the first repeated (group, time), or 0.
// [[Rcpp::export(rng = false)]]
double cpp_first_duplicate(SEXP rows, Rcpp::IntegerVector start, Rcpp::IntegerVector time) {
  return static_cast<double>(pilotdid::first_duplicate(as_rows(rows, start), start.begin(),
                                                       static_cast<int>(start.size()) - 1,
                                                       time.begin())) +
         1;
}

// [[Rcpp::export(rng = false)]]
Rcpp::List cpp_treatment_paths(SEXP rows, Rcpp::IntegerVector start, Rcpp::IntegerVector time,
                               SEXP status) {
  const pilotdid::TreatmentPaths paths = pilotdid::treatment_paths(
      as_rows(rows, start), start.begin(), static_cast<int>(start.size()) - 1, time.begin(),
      as_column(status), execution());
  return Rcpp::List::create(
      Rcpp::_["cohort"] = Rcpp::wrap(paths.cohort), Rcpp::_["last"] = Rcpp::wrap(paths.last),
      Rcpp::_["always"] = static_cast<double>(paths.always),
      Rcpp::_["reversals"] = static_cast<double>(paths.reversals),
      Rcpp::_["gaps"] = static_cast<double>(paths.gaps),
      Rcpp::_["first_reversal"] = static_cast<double>(paths.first_reversal + 1),
      Rcpp::_["binary"] = paths.binary, Rcpp::_["varies_within"] = paths.varies_within,
      Rcpp::_["smallest"] = paths.smallest, Rcpp::_["largest"] = paths.largest);
}

// Codes of the rows that are kept, without gaps, and which of the old levels (from 1) are left.
// [[Rcpp::export(rng = false)]]
Rcpp::List cpp_compact(Rcpp::IntegerVector code, int levels, Rcpp::RawVector keep) {
  Rcpp::IntegerVector out = new_codes(code.size());
  std::vector<int> used =
      pilotdid::compact_codes(code.begin(), levels, keep.begin(),
                              static_cast<std::size_t>(code.size()), NA_INTEGER, out.begin());
  for (int& u : used) ++u;
  return Rcpp::List::create(Rcpp::_["code"] = out, Rcpp::_["used"] = Rcpp::wrap(used));
}

// [[Rcpp::export(rng = false)]]
bool cpp_is_constant_within(SEXP rows, Rcpp::IntegerVector start, Rcpp::IntegerVector code,
                            int levels, SEXP x) {
  return pilotdid::is_constant_within(as_rows(rows, start), code.begin(), levels, as_column(x));
}

// [[Rcpp::export(rng = false)]]
bool cpp_is_nested(SEXP rows, Rcpp::IntegerVector start, Rcpp::IntegerVector inner, int levels,
                   Rcpp::IntegerVector outer) {
  return pilotdid::is_nested(as_rows(rows, start), inner.begin(), levels, outer.begin());
}
