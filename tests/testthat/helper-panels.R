# Random panels of every awkward kind, the same for a seed on every machine: unbalanced, weighted,
# disconnected, with factors, one to four effects, slopes, several ways of clustering.

random_panel <- function(seed) {
  withr::local_seed(seed, .rng_kind = "Mersenne-Twister", .rng_normal_kind = "Inversion", .rng_sample_kind = "Rejection")
  units <- sample(15:60, 1)
  periods <- sample(4:12, 1)
  data <- expand.grid(year = 2000 + seq_len(periods), id = seq_len(units))
  if (seed %% 3 != 0) data <- data[runif(nrow(data)) < 0.85, ]
  if (seed %% 10 == 7) {
    # Two parts that share no unit and no year.
    half <- data$id <= units / 2
    late <- data$year > 2000 + periods / 2
    data <- data[half == late, ]
  }
  n <- nrow(data)
  data$region <- data$id %% 7
  data$sector <- sample(letters[1:5], n, TRUE)
  data$firm <- sample(12, n, TRUE)
  data$x1 <- rnorm(n) + data$id / 10
  data$x2 <- rexp(n) * 1000
  data$d <- as.integer(data$id %% 2 == 0 & data$year >= 2002 + data$id %% 3)
  data$w <- runif(n, 0.2, 3)
  data$trend <- data$year - 2000 + rnorm(n, sd = 0.3)
  data$y <- data$d + 0.5 * data$x1 + data$x2 / 1e4 + sin(data$id) + data$year / 3 + rnorm(n)
  data$x1[sample(n, 3)] <- NA
  data[sample(n), ]
}

# Units that miss the year in which their cohort joins make a thin one of their own: news to a user, none here.
thin_cohorts <- function(code) withCallingHandlers(code, pilotdid_warning_thin_cohort = rlang::cnd_muffle)

random_spec <- function(seed) {
  right <- list(
    quote(d), quote(d + x1), quote(d + x1 + x2), quote(d + x1 * sector), quote(d + log(x2) + poly(x2, 2)),
    quote(d + factor(sector):x2 + I(x1^2))
  )
  # poly() cannot take missing values: x2 has none.
  effects <- list(
    quote(id + year), quote(id + year), quote(id), quote(id + year + firm), quote(id + year + region^year),
    quote(id + year + firm + sector), quote(id[trend] + year), quote(id + year + firm[trend])
  )
  clusters <- list(~id, ~region, ~ id + year, ~ id + firm, "iid", "HC1")
  list(
    right = right[[1 + seed %% length(right)]], effects = effects[[1 + (seed %/% 2) %% length(effects)]],
    vcov = clusters[[1 + (seed %/% 3) %% length(clusters)]], weighted = seed %% 4 == 1
  )
}

random_formula <- function(spec) {
  stats::as.formula(call("~", quote(y), call("|", spec$right, spec$effects)), globalenv())
}
