stored <- readRDS(test_path("fixtures", "spatial.rds"))$columbus

# The cross-section twice: estimates are those of one, moments are means.
stacked <- function() rbind(transform(stored$data, t = 1), transform(stored$data, t = 2))
columbus_weights <- function() {
  w <- stored$w
  dimnames(w) <- list(stored$data$id, stored$data$id)
  w
}

test_that("two-stage least squares is that of spatialreg", {
  fit <- spatial_did(CRIME ~ INC + HOVAL | 0, stacked(), columbus_weights(), "sar", method = "gmm", panel = ~ id + t)
  b <- coef(fit)[c("rho", "(Intercept)", "INC", "HOVAL")]
  expect_equal(unname(b), stored$stsls$coefficients, tolerance = 1e-10)
  # spatialreg divides by n - k: 49 rows, four parameters; ours by the rows of both periods.
  expect_equal(unname(sqrt(diag(vcov(fit)))[names(b)]) * sqrt(2) * sqrt(49 / 45), stored$stsls$se, tolerance = 1e-10)
})

test_that("generalized moments are those of spatialreg", {
  fit <- spatial_did(CRIME ~ INC + HOVAL | 0, stacked(), columbus_weights(), "sem", method = "gmm", panel = ~ id + t)
  # Their optimizer stops at 1e-8 of the objective, which leaves about four digits of lambda.
  expect_equal(coef(fit)[["lambda"]], stored$gm$lambda, tolerance = 1e-3)
  expect_equal(unname(coef(fit)[c("(Intercept)", "INC", "HOVAL")]), stored$gm$beta, tolerance = 1e-4)
  expect_true(is.na(tidy(fit)$std.error[1]))
})

test_that("moments agree with maximum likelihood in a large panel, for every model", {
  withr::local_seed(5)
  n <- 400
  places <- data.frame(id = 1:n, lon = runif(n, 80, 130), lat = runif(n, 20, 50))
  w <- spatial_weights(places, "id", ~ lon + lat, k = 5)
  dense <- as.matrix(w)
  d <- toy_spatial_panel(dense, 6, 5, rho = 0.3, lambda = 0.4)
  for (model in c("sac", "sdem")) {
    truth <- if (model == "sac") c(rho = 0.3, lambda = 0.4) else c(lambda = 0.4)
    data <- if (model == "sac") toy_spatial_panel(dense, 6, 5, 0.3, 0.4, c(0, 0)) else toy_spatial_panel(dense, 6, 5, 0, 0.4)
    gmm <- spatial_did(y ~ d + x | unit + time, data, w, model, method = "gmm")
    ml <- spatial_did(y ~ d + x | unit + time, data, w, model)
    se <- sqrt(diag(vcov(ml)))
    # Both estimate the same numbers: four standard errors of the more precise one.
    expect_true(all(abs(coef(gmm) - coef(ml)) < 4 * se))
    expect_true(all(abs(coef(gmm)[names(truth)] - truth) < 0.12))
  }
  sdm <- spatial_did(y ~ d + x | unit + time, toy_spatial_panel(dense, 6, 5), w, method = "gmm")
  expect_lt(abs(coef(sdm)[["rho"]] - 0.3), 4 * sqrt(vcov(sdm)[1, 1]))
  expect_s3_class(effects(sdm), "pilot_spatial_effects")
})

test_that("clustered and robust covariances, written out", {
  w <- toy_weights(15, 3)
  d <- toy_spatial_panel(w, 6, 3)
  fit <- spatial_did(y ~ d + x | unit + time, d, w, "sar", method = "gmm", vcov = ~unit)
  p <- dense_problem(d, w, NULL)
  off <- function(v) stats::lm.fit(p$dummies, v)$residuals
  x <- apply(p$x, 2, off)
  wy <- off(as.vector(p$big %*% p$y))
  h <- cbind(x, apply(p$big %*% p$x, 2, off), apply(p$big %*% p$big %*% p$x, 2, off))
  z <- cbind(wy, x)
  zh <- h %*% qr.coef(qr(h), z)
  b <- solve(crossprod(zh), crossprod(zh, off(p$y)))
  e <- off(p$y) - z %*% b
  expect_equal(unname(coef(fit)), as.vector(b), tolerance = 1e-9)
  bread <- solve(crossprod(zh))
  sums <- rowsum(zh * as.vector(e), rep(1:15, 6))
  expect_equal(unname(vcov(fit)), unname(bread %*% crossprod(sums) %*% bread * 15 / 14), tolerance = 1e-8)
  expect_equal(unname(vcov(fit, vcov = "iid")), unname(bread * sum(e^2) / (14 * 5)), tolerance = 1e-8)
})

test_that("no instruments: refused", {
  # Everybody is everybody's neighbor: the lag of x is a combination of x and the time effects.
  n <- 8
  w <- (matrix(1, n, n) - diag(n)) / (n - 1)
  dimnames(w) <- list(1:n, 1:n)
  d <- toy_spatial_panel(w, 5, 1)
  expect_error(spatial_did(y ~ d + x | unit + time, d, w, "sar", method = "gmm"), class = "pilotdid_error_not_identified")
})
