# Estimators for staggered adoption against their peers; sizes by the first argument (1 = full).
library(pilotdid)
source("bench/harness.R")
pilot_threads(2)
options(width = 200)
size <- as.numeric(c(commandArgs(TRUE), 1)[1])

adoption <- function(units, periods = 12L, cohorts = c(4L, 6L, 8L, 9L, 10L)) {
  set.seed(1)
  g <- sample(c(0L, 2000L + cohorts), units, TRUE)
  id <- rep(seq_len(units), each = periods)
  data <- data.frame(id = id, year = rep(2000L + seq_len(periods), units), g = g[id])
  data$status <- as.integer(data$g > 0 & data$year >= data$g)
  data$x1 <- rnorm(units)[id]
  data$x2 <- rnorm(units)[id]
  data$y <- rnorm(units)[id] + data$status + 0.2 * data$x1 * data$year / 2000 + rnorm(nrow(data))
  data
}
gap <- function(ours, peer) function() ours() / peer() - 1
# Each line is printed as soon as it is measured.
run <- function(package, work, data, ours, peer, estimates, ...) {
  if (!requireNamespace(package, quietly = TRUE)) return(cat("not installed:", package, "\n"))
  report(compare(work, nrow(data), ours, peer, estimates, ...))
}

data <- adoption(50000 * size)
# The event study with simultaneous bands on both sides.
cs <- function() {
  fit <- pilot_did(y ~ status + x1 + x2 | id + year, data, estimator = "cs")
  aggregate_effects(fit, "dynamic", draws = 1000, seed = 1)
}
did <- function() {
  fit <- did::att_gt("y", "year", "id", "g", ~ x1 + x2, data, bstrap = TRUE, cband = TRUE, biters = 1000)
  did::aggte(fit, "dynamic")
}
run("did", paste0("Callaway-Sant'Anna DR, 2 covariates, 5 cohorts, ", 50 * size, "k x 12, 1,000 draws"), data, cs, did,
  gap(function() tidy(cs())$estimate[1], function() did()$overall.att), times = 3L)

fastdid <- function() {
  timed <- data.table::as.data.table(transform(data, g = ifelse(g == 0, Inf, g)))
  fastdid::fastdid(timed, timevar = "year", cohortvar = "g", unitvar = "id", outcomevar = "y", result_type = "dynamic",
    control_option = "never", covariatesvar = c("x1", "x2"), boot = TRUE, biters = 1000, cband = TRUE)
}
run("fastdid", paste0("the same, ", 50 * size, "k x 12"), data, cs, fastdid,
  gap(function() tidy(cs())$estimate[match("0", tidy(cs())$term)], function() with(fastdid(), att[event_time == 0])), times = 3L)

data <- adoption(5000 * size)
bjs <- function() pilot_did(y ~ status | id + year, data, estimator = "bjs", leads = 0)
peer <- function() didimputation::did_imputation(data, "y", "g", "year", "id")
run("didimputation", paste0("imputation with standard errors, ", 5 * size, "k x 12"), data, bjs, peer,
  gap(function() tidy(bjs())$std.error[1], function() peer()$std.error), inner = 5L)

data <- adoption(20000 * size)
gardner <- function() pilot_did(y ~ status | id + year, data, estimator = "gardner")
peer <- function() did2s::did2s(data, "y", ~ 0 | id + year, ~ i(status, ref = 0), "status", "id", verbose = FALSE)
run("did2s", paste0("two-stage, ", 20 * size, "k x 12"), data, gardner, peer,
  gap(function() tidy(gardner())$std.error[1], function() fixest::se(peer())[[1]]), times = 3L)

data <- adoption(100000 * size, 20L, 4:13)
data$cohort <- ifelse(data$g == 0, 10000, data$g)
sa <- function() event_study(pilot_did(y ~ status | id + year, data, estimator = "sa"))
fitted <- NULL
peer <- function() fitted <<- fixest::feols(y ~ sunab(cohort, year) | id + year, data, vcov = ~id)
run("fixest", paste0("Sun-Abraham, ", 100 * size, "k x 20, 10 cohorts"), data, sa, peer,
  gap(function() tidy(sa())$std.error[1], function() fixest::se(fitted)[[1]]), slow = TRUE)

data <- adoption(20000 * size)
efficient <- function() pilot_did(y ~ status | id + year, data, estimator = "efficient")
timed <- transform(data, g = ifelse(g == 0, Inf, g))
peer <- function() staggered::staggered(timed, "id", "year", "g", "y", estimand = "eventstudy", eventTime = -3:5, return_full_vcv = TRUE)
run("staggered", paste0("efficient, event study, ", 20 * size, "k x 12"), data, efficient, peer,
  gap(function() unname(coef(efficient())[c("0", "1")]), function() peer()$resultsDF$estimate[4:5]), times = 3L)

lp <- function() pilot_did(y ~ status | id + year, data, estimator = "lpdid", horizons = c(-3, 5))
peer <- function() {
  d <- data[order(data$id, data$year), ]
  start <- ifelse(d$g == 0, Inf, d$g)
  at <- function(h) {
    row <- seq_len(nrow(d)) + h
    ifelse(row >= 1 & row <= nrow(d) & d$id[pmin(pmax(row, 1), nrow(d))] == d$id, d$y[pmin(pmax(row, 1), nrow(d))], NA)
  }
  lapply(setdiff(-3:5, -1), function(h) {
    d$difference <- at(h) - at(-1)
    d$switch <- as.integer(d$year == start)
    fixest::feols(difference ~ switch | year, d[d$switch == 1 | d$year + max(h, 0) < start, ], vcov = ~id, notes = FALSE)
  })
}
run("fixest", paste0("local projections, 8 horizons, ", 20 * size, "k x 12"), data, lp, peer,
  gap(function() tidy(lp())$std.error[4:5], function() vapply(peer()[3:4], fixest::se, 1)), times = 3L)

# A million units must do.
data <- adoption(1e6 * size)
for (estimator in c("cs", "bjs")) {
  call <- function() pilot_did(y ~ status | id + year, data, estimator = estimator)
  cat(sprintf("%s, %gM x 12 without covariates: %.1f s, %.0f MB beyond the data (%.0f MB)\n", estimator, size,
    time_of(call), peak_memory(call), as.numeric(utils::object.size(data)) / 2^20))
}
