# The effective F of Montiel Olea and Pflueger (2013) and its critical values: one endogenous
# variable, any covariance.

# -> list(statistic, critical = matrix tau x (2sls, liml, simplified))
effective_f <- function(fit, s, level = 0.05, tau = c(0.05, 0.1, 0.2, 0.3)) {
  r <- fit$root
  small <- small_sample_scale(fit, s$spec)
  w <- reduced_form_covariance(s)
  pi <- r$root[r$z, r$d]
  left <- r$root[c(r$d, r$y), c(r$y, r$d), drop = FALSE]
  bias <- worst_bias(w, crossprod(left))
  critical <- vapply(c(bias, simplified = 1), function(b) {
    vapply(tau, function(t) effective_critical(w$d, b / t, level), 1)
  }, tau)
  rownames(critical) <- format(tau)
  list(statistic = sum(pi^2) / sum(diag(w$d)) * small$scale, critical = critical)
}

# Covariance of the reduced-form coefficients of orthonormal instruments, by equation.
reduced_form_covariance <- function(s) {
  y <- c(1, 0)
  d <- c(0, 1)
  list(
    y = score_block(s, s$z, y, form = 1L), d = score_block(s, s$z, d, form = 1L),
    yd = score_block(s, s$z, y, d, form = 1L)
  )
}

# Patnaik's approximation of the noncentral weighted chi-square: a chi-square with `degrees` degrees.
effective_critical <- function(w, x, level) {
  share <- eigen(w, symmetric = TRUE, only.values = TRUE)$values / sum(diag(w))
  degrees <- 2 * (1 + 2 * x) / (2 * sum(share^2) + 4 * x * max(share))
  stats::qchisq(1 - level, degrees, degrees * x) / degrees
}

# Largest Nagar bias relative to the benchmark, over all values of the coefficient and directions of
# the first stage (their Theorem 1). The coefficient runs over the line as s tan(angle); the
# bias is smooth in the angle, so that the best of a grid of 200 is polished by optimize().
worst_bias <- function(w, omega) {
  scale <- sqrt(sum(diag(w$y)) / sum(diag(w$d)))
  yd <- (w$yd + t(w$yd)) / 2
  trace <- c(y = sum(diag(w$y)), yd = sum(diag(yd)), d = sum(diag(w$d)))
  single <- length(yd) == 1L
  bias <- function(angle, liml) {
    a <- cos(angle)
    b <- scale * sin(angle)
    trace1 <- a^2 * trace[[1L]] - 2 * a * b * trace[[2L]] + b^2 * trace[[3L]]
    trace12 <- a * trace[[2L]] - b * trace[[3L]]
    s12 <- a * yd - b * w$d
    if (liml) {
      slope <- (a * omega[1L, 2L] - b * omega[2L, 2L]) /
        (a^2 * omega[1L, 1L] - 2 * a * b * omega[1L, 2L] + b^2 * omega[2L, 2L])
      middle <- trace12 - slope * trace1
      spread <- 2 * s12 - slope * (a^2 * w$y - 2 * a * b * yd + b^2 * w$d)
    } else {
      middle <- trace12
      spread <- 2 * s12
    }
    ends <- if (single) spread else range(eigen(spread, symmetric = TRUE, only.values = TRUE)$values)
    max(abs(middle - ends)) / sqrt(trace1 * trace[[3L]])
  }
  grid <- seq(-pi / 2, pi / 2, length.out = 201L)
  vapply(c(`2sls` = FALSE, liml = TRUE), function(liml) {
    value <- vapply(grid, bias, 1, liml = liml)
    best <- grid[which.max(value)]
    step <- grid[2L] - grid[1L]
    max(value, stats::optimize(bias, best + c(-step, step), liml = liml, maximum = TRUE, tol = 1e-10)$objective)
  }, 1)
}
