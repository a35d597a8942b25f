// Vector instructions without intrinsics.
#ifndef PILOTDID_SIMD_HPP
#define PILOTDID_SIMD_HPP

// Asks for vector instructions in the loop that follows, also at -O2.
#ifdef _OPENMP
#define PILOTDID_PRAGMA(text) _Pragma(#text)
#define PILOTDID_SIMD(clauses) PILOTDID_PRAGMA(omp simd clauses)
#else
#define PILOTDID_SIMD(clauses)
#endif

// A loop may be compiled a second time for x86-64 processors with 256-bit vectors and fused
// multiply-add (since 2013): its body stands in an PILOTDID_INLINE function, which a
// PILOTDID_AVX2 function repeats and has_avx2() chooses. Not on Windows, where compilers do not
// align the stack for such vectors.
#if defined(__GNUC__)
#define PILOTDID_INLINE __attribute__((always_inline)) inline
#else
#define PILOTDID_INLINE inline
#endif
#if defined(__GNUC__) && defined(__x86_64__) && !defined(_WIN32)
#define PILOTDID_AVX2 __attribute__((target("avx2,fma")))
#else
#define PILOTDID_AVX2
#endif

namespace pilotdid {

inline bool has_avx2() {
#if defined(__GNUC__) && defined(__x86_64__) && !defined(_WIN32)
  static const bool yes = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
  return yes;
#else
  return false;
#endif
}

}  // namespace pilotdid

#endif
