// A view of one column of the caller's data: doubles, or integers (logicals are integers too).
#ifndef PILOTDID_COLUMN_HPP
#define PILOTDID_COLUMN_HPP

#include <cstddef>
#include <vector>

namespace pilotdid {

class Column {
 public:
  Column() = default;
  explicit Column(const double* values) : real_(values) {}
  explicit Column(const int* values) : whole_(values) {}

  // False for the column that is not there: no weights, an effect without slope.
  bool exists() const { return real_ || whole_; }
  double operator[](std::size_t row) const {
    return real_ ? real_[row] : static_cast<double>(whole_[row]);
  }

  // Calls f with a plain pointer, so that a loop over rows branches on the type once.
  template <class F>
  auto visit(F&& f) const {
    return real_ ? f(real_) : f(whole_);
  }

 private:
  const double* real_ = nullptr;
  const int* whole_ = nullptr;
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
