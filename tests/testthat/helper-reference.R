# Slow, obvious plain-R versions of what the core does.

# Least squares with a dummy for every level, and the clustered covariance of its coefficients.
# effects: list of vectors; slopes: list of list(by, x); clusters: list of vectors.
reference_ols <- function(y, X, effects = list(), slopes = list(), w = rep(1, length(y)), clusters = NULL) {
  dummies <- do.call(cbind, c(
    lapply(effects, dummies_of),
    lapply(slopes, function(s) dummies_of(s$by) * s$x)
  ))
  root <- sqrt(w)
  X <- as.matrix(X)
  if (!is.null(dummies)) {
    q <- qr(root * dummies)
    X_tilde <- qr.resid(q, root * X)
    y_tilde <- qr.resid(q, root * y)
  } else {
    X_tilde <- root * X
    y_tilde <- root * y
    q <- list(rank = 0)
  }
  fit <- qr(X_tilde)
  beta <- qr.coef(fit, y_tilde)
  e <- y_tilde - X_tilde %*% beta
  bread <- solve(crossprod(X_tilde))
  scores <- X_tilde * as.vector(e)
  list(
    coefficients = drop(beta), residuals = drop(e) / root, rss = sum(e^2), bread = bread,
    scores = scores, absorbed = q$rank, nobs = length(y),
    meat = function(by) crossprod(rowsum(scores, by))
  )
}

dummies_of <- function(f) 1 * outer(f, unique(f), `==`)

# rank of all effects less that of the nested ones, plus one: the count behind (N - 1) / (N - K).
reference_parameters <- function(effects, nested, k) {
  rank_of <- function(list) if (!length(list)) 0 else qr(do.call(cbind, lapply(list, dummies_of)))$rank
  all <- rank_of(effects)
  if (!any(nested)) k + all else max(k + all - rank_of(effects[nested]) + 1, k + 1)
}
