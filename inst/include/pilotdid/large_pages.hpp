// Large pages below long vectors. Memory comes in pages of 4 KB, each brought in by a fault when it
// is first written: on virtual machines the faults of a vector of nine million integers can take
// longer than coding it.
#ifndef PILOTDID_LARGE_PAGES_HPP
#define PILOTDID_LARGE_PAGES_HPP

#include <cstddef>
#include <cstdint>

#ifdef __linux__
#include <sys/mman.h>
#endif

namespace pilotdid {

// Call it between allocating n values and writing the first. Only advice: where the system knows no
// such pages, or has none to give, nothing changes.
template <class T>
void advise_large_pages(T* values, std::size_t n) {
#if defined(__linux__) && defined(MADV_HUGEPAGE)
  const std::uintptr_t page = 2 << 20, least = 2 * page;
  if (n * sizeof(T) < least) return;
  const std::uintptr_t begin = reinterpret_cast<std::uintptr_t>(values);
  const std::uintptr_t first = (begin + page - 1) / page * page,
                       last = (begin + n * sizeof(T)) / page * page;
  if (last > first) madvise(reinterpret_cast<void*>(first), last - first, MADV_HUGEPAGE);
#else
  (void)values;
  (void)n;
#endif
}

}  // namespace pilotdid

#endif
