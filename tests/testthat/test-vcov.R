fixture <- readRDS(test_path("fixtures", "inference.rds"))

complete_panel <- function(seed) {
  data <- random_panel(seed)
  data <- data[stats::complete.cases(data), ]
  data[ave(data$y, data$id, FUN = length) > 1 & ave(data$y, data$year, FUN = length) > 1, ]
}

quiet_fit <- function(..., data) suppressWarnings(pilot_did(..., data = data))

fit_fixture <- function(f) {
  data <- complete_panel(f$seed)
  if (f$weighted) quiet_fit(y ~ d + x1 + x2 | id + year, data = data, weights = data$w)
  else quiet_fit(y ~ d + x1 + x2 | id + year, data = data)
}

# Two exact computations that differ by rounding: lm() on all dummies against our elimination.
exact <- 1e-9

test_that("HC0 to HC3 and leverages equal sandwich on the regression with all dummies", {
  for (f in fixture) {
    fit <- fit_fixture(f)
    for (type in names(f$hc)) expect_equal(vcov(fit, vcov = type), f$hc[[type]], tolerance = exact, info = type)
    expect_equal(hatvalues(fit), f$hat, tolerance = exact)
    # The hat matrix is a projection: its trace is the number of parameters.
    expect_equal(sum(hatvalues(fit)), fit$rank + fit$absorbed, tolerance = exact)
  }
})

test_that("Newey-West, Driscoll-Kraay and multi-way clusters equal fixest", {
  for (f in fixture) {
    fit <- fit_fixture(f)
    se <- function(v) suppressWarnings(tidy(fit, vcov = v)$std.error)
    # fixest iterates to 1e-11 on the effects.
    expect_equal(se(newey_west_vcov(2)), f$nw, tolerance = 1e-8)
    expect_equal(se("NW"), f$nw_default, tolerance = 1e-8)
    expect_equal(se(NW(2) ~ id + year), f$nw, tolerance = 1e-8)
    expect_equal(se(driscoll_kraay_vcov(2)), f$dk, tolerance = 1e-8)
    expect_equal(se(DK() ~ year), f$dk_default, tolerance = 1e-8)
    expect_equal(se(~ id + year), f$two_way, tolerance = 1e-8)
    expect_equal(se(~ id + year + firm), f$three_way, tolerance = 1e-8)
    expect_equal(df.residual(summary(fit, vcov = "DK")), f$df)
  }
})

with_places <- function(seed) {
  data <- complete_panel(seed)
  withr::local_seed(seed)
  at <- data.frame(lat = runif(60, 20, 45), lon = runif(60, 80, 125))
  at[2, ] <- at[1, ]          # two units in one place
  at[3:4, "lat"] <- c(89.9, 89.8)
  at[3:4, "lon"] <- c(10, -170)  # neighbors across the pole
  at[5:6, "lat"] <- 10
  at[5:6, "lon"] <- c(179.9, -179.9)  # and across the date line
  data$latitude <- at$lat[data$id]
  data$longitude <- at$lon[data$id]
  data
}

test_that("Conley equals the sum over all pairs", {
  for (seed in c(3, 5, 8)) {
    data <- with_places(seed)
    fit <- quiet_fit(y ~ d + x1 | id + year, data = data)
    slow <- reference_regression(data$y, cbind(data$d, data$x1), data$id, data$year)
    for (kernel in c("uniform", "bartlett")) for (lag in c(0, 2)) for (cutoff in c(1, 400, 3000, 30000)) {
      meat <- reference_conley(slow$scores, data$latitude, data$longitude, data$id, data$year, cutoff, kernel, lag)
      n <- nrow(data)
      wanted <- (slow$inverse %*% meat %*% slow$inverse)[1:2, 1:2] * n / (n - ncol(slow$x))
      if (min(eigen(wanted)$values) <= 0) next
      got <- vcov(fit, vcov = conley_vcov(cutoff, kernel = kernel, lag = lag))
      # The sums are differences of large terms once everything is a neighbor of everything.
      expect_equal(unname(got), unname(wanted), tolerance = 1e-8, info = paste(seed, kernel, lag, cutoff))
    }
  }
})

test_that("Conley in the plane, in formulas, and with projected coordinates agree", {
  data <- with_places(3)
  fit <- quiet_fit(y ~ d + x1 | id + year, data = data)
  expect_equal(vcov(fit, vcov = conley(300) ~ latitude + longitude), vcov(fit, vcov = conley_vcov(300)))
  data$px <- data$id %% 5
  data$py <- data$id %/% 5
  plane <- quiet_fit(y ~ d + x1 | id + year, data = data)
  slow <- reference_regression(data$y, cbind(data$d, data$x1), data$id, data$year)
  near <- sqrt(outer(data$px, data$px, "-")^2 + outer(data$py, data$py, "-")^2) <= 1.5
  meat <- crossprod(slow$scores, (near & outer(data$year, data$year, "==")) %*% slow$scores)
  wanted <- (slow$inverse %*% meat %*% slow$inverse)[1:2, 1:2] * nrow(data) / (nrow(data) - ncol(slow$x))
  spec <- conley_vcov(1.5, latitude = "py", longitude = "px", distance = "euclidean")
  expect_equal(unname(vcov(plane, vcov = spec)), unname(wanted), tolerance = exact)
})

test_that("bad requests name their cause", {
  data <- with_places(3)
  fit <- quiet_fit(y ~ d | id + year, data = data[setdiff(names(data), c("latitude", "longitude"))])
  expect_error(tidy(fit, vcov = conley_vcov(100)), class = "pilotdid_error_coordinates")
  expect_error(tidy(fit, vcov = "conley"), class = "pilotdid_error_argument")
  data$latitude[4] <- NA
  fit <- quiet_fit(y ~ d | id + year, data = data)
  expect_error(tidy(fit, vcov = conley_vcov(100)), "row 4", class = "pilotdid_error_coordinates")
  data$latitude[4] <- 120
  fit <- quiet_fit(y ~ d | id + year, data = data)
  expect_error(tidy(fit, vcov = conley_vcov(100)), class = "pilotdid_error_coordinates")
  expect_error(tidy(fit, vcov = NW(2) ~ firm + year), class = "pilotdid_error_vcov")
  expect_error(tidy(fit, vcov = mystery(2) ~ year), class = "pilotdid_error_vcov")
  expect_error(tidy(fit, vcov = diag(3)), class = "pilotdid_error_vcov")
  expect_error(tidy(fit, vcov = matrix(NA_real_)), class = "pilotdid_error_vcov")
  expect_error(tidy(fit, vcov = matrix(-1)), class = "pilotdid_error_vcov")
  two <- quiet_fit(y ~ d + x1 | id + year, data = data)
  expect_error(tidy(two, vcov = matrix(c(1, 2, 3, 4), 2)), class = "pilotdid_error_vcov")
  data$one <- 1
  fit <- quiet_fit(y ~ d | id + year, data = data)
  expect_error(tidy(fit, vcov = ~one), class = "pilotdid_error_one_cluster")
})

test_that("estfun and bread reproduce our covariances", {
  data <- complete_panel(8)
  fit <- quiet_fit(y ~ d + x1 | id + year, data = data, vcov = "HC0")
  scores <- estfun.pilot_fit(fit)
  bread <- bread.pilot_fit(fit) / nobs(fit)
  expect_equal(bread %*% crossprod(scores) %*% bread, vcov(fit), tolerance = exact)
  clustered <- rowsum(scores, data$id)
  expect_equal(bread %*% crossprod(clustered) %*% bread, vcov(fit, vcov = ~id, ssc = "none"), tolerance = exact)
})

test_that("covariances do not depend on row order or threads, and scale with the outcome", {
  data <- with_places(6)
  specs <- list("HC3", "NW", "DK", conley_vcov(500, kernel = "bartlett", lag = 1))
  fit <- quiet_fit(y ~ d + x1 | id + year, data = data)
  shuffled <- quiet_fit(y ~ d + x1 | id + year, data = data[sample(nrow(data)), ])
  data$y <- 1000 * data$y
  scaled <- quiet_fit(y ~ d + x1 | id + year, data = data)
  before <- pilot_threads(1)
  on.exit(pilot_threads(before))
  for (spec in specs) {
    pilot_threads(1)
    one <- vcov(fit, vcov = spec)
    pilot_threads(2)
    expect_identical(vcov(fit, vcov = spec), one)
    expect_equal(vcov(shuffled, vcov = spec), one, tolerance = exact)
    expect_equal(vcov(scaled, vcov = spec), 1e6 * one, tolerance = exact)
  }
})

test_that("clusters named after the fit are read from the rows used, and must be known there", {
  panel <- simulate_pilot(units = 30, seed = 5)
  panel$region <- as.integer(panel$unit) %% 7L
  panel$y[c(3, 50)] <- NA
  suppressMessages(fit <- pilot_did(y ~ status | unit + time, panel))
  whole <- pilot_did(y ~ status | unit + time, panel[!is.na(panel$y), ])
  expect_equal(vcov(fit, vcov = ~region), vcov(whole, vcov = ~region), tolerance = 1e-12)
  lean <- suppressMessages(pilot_did(y ~ status | unit + time, panel, lean = TRUE))
  expect_error(vcov(lean, vcov = ~region), class = "pilotdid_error_lean")
  panel$region[7] <- NA
  suppressMessages(fit <- pilot_did(y ~ status | unit + time, panel))
  expect_error(vcov(fit, vcov = ~region), class = "pilotdid_error_cluster")
})
