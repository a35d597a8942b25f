# Joint statements about several estimates: simultaneous bands, sup-t and Wald tests. All of them
# survive singular covariances (more terms than clusters, cells without variance).

# Draws behind a critical value: its simulation error at the 95 % point is then below 0.005.
band_draws <- 100000L

# The distribution of the largest |t| among estimates with covariance `v` (Montiel Olea and
# Plagborg-Moller 2019): list(draws, usable), usable = terms with a variance.
sup_t <- function(v, df = Inf, seed = 1, draws = band_draws) {
  usable <- which(is.finite(diag(v)) & diag(v) > 0)
  if (!length(usable)) return(list(draws = numeric(), usable = usable))
  root <- correlation_root(v[usable, usable, drop = FALSE])
  list(draws = cpp_sup_t(root, df, draws, seed), usable = usable)
}

# k x r, root %*% t(root) the correlation matrix; negative rounding is cut off and rows keep length one.
correlation_root <- function(v) {
  s <- sqrt(diag(v))
  e <- eigen(v / outer(s, s), symmetric = TRUE)
  kept <- e$values > singular_floor * max(e$values)
  root <- e$vectors[, kept, drop = FALSE] * rep(sqrt(e$values[kept]), each = nrow(v))
  root / sqrt(rowSums(root^2))
}

# Directions whose share of the variance is below this carry rounding only: covariances are right
# to about twelve digits.
singular_floor <- 1e-10

# Half the width of a simultaneous band in standard errors. Never below the pointwise value,
# which simulation error could otherwise do with a single term.
simultaneous_critical <- function(v, df, level, seed) {
  sup <- sup_t(v, df, seed)
  if (!length(sup$draws)) return(NA_real_)
  pointwise <- stats::qt(1 - (1 - level) / 2, df)
  if (length(sup$usable) == 1L) return(pointwise)
  max(pointwise, unname(stats::quantile(sup$draws, level, type = 1L)))
}

# H0: all b are zero, by the largest |t|; p = (1 + #)/(1 + draws).
sup_t_test <- function(b, v, df, seed) {
  sup <- sup_t(v, df, seed)
  if (!length(sup$draws)) return(list(statistic = NA_real_, p.value = NA_real_))
  statistic <- max(abs(b[sup$usable]) / sqrt(diag(v)[sup$usable]))
  list(statistic = statistic, p.value = (1 + sum(sup$draws >= statistic)) / (1 + length(sup$draws)))
}

# H0: all b are zero, by b' V^+ b. Terms without variance are left out; V^+ is the pseudo-inverse
# on the directions that have any, and the degrees of freedom are their number.
# Finite df: F = statistic / rank ~ F(rank, df); otherwise chi-squared(rank).
wald_test <- function(b, v, df = Inf) {
  usable <- is.finite(diag(v)) & diag(v) > 0
  none <- list(statistic = NA_real_, df = 0L, df2 = df, p.value = NA_real_, singular = FALSE)
  if (!any(usable)) return(none)
  s <- sqrt(diag(v)[usable])
  e <- eigen(v[usable, usable, drop = FALSE] / outer(s, s), symmetric = TRUE)
  kept <- e$values > singular_floor * max(e$values)
  rank <- sum(kept)
  rotated <- crossprod(e$vectors[, kept, drop = FALSE], unname(b[usable]) / s)
  statistic <- sum(rotated^2 / e$values[kept])
  if (is.finite(df)) statistic <- statistic / rank
  p <- if (is.finite(df)) {
    stats::pf(statistic, rank, df, lower.tail = FALSE)
  } else {
    stats::pchisq(statistic, rank, lower.tail = FALSE)
  }
  list(statistic = statistic, df = rank, df2 = df, p.value = p, singular = rank < length(b))
}
