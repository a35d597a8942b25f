test_that("paths, Sobel and the share are those computed by hand", {
  data <- mechanism_panel()
  fit <- pilot_did(y ~ d + x1 | id + year, data)
  table <- tidy(mediation(fit, ~m, draws = 0))
  a <- tidy(pilot_did(m ~ d + x1 | id + year, data))[1, ]
  both <- tidy(pilot_did(y ~ d + m + x1 | id + year, data))
  b <- both[both$term == "m", ]
  expect_identical(table$term, c("total", "path_a", "path_b", "direct", "indirect", "share"))
  expect_equal(table$estimate, c(coef(
    fit
  )[["d"]], a$estimate, b$estimate, both$estimate[1], a$estimate * b$estimate,
    a$estimate * b$estimate / coef(fit)[["d"]]), tolerance = 1e-10)
  se <- sqrt(b$estimate^2 * a$std.error^2 + a$estimate^2 * b$std.error^2)
  expect_equal(table$std.error[5], se, tolerance = 1e-10)
  expect_equal(table$p.value[5], 2 * pnorm(-abs(a$estimate * b$estimate / se)), tolerance = 1e-10)
})

test_that("the bootstrap equals regressions on resampled units", {
  data <- mechanism_panel()
  data$region <- data$id %% 11
  units <- length(unique(data$id))
  for (weighted in c(FALSE, TRUE)) {
    column <- if (weighted) "w"
    fit <- pilot_did(y ~ d + x1 + x2 | id + year, data, weights = column)
    m <- mediation(fit, "m", draws = 5, seed = 11)
    times <- reference_counts(units, 5, 11)
    for (draw in 1:5) {
      sample <- reference_resample(data, times[, draw])
      a <- reference_twfe(sample, "m", c("d", "x1", "x2"), "copy", column)[["d"]]
      both <- reference_twfe(sample, "y", c("d", "m", "x1", "x2"), "copy", column)
      # lm() on the dummies of 60 copies: about ten right digits.
      expect_equal(
        unname(m$draws[draw, c("path_a", "path_b", "direct")]), c(a, both[["m"]], both[["d"]]),
        tolerance = 1e-8
      )
      expect_equal(m$draws[draw, "indirect"], c(indirect = a * both[["m"]]), tolerance = 1e-8)
    }
  }
})

test_that("further effects, slopes and groups of units are resampled too", {
  data <- mechanism_panel()
  fit <- pilot_did(y ~ d + x1 | id + year + region^year, data)
  m <- mediation(fit, "m", draws = 3, seed = 2)
  times <- reference_counts(60, 3, 2)
  for (draw in 1:3) {
    sample <- reference_resample(data, times[, draw])
    ref <- stats::lm(m ~ d + x1 + factor(copy) + factor(year) + factor(paste(region, year)), sample)
    expect_equal(m$draws[draw, "path_a"], c(path_a = coef(ref)[["d"]]), tolerance = 1e-8)
  }
  trend <- pilot_did(y ~ d + x1 | id[year] + year, data)
  expect_equal(
    unname(colMeans(mediation(trend, "m", draws = 50, seed = 2)$draws[, "path_b", drop = FALSE])),
    0.8, tolerance = 0.2
  )
  by_region <- mediation(
    pilot_did(y ~ d + x1 | id + year, data), "m", draws = 3, resample = ~region, seed = 2
  )
  times <- reference_counts(11, 3, 2)
  units <- sort(unique(data$id))
  sample <- reference_resample(data, times[units %% 11 + 1, 1])
  expect_equal(
    by_region$draws[1, "path_a"],
    c(path_a = reference_twfe(sample, "m", c("d", "x1"), "copy")[["d"]]), tolerance = 1e-8
  )
})

test_that("percentile and bias-corrected limits are those computed by hand", {
  data <- mechanism_panel()
  m <- mediation(pilot_did(y ~ d + x1 | id + year, data), "m", draws = 199, conf.level = 0.9, seed = 4)
  row <- m$table[5, ]
  draws <- m$draws[, "indirect"]
  expect_equal(row$boot.std.error, sd(draws))
  expect_equal(c(row$percentile.low, row$percentile.high), unname(quantile(draws, c(.05, .95))))
  z0 <- qnorm(mean(draws < row$estimate))
  expect_equal(c(row$bc.low, row$bc.high), unname(quantile(draws, pnorm(2 * z0 + qnorm(c(.05, .95))))))
  # A bootstrap and a delta-method standard error of the same thing.
  expect_equal(row$boot.std.error, row$std.error, tolerance = 0.3)
})

test_that("the sensitivity curve passes through the estimate and through zero", {
  data <- mechanism_panel()
  m <- mediation(pilot_did(y ~ d + x1 | id + year, data), "m", draws = 50, rho = c(0, 0.3), seed = 4)
  expect_equal(m$sensitivity$indirect[1], m$table$estimate[5], tolerance = 1e-10)
  zero <- glance(m)$rho.zero
  at_zero <- mediation(pilot_did(y ~ d + x1 | id + year, data), "m", draws = 0, rho = zero)
  expect_lt(abs(at_zero$sensitivity$indirect), 1e-12)
  total <- residuals(m$fits$total)
  mediator <- residuals(m$fits$path_a)
  expect_equal(zero, sum(total * mediator) / sqrt(sum(total^2) * sum(mediator^2)), tolerance = 1e-10)
})

test_that("a confounder of known correlation is undone at its rho", {
  withr::local_seed(1)
  panel <- simulate_pilot(units = 600, mediator = c(0.5, 0), seed = 3)
  shock <- rnorm(nrow(panel))
  panel$m <- panel$mediator + shock
  panel$y <- panel$y + shock
  fit <- pilot_did(y ~ status | unit + time, panel)
  m <- mediation(fit, "m", draws = 0)
  # The mediator has no effect: what looks like one is the shock, and rho says so.
  expect_gt(m$table$estimate[3], 0.2)
  u <- residuals(pilot_did(y ~ status | unit + time, panel))
  expect_equal(glance(m)$rho.zero, cor(u, residuals(m$fits$path_a)), tolerance = 1e-3)
})

test_that("the truths of all paths lie in 95 % of the intervals, analytic and bootstrap", {
  hits <- vapply(1:200, function(seed) {
    panel <- simulate_pilot(
      units = 60, periods = 8, cohorts = c(`3` = .25, `5` = .25), mediator = c(0.5, 0.8), seed = seed
    )
    t <- tidy(mediation(pilot_did(y ~ status | unit + time, panel), "mediator", draws = 199, seed = seed))
    total <- mean(panel$true_effect[panel$status == 1])
    truth <- c(total = total, a = 0.5, b = 0.8, direct = total - 0.4, indirect = 0.4)
    inside <- t$conf.low[1:5] <= truth & truth <= t$conf.high[1:5]
    at <- t[t$term == "indirect", ]
    c(set_names(inside, names(truth)), percentile = at$percentile.low <= 0.4 && 0.4 <= at$percentile.high,
      corrected = at$bc.low <= 0.4 && 0.4 <= at$bc.high)
  }, logical(7))
  # Binomial(200, .95): one in a thousand falls below 179; 200 of 200 is 4 in 100,000.
  expect_true(all(rowSums(hits) >= 179))
  expect_true(all(rowSums(hits) <= 199))
})

test_that("draws depend on the seed alone", {
  data <- mechanism_panel()
  fit <- pilot_did(y ~ d + x1 | id + year, data)
  before <- pilot_threads(1)
  one <- mediation(fit, "m", draws = 40, seed = 9)$draws
  pilot_threads(2)
  two <- mediation(fit, "m", draws = 40, seed = 9)$draws
  pilot_threads(before)
  expect_identical(one, two)
  expect_identical(mediation(fit, "m", draws = 20, seed = 9)$draws, one[1:20, ])
})

test_that("what cannot be estimated is refused", {
  data <- mechanism_panel()
  fit <- pilot_did(y ~ d + x1 | id + year, data)
  expect_error(mediation(fit, "y"), class = "pilotdid_error_mediator")
  expect_error(mediation(fit, c("m", "m2")), class = "pilotdid_error_treatment")
  expect_error(mediation(fit, "m", resample = ~year), class = "pilotdid_error_cluster")
  expect_error(mediation(fit, "m", rho = 1), class = "pilotdid_error_argument")
  two <- data
  two$d[two$id > 2] <- 0
  rare <- suppressWarnings(pilot_did(y ~ d | id + year, two))
  expect_warning(mediation(rare, "m", draws = 200, seed = 1), class = "pilotdid_warning_resample")
})

test_that("a mediator without a path of its own is refused", {
  panel <- simulate_pilot(units = 40, covariates = 1, seed = 1)
  panel$both <- as.integer(panel$unit) + panel$time^2
  panel$twin <- panel$both + 2 * panel$x1 - panel$status
  fit <- pilot_did(y ~ status + x1 | unit + time, panel)
  expect_error(mediation(fit, ~both, draws = 0), "combination of the effects", class = "pilotdid_error_mediator")
  expect_error(mediation(fit, ~twin, draws = 0), "the treatment, the controls", class = "pilotdid_error_mediator")
})
