test_that("the call without arguments gives a balanced panel with its truth", {
  panel <- simulate_pilot()
  expect_s3_class(panel, "tbl_df")
  expect_named(panel, c("unit", "time", "cohort", "status", "y", "x1", "true_effect"))
  expect_identical(nrow(panel), 600L)
  expect_identical(panel$status, as.integer(!is.na(panel$cohort) & panel$time >= panel$cohort))
  expect_identical(as.vector(table(panel$cohort[panel$time == 1])), c(15L, 15L))
  expect_identical(attr(panel, "truth")$att, 1)
})

test_that("a seed means the same panel in every session and leaves the session alone", {
  old <- RNGkind()
  withr_state <- globalenv()$.Random.seed
  on.exit({
    suppressWarnings(RNGkind(old[1], old[2], old[3]))
    if (!is.null(withr_state)) assign(".Random.seed", withr_state, envir = globalenv())
  })
  full <- list(
    units = 40, covariates = 2, selection = 1, confounding = 1, instrument = 1, mediator = c(.5, .5),
    indicators = 4, spillover = .2, rho = .1, weights = TRUE, missing = .05, unbalanced = .1,
    heterogeneity = .5, group_gap = 1, clusters = 4, cluster_sd = .3, serial = .5, seed = 42
  )
  first <- do.call(simulate_pilot, full)
  # "Rounding" is the sampler of R before 3.6; setting it warns.
  suppressWarnings(RNGkind("Wichmann-Hill", "Box-Muller", "Rounding"))
  set.seed(7)
  before <- globalenv()$.Random.seed
  expect_identical(do.call(simulate_pilot, full), first)
  expect_identical(globalenv()$.Random.seed, before)
  expect_identical(RNGkind(), c("Wichmann-Hill", "Box-Muller", "Rounding"))
  expect_false(identical(simulate_pilot(seed = 43)$y, simulate_pilot(seed = 42)$y))
})

test_that("a session without random numbers so far stays without", {
  state <- globalenv()$.Random.seed
  on.exit(if (!is.null(state)) assign(".Random.seed", state, envir = globalenv()))
  if (!is.null(state)) rm(".Random.seed", envir = globalenv())
  simulate_pilot(seed = 1)
  expect_false(exists(".Random.seed", globalenv(), inherits = FALSE))
})

test_that("without a seed the session's random numbers are used", {
  set.seed(3)
  a <- simulate_pilot()
  b <- simulate_pilot()
  set.seed(3)
  expect_identical(simulate_pilot(), a)
  expect_false(identical(a$y, b$y))
})

# Mean of an estimator over 60 panels, with its Monte Carlo standard error. A
# bound of 4 of these fails for about 1 in 16,000 choices of seeds when the
# simulator is right, and finds a bias of 4 / sqrt(60), half of the estimator's
# own standard deviation.
monte_carlo <- function(estimator, seeds = 1:60) {
  draws <- vapply(seeds, estimator, 0)
  list(mean = mean(draws), error = stats::sd(draws) / sqrt(length(draws)))
}

expect_centered <- function(result, truth, label) {
  expect_lt(abs(result$mean - truth), 4 * result$error, label = label)
}

# Coefficient of the first of `terms`.
two_way <- function(panel, terms, outcome = "y", ...) {
  fit <- reference_two_way(panel, outcome, terms, "unit", "time", ...)
  fit$estimate[1]
}

test_that("two-way regression recovers a constant effect", {
  plain <- function(seed) two_way(simulate_pilot(effect = 2, seed = seed), "status")
  expect_centered(monte_carlo(plain), 2, "plain")
  expect_centered(monte_carlo(function(seed) {
    two_way(simulate_pilot(serial = .7, clusters = 6, cluster_sd = .5, seed = seed), "status")
  }), 1, "serial correlation and cluster shocks")
})

test_that("effects are those asked for, cell by cell", {
  panel <- simulate_pilot(
    cohorts = c(`4` = .3, `8` = .2), effect = c(2, -1), dynamics = function(since) 1 + since, seed = 1
  )
  cells <- attr(panel, "truth")$cells
  expect_equal(cells$att, ifelse(cells$cohort == 4, 2, -1) * (1 + cells$event_time), tolerance = 1e-12)
  treated <- panel[panel$status == 1, ]
  expect_equal(mean(treated$true_effect), attr(panel, "truth")$att, tolerance = 1e-12)
  by_event <- tapply(treated$true_effect, treated$time - treated$cohort, mean)
  expect_equal(as.vector(by_event), attr(panel, "truth")$events$att, tolerance = 1e-12)
  by_cohort <- tapply(treated$true_effect, treated$cohort, mean)
  expect_equal(as.vector(by_cohort), attr(panel, "truth")$cohorts$att, tolerance = 1e-12)
  # The last multiplier is carried forward.
  short <- attr(simulate_pilot(dynamics = c(.5, 2), seed = 1), "truth")$events
  expect_equal(short$att, c(.5, rep(2, 5)), tolerance = 1e-12)
})

test_that("heterogeneity has mean zero within cohorts, groups differ by the gap", {
  panel <- simulate_pilot(units = 100, heterogeneity = 2, seed = 1)
  expect_equal(attr(panel, "truth")$cohorts$att, c(1, 1), tolerance = 1e-12)
  expect_gt(stats::sd(panel$true_effect[panel$status == 1]), 1)
  groups <- attr(simulate_pilot(group_gap = 3, seed = 1), "truth")$groups
  expect_equal(groups$att, c(1, 4), tolerance = 1e-12)
})

test_that("selection on observables biases a regression without them and only that", {
  draw <- function(seed) simulate_pilot(units = 100, covariates = 2, selection = 1, seed = seed)
  controlled <- monte_carlo(function(seed) two_way(draw(seed), c("status", "x1", "x2")))
  expect_centered(controlled, 1, "controlled")
  naive <- monte_carlo(function(seed) two_way(draw(seed), "status"))
  expect_gt(naive$mean - 1, 10 * naive$error)
})

test_that("the instrument avoids the confounder that biases least squares", {
  draw <- function(seed) simulate_pilot(units = 150, confounding = 2, instrument = 1.5, seed = seed)
  naive <- monte_carlo(function(seed) two_way(draw(seed), "status"))
  expect_gt(naive$mean - 1, 10 * naive$error)
  expect_centered(monte_carlo(function(seed) {
    panel <- draw(seed)
    two_way(panel, "status", instrument = panel$instrument)
  }), 1, "two-stage least squares")
  oracle <- monte_carlo(function(seed) two_way(draw(seed), c("status", "confounder")))
  expect_centered(oracle, 1, "oracle")
})

test_that("paths through the mediator are those asked for", {
  draw <- function(seed) simulate_pilot(mediator = c(.5, .4), seed = seed)
  expect_equal(
    unname(attr(draw(1), "truth")$mediation), c(.5, .4, .8, .2, 1), tolerance = 1e-12
  )
  expect_centered(monte_carlo(function(seed) two_way(draw(seed), "status", "mediator")), .5, "path a")
  expect_centered(monte_carlo(function(seed) two_way(draw(seed), c("mediator", "status"))), .4, "path b")
  expect_centered(monte_carlo(function(seed) two_way(draw(seed), c("status", "mediator"))), .8, "direct")
})

test_that("spillovers and the spatial lag enter as documented", {
  panel <- simulate_pilot(
    units = 25, covariates = 0, unit_sd = 0, time_sd = 0, noise_sd = 0, spillover = 2, rho = .4, seed = 1
  )
  first <- panel[panel$time == 1, ]
  w <- nearness_matrix(first$longitude, first$latitude)
  expect_equal(rowSums(w), rep(1, 25), tolerance = 1e-12)
  status <- matrix(panel$status, 10)
  expected <- t(solve(diag(25) - .4 * w, t(status + 2 * status %*% t(w))))
  expect_equal(panel$y, as.vector(expected), tolerance = 1e-10)
  spatial <- attr(panel, "truth")$spatial
  # With rows of W that sum to one, (effect + spillover) / (1 - rho).
  expect_equal(spatial[["total"]], 3 / .6, tolerance = 1e-10)
  impact <- solve(diag(25) - .4 * w, diag(25) + 2 * w)
  expect_equal(spatial[["direct"]], mean(diag(impact)), tolerance = 1e-10)
  expect_equal(spatial[["direct"]] + spatial[["indirect"]], spatial[["total"]], tolerance = 1e-12)
})

test_that("an index of the indicators recovers the outcome", {
  panel <- simulate_pilot(indicators = 12, seed = 1)
  indicators <- panel[grep("^indicator_", names(panel))]
  score <- reference_entropy_score(indicators, attr(panel, "truth")$directions)
  expect_gt(cor(score, panel$y), .95)
})

test_that("cells and rows are removed in the shares asked for", {
  panel <- simulate_pilot(covariates = 1, missing = .1, seed = 1)
  expect_identical(sum(is.na(panel$y)), 60L)
  expect_identical(sum(is.na(panel$x1)), 60L)
  expect_false(anyNA(panel$true_effect))
  panel <- simulate_pilot(unbalanced = .25, seed = 1)
  expect_identical(nrow(panel), 450L)
  expect_identical(anyDuplicated(panel[c("unit", "time")]), 0L)
  expect_identical(attr(panel, "truth")$att, 1)
})

test_that("pre-trends have the slope asked for", {
  panel <- simulate_pilot(
    covariates = 0, unit_sd = 0, time_sd = 0, noise_sd = 0, pretrend = .3, effect = 0, seed = 1
  )
  expect_equal(panel$y, .3 * (panel$time - 1) * !is.na(panel$cohort), tolerance = 1e-12)
})

test_that("bad arguments are refused with the cause", {
  bad <- function(...) expect_error(simulate_pilot(...), class = "pilotdid_error_argument")
  bad(units = 2)
  bad(units = 10.5)
  bad(periods = 1)
  bad(cohorts = c(.25, .25))
  bad(cohorts = c(`1` = .25))
  bad(cohorts = c(`11` = .25))
  bad(cohorts = c(`5` = .25, `5` = .25))
  bad(cohorts = c(`5` = .7, `7` = .7))
  bad(cohorts = c(`5` = -.1))
  bad(cohorts = list(`5` = .1))
  bad(units = 10, cohorts = c(`5` = .01))
  bad(effect = 1:3)
  bad(effect = NA_real_)
  bad(dynamics = "fast")
  bad(dynamics = function(since) 1)
  bad(heterogeneity = -1)
  bad(serial = 1)
  bad(rho = -1)
  bad(missing = .6)
  bad(unbalanced = -.1)
  bad(cluster_sd = 1)
  bad(mediator = 1)
  bad(weights = "yes")
  bad(seed = "one")
  expect_error(simulate_pilot(cohorts = c(`1` = .25)), "2 to 10")
  expect_error(simulate_pilot(units = 10, cohorts = c(`5` = .01)), "empty cohort")
})
