// Threads over fixed chunks, so that no result depends on how many threads there are.
#ifndef PILOTDID_PARALLEL_HPP
#define PILOTDID_PARALLEL_HPP

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <exception>
#include <functional>

#ifdef _OPENMP
#include <omp.h>
#endif

namespace pilotdid {

// How a call may use the machine. `interrupted` is asked on the calling thread only.
struct Execution {
  int threads = 1;
  std::function<bool()> interrupted;
};

struct Interrupted : std::exception {
  const char* what() const noexcept override { return "interrupted by the user"; }
};

// Calls body(chunk) for chunk = 0 .. chunks-1. Each chunk writes to memory of its own and the
// caller reduces the chunks in order: the sum is then the same for any number of threads.
// The first exception, or an interrupt, ends the loop and is rethrown on the calling thread.
template <class Body>
void parallel_for(std::size_t chunks, const Execution& exec, Body&& body) {
  std::exception_ptr failure;
  std::atomic<bool> stop(false);
  const auto run = [&](std::size_t chunk, bool on_caller) {
    if (stop.load(std::memory_order_relaxed)) return;
    try {
      if (on_caller && exec.interrupted && exec.interrupted()) throw Interrupted();
      body(chunk);
    } catch (...) {
      if (!stop.exchange(true)) failure = std::current_exception();
    }
  };
#ifdef _OPENMP
  const int threads = static_cast<int>(std::min<std::size_t>(
      static_cast<std::size_t>(std::max(exec.threads, 1)), std::max<std::size_t>(chunks, 1)));
#pragma omp parallel for schedule(dynamic, 1) num_threads(threads) if (threads > 1)
  for (std::ptrdiff_t chunk = 0; chunk < static_cast<std::ptrdiff_t>(chunks); ++chunk)
    run(static_cast<std::size_t>(chunk), omp_get_thread_num() == 0);
#else
  for (std::size_t chunk = 0; chunk < chunks; ++chunk) run(chunk, true);
#endif
  if (failure) std::rethrow_exception(failure);
}

// body(block, from, to) for each block of `rows` rows out of n, in parallel.
template <class Body>
void each_block(std::size_t n, std::size_t rows, const Execution& exec, Body&& body) {
  parallel_for((n + rows - 1) / rows, exec, [&](std::size_t block) {
    body(block, block * rows, std::min(n, (block + 1) * rows));
  });
}

// The most threads this build can use: 1 without OpenMP.
inline int available_threads() {
#ifdef _OPENMP
  return omp_get_num_procs();
#else
  return 1;
#endif
}

}  // namespace pilotdid

#endif
