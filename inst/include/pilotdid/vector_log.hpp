// Natural logarithm that compilers turn into vector instructions: no branch, call or table.
#ifndef PILOTDID_VECTOR_LOG_HPP
#define PILOTDID_VECTOR_LOG_HPP

#include <cstdint>
#include <cstring>

#include "simd.hpp"

namespace pilotdid {

namespace detail {

PILOTDID_INLINE std::uint64_t bits_of(double x) {
  std::uint64_t bits;
  std::memcpy(&bits, &x, sizeof bits);
  return bits;
}
PILOTDID_INLINE double double_of(std::uint64_t bits) {
  double x;
  std::memcpy(&x, &bits, sizeof x);
  return x;
}

}  // namespace detail

// ln x for x >= 0, within one unit in the last place of fdlibm's e_log.c, whose polynomial it
// is (Sun Microsystems 1993): x = 2^k (1 + f), sqrt(1/2) <= 1 + f < sqrt(2), s = f / (2 + f),
// ln(1 + f) = f - s (f - R(s^2)). Zero and subnormal numbers give a finite value near -710, so
// that x * vector_log(x) is 0 for x = 0.
PILOTDID_INLINE double vector_log(double x) {
  const std::uint64_t root_half = 0x3FE6A09E667F3BCDULL;
  const std::uint64_t t = detail::bits_of(x) + (0x3FF0000000000000ULL - root_half);
  // The exponent, as the lowest bits of a double in [2^52, 2^53): vector units of the oldest
  // machines convert no 64-bit integers.
  const double k =
      detail::double_of((t >> 52) | 0x4330000000000000ULL) - (4503599627370496.0 + 1023);
  const double f = detail::double_of((t & 0x000FFFFFFFFFFFFFULL) + root_half) - 1;
  const double s = f / (2 + f), z = s * s, w = z * z;
  const double even = w * (3.999999999940941908e-01 +
                           w * (2.222219843214978396e-01 + w * 1.531383769920937332e-01));
  const double odd = z * (6.666666666666735130e-01 +
                          w * (2.857142874366239149e-01 +
                               w * (1.818357216161805012e-01 + w * 1.479819860511658591e-01)));
  return k * 0.693147180559945309417 + (f - s * (f - (even + odd)));
}

}  // namespace pilotdid

#endif
