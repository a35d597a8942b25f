few_clusters <- function(seed, weighted = FALSE) {
  data <- event_panel(seed, units = 24, periods = 7)
  data$first <- NULL
  data$province <- data$id %% 6
  if (!weighted) data$w <- 1
  data[order(data$id, data$year), ]
}

quiet_fit <- function(..., data) suppressWarnings(pilot_did(..., data = data))

# Sums in another order: rounding only.
exact <- 1e-9

compare <- function(data, cluster, ways, boot, impose, null, tested, parameters_by = cluster) {
  fit <- quiet_fit(y ~ status + x1 | id + year, data = data, weights = data$w, vcov = cluster)
  ours <- wild_bootstrap(fit, c("status", "x1")[tested],
    draws = 9999, null = null, impose_null = impose,
    weights_by = boot, conf.level = NULL
  )
  expect_true(ours$enumerated)
  parameters <- count_parameters(fit, fit$ssc, lapply(fit$vcov_spec$by, cluster_codes, fit = fit))
  slow <- reference_wild(
    data$y, cbind(data$status, data$x1), data$id, data$year, data$w, tested, null, impose,
    ways, data[[boot]], all_signs(length(unique(data[[boot]]))), parameters
  )
  observed <- if (length(tested) == 1) ours$statistic^2 else ours$statistic
  expect_equal(observed, slow$observed, tolerance = exact)
  drawn <- if (length(tested) == 1) ours$draw_statistics^2 else ours$draw_statistics
  fine <- is.finite(drawn) & slow$draws > 0
  expect_equal(drawn[fine], slow$draws[fine], tolerance = 1e-7)
  # A negative two-way variance counts as beyond.
  expect_equal(ours$p.value, mean(slow$draws >= slow$observed * (1 - 1e-8) | slow$draws < 0))
}

test_that("all sign patterns give what full refits give", {
  data <- few_clusters(1)
  p <- list(data$province)
  compare(data, ~province, p, "province", TRUE, 0, 1)
  compare(data, ~province, p, "province", TRUE, 0.3, 1)
  compare(data, ~province, p, "province", FALSE, 0, 1)
  compare(few_clusters(2, TRUE), ~province, list(few_clusters(2, TRUE)$province), "province", TRUE, 0.1, 1)
  # Two restrictions.
  compare(data, ~province, p, "province", TRUE, c(0, 0.9), 1:2)
  compare(data, ~province, p, "province", FALSE, c(0, 0.9), 1:2)
})

test_that("other clusters share the weights: coarser, crossing, two-way", {
  data <- few_clusters(1)
  compare(data, ~id, list(data$id), "province", TRUE, 0.2, 1)
  # Years change within units: e is partialled out again.
  compare(data, ~year, list(data$year), "year", TRUE, 0.2, 1)
  two <- list(data$province, data$year)
  compare(data, ~ province + year, two, "province", TRUE, 0.2, 1)
  compare(data, ~ province + year, two, "year", TRUE, 0, 1)
})

test_that("other weights and random draws follow the same forms", {
  data <- few_clusters(1)
  fit <- quiet_fit(y ~ status + x1 | id + year, data = data, vcov = ~province)
  for (type in c("webb", "mammen")) {
    ours <- wild_bootstrap(fit, draws = 2000, type = type, seed = 4)
    expect_false(ours$enumerated)
    expect_gt(ours$p.value, 0)
    expect_lt(ours$conf.level, 1)
  }
  # Weights of mean zero and variance one: the draws' t has mean about zero. 20,000 draws: 5 s.e. = 0.05.
  wide <- wild_bootstrap(quiet_fit(y ~ status | id + year, data = event_panel(1)), draws = 20000, seed = 2, null = 0.5)
  expect_lt(abs(mean(wide$draw_statistics)), 0.05)
})

test_that("the confidence set holds exactly what is not rejected", {
  data <- few_clusters(3)
  fit <- quiet_fit(y ~ status + x1 | id + year, data = data, vcov = ~id)
  out <- wild_bootstrap(fit, draws = 999, seed = 11)
  set <- tidy(out)
  for (end in c("conf.low", "conf.high")) {
    outward <- if (end == "conf.low") -1 else 1
    p <- function(value) wild_bootstrap(fit, draws = 999, seed = 11, null = value)$p.value
    expect_gt(p(set[[end]]), 0.05)
    expect_lte(p(set[[end]] + outward * 1e-6 * out$std.error), 0.05)
  }
  loose <- wild_bootstrap(fit, draws = 999, seed = 11, impose_null = FALSE)
  expect_equal(tidy(loose)$conf.high - loose$estimate, loose$estimate - tidy(loose)$conf.low)
})

test_that("where no sign pattern can reject, the set is the whole line", {
  data <- few_clusters(1)
  data$region <- data$id %% 4
  fit <- quiet_fit(y ~ status + x1 | id + year, data = data, vcov = ~region)
  # The smallest p-value of four clusters is 2 / 16.
  out <- wild_bootstrap(fit, draws = 99)
  expect_gte(out$p.value, 0.125)
  expect_identical(unname(unlist(tidy(out)[c("conf.low", "conf.high")])), c(-Inf, Inf))
  wide <- tidy(wild_bootstrap(fit, draws = 99, conf.level = 0.8))
  expect_true(is.finite(wide$conf.low) && wide$conf.low < wide$estimate)
})

test_that("with many clusters it agrees with the t test", {
  data <- event_panel(5, units = 300)
  fit <- quiet_fit(y ~ status + x1 | id + year, data = data)
  out <- wild_bootstrap(fit, draws = 9999, seed = 1)
  t <- tidy(fit)[1, ]
  expect_equal(out$statistic, t$statistic, tolerance = 1e-10)
  # 9,999 draws leave about 3 % in a 5 % quantile.
  expect_equal(tidy(out)$conf.low, t$conf.low, tolerance = 0.1)
  expect_equal(tidy(out)$conf.high, t$conf.high, tolerance = 0.1)
})

test_that("seeds reproduce whatever the threads", {
  fit <- quiet_fit(y ~ status | id + year, data = event_panel(1))
  before <- pilot_threads(1)
  on.exit(pilot_threads(before))
  for (type in c("rademacher", "webb")) {
    pilot_threads(1)
    one <- wild_bootstrap(fit, draws = 3000, seed = 5, type = type)
    pilot_threads(2)
    expect_identical(wild_bootstrap(fit, draws = 3000, seed = 5, type = type)$draw_statistics, one$draw_statistics)
  }
  set.seed(3)
  a <- wild_bootstrap(fit, draws = 99)
  set.seed(3)
  expect_identical(wild_bootstrap(fit, draws = 99)$draw_statistics, a$draw_statistics)
})

test_that("bad requests name their cause", {
  data <- few_clusters(1)
  fit <- quiet_fit(y ~ status + x1 + x2 | id + year, data = data)
  expect_error(wild_bootstrap(fit, draws = 0), class = "pilotdid_error_argument")
  expect_error(wild_bootstrap(fit, "statu"), class = "pilotdid_error_parameter")
  data$one <- 1
  data$two <- data$id %% 2
  fit <- quiet_fit(y ~ status + x1 + x2 | id + year, data = data)
  expect_error(wild_bootstrap(fit, cluster = ~one), class = "pilotdid_error_one_cluster")
  expect_error(wild_bootstrap(fit, c("status", "x1", "x2"), cluster = ~two), class = "pilotdid_error_restrictions")
  expect_error(wild_bootstrap(1), class = "pilotdid_error_argument")
})
