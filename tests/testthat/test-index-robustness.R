robust_panel <- function() {
  panel <- simulate_pilot(units = 60, periods = 8, indicators = 6, seed = 9)
  for (j in 1:6) {
    name <- paste0("indicator_", j)
    panel[[name]] <- panel[[name]] - min(panel[[name]]) + j
  }
  panel
}

two_dimensions <- list(
  first = ~ indicator_1 + indicator_2 - indicator_3, second = ~ indicator_4 + indicator_5 - indicator_6
)

test_that("every row of the table is the index and the regression it says", {
  panel <- robust_panel()
  curve <- suppressWarnings(index_robustness(resilience ~ status + x1 | unit + time, panel, two_dimensions))
  table <- tidy(curve)
  # entropy and TOPSIS 2 x 2 x 3 x 4 x 2, CRITIC and equal 2 x 2 x 3 x 2, components 2 x 2, by 1 + 6 + 2 sets
  expect_identical(nrow(table), as.integer((2 * 48 + 2 * 12 + 4) * 9))
  expect_identical(anyDuplicated(table[9:14]), 0L)
  expect_identical(which(table$reference), 1L)

  all <- parse_indicators(two_dimensions, panel)
  formula_of <- function(left_out) {
    keep <- all$indicator != left_out & all$dimension != left_out
    signed <- Map(function(e, d) if (d < 0) call("-", e) else e, all$expr[keep], all$direction[keep])
    make <- ~x
    make[[2]] <- Reduce(function(a, b) call("+", a, b), signed)
    make
  }
  withr::local_seed(1)
  for (r in c(1, sample(nrow(table), 40))) {
    row <- table[r, ]
    data <- panel
    if (row$winsorize != "none") data <- winsorize(panel, all$indicator)
    index <- suppressWarnings(entropy_index(formula_of(row$left.out), data, "time",
      method = row$method, scope = row$scope,
      normalize = if (is.na(row$normalize)) "minmax" else row$normalize, zero = if (is.na(row$zero)) "none" else row$zero
    ))
    data$resilience <- predict(index)
    fit <- tidy(pilot_did(resilience ~ status + x1 | unit + time, data))[1, ]
    scale <- sd(data$resilience)
    # The same core on the same columns; sums may run in another order.
    expect_equal(row$scale, scale, tolerance = 1e-11)
    expect_equal(row$estimate, fit$estimate / scale, tolerance = 1e-10)
    expect_equal(row$std.error, fit$std.error / scale, tolerance = 1e-10)
    expect_equal(row$p.value, fit$p.value, tolerance = 1e-8)
    expect_equal(row$conf.low, fit$conf.low / scale, tolerance = 1e-10)
  }
})

test_that("the user's covariance, weights, rows and treatment are those of pilot_did()", {
  panel <- robust_panel()
  panel$w <- 1 + panel$unit %% 3
  panel$region <- panel$unit %% 12
  panel$x1[c(4, 90)] <- NA
  panel$indicator_2[17] <- NA
  known <- panel[-17, ]
  known$resilience <- predict(entropy_index(two_dimensions, known))
  for (vcov in list(~region, ~ region + time, "HC1", "iid")) {
    curve <- suppressWarnings(suppressMessages(index_robustness(resilience ~ x1 + status | unit + time, panel, two_dimensions,
      method = "entropy", scope = "pooled", zero = "none", normalize = "minmax", winsorize = list(c(0, 1)),
      leave_out = NULL, standardize = FALSE, na = "complete", vcov = vcov, weights = "w", treatment = "status"
    )))
    fit <- suppressWarnings(pilot_did(resilience ~ x1 + status | unit + time, known, vcov = vcov, weights = w, treatment = "status"))
    expect_equal(tidy(curve)[1:7], tidy(fit)[2, ], tolerance = 1e-10)
  }
})

test_that("the bootstrap is that of physically repeated units", {
  panel <- robust_panel()
  curve <- index_robustness(~ status + x1 | unit + time, panel, two_dimensions,
    method = "entropy", scope = "pooled", zero = "none", normalize = "minmax",
    winsorize = list(c(.05, .95)), leave_out = NULL, draws = 5, seed = 3
  )
  all <- parse_indicators(two_dimensions, panel)$indicator
  fixed <- predict(entropy_index(two_dimensions, winsorize(panel, all, c(.05, .95))))
  panel$fixed <- fixed / sd(fixed)
  for (draw in 1:5) {
    times <- cpp_resample_counts(60L, 3, draw)
    expect_identical(sum(times), 60L)
    units <- rep(sort(unique(panel$unit)), times)
    again <- do.call(rbind, lapply(seq_along(units), function(i) transform(panel[panel$unit == units[i], ], unit = i)))
    again$index <- predict(entropy_index(two_dimensions, winsorize(again, all, c(.05, .95))))
    again$index <- again$index / sd(again$index)
    anew <- suppressWarnings(coef(pilot_did(index ~ status + x1 | unit + time, again))[["status"]])
    held <- suppressWarnings(coef(pilot_did(fixed ~ status + x1 | unit + time, again))[["status"]])
    # Frequency weights against repeated rows: rounding only.
    expect_equal(curve$draws$estimates[draw, ], c(anew, held), tolerance = 1e-10)
  }
  b <- tidy(curve, "bootstrap")
  expect_equal(b$std.error, sd(curve$draws$estimates[, 1]))
  expect_equal(b$std.error.fixed, sd(curve$draws$estimates[, 2]))
  expect_identical(b$estimate, tidy(curve)$estimate)
})

test_that("the bootstrap depends on the seed alone", {
  panel <- robust_panel()
  run <- function(seed, method = "entropy") {
    index_robustness(~ status | unit + time, panel, two_dimensions, method = method, scope = "pooled", zero = "none",
      normalize = "minmax", winsorize = list(c(0, 1)), leave_out = NULL, draws = 8, seed = seed)$draws$estimates
  }
  before <- pilot_threads(1)
  one <- run(4)
  pilot_threads(2)
  expect_identical(run(4), one)
  pilot_threads(before)
  expect_false(identical(run(5), one))
  withr::with_seed(1, a <- run(NULL))
  withr::with_seed(1, b <- run(NULL))
  expect_identical(a, b)
  for (method in c("entropy_topsis", "critic", "pca", "equal")) expect_false(anyNA(run(1, method)))
})

test_that("indicators that do not vary, or not in some year, do no harm", {
  panel <- robust_panel()
  panel$flat <- 7
  panel$indicator_4 <- ifelse(panel$time == 2, 5, panel$indicator_4)
  index <- ~ indicator_1 + indicator_4 + flat
  expect_warning(
    curve <- index_robustness(~ status | unit + time, panel, index, method = c("entropy", "equal"), zero = "none", leave_out = "indicator"),
    class = "pilotdid_warning_constant"
  )
  # Two indicators are left: neither can be left out.
  expect_identical(unique(tidy(curve)$left.out), "none")
  expect_false(anyNA(tidy(curve)$estimate))
  panel$indicator_1 <- ifelse(panel$time == 2, 5, panel$indicator_1)
  curve <- suppressWarnings(index_robustness(~ status | unit + time, panel, index, method = "entropy", zero = "none"))
  expect_identical(is.na(tidy(curve)$estimate), tidy(curve)$scope == "yearly")
  expect_identical(glance(curve)$failed, sum(tidy(curve)$scope == "yearly"))
  expect_output(print(curve), "have rows without a score")
})

test_that("negative values leave x / max out, or are refused where it is asked for", {
  panel <- robust_panel()
  panel$indicator_1 <- panel$indicator_1 - 10
  expect_message(
    curve <- index_robustness(~ status | unit + time, panel, two_dimensions, method = "equal", leave_out = NULL, scope = "pooled"),
    class = "pilotdid_message_normalize"
  )
  expect_setequal(tidy(curve)$normalize, c("minmax", "zscore"))
  expect_error(
    index_robustness(~ status | unit + time, panel, two_dimensions, normalize = c("minmax", "max")),
    class = "pilotdid_error_negative_values"
  )
})

test_that("what cannot be asked is refused", {
  panel <- robust_panel()
  refused <- function(class, formula = ~ status | unit + time, ...) {
    expect_error(index_robustness(formula, panel, two_dimensions, ...), class = paste0("pilotdid_error_", class))
  }
  refused("formula", log(y) ~ status | unit + time)
  refused("argument", method = "entropi")
  refused("argument", leave_out = "city")
  refused("argument", winsorize = list(c(.9, .1)))
  refused("argument", draws = -1)
  curve <- index_robustness(~ status | unit + time, panel, two_dimensions, method = "equal", leave_out = NULL, scope = "pooled")
  expect_error(tidy(curve, "bootstrap"), class = "pilotdid_error_argument")
})

test_that("the figure shows each specification once, the reference marked", {
  curve <- index_robustness(~ status | unit + time, robust_panel(), two_dimensions, method = c("entropy", "pca"), zero = "none")
  data <- curve_data(curve)
  expect_identical(nrow(data$points), nrow(tidy(curve)))
  expect_false(is.unsorted(data$points$estimate))
  expect_identical(sum(data$points$reference), 1L)
  # Zeros were not varied: no line for them.
  expect_false(any(grepl("zeros", data$labels$label)))
  pdf(NULL)
  on.exit(dev.off())
  expect_identical(plot(curve), curve)
  expect_output(summary(curve), "left out")
  skip_if_not_installed("ggplot2")
  expect_identical(nrow(ggplot2::layer_data(ggplot2::autoplot(curve), 1L)), nrow(tidy(curve)))
})
