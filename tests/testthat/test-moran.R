stored <- readRDS(test_path("fixtures", "spatial.rds"))$columbus
columbus_weights <- function() {
  w <- stored$w
  dimnames(w) <- list(stored$data$id, stored$data$id)
  spatial_weights(w)
}

test_that("Moran's I and Geary's C are those of spdep", {
  w <- columbus_weights()
  row <- tidy(moran_test(stored$data$CRIME, w))
  # Sums of 49 terms: both programs are right to about 1e-14.
  expect_equal(unlist(row[c("estimate", "expected", "variance", "statistic", "p.value")], use.names = FALSE), stored$moran, tolerance = 1e-12)
  row <- tidy(moran_test(stored$data$CRIME, w, "geary"))
  expect_equal(unlist(row[c("estimate", "expected", "variance", "statistic", "p.value")], use.names = FALSE), stored$geary, tolerance = 1e-12)
})

test_that("local Moran is that of spdep, and its mean is the global one", {
  w <- columbus_weights()
  local <- tidy(local_moran(stored$data$CRIME, W = w, draws = 0))
  expect_equal(unname(as.matrix(local[c("estimate", "expected", "variance", "statistic")])), stored$local, tolerance = 1e-12)
  expect_equal(mean(local$estimate), stored$moran[1], tolerance = 1e-12)
})

test_that("periods are tested in one call, absent units left out", {
  m <- toy_weights(20, 1)
  d <- toy_spatial_panel(m, 4, 1)
  d$y[d$unit == 3 & d$time == 2] <- NA
  test <- tidy(moran_test(y ~ 1 | unit + time, d, m))
  expect_equal(test$period, 1:4)
  expect_equal(test$nobs, c(20, 19, 20, 20))
  for (t in c(1, 3, 4)) expect_equal(unlist(test[t, c("estimate", "expected", "variance")]), dense_moran(d$y[d$time == t], m), tolerance = 1e-12)
  left <- m[-3, -3]
  expect_equal(unlist(test[2, c("estimate", "expected", "variance")]), dense_moran(d$y[d$time == 2 & d$unit != 3], left / rowSums(left)), tolerance = 1e-12)
  # Rows in any order, data frame or formula.
  withr::local_seed(1)
  shuffled <- d[sample(nrow(d)), ]
  expect_equal(tidy(moran_test(shuffled, "y", m, "unit", "time")), test)
})

test_that("permutations: reproducible, the same on any number of threads, close to the normal p-value", {
  m <- toy_weights(60, 2)
  d <- toy_spatial_panel(m, 3, 2)
  before <- pilot_threads(1)
  withr::defer(pilot_threads(before))
  one <- moran_test(y ~ 1 | unit + time, d, m, draws = 499, seed = 7)
  pilot_threads(2)
  two <- moran_test(y ~ 1 | unit + time, d, m, draws = 499, seed = 7)
  expect_identical(one$table, two$table)
  withr::local_seed(3)
  a <- moran_test(y ~ 1 | unit + time, d, m, draws = 99)
  withr::local_seed(3)
  expect_identical(a$table, moran_test(y ~ 1 | unit + time, d, m, draws = 99)$table)
  # Three standard errors of a share from 499 draws, and the skewness of I in 60 units.
  p <- one$table$p.value
  expect_true(all(abs(one$table$p.permutation - p) < 3 * sqrt(p * (1 - p) / 499) + 0.02))
})

test_that("the alternative has the right direction for both statistics", {
  ring <- matrix(0, 20, 20)
  ring[cbind(1:20, c(2:20, 1))] <- ring[cbind(c(2:20, 1), 1:20)] <- 0.5
  smooth <- sin(2 * pi * (1:20) / 20)
  alternating <- rep(c(1, -1), 10) + smooth / 100
  p <- function(x, ...) tidy(moran_test(x, ring, ...))$p.value
  expect_lt(p(smooth), 0.001)
  expect_lt(p(smooth, "geary"), 0.001)
  expect_lt(p(alternating, alternative = "less"), 0.001)
  expect_lt(p(alternating, "geary", alternative = "less"), 0.001)
  expect_equal(p(smooth, alternative = "two.sided"), 2 * p(smooth))
  expect_equal(p(smooth, alternative = "less"), 1 - p(smooth))
})

test_that("conditional permutations of the local statistic agree with its analytic moments", {
  m <- toy_weights(60, 4)
  x <- toy_spatial_panel(m, 2, 4)$y[1:60]
  local <- tidy(local_moran(x, W = m, draws = 4999, seed = 1))
  # Normal approximation with about four neighbors: within 0.06 on average over 60 units.
  expect_lt(mean(abs(local$p.permutation - local$p.value)), 0.06)
  again <- tidy(local_moran(x, W = m, draws = 4999, seed = 1))
  expect_identical(local, again)
})

test_that("clusters have the right names", {
  line <- matrix(0, 12, 12)
  line[cbind(1:11, 2:12)] <- line[cbind(2:12, 1:11)] <- 1
  x <- c(5, 5, 5, 5, -1, 0, 1, 0, -5, -5, -5, -5)
  local <- local_moran(x, W = line / rowSums(line), draws = 999, seed = 1, level = 0.3)
  table <- tidy(local)
  expect_equal(table$quadrant[c(2, 11)], c("high-high", "low-low"))
  expect_output(print(local), "high-high")
  expect_equal(sum(unlist(glance(local)[2:5])) + sum(table$cluster == "not significant"), 12)
})

test_that("what cannot be tested is refused", {
  m <- toy_weights(10, 1)
  d <- toy_spatial_panel(m, 3, 1)
  d$flat <- d$time
  expect_error(moran_test(flat ~ 1 | unit + time, d, m), class = "pilotdid_error_constant")
  expect_error(moran_test(y ~ 1 | unit, d, m), class = "pilotdid_error_duplicates")
  expect_error(moran_test(1:9 + 0, m), class = "pilotdid_error_weights_size")
  expect_error(moran_test(y ~ 1 | unit + time, d, toy_weights(8, 1)), class = "pilotdid_error_alignment")
  expect_error(local_moran(y ~ 1 | unit + time, d, m), class = "pilotdid_error_argument")
  expect_error(moran_test("y", m), class = "pilotdid_error_argument")
})

test_that("residuals of a fit are tested by period", {
  m <- toy_weights(25, 1)
  d <- toy_spatial_panel(m, 5, 1)
  fit <- pilot_did(y ~ d + x | unit + time, d)
  test <- tidy(moran_test(fit, m))
  e <- residuals(fit)
  expect_equal(test$estimate[2], dense_moran(e[d$time == 2], m)[["estimate"]], tolerance = 1e-10)
})

test_that("plots draw", {
  withr::local_pdf(NULL)
  test <- moran_test(resilience ~ 1 | code + year, pilot_cities, spatial_weights(pilot_cities, "code", ~ longitude + latitude, k = 5))
  expect_invisible(plot(test))
  expect_invisible(plot(test, periods = 2015))
  expect_error(plot(test, periods = 1900), class = "pilotdid_error_argument")
  local <- local_moran(resilience ~ 1 | code + year, pilot_cities, test$weights, period = 2020, draws = 99, seed = 1)
  expect_invisible(plot(local))
  skip_if_not_installed("ggplot2")
  expect_s3_class(ggplot2::ggplot_build(ggplot2::autoplot(test)), "ggplot_built")
  expect_s3_class(ggplot2::ggplot_build(ggplot2::autoplot(local)), "ggplot_built")
})
