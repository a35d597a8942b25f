# Covariance of instruments times residuals, jointly for several residuals, under any covariance of
# the package: the one thing that every test of instruments is computed from.

# regressors: P x k map, residuals: P x m map of fit_columns(). -> km x km, position j + k (l - 1)
# for regressor j and residual l, without small-sample factors.
joint_scores <- function(fit, regressors, residuals, spec) {
  regressors <- as.matrix(regressors)
  residuals <- as.matrix(residuals)
  if (spec$type == "iid") {
    r <- fit$root
    return(kronecker(
      crossprod(coordinates(r, residuals)) / fit$nobs, crossprod(coordinates(r, regressors))
    ))
  }
  if (spec$type %in% c("HC1", "cluster")) return(score_covariance(fit, regressors, residuals, spec))
  polarized_scores(fit, regressors, residuals, spec)
}

# A fit whose coefficients are the scores themselves has their covariance.
score_covariance <- function(fit, regressors, residuals, spec) {
  k <- ncol(regressors) * ncol(residuals)
  fit$maps <- list(residual = residuals, regressors = regressors)
  fit$bread <- fit$homoskedastic <- diag(k)
  fit$coefficients <- numeric(k)
  fit$rank <- 0L
  fit$scores <- NULL
  unname(compute_vcov(fit, spec, list(k = "none", g = "none"))$matrix)
}

# Covariances known for one residual at a time are quadratic in it:
# S(a, b) = (S(a + b) - S(a) - S(b)) / 2 up to the asymmetric part, which no test uses.
polarized_scores <- function(fit, regressors, residuals, spec) {
  k <- ncol(regressors)
  m <- ncol(residuals)
  own <- lapply(seq_len(m), function(l) score_covariance(fit, regressors, residuals[, l, drop = FALSE], spec))
  out <- matrix(0, k * m, k * m)
  block <- function(l) k * (l - 1L) + seq_len(k)
  for (a in seq_len(m)) {
    out[block(a), block(a)] <- own[[a]]
    for (b in seq_len(a - 1L)) {
      sum <- score_covariance(fit, regressors, residuals[, a, drop = FALSE] + residuals[, b, drop = FALSE], spec)
      out[block(a), block(b)] <- out[block(b), block(a)] <- (sum - own[[a]] - own[[b]]) / 2
    }
  }
  out
}

# What all diagnostics share: one pass over the data. Regressors are the orthonormal q = (q_z, q_d),
# residuals (y, d) with x taken off ("score" form), then with x and z taken off ("wald" form).
iv_scores <- function(fit, spec = fit$vcov_spec) {
  r <- fit$root
  w <- c(r$y, r$d)
  regressors <- cbind(basis_map(r, r$z, r$x), basis_map(r, r$d, c(r$x, r$z)))
  residuals <- cbind(residual_map(r, w, r$x), residual_map(r, w, c(r$x, r$z)))
  list(
    covariance = joint_scores(fit, regressors, residuals, spec),
    z = seq_along(r$z), all = seq_len(length(r$z) + length(r$d)), width = ncol(regressors),
    equations = length(w), spec = spec
  )
}

# Covariance between the scores of two combinations of the residuals (y, d), for the rows `at` of q.
# a, b: length 1 + K1. form: 0 for x taken off, 1 for x and z taken off.
score_block <- function(s, at, a, b = a, form = 0L) {
  out <- 0
  for (l in seq_len(s$equations)) {
    for (m in seq_len(s$equations)) {
      if (a[l] == 0 || b[m] == 0) next
      rows <- s$width * (form * s$equations + l - 1L) + at
      columns <- s$width * (form * s$equations + m - 1L) + at
      out <- out + a[l] * b[m] * s$covariance[rows, columns, drop = FALSE]
    }
  }
  out
}

# Large-sample chi2 -> F with the factors of ivreg2: L counts all exogenous columns and absorbed
# effects that are not nested in the clusters.
small_sample_scale <- function(fit, spec) {
  r <- fit$root
  n <- fit$nobs
  exogenous <- length(r$x) + length(r$z)
  first_stage <- fit
  first_stage$rank <- exogenous
  if (spec$type != "cluster") {
    df <- n - exogenous - fit$absorbed
    return(list(scale = df / n, df = df))
  }
  ways <- lapply(spec$by, cluster_codes, fit = fit)
  clusters <- min(vapply(ways, `[[`, 1, "levels"))
  parameters <- count_parameters(first_stage, list(k = "nested", g = "min"), ways)
  list(scale = (n - parameters) / (n - 1) * (clusters - 1) / clusters, df = clusters - 1)
}
