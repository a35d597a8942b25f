# Least squares on the same rows: rounding. fixest counts the clusters of each horizon, the fit those of
# the panel; the factor G / (G - 1) of each makes them comparable.
test_that("thirty random panels agree with one regression of fixest a horizon", {
  stored <- staggered2_fixture()$lpdid
  compared <- 0
  for (seed in seq_along(stored)) {
    data <- staggered_panel(seed, if (seed %% 4 == 0) 0.05 else 0)
    for (reweight in c(FALSE, TRUE)) {
      peer <- stored[[seed]][[if (reweight) "reweighted" else "plain"]]
      fit <- quiet(pilot_did(if (seed %% 2) y ~ status | id + year else y ~ status + x | id + year, data,
        estimator = "lpdid", horizons = c(-3, 2), reweight = reweight, drop_singletons = FALSE))
      table <- tidy(fit)
      at <- match(peer[, "event_time"], table$event_time)
      compared <- compared + length(at)
      expect_equal(table$estimate[at], unname(peer[, "estimate"]), tolerance = 1e-8, info = seed)
      expect_equal(table$std.error[at], unname(peer[, "se"]), tolerance = 1e-8, info = seed)
      expect_true(all(is.na(table$estimate[setdiff(seq_len(nrow(table))[-1], at)])))
    }
  }
  expect_gt(compared, 200)
})

test_that("on mpdta the reweighted version is Callaway-Sant'Anna with controls not yet treated", {
  cs <- tidy(aggregate_effects(mpdta_by("cs", control_group = "notyet"), "dynamic"))
  lp <- tidy(mpdta_by("lpdid", reweight = TRUE))
  post <- cs$event_time %in% 0:3
  expect_equal(lp$estimate[lp$event_time %in% 0:3], cs$estimate[post], tolerance = 1e-10)
  expect_equal(lp$estimate[1], cs$estimate[1], tolerance = 1e-10)
  plain <- tidy(mpdta_by("lpdid"))
  expect_gt(abs(plain$estimate[plain$event_time %in% 0] - cs$estimate[cs$event_time %in% 0]), 1e-4)
})

test_that("pooled and pre-mean versions are what their formula says", {
  data <- staggered_panel(7)
  data <- data[order(data$id, data$year), ]
  wide <- t(matrix(data$y, ncol = length(unique(data$id))))
  g <- tapply(data$g, data$id, max) - 2000
  start <- ifelse(g > 0, g, Inf)
  fit <- quiet(pilot_did(y ~ status | id + year, data, estimator = "lpdid", horizons = c(-2, 1), base_periods = Inf, pooled = TRUE))
  rows <- do.call(rbind, lapply(2:(ncol(wide) - 1), function(t) {
    clean <- start == t | start > t + 1
    data.frame(t, y = rowMeans(wide[, t + 0:1]) - rowMeans(wide[, seq_len(t - 1), drop = FALSE]), d = +(start == t))[clean, ]
  }))
  by_hand <- coef(lm(y ~ d + factor(t), rows))[["d"]]
  expect_equal(coef(fit)[["ATT"]], by_hand, tolerance = 1e-10)
  two <- quiet(pilot_did(y ~ status | id + year, data, estimator = "lpdid", horizons = c(-2, 1), base_periods = 2))
  rows <- do.call(rbind, lapply(2:ncol(wide), function(t) {
    clean <- start == t | start > t
    data.frame(t, y = wide[, t] - rowMeans(wide[, max(1, t - 2):(t - 1), drop = FALSE]), d = +(start == t))[clean, ]
  }))
  expect_equal(coef(two)[["0"]], coef(lm(y ~ d + factor(t), rows))[["d"]], tolerance = 1e-10)
})

test_that("treatments that switch several times are refused unless told when effects settle", {
  data <- staggered_panel(7)
  data <- data[order(data$id, data$year), ]
  last <- max(data$year)
  data$status[data$id %% 3 == 0 & data$year == last] <- 0L
  expect_error(pilot_did(y ~ status | id + year, data, estimator = "lpdid"), class = "pilotdid_error_reversal")
  fit <- quiet(pilot_did(y ~ status | id + year, data, estimator = "lpdid", settle = 2, horizons = c(-2, 1)))
  n <- length(unique(data$id))
  y <- t(matrix(data$y, ncol = n))
  d <- t(matrix(data$status, ncol = n))
  change <- cbind(0, d[, -1] - d[, -ncol(d)])
  rows <- do.call(rbind, lapply(2:(ncol(d) - 1), function(t) {
    before <- rowSums(abs(change[, max(1, t - 2):(t - 1), drop = FALSE])) == 0
    clean <- before & change[, t + 1] == 0 & change[, t] >= 0
    data.frame(t, y = y[, t + 1] - y[, t - 1], d = change[, t])[clean, ]
  }))
  expect_equal(coef(fit)[["1"]], coef(lm(y ~ d + factor(t), rows))[["d"]], tolerance = 1e-10)
})

test_that("clusters of provinces, weights and the event study work; a covariate may be called switch", {
  data <- staggered_panel(7)
  data$switch <- data$x
  fit <- quiet(pilot_did(y ~ status + switch | id + year, data, estimator = "lpdid", vcov = ~province, weights = w))
  same <- quiet(pilot_did(y ~ status + x | id + year, data, estimator = "lpdid", vcov = ~province, weights = w))
  expect_equal(coef(fit), coef(same))
  expect_equal(df.residual(fit), length(unique(data$province)) - 1)
  expect_equal(vcov(quiet(refit(fit, fit$design))), vcov(fit))
  event <- event_study(fit, window = c(-2, 1))
  expect_equal(event$event_time, c(-2, 0, 1))
  expect_gt(glance(fit)$pretrend.p.value, 0)
})
