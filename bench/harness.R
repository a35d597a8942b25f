# Times our call and the peer's in one run, alternating, and compares the estimates.

time_of <- function(f) {
  gc(FALSE)
  start <- proc.time()[[3L]]
  f()
  proc.time()[[3L]] - start
}

# Peak resident memory of a call beyond what was there before, in MB (Linux only).
peak_memory <- function(f) {
  status <- "/proc/self/status"
  if (!file.exists(status)) return(NA_real_)
  read <- function(field) {
    line <- grep(paste0("^", field), readLines(status), value = TRUE)
    as.numeric(gsub("[^0-9]", "", line)) / 1024
  }
  gc(FALSE)
  cat("5", file = "/proc/self/clear_refs")
  before <- read("VmRSS")
  f()
  read("VmHWM") - before
}

# times: repetitions of each; inner: calls in one repetition, for work below the clock's grain. slow: the peer takes
# minutes and is called just once, so without its memory.
compare <- function(work, rows, ours, peer, estimates, times = 5L, inner = 1L, bytes = NA, slow = FALSE) {
  repeat_calls <- function(f) function() for (i in seq_len(inner)) f()
  ours()
  if (inner > 1L) repeat_calls(ours)()
  if (slow) times <- 1L else peer()
  t <- vapply(seq_len(times), function(i) {
    c(time_of(repeat_calls(ours)), time_of(repeat_calls(peer)))
  }, numeric(2)) / inner
  median_time <- apply(t, 1L, stats::median)
  data.frame(
    work = work, rows = rows, ratio = median_time[1L] / median_time[2L],
    memory.ratio = if (inner > 1L || slow) NA else peak_memory(ours) / peak_memory(peer),
    # Share of the time that reading the columns twice at 30 GB/s would take alone.
    memory.bound = 2 * bytes / 30e9 / median_time[1L],
    agreement = max(abs(estimates())), ours = median_time[1L], peer = median_time[2L]
  )
}

report <- function(rows) {
  show <- rows
  for (column in c("ratio", "memory.ratio", "memory.bound")) show[[column]] <- signif(show[[column]], 2)
  show$agreement <- formatC(show$agreement, format = "e", digits = 0)
  show$ours <- show$peer <- NULL
  print(show, row.names = FALSE)
  invisible(rows)
}

# Monte Carlo that can be stopped and goes on where it was: one(seed) for the seeds 1 to draws, kept in `file` as
# they come. -> array, the last dimension the draws.
monte_carlo <- function(one, draws, file) {
  done <- if (file.exists(file)) readRDS(file) else list()
  save <- function() saveRDS(done, file)
  for (seed in setdiff(seq_len(draws), seq_along(done))) {
    done[[seed]] <- one(seed)
    if (seed %% 20L == 0L) save()
  }
  save()
  simplify2array(done[seq_len(draws)])
}

# results: 3 (error, covered, standard error) x estimators x draws.
coverage_table <- function(results) {
  table <- data.frame(
    bias = rowMeans(results[1L, , ]), coverage = 100 * rowMeans(results[2L, , ]),
    sd = apply(results[1L, , ], 1L, stats::sd), mean.se = rowMeans(results[3L, , ])
  )
  print(round(table, 3))
}
