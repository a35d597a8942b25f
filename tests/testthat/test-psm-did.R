panel <- simulate_pilot(units = 120, periods = 8, cohorts = c(`4` = 0.2, `6` = 0.2), covariates = 2, selection = 1, seed = 3)
quietly <- function(code) suppressWarnings(code)

test_that("the three samples are regressions on the rows and weights they name", {
  m <- quietly(match_panel(status ~ x1 + x2, panel, "unit", "time", ratio = 2, replace = TRUE, caliper = 0.05))
  p <- quietly(psm_did(y ~ status | unit + time, panel, match = m, samples = c("matched", "support", "frequency", "all")))
  t <- tidy(p)
  expect_identical(t$sample, c("matched", "support", "frequency", "all"))
  w <- m$weight
  rows <- list(w > 0, m$support, w > 0, TRUE)
  weights <- list(NULL, NULL, ifelse(m$treated == 1, 1, 2) * w, NULL)
  for (i in 1:4) {
    fit <- quietly(pilot_did(y ~ status | unit + time, panel, subset = rep_len(rows[[i]], nrow(panel)), weights = weights[[i]]))
    expect_equal(t$estimate[i], unname(coef(fit)))
    expect_equal(t$std.error[i], tidy(fit)$std.error)
    expect_equal(glance(p)$nobs[i], nobs(fit))
  }
  expect_s3_class(p$fits$matched, "pilot_fit")
})

test_that("frequency weights equal repeated rows", {
  m <- quietly(match_panel(status ~ x1 + x2, panel, "unit", "time", ratio = 2, replace = TRUE))
  p <- quietly(psm_did(y ~ status | unit + time, panel, match = m, samples = "frequency"))
  # 1:2 matching: twice the weight is whole.
  times <- round(ifelse(m$treated == 1, 1, 2) * m$weight)
  repeated <- panel[rep(seq_len(nrow(panel)), times), ]
  fit <- quietly(pilot_did(y ~ status | unit + time, repeated, duplicates = "allow"))
  expect_equal(tidy(p)$estimate, unname(coef(fit)), tolerance = 1e-10)
})

test_that("a formula matches as match_panel does on the same unit, time and treatment", {
  a <- quietly(psm_did(y ~ status + x1 | unit + time, panel, match = ~ x1 + x2, method = "kernel", bandwidth = 0.1))
  m <- quietly(match_panel(status ~ x1 + x2, panel, "unit", "time", method = "kernel", bandwidth = 0.1))
  expect_equal(a$match$weight, m$weight)
  by_cohort <- quietly(psm_did(y ~ 1 | unit + time, panel, match = ~ x1 + x2, cohort = "cohort", method = "kernel", bandwidth = 0.1))
  expect_equal(by_cohort$match$weight, m$weight)
  expect_warning(psm_did(y ~ status | unit + time, panel, match = ~ x1 + x2), NA, class = "pilotdid_warning_varying_treatment")
})

test_that("a cohort is when the unit joined, not its first matched treated row", {
  p <- quietly(psm_did(y ~ status | unit + time, panel, match = ~ x1 + x2, caliper = 0.02))
  design <- p$fits$matched$design
  joined <- tapply(panel$cohort, panel$unit, function(x) x[1])
  units <- as.character(design$unit$values)
  expect_equal(as.numeric(design$treatment$cohort_value), as.numeric(ifelse(is.na(joined[units]), Inf, joined[units])))
})

test_that("matching removes the bias of selection on observables", {
  draws <- vapply(1:20, function(seed) {
    d <- simulate_pilot(units = 200, covariates = 2, selection = 1, seed = seed)
    t <- tidy(quietly(psm_did(y ~ status | unit + time, d, match = ~ x1 + x2, method = "kernel", samples = c("frequency", "all"), multiplier = 1)))
    t$estimate - attr(d, "truth")$att
  }, c(0, 0))
  mean_bias <- rowMeans(draws)
  error <- apply(draws, 1, stats::sd) / sqrt(20)
  # Four Monte Carlo standard errors: a mean without bias is outside once in 16,000 times.
  expect_gt(mean_bias[2], 4 * error[2])
  expect_lt(abs(mean_bias[1]), mean_bias[2] / 3)
})

test_that("the bootstrap resamples units, redoes smooth matching, and is the same for a seed", {
  run <- function(seed) quietly(psm_did(y ~ status | unit + time, panel, match = ~ x1 + x2, method = "kernel", samples = c("matched", "frequency"), bootstrap = 15, seed = seed))
  a <- run(1)
  expect_identical(a$bootstrap, run(1)$bootstrap)
  expect_false(identical(a$bootstrap, run(2)$bootstrap))
  t <- tidy(a)
  expect_equal(t$std.error[1], stats::sd(a$bootstrap[, "matched"]))
  expect_equal(t$conf.low[2], unname(stats::quantile(a$bootstrap[, "frequency"], 0.025)))
  expect_gt(t$std.error[1], 0)
})

test_that("nearest neighbors are not matched anew in a bootstrap, and a warning says why", {
  warnings <- capture_warnings(psm_did(y ~ status | unit + time, panel, match = ~ x1 + x2, bootstrap = 3, seed = 1))
  expect_true(any(grepl("not valid", warnings)))
})

test_that("negative weights cannot be frequencies", {
  expect_warning(
    p <- psm_did(y ~ status | unit + time, panel, match = ~ x1 + x2, method = "local_linear"),
    class = "pilotdid_warning_negative_weights"
  ) |> quietly()
  expect_identical(names(p$fits), c("matched", "support"))
})

test_that("arguments are checked", {
  m <- quietly(match_panel(status ~ x1, panel, "unit", "time"))
  expect_error(psm_did(y ~ status | unit + time, panel, match = m, ratio = 2), class = "pilotdid_error_argument")
  expect_error(psm_did(y ~ status | unit + time, panel, match = m, weights = 1), class = "pilotdid_error_argument")
  expect_error(psm_did(y ~ status | unit + time, panel, match = "x1"), class = "pilotdid_error_argument")
  expect_error(psm_did(y ~ status | unit + time, panel[-1, ], match = m), class = "pilotdid_error_data")
  expect_error(psm_did(y ~ status, panel, match = ~x1), class = "pilotdid_error_no_panel")
  expect_error(quietly(psm_did(y ~ status | unit + time, panel, match = m, nonsense = 1)), class = "pilotdid_error_argument")
  expect_output(print(quietly(psm_did(y ~ status | unit + time, panel, match = m))), "frequency")
})

test_that("the effect by period comes with the result", {
  p <- quietly(psm_did(y ~ status | unit + time, panel, match = ~ x1 + x2, replace = TRUE))
  expect_equal(tidy(p, "cross_section"), tidy(match_effect(p$match, "y")))
})

test_that("other estimators and the event study run on the matched sample", {
  p <- quietly(psm_did(y ~ status | unit + time, panel,
    match = ~ x1 + x2, scheme = "baseline", replace = TRUE, estimator = "cs", samples = c("matched", "frequency")
  ))
  w <- p$match$weight
  fit <- quietly(pilot_did(y ~ status | unit + time, panel[w > 0, ], estimator = "cs"))
  expect_equal(tidy(p)$estimate[seq_len(nrow(tidy(fit)))], tidy(fit)$estimate)
  twfe <- quietly(psm_did(y ~ status | unit + time, panel, match = ~ x1 + x2))
  e <- quietly(event_study(twfe, window = c(-3, 3)))
  direct <- quietly(event_study(twfe$fits$matched, window = c(-3, 3)))
  expect_equal(tidy(e)$estimate, tidy(direct)$estimate)
  expect_error(event_study(twfe, sample = "nothere"), class = "pilotdid_error_argument")
})

test_that("estimators that take no weights have the samples of whole rows", {
  run <- function(...) psm_did(y ~ status | unit + time, panel, match = ~ x1 + x2, scheme = "baseline", replace = TRUE, ...)
  for (estimator in c("efficient", "sdid")) {
    options <- if (estimator == "sdid") list(variance = "none")
    p <- quietly(do.call(run, c(list(estimator = estimator), options)))
    expect_identical(names(p$fits), c("matched", "support"))
    direct <- quietly(do.call(pilot_did, c(
      list(y ~ status | unit + time, panel[p$match$weight > 0, ], estimator = estimator), options
    )))
    expect_equal(tidy(p)$estimate[1L], tidy(direct)$estimate[1L])
  }
  expect_warning(run(estimator = "efficient"), "frequency", class = "pilotdid_warning_weights") |> quietly()
  expect_error(quietly(run(estimator = "efficient", samples = "frequency")), class = "pilotdid_error_weights")
})

test_that("the samples and the periods have their figures", {
  p <- quietly(psm_did(y ~ status | unit + time, panel, match = ~ x1 + x2, replace = TRUE, samples = c("matched", "all")))
  grDevices::pdf(withr::local_tempfile(fileext = ".pdf"))
  withr::defer(grDevices::dev.off())
  expect_identical(plot(p)$label, c("matched", "all"))
  expect_equal(plot(p)$estimate, unname(c(coef(p$fits$matched), coef(p$fits$all))))
  effect <- match_effect(p$match, "y")
  expect_identical(plot(effect)$label, as.character(1:8))
  expect_equal(plot(effect)$high, tidy(effect)$conf.high)
  skip_if_not_installed("ggplot2")
  expect_s3_class(ggplot2::autoplot(p), "ggplot")
  expect_s3_class(ggplot2::autoplot(effect), "ggplot")
})
