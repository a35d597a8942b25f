panel <- simulate_pilot(units = 60, covariates = 1, seed = 1)
panel$fixed <- as.integer(panel$unit) %% 7 * 1e3 + 0.1
panel$national <- as.integer(panel$time)^2 / 3
panel$both <- panel$fixed + panel$national
refused <- function(code, says) expect_error(suppressMessages(suppressWarnings(code)), says, class = "pilotdid_error_outcome")

test_that("an outcome that the effects explain is refused, with the effect that does", {
  panel$one <- 3
  refused(pilot_did(one ~ status | unit + time, panel), "one is the same in all 600 rows kept")
  refused(pilot_did(fixed ~ status | unit + time, panel), "constant within `unit`: it is absorbed by the unit effects")
  refused(pilot_did(national ~ status | unit + time, panel), "constant within `time`")
  refused(pilot_did(both ~ status | unit + time, panel), "a combination of the effects `unit` and `time`")
  refused(pilot_did(one ~ status | 0, panel, panel = ~ unit + time), "the same in all")
  panel$region_year <- (panel$time - 2000)^2 * (as.integer(panel$unit) %% 3)
  panel$region <- as.integer(panel$unit) %% 3
  refused(pilot_did(region_year ~ status | unit + time + region^time, panel), "constant within `region\\^time`")
  expect_s3_class(pilot_did(region_year ~ status | unit + time, panel), "pilot_fit")
})

test_that("the judgment knows no scale", {
  for (scale in c(1e-12, 1, 1e12)) {
    panel$scaled <- panel$both * scale
    refused(pilot_did(scaled ~ status | unit + time, panel), "combination of the effects")
    panel$fine <- panel$y * scale
    fit <- pilot_did(fine ~ status | unit + time, panel)
    expect_equal(coef(fit) / scale, coef(pilot_did(y ~ status | unit + time, panel)), tolerance = 1e-10) # rounding of the products
  }
  # Seven digits of the outcome belong to the effects, the rest is a regression.
  panel$small <- panel$both + 1e-4 * panel$y
  plain <- tidy(pilot_did(y ~ status | unit + time, panel))
  small <- tidy(pilot_did(small ~ status | unit + time, panel))
  # Values of 6e3 are stored to 1e-12, which is 1e-8 of the variation that is left.
  expect_equal(small$estimate * 1e4, plain$estimate, tolerance = 1e-7)
  expect_equal(small$std.error * 1e4, plain$std.error, tolerance = 1e-7)
})

test_that("weights, gaps, unit trends and many levels", {
  holes <- panel[-c(3, 17, 101, 333), ]
  holes$w <- 1 + holes$time %% 3
  refused(pilot_did(both ~ status | unit + time, holes, weights = w), "combination")
  holes$trend <- as.integer(holes$unit) * holes$time / 7
  refused(pilot_did(trend ~ status | unit[time] + time, holes), "combination")
  refused(pilot_did(both ~ status | unit + time, holes, solver = list(direct_limit = 0)), "combination")
  expect_s3_class(pilot_did(y ~ status | unit + time, holes, solver = list(direct_limit = 0)), "pilot_fit")
})

test_that("every estimator refuses it alike, and so do event studies, instruments and spatial models", {
  for (estimator in setdiff(names(estimators()), "iv")) {
    for (outcome in c("fixed", "national", "both")) {
      f <- rlang::new_formula(as.name(outcome), quote(status | unit + time))
      refused(pilot_did(f, panel, estimator = estimator), outcome)
    }
  }
  refused(event_study(both ~ status | unit + time, panel), "combination")
  panel$longitude <- as.integer(panel$unit) %% 8
  panel$latitude <- as.integer(panel$unit) %/% 8
  panel$z <- panel$status * (1 + as.integer(panel$unit) %% 5) + panel$x1
  refused(pilot_did(both ~ 1 | unit + time | status ~ z, panel), "combination")
  W <- spatial_weights(panel, "unit", ~ longitude + latitude, k = 4)
  refused(spatial_did(both ~ status | unit + time, panel, W), "combination")
})

test_that("an outcome that the treatment explains is one", {
  panel$exact <- panel$both + 2 * panel$status
  for (estimator in c("twfe", "cs", "bjs")) {
    fit <- suppressWarnings(pilot_did(exact ~ status | unit + time, panel, estimator = estimator))
    expect_equal(unname(coef(fit)[headline_terms(fit)]), 2, tolerance = 1e-9) # rounding of values of 7e3
  }
})

test_that("people seen once have one value each, and cells may be averaged over them", {
  people <- panel
  people$person <- seq_len(nrow(people))
  people$first <- ave(ifelse(people$status == 1, people$time, Inf), people$unit, FUN = min)
  fit <- suppressWarnings(pilot_did(y ~ 1 | person + time, people, estimator = "cs", cohort = "first"))
  expect_gt(tidy(fit)$std.error[1L], 0)
})

test_that("loops over groups and outcomes go on", {
  fit <- pilot_did(y ~ status | unit + time, panel)
  panel$share <- ifelse(as.integer(panel$unit) == 1, panel$y, 0)
  lone <- pilot_did(share ~ status | unit + time, panel)
  out <- tidy(leave_one_out(lone, by = "unit"))
  expect_equal(sum(!is.na(out$problem)), 1L)
  expect_match(out$problem[out$left.out == "1"], "nothing of it varies beyond the effects")
  for (estimator in c("twfe", "cs")) {
    many <- suppressWarnings(pilot_did(y ~ status | unit + time, panel, estimator = estimator))
    expect_warning(table <- tidy(mechanism(many, ~ x1 + both, draws = 0)), "both", class = "pilotdid_warning_no_variance")
    expect_equal(nrow(table), 2L)
  }
  expect_silent(placebo(lone, draws = 20, seed = 1))
  panel$half <- as.integer(panel$unit) %% 2
  panel$part <- ifelse(panel$half == 0, panel$y, panel$both)
  expect_error(
    heterogeneity(pilot_did(part ~ status | unit + time, panel), ~half, draws = 0),
    "where half is \"?1", class = "pilotdid_error_outcome"
  )
})

test_that("an indicator that the effects explain does not stop index_robustness()", {
  panel$i1 <- panel$both
  panel$i2 <- panel$y
  panel$i3 <- panel$x1
  curve <- function(index) {
    index_robustness(index ~ status | unit + time, panel, index = index, method = "equal", scope = "pooled", normalize = "minmax",
      zero = "none", winsorize = list(c(0, 1)), leave_out = NULL)
  }
  expect_equal(tidy(curve(~ i1 + i2 + i3))$estimate, tidy(curve(~ i2 + i3 + i1))$estimate, tolerance = 1e-12)
  refused(curve(~ i1 + national), "combination|constant")
})
