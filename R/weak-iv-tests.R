# Rows of weak_iv() that test coefficients, instruments and endogeneity.

# H0: beta = beta0. g = q_z'(y - d beta0), with residuals from the reduced form (Anderson-Rubin) or
# under the null (Stock-Wright).
robust_rows <- function(fit, s, small, beta0) {
  r <- fit$root
  l1 <- length(r$z)
  null <- paste0("coefficients equal ", paste(format(beta0), collapse = ", "))
  a <- c(1, -beta0)
  g <- as.vector(r$root[r$z, c(r$y, r$d), drop = FALSE] %*% a)
  wald <- quadratic(g, score_block(s, s$z, a, form = 1L))
  score <- quadratic(g, score_block(s, s$z, a, form = 0L))
  list(
    or_singular(test_row("anderson_rubin", wald * small$scale / l1, l1, null, small$df)),
    or_singular(test_row("anderson_rubin_chi2", wald, l1, null)),
    or_singular(test_row("stock_wright", score, l1, null)),
    clr_row(r, beta0, null)
  )
}

# Moreira's conditional likelihood ratio for iid errors, one endogenous variable.
clr_row <- function(r, beta0, null) {
  if (length(r$d) > 1L) return(undefined_row("clr", null, "undefined: only for one endogenous variable"))
  w <- c(r$y, r$d)
  left <- r$root[c(r$d, r$y), w, drop = FALSE]
  omega <- crossprod(left) / r$denominator
  zy <- r$root[r$z, w, drop = FALSE]
  b0 <- c(1, -beta0)
  a0 <- solve(omega, c(beta0, 1), tol = 0)
  s <- zy %*% b0 / sqrt(sum(b0 * (omega %*% b0)))
  t <- zy %*% a0 / sqrt(sum(a0 * c(beta0, 1)))
  qs <- sum(s^2)
  qt <- sum(t^2)
  lr <- (qs - qt + sqrt((qs + qt)^2 - 4 * (qs * qt - sum(s * t)^2))) / 2
  test_row("clr", lr, length(r$z), null, p.value = clr_p_value(lr, qt, length(r$z)), note = "assumes iid errors")
}

# P(LR > m | q_T) (Andrews, Moreira and Stock 2007, equation 3.7) with s = sin(angle), which removes
# the singularity of the integrand at k = 2.
clr_p_value <- function(m, qt, k) {
  if (k == 1L) return(stats::pchisq(m, 1, lower.tail = FALSE))
  if (m <= 0) return(1)
  constant <- 2 * exp(lgamma(k / 2) - lgamma((k - 1) / 2)) / sqrt(pi)
  tail <- function(angle) {
    bound <- (qt + m) / (1 + qt * sin(angle)^2 / m)
    stats::pchisq(bound, k, lower.tail = FALSE) * cos(angle)^(k - 2)
  }
  # 1e-10: the p-value is shown to four digits and compared with others to eight.
  min(constant * stats::integrate(tail, 0, pi / 2, rel.tol = 1e-10, stop.on.error = FALSE)$value, 1)
}

# Smallest value of (m - G b)' S^-1 (m - G b) over b.
gmm_objective <- function(m, g, s) {
  scale <- sqrt(diag(s))
  if (any(scale == 0) || rcond(s / outer(scale, scale)) < 1e-12) return(NA_real_)
  root <- chol(s / outer(scale, scale))
  white <- function(x) backsolve(root, as.matrix(x) / scale, transpose = TRUE)
  sum(qr.resid(qr(white(g)), white(m))^2)
}

overidentification_rows <- function(fit, s) {
  r <- fit$root
  df <- length(r$z) - length(r$d)
  null <- "all instruments are uncorrelated with the error"
  if (df == 0L) {
    why <- "undefined: the model is just identified, no instrument is left to test"
    return(lapply(c("sargan", "hansen_j"), undefined_row, null = null, why = why))
  }
  e <- coordinates(r, fit$maps$residual)
  first <- solve_kclass(r, 1)$coefficients[seq_along(r$d)]
  m <- r$root[r$z, r$y]
  g <- r$root[r$z, r$d, drop = FALSE]
  j <- gmm_objective(m, g, score_block(s, s$z, c(1, -first)))
  iid <- s$spec$type == "iid"
  list(
    test_row("sargan", fit$nobs * sum(e[r$z]^2) / sum(e^2), df, null, note = if (iid) "" else "assumes iid errors"),
    or_singular(test_row("hansen_j", j, df, null, note = if (iid) "equals Sargan's statistic of 2SLS under iid errors" else ""))
  )
}

# Is OLS consistent? All four compare it with the instrumented fit through the moments of q = (q_z, q_d).
endogeneity_rows <- function(fit, s) {
  r <- fit$root
  k1 <- length(r$d)
  both <- c(r$z, r$d)
  null <- "the endogenous variables are exogenous"
  g <- r$root[both, r$d, drop = FALSE]
  m <- r$root[both, r$y]
  ols <- qr.coef(qr(g), m)
  residual <- m - g %*% ols
  # The first-stage residuals, less what the regressors explain of them.
  v <- rbind(matrix(0, length(r$z), k1), r$root[r$d, r$d, drop = FALSE])
  v <- qr.resid(qr(g), v)
  score <- crossprod(v, residual)
  explained <- quadratic(score, crossprod(v))
  rss <- sum(residual^2) + r$root[r$y, r$y]^2
  df2 <- r$denominator + length(r$z) - 2 * k1
  robust <- score_block(s, s$all, c(1, -ols))
  c_statistic <- gmm_objective(m, g, robust) -
    gmm_objective(m[s$z], g[s$z, , drop = FALSE], robust[s$z, s$z, drop = FALSE])
  wooldridge <- quadratic(score, crossprod(v, robust %*% v))
  note <- if (s$spec$type == "iid") "" else "assumes iid errors"
  list(
    test_row("durbin", fit$nobs * explained / rss, k1, null, note = note),
    test_row("wu_hausman", (explained / k1) / ((rss - explained) / df2), k1, null, df2, note = note),
    or_singular(test_row("endogeneity_c", c_statistic, k1, null)),
    or_singular(test_row("wooldridge", wooldridge, k1, null))
  )
}
