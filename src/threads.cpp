#include "convert.h"

#ifndef _WIN32
#include <pthread.h>
#include <unistd.h>
#endif

namespace {

int requested = 0;    // 0: not set by the user
bool forked = false;  // the OpenMP runtime does not survive a fork: one thread from then on

void check_interrupt(void*) { R_CheckUserInterrupt(); }

bool interrupted() { return R_ToplevelExec(check_interrupt, nullptr) == FALSE; }

int current_threads() {
  if (forked) return 1;
  return requested > 0 ? requested : std::min(2, pilotdid::available_threads());
}

}  // namespace

pilotdid::Execution execution() {
  pilotdid::Execution exec;
  exec.threads = current_threads();
  exec.interrupted = interrupted;
  return exec;
}

// [[Rcpp::export]]
void cpp_watch_forks() {
#ifndef _WIN32
  pthread_atfork(nullptr, nullptr, [] { forked = true; });
#endif
}

// [[Rcpp::export]]
int cpp_threads(int threads) {
  const int before = current_threads();
  if (threads > 0) requested = std::min(threads, pilotdid::available_threads());
  return before;
}
