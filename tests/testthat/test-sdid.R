sdid <- function(data, ..., formula = y ~ status | id + year) quiet(pilot_did(formula, data, estimator = "sdid", ...))

# The same iterations: they only stop at the same step up to rounding, which the next step's gain (1e-10 of
# the noise) bounds.
test_that("weights and estimates are those of the authors' steps, on ten panels", {
  for (seed in 1:10) {
    data <- block_panel(seed, controls = c(20, 8)[1 + seed %% 2], treated = 1 + seed %% 5)
    n0 <- sum(tapply(data$status, data$id, max) == 0)
    fit <- sdid(data, variance = "none")
    peer <- reference_sdid(as_wide(data), n0, 6)
    expect_equal(coef(fit)[["ATT"]], peer$estimate, tolerance = 1e-6, info = seed)
    expect_equal(fit$weights$weight[fit$weights$kind == "unit"], peer$omega, tolerance = 1e-4, info = seed)
    expect_equal(fit$weights$weight[fit$weights$kind == "period"], peer$lambda, tolerance = 1e-4, info = seed)
  }
})

# synthdid 0.0.9 on California's Proposition 99: its estimate and, with Wyoming treated too, its jackknife, as
# published with the ports that were checked against it. Frank-Wolfe stops where a step gains less than 1e-10 of the noise,
# which leaves some 1e-8 of the estimate to the order of sums.
test_that("Proposition 99 comes out as in the authors' package", {
  packs <- readRDS(test_path("fixtures", "prop99.rds"))
  fit_treated <- function(states, ...) {
    data <- expand.grid(state = rownames(packs), year = as.integer(colnames(packs)), stringsAsFactors = FALSE)
    data$y <- as.vector(packs)
    data$status <- as.integer(data$state %in% states & data$year >= 1989)
    quiet(pilot_did(y ~ status | state + year, data, estimator = "sdid", ...))
  }
  fit <- fit_treated("California", variance = "none")
  expect_equal(coef(fit)[["ATT"]], -15.6038278727338469, tolerance = 1e-7)
  lambda <- fit$weights[fit$weights$kind == "period" & fit$weights$weight > 0, ]
  expect_identical(lambda$name, c("1986", "1987", "1988"))
  expect_equal(lambda$weight, c(0.3664706319364642, 0.2064530505601764, 0.4270763175033594), tolerance = 1e-5)
  omega <- fit$weights[fit$weights$kind == "unit", ]
  omega <- omega[order(-omega$weight), ][1:5, ]
  expect_identical(omega$name, c("Nevada", "New Hampshire", "Connecticut", "Delaware", "Colorado"))
  expect_equal(round(omega$weight, 3), c(0.124, 0.105, 0.078, 0.070, 0.058))
  two <- tidy(fit_treated(c("California", "Wyoming"), variance = "jackknife"))[1L, ]
  expect_equal(two$estimate, -4.1538623012790161, tolerance = 1e-7)
  expect_equal(two$std.error, 17.867241960405, tolerance = 1e-6)
})

test_that("cohorts are fitted one by one and averaged by treated unit-periods", {
  data <- staggered_panel(4)
  fit <- sdid(data, variance = "none")
  cohorts <- sort(setdiff(unique(data$g), 0))
  years <- sort(unique(data$year))
  parts <- lapply(cohorts, function(g) {
    d <- data[data$g %in% c(0, g), ]
    d$id <- match(d$id, c(sort(unique(d$id[d$g == 0])), sort(unique(d$id[d$g == g]))))
    list(estimate = reference_sdid(as_wide(d), length(unique(d$id[d$g == 0])), sum(years < g))$estimate, units = length(unique(d$id[d$g == g])))
  })
  estimate <- sapply(parts, `[[`, "estimate")
  mass <- sapply(parts, `[[`, "units") * sapply(cohorts, function(g) sum(years >= g))
  expect_equal(coef(fit)[["ATT"]], sum(mass * estimate) / sum(mass), tolerance = 1e-6)
  group <- tidy(aggregate_effects(fit, "group"))
  expect_equal(group$group[-1], cohorts)
  expect_equal(group$estimate[-1], estimate, tolerance = 1e-6)
  expect_equal(sum(fit$weights$weight), 2 * length(cohorts), tolerance = 1e-10)
  expect_equal(nrow(tidy(aggregate_effects(fit, "calendar"))), 1 + sum(years >= min(cohorts)))
  # The weighted mean of the gaps before is zero by construction; effects from 0 on average to the cohort's.
  one <- sdid(data[data$g %in% c(0, cohorts[2]), ], variance = "none")
  event <- tidy(one)[-1, ]
  expect_equal(mean(event$estimate[event$event_time >= 0]), coef(one)[["ATT"]], tolerance = 1e-12)
  lambda <- one$weights$weight[one$weights$kind == "period"]
  expect_equal(sum(lambda * event$estimate[event$event_time < 0]), 0, tolerance = 1e-12)
})

test_that("the jackknife keeps the weights and leaves units out", {
  data <- block_panel(3)
  fit <- sdid(data, variance = "jackknife")
  y <- as_wide(data)
  peer <- reference_sdid(y, 20, 6)
  n <- nrow(y)
  left_out <- sapply(seq_len(n), function(i) {
    omega <- if (i <= 20) peer$omega[-i] / sum(peer$omega[-i]) else peer$omega
    reference_sdid_estimate(y[-i, ], omega, peer$lambda)
  })
  expect_equal(tidy(fit)$std.error[1], sqrt((n - 1) / n * (n - 1) * var(left_out)), tolerance = 1e-5)
})

# One treated unit: a placebo draw is one of the eight controls, so the variance of many draws is that of
# eight estimates. 2,000 draws leave an error of about 2 %.
test_that("placebo draws make controls the treated", {
  data <- block_panel(3, controls = 8, treated = 1)
  y <- as_wide(data)
  placebos <- sapply(1:8, function(i) reference_sdid(y[c(setdiff(1:8, i), i), ], 7, 6)$estimate)
  fit <- sdid(data, variance = "placebo", draws = 2000, seed = 1)
  expect_equal(tidy(fit)$std.error[1], sqrt(mean((placebos - mean(placebos))^2)), tolerance = 0.08)
})

# Two simulations of one standard error: 1,000 draws leave an error of 2 % each.
test_that("bootstrap draws resample units", {
  fit <- sdid(block_panel(3), draws = 1000, seed = 1)
  expect_equal(tidy(fit)$std.error[1], staggered2_fixture()$sdid_bootstrap, tolerance = 0.1)
})

test_that("a seed gives the same draws on any number of threads; set.seed() works", {
  data <- block_panel(1)
  with_threads <- function(n) {
    old <- pilot_threads(n)
    on.exit(pilot_threads(old))
    vcov(sdid(data, draws = 50, seed = 7))
  }
  expect_identical(with_threads(1), with_threads(2))
  drawn <- function() withr::with_seed(5, vcov(sdid(data, draws = 20)))
  expect_identical(drawn(), drawn())
  expect_false(identical(drawn(), vcov(sdid(data, draws = 20, seed = 1))))
})

test_that("covariates are projected out by their untreated coefficients", {
  data <- block_panel(2)
  data$y <- data$y + 2 * data$x
  fit <- sdid(data, variance = "none", formula = y ~ status + x | id + year)
  b <- coef(lm(y ~ x + factor(id) + factor(year), data[data$status == 0, ]))[["x"]]
  data$z <- data$y - b * data$x
  expect_equal(coef(fit), coef(sdid(data, variance = "none", formula = z ~ status | id + year)), tolerance = 1e-6)
  expect_equal(fit$covariates[["x"]], b, tolerance = 1e-9)
})

test_that("too few controls or periods, clusters and weights are refused with the reason", {
  data <- block_panel(1)
  expect_error(sdid(data, vcov = ~year), class = "pilotdid_error_vcov")
  expect_error(sdid(data, weights = abs(data$x)), class = "pilotdid_error_weights")
  expect_error(sdid(data, anticipation = 1), class = "pilotdid_error_argument")
  expect_error(sdid(data[data$id > 15, ], variance = "placebo"), class = "pilotdid_error_few_controls")
  expect_error(sdid(data[data$id >= 20, ]), class = "pilotdid_error_few_controls")
  expect_error(sdid(data[data$year >= 2006, ]), "two periods before", class = "pilotdid_error_no_effect")
  expect_error(sdid(data[data$id <= 21, ], variance = "jackknife"), class = "pilotdid_error_one_unit")
  suppressWarnings(expect_warning(
    pilot_did(y ~ status | id + year, data[data$id <= 21, ], estimator = "sdid", draws = 20),
    class = "pilotdid_warning_one_unit"
  ), classes = "pilotdid_warning_thin_cohort")
  expect_error(aggregate_effects(sdid(data, draws = 20), "simple", draws = 99), class = "pilotdid_error_argument")
  expect_error(influence(sdid(data, draws = 20)), class = "pilotdid_error_estimator")
})

test_that("its event study compares with weighted periods, and its figures draw", {
  fit <- sdid(block_panel(1), draws = 50, seed = 1)
  event <- event_study(fit)
  expect_true(all(tidy(event)$reference == "weighted periods"))
  expect_equal(unname(vcov(event)), unname(vcov(fit)[-1, -1]))
  expect_equal(tidy(aggregate_effects(fit, "dynamic"))$estimate[-1], tidy(fit)$estimate[-1])
  grDevices::pdf(NULL)
  on.exit(grDevices::dev.off())
  expect_s3_class(plot(fit), "tbl_df")
  expect_no_error(plot(fit, "event"))
  skip_if_not_installed("ggplot2")
  expect_s3_class(ggplot2::autoplot(fit), "ggplot")
})

test_that("the sizes of cohorts are drawn or given", {
  data <- staggered_panel(4)
  # Effects that differ much between cohorts: the shares of these are most of the spread of the overall effect.
  data$y <- data$y + 5 * data$status * (data$g - 2000)
  se <- function(...) tidy(sdid(data, seed = 1, ...))$std.error[1]
  expect_lt(se(variance = "jackknife", shares = "fixed"), 0.7 * se(variance = "jackknife"))
  expect_lt(se(draws = 50, shares = "fixed"), 0.7 * se(draws = 50))
  # One cohort: nothing to share; sizes are multiplied and divided out: rounding.
  one <- block_panel(3)
  expect_equal(tidy(sdid(one, draws = 20, seed = 1)), tidy(sdid(one, draws = 20, seed = 1, shares = "fixed")), tolerance = 1e-12)
  expect_error(sdid(one, shares = "all"), class = "pilotdid_error_argument")
})
