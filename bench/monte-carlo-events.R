# Bias and coverage of the estimators whose effects are by time since joining, with effects that differ
# between cohorts and grow: the first effect (event time 0) of each, and the overall effect where its
# estimand is the mean over treated unit-periods. 100 units x 8 periods. Timing is unrelated to the errors, as
# "efficient" assumes; for "sdid" the errors are alike in treated and controls. Arguments: draws; a file where
# draws are kept, from which the script goes on when it is started again; and a pattern for the estimators (the
# bootstrap and the placebo variance of "sdid" take nine tenths of the time).
# Cohort sizes are the same in each draw: the bootstrap and the jackknife of "sdid" with shares = "fixed" are the
# right ones; by default they count who is in which cohort as random and are too wide for the overall
# effect. The placebo variance is that of an estimate with as many controls less as there are treated units: too
# wide unless controls are many more.
library(pilotdid)
source("bench/harness.R")
arguments <- c(400, tempfile(), ".")
given <- commandArgs(TRUE)
arguments[seq_along(given)] <- given
draws <- as.integer(arguments[1L])
options(pilotdid.quiet = TRUE)

specs <- list(
  stacked = list("stacked", horizons = c(-1, 1)), lpdid = list("lpdid", reweight = TRUE), dcdh = list("dcdh"),
  efficient = list("efficient"), `efficient, Neyman` = list("efficient", variance = "neyman"),
  `sdid, bootstrap` = list("sdid", draws = 50), `sdid, bootstrap, shares fixed` = list("sdid", draws = 50, shares = "fixed"),
  `sdid, placebo` = list("sdid", variance = "placebo", draws = 50), `sdid, jackknife` = list("sdid", variance = "jackknife"),
  `sdid, jackknife, shares fixed` = list("sdid", variance = "jackknife", shares = "fixed")
)
specs <- specs[grepl(arguments[3L], names(specs), perl = TRUE)]
# These have another overall effect: a plain mean over event times.
own_overall <- c("stacked", "lpdid")

draw_panel <- function(seed) {
  set.seed(seed)
  units <- 100L
  g <- rep(c(0L, 0L, 0L, 0L, 0L, 0L, 0L, 3L, 5L, 7L), length.out = units)
  id <- rep(seq_len(units), each = 8L)
  time <- rep(1:8, units)
  gi <- g[id]
  status <- as.integer(gi > 0 & time >= gi)
  effect <- status * (1 + 0.5 * (time - gi)) * (9 - gi) / 4
  error <- as.vector(vapply(seq_len(units), function(i) as.numeric(stats::arima.sim(list(ar = 0.3), 8)), numeric(8)))
  first <- mean(effect[gi > 0 & time == gi])
  list(
    data = data.frame(id, time, status, y = rnorm(units)[id] + 0.3 * time + effect + error),
    truth = c(overall = mean(effect[status == 1]), first = first)
  )
}

one <- function(seed) {
  drawn <- draw_panel(seed)
  vapply(specs, function(s) {
    fit <- do.call(pilot_did, c(list(y ~ status | id + time, drawn$data, estimator = s[[1L]]), s[-1L]))
    rows <- tidy(fit)[c(1L, match(0, tidy(fit)$event_time)), ]
    rbind(rows$estimate - drawn$truth, rows$conf.low <= drawn$truth & drawn$truth <= rows$conf.high, rows$std.error)
  }, matrix(0, 3L, 2L))
}
results <- monte_carlo(one, draws, arguments[2L])
cat("First effect,", draws, "draws\n")
coverage_table(results[, 2L, , ])
cat("\nMean over treated unit-periods\n")
coverage_table(results[, 1L, !names(specs) %in% own_overall, ])
