stored <- readRDS(test_path("fixtures", "spatial.rds"))

test_that("Lagrange multiplier tests of a cross-section are those of spdep", {
  columbus <- stored$columbus
  w <- spatial_weights(columbus$w, ids = columbus$data$id)
  panel <- list(
    weights = w, y = columbus$data$CRIME, x = cbind(1, columbus$data$INC, columbus$data$HOVAL), unit_effects = FALSE, time_effects = FALSE
  )
  expect_equal(pilotdid:::cpp_lagrange_tests(panel, TRUE), unname(columbus$lm), tolerance = 1e-10)
})

test_that("with effects they are those of the dense formulas, centered or not", {
  for (standardize in c("row", "spectral")) {
    w <- toy_weights(14, 2, standardize, FALSE)
    d <- toy_spatial_panel(w, 5, 2)
    fit <- spatial_did(y ~ d + x | unit + time, d, w, bias_correction = "none")
    for (center in c(TRUE, FALSE)) {
      table <- tidy(spatial_tests(fit, center = center))
      for (set in list(character(), "unit", "time", c("unit", "time"))) {
        label <- if (length(set)) paste(set, collapse = " + ") else "none"
        ours <- table$statistic[table$effects == label & grepl("lm_", table$test)]
        expect_equal(ours, dense_lagrange(dense_problem(d, w, NULL, set), center), tolerance = 1e-8)
      }
    }
  }
})

test_that("degrees of freedom are counted, likelihood ratios are differences of fits", {
  w <- toy_weights(15, 3)
  d <- toy_spatial_panel(w, 6, 3)
  fit <- spatial_did(y ~ d + x | unit + time, d, w)
  table <- tidy(spatial_tests(fit))
  of <- function(test) table[table$test == test, ]
  expect_equal(of("lr_unit")$df, 14)
  expect_equal(of("lr_time")$df, 5)
  expect_equal(of("lr_twoway")$df, 19)
  expect_equal(of("wald_sdm_sar")$df, 2)
  expect_equal(of("lr_sdm_sem")$df, 2)
  sar <- spatial_did(y ~ d + x | unit + time, d, w, "sar")
  sem <- spatial_did(y ~ d + x | unit + time, d, w, "sem")
  expect_equal(of("lr_sdm_sar")$statistic, as.numeric(2 * (logLik(fit) - logLik(sar))), tolerance = 1e-8)
  expect_equal(of("lr_sdm_sem")$statistic, as.numeric(2 * (logLik(fit) - logLik(sem))), tolerance = 1e-8)
  b <- coef(fit)
  v <- vcov(fit)
  expect_equal(of("wald_sdm_sar")$statistic, as.numeric(t(b[4:5]) %*% solve(v[4:5, 4:5]) %*% b[4:5]), tolerance = 1e-8)
  g <- rbind(c(b[["d"]], b[["rho"]], 0, 1, 0), c(b[["x"]], 0, b[["rho"]], 0, 1))
  value <- b[4:5] + b[1] * b[2:3]
  expect_equal(of("wald_sdm_sem")$statistic, as.numeric(t(value) %*% solve(g %*% v %*% t(g)) %*% value), tolerance = 1e-8)
  none <- spatial_tests(spatial_did(y ~ d + x | unit + time, d, w, lag = "d"))
  expect_true(is.na(tidy(none)$statistic[tidy(none)$test == "lr_sdm_sem"]))
  expect_equal(tidy(none)$df[tidy(none)$test == "lr_sdm_sar"], 1)
  # Any model of the same data gives the same table.
  expect_equal(tidy(spatial_tests(sar)), table, tolerance = 1e-6)
})

test_that("random effects: the likelihood against the dense normal density", {
  w <- toy_weights(10, 4)
  d <- toy_spatial_panel(w, 5, 4)
  fit <- spatial_did(y ~ d + x | unit + time, d, w, bias_correction = "none")
  random <- pilotdid:::random_panel_of(fit)
  est <- pilotdid:::fit_random(fit, random)
  p <- dense_problem(d, w, c("d", "x"), "time")
  density <- function(rho, s2, s2_mu) {
    v <- s2 * diag(50) + s2_mu * kronecker(matrix(1, 5, 5), diag(10))
    s <- diag(50) - rho * p$big
    z <- cbind(p$dummies, p$x)
    sy <- s %*% p$y
    vi <- solve(v)
    b <- solve(t(z) %*% vi %*% z, t(z) %*% vi %*% sy)
    e <- sy - z %*% b
    list(value = -25 * log(2 * pi) - determinant(v)$modulus[1] / 2 + determinant(s)$modulus[1] - as.numeric(t(e) %*% vi %*% e) / 2, beta = b[-(1:5)])
  }
  s2_mu <- est$sigma2 * (1 / est$phi2 - 1) / 5
  at <- density(est$rho, est$sigma2, s2_mu)
  expect_equal(est$log_likelihood, at$value, tolerance = 1e-8)
  expect_equal(est$beta, unname(at$beta), tolerance = 1e-6)
  found <- stats::optim(c(est$rho, log(est$sigma2), log(s2_mu)), function(a) -density(a[1], exp(a[2]), exp(a[3]))$value, control = list(reltol = 1e-12))
  expect_lt(-found$value, est$log_likelihood + 1e-6)
  # Curvature of the profile in rho, beta maximized out: the inverse of the information to first order.
  expect_equal(dim(est$covariance), c(5, 5))
  expect_true(all(eigen(est$covariance)$values > 0))
})

test_that("Hausman and Mundlak: random effects stand when they are true and fall when they are not", {
  w <- toy_weights(80, 5)
  p_values <- function(correlated) {
    withr::local_seed(6)
    n <- 80
    d <- data.frame(unit = rep(1:n, 6), time = rep(1:6, each = n), x = rnorm(6 * n))
    mu <- rnorm(n)
    if (correlated) d$x <- d$x + mu[d$unit]
    d$d <- as.integer(d$unit %% 4 == 0 & d$time > 3)
    signal <- matrix(d$d + d$x + mu[d$unit] + rnorm(6 * n), n)
    d$y <- as.vector(solve(diag(n) - 0.3 * w, signal))
    table <- tidy(spatial_tests(spatial_did(y ~ d + x | unit + time, d, w)))
    table$p.value[match(c("hausman", "mundlak"), table$test)]
  }
  expect_true(all(p_values(TRUE) < 1e-6))
  expect_true(all(p_values(FALSE) > 0.01))
})

test_that("the reading says what the table says", {
  w <- toy_weights(40, 6)
  d <- toy_spatial_panel(w, 8, 6, rho = 0.5, theta = c(1.5, 1))
  tests <- spatial_tests(spatial_did(y ~ d + x | unit + time, d, w))
  expect_output(print(tests), "neither to a spatial lag")
  expect_equal(glance(tests)$advice, "sdm")
  expect_error(spatial_tests(spatial_did(y ~ d + x | unit + time, d, w, method = "gmm")), class = "pilotdid_error_argument")
  expect_error(spatial_tests(spatial_did(y ~ d + x | unit + time, d, w, spillover = "split")), class = "pilotdid_error_argument")
})

test_that("Monte Carlo: the centered tests have their size, the others reject far too often", {
  w <- toy_weights(30, 2)
  d <- toy_spatial_panel(w, 20, 2)
  panel <- spatial_did(y ~ d + x | unit + time, d, w, "sar")$panel
  withr::local_seed(1)
  rejected <- function(center) {
    rowMeans(replicate(600, {
      panel$y <- rnorm(600) + panel$x %*% c(1, 1)
      pilotdid:::cpp_lagrange_tests(panel, center) > stats::qchisq(0.95, 1)
    }))
  }
  # A share of 0.05 from 600 draws has a standard error of 0.009.
  expect_true(all(rejected(TRUE) < 0.09))
  expect_true(all(rejected(FALSE)[1:2] > 0.15))
})
