# Slow and obvious versions of the inference of the package, for the tests.

# Great-circle distances in kilometers between all rows (haversine).
reference_distance <- function(latitude, longitude) {
  radians <- pi / 180
  a <- outer(latitude, latitude, "-") * radians
  b <- outer(longitude, longitude, "-") * radians
  h <- sin(a / 2)^2 + outer(cos(latitude * radians), cos(latitude * radians)) * sin(b / 2)^2
  2 * 6371.0088 * asin(pmin(1, sqrt(h)))
}

# sum over all pairs of rows of K(d) 1{same time} s s' + within-unit Bartlett lags.
reference_conley <- function(scores, latitude, longitude, unit, time, cutoff, kernel, lag) {
  d <- reference_distance(latitude, longitude)
  k <- if (kernel == "uniform") (d <= cutoff) * 1 else pmax(0, 1 - d / cutoff)
  k <- k * outer(time, time, "==")
  gap <- abs(outer(time, time, "-"))
  serial <- outer(unit, unit, "==") * (gap > 0) * pmax(0, 1 - gap / (lag + 1))
  crossprod(scores, (k + serial) %*% scores)
}

# The regression on dummies by lm.fit: scores and bread of the first columns.
reference_regression <- function(y, x, unit, time, w = rep(1, length(y))) {
  d <- cbind(x, stats::model.matrix(~ factor(unit) + factor(time)))
  q <- qr(d * sqrt(w))
  d <- d[, q$pivot[seq_len(q$rank)], drop = FALSE]
  inverse <- solve(crossprod(d * sqrt(w)))
  b <- inverse %*% crossprod(d, w * y)
  e <- as.vector(y - d %*% b)
  list(coefficients = b, residuals = e, x = d, inverse = inverse, scores = d * (w * e))
}
