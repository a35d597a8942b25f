data <- simulate_pilot(units = 40, periods = 6, seed = 4)
fit <- pilot_did(y ~ status + x1 | unit + time, data)

test_that("tidy, glance and augment have their columns", {
  expect_named(tidy(fit), c("term", "estimate", "std.error", "statistic", "p.value", "conf.low", "conf.high"))
  expect_identical(nrow(glance(fit)), 1L)
  expect_true(all(c("r.squared", "within.r.squared", "nobs", "units", "periods") %in% names(glance(fit))))
  rows <- augment(fit)
  expect_equal(rows$.fitted + rows$.resid, data$y, tolerance = 1e-12) # rounding
  expect_equal(glance(fit)$r.squared, 1 - sum(rows$.resid^2) / sum((data$y - mean(data$y))^2), tolerance = 1e-12)
})

test_that("intervals and tests follow from estimate, standard error and df", {
  row <- tidy(fit, conf.level = 0.9)
  half <- qt(0.95, df.residual(fit)) * row$std.error
  expect_equal(row$conf.high - row$estimate, half, tolerance = 1e-12)
  expect_equal(confint(fit, "status", level = 0.9)[1, ], unname(c(row$conf.low[1], row$conf.high[1])), ignore_attr = TRUE)
  expect_equal(row$p.value, 2 * pt(-abs(row$estimate / row$std.error), df.residual(fit)), tolerance = 1e-12)
})

test_that("another covariance needs no new fit", {
  again <- pilot_did(y ~ status + x1 | unit + time, data, vcov = "HC1")
  expect_identical(vcov(fit, "HC1"), vcov(again))
  expect_identical(tidy(fit, vcov = "HC1"), tidy(again))
  expect_identical(unname(vcov(fit, diag(2))), diag(2))
  expect_identical(unname(vcov(fit, function(f) 2 * f$bread)), unname(2 * fit$bread))
})

test_that("predictions and effects add up to the fitted values", {
  expect_equal(predict(fit, data), fitted(fit), tolerance = 1e-12) # rounding
  effects <- fixef(fit)
  expect_named(effects, c("unit", "time"))
  expect_identical(unname(effects$time[1]), 0)
  by_hand <- coef(fit)[["status"]] * data$status + coef(fit)[["x1"]] * data$x1 +
    effects$unit[as.character(data$unit)] + effects$time[as.character(data$time)]
  expect_equal(unname(by_hand), fitted(fit), tolerance = 1e-12)
  new <- transform(data[1:3, ], unit = c(1, 2, 999))
  expect_warning(value <- predict(fit, new), class = "pilotdid_warning_new_levels")
  expect_identical(is.na(value), c(FALSE, FALSE, TRUE))
  trend <- pilot_did(y ~ status + log(x1^2) | unit[time] + time, data)
  expect_equal(predict(trend, data), fitted(trend), tolerance = 1e-9) # the effects are solved by another route
})

test_that("dummies of factors follow the levels of the fit into new data", {
  data$kind <- letters[1 + data$time %% 3 * (data$unit %% 2)]
  by_kind <- pilot_did(y ~ status + kind:x1 | unit + time, data)
  expect_equal(predict(by_kind, data[data$kind == "b", ], effects = FALSE),
    predict(by_kind, data, effects = FALSE)[data$kind == "b"],
    tolerance = 1e-12
  )
})

test_that("update changes parts of the formula and the arguments", {
  expect_identical(names(coef(update(fit, . ~ . - x1))), "status")
  expect_equal(coef(update(fit, . ~ . | unit)), coef(pilot_did(y ~ status + x1 | unit, data)), tolerance = 1e-12)
  expect_identical(vcov(update(fit, vcov = "iid")), vcov(fit, "iid"))
})

test_that("a lean fit keeps its tables and says what it cannot do", {
  lean <- pilot_did(y ~ status + x1 | unit + time, data, lean = TRUE)
  expect_identical(tidy(lean), tidy(fit))
  expect_output(print(lean), "status")
  expect_error(residuals(lean), class = "pilotdid_error_lean")
  expect_error(vcov(lean, "HC1"), class = "pilotdid_error_lean")
  longer <- simulate_pilot(units = 400, seed = 1)
  small <- pilot_did(y ~ status | unit + time, longer, lean = TRUE)
  # Formulas and functions carry their environment: compare what the lists themselves hold.
  size <- function(f) length(serialize(f$design[!names(f$design) %in% "formula"], NULL))
  expect_lt(size(small), size(pilot_did(y ~ status | unit + time, longer)) / 4)
})

test_that("a fit survives being saved and read", {
  file <- withr::local_tempfile()
  saveRDS(fit, file)
  expect_identical(vcov(readRDS(file), ~time), vcov(fit, ~time))
})

test_that("print says estimand, sample, cohorts, effects, clusters and R2", {
  out <- paste(capture.output(print(fit)), collapse = "\n")
  for (part in c("average effect of status", "240 rows", "40 units", "6 periods", "unit \\+ time", "40 clusters", "within R2")) {
    expect_match(out, part)
  }
  expect_output(print(summary(fit)), "used")
})

test_that("generics of base R find their way", {
  expect_identical(nobs(fit), 240)
  expect_equal(formula(fit), y ~ status + x1 | unit + time, ignore_formula_env = TRUE)
  expect_identical(dim(model.matrix(fit)), c(240L, 2L))
  within <- model.matrix(fit, partialled_out = TRUE)
  expect_equal(solve(crossprod(within)), fit$bread, tolerance = 1e-10, ignore_attr = TRUE)
  expect_named(model.frame(fit), c("y", "status", "x1"))
  expect_equal(sigma(fit)^2 * fit$bread, vcov(fit, "iid"), tolerance = 1e-12, ignore_attr = TRUE)
  expect_equal(AIC(fit), -2 * as.numeric(logLik(fit)) + 2 * (2 + 45 + 1), tolerance = 1e-12)
})

test_that("threads are set and reported", {
  before <- pilot_threads(1)
  expect_identical(pilot_threads(), 1L)
  pilot_threads(before)
  expect_error(pilot_threads(0), class = "pilotdid_error_argument")
})

test_that("a coefficient plot shows the terms asked for, with the intervals of tidy()", {
  fit <- pilot_did(y ~ status + x1 | unit + time, simulate_pilot(seed = 1))
  grDevices::pdf(NULL)
  on.exit(grDevices::dev.off())
  shown <- plot(fit, terms = "x1", conf.level = 0.9)
  expect_identical(shown, subset(tidy(fit, conf.level = 0.9), term == "x1"))
  expect_identical(plot(fit)$term, c("status", "x1"))
  expect_error(plot(fit, terms = "x2"), class = "pilotdid_error_terms")
  skip_if_not_installed("ggplot2")
  built <- ggplot2::ggplot_build(ggplot2::autoplot(fit, vcov = "hc1"))
  expect_equal(sort(built$data[[3]]$x), sort(unname(coef(fit))))
})

test_that("summary() of a result that prints whole gives it back, and that of a fit still takes a covariance", {
  panel <- simulate_pilot(units = 40, periods = 6, seed = 3)
  fit <- pilot_did(y ~ status | unit + time, panel)
  drawn <- placebo(fit, draws = 19, seed = 1)
  expect_identical(summary(drawn), drawn)
  decomposition <- bacon_decomposition(fit)
  expect_identical(summary(decomposition), decomposition)
  robust <- pilot_did(y ~ status | unit + time, panel, estimator = "bjs")
  expect_s3_class(summary(robust), "summary_pilot_fit")
})
