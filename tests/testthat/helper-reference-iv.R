# Slow, obvious versions: explicit dummies, n x k matrices, the formulas of the papers line by line.

reference_iv_data <- function(design_formula, data, y, x, d, z) {
  dummies <- stats::model.matrix(design_formula, data)
  list(
    y = data[[y]], d = as.matrix(data[d]), z = as.matrix(data[z]),
    x = cbind(dummies, as.matrix(data[x]))
  )
}

annihilate <- function(x, v) qr.resid(qr(x), v)

reference_kclass <- function(v, kappa) {
  big_x <- cbind(v$d, v$x)
  mz <- annihilate(cbind(v$x, v$z), big_x)
  solve(crossprod(big_x) - kappa * crossprod(big_x, mz), crossprod(big_x, v$y) - kappa * crossprod(mz, v$y))[, 1]
}

# Sums of rows of `scores` by cluster (NULL: rows are their own), and their outer product.
reference_meat <- function(scores, cluster = NULL) {
  if (!is.null(cluster)) scores <- rowsum(scores, cluster)
  crossprod(scores)
}

# Kleibergen and Paap (2006): theta = G Pi F', full Kronecker algebra.
reference_kp <- function(v, cluster = NULL, wald = FALSE) {
  y <- annihilate(v$x, v$d)
  z <- annihilate(v$x, v$z)
  n <- nrow(y)
  k1 <- ncol(y)
  l1 <- ncol(z)
  qzz <- crossprod(z) / n
  qyy <- crossprod(y) / n
  pi <- solve(qzz, crossprod(z, y) / n)
  rzz <- t(chol(qzz))
  iryy <- solve(t(chol(qyy)))
  irzz <- solve(rzz)
  theta <- t(rzz) %*% pi %*% t(iryy)
  s <- svd(theta, nu = l1, nv = k1)
  q <- k1 - 1
  u12 <- s$u[seq_len(q), (q + 1):l1, drop = FALSE]
  u22 <- s$u[(q + 1):l1, (q + 1):l1, drop = FALSE]
  v12 <- s$v[seq_len(q), k1, drop = FALSE]
  v22 <- s$v[k1, k1, drop = FALSE]
  root <- function(m) {
    e <- eigen(m, symmetric = TRUE)
    e$vectors %*% (sqrt(pmax(e$values, 0)) * t(e$vectors))
  }
  a <- rbind(u12, u22) %*% solve(u22) %*% root(u22 %*% t(u22))
  b <- root(v22 %*% t(v22)) %*% solve(t(v22)) %*% t(rbind(v12, v22))
  residual <- if (wald) y - z %*% pi else y
  scores <- do.call(cbind, lapply(seq_len(k1), function(j) z * residual[, j]))
  shat <- reference_meat(scores, cluster) / n
  vhat <- kronecker(iryy, irzz) %*% shat %*% t(kronecker(iryy, irzz))
  lambda <- kronecker(b, t(a)) %*% as.vector(theta)
  covariance <- kronecker(b, t(a)) %*% vhat %*% t(kronecker(b, t(a)))
  n * drop(crossprod(lambda, solve(covariance, lambda)))
}

# Wald statistic of the instruments in the regression of y - d b on (z, x).
reference_ar <- function(v, b, cluster = NULL) {
  e <- v$y - drop(v$d %*% b)
  z <- annihilate(v$x, v$z)
  delta <- solve(crossprod(z), crossprod(z, e))
  residual <- annihilate(cbind(v$x, v$z), e)
  bread <- solve(crossprod(z))
  covariance <- bread %*% reference_meat(z * residual, cluster) %*% bread
  drop(crossprod(delta, solve(covariance, delta)))
}

# Two-step GMM with all exogenous columns as moments, and its J statistic.
reference_gmm <- function(v, cluster = NULL) {
  big_x <- cbind(v$d, v$x)
  big_z <- cbind(v$z, v$x)
  e <- v$y - big_x %*% reference_kclass(v, 1)
  w <- solve(reference_meat(big_z * drop(e), cluster))
  xz <- crossprod(big_x, big_z)
  b <- solve(xz %*% w %*% t(xz), xz %*% w %*% crossprod(big_z, v$y))
  g <- crossprod(big_z, v$y - big_x %*% b)
  list(coefficients = b[, 1], j = drop(crossprod(g, w %*% g)))
}

# Lags by a look-up of (unit, time - k), one row at a time.
reference_lag <- function(x, unit, time, k) {
  vapply(seq_along(x), function(i) {
    j <- which(unit == unit[i] & time == time[i] - k)
    if (length(j)) as.numeric(x[j]) else NA_real_
  }, 1)
}
