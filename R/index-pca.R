# Principal components of the correlation matrix, by group of rows.

# Coefficients of the composite on the standardized indicators,
#   c_j = sum_m (lambda_m / sum lambda) v_jm  over the components kept,
# each component with the sign that makes its coefficients sum to a positive number.
pca_composite <- function(moments, direction, components, g, n) {
  used <- which(!moments$constant[, g])
  correlation <- directed_correlation(moments, direction, g)[used, used, drop = FALSE]
  decomposition <- eigen(correlation, symmetric = TRUE)
  values <- pmax(decomposition$values, 0)
  kept <- seq_len(components_kept(values, components))
  vectors <- decomposition$vectors[, kept, drop = FALSE]
  vectors <- sweep(vectors, 2, ifelse(colSums(vectors) < 0, -1, 1), `*`)
  coefficient <- numeric(length(direction))
  coefficient[used] <- vectors %*% (values[kept] / sum(values[kept]))
  list(
    coefficient = coefficient, eigenvalues = values, components = length(kept),
    share = sum(values[kept]) / sum(values), adequacy = sampling_adequacy(correlation, n)
  )
}

# "kaiser": eigenvalue above 1; a share: the fewest components that reach it; or their number.
components_kept <- function(values, components) {
  if (identical(components, "kaiser")) return(max(1L, sum(values > 1)))
  if (components >= 1) return(min(as.integer(components), length(values)))
  # cumsum() may end a rounding error below 1.
  which(cumsum(values) / sum(values) >= components - 1e-12)[1]
}

# Kaiser-Meyer-Olkin measure and Bartlett's test of sphericity; NA where the correlation matrix
# is singular to working precision, because both need its inverse.
sampling_adequacy <- function(correlation, n) {
  p <- nrow(correlation)
  df <- p * (p - 1) / 2
  root <- if (p > 1L && rcond(correlation) > .Machine$double.eps) {
    tryCatch(chol(correlation), error = function(e) NULL)
  }
  if (is.null(root)) {
    return(c(kmo = NA, bartlett.statistic = NA, bartlett.df = df, bartlett.p.value = NA))
  }
  inverse <- chol2inv(root)
  partial <- -inverse / sqrt(outer(diag(inverse), diag(inverse)))
  off <- row(correlation) != col(correlation)
  r2 <- sum(correlation[off]^2)
  statistic <- -(n - 1 - (2 * p + 5) / 6) * 2 * sum(log(diag(root)))
  c(
    kmo = r2 / (r2 + sum(partial[off]^2)), bartlett.statistic = statistic, bartlett.df = df,
    bartlett.p.value = stats::pchisq(statistic, df, lower.tail = FALSE)
  )
}

pca_groups <- function(moments, direction, spec) {
  lapply(seq_len(ncol(moments$min)), function(g) {
    pca_composite(moments, direction, spec$components, g, moments$weight[1, g])
  })
}
