# Slow, obvious versions: dummies and lm(), one regression at a time.

# Unbalanced panel of units in three groups; regions hold units of several groups.
mechanism_panel <- function(seed = 1) {
  withr::local_seed(
    seed, .rng_kind = "Mersenne-Twister", .rng_normal_kind = "Inversion",
    .rng_sample_kind = "Rejection"
  )
  data <- expand.grid(year = 2011:2018, id = 1:60)
  data$group <- c("small", "large", "super")[1 + data$id %% 3]
  data$region <- data$id %% 11
  start <- 2013 + (data$id %/% 3) %% 3 * 2
  data$d <- as.integer(data$id %% 4 != 0 & data$year >= start)
  data$x1 <- rnorm(nrow(data)) + data$id / 20
  data$x2 <- rnorm(nrow(data)) + 0.5 * data$d
  data$w <- runif(nrow(data), 0.5, 2)
  data$m <- 0.5 * data$d + 0.3 * data$x1 + rnorm(60)[data$id] + rnorm(nrow(data))
  data$m2 <- 0.2 * data$d + 0.6 * data$m + rnorm(nrow(data))
  data$y <- 0.4 * data$d + 0.8 * data$m + 0.5 * data$x1 + 0.3 * data$d * (data$group == "super") +
    rnorm(60)[data$id] + data$year / 10 + rnorm(nrow(data))
  # The first treated row stays, so that cohorts are as large as planned.
  data[runif(nrow(data)) < 0.93 | data$year == start, ]
}

# Coefficients of columns `x` in the regression of column `y` with unit and year dummies.
reference_twfe <- function(data, y, x, id = "id", weights = NULL) {
  columns <- lapply(x, function(name) data[[name]])
  design <- cbind(
    do.call(cbind, columns), stats::model.matrix(~ factor(data[[id]]) + factor(data$year))
  )
  w <- if (is.null(weights)) rep(1, nrow(data)) else data[[weights]]
  stats::setNames(stats::lm.wfit(design, data[[y]], w)$coefficients[seq_along(x)], x)
}

# Each unit as often as `times` says, every copy a unit of its own.
reference_resample <- function(data, times) {
  copies <- unlist(lapply(seq_along(times), function(i) rep(i, times[i])))
  units <- sort(unique(data$id))
  do.call(rbind, lapply(seq_along(copies), function(k) {
    rows <- data[data$id == units[copies[k]], ]
    rows$copy <- k
    rows
  }))
}

reference_step_down <- function(t, star) {
  alive <- seq_along(t)
  p <- numeric(length(t))
  floor <- 0
  while (length(alive)) {
    j <- alive[which.max(t[alive])]
    largest <- apply(star[, alive, drop = FALSE], 1, max)
    floor <- max(floor, (1 + sum(largest >= t[j])) / (1 + nrow(star)))
    p[j] <- floor
    alive <- setdiff(alive, j)
  }
  p
}

# units x draws: how often each draw takes each unit.
reference_counts <- function(units, draws, seed) {
  vapply(seq_len(draws) - 1, function(draw) pilotdid:::cpp_resample_counts(units, seed, draw), integer(units))
}

# The weights of the core's draws, clusters x draws: a form that picks one cluster returns its weight.
wild_weights_of <- function(clusters, type, draws, seed) {
  t(vapply(seq_len(clusters), function(g) {
    forms <- rbind(as.numeric(seq_len(clusters) == g), 0)
    pilotdid:::cpp_wild_bootstrap(forms, 0L, list(), pilotdid:::wild_codes[[type]], as.integer(draws), seed, FALSE)[, 1L]
  }, numeric(draws)))
}
