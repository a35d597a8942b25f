stored <- readRDS(test_path("fixtures", "spatial.rds"))

# The formula has no treatment of interest here: x1 stands first.
fit_stored <- function(panel, model, ...) {
  w <- panel$w
  dimnames(w) <- list(seq_len(nrow(w)), seq_len(nrow(w)))
  spatial_did(y ~ x1 + x2 | unit + time, panel$data, w, model, bias_correction = "none", ...)
}

# The information matrix of (beta, rho, sigma2) in plain R -> the standard error of rho.
rho_error <- function(fit, data, w, take_off) {
  w <- w / rowSums(w)
  data <- data[order(data$year, match(data$state, rownames(w))), ]
  n <- nrow(w)
  periods <- nrow(data) / n
  wide <- function(v) matrix(v, n)
  demean <- function(m) m - rowMeans(m) - rep(colMeans(m), each = n) + mean(m)
  x <- lapply(list(data$logp, data$logy), wide)
  x <- vapply(c(x, lapply(x, function(m) w %*% m)), function(m) as.vector(demean(m)), numeric(nrow(data)))
  a <- w %*% solve(diag(n) - coef(fit)[["rho"]] * w)
  signal <- a %*% wide(x %*% coef(fit)[-1L])
  if (take_off) signal <- demean(signal)
  k <- ncol(x)
  info <- diag(k + 2L)
  info[1:k, 1:k] <- crossprod(x) / fit$sigma2
  info[k + 1L, 1:k] <- info[1:k, k + 1L] <- crossprod(x, as.vector(signal)) / fit$sigma2
  info[k + 1L, k + 1L] <- periods * (sum(a * t(a)) + sum(a^2)) + sum(signal^2) / fit$sigma2
  info[k + 1L, k + 2L] <- info[k + 2L, k + 1L] <- periods * sum(diag(a)) / fit$sigma2
  info[k + 2L, k + 2L] <- n * periods / (2 * fit$sigma2^2)
  sqrt(solve(info, tol = 1e-20)[k + 1L, k + 1L])
}

test_that("Cigar: SAR, SDM and SEM with two-way effects to the printed digits", {
  f <- logc ~ logp + logy | state + year
  w <- spatial_weights(stored$W, standardize = "row")
  sar <- spatial_did(f, stored$cigar, w, "sar", bias_correction = "none")
  expect_equal(round(unname(coef(sar)), 6), c(.191177, -.993875, .461956))
  expect_equal(round(sar$sigma2, 8), .00505490)
  expect_equal(round(as.numeric(logLik(sar)), 4), 1683.5865)
  sdm <- spatial_did(f, stored$cigar, w, "sdm", bias_correction = "none")
  expect_equal(round(unname(coef(sdm)), 6), c(.229200, -1.002451, .600653, .056462, -.294995))
  expect_equal(names(coef(sdm)), c("rho", "logp", "logy", "W:logp", "W:logy"))
  expect_equal(round(sdm$sigma2, 8), .00497542)
  expect_equal(round(as.numeric(logLik(sdm)), 4), 1691.5383)
  # spatialreg::lagsarlm with explicit dummies, asymptotic standard error
  expect_equal(sqrt(vcov(sdm)[1, 1]), 3.2834644e-02, tolerance = 1e-6)
  # Panel code that does not take the period means off W (I - rho W)^-1 X b prints .032704. Rounding alone apart.
  expect_equal(rho_error(sdm, stored$cigar, stored$W, take_off = TRUE), sqrt(vcov(sdm)[1, 1]), tolerance = 1e-8)
  expect_equal(round(rho_error(sdm, stored$cigar, stored$W, take_off = FALSE), 6), .032704)
  sem <- spatial_did(f, stored$cigar, w, "sem", bias_correction = "none")
  expect_equal(round(unname(coef(sem)), 6), c(.240668, -1.004107, .553885))
  expect_equal(round(as.numeric(logLik(sem)), 3), 1687.218)
})

# optimize() of spatialreg stops at 1e-8 of its argument: 1e-6 for what depends on it to first order.
test_that("twenty random panels against spatialreg with a dummy for every effect", {
  for (s in stored$panels) {
    sar <- fit_stored(s$panel, "sar")
    expect_equal(unname(coef(sar)), c(s$sar$rho, s$sar$beta), tolerance = 1e-6)
    expect_equal(unname(sqrt(diag(vcov(sar)))), c(s$sar$rho.se, s$sar$beta.se), tolerance = 1e-6)
    expect_equal(as.numeric(logLik(sar)), s$sar$logLik, tolerance = 1e-8)
    expect_equal(sar$sigma2, s$sar$s2, tolerance = 1e-6)
    if (!is.null(s$sar$effects)) expect_equal(matrix(effects(sar)$estimate, 3), unname(s$sar$effects), tolerance = 1e-6)
    # The interval given to spatialreg ended at -0.99.
    if (min(s$sdm$rho, s$sem$lambda) < -0.98) next
    sdm <- fit_stored(s$panel, "sdm")
    expect_equal(unname(coef(sdm)), c(s$sdm$rho, s$sdm$beta), tolerance = 1e-6)
    expect_equal(unname(sqrt(diag(vcov(sdm)))), c(s$sdm$rho.se, s$sdm$beta.se), tolerance = 1e-6)
    expect_equal(as.numeric(logLik(sdm)), s$sdm$logLik, tolerance = 1e-8)
    if (!is.null(s$sdm$effects)) expect_equal(effects(sdm)$estimate[1:3], unname(s$sdm$effects), tolerance = 1e-6)
    sem <- fit_stored(s$panel, "sem")
    expect_equal(unname(coef(sem)), c(s$sem$lambda, s$sem$beta), tolerance = 2e-6)
    expect_equal(unname(sqrt(diag(vcov(sem)))), c(s$sem$lambda.se, s$sem$beta.se), tolerance = 2e-6)
    expect_equal(as.numeric(logLik(sem)), s$sem$logLik, tolerance = 1e-8)
  }
})

test_that("lag and error together: at least the likelihood of spatialreg, the same estimates where it converged", {
  for (i in seq_along(stored$sac)) {
    s <- stored$sac[[i]]
    # Twice spatialreg's optimizer left the range of the parameters.
    if (any(abs(c(s$rho, s$lambda)) >= 1)) next
    fit <- fit_stored(stored$panels[[i]]$panel, "sac")
    # nlminb() stops at a relative change of 1e-10 of the likelihood.
    expect_gt(as.numeric(logLik(fit)), s$logLik - 1e-6)
    if (abs(as.numeric(logLik(fit)) - s$logLik) < 1e-6) expect_equal(unname(coef(fit)), c(s$rho, s$lambda, s$beta), tolerance = 1e-3)
  }
})

test_that("every model, effect set and correction against dense matrices", {
  w <- toy_weights(14, 6)
  d <- toy_spatial_panel(w, 5, 6)
  sets <- list(c("unit", "time"), "unit", "time", character())
  formulas <- list(y ~ d + x | unit + time, y ~ d + x | unit, y ~ d + x | time, y ~ d + x | 0)
  for (i in seq_along(sets)) {
    for (model in c("sar", "sdm", "sem", "sdem", "slx", "sac")) {
      terms <- pilotdid:::spatial_models[[model]]
      p <- dense_problem(d, w, if (terms[["lag"]]) c("d", "x"), sets[[i]])
      for (transformation in c(TRUE, FALSE)) {
        fit <- spatial_did(formulas[[i]], d, w, model,
          bias_correction = if (transformation) "transformation" else "none", panel = ~ unit + time
        )
        slow <- dense_ml(p, terms[["rho"]], terms[["lambda"]], transformation)
        # optimize() and optim() find the argument to about 1e-8 and 1e-7 of the flat top.
        tolerance <- if (model == "sac") 2e-4 else 2e-6
        expect_equal(as.numeric(logLik(fit)), slow$value, tolerance = 1e-8)
        kept <- setdiff(names(coef(fit)), c("(Intercept)", "rho", "lambda"))
        expect_equal(unname(coef(fit)[kept]), slow$beta, tolerance = tolerance)
        expect_equal(fit$sigma2, slow$sigma2, tolerance = tolerance)
      }
    }
  }
})

test_that("weights that are not row-standardized: exact with a dummy for every effect", {
  for (symmetric in c(TRUE, FALSE)) {
    w <- toy_weights(14, 7, "spectral", symmetric)
    d <- toy_spatial_panel(w, 5, 7, rho = 0.2, lambda = 0.3)
    for (model in c("sdm", "sdem")) {
      terms <- pilotdid:::spatial_models[[model]]
      fit <- spatial_did(y ~ d + x | unit + time, d, w, model, bias_correction = "none")
      slow <- dense_ml(dense_problem(d, w, c("d", "x")), terms[["rho"]], terms[["lambda"]])
      expect_equal(as.numeric(logLik(fit)), slow$value, tolerance = 1e-9)
      expect_equal(unname(coef(fit)[-1]), slow$beta, tolerance = 2e-6)
      # At our own estimate, so that only the formulas are compared.
      first <- coef(fit)[[1]]
      at <- list(rho = if (model == "sdm") first else 0, lambda = if (model == "sdem") first else 0, sigma2 = fit$sigma2)
      expect_equal(unname(vcov(fit)), unname(dense_information(dense_problem(d, w, c("d", "x")), at, terms[["rho"]], terms[["lambda"]])), tolerance = 1e-8)
    }
  }
})

test_that("eigenvalues, factorization and interpolation agree", {
  for (symmetric in c(TRUE, FALSE)) {
    w <- toy_weights(14, 8, "row", symmetric)
    d <- toy_spatial_panel(w, 5, 8)
    fits <- lapply(c("eigenvalues", "factor", "chebyshev"), function(how) {
      spatial_did(y ~ d + x | unit + time, d, w, determinant = how)
    })
    for (f in fits[-1]) {
      # The maximum is found to 1e-9 of the range from values right to 1e-12.
      expect_equal(coef(f), coef(fits[[1]]), tolerance = 1e-7)
      expect_equal(vcov(f), vcov(fits[[1]]), tolerance = 1e-6)
      expect_equal(effects(f)$std.error, effects(fits[[1]])$std.error, tolerance = 1e-6)
    }
    rho <- c(-0.9, -0.3, 0, 0.4, 0.95)
    exact <- vapply(rho, function(r) determinant(diag(14) - r * w)$modulus[1], 1)
    for (method in 0:2) expect_equal(pilotdid:::cpp_log_determinant(spatial_weights(w), rho, method), exact, tolerance = 1e-8)
  }
})

test_that("effects: closed form against the N x N matrices, derivatives against differences", {
  w <- toy_weights(15, 9, "spectral", FALSE)
  d <- toy_spatial_panel(w, 6, 9)
  fit <- spatial_did(y ~ d + x | unit + time, d, w, bias_correction = "none")
  b <- coef(fit)
  table <- effects(fit)
  for (term in c("d", "x")) {
    of_term <- function(b) dense_effects(w, b[["rho"]], b[[term]], b[[paste0("W:", term)]])
    expect_equal(table$estimate[table$term == term], unname(of_term(b)), tolerance = 1e-10)
    gradient <- vapply(seq_along(b), function(j) {
      h <- 1e-5
      up <- down <- b
      up[j] <- up[j] + h
      down[j] <- down[j] - h
      (of_term(up) - of_term(down)) / (2 * h)
    }, numeric(3))
    # Central differences with a step of 1e-5: ten digits.
    expect_equal(table$std.error[table$term == term], unname(sqrt(diag(gradient %*% vcov(fit) %*% t(gradient)))), tolerance = 1e-7)
  }
  expect_equal(table$estimate[table$effect == "total"], table$estimate[table$effect == "direct"] + table$estimate[table$effect == "indirect"])
})

test_that("effects: total in closed form, orders add up, simulation agrees, models without rho", {
  w <- toy_weights(60, 10)
  d <- toy_spatial_panel(w, 10, 10)
  fit <- spatial_did(y ~ d + x | unit + time, d, w)
  b <- coef(fit)
  table <- effects(fit)
  expect_equal(table$estimate[3], unname((b["d"] + b["W:d"]) / (1 - b["rho"])))
  orders <- effects(fit, orders = 3)
  expect_equal(as.vector(tapply(orders$estimate, paste(orders$term, orders$effect), sum)), table$estimate[order(paste(table$term, table$effect))])
  rho2 <- unname(b["rho"]^2)
  w2 <- w %*% w
  direct <- rho2 * mean(diag(b["d"] * w2 + b["W:d"] * w2 %*% w))
  expect_equal(orders$estimate[orders$term == "d" & orders$effect == "direct" & orders$order == 2], direct)
  simulated <- effects(fit, "simulated", draws = 4000, seed = 1)
  expect_equal(simulated$estimate, table$estimate)
  # 4,000 draws give a standard deviation to about 1.2 %; the effects are nearly linear in the parameters.
  expect_equal(simulated$std.error, table$std.error, tolerance = 0.06)
  expect_identical(simulated, effects(fit, "simulated", draws = 4000, seed = 1))
  slx <- spatial_did(y ~ d + x | unit + time, d, w, "slx", lag = "d")
  expect_equal(effects(slx)$estimate, unname(c(coef(slx)["d"], coef(slx)["W:d"], coef(slx)["d"] + coef(slx)["W:d"], coef(slx)["x"], 0, coef(slx)["x"])))
  ols <- pilot_did(y ~ d + x + wd | unit + time, transform(d, wd = as.vector(w %*% matrix(d, 60))))
  expect_equal(unname(coef(slx)), unname(coef(ols))[c(1, 2, 3)], tolerance = 1e-10)
})

test_that("results do not depend on the order of rows or weights, names, threads", {
  w <- toy_weights(18, 11)
  d <- toy_spatial_panel(w, 5, 11)
  fit <- spatial_did(y ~ d + x | unit + time, d, w, vcov = "qml")
  withr::local_seed(1)
  shuffled <- d[sample(nrow(d)), ]
  at <- sample(18)
  other <- spatial_did(y ~ d + x | unit + time, shuffled, w[at, at], vcov = "qml")
  # The same sums in another order.
  expect_equal(coef(other), coef(fit), tolerance = 1e-12)
  expect_equal(vcov(other), vcov(fit), tolerance = 1e-10)
  expect_equal(residuals(other), residuals(fit)[as.integer(rownames(shuffled))], tolerance = 1e-9)
  named <- d
  names(named) <- c("城市", "the year", "rho status", "x", "结果")
  named$城市 <- paste("市", named$城市)
  w2 <- w
  dimnames(w2) <- list(paste("市", 1:18), paste("市", 1:18))
  chinese <- spatial_did(结果 ~ `rho status` + x | 城市 + `the year`, named, w2, vcov = "qml")
  expect_equal(unname(coef(chinese)), unname(coef(fit)), tolerance = 1e-10)
  expect_equal(names(coef(chinese)), c("rho", "rho status", "x", "W:rho status", "W:x"))
  before <- pilot_threads(1)
  withr::defer(pilot_threads(before))
  one <- spatial_did(y ~ d + x | unit + time, d, w, vcov = "cluster")
  pilot_threads(2)
  two <- spatial_did(y ~ d + x | unit + time, d, w, vcov = "cluster")
  expect_identical(coef(one), coef(two))
  expect_identical(vcov(one), vcov(two))
})

test_that("scale and level of the data", {
  w <- toy_weights(18, 12)
  d <- toy_spatial_panel(w, 5, 12)
  fit <- spatial_did(y ~ d + x | unit + time, d, w)
  for (scale in c(1e-8, 1e8)) {
    other <- spatial_did(y ~ d + x | unit + time, transform(d, x = x * scale, y = 5 + 3 * y), w)
    expect_equal(unname(coef(other)), unname(coef(fit) * c(1, 3, 3 / scale, 3, 3 / scale)), tolerance = 1e-8)
    expect_equal(unname(coef(other) / sqrt(diag(vcov(other)))), unname(coef(fit) / sqrt(diag(vcov(fit)))), tolerance = 1e-7)
  }
})

test_that("unit effects alone: the transformation only changes sigma2", {
  w <- toy_weights(18, 13, "spectral")
  d <- toy_spatial_panel(w, 5, 13)
  a <- spatial_did(y ~ d + x | unit, d, w, panel = ~ unit + time)
  b <- spatial_did(y ~ d + x | unit, d, w, panel = ~ unit + time, bias_correction = "none")
  corrected <- spatial_did(y ~ d + x | unit, d, w, panel = ~ unit + time, bias_correction = "correction")
  expect_equal(coef(a), coef(b), tolerance = 1e-8)
  expect_equal(a$sigma2, b$sigma2 * 5 / 4, tolerance = 1e-8)
  expect_equal(corrected$sigma2, a$sigma2, tolerance = 1e-8)
})

test_that("the bias correction is that of Lee and Yu, written out", {
  w <- toy_weights(18, 14)
  d <- toy_spatial_panel(w, 5, 14)
  direct <- spatial_did(y ~ d + x | unit + time, d, w, bias_correction = "none")
  corrected <- spatial_did(y ~ d + x | unit + time, d, w, bias_correction = "correction")
  p <- dense_problem(d, w, c("d", "x"))
  # The information of (rho, beta, sigma2) with the effects removed by hand.
  g <- w %*% solve(diag(18) - coef(direct)[["rho"]] * w)
  off <- function(v) stats::lm.fit(p$dummies, v)$residuals
  x <- apply(p$x, 2, off)
  mean <- off(as.vector(kronecker(diag(5), g) %*% p$x %*% coef(direct)[-1]))
  s2 <- direct$sigma2
  info <- matrix(0, 6, 6)
  info[1, 1] <- 5 * sum(g * t(g) + g * g) + sum(mean^2) / s2
  info[2:5, 2:5] <- crossprod(x) / s2
  info[1, 2:5] <- info[2:5, 1] <- crossprod(x, mean) / s2
  info[1, 6] <- info[6, 1] <- 5 * sum(diag(g)) / s2
  info[6, 6] <- 90 / (2 * s2^2)
  step <- solve(info / 90, c(1 / (1 - coef(direct)[["rho"]]), 0, 0, 0, 0, 1 / (2 * s2))) / 18
  expect_equal(unname(coef(corrected)), unname(coef(direct) + step[1:5]), tolerance = 1e-8)
  expect_equal(corrected$sigma2, (s2 + step[6]) * 5 / 4, tolerance = 1e-8)
})

test_that("clusters of single units against the sums written out", {
  w <- toy_weights(12, 15)
  d <- toy_spatial_panel(w, 5, 15)
  fit <- spatial_did(y ~ d + x | unit + time, d, w, vcov = ~unit)
  p <- dense_problem(d, w, c("d", "x"))
  n <- 12
  s2 <- fit$sigma2
  rho <- coef(fit)[["rho"]]
  j <- diag(n) - 1 / n
  g <- w %*% solve(diag(n) - rho * w)
  a <- j %*% g %*% j
  off <- function(v) stats::lm.fit(p$dummies, v)$residuals
  x <- apply(p$x, 2, off)
  e <- off(as.vector(p$y - rho * p$big %*% p$y)) - x %*% coef(fit)[-1]
  mean <- off(as.vector(p$big %*% p$y - kronecker(diag(5), g) %*% e))
  inner <- tcrossprod(matrix(e, n))
  unit <- rep(1:n, 5)
  sums <- cbind(
    rowsum(mean * e, unit) / s2 + diag(a) * diag(inner) / s2 - 4 * diag(a), rowsum(x * as.vector(e), unit) / s2,
    rowsum(e^2, unit) / (2 * s2^2) - 4 * (1 - 1 / n) / (2 * s2)
  )
  meat <- crossprod(sums)
  pairs <- (a + t(a)) * inner / s2
  meat[1, 1] <- meat[1, 1] + sum(pairs[lower.tri(pairs)]^2)
  info <- matrix(0, 6, 6)
  info[1, 1] <- 4 * sum(a * t(a) + a * a) + sum(mean^2) / s2
  info[2:5, 2:5] <- crossprod(x) / s2
  info[1, 2:5] <- info[2:5, 1] <- crossprod(x, mean) / s2
  info[1, 6] <- info[6, 1] <- 4 * sum(diag(a)) / s2
  info[6, 6] <- 4 * (n - 1) / (2 * s2^2)
  v <- solve(info) %*% meat %*% solve(info) * n / (n - 1)
  expect_equal(unname(vcov(fit)), v[1:5, 1:5], tolerance = 1e-8)
  expect_equal(unname(vcov(update(fit, vcov = NULL))), solve(info)[1:5, 1:5], tolerance = 1e-8)
  # All units in one cluster less one: a valid, different matrix; relabelled clusters change nothing.
  d$half <- ifelse(d$unit <= 6, "a", "b")
  d$other <- ifelse(d$unit <= 6, 9, 1)
  expect_equal(vcov(update(fit, data = d, vcov = ~half)), vcov(update(fit, data = d, vcov = ~other)), tolerance = 1e-10)
  d$moving <- d$unit %% 3 + d$time %% 2
  expect_error(spatial_did(y ~ d + x | unit + time, d, w, vcov = ~moving), class = "pilotdid_error_cluster")
})

test_that("the covariance can be changed later, and only the covariance changes", {
  w <- toy_weights(18, 16)
  d <- toy_spatial_panel(w, 5, 16)
  fit <- spatial_did(y ~ d + x | unit + time, d, w)
  expect_equal(vcov(fit, vcov = "qml"), vcov(spatial_did(y ~ d + x | unit + time, d, w, vcov = "qml")))
  expect_equal(tidy(fit, vcov = ~unit)$estimate, tidy(fit)$estimate)
  expect_error(vcov(fit, vcov = "HC9"), class = "pilotdid_error_vcov")
  expect_error(vcov(fit, vcov = ~ unit + time), class = "pilotdid_error_vcov")
})

test_that("what a spatial model cannot do is refused with the cause", {
  w <- toy_weights(12, 17)
  d <- toy_spatial_panel(w, 5, 17)
  fit <- spatial_did
  expect_error(fit(y ~ d + x | unit + time, d[-3, ], w), class = "pilotdid_error_unbalanced")
  d$region <- d$unit %% 3
  expect_error(fit(y ~ d + x | unit + time + region^time, d, w), class = "pilotdid_error_spatial_effects")
  expect_error(fit(y ~ x | unit + time | d ~ x, d, w))
  expect_error(fit(y ~ d + x | unit, d, w), class = "pilotdid_error_no_panel")
  expect_error(fit(y ~ d + x | unit + time, d, toy_weights(11, 1)), class = "pilotdid_error_alignment")
  expect_error(fit(y ~ d + x | unit + time, d, w, "sar", lag = "x"), class = "pilotdid_error_argument")
  expect_error(fit(y ~ d + x | unit + time, d, w, lag = "z"), class = "pilotdid_error_argument")
  expect_error(fit(y ~ d + x | unit + time, d, w, "durbin"), class = "pilotdid_error_argument")
  expect_error(fit(y ~ d + x | unit + time, d, toy_weights(12, 17, "none"), bias_correction = "transformation"), class = "pilotdid_error_row_standardized")
  expect_message(fit(y ~ d + x | unit + time, d, toy_weights(12, 17, "none")), class = "pilotdid_message_row_standardized")
  expect_error(predict(fit(y ~ d + x | unit + time, d, w), newdata = d), class = "pilotdid_error_argument")
})

test_that("rows that do not sum to one are said in words, and unit 3 without neighbors is named", {
  m <- as.matrix(toy_weights(12, 17))
  m[3, ] <- 0
  expect_warning(island <- spatial_weights(m, standardize = "row"), class = "pilotdid_warning_islands")
  d <- toy_spatial_panel(toy_weights(12, 17), 5, 17)
  expect_error(
    spatial_did(y ~ d + x | unit + time, d, island, bias_correction = "transformation"), "1 unit has no neighbor: 3",
    class = "pilotdid_error_row_standardized"
  )
  raw <- as.matrix(toy_weights(12, 17, "none"))
  fit <- function(standardize) suppressMessages(spatial_did(y ~ d + x | unit + time, d, spatial_weights(raw, standardize = standardize)))
  expect_output(print(fit("none")), "Weights: .*, not standardized")
  expect_output(print(fit("spectral")), "Weights: .*, largest eigenvalue 1")
  expect_match(paste(methods_text(fit("none"), "zh"), collapse = ""), "\u672a\u6807\u51c6\u5316")
})

test_that("columns that the effects absorb: a control goes with a warning, the treatment is an error", {
  w <- toy_weights(12, 18)
  d <- toy_spatial_panel(w, 5, 18)
  d$fixed <- d$unit / 2
  d$ever <- as.integer(ave(d$d, d$unit, FUN = max) > 0)
  expect_warning(fit <- spatial_did(y ~ d + x + fixed | unit + time, d, w), class = "pilotdid_warning_collinear")
  expect_equal(names(coef(fit)), c("rho", "d", "x", "W:d", "W:x"))
  expect_equal(coef(fit), coef(spatial_did(y ~ d + x | unit + time, d, w)), tolerance = 1e-10)
  expect_error(spatial_did(y ~ ever + x | unit + time, d, w), class = "pilotdid_error_treatment_absorbed")
  d$twice <- d$x * 2 + d$d
  expect_warning(spatial_did(y ~ d + x + twice | unit + time, d, w), class = "pilotdid_warning_collinear")
})

test_that("an estimate at the border of its range is an error", {
  w <- toy_weights(12, 19)
  d <- toy_spatial_panel(w, 5, 19)
  # A trend common to all that no effect takes: neighbors' mean explains everything.
  d$y <- 1e4 * d$time + rnorm(nrow(d), sd = 1e-3)
  expect_error(spatial_did(y ~ d | unit, d, w, "sar", panel = ~ unit + time), class = "pilotdid_error_spatial_range")
})

test_that("generics: fitted plus residual is the outcome, augment keeps the rows, update works", {
  w <- toy_weights(12, 20)
  d <- toy_spatial_panel(w, 5, 20)
  withr::local_seed(4)
  d <- d[sample(nrow(d)), ]
  fit <- spatial_did(y ~ d + x | unit + time, d, w)
  expect_equal(fitted(fit) + residuals(fit), d$y)
  expect_equal(augment(fit)$unit, d$unit)
  expect_equal(model.matrix(fit)[, "x"], d$x)
  e <- residuals(fit)
  expect_equal(unname(as.vector(tapply(e, d$unit, sum))), rep(0, 12), tolerance = 1e-9)
  expect_equal(nobs(fit), 60)
  expect_equal(formula(update(fit, . ~ . - x)), y ~ d | unit + time, ignore_formula_env = TRUE)
  expect_equal(unname(confint(fit)["d", ]), unlist(tidy(fit)[2, c("conf.low", "conf.high")], use.names = FALSE))
  expect_output(print(fit), "spatial Durbin model")
  expect_output(print(summary(fit)), "delta method")
  g <- glance(fit)
  expect_equal(nrow(g), 1)
  expect_equal(g$rho, coef(fit)[["rho"]])
  expect_true(g$r.squared > 0 && g$r.squared < 1)
})

test_that("large N: sparse factorization and estimated traces agree with the exact ones", {
  withr::local_seed(1)
  n <- 900
  d <- data.frame(id = 1:n, lon = runif(n, 80, 130), lat = runif(n, 20, 50))
  w <- spatial_weights(d, "id", ~ lon + lat, k = 6)
  panel <- data.frame(id = rep(1:n, 3), t = rep(1:3, each = n), x = rnorm(3 * n), status = 0)
  panel$status <- as.integer(panel$id %% 5 == 0 & panel$t > 1)
  y <- matrix(panel$status + panel$x + rnorm(3 * n), n)
  total <- y
  for (i in 1:30) total <- y + 0.4 * pilotdid:::cpp_spatial_lag(w, total)
  panel$y <- as.vector(total)
  fit <- spatial_did(y ~ status + x | id + t, panel, w)
  options <- list(rho = TRUE, lambda = FALSE, bias = 0L, method = 1L, covariance = 0L, cluster = integer(), clusters = 0L, exact_limit = 100L, seed = 1)
  estimated <- pilotdid:::cpp_spatial_fit(fit$panel, options, NULL)
  expect_false(estimated$exact_traces)
  # tr A'A from 128 sign vectors: about 0.4 % at 900 units, half of that in the standard error.
  expect_equal(unname(sqrt(diag(estimated$covariance)))[1:5], unname(sqrt(diag(vcov(fit)))), tolerance = 0.01)
  expect_equal(estimated$multipliers$value, fit$multipliers$value, tolerance = 1e-9)
})

test_that("Monte Carlo: the transformation is unbiased and covers, dummies are not; covariances hold where they should", {
  w <- toy_weights(49, 1)
  d <- toy_spatial_panel(w, 5, 1)
  fit <- spatial_did(y ~ d + x | unit + time, d, w)
  eigenvalues <- pilotdid:::weights_eigenvalues(fit$weights)
  inverse <- solve(diag(49) - 0.4 * w)
  mean <- fit$panel$x %*% c(1, -0.5, 0.5, 0.3)
  effect <- dense_effects(w, 0.4, 1, 0.5)[["indirect"]]
  draw <- function(errors, bias, covariance) {
    panel <- fit$panel
    panel$y <- as.vector(inverse %*% matrix(mean + errors, 49))
    raw <- pilotdid:::cpp_spatial_fit(panel, list(
      rho = TRUE, lambda = FALSE, bias = bias, method = 0L, covariance = covariance, cluster = 0:48, clusters = 49L,
      exact_limit = 5000L, seed = 1
    ), eigenvalues)
    one <- pilotdid:::spatial_result(fit, raw, list(label = "", type = "classical"))
    indirect <- effects(one)[2, ]
    c(
      rho = raw$rho, covers = abs(raw$rho - 0.4) < 1.96 * sqrt(raw$covariance[1, 1]), s2.se = sqrt(raw$covariance[6, 6]),
      s2 = raw$sigma2, effect.covers = abs(indirect$estimate - effect) < 1.96 * indirect$std.error,
      b = raw$beta[1], b.se = sqrt(raw$covariance[2, 2])
    )
  }
  withr::local_seed(3)
  reps <- 200
  normal <- function() rnorm(245)
  a <- replicate(reps, draw(normal(), 0L, 0L))
  none <- replicate(reps, draw(normal(), 2L, 0L))
  corrected <- replicate(reps, draw(normal(), 1L, 0L))
  # The standard error of a mean of 200 draws with a standard deviation of 0.14 is 0.01; three of them.
  expect_lt(abs(mean(a["rho", ]) - 0.4), 0.03)
  expect_lt(mean(none["rho", ]), 0.34)
  expect_gt(mean(corrected["rho", ]), mean(none["rho", ]) + 0.04)
  # A share of 0.95 from 200 draws has a standard error of 0.015.
  expect_gt(mean(a["covers", ]), 0.90)
  expect_gt(mean(a["effect.covers", ]), 0.90)
  expect_lt(mean(none["covers", ]), 0.90)
  # Skewed disturbances: the information matrix says too little about sigma2, the robust form does not.
  skewed <- function() rexp(245) - 1
  plain <- replicate(reps, draw(skewed(), 0L, 0L))
  robust <- replicate(reps, draw(skewed(), 0L, 1L))
  expect_lt(mean(plain["s2.se", ]), 0.75 * sd(plain["s2", ]))
  expect_equal(mean(robust["s2.se", ]), sd(robust["s2", ]), tolerance = 0.25)
  # Disturbances that last: only the clustered covariance knows.
  lasting <- function() as.vector(t(apply(matrix(rnorm(245 * 2), 49), 1, function(e) stats::filter(e, 0.7, "recursive")[6:10])))
  classical <- replicate(reps, draw(lasting(), 0L, 0L))
  clustered <- replicate(reps, draw(lasting(), 0L, 2L))
  expect_lt(mean(classical["b.se", ]), 0.88 * sd(classical["b", ]))
  expect_equal(mean(clustered["b.se", ]), sd(clustered["b", ]), tolerance = 0.15)
})

test_that("the table of effects is a plain tibble", {
  table <- tidy(effects(fit_stored(stored$panels[[1]]$panel, "sdm")))
  expect_identical(class(table), c("tbl_df", "tbl", "data.frame"))
  expect_false(tibble::has_rownames(table))
  expect_null(attr(table, "model"))
})
