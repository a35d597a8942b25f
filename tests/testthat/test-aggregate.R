quiet <- function(expr) suppressMessages(suppressWarnings(expr))
fit <- quiet(pilot_did(y ~ status | id + year, staggered_panel(6), estimator = "cs", base_period = "universal"))

test_that("averages are what their formulas say", {
  cells <- tidy(fit)[-1, ]
  size <- table(with(staggered_panel(6), g[!duplicated(id)]))
  p <- as.numeric(size[as.character(cells$group)])
  post <- cells$event_time >= 0
  expect_equal(tidy(fit)$estimate[1], sum((p * cells$estimate)[post]) / sum(p[post]), tolerance = 1e-12)
  dynamic <- tidy(aggregate_effects(fit, "dynamic"))
  for (e in dynamic$event_time[-1]) {
    at <- cells$event_time == e
    expect_equal(dynamic$estimate[which(dynamic$event_time == e)], sum(p[at] * cells$estimate[at]) / sum(p[at]), tolerance = 1e-12)
  }
  group <- tidy(aggregate_effects(fit, "group"))
  expect_equal(group$estimate[-1], as.vector(tapply(cells$estimate[post], cells$group[post], mean)), tolerance = 1e-12)
  w <- as.numeric(size[as.character(group$group[-1])])
  expect_equal(group$estimate[1], sum(w * group$estimate[-1]) / sum(w), tolerance = 1e-12)
})

test_that("the sampling error of the shares adds to the variance of averages of different effects", {
  sampled <- tidy(aggregate_effects(fit, "dynamic"))
  fixed <- tidy(aggregate_effects(fit, "dynamic", shares = "fixed"))
  expect_identical(sampled$estimate, fixed$estimate)
  several <- which(sampled$cells > 1 & !is.na(sampled$std.error) & sampled$term != "ATT")
  expect_true(any(sampled$std.error[several] != fixed$std.error[several]))
  one <- which(sampled$cells == 1 & !is.na(sampled$std.error))
  expect_equal(sampled$std.error[one], fixed$std.error[one], tolerance = 1e-12)
})

test_that("the reference is a row with estimate zero, windows and balance restrict", {
  dynamic <- tidy(aggregate_effects(fit, "dynamic"))
  expect_identical(dynamic$estimate[dynamic$event_time %in% -1], 0)
  window <- tidy(aggregate_effects(fit, "dynamic", window = c(-2, 1)))
  expect_identical(window$event_time[-1], -2:1)
  balanced <- tidy(aggregate_effects(fit, "dynamic", balance = 1))
  expect_lte(max(balanced$event_time, na.rm = TRUE), 1)
  expect_error(aggregate_effects(fit, "dynamic", window = c(40, 50)), class = "pilotdid_error_window")
  expect_error(aggregate_effects(fit, "simple", window = c(-1, 1)), class = "pilotdid_error_argument")
  expect_error(aggregate_effects(lm(y ~ x, staggered_panel(1))), class = "pilotdid_error_argument")
})

test_that("the multiplier bootstrap repeats for a seed, on any threads, and comes near the analytic errors", {
  before <- pilot_threads(1)
  one <- tidy(aggregate_effects(fit, "dynamic", draws = 2000, seed = 5))
  pilot_threads(2)
  two <- tidy(aggregate_effects(fit, "dynamic", draws = 2000, seed = 5))
  pilot_threads(before)
  expect_identical(one, two)
  analytic <- tidy(aggregate_effects(fit, "dynamic"))
  # An interquartile range from 2,000 draws has a relative error of 2.6 %; five of these.
  expect_equal(one$std.error, analytic$std.error, tolerance = 0.13)
  expect_true(all(one$simultaneous.high >= one$conf.high, na.rm = TRUE))
})

test_that("the event study shows the same averages and says what they are compared with", {
  event <- tidy(event_study(fit))
  dynamic <- tidy(aggregate_effects(fit, "dynamic"))[-1, ]
  expect_equal(event$estimate, dynamic$estimate)
  expect_equal(event$std.error, dynamic$std.error, tolerance = 1e-12)
  expect_identical(unique(event$reference), -1)
  varying <- quiet(pilot_did(y ~ status | id + year, staggered_panel(6), estimator = "cs"))
  event <- tidy(event_study(varying))
  pre <- event$event_time < 0
  expect_identical(event$reference[pre], as.character(event$event_time[pre] - 1))
  expect_identical(unique(event$reference[!pre]), "-1")
})

test_that("end points of a window are bins", {
  event <- event_study(fit, window = c(-2, 1))
  table <- tidy(event)
  expect_equal(range(table$event_time), c(-2, 1))
  expect_true(any(table$binned))
})

test_that("plots and prints run", {
  grDevices::pdf(NULL)
  on.exit(grDevices::dev.off())
  expect_no_error(plot(fit))
  for (type in c("simple", "group", "calendar", "dynamic")) {
    expect_no_error(plot(aggregate_effects(fit, type)))
    expect_output(print(aggregate_effects(fit, type)), "Average effects")
  }
  expect_output(print(fit), "ATT")
  expect_s3_class(glance(fit), "tbl_df")
  skip_if_not_installed("ggplot2")
  expect_s3_class(ggplot2::autoplot(fit), "ggplot")
  expect_s3_class(ggplot2::autoplot(aggregate_effects(fit, "dynamic")), "ggplot")
})
