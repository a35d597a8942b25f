fixture <- readRDS(test_path("fixtures", "mechanism.rds"))$sensemakr

test_that("robustness values and benchmarks equal sensemakr", {
  fit <- pilot_did(y ~ d + x1 + x2 | id + year, mechanism_panel())
  r <- robustness_value(fit, c("x1", "x2"), 1:3)
  t <- tidy(r)
  s <- fixture$stats
  # lm() on 68 dummies: about ten right digits.
  expect_equal(c(t$estimate, t$std.error, t$statistic, t$partial.r2, t$rv, t$rv.alpha, t$df),
    c(s$estimate, s$se, s$t_statistic, s$r2yd.x, s$rv_q, s$rv_qa, s$dof), tolerance = 1e-8)
  b <- augment(r)
  expect_equal(b$r2.treatment, fixture$bounds$r2dz.x, tolerance = 1e-7)
  expect_equal(b$r2.outcome, fixture$bounds$r2yz.dx, tolerance = 1e-7)
  expect_equal(b$estimate, fixture$bounds$adjusted_estimate, tolerance = 1e-8)
  expect_equal(b$std.error, fixture$bounds$adjusted_se, tolerance = 1e-7)
  # The confounder takes a degree of freedom; sensemakr's interval forgets it.
  half <- stats::qt(0.975, s$dof - 1) * fixture$bounds$adjusted_se
  expect_equal(b$conf.low, fixture$bounds$adjusted_estimate - half, tolerance = 1e-7)
})

test_that("a confounder as strong as the robustness value takes the estimate to zero", {
  fit <- pilot_did(y ~ d + x1 | id + year, mechanism_panel())
  t <- tidy(robustness_value(fit))
  bias <- t$std.error * sqrt(t$rv * t$rv / (1 - t$rv) * t$df)
  expect_equal(bias, abs(t$estimate), tolerance = 1e-10)
  expect_identical(pilotdid:::robustness(0.1, 0.2), 0)
  # (f^2 - c^2) / (1 + f^2) where a confounder that explains all of the outcome binds
  expect_equal(pilotdid:::robustness(6, 0.2), (36 - 0.04) / 37)
})

test_that("Oster's bias-adjusted coefficient is the truth where her assumptions hold exactly", {
  withr::local_seed(4)
  n <- 400
  q <- qr.Q(qr(cbind(1, matrix(rnorm(4 * n), n))))[, -1] * sqrt(n)
  x <- q[, 1]
  hidden <- q[, 2]
  # Proportional selection: cov(d, hidden) / var(hidden) = delta cov(d, .8 x) / var(.8 x).
  for (delta in c(0.5, 1, 2)) {
    index <- 0.8 * x
    part <- 0.6 * hidden
    d <- q[, 3] + 0.5 * index + delta * 0.5 * part
    y <- 1.5 * d + index + part + q[, 4]
    data <- data.frame(y, d, x, id = rep(1:40, 10), year = rep(1:10, each = 40))
    fit <- pilot_did(y ~ d + x | 0, data, panel = ~ id + year)
    full <- summary(stats::lm(y ~ d + x + hidden))$r.squared
    o <- oster_delta(fit, r_max = full, beta = 1.5, delta = delta)
    # Exact in the sample up to rounding and the roots of polyroot().
    expect_equal(tidy(o)$delta, delta, tolerance = 1e-8)
    expect_lt(min(abs(o$roots - 1.5)), 1e-6)
    if (delta == 1) expect_equal(tidy(o)$beta.star, 1.5, tolerance = 1e-7)
  }
})

test_that("delta and the coefficient are inverse to each other, whatever the scale", {
  data <- mechanism_panel()
  fit <- pilot_did(y ~ d + x1 + x2 | id + year, data)
  o <- tidy(oster_delta(fit))
  expect_equal(tidy(oster_delta(fit, beta = o$beta.star))$delta, 1, tolerance = 1e-6)
  scaled <- tidy(
    oster_delta(pilot_did(y ~ d + x1 + x2 | id + year, transform(data, y = 100 * y, x1 = 1e-4 * x1)))
  )
  expect_equal(scaled$delta, o$delta, tolerance = 1e-8)
  expect_equal(scaled$beta.star, 100 * o$beta.star, tolerance = 1e-7)
  expect_equal(o$r.max, 1.3 * glance(fit)$within.r.squared, tolerance = 1e-10)
})

test_that("what has no answer is refused", {
  data <- mechanism_panel()
  fit <- pilot_did(y ~ d + x1 | id + year, data)
  expect_error(robustness_value(fit, "x9"), class = "pilotdid_error_unknown_column")
  expect_error(robustness_value(fit, "x1", multiple = 1e6), class = "pilotdid_error_benchmark")
  expect_error(oster_delta(pilot_did(y ~ d | id + year, data)), class = "pilotdid_error_no_controls")
  expect_error(oster_delta(fit, r_max = 0.01), class = "pilotdid_error_argument")
})
