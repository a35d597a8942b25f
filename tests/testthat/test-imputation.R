quiet <- function(expr) suppressMessages(suppressWarnings(expr))
mpdta <- staggered_fixture()$mpdta

test_that("mpdta gives the published imputation estimate", {
  fit <- pilot_did(lemp ~ 1 | countyreal + year, mpdta, estimator = "bjs", cohort = "first.treat")
  got <- tidy(fit)[1, ]
  expect_equal(round(c(got$estimate, got$std.error), 8), c(-.04770992, .01322249))
})

# The formula of the paper with explicit matrices: v = (w1, -Z0 (Z0'Z0)^- Z1'w1).
slow_imputation <- function(data, covariates = character()) {
  treated <- data$status == 1
  z <- stats::model.matrix(stats::reformulate(c("factor(id)", "factor(year)", covariates)), data)
  z0 <- z[!treated, ]
  inverse <- MASS_free_inverse(crossprod(z0))
  b <- inverse %*% crossprod(z0, data$y[!treated])
  tau <- data$y - as.vector(z %*% b)
  w <- treated / sum(treated)
  v <- w
  v[!treated] <- -z0 %*% (inverse %*% crossprod(z[treated, ], w[treated]))
  e <- tau
  cell <- paste(data$g, data$year)
  e[treated] <- tau[treated] - stats::ave(tau[treated], cell[treated])
  c(sum(w * tau), sqrt(sum(rowsum(v * e, data$id)^2)))
}
MASS_free_inverse <- function(m) {
  s <- svd(m)
  keep <- s$d > 1e-10 * s$d[1]
  s$v[, keep] %*% (t(s$u[, keep]) / s$d[keep])
}

test_that("estimate and standard error are those of the formula with explicit matrices", {
  for (seed in c(1, 4, 9)) {
    data <- staggered_panel(seed, if (seed == 4) 0.1 else 0)
    data <- data[data$id %in% unique(data$id[data$status == 0]), ]
    plain <- quiet(pilot_did(y ~ 1 | id + year, data, estimator = "bjs", cohort = "g", drop_singletons = FALSE))
    # A pseudo-inverse of explicit dummies: about nine digits.
    expect_equal(unlist(tidy(plain)[1, 2:3], use.names = FALSE), slow_imputation(data), tolerance = 1e-8)
    more <- quiet(pilot_did(y ~ x | id + year, data, estimator = "bjs", cohort = "g", drop_singletons = FALSE))
    expect_equal(unlist(tidy(more)[1, 2:3], use.names = FALSE), slow_imputation(data, "x"), tolerance = 1e-8)
  }
})

# didimputation averages with v^2, which for one row a unit and period is what we do.
test_that("fifty random panels agree with didimputation", {
  stored <- staggered_fixture()$imputation
  skip_if(is.null(stored))
  for (seed in seq_along(stored)) {
    data <- staggered_panel(seed, if (seed %% 2) 0.1 else 0)
    fit <- quiet(pilot_did(if (seed %% 3) y ~ 1 | id + year else y ~ x | id + year, data, estimator = "bjs", cohort = "g", drop_singletons = FALSE))
    expect_equal(unlist(tidy(fit)[1, 2:3], use.names = FALSE), unlist(stored[[seed]]$static[1, c("estimate", "std.error")], use.names = FALSE), tolerance = 1e-6, info = seed)
    dynamic <- tidy(aggregate_effects(fit, "dynamic"))
    peer <- stored[[seed]]$dynamic
    at <- match(as.character(peer$term), dynamic$term)
    expect_equal(dynamic$estimate[at], peer$estimate, tolerance = 1e-6, info = seed)
    expect_equal(dynamic$std.error[at], peer$std.error, tolerance = 1e-6, info = seed)
  }
})

test_that("integer weights are repeated units in the estimate", {
  data <- staggered_panel(5)
  data$k <- 1L + data$id %% 3L
  weighted <- quiet(pilot_did(y ~ x | id + year, data, estimator = "bjs", cohort = "g", weights = k))
  copies <- do.call(rbind, lapply(1:3, function(j) transform(data[data$k >= j, ], id = id + 1000 * j)))
  repeated <- quiet(pilot_did(y ~ x | id + year, copies, estimator = "bjs", cohort = "g"))
  expect_equal(coef(weighted), coef(repeated), tolerance = 1e-10)
})

test_that("leaving out the own cluster widens, and refuses cohorts of one unit", {
  data <- staggered_panel(5)
  fit <- quiet(pilot_did(y ~ 1 | id + year, data, estimator = "bjs", cohort = "g"))
  out <- quiet(pilot_did(y ~ 1 | id + year, data, estimator = "bjs", cohort = "g", leave_out = TRUE))
  expect_identical(coef(fit), coef(out))
  expect_gt(vcov(out)["ATT", "ATT"], vcov(fit)["ATT", "ATT"])
  lone <- data[data$g != max(data$g) | data$id == min(data$id[data$g == max(data$g)]), ]
  expect_error(quiet(pilot_did(y ~ 1 | id + year, lone, estimator = "bjs", cohort = "g", leave_out = TRUE)), class = "pilotdid_error_one_unit")
  expect_warning(pilot_did(y ~ 1 | id + year, lone, estimator = "bjs", cohort = "g"), class = "pilotdid_warning_one_unit")
})

test_that("leads are a regression on untreated rows", {
  data <- staggered_panel(5)
  fit <- quiet(pilot_did(y ~ x | id + year, data, estimator = "bjs", cohort = "g", leads = 2))
  untreated <- data[data$status == 0, ]
  e <- ifelse(untreated$g > 0, untreated$year - untreated$g, 0)
  untreated$l1 <- as.integer(e == -1)
  untreated$l2 <- as.integer(e == -2)
  slow <- quiet(pilot_did(y ~ l1 + l2 + x | id + year, untreated, drop_singletons = FALSE))
  expect_equal(fit$leads$estimate, unname(coef(slow)[1:2]), tolerance = 1e-10)
  event <- tidy(event_study(fit))
  leads <- event[match(c("-1", "-2"), event$term), ]
  expect_equal(leads$std.error, unname(sqrt(diag(vcov(slow)))[1:2]), tolerance = 1e-10)
})

test_that("extended regression and imputation agree cell by cell without covariates", {
  for (control in "notyet") {
    bjs <- pilot_did(lemp ~ 1 | countyreal + year, mpdta, estimator = "bjs", cohort = "first.treat")
    etwfe <- pilot_did(lemp ~ 1 | countyreal + year, mpdta, estimator = "etwfe", cohort = "first.treat", control_group = control)
    expect_equal(coef(etwfe), coef(bjs), tolerance = 1e-10)
  }
})

test_that("periods without untreated rows are NA with the reason", {
  data <- staggered_panel(2)
  joined <- data[data$g > 0, ]
  fit <- quiet(pilot_did(y ~ 1 | id + year, joined, estimator = "bjs", cohort = "g"))
  cells <- tidy(fit)
  lost <- which(cells$time >= max(joined$g))
  expect_true(all(is.na(cells$estimate[lost])))
  expect_match(cells$reason[lost], "no controls")
  expect_false(anyNA(cells$estimate[cells$term == "ATT"]))
})

test_that("two-stage: the estimates of the imputation, errors that know both stages", {
  stored <- staggered_fixture()$two_stage
  data <- staggered_panel(5)
  bjs <- quiet(pilot_did(y ~ x | id + year, data, estimator = "bjs", cohort = "g"))
  gardner <- quiet(pilot_did(y ~ x | id + year, data, estimator = "gardner", cohort = "g"))
  same <- intersect(names(coef(bjs)), names(coef(gardner)))
  expect_equal(coef(gardner)[same], coef(bjs)[same], tolerance = 1e-12)
  skip_if(is.null(stored))
  for (seed in seq_along(stored)) {
    data <- staggered_panel(seed, if (seed %% 2) 0.1 else 0)
    fit <- quiet(pilot_did(if (seed %% 3) y ~ 1 | id + year else y ~ x | id + year, data, estimator = "gardner", cohort = "g", drop_singletons = FALSE))
    # did2s iterates its first stage to 1e-6.
    expect_equal(unlist(tidy(fit)[1, 2:3], use.names = FALSE), unname(stored[[seed]]$static[1, ]), tolerance = 1e-5, info = seed)
    event <- tidy(aggregate_effects(fit, "dynamic"))
    peer <- stored[[seed]]$dynamic
    at <- match(sub("rel::", "", rownames(peer)), event$term)
    known <- !is.na(at) & peer[, 2] > 1e-8
    expect_equal(event$estimate[at][known], unname(peer[known, 1]), tolerance = 1e-5, info = seed)
    expect_equal(event$std.error[at][known], unname(peer[known, 2]), tolerance = 1e-5, info = seed)
  }
})

test_that("invariance to row order and threads", {
  data <- staggered_panel(7, 0.1)
  for (estimator in c("bjs", "gardner", "sa", "etwfe")) {
    run <- function(data) quiet(pilot_did(y ~ x | id + year, data, estimator = estimator, cohort = "g"))
    fit <- run(data)
    expect_equal(coef(run(data[rev(seq_len(nrow(data))), ])), coef(fit), tolerance = 1e-10, info = estimator)
    before <- pilot_threads(1)
    single <- run(data)
    pilot_threads(2)
    expect_identical(vcov(run(data)), vcov(single), info = estimator)
    pilot_threads(before)
  }
})

test_that("a control that several regressions of one fit drop is warned of once", {
  data <- staggered_panel(7)
  data$twice <- 2 * data$x
  for (estimator in c("bjs", "lpdid")) {
    warnings <- capture_warnings(fit <- suppressMessages(pilot_did(y ~ status + x + twice | id + year, data, estimator = estimator)))
    expect_identical(sum(grepl("collinear", warnings)), 1L)
    expect_equal(coef(fit), coef(quiet(pilot_did(y ~ status + x | id + year, data, estimator = estimator))), tolerance = 1e-10)
  }
})
