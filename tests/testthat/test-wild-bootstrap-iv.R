# The bootstrap as its definition says it, by refits on made data.
slow_wre <- function(data, weights, null) {
  u <- residuals(lm(I(y - null * d1) ~ x1 + factor(id) + factor(year), data))
  first <- lm(d1 ~ z1 + z2 + x1 + u + factor(id) + factor(year), cbind(data, u = u))
  fitted <- as.matrix(data[c("z1", "z2")]) %*% coef(first)[c("z1", "z2")]
  base <- residuals(lm(d1 ~ x1 + factor(id) + factor(year), data))
  v <- base - residuals(lm(fitted ~ x1 + factor(id) + factor(year), data))
  apply(weights, 2, function(w) {
    w <- w[data$region]
    made <- data
    made$d1 <- as.vector(fitted) + w * v
    made$y <- null * made$d1 + w * u
    fit <- pilot_did(y ~ x1 | id + year | d1 ~ z1 + z2, made, vcov = ~region)
    (coef(fit)[["d1"]] - null) / sqrt(vcov(fit)["d1", "d1"])
  })
}

test_that("the restricted efficient bootstrap equals refits under all sign patterns", {
  data <- random_iv_panel(16)
  data$region <- data$id %% 6 + 1
  fit <- pilot_did(y ~ x1 | id + year | d1 ~ z1 + z2, data, vcov = ~region)
  found <- wild_bootstrap(fit, draws = 64, null = 0.3)
  expect_true(found$enumerated)
  signs <- vapply(0:63, function(draw) 1 - 2 * bitwAnd(bitwShiftR(draw, 0:5), 1L), numeric(6))
  # Two computations of one number; sums of some hundred products.
  expect_equal(found$draw_statistics, slow_wre(data, signs, 0.3), tolerance = 1e-8)
  expect_equal(found$statistic, (coef(fit)[["d1"]] - 0.3) / sqrt(vcov(fit)["d1", "d1"]), tolerance = 1e-12)
  expect_equal(found$p.value, mean(abs(found$draw_statistics) >= abs(found$statistic) * (1 - 1e-9)))
})

test_that("weights that change within units give the same where both apply", {
  data <- random_iv_panel(17)
  fit <- pilot_did(y ~ x1 | id + year | d1 ~ z1 + z2, data, vcov = ~year)
  # The weights are those of the clusters of the variance: periods, which cross the units.
  found <- wild_bootstrap(fit, draws = 199, seed = 1, conf.level = NULL)
  expect_true(all(is.finite(found$draw_statistics)))
  by_unit <- wild_bootstrap(fit, draws = 199, weights_by = ~id, seed = 1, conf.level = NULL)
  expect_false(identical(found$draw_statistics, by_unit$draw_statistics))
})

test_that("the set holds exactly what is not rejected, and seeds do not depend on threads", {
  data <- random_iv_panel(18)
  fit <- pilot_did(y ~ x1 | id + year | d1 ~ z1 + z2, data)
  found <- wild_bootstrap(fit, draws = 399, seed = 3)
  ends <- unlist(tidy(found)[c("conf.low", "conf.high")])
  p <- function(null) wild_bootstrap(fit, draws = 399, seed = 3, null = null, conf.level = NULL)$p.value
  step <- 1e-6 * diff(ends)
  expect_gt(p(ends[[1]] + step), 0.05)
  expect_lte(p(ends[[1]] - step), 0.05)
  expect_gt(p(ends[[2]] - step), 0.05)
  expect_lte(p(ends[[2]] + step), 0.05)
  old <- pilot_threads(1)
  on.exit(pilot_threads(old))
  expect_identical(wild_bootstrap(fit, draws = 399, seed = 3)$draw_statistics, found$draw_statistics)
})

test_that("what the bootstrap of instruments cannot do is refused", {
  data <- random_iv_panel(18)
  fit <- pilot_did(y ~ x1 | id + year | d1 ~ z1 + z2, data)
  expect_error(wild_bootstrap(fit, "x1"), class = "pilotdid_error_parameter")
  expect_error(wild_bootstrap(update(fit, method = "liml")), class = "pilotdid_error_estimator")
})
