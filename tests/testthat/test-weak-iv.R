fixture <- readRDS(test_path("fixtures", "iv.rds"))
card <- fixture$card
value <- function(w, test, column = "statistic") tidy(w)[[column]][tidy(w)$test == test]
# Some of the published numbers are cut off rather than rounded.
expect_printed <- function(object, printed, digits) expect_lt(abs(object - printed), 10^-digits)

test_that("Card's diagnostics are those that ivreg2 prints", {
  fit <- function(formula, vcov) pilot_did(formula, card, vcov = vcov)
  just <- weak_iv(fit(lwage ~ exper + expersq + black + south | 0 | educ ~ nearc4, "iid"))
  over <- lwage ~ exper + expersq + black + south | 0 | educ ~ nearc2 + nearc4
  two <- weak_iv(fit(over, "iid"))
  robust <- weak_iv(fit(over, "HC1"))
  for (test in c("kp_lm", "anderson_lm")) {
    expect_printed(value(just, test), 34.85825, 5)
    expect_printed(value(two, test), 38.94718, 5)
  }
  expect_printed(value(robust, "kp_lm"), 40.07919, 5)
  for (test in c("kp_f", "cragg_donald")) {
    expect_printed(value(just, test), 35.19636, 5)
    expect_printed(value(two, test), 19.68298, 5)
  }
  expect_printed(value(robust, "kp_f"), 20.42001, 5)
  expect_printed(value(just, "anderson_rubin"), 39.41793, 5)
  expect_printed(value(two, "anderson_rubin"), 27.44834, 5)
  expect_printed(value(robust, "anderson_rubin"), 27.85141, 5)
  # Published from data in single precision: lwage has seven digits, these statistics are differences.
  expect_printed(value(two, "sargan"), 1.858804, 5)
  expect_equal(value(two, "hansen_j"), value(two, "sargan"), tolerance = 1e-9)
  expect_printed(value(robust, "hansen_j"), 1.864712, 5)
  expect_true(is.na(value(just, "hansen_j")))
  expect_match(value(just, "hansen_j", "note"), "just identified")
})

test_that("Wu-Hausman, Sargan and the first-stage F equal ivreg's", {
  over <- pilot_did(lwage ~ exper + expersq + black + south | 0 | educ ~ nearc2 + nearc4, card, vcov = "iid")
  known <- fixture$ivreg$two$diagnostics
  w <- weak_iv(over)
  # ivreg works on the columns, we on their triangle: five digits go to the condition of exper, expersq.
  expect_equal(value(w, "wu_hausman"), known["Wu-Hausman", "statistic"], tolerance = 1e-9)
  expect_equal(value(w, "wu_hausman", "df2"), known["Wu-Hausman", "df2"])
  expect_equal(value(w, "sargan"), known["Sargan", "statistic"], tolerance = 1e-9)
  expect_equal(glance(first_stage(over))$statistic, known["Weak instruments", "statistic"], tolerance = 1e-9)
})

test_that("rank and Anderson-Rubin statistics equal the textbook with explicit dummies", {
  data <- random_iv_panel(3)
  specs <- list(
    list(formula = y ~ x1 | id + year | d1 + d2 ~ z1 + z2 + z3, d = c("d1", "d2"), z = c("z1", "z2", "z3")),
    list(formula = y ~ x1 | id + year | d1 ~ z1 + z2, d = "d1", z = c("z1", "z2")),
    list(formula = y ~ x1 | id + year | d1 + d2 ~ z1 + z3, d = c("d1", "d2"), z = c("z1", "z3"))
  )
  for (spec in specs) {
    v <- reference_iv_data(~ factor(id) + factor(year), data, "y", "x1", spec$d, spec$z)
    n <- nrow(data)
    columns <- qr(cbind(v$x, v$z))$rank
    l1 <- length(spec$z)
    for (cluster in list(NULL, data$id, data$region)) {
      vcov <- if (is.null(cluster)) "HC1" else if (identical(cluster, data$id)) ~id else ~region
      w <- weak_iv(pilot_did(spec$formula, data, vcov = vcov), beta0 = 0.3)
      scale <- (n - columns) / n
      if (!is.null(cluster)) {
        groups <- length(unique(cluster))
        # Unit effects are nested in both clusterings: only the constant is counted in their place.
        scale <- (n - (columns - length(unique(data$id)) + 1)) / (n - 1) * (groups - 1) / groups
      }
      # Dummies against exact elimination: rounding of n x 60 matrices.
      expect_equal(value(w, "kp_lm"), reference_kp(v, cluster), tolerance = 1e-9)
      expect_equal(value(w, "kp_f"), reference_kp(v, cluster, wald = TRUE) * scale / l1, tolerance = 1e-9)
      ar <- reference_ar(v, rep(0.3, length(spec$d)), cluster)
      expect_equal(value(w, "anderson_rubin_chi2"), ar, tolerance = 1e-9)
      expect_equal(value(w, "anderson_rubin"), ar * scale / l1, tolerance = 1e-9)
    }
  }
})

test_that("tests of exogeneity equal their definitions", {
  data <- random_iv_panel(11)
  v <- reference_iv_data(~ factor(id) + factor(year), data, "y", "x1", "d1", c("z1", "z2"))
  fit <- pilot_did(y ~ x1 | id + year | d1 ~ z1 + z2, data, vcov = "HC1")
  w <- weak_iv(fit)
  first <- annihilate(cbind(v$x, v$z), v$d)
  big_x <- cbind(v$d, v$x)
  ols <- annihilate(big_x, v$y)
  # Wooldridge: n - SSR of 1 on e r.
  r <- annihilate(big_x, first)
  one <- rep(1, length(ols))
  expect_equal(value(w, "wooldridge"), length(ols) - sum(annihilate(ols * r, one)^2), tolerance = 1e-9)
  # Wu-Hausman: F of the first-stage residual in the regression of y.
  with_v <- annihilate(cbind(big_x, first), v$y)
  df2 <- nrow(data) - qr(cbind(big_x, first))$rank
  f <- (sum(ols^2) - sum(with_v^2)) / (sum(with_v^2) / df2)
  expect_equal(value(w, "wu_hausman"), f, tolerance = 1e-9)
  expect_equal(value(w, "wu_hausman", "df2"), df2)
  # Durbin: n times the share of the OLS residual sum of squares.
  expect_equal(value(w, "durbin"), nrow(data) * (sum(ols^2) - sum(with_v^2)) / sum(ols^2), tolerance = 1e-9)
  # C: two J statistics with the weights of the larger set of moments.
  z <- annihilate(v$x, v$z)
  d <- annihilate(v$x, v$d)
  y <- annihilate(v$x, v$y)
  all <- cbind(z, d)
  s <- crossprod(all * drop(ols))
  objective <- function(m) {
    at <- match(colnames(m), colnames(s))
    g <- function(b) drop(crossprod(m, y - d * b))
    stats::optimize(function(b) sum(g(b) * solve(s[at, at], g(b))), c(-5, 5), tol = 1e-12)$objective
  }
  # optimize() finds the minimum, not its place, to about 1e-12.
  expect_equal(value(w, "endogeneity_c"), objective(all) - objective(z), tolerance = 1e-7)
  iid <- weak_iv(fit, vcov = "iid")
  expect_equal(value(iid, "endogeneity_c"), value(iid, "durbin"), tolerance = 1e-9)
})

test_that("the first stage is the regression it claims to be", {
  data <- random_iv_panel(12)
  fit <- pilot_did(y ~ x1 | id + year | d1 + d2 ~ z1 + z2 + z3, data, vcov = ~region)
  first <- first_stage(fit)
  plain <- pilot_did(d1 ~ z1 + z2 + z3 + x1 | id + year, data, vcov = ~region)
  mine <- first$stages$d1
  expect_equal(coef(mine), coef(plain), tolerance = 1e-10)
  expect_equal(vcov(mine), vcov(plain), tolerance = 1e-10)
  expect_equal(residuals(mine), residuals(plain), tolerance = 1e-9)
  b <- coef(plain)[1:3]
  wald <- sum(b * solve(vcov(plain)[1:3, 1:3], b)) / 3
  expect_equal(glance(first)$statistic[1], wald, tolerance = 1e-9)
  # Shea: squared correlation of what the other variable leaves of d1 and of its prediction.
  v <- reference_iv_data(~ factor(id) + factor(year), data, "y", "x1", c("d1", "d2"), c("z1", "z2", "z3"))
  d <- annihilate(v$x, v$d)
  hat <- d - annihilate(annihilate(v$x, v$z), d)
  own <- annihilate(d[, 2], d[, 1])
  predicted <- annihilate(hat[, 2], hat[, 1])
  expect_equal(glance(first)$shea.r2[1], cor(own, predicted)^2, tolerance = 1e-9)
  # Sanderson-Windmeijer under iid errors, by 2SLS of d1 on d2.
  iid <- glance(first_stage(fit, vcov = "iid"))
  z <- annihilate(v$x, v$z)
  b2 <- sum(hat[, 2] * d[, 1]) / sum(hat[, 2] * d[, 2])
  e <- d[, 1] - b2 * d[, 2]
  left <- annihilate(z, e)
  df2 <- nrow(data) - qr(cbind(v$x, v$z))$rank
  expect_equal(iid$sw.statistic[1], (sum(e^2) - sum(left^2)) / 2 / (sum(left^2) / df2), tolerance = 1e-9)
  one <- glance(first_stage(pilot_did(y ~ x1 | id + year | d1 ~ z1 + z2, data)))
  expect_equal(one$sw.statistic, one$statistic, tolerance = 1e-12)
})

test_that("the effective F is the robust F with one instrument, and has its published critical values", {
  data <- random_iv_panel(13)
  fit <- pilot_did(y ~ x1 | id + year | d1 ~ z1, data)
  w <- weak_iv(fit)
  expect_equal(value(w, "effective_f"), value(w, "kp_f"), tolerance = 1e-12)
  expect_equal(value(w, "effective_f"), tidy(first_stage(fit))$statistic^2, tolerance = 1e-10)
  # Montiel Olea and Pflueger (2013), table 1: one instrument, 5/10/20/30 %.
  simplified <- w$critical_values[w$critical_values$estimator == "simplified", ]
  expect_equal(round(simplified$critical, 2), c(37.42, 23.11, 15.06, 12.05))
  # Under iid errors with equal weights W = I: the noncentral chi-square itself.
  iid <- pilot_did(y ~ x1 | id + year | d1 ~ z1 + z2 + z3, data, vcov = "iid")
  found <- weak_iv(iid)$critical_values
  found <- found$critical[found$estimator == "simplified" & found$level == 0.1]
  expect_equal(found, qchisq(0.95, 3, 3 * 10) / 3, tolerance = 1e-9)
  expect_equal(value(weak_iv(iid), "effective_f"), value(weak_iv(iid), "cragg_donald"), tolerance = 1e-9)
})

test_that("the largest Nagar bias is found by brute force", {
  set.seed(5)
  a <- crossprod(matrix(rnorm(60), 10))
  w <- list(y = a[1:3, 1:3], d = a[4:6, 4:6], yd = a[1:3, 4:6])
  omega <- matrix(c(2, 0.7, 0.7, 1), 2)
  bias <- function(b, liml) {
    s1 <- w$y - b * (w$yd + t(w$yd)) + b^2 * w$d
    s12 <- (w$yd + t(w$yd)) / 2 - b * w$d
    slope <- if (liml) (omega[1, 2] - b * omega[2, 2]) / (omega[1, 1] - 2 * b * omega[1, 2] + b^2 * omega[2, 2]) else 0
    ends <- range(eigen(2 * s12 - slope * s1)$values)
    max(abs(sum(diag(s12)) - slope * sum(diag(s1)) - ends)) / sqrt(sum(diag(s1)) * sum(diag(w$d)))
  }
  brute <- vapply(c(FALSE, TRUE), function(liml) {
    angle <- seq(-1.5707, 1.5707, length.out = 801)
    near <- angle[which.max(vapply(tan(angle), bias, 1, liml = liml))]
    finer <- near + seq(-0.004, 0.004, length.out = 401)
    max(vapply(tan(finer), bias, 1, liml = liml))
  }, 1)
  found <- unname(worst_bias(w, omega))
  # The grid misses the top by the square of its step, 2e-5.
  expect_equal(found, brute, tolerance = 1e-6)
  expect_true(all(found >= brute - 1e-12))
})

test_that("tF critical values are those of the published table", {
  # Lee, McCrary, Moreira and Porter (2022), figure 3 and table 3; they round up.
  known <- cbind(f = c(2, 2.5, 3, 4, 5, 6, 7, 8, 8.5)^2, c = c(18.66, 4.92, 3.65, 2.80, 2.46, 2.27, 2.16, 2.08, 2.04))
  found <- tf_critical(known[, "f"])
  expect_true(all(found <= known[, "c"] + 1e-3 & found > known[, "c"] - 0.012))
  expect_identical(tf_critical(3.8), Inf)
  expect_equal(tf_critical(104.7), qnorm(0.975), tolerance = 1e-12)
  expect_gt(tf_critical(104), qnorm(0.975))
  expect_equal(tf_critical(10), 3.43, tolerance = 2e-3)
  # Size is 5 % in the worst case at any strength: t = f (f - f0) / f0, f ~ N(f0, 1).
  strength <- seq(1.96, 11, by = 0.05)
  critical <- stats::approxfun(strength, tf_critical(strength^2), rule = 2)
  for (f0 in c(0.3, 1, 3, 6)) {
    f <- qnorm((1:20000 - 0.5) / 20000, f0)
    rejected <- abs(f) > 1.96 & abs(f * (f - f0) / f0) > critical(abs(f))
    # Linear interpolation of a steep curve on a grid of 0.05.
    expect_equal(mean(rejected), 0.05, tolerance = 0.02)
  }
})

test_that("the conditional likelihood ratio has its known special cases", {
  data <- random_iv_panel(14)
  just <- weak_iv(pilot_did(y ~ x1 | id + year | d1 ~ z1, data, vcov = "iid"))
  # One instrument: Anderson-Rubin without the factor N / (N - L), against chi-square(1).
  expect_equal(value(just, "clr"), value(just, "anderson_rubin"), tolerance = 1e-9)
  # Strong identification: chi-square(1); none: chi-square(k). Both limits to 1e-3 at q_T = 1e5 and 0.
  expect_equal(clr_p_value(3, 1e5, 4), pchisq(3, 1, lower.tail = FALSE), tolerance = 1e-3)
  expect_equal(clr_p_value(5, 0, 4), pchisq(5, 4, lower.tail = FALSE), tolerance = 1e-9)
  # Monte Carlo of its definition.
  set.seed(1)
  s <- matrix(rnorm(4e5), ncol = 2)
  qt <- 7
  qs <- rowSums(s^2)
  lr <- (qs - qt + sqrt((qs - qt)^2 + 4 * qt * s[, 1]^2)) / 2
  # Three standard errors of 200,000 draws.
  expect_lt(abs(clr_p_value(4, qt, 2) - mean(lr > 4)), 3 * sqrt(0.05 / 2e5))
})

# Stock and Yogo's definition for one endogenous variable, without simulation. With concentration K l the
# critical value is the 95 % point of chi-squared(K, K l) / K.
# Bias of 2SLS relative to OLS: 1 - K l E[1 / chi-squared(K + 2, K l)], a Poisson mixture.
defined_bias <- function(l, K) {
  half <- K * l / 2
  j <- 0:ceiling(half + 12 * sqrt(half) + 60)
  1 - 2 * half * sum(dpois(j, half) / (K + 2 * j))
}

# Size of the 5 % Wald test at its worst, errors perfectly correlated. a: the error along the instruments'
# effect, q: the square of the rest; means over quantiles of both.
defined_size <- function(l, K) {
  m <- sqrt(K * l)
  share <- (seq_len(800) - 0.5) / 800
  a <- qnorm(share)
  q <- if (K > 1) qchisq(share[seq(2, 800, 4)], K - 1) else 0
  reject <- outer(a, q, function(a, q) (m * a + a^2 + q)^2 * ((m + a)^2 + q) > qchisq(0.95, 1) * m^2 * (m + a)^2)
  mean(reject)
}

defined_critical <- function(f, level, K) {
  l <- uniroot(function(l) f(l, K) - level, c(0.05, 100), tol = 1e-6)$root
  qchisq(0.95, K, K * l) / K
}

test_that("Stock-Yogo values follow from their definition up to the noise of the published simulation", {
  t <- stock_yogo_table()
  bias <- t[t$criterion == "bias" & t$endogenous == 1, ]
  own <- mapply(defined_critical, level = bias$level, K = bias$instruments, MoreArgs = list(f = defined_bias))
  # 20,000 draws stand behind each published entry: the largest gap of the 112 is 2.1 %.
  expect_lt(max(abs(own / bias$critical - 1)), 0.025)
  expect_lt(mean(abs(own / bias$critical - 1)), 0.01)
  size <- t[t$criterion == "size" & t$estimator == "2sls" & t$endogenous == 1 & t$instruments <= 4, ]
  own <- mapply(defined_critical, level = size$level, K = size$instruments, MoreArgs = list(f = defined_size))
  # A share of 20,000 draws near .10 has a standard error of .002: 2 % of the critical value.
  expect_lt(max(abs(own / size$critical - 1)), 0.035)
})

test_that("Stock-Yogo values are there where the tables have them", {
  expect_equal(unname(stock_yogo("size", "2sls", 1, 1)), c(16.38, 8.96, 6.66, 5.53))
  expect_equal(unname(stock_yogo("size", "2sls", 2, 1)), c(19.93, 11.59, 8.75, 7.25))
  expect_equal(unname(stock_yogo("size", "liml", 2, 1)), c(8.68, 5.33, 4.42, 3.92))
  expect_equal(stock_yogo("bias", "2sls", 3, 1)[["0.05"]], 13.91)
  expect_true(all(is.na(stock_yogo("bias", "2sls", 2, 1))))
  expect_true(all(is.na(stock_yogo("size", "2sls", 40, 1))))
  w <- weak_iv(pilot_did(lwage ~ exper | 0 | educ ~ nearc4, card, vcov = "HC1"))
  expect_match(value(w, "kp_f", "note"), "assumes iid")
})

test_that("too few clusters leave single tests undefined, and they say so", {
  data <- random_iv_panel(15)
  data$four <- data$id %% 4
  w <- weak_iv(pilot_did(y ~ x1 | id + year | d1 ~ z1 + z2 + z3, data, vcov = ~four))
  lost <- tidy(w)[is.na(tidy(w)$statistic), ]
  expect_true(all(nzchar(lost$note)))
  expect_output(print(w), "Under-identification")
})

test_that("plausibly exogenous intervals are the union over a grid, and its limit", {
  data <- random_iv_panel(16)
  fit <- pilot_did(y ~ x1 | id + year | d1 ~ z1 + z2, data, vcov = ~region)
  box <- tidy(plausibly_exogenous(fit, lower = c(-0.1, 0), upper = c(0.2, 0.1)))
  ends <- apply(expand.grid(seq(-0.1, 0.2, length.out = 5), seq(0, 0.1, length.out = 3)), 1, function(theta) {
    moved <- data
    moved$y <- data$y - theta[1] * data$z1 - theta[2] * data$z2
    unlist(tidy(pilot_did(y ~ x1 | id + year | d1 ~ z1 + z2, moved, vcov = ~region))[1, c("conf.low", "conf.high")])
  })
  # The corners belong to the grid, and nothing inside goes beyond them.
  expect_equal(box$conf.low[1], min(ends[1, ]), tolerance = 1e-9)
  expect_equal(box$conf.high[1], max(ends[2, ]), tolerance = 1e-9)
  point <- tidy(plausibly_exogenous(fit, lower = 0, upper = 0))
  expect_equal(point$conf.low, tidy(fit)$conf.low, tolerance = 1e-12)
  local <- tidy(plausibly_exogenous(fit, mean = c(0.1, 0), variance = c(0.01, 0)))
  moved <- data
  moved$y <- data$y - 0.1 * data$z1
  shifted <- pilot_did(y ~ x1 | id + year | d1 ~ z1 + z2, moved, vcov = ~region)
  expect_equal(local$estimate, unname(coef(shifted)), tolerance = 1e-10)
  one <- (local$estimate[1] - coef(fit)[[1]]) / 0.1
  expect_equal(local$std.error[1]^2, vcov(fit)[1, 1] + 0.01 * one^2, tolerance = 1e-9)
  expect_error(plausibly_exogenous(fit, lower = 0), class = "pilotdid_error_argument")
  expect_error(plausibly_exogenous(fit, lower = 1, upper = 0), class = "pilotdid_error_argument")
  expect_error(plausibly_exogenous(fit, variance = -1), class = "pilotdid_error_argument")
})

test_that("covariances known for one residual at a time give the joint one by polarization", {
  panel <- simulate_pilot(units = 40, covariates = 2, seed = 3)
  panel$z1 <- panel$x1 + cos(seq_len(nrow(panel)))
  panel$z2 <- panel$x2 + sin(3 * seq_len(nrow(panel)))
  two <- y ~ status | unit + time | x1 + x2 ~ z1 + z2
  clustered <- pilot_did(two, panel)
  r <- clustered$root
  k <- ncol(clustered$maps$regressors)
  # Any columns will do for the identity: the regressors, and combinations of them as residuals.
  residuals <- clustered$maps$regressors %*% matrix(cos(seq_len(3 * k)), k)
  joint <- score_covariance(clustered, clustered$maps$regressors, residuals, clustered$vcov_spec)
  polar <- polarized_scores(clustered, clustered$maps$regressors, residuals, clustered$vcov_spec)
  # Polarization keeps the symmetric part of each block.
  blocks <- array(joint, c(k, 3, k, 3))
  symmetric <- (blocks + aperm(blocks, c(3, 2, 1, 4))) / 2
  expect_equal(as.vector(polar), as.vector(symmetric), tolerance = 1e-8)
  # Driscoll-Kraay with no lag: cluster sums by period.
  by_time <- tidy(weak_iv(pilot_did(two, panel, vcov = ~time)))
  panelwise <- tidy(weak_iv(pilot_did(two, panel, vcov = driscoll_kraay_vcov(lag = 0))))
  expect_equal(panelwise$statistic[panelwise$test == "kp_lm"], by_time$statistic[by_time$test == "kp_lm"], tolerance = 1e-8)
})
