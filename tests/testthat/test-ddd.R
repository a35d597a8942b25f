triple_panel <- function(seed = 1) {
  withr::local_seed(seed)
  panel <- simulate_pilot(units = 40, periods = 6, cohorts = c(`3` = .25, `5` = .25), seed = seed)
  shock <- stats::rnorm(nrow(panel))
  yes <- transform(panel, sector = "digital", y = y + shock, e = 1)
  no <- transform(panel, sector = "other", y = y - true_effect + shock + stats::rnorm(nrow(panel)), e = 0)
  rbind(yes, no)
}

test_that("with two rows a unit and period it is the regression of the gap", {
  data <- triple_panel()
  fit <- ddd(y ~ status | unit + time, data, eligible = "e")
  wide <- merge(
    data[data$e == 1, c("unit", "time", "status", "y")], data[data$e == 0, c("unit", "time", "y")],
    by = c("unit", "time")
  )
  wide$gap <- wide$y.x - wide$y.y
  gap <- pilot_did(gap ~ status | unit + time, wide)
  expect_equal(unname(coef(fit)), unname(coef(gap)), tolerance = 1e-10)
  # Cluster sums are the same; factors differ by the counts of rows and parameters.
  plain <- function(f) unname(vcov(f, ssc = "none"))
  expect_equal(plain(fit), plain(gap), tolerance = 1e-9)
  expect_identical(names(coef(fit)), "status:e")
  expect_identical(fit$covariance$label, "clustered by unit")
})

test_that("it equals the regression on dummies, with controls and finer groups", {
  data <- triple_panel(2)
  data$x <- stats::rnorm(nrow(data))
  data <- rbind(data, transform(data[data$e == 0, ], sector = "mining", y = y + 1 + x))
  fit <- ddd(y ~ status + x | unit + time, data, eligible = ~e, group = ~sector)
  ref <- stats::lm(
    y ~ I(
      status * e
    ) + x + factor(unit):factor(sector) + factor(unit):factor(time) + factor(sector):factor(time),
    data
  )
  expect_equal(unname(coef(fit)), unname(coef(ref)[2:3]), tolerance = 1e-8)
})

test_that("a shock to the whole unit does not matter", {
  data <- triple_panel(3)
  shock <- data$status * 5 + sin(data$unit * data$time)
  a <- ddd(y ~ status | unit + time, data, eligible = "e")
  b <- ddd(y ~ status | unit + time, transform(data, y = y + shock), eligible = "e")
  expect_equal(coef(a), coef(b), tolerance = 1e-9)
  expect_equal(vcov(a), vcov(b), tolerance = 1e-9)
})

test_that("eligibility that says nothing is refused", {
  data <- triple_panel()
  expect_error(
    ddd(y ~ status | unit + time, transform(data, e = 2), eligible = "e"),
    class = "pilotdid_error_eligible"
  )
  expect_error(
    ddd(y ~ status | unit + time, transform(data, e = 1), eligible = "e"),
    class = "pilotdid_error_eligible"
  )
  expect_error(
    ddd(y ~ status | unit + time, data, eligible = "e", group = "unit"),
    class = "pilotdid_error_eligible"
  )
  expect_error(ddd(y ~ status | unit, data, eligible = "e"), class = "pilotdid_error_formula")
})

test_that("with another estimator it is that estimator on the gap between the group means", {
  data <- triple_panel(4)
  # Two rows on the eligible side: their mean counts. One outcome is missing: the cell has one row left.
  data <- rbind(data, transform(data[data$e == 1, ], sector = "mining", y = y + cos(unit * time)))
  data$y[3] <- NA
  means <- tapply(data$y, list(data$unit, data$time, data$e), mean, na.rm = TRUE)
  wide <- unique(data[c("unit", "time", "status")])
  at <- cbind(as.character(wide$unit), as.character(wide$time))
  wide$gap <- means[cbind(at, "1")] - means[cbind(at, "0")]
  for (estimator in c("cs", "bjs")) {
    ours <- ddd(y ~ status | unit + time, data, eligible = "e", estimator = estimator)
    theirs <- pilot_did(gap ~ status | unit + time, wide, estimator = estimator)
    # Sums in another order.
    expect_equal(tidy(ours)$estimate, tidy(theirs)$estimate, tolerance = 1e-10)
    expect_equal(tidy(ours)$std.error, tidy(theirs)$std.error, tolerance = 1e-10)
  }
  data$x <- data$unit * data$time
  expect_error(ddd(y ~ status + x | unit + time, data, eligible = "e", estimator = "cs"), class = "pilotdid_error_formula")
})
