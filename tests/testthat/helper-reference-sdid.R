# Slow and plain: synthetic DID of one cohort by the steps of the authors' package synthdid (Frank-Wolfe with
# exact line search, 100 iterations, sparsification, up to 10,000 more).

reference_sdid_simplex <- function(A, b, zeta, decrease, iterations, x) {
  A <- sweep(A, 2, colMeans(A))
  b <- b - mean(b)
  eta <- nrow(A) * zeta^2
  values <- numeric()
  for (t in seq_len(iterations)) {
    gradient <- as.vector(t(A) %*% (A %*% x - b)) + eta * x
    i <- which.min(gradient)
    move <- -x
    move[i] <- 1 - x[i]
    if (any(move != 0)) {
      step <- -sum(gradient * move) / (sum((A %*% move)^2) + eta * sum(move^2))
      x <- x + min(1, max(0, step)) * move
    }
    values[t] <- zeta^2 * sum(x^2) + sum((A %*% x - b)^2) / nrow(A)
    if (t >= 2 && values[t - 1] - values[t] <= decrease^2) break
  }
  x
}

reference_sdid_weights <- function(A, b, zeta, decrease) {
  x <- reference_sdid_simplex(A, b, zeta, decrease, 100, rep(1 / ncol(A), ncol(A)))
  x[x <= max(x) / 4] <- 0
  reference_sdid_simplex(A, b, zeta, decrease, 10000, x / sum(x))
}

# y: units x periods, controls first (n0 of them); before: periods before treatment.
reference_sdid <- function(y, n0, before) {
  n1 <- nrow(y) - n0
  after <- ncol(y) - before
  pre <- seq_len(before)
  co <- seq_len(n0)
  noise <- sd(t(apply(y[co, pre], 1, diff)))
  lambda <- reference_sdid_weights(y[co, pre], rowMeans(y[co, -pre, drop = FALSE]), 1e-6 * noise, 1e-5 * noise)
  omega <- reference_sdid_weights(t(y[co, pre]), colMeans(y[-co, pre, drop = FALSE]), (n1 * after)^(1 / 4) * noise, 1e-5 * noise)
  list(estimate = reference_sdid_estimate(y, omega, lambda), omega = omega, lambda = lambda)
}

reference_sdid_estimate <- function(y, omega, lambda) {
  n1 <- nrow(y) - length(omega)
  after <- ncol(y) - length(lambda)
  sum(c(-omega, rep(1 / n1, n1)) * (y %*% c(-lambda, rep(1 / after, after))))
}

# Controls and treated units that follow one factor; the treated with more of it, and an effect of 1.
block_panel <- function(seed, controls = 20, treated = 5, periods = 9, before = 6) {
  withr::local_seed(seed, .rng_kind = "Mersenne-Twister", .rng_normal_kind = "Inversion", .rng_sample_kind = "Rejection")
  n <- controls + treated
  factor <- cumsum(rnorm(periods))
  y <- outer(rnorm(n) + rep(0:1, c(controls, treated)), factor) + rnorm(n) + matrix(rnorm(n * periods, sd = 0.5), n)
  y[-seq_len(controls), -seq_len(before)] <- y[-seq_len(controls), -seq_len(before)] + 1
  data.frame(
    id = rep(seq_len(n), periods), year = rep(2000 + seq_len(periods), each = n), y = as.vector(y),
    status = as.integer(rep(seq_len(n) > controls, periods) & rep(seq_len(periods) > before, each = n)),
    x = rnorm(n * periods)
  )
}
as_wide <- function(data, column = "y") {
  data <- data[order(data$year, data$id), ]
  matrix(data[[column]], length(unique(data$id)))
}
