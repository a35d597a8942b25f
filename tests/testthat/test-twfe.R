# Cohorts of the small random panels are thin, which is not what these tests are about.
pilot_did <- function(...) thin_cohorts(pilotdid::pilot_did(...))

panel <- function(seed = 1) {
  data <- random_panel(seed)
  data <- data[!is.na(data$x1), ]
  # Two cohorts of enough units.
  data$d <- as.integer(data$id %% 2 == 0 & data$year >= 2002 + data$id %% 4 / 2)
  data
}

test_that("mpdta: the two-way estimate and its clustered standard error", {
  mpdta <- readRDS(test_path("fixtures", "mpdta.rds"))
  mpdta$status <- mpdta$first.treat > 0 & mpdta$year >= mpdta$first.treat
  fit <- pilot_did(lemp ~ status | countyreal + year, mpdta)
  row <- tidy(fit)
  # Printed by fixest 0.14.2: half a unit of the last digit is 2e-9 and 4e-9 of the value.
  expect_equal(row$estimate, -.0365489367, tolerance = 2e-9)
  expect_equal(row$std.error, .0132651554, tolerance = 4e-9)
  expect_equal(row$p.value, .00607895216, tolerance = 1e-8)
  expect_identical(df.residual(fit), 499)
  expect_identical(row$term, "status")

  by_cohort <- pilot_did(lemp ~ 1 | countyreal + year, mpdta, cohort = "first.treat")
  expect_identical(coef(by_cohort), coef(fit))
  expect_identical(by_cohort$design$treatment$cohort, fit$design$treatment$cohort)
})

test_that("castle: the two-way estimate", {
  fit <- suppressWarnings(pilot_did(l_homicide ~ post | state + year, castle))
  # Printed by bacondecomp to ten digits.
  expect_equal(unname(coef(fit)), .0818116169, tolerance = 1e-9)
})

test_that("estimates, residuals and every covariance equal the regression on dummies", {
  for (weighted in c(FALSE, TRUE)) {
    data <- panel(4)
    w <- if (weighted) data$w else rep(1, nrow(data))
    data$weight <- w
    fit <- pilot_did(y ~ d + x1 + x2 | id + year, data, weights = "weight", drop_singletons = FALSE)
    slow <- reference_ols(data$y, data[c("d", "x1", "x2")], list(data$id, data$year), w = w)
    # Relative 1e-10: what the condition number (about 1e3 after scaling) leaves of 1e-16, squared.
    expect_equal(coef(fit), slow$coefficients, tolerance = 1e-10)
    expect_equal(residuals(fit), slow$residuals, tolerance = 1e-10, ignore_attr = TRUE)
    expect_equal(fit$rss, slow$rss, tolerance = 1e-10)
    n <- slow$nobs
    k_all <- 3 + slow$absorbed
    expect_equal(vcov(fit, "iid"), slow$bread * slow$rss / (n - k_all), tolerance = 1e-10, ignore_attr = TRUE)
    hc1 <- slow$bread %*% crossprod(slow$scores) %*% slow$bread * n / (n - k_all)
    expect_equal(vcov(fit, "HC1"), hc1, tolerance = 1e-10, ignore_attr = TRUE)
    effects <- list(data$id, data$year)
    one_way <- function(by, nested) {
      k <- reference_parameters(effects, nested, 3)
      g <- length(unique(by))
      slow$bread %*% slow$meat(by) %*% slow$bread * g / (g - 1) * (n - 1) / (n - k)
    }
    expect_equal(vcov(fit), one_way(data$id, c(TRUE, FALSE)), tolerance = 1e-10, ignore_attr = TRUE)
    expect_equal(vcov(fit, ~region), one_way(data$region, c(TRUE, FALSE)), tolerance = 1e-10, ignore_attr = TRUE)
    expect_equal(vcov(fit, ~firm), one_way(data$firm, c(FALSE, FALSE)), tolerance = 1e-10, ignore_attr = TRUE)
  }
})

test_that("several ways of clustering add up by inclusion and exclusion", {
  data <- panel(4)
  fit <- pilot_did(y ~ d + x1 | id + year, data, drop_singletons = FALSE)
  slow <- reference_ols(data$y, data[c("d", "x1")], list(data$id, data$year))
  g <- c(length(unique(data$region)), length(unique(data$firm)))
  meat <- slow$meat(data$region) + slow$meat(data$firm) - slow$meat(interaction(data$region, data$firm, drop = TRUE))
  k <- reference_parameters(list(data$id, data$year), c(TRUE, FALSE), 2)
  expected <- slow$bread %*% meat %*% slow$bread * min(g) / (min(g) - 1) * (slow$nobs - 1) / (slow$nobs - k)
  expect_equal(vcov(fit, ~ region + firm), expected, tolerance = 1e-10, ignore_attr = TRUE)
  expect_identical(summary(fit, ~ region + firm)$covariance$df, min(g) - 1)
})

test_that("small-sample conventions differ by their counts alone", {
  fit <- pilot_did(y ~ d | id + year, panel(4))
  n <- nobs(fit)
  years <- length(fit$design$time$values)
  ratio <- vcov(fit, ssc = "areg") / vcov(fit)
  expect_equal(ratio[1], (n - 1 - years) / (n - 1 - fit$absorbed), tolerance = 1e-12)
  g <- length(fit$design$unit$values)
  none <- vcov(fit, ssc = "none") / vcov(fit)
  expect_equal(none[1], (g - 1) / g * (n - 1 - years) / (n - 1), tolerance = 1e-12)
  expect_identical(vcov(fit, ssc = "reghdfe"), vcov(fit))
})

test_that("influence sums to zero and squares to the covariance", {
  fit <- pilot_did(y ~ d + x1 | id + year, panel(4), weights = w)
  psi <- influence(fit, ~region)
  expect_lt(max(abs(colSums(psi))), 1e-12) # rounding of a few hundred terms of size 0.01
  expect_equal(crossprod(psi), vcov(fit, ~region, ssc = "none"), tolerance = 1e-10)
})

test_that("nothing depends on the order of rows, the names of units or the units of measurement", {
  data <- panel(8)
  fit <- tidy(pilot_did(y ~ d + x1 | id + year, data))
  shuffled <- data[order(data$x2), ]
  shuffled$id <- paste("city", 1000 - shuffled$id)
  # Sums in another order: rounding.
  expect_equal(tidy(pilot_did(y ~ d + x1 | id + year, shuffled)), fit, tolerance = 1e-11)
  for (scale in c(1e-8, 1e8)) {
    data$z <- data$x1 * scale
    moved <- tidy(pilot_did(I(3 + 2 * y) ~ d + z | id + year, data))
    expect_equal(moved$estimate, 2 * fit$estimate / c(1, scale), tolerance = 1e-10)
    expect_equal(moved$statistic, fit$statistic, tolerance = 1e-10)
  }
})

test_that("whole weights are repeated rows", {
  data <- panel(8)
  data$n <- 1 + data$id %% 3
  weighted <- pilot_did(y ~ d + x1 | id + year, data, weights = "n", drop_singletons = FALSE)
  long <- data[rep(seq_len(nrow(data)), data$n), ]
  repeated <- pilot_did(y ~ d + x1 | id + year, long, duplicates = "allow", drop_singletons = FALSE)
  expect_equal(coef(weighted), coef(repeated), tolerance = 1e-11) # rounding
  expect_equal(weighted$rss, repeated$rss, tolerance = 1e-11)
})

test_that("a fit under one and two threads is the same to the last bit", {
  before <- pilot_threads(1)
  on.exit(pilot_threads(before))
  data <- simulate_pilot(units = 4000, periods = 10, seed = 3)
  one <- pilot_did(y ~ status + x1 | unit + time, data)
  pilot_threads(2)
  two <- pilot_did(y ~ status + x1 | unit + time, data)
  expect_identical(coef(one), coef(two))
  expect_identical(vcov(one), vcov(two))
  expect_identical(residuals(one), residuals(two))
})

test_that("many levels: the iterative solver agrees with the factored system", {
  data <- simulate_pilot(units = 400, periods = 6, seed = 6)
  data$firm <- (data$unit * 7 + data$time %/% 4 * 31) %% 150
  exact <- pilot_did(y ~ status + x1 | unit + time + firm, data)
  iterated <- pilot_did(y ~ status + x1 | unit + time + firm, data, solver = list(direct_limit = 0, tolerance = 1e-12))
  expect_gt(iterated$solver$iterations, 0)
  # The relative gradient is 1e-12.
  expect_equal(coef(iterated), coef(exact), tolerance = 1e-9)
  expect_equal(vcov(iterated), vcov(exact), tolerance = 1e-9)
  expect_error(
    pilot_did(y ~ status | unit + time + firm, data, solver = list(direct_limit = 0, max_iterations = 1)),
    class = "pilotdid_error_not_converged"
  )
})

test_that("a two-period panel is the difference of mean changes", {
  data <- simulate_pilot(units = 40, periods = 2, cohorts = c(`2` = 0.5), seed = 5)
  fit <- pilot_did(y ~ status | unit + time, data)
  change <- tapply(data$y, data$unit, diff)
  treated <- tapply(data$status, data$unit, max) == 1
  expect_equal(unname(coef(fit)), mean(change[treated]) - mean(change[!treated]), tolerance = 1e-12) # rounding
})

test_that("without effects the intercept is a coefficient, as in lm()", {
  fit <- pilot_did(mpg ~ wt + factor(cyl) | 0, mtcars)
  peer <- lm(mpg ~ wt + factor(cyl), mtcars)
  expect_equal(coef(fit), coef(peer), tolerance = 1e-12)
  expect_equal(vcov(fit), vcov(peer), tolerance = 1e-12)
  expect_equal(as.numeric(logLik(fit)), as.numeric(logLik(peer)), tolerance = 1e-12)
  expect_equal(predict(fit, mtcars[3:5, ]), predict(peer, mtcars[3:5, ]), tolerance = 1e-12, ignore_attr = TRUE)
})

test_that("periods named by texts of unequal length are printed without padding", {
  panel <- simulate_pilot(units = 40, seed = 4)
  panel$period <- factor(c(1:4, paste("long name", 5:10))[panel$time], levels = c(1:4, paste("long name", 5:10)))
  fit <- pilot_did(y ~ status | unit + period, panel)
  shown <- capture.output(print(fit))
  expect_false(any(grepl(" in [^,]* (,|$)", grep("^Treated", shown, value = TRUE))))
})

test_that("a cluster argument is sent to vcov", {
  panel <- simulate_pilot(units = 20, seed = 4)
  expect_error(pilot_did(y ~ status | unit + time, panel, cluster = ~unit), "vcov", class = "pilotdid_error_argument")
})
