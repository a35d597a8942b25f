# Bias and coverage with effects that differ between cohorts and grow with time since joining: the mean
# effect on the treated, 100 units x 8 periods. Arguments: draws, and a file where draws are kept, from which the
# script goes on when it is started again.
# Two designs. Cohort sizes the same in each draw: standard errors that know the shares of the cohorts
# ("fixed") are the right ones. Cohorts drawn at random: the truth is that of the population, and those
# that count the sampling error of the shares ("sampled", the default of "cs" and "gardner") are.
library(pilotdid)
source("bench/harness.R")
arguments <- c(400, tempfile())
given <- commandArgs(TRUE)
arguments[seq_along(given)] <- given
draws <- as.integer(arguments[1L])
options(pilotdid.quiet = TRUE)

specs <- list(
  twfe = c("twfe", "never"), `cs, never` = c("cs", "never", "fixed"), `cs, notyet` = c("cs", "notyet", "fixed"),
  sa = c("sa", "never", "fixed"), bjs = c("bjs", "never", "fixed"), gardner = c("gardner", "never", "fixed"),
  etwfe = c("etwfe", "notyet", "fixed"), `cs, never, shares sampled` = c("cs", "never", "sampled"),
  `gardner, shares sampled` = c("gardner", "never", "sampled"), `sa, shares sampled` = c("sa", "never", "sampled")
)
cohorts <- c(0L, 3L, 5L, 7L)

draw_panel <- function(units, random) {
  g <- if (random) sample(cohorts, units, TRUE) else rep(cohorts, length.out = units)
  id <- rep(seq_len(units), each = 8L)
  time <- rep(1:8, units)
  gi <- g[id]
  status <- as.integer(gi > 0 & time >= gi)
  # Earlier cohorts gain more, and more each period.
  effect <- status * (1 + 0.5 * (time - gi)) * (9 - gi) / 4
  error <- as.vector(vapply(seq_len(units), function(i) as.numeric(stats::arima.sim(list(ar = 0.3), 8)), numeric(8)))
  list(data = data.frame(id, time, status, y = rnorm(units)[id] + 0.3 * time + effect + error), effect = effect)
}
# Equal shares of the cohorts: what the fixed sizes have, and what the random ones are drawn from.
balanced <- draw_panel(4L, FALSE)
truth <- mean(balanced$effect[balanced$data$status == 1])

one <- function(seed) {
  set.seed(seed)
  fits <- lapply(c(FALSE, TRUE), function(random) {
    data <- draw_panel(100L, random)$data
    vapply(specs, function(s) {
      fit <- pilot_did(y ~ status | id + time, data, estimator = s[1], control_group = s[2])
      row <- tidy(if (s[1] == "twfe") fit else aggregate_effects(fit, shares = s[3]))[1L, ]
      c(row$estimate - truth, row$conf.low <= truth && truth <= row$conf.high, row$std.error)
    }, numeric(3))
  })
  simplify2array(fits)
}
results <- monte_carlo(one, draws, arguments[2L])
for (design in 1:2) {
  cat(c("Cohort sizes the same in each draw,", "\nCohorts drawn at random,")[design], draws, "draws\n")
  coverage_table(results[, , design, ])
}
