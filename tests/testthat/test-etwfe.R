quiet <- function(expr) suppressMessages(suppressWarnings(expr))

# Least squares on the formula of the paper with explicit dummies; average partial effects by prediction.
slow_extended <- function(data, family, covariate = FALSE) {
  # Full rank: at this epsilon glm() would take aliased columns for estimable ones.
  data$cell <- stats::model.matrix(~ factor(ifelse(status == 1, paste(g, year), "0")), data)[, -1]
  data$centered <- data$z - stats::ave(data$z, data$g)
  right <- if (covariate) ~ factor(g) * z + factor(year) * z + cell + cell:centered else ~ factor(g) + factor(year) + cell
  fit <- quiet(stats::glm(stats::update(right, outcome ~ .), family, data, control = list(epsilon = 1e-14, maxit = 100)))
  off <- data
  off$cell[] <- 0
  quiet(mean((stats::predict(fit, type = "response") - stats::predict(fit, off, type = "response"))[data$status == 1]))
}

test_that("linear, logit and Poisson are the average partial effects of the explicit regressions", {
  data <- staggered_panel(6)
  level <- exp(pmin((data$y - mean(data$y)) / 3, 2))
  cases <- list(linear = list(data$y, stats::gaussian()), logit = list(as.integer(data$y > stats::median(data$y)), stats::binomial()), poisson = list(round(level), stats::quasipoisson()))
  for (family in names(cases)) for (covariate in c(FALSE, TRUE)) {
    data$outcome <- cases[[family]][[1]]
    fit <- quiet(pilot_did(if (covariate) outcome ~ z | id + year else outcome ~ 1 | id + year, data,
      estimator = "etwfe", cohort = "g", control_group = "notyet", family = family
    ))
    # glm() at 1e-14 of the deviance: about seven digits of its coefficients.
    expect_equal(coef(fit)[["ATT"]], slow_extended(data, cases[[family]][[2]], covariate), tolerance = 1e-6, info = paste(family, covariate))
  }
})

test_that("the delta method is the derivative of the estimating equations: clusters repeated halve the variance", {
  data <- staggered_panel(6)
  data$count <- round(exp(pmin((data$y - mean(data$y)) / 3, 2)))
  run <- function(data) quiet(pilot_did(count ~ z | id + year, data, estimator = "etwfe", cohort = "g", control_group = "notyet", family = "poisson", ssc = "none"))
  fit <- run(data)
  twice <- run(rbind(data, transform(data, id = id + 1000)))
  expect_equal(coef(twice), coef(fit), tolerance = 1e-8)
  expect_equal(2 * vcov(twice), vcov(fit), tolerance = 1e-6)
})

# The jackknife over units approximates the same sandwich; it differs by terms of order 1/N.
test_that("standard errors of nonlinear effects are near the jackknife", {
  data <- staggered_panel(6)
  data$count <- round(exp(pmin((data$y - mean(data$y)) / 3, 2)))
  run <- function(data) quiet(pilot_did(count ~ 1 | id + year, data, estimator = "etwfe", cohort = "g", control_group = "notyet", family = "poisson", ssc = "none"))
  fit <- run(data)
  ids <- unique(data$id)
  left <- vapply(ids, function(i) coef(run(data[data$id != i, ]))[["ATT"]], 1)
  jackknife <- sqrt(sum((left - mean(left))^2) * (length(ids) - 1) / length(ids))
  expect_equal(sqrt(vcov(fit)["ATT", "ATT"]), jackknife, tolerance = 0.1)
})

test_that("random panels agree with the package etwfe", {
  stored <- staggered_fixture()$extended
  skip_if(is.null(stored))
  for (seed in seq_along(stored)) {
    peer <- stored[[seed]]
    data <- staggered_panel(seed)
    data$count <- peer$count
    formula <- function(outcome) if (seed %% 3) eval(bquote(.(as.name(outcome)) ~ 1 | id + year)) else eval(bquote(.(as.name(outcome)) ~ z | id + year))
    linear <- quiet(pilot_did(formula("y"), data, estimator = "etwfe", cohort = "g", control_group = peer$control))
    expect_equal(coef(linear)[["ATT"]], peer$linear$simple$estimate, tolerance = 1e-5, info = seed)
    poisson <- quiet(pilot_did(formula("count"), data, estimator = "etwfe", cohort = "g", control_group = peer$control, family = "poisson"))
    expect_equal(coef(poisson)[["ATT"]], peer$poisson$simple$estimate, tolerance = 1e-5, info = seed)
    # That package takes numerical derivatives and counts cohort effects as parameters.
    expect_equal(sqrt(vcov(poisson)["ATT", "ATT"]), peer$poisson$simple$std.error, tolerance = 0.01, info = seed)
  }
})

test_that("control group never without covariates is Sun-Abraham", {
  data <- staggered_panel(6, 0.1)
  sa <- quiet(pilot_did(y ~ 1 | id + year, data, estimator = "sa", cohort = "g"))
  etwfe <- quiet(pilot_did(y ~ 1 | id + year, data, estimator = "etwfe", cohort = "g"))
  expect_equal(coef(etwfe), coef(sa), tolerance = 1e-9)
  expect_equal(vcov(etwfe), vcov(sa), tolerance = 1e-8)
})

test_that("outcomes outside the family and separation are named", {
  data <- staggered_panel(6)
  expect_error(quiet(pilot_did(y ~ 1 | id + year, data, estimator = "etwfe", cohort = "g", family = "logit")), class = "pilotdid_error_outcome")
  data$hit <- as.integer(data$status == 1)
  expect_error(quiet(pilot_did(hit ~ 1 | id + year, data, estimator = "etwfe", cohort = "g", family = "logit")), class = "pilotdid_error_not_converged")
})
