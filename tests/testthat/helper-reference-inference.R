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

# Staggered panels with units that never join: first treated year, status, two controls.
event_panel <- function(seed, units = 40, periods = 10) {
  withr::local_seed(seed, .rng_kind = "Mersenne-Twister", .rng_normal_kind = "Inversion", .rng_sample_kind = "Rejection")
  data <- expand.grid(year = 2009 + seq_len(periods), id = seq_len(units))
  first <- sample(c(NA, 2013, 2014, 2016), units, TRUE)
  data$first <- first[data$id]
  if (seed %% 2 == 0) data <- data[runif(nrow(data)) < 0.85, ]
  n <- nrow(data)
  data$status <- as.integer(!is.na(data$first) & data$year >= data$first)
  data$province <- data$id %% 9
  data$x1 <- rnorm(n) + data$id / 10
  data$x2 <- rexp(n)
  data$w <- runif(n, 0.3, 2)
  data$y <- data$status * (data$year - ifelse(is.na(data$first), 0, data$first)) / 3 + data$x1 + sin(data$id) +
    data$year / 5 + rnorm(n)
  # Cohorts are derived from the status: a unit must be seen before and after it joins.
  joins <- tapply(data$status, data$id, function(s) min(s) == 0 && max(s) == 1)
  data <- data[is.na(data$first) | joins[as.character(data$id)], ]
  # With rows missing the status first shows later than the year of the pilot.
  shown <- tapply(ifelse(data$status == 1, data$year, NA), data$id, function(x) if (all(is.na(x))) NA else min(x, na.rm = TRUE))
  data$first <- as.vector(shown[as.character(data$id)])
  data[sample(nrow(data)), ]
}

event_spec <- function(seed) {
  list(
    window = list(NULL, c(-3, 3), c(-4, 2), c(-2, 4))[[1 + seed %% 4]], bin = seed %% 3 != 0,
    reference = list(-1, -2, c(-3, -1))[[1 + (seed %/% 2) %% 3]][if (seed %% 4 == 3) 1 else TRUE],
    weighted = seed %% 3 == 1, vcov = list(~id, ~province, "iid", "hetero")[[1 + (seed %/% 2) %% 4]]
  )
}
