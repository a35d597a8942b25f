# honest_did() on 5 estimates before and 5 after the reference, and pretrend_power(); against the R package
# HonestDiD for the hybrid test of one relative bound on 200 grid points, where it is installed.
# Rscript bench/bench-honest-did.R
library(pilotdid)

time <- c(-6:-2, 0:4)
vcov <- 0.02^2 * outer(time, time, function(a, b) 0.7^abs(a - b))
set.seed(20241101)
estimate <- as.vector(t(chol(vcov)) %*% stats::rnorm(10)) + 0.1 * (time >= 0)

milliseconds <- function(f, times = 3) 1000 * stats::median(replicate(times, system.time(f())[["elapsed"]]))
call <- function(...) honest_did(estimate, ..., vcov = vcov, event_time = time)
work <- list(
  `smoothness, 5 bounds and breakdown` = function() call("smoothness"),
  `relative, 5 bounds` = function() call(breakdown = FALSE),
  `relative, 5 bounds and breakdown` = function() call(),
  `smoothness, sign, hybrid` = function() call("smoothness", sign = "positive"),
  `pretrend_power` = function() pretrend_power(estimate, vcov = vcov, event_time = time)
)
for (name in names(work)) cat(sprintf("%-38s %8.0f ms\n", name, milliseconds(work[[name]])))

if (requireNamespace("HonestDiD", quietly = TRUE)) {
  mine <- milliseconds(function() call(bound = 1, breakdown = FALSE))
  theirs <- milliseconds(function() HonestDiD::computeConditionalCS_DeltaRM(
    estimate, vcov, 5, 5, Mbar = 1, hybrid_flag = "LF", gridPoints = 200), times = 1)
  cat(sprintf("relative, bound 1: %.0f ms, HonestDiD %.0f ms, ratio %.4f\n", mine, theirs, mine / theirs))
}
