// A view of one column of the caller's data: doubles, or integers (logicals are integers too), or
// the indicator of one level of a code, which is never written out.
#ifndef PILOTDID_COLUMN_HPP
#define PILOTDID_COLUMN_HPP

#include <cstddef>
#include <vector>

namespace pilotdid {

// 1 where the code has this level.
struct Indicator {
  const int* code;
  int level;
  int operator[](std::size_t row) const { return code[row] == level; }
};

class Column {
 public:
  Column() = default;
  Column(const int* code, int level) : whole_(code), level_(level), is_indicator_(true) {}
  explicit Column(const double* values) : real_(values) {}
  explicit Column(const int* values) : whole_(values) {}

  // False for the column that is not there: no weights, an effect without slope.
  bool exists() const { return real_ || whole_; }
  double operator[](std::size_t row) const {
    if (is_indicator_) return whole_[row] == level_;
    return real_ ? real_[row] : static_cast<double>(whole_[row]);
  }

  // Calls f with a plain pointer, so that a loop over rows branches on the type once. Columns of
  // the caller's data only; read() takes indicators as well.
  template <class F>
  auto visit(F&& f) const {
    return real_ ? f(real_) : f(whole_);
  }
  template <class F>
  auto read(F&& f) const {
    return is_indicator_ ? f(Indicator{whole_, level_}) : visit(f);
  }

 private:
  const double* real_ = nullptr;
  const int* whole_ = nullptr;
  int level_ = 0;
  bool is_indicator_ = false;
};

using Columns = std::vector<Column>;

// Position in the order of the computation -> row of the caller's data.
// A null pointer is the identity: all rows are used as they come.
class Rows {
 public:
  Rows() = default;
  Rows(const int* rows, std::size_t n) : rows_(rows), n_(n) {}
  std::size_t size() const { return n_; }
  bool identity() const { return rows_ == nullptr; }
  std::size_t operator[](std::size_t position) const {
    return rows_ ? static_cast<std::size_t>(rows_[position]) : position;
  }

 private:
  const int* rows_ = nullptr;
  std::size_t n_ = 0;
};

}  // namespace pilotdid

#endif
