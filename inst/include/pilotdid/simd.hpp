// Vector instructions without intrinsics.
#ifndef PILOTDID_SIMD_HPP
#define PILOTDID_SIMD_HPP

#include <cstddef>
#include <cstdint>
#include <type_traits>
#include <vector>

// Asks for vector instructions in the loop that follows, also at -O2.
#ifdef _OPENMP
#define PILOTDID_PRAGMA(text) _Pragma(#text)
#define PILOTDID_SIMD(clauses) PILOTDID_PRAGMA(omp simd clauses)
#else
#define PILOTDID_SIMD(clauses)
#endif

// Writes the short loop that follows out in full, also at -O2.
#if defined(__GNUC__) && !defined(__clang__)
#define PILOTDID_UNROLL _Pragma("GCC unroll 4")
#else
#define PILOTDID_UNROLL
#endif

// A function or lambda that is always part of its caller, and so compiled for the caller's
// instructions.
#if defined(__GNUC__)
#define PILOTDID_INLINE __attribute__((always_inline))
#else
#define PILOTDID_INLINE
#endif

// Not on Windows, where compilers do not align the stack for 256-bit vectors.
#if defined(__GNUC__) && defined(__x86_64__) && !defined(_WIN32)
#define PILOTDID_HAS_AVX2_BUILD 1
#endif

namespace pilotdid {

namespace detail {

#ifdef PILOTDID_HAS_AVX2_BUILD
inline bool has_avx2() {
  static const bool yes = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
  return yes;
}
template <class Loop>
__attribute__((target("avx2,fma"))) void run_avx2(const Loop& loop) {
  loop();
}
#endif

}  // namespace detail

// Runs a loop that is compiled twice: for every processor, and for x86-64 processors since 2013
// with 256-bit vectors and fused multiply-add, chosen when it runs. The lambda must be marked:
//   vectorized([&]() PILOTDID_INLINE { PILOTDID_SIMD() for (...) ... });
template <class Loop>
void vectorized(const Loop& loop) {
#ifdef PILOTDID_HAS_AVX2_BUILD
  if (detail::has_avx2()) return detail::run_avx2(loop);
#endif
  loop();
}

// Zeros that begin on a line of the cache: no vector of four lies across two lines.
class AlignedDoubles {
 public:
  explicit AlignedDoubles(std::size_t n) : store_(n + line) {
    const std::size_t past =
        reinterpret_cast<std::uintptr_t>(store_.data()) / sizeof(double) % line;
    first_ = past == 0 ? 0 : line - past;
  }
  double* data() { return store_.data() + first_; }
  const double* data() const { return store_.data() + first_; }

 private:
  static constexpr std::size_t line = 64 / sizeof(double);
  std::vector<double> store_;
  std::size_t first_;
};

// Calls f(j, width) for columns j .. j + width - 1, four side by side and then what is left.
// `width` is a constant: loops over it are written out, indices are read once for all four, and
// their running sums do not wait for each other.
template <class F>
void by_fours(std::ptrdiff_t columns, F&& f) {
  std::ptrdiff_t j = 0;
  for (; j + 4 <= columns; j += 4) f(j, std::integral_constant<int, 4>());
  switch (columns - j) {
    case 3:
      f(j, std::integral_constant<int, 3>());
      break;
    case 2:
      f(j, std::integral_constant<int, 2>());
      break;
    case 1:
      f(j, std::integral_constant<int, 1>());
      break;
    default:
      break;
  }
}

}  // namespace pilotdid

#endif
