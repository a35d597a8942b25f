# The stored critical values of Stock and Yogo against their definition (their section 3): the limit of the estimator
# with K instruments and concentration mu^2 = K l decides the largest bias or size; the critical value is the 95 %
# point of chi-squared(K, K l) / K at the l where that is the level.
#   Rscript bench/stock-yogo.R [draws]
# The published tables are themselves simulated (20,000 draws): about 2 % of each entry is noise.
library(pilotdid)
draws <- c(as.integer(commandArgs(TRUE)), 200000L)[1L]
stored <- utils::read.csv(system.file("extdata", "stock-yogo.csv", package = "pilotdid"))

solve_level <- function(share, level, K) {
  l <- stats::uniroot(function(l) share(l) - level, c(0.02, 120), tol = 1e-3)$root
  stats::qchisq(0.95, K, K * l) / K
}

# Bias of 2SLS relative to OLS with n endogenous variables and K l I as concentration: the same random numbers for
# every l.
bias_share <- function(K, n) {
  set.seed(K)
  z <- array(rnorm(draws * K * n), c(draws, K, n))
  function(l) {
    x <- z
    for (j in seq_len(n)) x[, j, j] <- x[, j, j] + sqrt(K * l)
    if (n == 1L) return(mean(rowSums(x[, , 1L] * z[, , 1L]) / rowSums(x[, , 1L]^2)))
    a <- rowSums(x[, , 1L]^2)
    b <- rowSums(x[, , 1L] * x[, , 2L])
    d <- rowSums(x[, , 2L]^2)
    (mean((d * rowSums(x[, , 1L] * z[, , 1L]) - b * rowSums(x[, , 2L] * z[, , 1L])) / (a * d - b^2)) +
      mean((a * rowSums(x[, , 2L] * z[, , 2L]) - b * rowSums(x[, , 1L] * z[, , 2L])) / (a * d - b^2))) / 2
  }
}

# Rejections of the nominal 5 % Wald test, one endogenous variable, at the worst correlation of the errors.
size_share <- function(K, liml) {
  set.seed(100 + K)
  zv <- matrix(rnorm(draws * K), draws)
  other <- matrix(rnorm(draws * K), draws)
  reject <- function(l, r) {
    zu <- r * zv + sqrt(1 - r^2) * other
    x <- zv
    x[, 1L] <- x[, 1L] + sqrt(K * l)
    xx <- rowSums(x^2)
    xu <- rowSums(x * zu)
    kappa <- 0
    if (liml) {
      # Smallest root of |(zu, x)'(zu, x) - k ((1, r), (r, 1))|.
      uu <- rowSums(zu^2)
      a <- 1 - r^2
      b <- -(uu + xx - 2 * r * xu)
      kappa <- (-b - sqrt(pmax(b^2 - 4 * a * (uu * xx - xu^2), 0))) / (2 * a)
    }
    estimate <- (xu - kappa * r) / (xx - kappa)
    mean((xu - kappa * r)^2 / ((xx - kappa) * (1 - 2 * r * estimate + estimate^2)) > stats::qchisq(0.95, 1))
  }
  correlations <- if (liml) c(0.5, 0.7, 0.9, 0.95, 0.99) else 1
  function(l) max(vapply(correlations, function(r) reject(l, r), 1))
}

show <- function(criterion, estimator, n, K, level, share) {
  own <- solve_level(share, level, K)
  at <- stored$criterion == criterion & stored$estimator == estimator & stored$endogenous == n &
    stored$instruments == K & stored$level == level
  cat(sprintf("| %s of %s | %d | %d | %g %% | %.2f | %.2f |\n", criterion, estimator, n, K, 100 * level, stored$critical[at], own))
}
cat("| | endogenous | instruments | level | stored | by definition |\n| --- | --- | --- | --- | --- | --- |\n")
for (n in 1:2) for (K in c(n + 2L, n + 3L, 8L)) for (level in c(0.05, 0.10)) show("bias", "2sls", n, K, level, bias_share(K, n))
for (K in c(1L, 2L, 3L, 6L)) for (level in c(0.10, 0.15)) show("size", "2sls", 1L, K, level, size_share(K, FALSE))
for (K in c(2L, 3L, 4L)) for (level in c(0.10, 0.15)) show("size", "liml", 1L, K, level, size_share(K, TRUE))
