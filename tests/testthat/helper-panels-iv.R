# Random unbalanced panels with endogenous variables and instruments, the same for a seed everywhere.

random_iv_panel <- function(seed) {
  withr::local_seed(seed, .rng_kind = "Mersenne-Twister", .rng_normal_kind = "Inversion", .rng_sample_kind = "Rejection")
  data <- expand.grid(year = 2001:2009, id = seq_len(45))
  data <- data[runif(nrow(data)) < 0.9, ]
  n <- nrow(data)
  u <- rnorm(n)
  data$region <- data$id %% 9
  data$firm <- sample(10, n, TRUE)
  data$x1 <- rnorm(n) + data$id / 10
  data$x2 <- rexp(n) * 1000
  for (z in c("z1", "z2", "z3")) data[[z]] <- rnorm(n) + sin(data$id) * runif(1)
  data$d1 <- 0.6 * data$z1 + 0.3 * data$z2 + u + rnorm(n)
  data$d2 <- 0.5 * data$z3 - 0.3 * data$z1 + 0.5 * u + rnorm(n) + data$year / 10
  data$w <- runif(n, 0.2, 3)
  data$y <- data$d1 - 0.5 * data$d2 + 0.5 * data$x1 + data$x2 / 1e4 + sin(data$id) + u * (1 + 0.5 * abs(data$z1)) + rnorm(n)
  data[sample(n), ]
}

iv_spec <- function(seed) {
  pick <- function(x, by = 1) x[[1 + (seed %/% by) %% length(x)]]
  list(
    right = pick(list(quote(x1), quote(x1 + x2), quote(1))),
    effects = pick(list(quote(id + year), quote(id), quote(id + year + firm), quote(id[x2] + year))),
    third = pick(list(quote(d1 ~ z1), quote(d1 ~ z1 + z2), quote(d1 + d2 ~ z1 + z2 + z3)), 2),
    vcov = pick(list(~id, ~region, "iid", "HC1", ~ id + year), 3), weighted = seed %% 4 == 1
  )
}

# y ~ right | effects | endogenous ~ instruments, which R reads as (y ~ right | effects | endogenous) ~ instruments.
iv_formula <- function(spec) {
  left <- call("~", quote(y), call("|", call("|", spec$right, spec$effects), spec$third[[2]]))
  stats::as.formula(call("~", left, spec$third[[3]]), globalenv())
}
