# Selection on observables on simulated panels with known truth: bias of the regression without controls,
# and what is left of it after matching. Rscript replication/psm-monte-carlo.R [draws]
library(pilotdid)

estimates <- function(seed) {
  d <- simulate_pilot(units = 283, periods = 12, cohorts = c(`5` = 0.1, `7` = 0.1), covariates = 2, selection = 1, seed = seed)
  regress <- function(formula) tidy(pilot_did(formula, d))[1L, c("estimate", "std.error")]
  matched <- function(...) {
    p <- suppressWarnings(psm_did(y ~ status | unit + time, d, match = ~ x1 + x2, multiplier = 1, samples = c("matched", "frequency"), ...))
    tidy(p)[c("estimate", "std.error")]
  }
  caliper <- matched(ratio = 2, replace = TRUE, caliper = 0.05, support = "minmax")
  kernel <- matched(method = "kernel", support = "minmax")
  entropy <- matched(method = "entropy")
  all <- rbind(
    regress(y ~ status | unit + time), regress(y ~ status + x1 + x2 | unit + time),
    caliper, kernel[2L, ], entropy[2L, ]
  )
  cbind(all$estimate - attr(d, "truth")$att, all$std.error)
}

monte_carlo <- function(draws = 200) {
  suppressWarnings(all <- vapply(seq_len(draws), estimates, matrix(0, 6, 2)))
  bias <- rowMeans(all[, 1L, ])
  data.frame(
    estimator = c(
      "regression, no controls", "regression, controls", "1:2 nearest, caliper .05: matched rows",
      "1:2 nearest, caliper .05: weighted", "kernel .06: weighted", "entropy balancing: weighted"
    ),
    bias = bias, mc.error = apply(all[, 1L, ], 1L, sd) / sqrt(draws), sd = apply(all[, 1L, ], 1L, sd),
    coverage = rowMeans(abs(all[, 1L, ]) < 1.96 * all[, 2L, ])
  )
}

if (sys.nframe() == 0L) {
  draws <- as.integer(c(commandArgs(TRUE), 200L)[1L])
  print(monte_carlo(draws), digits = 3, row.names = FALSE)
}
