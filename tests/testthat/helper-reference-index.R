# Composite indices in plain R, one formula after the other. x: matrix of indicators, direction:
# +1 or -1 for each column.

reference_scaled <- function(x, direction, normalize = "minmax", zero = "none", eps = 0) {
  z <- x
  for (j in seq_len(ncol(x))) {
    v <- x[, j]
    low <- min(v)
    high <- max(v)
    # Distances from the worst value, so that the worst itself is exactly zero.
    rise <- if (direction[j] > 0) v - low else high - v
    z[, j] <- switch(normalize,
      minmax = rise / (high - low),
      zscore = rise / sd(v),
      max = if (direction[j] > 0) v / high else (low + high - v) / high
    )
  }
  if (zero == "replace") z[z == 0] <- eps
  if (zero == "add_z") z <- z + eps
  z
}

reference_entropy <- function(z, zero = "none", eps = 0, log_n = log(nrow(z))) {
  apply(z, 2, function(v) {
    p <- v / sum(v)
    if (zero == "add_p") p <- p + eps
    terms <- ifelse(p == 0, 0, p * log(p))
    -sum(terms) / log_n
  })
}

reference_weights <- function(entropy) unname((1 - entropy) / sum(1 - entropy))

reference_topsis <- function(z, weight) {
  v <- sweep(z, 2, weight, `*`)
  best <- apply(v, 2, max)
  worst <- apply(v, 2, min)
  near <- sqrt(rowSums(sweep(v, 2, best)^2))
  far <- sqrt(rowSums(sweep(v, 2, worst)^2))
  unname(far / (near + far))
}

reference_critic <- function(z) {
  information <- apply(z, 2, sd) * colSums(1 - cor(z))
  unname(information / sum(information))
}

# Indicators of every kind of column, some with exact zeros, one of negative direction last.
index_data <- function(seed, n = 240) {
  withr::local_seed(seed, .rng_kind = "Mersenne-Twister", .rng_normal_kind = "Inversion", .rng_sample_kind = "Rejection")
  common <- rnorm(n)
  data.frame(
    id = rep(seq_len(n / 8), each = 8), year = rep(2012:2019, n / 8),
    gdp = exp(common + rnorm(n)), beds = rpois(n, exp(1 + .6 * common)), large = runif(n) < plogis(2 * common - 1),
    wage = 5e4 + 1e3 * common + 300 * rnorm(n), jobless = pmax(0, 4 - common + rnorm(n))
  )
}

index_columns <- c("gdp", "beds", "large", "wage", "jobless")
index_formula <- ~ gdp + beds + large + wage - jobless
index_direction <- c(1, 1, 1, 1, -1)
index_matrix <- function(data) vapply(index_columns, function(name) as.numeric(data[[name]]), numeric(nrow(data)))
