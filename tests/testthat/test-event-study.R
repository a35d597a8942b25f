# Small panels have cohorts below five units: the warning about that is tested with the treatment.
event_study <- function(...) {
  withCallingHandlers(pilotdid::event_study(...), pilotdid_warning_thin_cohort = function(w) {
    invokeRestart("muffleWarning")
  })
}

fixture <- readRDS(test_path("fixtures", "event-study.rds"))

fit_event <- function(seed, ...) {
  data <- event_panel(seed)
  spec <- event_spec(seed)
  suppressWarnings(event_study(y ~ status + x1 + x2 | id + year, data,
    window = spec$window, bin = spec$bin, reference = spec$reference,
    weights = if (spec$weighted) data$w, vcov = spec$vcov, ...
  ))
}

test_that("the event study equals feols(i()) on random panels", {
  for (f in fixture) {
    event <- fit_event(f$seed)
    expect_equal(event$event_time, f$event_time, info = f$seed)
    expect_equal(nobs(event), f$nobs, info = f$seed)
    # fixest stops its iterations at 1e-11 on the effects.
    expect_equal(unname(coef(event)), f$estimate, tolerance = 1e-9, info = f$seed)
    expect_equal(unname(vcov(event)), f$vcov, tolerance = 1e-8, info = f$seed)
    expect_equal(unname(event$fit$coefficients[c("x1", "x2")]), f$x, tolerance = 1e-9)
  }
})

test_that("cell algebra equals the regression on dummies, with any covariance", {
  for (seed in c(1, 2, 4)) {
    data <- event_panel(seed)
    event <- suppressWarnings(event_study(y ~ status + x1 | id + year, data, weights = data$w, window = c(-3, 3)))
    e <- pmin(pmax(data$year - data$first, -3), 3)
    e[is.na(e)] <- -1
    for (k in setdiff(-3:3, -1)) data[[paste0("e", k + 10)]] <- as.integer(e == k)
    plain <- suppressWarnings(pilot_did(y ~ e7 + e8 + e10 + e11 + e12 + e13 + x1 | id + year, data, weights = data$w))
    expect_equal(unname(coef(event)), unname(coef(plain)[1:6]), tolerance = 1e-10)
    for (v in list("iid", "HC1", "HC3", "NW", "DK", ~ id + year, ~province)) {
      # Rounding of two orders of summation, amplified where a covariance is nearly singular.
      expect_equal(
        unname(suppressWarnings(vcov(event, vcov = v), "pilotdid_warning_not_psd")), unname(suppressWarnings(vcov(plain, vcov = v))[1:6, 1:6]),
        tolerance = 1e-8, info = format(v)
      )
    }
  }
})

test_that("tidy has the contract's columns and a row for each reference", {
  event <- fit_event(1)
  table <- tidy(event)
  expect_named(table, c(
    "term", "estimate", "std.error", "statistic", "p.value", "conf.low", "conf.high",
    "simultaneous.low", "simultaneous.high", "event_time", "reference", "binned"
  ))
  expect_equal(table$event_time, sort(table$event_time))
  expect_equal(table$estimate[table$event_time == event$reference], 0)
  expect_true(all(table$simultaneous.low <= table$conf.low, na.rm = TRUE))
  two <- event_study(y ~ status | id + year, event_panel(1), reference = c(-3, -1))
  expect_equal(tidy(two)$estimate[tidy(two)$event_time %in% c(-3, -1)], c(0, 0))
  expect_true(all(tidy(two)$reference == "-3, -1"))
  binned <- tidy(event_study(y ~ status | id + year, event_panel(1), window = c(-2, 2)))
  expect_equal(binned$event_time[binned$binned], c(-2, 2))
  expect_equal(binned$term[binned$binned], c("<= -2", ">= 2"))
})

test_that("the pre-trend test is the Wald test, and survives singular covariances", {
  event <- event_study(y ~ status | id + year, event_panel(3), window = c(-4, 3))
  pre <- event$event_time < 0
  b <- coef(event)[pre]
  wanted <- sum(b * solve(vcov(event)[pre, pre], b)) / sum(pre)
  expect_equal(glance(event)$pretrend.statistic, wanted, tolerance = 1e-10)
  expect_equal(glance(event)$pretrend.p.value, pf(wanted, sum(pre), event$df, lower.tail = FALSE), tolerance = 1e-10)
  w <- (event$event_time >= 0) / sum(event$event_time >= 0)
  expect_equal(glance(event)$post.average, sum(w * coef(event)), tolerance = 1e-12)
  expect_equal(glance(event)$post.std.error, sqrt(drop(w %*% vcov(event) %*% w)), tolerance = 1e-12)
  # Two clusters, more terms than clusters: rank one.
  data <- event_panel(3)
  data$half <- data$id %% 2
  few <- event_study(y ~ status | id + year, data, window = c(-4, 3), vcov = ~half)
  expect_equal(glance(few)$pretrend.df, 1)
  expect_true(is.finite(glance(few)$pretrend.p.value) && glance(few)$pretrend.p.value > 0)
  expect_warning(
    zero <- new_event_study(c(-3, -2, 0), c(0, 0.3, 1), diag(c(0, 0.04, 0.09)), outcome = "y"),
    class = "pilotdid_warning_no_variance"
  )
  expect_equal(glance(zero)$pretrend.df, 1)
  expect_equal(glance(zero)$pretrend.p.value, 2 * pnorm(-1.5))
})

test_that("simultaneous bands have the right width", {
  # Independent terms: P(max |z| <= c) = (2 Phi(c) - 1)^k. 100,000 draws leave an error of about 0.005.
  k <- 6
  wanted <- qnorm((1 + 0.95^(1 / k)) / 2)
  expect_equal(simultaneous_critical(diag(k), Inf, 0.95, 1), wanted, tolerance = 0.01)
  expect_equal(simultaneous_critical(matrix(1, 3, 3), Inf, 0.95, 1), qnorm(0.975), tolerance = 0.01)
  expect_equal(simultaneous_critical(matrix(1, 3, 3), 4, 0.95, 1), qt(0.975, 4), tolerance = 0.01)
  expect_equal(simultaneous_critical(matrix(2), 12, 0.9, 1), qt(0.95, 12))
  expect_identical(sup_t(diag(3), 5, 7, 500)$draws, sup_t(diag(3), 5, 7, 500)$draws)
  before <- pilot_threads(1)
  one <- sup_t(diag(3), 5, 7, 5000)$draws
  pilot_threads(2)
  expect_identical(sup_t(diag(3), 5, 7, 5000)$draws, one)
  pilot_threads(before)
})

test_that("rows outside the window never join the reference", {
  data <- event_panel(1)
  event <- event_study(y ~ status | id + year, data, window = c(-2, 2), bin = FALSE)
  e <- data$year - data$first
  expect_equal(unname(event$fit$design$flow["outside the window"]), sum(!is.na(e) & (e < -2 | e > 2)))
  expect_false(any(tidy(event)$binned))
})

test_that("panels without never treated units are refused or compared with the last cohort", {
  data <- event_panel(1)
  data <- data[!is.na(data$first), ]
  # The error alone: event times are no controls that were dropped.
  expect_no_warning(expect_error(event_study(y ~ status | id + year, data), class = "pilotdid_error_event_collinear"))
  expect_s3_class(event_study(y ~ status | id + year, data, window = c(-3, 2)), "pilot_event")
  last <- suppressWarnings(event_study(y ~ status | id + year, data, last_treated = TRUE))
  sub <- data[data$year < 2016, ]
  sub$status[sub$first == 2016] <- 0
  same <- suppressWarnings(event_study(y ~ status | id + year, sub))
  expect_equal(coef(last), coef(same), tolerance = 1e-10)
  expect_equal(vcov(last), vcov(same), tolerance = 1e-10)
})

test_that("years without data count, always treated units are dropped or dated", {
  data <- event_panel(1)
  gap <- data[data$year != 2012, ]
  event <- event_study(y ~ status | id + year, gap)
  e <- gap$year - gap$first
  expect_equal(sort(c(event$event_time, -1)), sort(unique(e[!is.na(e)])))
  late <- data[data$year >= 2013, ]
  expect_warning(event_study(y ~ status | id + year, late), class = "pilotdid_warning_always_treated")
  late$first[is.na(late$first)] <- 0
  dated <- event_study(y ~ status | id + year, late, cohort = "first")
  expect_true(max(dated$event_time) == 6)
})

test_that("robust to names, order and labels", {
  data <- event_panel(2)
  event <- event_study(y ~ status + x1 | id + year, data)
  other <- data[rev(seq_len(nrow(data))), ]
  new <- c(y = "\u97e7\u6027", status = "\u8bd5\u70b9", id = "\u57ce\u5e02 id", year = "\u5e74\u4efd")
  at <- match(names(new), names(other))
  names(other)[at] <- new
  renamed <- eval(call("~", as.name(new[["y"]]), call("|",
    call("+", as.name(new[["status"]]), quote(x1)), call("+", as.name(new[["id"]]), as.name(new[["year"]]))
  )))
  chinese <- event_study(renamed, other)
  expect_equal(coef(chinese), coef(event), tolerance = 1e-10)
})

test_that("bad requests name their cause", {
  data <- event_panel(1)
  fit <- suppressWarnings(pilot_did(y ~ status | id + year, data))
  expect_error(event_study(fit, window = c(20, 30)), class = "pilotdid_error_window")
  expect_error(event_study(fit, window = c(3, -3)), class = "pilotdid_error_window")
  expect_error(event_study(fit, window = c(-3, 3), reference = -5), class = "pilotdid_error_reference")
  expect_error(event_study(fit, reference = 99), class = "pilotdid_error_reference")
  expect_error(event_study(fit, reference = "a"), class = "pilotdid_error_reference")
  data$status[which(data$status == 1)[1]] <- 0
  data <- data[order(data$id, data$year), ]
  joined <- which(data$status == 1)
  data$status[joined[length(joined)]] <- 0
  expect_error(
    suppressWarnings(event_study(y ~ status | id + year, data)), class = "pilotdid_error_reversals"
  )
  dose <- suppressWarnings(pilot_did(y ~ x1 | id + year, data))
  expect_error(event_study(dose), class = "pilotdid_error_no_panel")
})

test_that("robust estimators take what they have, and refuse the rest", {
  data <- event_panel(1)
  formula <- y ~ status | id + year
  quiet <- function(...) suppressWarnings(event_study(...))
  fit <- suppressWarnings(pilot_did(formula, data, estimator = "cs"))
  direct <- suppressWarnings(pilot_did(formula, data, estimator = "lpdid"))
  for (robust in list(fit, direct)) {
    expect_error(event_study(robust, window = c(40, 50)), class = "pilotdid_error_window")
    expect_error(event_study(robust, reference = -2), class = "pilotdid_error_argument")
    expect_error(event_study(robust, last_treated = TRUE), class = "pilotdid_error_argument")
    expect_error(event_study(robust, seed = "a"), class = "pilotdid_error_argument")
  }
  expect_error(event_study(direct, bin = TRUE), class = "pilotdid_error_argument")
  expect_error(event_study(3), class = "pilotdid_error_argument")
  # Anticipation and reference are decided at the fit, clusters at any time.
  early <- quiet(formula, data, estimator = "cs", anticipation = 1)
  at_fit <- quiet(suppressWarnings(pilot_did(formula, data, estimator = "cs", anticipation = 1)))
  expect_identical(tidy(early), tidy(at_fit))
  expect_false(isTRUE(all.equal(tidy(early)$estimate, tidy(event_study(fit))$estimate)))
  second <- quiet(formula, data, estimator = "sa", reference = -2)
  expect_identical(unique(tidy(second)$reference), -2)
  data$group <- data$id %% 8
  clustered <- suppressWarnings(pilot_did(formula, data, estimator = "cs", vcov = ~group))
  fit <- suppressWarnings(pilot_did(formula, data, estimator = "cs"))
  expect_equal(tidy(event_study(fit, vcov = ~group)), tidy(event_study(clustered)))
})

test_that("an outcome without variation in the window has no tests, which is said", {
  data <- event_panel(1)
  # It varies where the window does not look.
  e <- data$year - data$first
  data$late <- ifelse(!is.na(e) & e > 2, data$y, 0)
  expect_warning(event_study(late ~ status | id + year, data, window = c(-2, 2), bin = FALSE), class = "pilotdid_warning_no_variance")
  # Comparisons of two periods without variation: the others are tested.
  data$early <- ifelse(data$year <= min(data$year) + 1, 0, data$y)
  for (estimator in c("cs", "efficient")) {
    fit <- suppressWarnings(pilot_did(early ~ status | id + year, data, estimator = estimator))
    expect_warning(event <- event_study(fit), "At event time", class = "pilotdid_warning_no_variance")
    flat <- tidy(event)$std.error %in% 0
    expect_true(any(flat) && is.finite(glance(event)$pretrend.p.value))
  }
})

test_that("Conley of a fit by unit: alone in space, its own clusters", {
  data <- event_panel(1)
  data$latitude <- data$id / 10
  data$longitude <- 100
  fit <- suppressWarnings(pilot_did(y ~ status | id + year, data, estimator = "cs"))
  # Places 11 km apart and a cut-off below: contributions of units, not of pairs.
  expect_equal(vcov(fit, vcov = conley_vcov(5)), crossprod(influence(fit)), tolerance = 1e-12)
  psi <- influence(fit)
  near <- abs(outer(sort(unique(data$id)), sort(unique(data$id)), `-`)) <= 1
  expect_equal(
    unname(suppressWarnings(vcov(fit, vcov = conley_vcov(15)))),
    unname(suppressWarnings(nearest_psd(t(psi) %*% near %*% psi))), tolerance = 1e-10
  )
})

test_that("figures draw", {
  event <- fit_event(1)
  # png(), because the default encoding of pdf() has no sign for "at most".
  grDevices::png(tempfile(fileext = ".png"))
  on.exit(grDevices::dev.off())
  table <- plot(event, CS = event, intervals = "both")
  expect_equal(levels(table$fit), c("two-way fixed effects", "CS"))
  expect_silent(plot(event, style = "ribbon", intervals = "simultaneous"))
  skip_if_not_installed("ggplot2")
  expect_s3_class(ggplot2::autoplot(event, intervals = "both", style = "ribbon"), "ggplot")
})
