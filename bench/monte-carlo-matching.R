# Selection on observables on simulated panels with known truth: bias of the regression without controls, and what is
# left of it after matching. 283 units x 12 periods, two cohorts, two covariates that govern who joins and how the
# outcome moves. Arguments: draws; a file where draws are kept.
#   Rscript bench/monte-carlo-matching.R [draws] [file]
library(pilotdid)
source("bench/harness.R")
arguments <- c(200, tempfile())
given <- commandArgs(TRUE)
arguments[seq_along(given)] <- given
options(pilotdid.quiet = TRUE)

one <- function(seed) {
  d <- simulate_pilot(units = 283, periods = 12, cohorts = c(`5` = 0.1, `7` = 0.1), covariates = 2, selection = 1, seed = seed)
  matched <- function(..., samples = "frequency") {
    tidy(suppressWarnings(psm_did(y ~ status | unit + time, d, match = ~ x1 + x2, multiplier = 1, samples = samples, ...)))
  }
  nearest <- matched(ratio = 2, replace = TRUE, caliper = 0.05, support = "minmax", samples = c("matched", "frequency"))
  tables <- list(
    `regression, no controls` = tidy(pilot_did(y ~ status | unit + time, d)),
    `regression, controls` = tidy(pilot_did(y ~ status + x1 + x2 | unit + time, d))[1L, ],
    `1:2 nearest, caliper .05: matched rows` = nearest[1L, ], `1:2 nearest, caliper .05: weighted` = nearest[2L, ],
    `kernel .06: weighted` = matched(method = "kernel", support = "minmax"),
    `entropy balancing: weighted` = matched(method = "entropy")
  )
  truth <- attr(d, "truth")$att
  vapply(tables, function(t) c(t$estimate - truth, t$conf.low <= truth && truth <= t$conf.high, t$std.error), numeric(3))
}
coverage_table(monte_carlo(one, as.integer(arguments[1L]), arguments[2L]))
