# Entropy weights and scores against a vectorized plain-R version of the same formulas.
# Rscript bench/bench-entropy-index.R [rows] ["ours"]: 1M rows by default; "ours" skips plain R.
library(pilotdid)

arguments <- commandArgs(trailingOnly = TRUE)
rows <- if (length(arguments)) as.numeric(arguments[1]) else 1e6
indicators <- 20
set.seed(20240601)
data <- as.data.frame(replicate(indicators, exp(stats::rnorm(rows)), simplify = FALSE))
names(data) <- paste0("x", seq_len(indicators))
formula <- ~ x1 + x2 + x3 + x4 + x5 + x6 + x7 + x8 + x9 + x10 + x11 + x12 + x13 + x14 + x15 -
  x16 - x17 - x18 - x19 - x20
negative <- names(data) %in% paste0("x", 16:20)

# Whole columns at a time, as the packages and scripts in use do it.
vectorized <- function(data, negative) {
  z <- vapply(seq_along(data), function(j) {
    x <- data[[j]]
    range <- range(x)
    if (negative[j]) (range[2] - x) / diff(range) else (x - range[1]) / diff(range)
  }, numeric(nrow(data)))
  p <- sweep(z, 2, colSums(z), `/`)
  entropy <- -colSums(ifelse(p == 0, 0, p * log(p))) / log(nrow(data))
  weight <- (1 - entropy) / sum(1 - entropy)
  list(weight = weight, score = drop(z %*% weight))
}

seconds <- function(f, times) stats::median(replicate(times, system.time(f())[["elapsed"]]))
peak <- function() {
  status <- "/proc/self/status"
  if (!file.exists(status)) return(NA)
  as.numeric(gsub("\\D", "", grep("VmHWM", readLines(status), value = TRUE))) / 1024
}

before <- peak()
index <- entropy_index(formula, data)
after <- peak()
ours <- seconds(function() entropy_index(formula, data), 5)
bytes <- 8 * rows * (2 * indicators + indicators + 1)
cat(sprintf("%s rows x %d: pilotdid %.3f s; peak memory beyond the data %.0f MB (scores: %.0f MB)\n",
  format(rows, big.mark = ","), indicators, ours, after - before, 8 * rows / 2^20
))
cat(sprintf("bound: three passes over the columns at 30 GB/s %.3f s, share %.0f %%\n",
  bytes / 30e9, 100 * bytes / 30e9 / ours
))
if (!"ours" %in% arguments) {
  theirs <- seconds(function() vectorized(data, negative), 5)
  plain <- vectorized(data, negative)
  cat(sprintf("vectorized R %.3f s; ratio %.4f; largest difference: weights %.1e, scores %.1e\n",
    theirs, ours / theirs, max(abs(plain$weight - tidy(index)$weight)),
    max(abs(plain$score - augment(index)$.score))
  ))
}
