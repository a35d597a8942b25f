# Both are differences of the same weighted means: rounding.
test_that("thirty random panels agree with the stacked regression of fixest", {
  stored <- staggered2_fixture()$stacked
  compared <- 0
  for (seed in seq_along(stored)) {
    peer <- stored[[seed]]
    data <- staggered_panel(seed, if (seed %% 4 == 0) 0.05 else 0)
    fit <- function() quiet(pilot_did(y ~ status | id + year, data, estimator = "stacked", horizons = c(-2, 1), weights = if (seed %% 3 == 0) data$w))
    if (is.null(peer)) {
      expect_error(fit(), class = "pilotdid_error_no_effect")
      next
    }
    table <- tidy(fit())[-1, ]
    expect_equal(table$event_time, c(-2, 0, 1))
    expect_equal(table$estimate, unname(peer[, "estimate"]), tolerance = 1e-9, info = seed)
    expect_equal(table$std.error, unname(peer[, "se"]), tolerance = 1e-9, info = seed)
    compared <- compared + 1
  }
  expect_gt(compared, 20)
})

test_that("on mpdta the stack (-1, 0) is Callaway-Sant'Anna with controls not yet treated", {
  cs <- tidy(aggregate_effects(mpdta_by("cs", control_group = "notyet"), "dynamic"))
  stacked <- tidy(quiet(mpdta_by("stacked", horizons = c(-1, 0))))
  at0 <- cs$estimate[cs$event_time %in% 0]
  expect_equal(stacked$estimate[stacked$event_time %in% 0], at0, tolerance = 1e-12)
  expect_equal(stacked$estimate[stacked$term == "ATT"], at0, tolerance = 1e-12)
})

test_that("the widest window keeps every cohort, longer ones say what they lose", {
  expect_message(fit <- mpdta_by("stacked"), class = "pilotdid_message_window")
  expect_equal(fit$options$horizons, c(-1, 0))
  expect_equal(fit$stacks$reason, rep(NA_character_, 3))
  expect_warning(long <- mpdta_by("stacked", horizons = c(-3, 0)), class = "pilotdid_warning_infeasible")
  expect_equal(sum(is.na(long$stacks$reason)), 2)
  expect_error(mpdta_by("stacked", horizons = c(-5, 5)), class = "pilotdid_error_no_effect")
  expect_error(mpdta_by("stacked", horizons = c(0, 2)), class = "pilotdid_error_horizons")
})

# The same regression through the cells' means and by lm(): rounding.
test_that("covariates enter the stacked regression with its weights", {
  for (seed in c(2, 7, 11)) {
    data <- staggered_panel(seed)
    fit <- quiet(pilot_did(y ~ status + x + z | id + year, data, estimator = "stacked", horizons = c(-2, 1)))
    slow <- reference_stacked(data, c(-2, 1), c("x", "z"))
    at <- c("-2", "0", "1")
    expect_equal(coef(fit)[at], slow$estimate[at], tolerance = 1e-10, info = seed)
    expect_equal(unname(sqrt(diag(vcov(fit)))[at]), unname(slow$se[at]), tolerance = 1e-10, info = seed)
    expect_equal(fit$covariates, slow$estimate[c("x", "z")], tolerance = 1e-10, info = seed)
  }
  # What does not change within units changes no difference from the reference.
  constant <- quiet(pilot_did(y ~ status + z | id + year, data, estimator = "stacked", horizons = c(-2, 1)))
  without <- quiet(pilot_did(y ~ status | id + year, data, estimator = "stacked", horizons = c(-2, 1)))
  expect_equal(coef(constant), coef(without), tolerance = 1e-12)
  # Scales differ: still the same effects.
  data$x <- data$x * 1e8
  scaled <- quiet(pilot_did(y ~ status + x | id + year, data, estimator = "stacked", horizons = c(-2, 1)))
  data$x <- data$x / 1e8 + 5
  expect_equal(coef(scaled), coef(quiet(pilot_did(y ~ status + x | id + year, data, estimator = "stacked", horizons = c(-2, 1)))), tolerance = 1e-9)
  data$twice <- 2 * data$x
  quiet(expect_warning(both <- pilot_did(y ~ status + x + twice | id + year, data, estimator = "stacked"), "twice", class = "pilotdid_warning_collinear"))
  expect_equal(both$coefficients, quiet(pilot_did(y ~ status + x | id + year, data, estimator = "stacked"))$coefficients, tolerance = 1e-12)
  expect_equal(vcov(both), vcov(quiet(pilot_did(y ~ status + x | id + year, data, estimator = "stacked"))), tolerance = 1e-12)
  expect_identical(names(both$covariates), "x")
})

test_that("the order of rows and the names of units do not matter", {
  data <- staggered_panel(7)
  one <- function(d) coef(quiet(pilot_did(y ~ status | id + year, d, estimator = "stacked", horizons = c(-2, 1))))
  other <- data[rev(seq_len(nrow(data))), ]
  other$id <- paste("\u5e02", 1000 - other$id)
  # Sums in another order: rounding.
  expect_equal(one(other), one(data), tolerance = 1e-12)
})

test_that("event study, averages, figures and clusters work on its effects", {
  data <- staggered_panel(7)
  fit <- quiet(pilot_did(y ~ status | id + year, data, estimator = "stacked", horizons = c(-2, 1), vcov = ~province))
  event <- event_study(fit)
  expect_s3_class(event, "pilot_event")
  expect_equal(event$coefficients, coef(fit)[-1])
  expect_equal(unname(vcov(event)), unname(vcov(fit)[-1, -1]))
  expect_equal(glance(event)$post.average, coef(fit)[["ATT"]])
  dynamic <- tidy(aggregate_effects(fit, "dynamic"))
  expect_equal(dynamic$event_time, c(NA, -2, -1, 0, 1))
  expect_equal(dynamic$estimate[dynamic$term == "-1"], 0)
  expect_equal(dynamic$std.error[1], tidy(fit)$std.error[1])
  expect_equal(tidy(aggregate_effects(fit, "simple"))$estimate, coef(fit)[["ATT"]])
  expect_equal(nrow(tidy(aggregate_effects(fit, "dynamic", window = c(0, 1)))), 3)
  expect_error(aggregate_effects(fit, "group"), class = "pilotdid_error_argument")
  expect_output(print(fit), "Stacked")
  again <- quiet(refit(fit, fit$design))
  expect_equal(coef(again), coef(fit))
  expect_equal(vcov(again), vcov(fit))
  expect_equal(glance(placebo(fit, draws = 9, seed = 1, progress = FALSE))$draws, 9)
  expect_error(residuals(fit), class = "pilotdid_error_not_available")
  expect_equal(df.residual(fit), length(unique(data$province)) - 1)
  grDevices::pdf(NULL)
  on.exit(grDevices::dev.off())
  expect_no_error(plot(fit))
})
