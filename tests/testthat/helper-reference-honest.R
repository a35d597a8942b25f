# Slow, obvious versions in plain R of what honest_did() and pretrend_power() compute.

# Half length of the shortest fixed-length interval under smoothness M: a general-purpose minimizer over
# the weights on the estimates before the reference, from many starts. before, after: numbers of estimates.
reference_flci <- function(estimate, vcov, before, target, bound, alpha = 0.05) {
  after <- length(target)
  second <- diff(diag(before + 1 + after), differences = 2)[, -(before + 1), drop = FALSE]
  # Worst bias of weights l that are orthogonal to linear trends: l = second' c, then M sum |c|.
  weights <- function(free) {
    time <- -before:-1
    last <- -(sum(free * time[-before]) + sum(target * seq_len(after))) / time[before]
    c(free, last, target)
  }
  half <- function(free) {
    l <- weights(free)
    coefficient <- qr.solve(t(second), l)
    sd <- sqrt(sum(l * (vcov %*% l)))
    b <- bound * sum(abs(coefficient)) / sd
    sd * stats::uniroot(function(x) stats::pnorm(x - b) - stats::pnorm(-x - b) - 1 + alpha, c(0, b + 5), tol = 1e-13)$root
  }
  start <- rep(0, before - 1)
  best <- Inf
  for (i in 1:12) {
    found <- stats::optim(start, half, control = list(reltol = 1e-14, maxit = 5000))
    best <- min(best, found$value)
    start <- found$par
  }
  best
}

# max g'y over the vertices of {W'g = e1, g >= 0}, by trying every basis.
reference_vertices <- function(w) {
  p <- ncol(w)
  sets <- utils::combn(nrow(w), p, simplify = FALSE)
  vertices <- lapply(sets, function(s) {
    b <- t(w[s, , drop = FALSE])
    if (abs(det(b)) < 1e-10) return(NULL)
    g <- solve(b, c(1, rep(0, p - 1)))
    if (any(g < -1e-9)) return(NULL)
    replace(numeric(nrow(w)), s, g)
  })
  do.call(rbind, vertices)
}

# The conditional test of one target, with the truncation read off all vertices.
reference_conditional <- function(problem, target, alpha) {
  vertices <- reference_vertices(cbind(1, problem$nuisance))
  y <- problem$moments - target * problem$slope
  values <- as.vector(vertices %*% y)
  g <- vertices[which.max(values), ]
  eta <- max(values)
  if (eta <= 0) return(TRUE)
  sigma <- tcrossprod(problem$root)
  variance <- sum(g * (sigma %*% g))
  b <- as.vector(sigma %*% g) / variance
  rest <- y - b * eta
  # Where another vertex overtakes: its value is linear in the statistic.
  level <- as.vector(vertices %*% rest)
  rise <- as.vector(vertices %*% b)
  cross <- level / (1 - rise)
  low <- max(-Inf, cross[1 - rise > 1e-9 & cross <= eta + 1e-9 & abs(level) + abs(1 - rise) > 1e-9])
  high <- min(Inf, cross[1 - rise < -1e-9])
  z <- c(eta, low, high) / sqrt(variance)
  tail <- stats::pnorm(z[1], lower.tail = FALSE) - stats::pnorm(z[3], lower.tail = FALSE)
  tail / (stats::pnorm(z[2], lower.tail = FALSE) - stats::pnorm(z[3], lower.tail = FALSE)) >= alpha
}
