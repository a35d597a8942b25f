test_that("every outcome is estimated as if it stood alone", {
  data <- mechanism_panel()
  data$m2[c(5, 80, 200)] <- NA
  fit <- pilot_did(y ~ d + x1 | id + year, data, vcov = ~region)
  many <- mechanism(fit, ~ m + m2 + log(w), draws = 0)
  for (name in c("m", "m2")) {
    alone <- pilot_did(
      stats::as.formula(call("~", as.name(name), quote(d + x1 | id + year))), data, vcov = ~region
    )
    # Same numbers in another order of summation.
    expect_equal(many$fits[[name]]$coefficients, alone$coefficients, tolerance = 1e-12)
    expect_equal(vcov(many$fits[[name]]), vcov(alone), tolerance = 1e-11)
    expect_equal(vcov(many$fits[[name]], vcov = "HC1"), vcov(alone, vcov = "HC1"), tolerance = 1e-11)
    expect_equal(residuals(many$fits[[name]]), residuals(alone), tolerance = 1e-10)
    expect_equal(nobs(many$fits[[name]]), nobs(alone))
  }
  expect_equal(tidy(many)$nobs, nrow(data) - c(0, 3, 0))
  expect_identical(
    names(tidy(many))[1:7],
    c("term", "estimate", "std.error", "statistic", "p.value", "conf.low", "conf.high")
  )
  common <- mechanism(fit, ~ m + m2, sample = "common", draws = 0)
  expect_equal(unique(tidy(common)$nobs), nrow(data) - 3)
})

test_that("collinear and badly scaled controls are handled alike", {
  data <- mechanism_panel()
  data$x3 <- 2 * data$x1
  data$x4 <- 1e8 + data$x2
  expect_warning(
    fit <- pilot_did(y ~ d + x1 + x3 + x4 | id + year, data), class = "pilotdid_warning_collinear"
  )
  many <- suppressWarnings(mechanism(fit, ~ m + m2, draws = 0))
  alone <- suppressWarnings(pilot_did(m ~ d + x1 + x3 + x4 | id + year, data))
  expect_equal(many$fits$m$coefficients, alone$coefficients, tolerance = 1e-10)
  expect_equal(many$fits$m$vcov, alone$vcov, tolerance = 1e-10)
})

test_that("the three steps are the regressions that they name", {
  data <- mechanism_panel()
  fit <- pilot_did(y ~ d + x1 | id + year, data)
  table <- tidy(mechanism(fit, "m", steps = "three"))
  expect_identical(table$step, c("total", "path_a", "path_b", "direct"))
  total <- reference_twfe(data, "y", c("d", "x1"))[["d"]]
  a <- reference_twfe(data, "m", c("d", "x1"))[["d"]]
  both <- reference_twfe(data, "y", c("d", "m", "x1"))
  # lm() on 68 dummies: about ten right digits.
  expect_equal(table$estimate, c(total, a, both[["m"]], both[["d"]]), tolerance = 1e-9)
  expect_equal(total - both[["d"]], a * both[["m"]], tolerance = 1e-9)
})

test_that("Holm and Benjamini-Hochberg are those of p.adjust()", {
  data <- mechanism_panel()
  table <- tidy(mechanism(pilot_did(y ~ d | id + year, data), ~ m + m2 + x1 + x2, draws = 0))
  expect_equal(table$p.holm, p.adjust(table$p.value, "holm"))
  expect_equal(table$p.bh, p.adjust(table$p.value, "BH"))
})

# t^2 of the data and of the draws for each outcome, every draw a regression on all dummies.
slow_statistics <- function(data, fit, names, weights, ways, boot) {
  parameters <- count_parameters(fit, fit$ssc, lapply(fit$vcov_spec$by, cluster_codes, fit = fit))
  lapply(set_names(names), function(name) {
    reference_wild(
      data[[name]], cbind(data$d, data$x1), data$id, data$year, rep(1, nrow(data)), 1L, 0, TRUE, ways,
      boot, weights, parameters
    )
  })
}

test_that("Romano-Wolf equals a plain wild bootstrap with regressions, each draw with its own standard error", {
  data <- mechanism_panel()
  names <- c("m", "m2", "x2")
  fit <- pilot_did(y ~ d + x1 | id + year, data, vcov = ~region)
  draws <- 60
  weights <- wild_weights_of(11, "webb", draws, 7)
  fits <- mechanism(fit, names, draws = 0)$fits
  setting <- list(type = "webb", draws = draws, enumerated = FALSE, seed = 7)
  slow <- slow_statistics(data, fit, names, weights, list(data$region), data$region)
  for (name in names) {
    ours <- term_draws("d", fits[[name]], shared_clusters(fit), setting)
    # Regressions on 70 dummies: ten digits.
    expect_equal(ours$statistic^2, slow[[name]]$observed, tolerance = 1e-10)
    expect_equal(ours$draws^2, slow[[name]]$draws, tolerance = 1e-10)
  }
  table <- tidy(mechanism(fit, names, draws = draws, weights = "webb", seed = 7))
  t <- sqrt(vapply(slow, `[[`, 1, "observed"))
  star <- sqrt(vapply(slow, `[[`, numeric(draws), "draws"))
  expect_equal(table$p.romano.wolf, unname(reference_step_down(t, star)))
})

test_that("Romano-Wolf with rows missing in one outcome, and all signs when there are few clusters", {
  data <- mechanism_panel()
  data$m2[c(5, 80, 200)] <- NA
  data$region <- data$id %% 6
  fit <- pilot_did(y ~ d + x1 | id + year, data, vcov = ~region)
  table <- tidy(mechanism(fit, ~ m + m2, draws = 999))
  found <- lapply(c("m", "m2"), function(name) {
    seen <- data[!is.na(data[[name]]), ]
    one <- pilot_did(y ~ d + x1 | id + year, seen, vcov = ~region)
    slow_statistics(seen, one, name, all_signs(6), list(seen$region), seen$region)[[1L]]
  })
  t <- vapply(found, `[[`, 1, "observed")
  star <- vapply(found, `[[`, numeric(64), "draws")
  order <- order(t, decreasing = TRUE)
  p <- numeric(2)
  # Ties of the draws with equal signs count.
  p[order[1L]] <- mean(pmax(star[, 1L], star[, 2L]) >= max(t) * (1 - 1e-8))
  p[order[2L]] <- max(p[order[1L]], mean(star[, order[2L]] >= min(t) * (1 - 1e-8)))
  expect_equal(table$p.romano.wolf, p)
})

test_that("an outcome that the effects explain has no test and does not disturb the others", {
  data <- mechanism_panel()
  data$fixed <- data$id * 1.5
  fit <- pilot_did(y ~ d | id + year, data)
  expect_warning(
    table <- tidy(mechanism(fit, ~ m + fixed, draws = 99, seed = 2)),
    class = "pilotdid_warning_no_variance"
  )
  expect_equal(table$estimate[2L], 0)
  expect_true(is.na(table$p.romano.wolf[2L]))
  expect_equal(table$p.romano.wolf[1L], tidy(mechanism(fit, ~m, draws = 99, seed = 2))$p.romano.wolf)
})

test_that("estimators known by their influence: studentized as sums, by hand", {
  psi <- cbind(c(1, -2, 0.5, 3, -1), c(0.1, 0.4, -0.3, 0.2, 0))
  for (type in c("rademacher", "webb", "mammen")) {
    v <- wild_weights_of(5, type, 40, 3)
    star <- cpp_wild_statistics(psi, wild_codes[[type]], 40L, 3, FALSE)
    by_hand <- t(apply(v, 2L, function(w) apply(w * psi, 2L, function(z) sum(z) / (sqrt(5) * sd(z)))))
    expect_equal(star, by_hand, tolerance = 1e-12)
  }
  data <- mechanism_panel()
  fit <- pilot_did(y ~ d | id + year, data, estimator = "bjs")
  many <- mechanism(fit, ~ m + m2, draws = 199, seed = 1)
  psi <- vapply(many$fits, function(f) influence(f)[, 1L], numeric(60))
  star <- cpp_wild_statistics(psi, 0L, 199L, 1, FALSE)
  expect_equal(tidy(many)$p.romano.wolf, reference_step_down(abs(tidy(many)$statistic), abs(star)))
})

test_that("an estimator without contributions has its table and no Romano-Wolf", {
  panel <- simulate_pilot(units = 40, periods = 6, cohorts = c(`4` = .25), mediator = c(0.5, 0.8), seed = 1)
  fit <- pilot_did(y ~ status | unit + time, panel, estimator = "sdid", variance = "jackknife")
  expect_warning(many <- mechanism(fit, "mediator"), class = "pilotdid_warning_romano_wolf")
  alone <- tidy(pilot_did(mediator ~ status | unit + time, panel, estimator = "sdid", variance = "jackknife"))
  expect_equal(tidy(many)$estimate, alone$estimate[1L])
  expect_equal(tidy(many)$p.holm, alone$p.value[1L])
  expect_identical(glance(many)$draws, 0)
})

test_that("wild weights have mean zero and variance one", {
  for (type in names(wild_codes)) {
    w <- wild_weights_of(100, type, 1000, 3)
    # 1e5 draws: standard errors .003 of the mean, below .01 of the variance.
    expect_lt(abs(mean(w)), 0.015)
    expect_lt(abs(mean(w^2) - 1), 0.02)
    if (type == "mammen") expect_lt(abs(mean(w^3) - 1), 0.05)
  }
})

test_that("with no effect on any outcome Romano-Wolf rejects one of them in 5 % of the panels", {
  any <- vapply(1:200, function(seed) {
    withr::local_seed(seed)
    data <- expand.grid(year = 1:5, id = 1:24)
    data$d <- as.integer(data$id %% 2 == 1 & data$year >= 3)
    common <- rnorm(nrow(data)) + rnorm(24)[data$id] * data$year
    for (name in c("y", "a", "b", "c")) data[[name]] <- common + rnorm(nrow(data))
    min(tidy(mechanism(pilot_did(y ~ d | id + year, data), ~ a + b + c, draws = 199, seed = seed))$p.romano.wolf) <= 0.05
  }, TRUE)
  # Binomial(200, .05): one in a thousand exceeds 21.
  expect_lte(sum(any), 21)
  expect_gte(sum(any), 1)
})

test_that("the mediator's truth lies in 95 % of the intervals", {
  hits <- vapply(1:150, function(seed) {
    panel <- simulate_pilot(
      units = 40, periods = 6, cohorts = c(`3` = .25, `5` = .25), mediator = c(0.5, 0.8),
      seed = seed
    )
    table <- tidy(mechanism(pilot_did(y ~ status | unit + time, panel), "mediator", draws = 0))
    table$conf.low <= 0.5 && 0.5 <= table$conf.high
  }, TRUE)
  # Binomial(150, .95): one in a thousand falls below 133.
  expect_gte(sum(hits), 133)
})

test_that("mediators that repeat the outcome, the treatment or a control are refused", {
  data <- mechanism_panel()
  data$copy <- data$y
  data$policy <- data$d + 0
  data$城市 <- "a"
  fit <- pilot_did(y ~ d + x1 | id + year, data)
  for (bad in c("y", "copy", "policy", "x1")) expect_error(
    mechanism(fit, bad), class = "pilotdid_error_mediator"
  )
  expect_error(mechanism(fit, "城市"), class = "pilotdid_error_not_numeric")
  expect_error(mechanism(fit, "talent"), class = "pilotdid_error_unknown_column")
  expect_error(mechanism(fit, ~ log(x2 - x2)), class = "pilotdid_error_infinite")
  expect_error(mechanism(lm(y ~ d, data), "m"), class = "pilotdid_error_argument")
  lean <- pilot_did(y ~ d + x1 | id + year, data, lean = TRUE)
  expect_error(mechanism(lean, "m"), class = "pilotdid_error_lean")
})

test_that("results do not depend on threads, row order or the session's random numbers", {
  data <- mechanism_panel()
  run <- function(data) {
    m <- mechanism(pilot_did(y ~ d + x1 | id + year, data), ~ m + m2, draws = 99, seed = 3)
    tidy(m)
  }
  before <- pilot_threads(1)
  one <- run(data)
  pilot_threads(2)
  two <- run(data)
  pilot_threads(before)
  expect_identical(one, two)
  expect_equal(run(data[rev(seq_len(nrow(data))), ]), one, tolerance = 1e-10)
  set.seed(5)
  a <- tidy(mechanism(pilot_did(y ~ d | id + year, data), ~m, draws = 99))
  set.seed(5)
  expect_identical(tidy(mechanism(pilot_did(y ~ d | id + year, data), ~m, draws = 99)), a)
})

test_that("Chinese names with spaces and tibbles work", {
  data <- tibble::as_tibble(mechanism_panel())
  data[["人才 占比"]] <- data$m
  fit <- pilot_did(y ~ d | id + year, data)
  expect_equal(
    tidy(mechanism(fit, "人才 占比", draws = 0))$estimate, tidy(mechanism(fit, "m", draws = 0))$estimate
  )
  expect_output(print(mechanism(fit, "人才 占比", draws = 9, seed = 1)), "人才 占比", fixed = TRUE)
})
