# Values of DIDmultiplegtDYN 2.4.0 (fixtures/make-dcdh.R): three effects, two placebos, the average total effect.
# Both sum the same differences in another order: rounding.
peer_specs <- list(
  plain = list(), normalized = list(normalized = TRUE), cluster = list(vcov = ~province), weights = list(weights = quote(w)),
  missing = list(), never = list(control_group = "never"), same = list(same_switchers = TRUE), covariates = list()
)
compare_with_peer <- function(spec, seed) {
  data <- peer_switching_panel(seed, spec)
  formula <- if (spec == "covariates") y ~ d + x + x2 | id + year else y ~ d | id + year
  fit <- quiet(do.call(pilot_did, c(list(formula, quote(data), estimator = "dcdh", horizons = c(-3, 2)), peer_specs[[spec]])))
  peer <- readRDS(test_path("fixtures/dcdh.rds"))[[spec]][[seed]]
  ours <- tidy(fit)[match(rownames(peer), tidy(fit)$term), ]
  list(fit = fit, data = data, estimate = cbind(ours$estimate, peer[, "estimate"]), se = cbind(ours$std.error, peer[, "se"]))
}

test_that("effects, placebos, average effect and standard errors are those of DIDmultiplegtDYN", {
  for (spec in setdiff(names(peer_specs), "covariates")) for (seed in peer_seeds(spec)) {
    out <- compare_with_peer(spec, seed)
    expect_equal(out$estimate[, 1], out$estimate[, 2], tolerance = 1e-10, info = paste(spec, seed))
    expect_equal(out$se[, 1], out$se[, 2], tolerance = 1e-10, info = paste(spec, seed))
  }
})

# With covariates the estimates agree and the standard errors do not: DIDmultiplegtDYN subtracts the slopes from what
# units add to them although the residuals already leave the slopes out, so that the standard error changes when
# a multiple of a covariate is added to the outcome, which changes no estimate. Its factors
# sqrt(n / (n - 1)) in the slopes' part are of order 1 / n as well.
test_that("with covariates the estimates are those of DIDmultiplegtDYN, and standard errors know what the slopes take out", {
  for (seed in peer_seeds("covariates")) {
    out <- compare_with_peer("covariates", seed)
    expect_equal(out$estimate[, 1], out$estimate[, 2], tolerance = 1e-9, info = seed)
    expect_equal(out$se[, 1], out$se[, 2], tolerance = 0.1, info = seed)
    data <- transform(out$data, y = y + 30 * x - 20 * x2)
    moved <- quiet(pilot_did(y ~ d + x + x2 | id + year, data, estimator = "dcdh", horizons = c(-3, 2)))
    expect_equal(tidy(moved)$std.error, tidy(out$fit)$std.error, tolerance = 1e-9, info = seed)
  }
})

# The same sums in another order: rounding.
test_that("switching on and off, and several values: effects, leads, standard errors, doses", {
  compared <- 0
  for (seed in 1:15) {
    data <- switching_panel(seed, if (seed %% 2) 0:1 else 0:3, units = if (seed %% 5) 60 else 25)
    fit <- quiet(pilot_did(y ~ d | id + year, data, estimator = "dcdh"))
    normalized <- quiet(pilot_did(y ~ d | id + year, data, estimator = "dcdh", normalized = TRUE))
    table <- tidy(fit)[-1, ]
    all <- lapply(table$event_time, reference_switchers, y = wide(data, "y"), d = wide(data, "d"))
    expect_equal(table$estimate, sapply(all, `[[`, "estimate"), tolerance = 1e-10, info = seed)
    expect_equal(table$std.error, sapply(all, `[[`, "se"), tolerance = 1e-10, info = seed)
    expect_equal(table$size, sapply(all, `[[`, "switchers"))
    expect_equal(tidy(normalized)$estimate[-1], sapply(all, `[[`, "normalized"), tolerance = 1e-10, info = seed)
    post <- all[table$event_time >= 0]
    expect_equal(coef(fit)[["ATT"]], sum(sapply(post, `[[`, "sum")) / sum(sapply(post, `[[`, "dose")), tolerance = 1e-10)
    compared <- compared + nrow(table)
  }
  expect_gt(compared, 80)
})

test_that("on mpdta it is Callaway-Sant'Anna with controls not yet treated, leads over the same units", {
  cs <- mpdta_by("cs", control_group = "notyet")
  dynamic <- tidy(aggregate_effects(cs, "dynamic"))
  fit <- mpdta_by("dcdh")
  expect_equal(unname(coef(fit)[c("0", "1", "2", "3")]), dynamic$estimate[dynamic$event_time %in% 0:3], tolerance = 1e-12)
  expect_equal(coef(fit)[["ATT"]], coef(cs)[["ATT"]], tolerance = 1e-12)
  lp <- mpdta_by("lpdid", reweight = TRUE)
  expect_equal(coef(fit)[["-2"]], coef(lp)[["-2"]], tolerance = 1e-10)
})

test_that("a covariate is taken out by the changes of units that have not switched", {
  data <- switching_panel(3)
  fit <- quiet(pilot_did(y ~ d + x | id + year, data, estimator = "dcdh"))
  y <- wide(data, "y")
  d <- wide(data, "d")
  x <- wide(data, "x")
  for (start in 0:1) {
    units <- which(d[, 1] == start)
    rows <- do.call(rbind, lapply(units, function(i) {
      t <- seq_len(ncol(y))[-1]
      still <- t < c(which(d[i, ] != start), Inf)[1]
      data.frame(t, dy = diff(y[i, ]), dx = diff(x[i, ]))[still, ]
    }))
    b <- coef(lm(dy ~ dx + factor(t), rows))[["dx"]]
    y[units, ] <- y[units, ] - b * x[units, ]
  }
  for (event in c(-2, 0, 1)) {
    expect_equal(coef(fit)[[as.character(event)]], reference_switchers(y, d, event)$estimate, tolerance = 1e-10)
  }
})

# The contributions of units, slopes included, against leaving one unit out after the other: the two
# variances differ by terms of order 1 / n.
test_that("a control that does not change or repeats another is dropped and named", {
  data <- staggered_panel(7)
  data$z <- data$id
  data$twice <- 2 * data$x
  one <- function(formula) pilot_did(formula, data, estimator = "dcdh")
  quiet(expect_warning(fixed <- one(y ~ status + z | id + year), "z", class = "pilotdid_warning_collinear"))
  plain <- quiet(one(y ~ status | id + year))
  expect_equal(coef(fixed), coef(plain), tolerance = 1e-12)
  expect_equal(vcov(fixed), vcov(plain), tolerance = 1e-12)
  quiet(expect_warning(both <- one(y ~ status + x + twice | id + year), "twice", class = "pilotdid_warning_collinear"))
  expect_equal(vcov(both), vcov(quiet(one(y ~ status + x | id + year))), tolerance = 1e-12)
})

test_that("standard errors with a covariate are those of the jackknife", {
  data <- switching_panel(8, units = 150, periods = 5)
  ids <- unique(data$id)
  se <- tidy(quiet(pilot_did(y ~ d + x | id + year, data, estimator = "dcdh", horizons = c(-1, 1))))
  left_out <- sapply(ids, function(i) coef(quiet(pilot_did(y ~ d + x | id + year, data[data$id != i, ], estimator = "dcdh", horizons = c(-1, 1))))[["0"]])
  n <- length(ids)
  expect_equal(se$std.error[se$term == "0"], sqrt((n - 1) / n * sum((left_out - mean(left_out))^2)), tolerance = 0.05)
})

test_that("rows in another order, renamed units, a shifted and scaled outcome, clusters", {
  data <- switching_panel(2)
  one <- function(d, ...) quiet(pilot_did(y ~ d | id + year, d, estimator = "dcdh", ...))
  other <- data[rev(seq_len(nrow(data))), ]
  other$id <- paste("\u53bf", 900 - other$id)
  other$y <- 3 + 1e4 * other$y
  expect_equal(coef(one(other)), 1e4 * coef(one(data)), tolerance = 1e-9)
  by_province <- one(data, vcov = ~province)
  psi <- influence(by_province, ~province)
  expect_equal(unname(crossprod(psi)), unname(vcov(by_province)), tolerance = 1e-12)
  expect_equal(nrow(psi), 13)
  # Weights of two are units twice (the estimates).
  twice <- rbind(data, transform(data[data$id <= 20, ], id = id + 1000))
  data$w <- ifelse(data$id <= 20, 2, 1)
  expect_equal(coef(one(data, weights = w)), coef(one(twice)), tolerance = 1e-10)
})

test_that("units that cross their initial value leave there; missing periods leave comparisons", {
  data <- switching_panel(5, 0:3)
  up <- data$id == 7
  data$d[up] <- c(1, 1, 2, 2, 0, 0, 0)
  y <- wide(data, "y")
  d <- wide(data, "d")
  fit <- quiet(pilot_did(y ~ d | id + year, data, estimator = "dcdh"))
  expect_equal(coef(fit)[["0"]], reference_switchers(y, d, 0)$estimate, tolerance = 1e-10)
  without <- quiet(pilot_did(y ~ d | id + year, data[!(up & data$year >= 5), ], estimator = "dcdh"))
  expect_equal(coef(fit)[["2"]], coef(without)[["2"]], tolerance = 1e-10)
})

# The number of clusters counts, also where the covariance is asked for after the fit; averages follow.
test_that("clusters given later are clusters given at once", {
  data <- switching_panel(4, units = 40)
  at_once <- quiet(pilot_did(y ~ d | id + year, data, estimator = "dcdh", vcov = ~province, horizons = c(-2, 1)))
  later <- quiet(pilot_did(y ~ d | id + year, data, estimator = "dcdh", horizons = c(-2, 1)))
  expect_equal(vcov(later, vcov = ~province), vcov(at_once), tolerance = 1e-14)
  dynamic <- aggregate_effects(later, "dynamic")
  expect_equal(tidy(dynamic, vcov = ~province)$std.error[c(2, 4, 5)], unname(sqrt(diag(vcov(at_once)))[c("-2", "0", "1")]), tolerance = 1e-12)
})

test_that("same switchers, never-treated controls and bad input", {
  data <- switching_panel(2)
  same <- quiet(pilot_did(y ~ d | id + year, data, estimator = "dcdh", horizons = c(-1, 2), same_switchers = TRUE))
  size <- tidy(same)$size[-1]
  expect_equal(size, rep(size[1], length(size)))
  never <- quiet(pilot_did(y ~ d | id + year, data, estimator = "dcdh", control_group = "never"))
  expect_false(isTRUE(all.equal(coef(never)[["0"]], coef(same)[["0"]])))
  expect_error(quiet(pilot_did(y ~ d | id + year, data, estimator = "dcdh", anticipation = 1)), class = "pilotdid_error_argument")
  expect_error(quiet(pilot_did(y ~ d | id + year, data, estimator = "dcdh", same_switchers = TRUE)), class = "pilotdid_error_horizons")
  expect_error(quiet(pilot_did(y ~ factor(year) | id + year, data, estimator = "dcdh")), class = "pilotdid_error_treatment_kind")
  data$dose <- ifelse(data$d > 0, data$id / 100, runif(nrow(data)))
  expect_error(quiet(pilot_did(y ~ dose | id + year, data, estimator = "dcdh")), class = "pilotdid_error_no_effect")
  grDevices::pdf(NULL)
  on.exit(grDevices::dev.off())
  expect_no_error(plot(same))
  expect_output(print(never), "Haultfoeuille")
})
