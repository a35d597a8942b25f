# Panels with staggered adoption, the same for a seed on every machine: cohorts that differ in level and
# effect, covariates that differ between cohorts, weights, years with a gap, rows missing at random.

staggered_panel <- function(seed, missing = 0) {
  withr::local_seed(seed, .rng_kind = "Mersenne-Twister", .rng_normal_kind = "Inversion", .rng_sample_kind = "Rejection")
  units <- sample(60:140, 1)
  periods <- sample(5:8, 1)
  cohorts <- sort(sample(3:periods, min(3, periods - 2)))
  group <- sample(c(0, 2000 + cohorts), units, TRUE, prob = c(2, rep(1, length(cohorts))))
  data <- expand.grid(year = 2000 + seq_len(periods), id = seq_len(units))
  data$g <- group[data$id]
  data$province <- data$id %% 11
  z <- rnorm(units)
  data$z <- z[data$id] + 0.3 * (data$g > 0)
  data$x <- rnorm(nrow(data)) + 0.2 * data$z
  data$w <- runif(units, 0.5, 2)[data$id]
  data$status <- as.integer(data$g > 0 & data$year >= data$g)
  effect <- ifelse(data$status == 1, 1 + 0.5 * (data$year - data$g) + (data$g - 2000) / 5, 0)
  data$y <- rnorm(units)[data$id] + 0.2 * data$year + effect + 0.4 * data$x + 0.1 * data$z * (data$year - 2000) + rnorm(nrow(data))
  if (missing > 0) data <- data[runif(nrow(data)) >= missing, ]
  data[sample(nrow(data)), ]
}

# The specification of each random panel.
staggered_spec <- function(seed) {
  list(
    control_group = c("never", "notyet")[1 + seed %% 2],
    method = c("dr", "ipw", "or")[1 + seed %% 3],
    base_period = c("varying", "universal")[1 + (seed %/% 2) %% 2],
    anticipation = (seed %/% 4) %% 2,
    covariates = seed %% 5 != 0,
    weights = seed %% 4 == 1,
    missing = if (seed %% 6 == 5) 0.1 else 0
  )
}

staggered_fixture <- function() readRDS(testthat::test_path("fixtures", "staggered.rds"))
staggered2_fixture <- function() readRDS(testthat::test_path("fixtures", "staggered2.rds"))

mpdta_by <- function(estimator, ...) {
  pilot_did(lemp ~ 1 | countyreal + year, staggered_fixture()$mpdta, estimator = estimator, cohort = "first.treat", ...)
}

quiet <- function(expr) suppressMessages(suppressWarnings(expr))
