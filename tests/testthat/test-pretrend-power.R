source(test_path("fixtures", "honest-events.R"), local = TRUE)

test_that("the published power for He and Wang is met", {
  event <- honest_events$he_wang
  x <- pretrend_power(event$estimate, vcov = event$vcov, event_time = event$time,
    trend = list(quadratic = function(t) 0.024 * t^2))
  table <- tidy(x)
  # R's pretrends: 0.05205871, at the tolerance of its search (its power there is 0.49998). Stata's:
  expect_lt(abs(table$estimate[1] - 0.05205871), 1e-5)
  # The lattice is good to some 1e-5 of a probability, the slope to as much of itself.
  expect_equal(table$estimate[1], 0.0520662478209672, tolerance = 2e-5)
  expect_equal(table$power[3], 0.6624492444726371, tolerance = 2e-5)
  expect_equal(table$bayes.factor[c(1, 3)], c(0.5690176871738699, 0.3841447004284795), tolerance = 5e-5)
  expect_equal(table$likelihood.ratio[3], 0.4332635208743188, tolerance = 1e-7)
  path <- augment(x)
  path <- path[path$term == "50% power" & path$event_time != -1, ]
  expected <- c(-0.0923171, -0.0555576, -0.0279117, 0.0649147, 0.1208691, 0.1694932, 0.2245753)
  expect_lt(max(abs(path$expected - expected)), 1e-5)
})

test_that("one estimate before the reference is the normal distribution", {
  v <- diag(c(0.04, 0.09))
  x <- pretrend_power(c(0.1, 0.3), vcov = v, event_time = c(-2, 0), power = 0.8)
  slope <- tidy(x)$estimate
  power <- stats::pnorm(-1.959963985 + slope / 0.2) + stats::pnorm(-1.959963985 - slope / 0.2)
  # One dimension: the lattice is a midpoint rule in probabilities, exact for the mass.
  expect_equal(power, 0.8, tolerance = 1e-8)
  expect_equal(glance(x)$size, 0.05, tolerance = 1e-8)
  # Mean of the truncated normal in closed form.
  a <- (-1.959963985 * 0.2 + slope) / 0.2
  b <- (1.959963985 * 0.2 + slope) / 0.2
  mean <- -slope + 0.2 * (stats::dnorm(a) - stats::dnorm(b)) / (stats::pnorm(b) - stats::pnorm(a))
  expect_equal(augment(x)$expected[1], mean, tolerance = 1e-5)
  # Independent of the estimates before: nothing is learnt about the rest.
  expect_equal(augment(x)$expected[3], slope, tolerance = 1e-12)
})

test_that("impossible requests are refused", {
  event <- honest_events$he_wang
  ask <- function(...) pretrend_power(event$estimate, vcov = event$vcov, event_time = event$time, ...)
  expect_error(ask(power = 0.01), class = "pilotdid_error_power")
  expect_error(ask(power = 2), class = "pilotdid_error_argument")
  expect_error(ask(trend = 1:3), class = "pilotdid_error_argument")
  pdf(NULL)
  on.exit(dev.off())
  expect_silent(plot(ask(), 1))
  skip_if_not_installed("ggplot2")
  expect_s3_class(ggplot2::autoplot(ask(), "80% power"), "ggplot")
})
