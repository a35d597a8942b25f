# Both compute the same moments of cohorts: rounding. staggered inverts pre-treatment covariances by
# MASS::ginv, as here.
test_that("thirty random panels agree with staggered: estimates, Neyman and adjusted standard errors", {
  stored <- staggered2_fixture()$efficient
  for (seed in seq_along(stored)) {
    peer <- stored[[seed]]
    data <- staggered_panel(seed)
    fit <- function(...) quiet(pilot_did(y ~ status | id + year, data, estimator = "efficient", ...))
    adjusted <- fit()
    neyman <- fit(variance = "neyman")
    both <- function(row) c(row$estimate, row$std.error)
    expect_equal(both(tidy(adjusted)[1, ]), unname(peer$simple[1, c("estimate", "se")]), tolerance = 1e-8, info = seed)
    expect_equal(both(tidy(neyman)[1, ]), unname(peer$simple[1, c("estimate", "se_neyman")]), tolerance = 1e-8, info = seed)
    event <- tidy(neyman)
    event <- event[event$event_time %in% 0:1, ]
    expect_equal(event$estimate, unname(peer$event[seq_len(nrow(event)), "estimate"]), tolerance = 1e-8, info = seed)
    expect_equal(event$std.error, unname(peer$event[seq_len(nrow(event)), "se_neyman"]), tolerance = 1e-8, info = seed)
    for (type in c("group", "calendar")) {
      row <- tidy(aggregate_effects(adjusted, type))[1, ]
      expect_equal(both(row), unname(peer[[c(group = "cohort", calendar = "calendar")[[type]]]][1, c("estimate", "se")]), tolerance = 1e-8, info = paste(seed, type))
    }
    expect_equal(both(tidy(fit(beta = 1, variance = "neyman"))[1, ]), unname(peer$cs[1, c("estimate", "se_neyman")]), tolerance = 1e-8, info = seed)
    expect_equal(both(tidy(fit(control_group = "never"))[1, ]), unname(peer$never[1, c("estimate", "se")]), tolerance = 1e-8, info = seed)
  }
})

test_that("with beta = 1 it is Callaway-Sant'Anna, with beta = 0 a difference of means", {
  cs <- mpdta_by("cs", control_group = "notyet")
  one <- mpdta_by("efficient", beta = 1)
  expect_equal(coef(one)[["ATT"]], coef(cs)[["ATT"]], tolerance = 1e-12)
  dynamic <- tidy(aggregate_effects(cs, "dynamic"))
  expect_equal(unname(coef(one)[c("0", "1", "2", "3")]), dynamic$estimate[dynamic$event_time %in% 0:3], tolerance = 1e-12)
  data <- staggered_panel(4)
  data <- data[data$g %in% c(0, max(data$g)), ]
  zero <- quiet(pilot_did(y ~ status | id + year, data, estimator = "efficient", beta = 0))
  post <- data$year == max(data$g)
  expect_equal(coef(zero)[["0"]], mean(data$y[post & data$g > 0]) - mean(data$y[post & data$g == 0]), tolerance = 1e-12)
})

test_that("the efficient beta makes the Neyman variance smallest", {
  data <- staggered_panel(4)
  se <- function(beta) tidy(quiet(pilot_did(y ~ status | id + year, data, estimator = "efficient", beta = beta, variance = "neyman")))$std.error[1]
  best <- glance(quiet(pilot_did(y ~ status | id + year, data, estimator = "efficient")))$beta
  expect_lt(se(NULL), se(best + 0.2))
  expect_lt(se(NULL), se(best - 0.2))
  expect_equal(se(NULL), se(best))
})

test_that("the randomization test draws cohorts anew, the same for a seed and any number of threads", {
  data <- staggered_panel(4)
  fit <- function(threads = 1, d = data) {
    old <- pilot_threads(threads)
    on.exit(pilot_threads(old))
    quiet(pilot_did(y ~ status | id + year, d, estimator = "efficient", permutations = 199, seed = 3))
  }
  one <- fit()
  expect_identical(one$randomization$draws, fit(2)$randomization$draws)
  row <- tidy(quiet(pilot_did(y ~ status | id + year, data, estimator = "efficient", variance = "neyman")))[1, ]
  # The core's own pass over the moments: rounding.
  expect_equal(one$randomization$statistic, row$statistic, tolerance = 1e-9)
  expect_lt(glance(one)$randomization.p.value, 0.05)
  expect_equal(one$randomization$p.value, (1 + sum(abs(one$randomization$draws) >= abs(one$randomization$statistic))) / 200)
  # Under no effect at all the draws are as spread as a standard normal, and p is no outlier.
  null <- data
  withr::with_seed(1, null$y <- rnorm(nrow(null)))
  drawn <- fit(1, null)$randomization
  expect_gt(drawn$p.value, 0.01)
  expect_equal(sd(drawn$draws), 1, tolerance = 0.25)
})

test_that("what random timing does not cover is refused, and other clusters use the contributions of units", {
  data <- staggered_panel(4)
  fit <- function(f = y ~ status | id + year, ...) quiet(pilot_did(f, data, estimator = "efficient", ...))
  expect_error(fit(y ~ status + x | id + year), class = "pilotdid_error_covariates")
  expect_error(fit(weights = w), class = "pilotdid_error_weights")
  expect_error(fit(variance = "adjusted", vcov = ~province), class = "pilotdid_error_vcov")
  expect_identical(fit(vcov = ~province)$options$variance, "neyman")
  expect_error(aggregate_effects(fit(), "dynamic", draws = 99), class = "pilotdid_error_argument")
  expect_s3_class(aggregate_effects(fit(variance = "neyman"), "dynamic", draws = 99), "pilot_aggregate")
  event <- event_study(fit(), window = c(-3, 2))
  expect_s3_class(event, "pilot_event")
  expect_gt(glance(event)$pretrend.p.value, 0)
})
