# Instrumental variables in the coordinates of the triangular root R of the second moments,
# columns in the order (x exogenous, z instruments, d endogenous, y outcome): R'R = C'MC. The upper
# rows of a column are its projection on the columns before it, the lower ones its residual.

# design -> list(root, x, z, d, y: kept positions in the root; column: position in fit_columns())
iv_root <- function(design, absorbed, options) {
  sizes <- c(y = 1L, x = length(design$regressors), d = length(design$endogenous), z = length(design$instruments))
  block <- split(seq_len(sum(sizes)), factor(rep(names(sizes), sizes), names(sizes)))
  column <- unname(unlist(block[c("x", "z", "d", "y")]))
  columns <- fit_columns(list(design = design))
  core <- cpp_triangle(absorbed, columns, column - 1L, options)
  refuse_not_converged(core$moments, options)
  names <- c("", names(columns)[-1L])[column]
  place <- split(seq_along(column), factor(rep(c("x", "z", "d", "y"), sizes[c("x", "z", "d", "y")]), c("x", "z", "d", "y")))
  report_iv_standing(core, place, names, design)
  kept <- lapply(place, function(at) at[core$standing[at] == 0L])
  c(
    list(root = core$root, column = column, names = names, y = place$y, moments = core$moments, orthogonal = core$orthogonal),
    kept[c("x", "z", "d")]
  )
}

# Position in the root -> map of fit_columns() for that column.
column_map <- function(r, at) {
  map <- matrix(0, length(r$column), length(at))
  map[cbind(r$column[at], seq_along(at))] <- 1
  map
}

# Map of what is left of the columns `at` once the columns `on` (leading ones of R) are taken off.
residual_map <- function(r, at, on) {
  map <- column_map(r, at)
  if (!length(on)) return(map)
  map - column_map(r, on) %*% backsolve(r$root[on, on, drop = FALSE], r$root[on, at, drop = FALSE])
}

# Map of the orthonormal basis of the columns `at` given `on`: M_on C_at R_at,at^-1.
basis_map <- function(r, at, on = integer()) {
  if (!length(at)) return(matrix(0, length(r$column), 0L))
  residual_map(r, at, on) %*% backsolve(r$root[at, at, drop = FALSE], diag(length(at)))
}

# Coordinates in the rows of R of what a map makes.
coordinates <- function(r, map) r$root %*% as.matrix(map)[r$column, , drop = FALSE]

# Every estimator is linear in the moments q'y of the orthonormal exogenous columns q = (q_x, q_z):
# or, for the k-class, of the endogenous ones too. -> list(coefficients (d, x), bread, regressors
# (map of the projected regressors whose scores sum to zero), homoskedastic (bread under iid))
solve_iv <- function(r, method, kappa, fuller, weight = NULL) {
  k <- length(r$d) + length(r$x)
  kappa <- switch(method,
    "2sls" = 1, gmm = 1, liml = liml_kappa(r), fuller = liml_kappa(r) - fuller / r$denominator, kclass = kappa
  )
  out <- if (method == "gmm" && !is.null(weight)) solve_gmm(r, weight) else solve_kclass(r, kappa)
  out$kappa <- kappa
  names(out$coefficients) <- r$names[c(r$d, r$x)]
  dimnames(out$bread) <- NULL
  out$residual <- column_map(r, r$y) - column_map(r, c(r$d, r$x)) %*% out$coefficients
  out
}

# (X'(I - kappa M_Z)X)^-1 X'(I - kappa M_Z)y with X = (d, x). With kappa = 1 by QR, which the
# normal equations of other values of kappa cannot have: 1 - kappa may be negative.
solve_kclass <- function(r, kappa) {
  e <- c(r$x, r$z)
  projected <- r$root[e, c(r$d, r$x), drop = FALSE]
  left <- r$root[r$d, r$d, drop = FALSE]
  scale <- sqrt(colSums(projected^2))
  g <- sweep(projected, 2L, scale, "/")
  if (kappa == 1) {
    qr <- qr(g, tol = 0, LAPACK = FALSE)
    b <- qr.coef(qr, r$root[e, r$y])
    inverse <- chol2inv(qr.R(qr))
  } else {
    d <- seq_along(r$d)
    a <- crossprod(g)
    h <- crossprod(g, r$root[e, r$y])
    left_scaled <- sweep(left, 2L, scale[d], "/")
    a[d, d] <- a[d, d] + (1 - kappa) * crossprod(left_scaled)
    h[d] <- h[d] + (1 - kappa) * crossprod(left_scaled, r$root[r$d, r$y])
    inverse <- solve(a, tol = 0)
    b <- inverse %*% h
  }
  # Scores of the projected regressors, also for kappa != 1: as ivregress and ivreg2.
  regressors <- cbind(basis_map(r, e) %*% projected[, seq_along(r$d), drop = FALSE], column_map(r, r$x))
  bread <- inverse / outer(scale, scale)
  list(coefficients = as.vector(b) / scale, bread = bread, regressors = regressors, homoskedastic = bread)
}

# Two-step GMM. weight: covariance of the moments (q_x, q_z)'e. Minimizing over the coefficients of
# the exogenous regressors leaves the block of q_z alone (Frisch-Waugh-Lovell), so only that one is
# inverted and the number of clusters need not exceed the number of controls.
solve_gmm <- function(r, weight) {
  x <- seq_along(r$x)
  z <- length(r$x) + seq_along(r$z)
  g <- r$root[r$z, r$d, drop = FALSE]
  w <- solve_spd(weight[z, z, drop = FALSE])
  own <- solve_spd(crossprod(g, w %*% g)) %*% crossprod(g, w)
  rest <- diag(length(r$z)) - g %*% own
  controls <- if (length(x)) {
    backsolve(r$root[r$x, r$x, drop = FALSE], cbind(
      diag(length(x)), -r$root[r$x, r$d, drop = FALSE] %*% own - weight[x, z, drop = FALSE] %*% w %*% rest
    ))
  }
  h <- rbind(cbind(matrix(0, length(r$d), length(x)), own), controls)
  e <- c(r$x, r$z)
  list(
    coefficients = as.vector(h %*% r$root[e, r$y]), bread = diag(nrow(h)),
    regressors = basis_map(r, e) %*% t(h), homoskedastic = tcrossprod(h)
  )
}

# Inverse of a covariance matrix, scaled first: moments of different units must not matter.
solve_spd <- function(v) {
  s <- sqrt(diag(v))
  chol2inv(chol(v / outer(s, s))) / outer(s, s)
}

# Smallest eigenvalue of (W'M_Z W)^-1 W'M_X W with W = (d, y): 1 when just identified.
liml_kappa <- function(r) {
  w <- c(r$d, r$y)
  if (length(r$z) < length(w)) return(1)
  ratio <- r$root[r$z, w, drop = FALSE] %*% backsolve(r$root[w, w, drop = FALSE], diag(length(w)))
  1 + min(svd(ratio, 0L, 0L)$d)^2
}
