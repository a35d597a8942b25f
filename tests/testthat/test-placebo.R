quiet_fit <- function(..., data) suppressWarnings(pilot_did(..., data = data))

# A loop of full refits under the same assignments.
refit_loop <- function(test, formula, data, fit, ...) {
  t(vapply(seq_len(test$draws), function(draw) {
    cohort <- placebo_cohort(test$plan, draw)
    design <- fit$design
    joined <- cohort[design$unit$code + 1L]
    data$status <- as.integer(joined >= 0 & design$time$code >= joined)
    again <- quiet_fit(formula, data = data, ...)
    c(again$coefficients[["status"]], sqrt(again$vcov["status", "status"]))
  }, c(0, 0)))
}

test_that("the closed form equals full refits under the same permutations", {
  formula <- y ~ status + x1 + x2 | id + year
  cases <- list(
    list(seed = 1, vcov = ~id, scheme = "unit"), list(seed = 2, vcov = ~id, scheme = "unit"),
    list(seed = 4, vcov = ~province, scheme = "cohort_dates", w = TRUE), list(seed = 3, vcov = "iid", scheme = "unit_dates"),
    list(seed = 6, vcov = "HC1", scheme = "unit", w = TRUE), list(seed = 5, vcov = ~ id + year, scheme = "unit")
  )
  for (case in cases) {
    data <- event_panel(case$seed)
    w <- if (isTRUE(case$w)) data$w else rep(1, nrow(data))
    fit <- quiet_fit(formula, data = data, vcov = case$vcov, weights = w)
    test <- suppressWarnings(placebo(fit, draws = 20, scheme = case$scheme, seed = 3))
    expect_true(test$closed_form)
    slow <- refit_loop(test, formula, data, fit, vcov = case$vcov, weights = w)
    expect_equal(test$drawn$estimate, slow[, 1], tolerance = 1e-10, info = case$seed)
    # A two-way variance is a difference of sums; where it is negative ours is 0 and the refit's too.
    expect_equal(test$drawn$std.error, slow[, 2], tolerance = 1e-9, info = case$seed)
  }
})

test_that("further effects and other covariances, by closed form and by refits", {
  data <- event_panel(1)
  formula <- y ~ status + x1 | id + year + province^year
  fit <- quiet_fit(formula, data = data)
  test <- suppressWarnings(placebo(fit, draws = 10, seed = 3))
  slow <- refit_loop(test, formula, data, fit)
  expect_equal(test$drawn$estimate, slow[, 1], tolerance = 1e-9)
  expect_equal(test$drawn$std.error, slow[, 2], tolerance = 1e-8)
  plain <- quiet_fit(y ~ status + x1 | id + year, data = data)
  by_refit <- placebo(quiet_fit(y ~ status + x1 | id + year, data = data, vcov = "HC3"), draws = 10, seed = 3, progress = FALSE)
  expect_false(by_refit$closed_form)
  expect_equal(by_refit$drawn$estimate, placebo(plain, draws = 10, seed = 3)$drawn$estimate, tolerance = 1e-10)
})

test_that("each scheme keeps what it promises", {
  data <- event_panel(1)
  fit <- quiet_fit(y ~ status | id + year, data = data)
  true <- fit$design$treatment$cohort
  joined <- sum(true >= 0)
  unit <- suppressWarnings(placebo(fit, draws = 30, seed = 1))
  dates <- suppressWarnings(placebo(fit, draws = 30, scheme = "cohort_dates", seed = 1))
  free <- suppressWarnings(placebo(fit, draws = 30, scheme = "unit_dates", dates = c(2012, 2015), seed = 1))
  for (draw in 1:30) {
    expect_equal(sort(placebo_cohort(unit$plan, draw)), sort(true))
    sizes <- table(placebo_cohort(dates$plan, draw))
    expect_equal(sort(as.vector(sizes)), sort(as.vector(table(true))))
    drawn <- placebo_cohort(free$plan, draw)
    expect_equal(sum(drawn >= 0), joined)
    expect_true(all(drawn < 0 | (drawn >= 2 & drawn <= 5)))
  }
  expect_false(identical(placebo_cohort(unit$plan, 1), placebo_cohort(unit$plan, 2)))
})

test_that("p-values count the true assignment, and seeds reproduce whatever the threads", {
  fit <- quiet_fit(y ~ status | id + year, data = event_panel(1))
  test <- placebo(fit, draws = 199, seed = 5)
  table <- tidy(test)
  b <- augment(test)
  expect_equal(table$p.value, (1 + sum(abs(b$estimate) >= abs(table$estimate))) / 200)
  expect_equal(table$p.right, (1 + sum(b$estimate >= table$estimate)) / 200)
  expect_equal(table$p.left, (1 + sum(b$estimate <= table$estimate)) / 200)
  expect_equal(table$p.statistic, (1 + sum(abs(b$statistic) >= abs(table$statistic))) / 200)
  before <- pilot_threads(1)
  one <- placebo(fit, draws = 99, seed = 5)$drawn
  pilot_threads(2)
  expect_identical(placebo(fit, draws = 99, seed = 5)$drawn, one)
  pilot_threads(before)
  set.seed(1)
  a <- placebo(fit, draws = 20)$drawn
  set.seed(1)
  expect_identical(placebo(fit, draws = 20)$drawn, a)
})

test_that("placebo in time drops treated rows and moves the dates", {
  data <- event_panel(1)
  fit <- quiet_fit(y ~ status + x1 | id + year, data = data)
  table <- tidy(placebo(fit, scheme = "time", leads = 1:2))
  for (k in 1:2) {
    sub <- data[is.na(data$first) | data$year < data$first, ]
    sub <- sub[is.na(sub$first) | sub$first - k > 2010, ]
    sub$status <- as.integer(!is.na(sub$first) & sub$year >= sub$first - k)
    again <- quiet_fit(y ~ status + x1 | id + year, data = sub)
    expect_equal(table$estimate[k], again$coefficients[["status"]], tolerance = 1e-10)
    expect_equal(table$std.error[k], sqrt(again$vcov[1, 1]), tolerance = 1e-10)
    expect_equal(table$nobs[k], nobs(again))
  }
  far <- tidy(placebo_time(fit, leads = 40))
  expect_true(is.na(far$estimate) && !is.na(far$problem))
})

test_that("leave-one-out equals fits on subsets", {
  data <- event_panel(2)
  fit <- quiet_fit(y ~ status + x1 | id + year, data = data)
  table <- tidy(leave_one_out(fit, ~province))
  for (g in 1:3) {
    again <- quiet_fit(y ~ status + x1 | id + year, data = data[data$province != g - 1, ])
    expect_equal(table$estimate[g], again$coefficients[["status"]], tolerance = 1e-10)
    expect_equal(table$std.error[g], sqrt(again$vcov[1, 1]), tolerance = 1e-10)
  }
  # Groups keep their names, of whatever length.
  data$region <- strrep("p", data$province + 1)
  named <- tidy(leave_one_out(quiet_fit(y ~ status + x1 | id + year, data = data), ~region))
  expect_identical(named$left.out, strrep("p", 1:9))
  expect_equal(named$estimate, table$estimate)
  expect_equal(nrow(tidy(leave_one_out(fit, "unit"))), length(unique(data$id)))
  cohorts <- tidy(leave_one_out(fit, "cohort"))
  expect_equal(cohorts$left.out, as.character(sort(unique(data$first))))
})

test_that("bad requests name their cause, and figures draw", {
  data <- event_panel(1)
  fit <- quiet_fit(y ~ status + x1 | id + year, data = data)
  expect_error(placebo(fit, draws = 0), class = "pilotdid_error_argument")
  expect_error(placebo(fit, scheme = "rows"), class = "pilotdid_error_argument")
  expect_error(placebo(fit, scheme = "unit_dates", dates = c(1900, 1901)), class = "pilotdid_error_dates")
  expect_error(placebo(fit, dates = c(2012, 2014)), class = "pilotdid_error_dates")
  expect_error(placebo(fit, scheme = "cohort_dates", dates = c(2012, 2012)), class = "pilotdid_error_dates")
  instrumented <- quiet_fit(y ~ x1 | id + year | status ~ x2, data = data)
  expect_error(placebo(instrumented, draws = 9), "instrumented", class = "pilotdid_error_estimator")
  expect_error(placebo_time(instrumented), class = "pilotdid_error_estimator")
  expect_error(placebo(quiet_fit(y ~ x1 | id + year, data = data)), class = "pilotdid_error_placebo_treatment")
  expect_error(placebo(quiet_fit(y ~ status | id + year, data = data, vcov = matrix(1))), class = "pilotdid_error_vcov")
  grDevices::png(tempfile(fileext = ".png"))
  on.exit(grDevices::dev.off())
  test <- placebo(fit, draws = 50, seed = 1)
  expect_silent(plot(test))
  expect_silent(plot(placebo_time(fit, 1:2)))
  expect_silent(plot(leave_one_out(fit, "unit")))
  skip_if_not_installed("ggplot2")
  expect_s3_class(ggplot2::autoplot(test), "ggplot")
  expect_s3_class(ggplot2::autoplot(leave_one_out(fit)), "ggplot")
})
