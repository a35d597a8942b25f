# Fixed-length confidence intervals under a bound on the second differences of the violation:
# a linear estimator, its half length from its standard deviation and its worst bias.

# With cumulative weights u_j = w_1 + ... + w_j on the slopes before the reference, the last of them
# fixed by the target, the worst bias is M (floor + sum |u_j|) and the variance quadratic in u. The estimators
# worth a look are thus a lasso path, the same for all M; the best of them for one M lies on it.
# -> list(nodes: u at the kinks, from the least bias to the least variance; weights = offset + free u;
#   floor: the bias per M at u = 0)
flci_path <- function(source, target) {
  before <- sum(source$pre)
  after <- sum(source$post)
  total <- sum(seq_len(after) * target)
  # What the second differences after the reference add to the bias, whatever the weights.
  floor <- sum(abs(vapply(seq_len(after), function(s) sum(seq_len(s) * target[after - s + seq_len(s)]), 1)))
  steps <- cumulative_to_weights(before)
  offset <- c(steps[, before] * total, target)
  free <- rbind(steps[, -before, drop = FALSE], matrix(0, after, before - 1L))
  nodes <- lasso_path(free, offset, source$vcov)
  list(nodes = nodes, offset = offset, free = free, floor = floor)
}

# u (cumulated) -> w = first differences of u -> weights on the estimates before the reference,
# l_1 = w_1, l_j = w_j - w_(j-1).
cumulative_to_weights <- function(before) {
  slopes <- diag(before)
  if (before > 1L) {
    slopes[cbind(2:before, 1:(before - 1L))] <- -1
  }
  slopes %*% slopes
}

# min (offset + free u)' V (offset + free u) / 2 + lambda sum |u|, all lambda: rows of u at the kinks,
# from lambda = infinity (u = 0) to 0. Homotopy of Osborne, Presnell and Turlach (2000).
lasso_path <- function(free, offset, v) {
  k <- ncol(free)
  if (k == 0L) return(matrix(0, 1L, 0L))
  h <- crossprod(free, v %*% free)
  g <- as.vector(crossprod(free, v %*% offset))
  u <- rep(0, k)
  gradient <- -g
  lambda <- max(abs(gradient))
  active <- which.max(abs(gradient))
  path <- list(u)
  # Each variable enters and leaves a few times at most; 50 k is a guard against rounding.
  for (step in seq_len(50L * k)) {
    if (lambda <= 0 || !length(active)) break
    sign <- ifelse(u[active] != 0, sign(u[active]), sign(gradient[active]))
    direction <- solve_semidefinite(h[active, active, drop = FALSE], sign)
    change <- as.vector(h[, active, drop = FALSE] %*% direction)
    move <- lasso_step(u, gradient, lambda, active, direction, change)
    u[active] <- u[active] + move$length * direction
    gradient <- gradient - move$length * change
    lambda <- lambda - move$length
    if (length(move$leaves)) u[move$leaves] <- 0
    path <- c(path, list(u))
    active <- c(setdiff(active, move$leaves), move$enters)
    if (move$last) break
  }
  do.call(rbind, path)
}

# How far lambda falls until another variable's gradient reaches it, or one in use crosses zero.
lasso_step <- function(u, gradient, lambda, active, direction, change) {
  idle <- setdiff(seq_along(u), active)
  # Ties with the step just made are not steps: a relative 1e-12 of the penalty.
  least <- 1e-12 * lambda
  enter <- pmin(
    positive_or_inf((lambda - gradient[idle]) / (1 - change[idle]), least),
    positive_or_inf((lambda + gradient[idle]) / (1 + change[idle]), least)
  )
  leave <- positive_or_inf(-u[active] / direction, least)
  length <- min(lambda, enter, leave)
  list(
    length = length, last = length == lambda,
    enters = if (length < lambda) idle[enter == length],
    leaves = if (length < lambda) active[leave == length]
  )
}

positive_or_inf <- function(x, least) ifelse(is.finite(x) & x > least, x, Inf)

solve_semidefinite <- function(h, b) {
  q <- qr(h, tol = 1e-12)
  x <- qr.coef(q, b)
  x[is.na(x)] <- 0
  x
}

# (1 - alpha) quantile of |N(b, 1)|, exactly: Newton's method from a point to the right of it, where
# the distribution function is concave, so that all steps but the first approach from the left.
folded_quantile <- function(b, alpha) {
  b <- abs(b)
  x <- b + stats::qnorm(1 - alpha / 2)
  for (i in 1:50) {
    step <- (stats::pnorm(x - b) - stats::pnorm(-x - b) - (1 - alpha)) / (stats::dnorm(x - b) + stats::dnorm(x + b))
    x <- pmax(x - step, 0)
    if (max(abs(step)) < 1e-13 * (1 + max(b))) break
  }
  x
}

# -> list(estimate, half_length, weights, bias, sd) of the shortest interval for one M
flci_at <- function(path, source, bound, alpha) {
  at <- function(position) {
    k <- min(floor(position), nrow(path$nodes) - 1)
    k <- max(k, 1)
    share <- position - k
    next_node <- min(k + 1, nrow(path$nodes))
    u <- (1 - share) * path$nodes[k, ] + share * path$nodes[next_node, ]
    weights <- as.vector(path$offset + path$free %*% u)
    sd <- sqrt(max(sum(weights * (source$vcov %*% weights)), 0))
    bias <- bound * (path$floor + sum(abs(u)))
    list(weights = weights, sd = sd, bias = bias, half_length = half_length(bias, sd, alpha))
  }
  last <- nrow(path$nodes)
  best <- if (last == 1L) 1 else {
    # Half length is convex along the path: the best kink brackets the best point.
    lengths <- vapply(seq_len(last), function(k) at(k)$half_length, 1)
    k <- which.min(lengths)
    found <- stats::optimize(function(x) at(x)$half_length, c(max(k - 1, 1), min(k + 1, last)), tol = 1e-9)
    if (found$objective < lengths[k]) found$minimum else k
  }
  out <- at(best)
  out$estimate <- sum(out$weights * source$estimate)
  out
}

half_length <- function(bias, sd, alpha) {
  if (sd == 0) return(bias)
  folded_quantile(bias / sd, alpha) * sd
}
