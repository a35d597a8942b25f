# Slow, obvious versions of the spatial estimators: dense matrices, a dummy for every effect, optim().

# Nodes in an irregular plane with symmetric links, each at least one.
toy_weights <- function(n, seed, standardize = "row", symmetric = TRUE) {
  withr::local_seed(seed, .rng_kind = "Mersenne-Twister", .rng_normal_kind = "Inversion", .rng_sample_kind = "Rejection")
  repeat {
    m <- matrix(runif(n * n) < 4 / n, n) * matrix(runif(n * n, 0.2, 1), n)
    if (symmetric) m <- pmax(m, t(m))
    diag(m) <- 0
    if (all(rowSums(m) > 0)) break
  }
  m <- switch(standardize, row = m / rowSums(m), spectral = m / max(Mod(eigen(m)$values)), none = m)
  dimnames(m) <- list(seq_len(n), seq_len(n))
  m
}

toy_spatial_panel <- function(w, periods, seed, rho = 0.3, lambda = 0, theta = c(0.5, 0)) {
  withr::local_seed(seed, .rng_kind = "Mersenne-Twister", .rng_normal_kind = "Inversion", .rng_sample_kind = "Rejection")
  n <- nrow(w)
  data <- data.frame(unit = rep(seq_len(n), periods), time = rep(seq_len(periods), each = n))
  joins <- sample(rep(c(3L, 4L, periods + 1L), length.out = n))
  data$d <- as.integer(data$time >= joins[data$unit])
  data$x <- rnorm(n * periods) + data$unit / n
  wide <- function(v) matrix(v, n)
  e <- solve(diag(n) - lambda * w, wide(rnorm(n * periods)))
  signal <- wide(data$d - 0.5 * data$x + rnorm(n)[data$unit] + rnorm(periods)[data$time]) +
    w %*% wide(theta[1] * data$d + theta[2] * data$x) + e
  data$y <- as.vector(solve(diag(n) - rho * w, signal))
  data
}

# time-major y, X (with the lags wanted), and the dummies of the effects
dense_problem <- function(data, w, lagged, effects = c("unit", "time")) {
  data <- data[order(data$time, data$unit), ]
  periods <- max(data$time)
  big <- kronecker(diag(periods), w)
  x <- as.matrix(data[c("d", "x")])
  if (length(lagged)) {
    lags <- big %*% x[, lagged, drop = FALSE]
    colnames(lags) <- paste0("W:", lagged)
    x <- cbind(x, lags)
  }
  dummies <- matrix(1, nrow(data), 1L)
  if ("unit" %in% effects) dummies <- cbind(dummies, stats::model.matrix(~ factor(unit), data)[, -1L])
  if ("time" %in% effects) dummies <- cbind(dummies, stats::model.matrix(~ factor(time), data)[, -1L])
  list(y = data$y, x = x, dummies = dummies, w = w, big = big, n = nrow(w), periods = periods, effects = effects)
}

# Log-likelihood at (rho, lambda), all other parameters maximized out.
dense_likelihood <- function(rho, lambda, p, transformation = FALSE) {
  n <- p$n
  r <- diag(n * p$periods) - lambda * p$big
  s <- diag(n * p$periods) - rho * p$big
  z <- r %*% cbind(p$dummies, p$x)
  fit <- stats::lm.fit(z, as.vector(r %*% s %*% p$y))
  sse <- sum(fit$residuals^2)
  log_det <- function(a) if (a == 0) 0 else determinant(diag(n) - a * p$w)$modulus[1]
  m <- n * p$periods
  periods <- p$periods
  jacobian <- log_det(rho) + log_det(lambda)
  if (transformation) {
    unit <- "unit" %in% p$effects
    time <- "time" %in% p$effects
    periods <- periods - unit
    m <- (n - time) * periods
    if (time) jacobian <- jacobian - log(1 - rho) - log(1 - lambda)
  }
  beta <- fit$coefficients[ncol(p$dummies) + seq_len(ncol(p$x))]
  list(
    value = -m / 2 * (log(2 * pi * sse / m) + 1) + periods * jacobian, beta = unname(beta), sigma2 = sse / m
  )
}

dense_ml <- function(p, rho = TRUE, lambda = FALSE, transformation = FALSE, limit = 0.99) {
  f <- function(a) dense_likelihood(if (rho) a[1] else 0, if (lambda) a[length(a)] else 0, p, transformation)
  if (rho && lambda) {
    grid <- expand.grid(seq(-0.8, 0.8, 0.4), seq(-0.8, 0.8, 0.4))
    start <- unlist(grid[which.max(apply(grid, 1L, function(a) f(a)$value)), ])
    found <- stats::optim(start, function(a) if (any(abs(a) >= limit)) 1e10 else -f(a)$value, control = list(reltol = 1e-15, maxit = 2000))
    at <- found$par
  } else if (rho || lambda) {
    at <- stats::optimize(function(a) f(a)$value, c(-limit, limit), maximum = TRUE, tol = 1e-10)$maximum
  } else {
    at <- 0
  }
  at <- unname(at)
  best <- f(at)
  c(best, list(rho = if (rho) at[1] else 0, lambda = if (lambda) at[length(at)] else 0))
}

# Direct, indirect and total effects from the N x N matrices themselves.
dense_effects <- function(w, rho, beta, theta) {
  n <- nrow(w)
  m <- solve(diag(n) - rho * w) %*% (beta * diag(n) + theta * w)
  c(direct = mean(diag(m)), indirect = mean(rowSums(m)) - mean(diag(m)), total = mean(rowSums(m)))
}

# Lagrange multiplier tests with every matrix written out; J W J where time effects are removed.
dense_lagrange <- function(p, center) {
  n <- p$n
  unit <- "unit" %in% p$effects
  time <- "time" %in% p$effects
  j <- if (time) diag(n) - 1 / n else diag(n)
  w <- j %*% p$w %*% j
  periods <- p$periods - unit
  m <- (n - time) * periods
  off <- function(v) stats::lm.fit(p$dummies, v)$residuals
  x <- apply(p$x, 2L, off)
  e <- stats::lm.fit(x, off(p$y))$residuals
  s2 <- sum(e^2) / m
  wy <- off(as.vector(p$big %*% p$y))
  mean <- off(as.vector(p$big %*% (p$y - e)))
  left <- stats::lm.fit(x, mean)$residuals
  t <- periods * sum(diag(w %*% w + t(w) %*% w))
  shift <- if (center) periods * sum(diag(w)) else 0
  a <- sum(e * wy) / s2 - shift
  c <- sum(e * (p$big %*% e)) / s2 - shift
  jj <- sum(left^2) / s2 + t
  c(a^2 / jj, c^2 / t, (a - c)^2 / (jj - t), (c - t * a / jj)^2 / (t * (1 - t / jj)))
}

# Information matrix with explicit inverses, for the model with a dummy for every effect.
dense_information <- function(p, fit, rho = TRUE, lambda = FALSE) {
  n <- p$n
  eye <- diag(n)
  g <- function(a) p$w %*% solve(eye - a * p$w)
  matrices <- c(if (rho) list(g(fit$rho)), if (lambda) list(g(fit$lambda)))
  r <- kronecker(diag(p$periods), eye - fit$lambda * p$w)
  all <- r %*% cbind(p$dummies, p$x)
  k <- ncol(all)
  q <- length(matrices)
  info <- matrix(0, q + k + 1, q + k + 1)
  trace <- function(a) sum(diag(a))
  for (a in seq_len(q)) {
    for (b in seq_len(q)) {
      info[a, b] <- p$periods * (trace(matrices[[a]] %*% matrices[[b]]) + trace(t(matrices[[a]]) %*% matrices[[b]]))
    }
    info[a, q + k + 1] <- info[q + k + 1, a] <- p$periods * trace(matrices[[a]]) / fit$sigma2
  }
  beta <- q + seq_len(k)
  info[beta, beta] <- crossprod(all) / fit$sigma2
  if (rho) {
    s <- kronecker(diag(p$periods), eye - fit$rho * p$w)
    b <- stats::lm.fit(all, as.vector(r %*% s %*% p$y))$coefficients
    mean <- r %*% p$big %*% solve(s, cbind(p$dummies, p$x) %*% b)
    info[1, 1] <- info[1, 1] + sum(mean^2) / fit$sigma2
    info[1, beta] <- info[beta, 1] <- crossprod(all, mean) / fit$sigma2
  }
  info[q + k + 1, q + k + 1] <- n * p$periods / (2 * fit$sigma2^2)
  keep <- c(seq_len(q), q + ncol(p$dummies) + seq_len(ncol(p$x)))
  solve(info)[keep, keep]
}

# Moran's I and the variance under randomization, with double sums.
dense_moran <- function(x, w) {
  n <- length(x)
  z <- x - mean(x)
  s0 <- sum(w)
  s1 <- sum((w + t(w))^2) / 2
  s2 <- sum((rowSums(w) + colSums(w))^2)
  k <- n * sum(z^4) / sum(z^2)^2
  expected <- -1 / (n - 1)
  variance <- (n * (s1 * (n^2 - 3 * n + 3) - n * s2 + 3 * s0^2) - k * (s1 * (n^2 - n) - 2 * n * s2 + 6 * s0^2)) /
    ((n - 1) * (n - 2) * (n - 3) * s0^2) - expected^2
  c(estimate = n / s0 * sum(w * outer(z, z)) / sum(z^2), expected = expected, variance = variance)
}
