# What is printed holds the numbers of tidy().

panel <- simulate_pilot(units = 60, covariates = 2, seed = 1)
panel$m <- panel$y + cos(seq_along(panel$y))
panel$region <- as.integer(panel$unit) %% 12L
fit <- pilot_did(y ~ status + x1 + x2 | unit + time, panel)

printed <- function(x) paste(utils::capture.output(back <- withVisible(print(x))), collapse = "\n")

# Numbers in a text, in whatever format.
numbers_in <- function(text) {
  found <- regmatches(text, gregexpr("-?[0-9]+([.][0-9]+)?(e[-+]?[0-9]+)?", text))[[1L]]
  as.numeric(found)
}

expect_shows <- function(x, values) {
  shown <- numbers_in(printed(x))
  values <- values[is.finite(values) & values != 0]
  # Two significant digits are the least that anything is printed with.
  near <- vapply(values, function(v) min(abs(shown - v)) <= 0.05 * abs(v), NA)
  expect_true(length(values) > 0L && all(near), info = paste(c(class(x)[1L], format(values[!near])), collapse = " "))
}

test_that("results print their estimates and return themselves", {
  event <- event_study(fit)
  suppressMessages(suppressWarnings({
    results <- list(
      event = event, wild = wild_bootstrap(fit, "status", draws = 199, seed = 1), oster = oster_delta(fit),
      value = robustness_value(fit, "x1"), mediation = mediation(fit, "m", draws = 20, seed = 1),
      moderation = moderation(fit, "x2"), groups = heterogeneity(fit, "region", draws = 0),
      rings = ring_did(resilience ~ status | code + year, pilot_cities, ~ longitude + latitude, rings = c(0, 100, 200))
    )
  }))
  for (x in results) {
    expect_shows(x, tidy(x)$estimate)
    utils::capture.output(back <- withVisible(print(x)))
    expect_identical(back$value, x)
    expect_false(back$visible)
  }
})

test_that("tests print their statistics", {
  W <- spatial_weights(pilot_cities, "code", ~ longitude + latitude, k = 5)
  moran <- moran_test(resilience ~ 1 | code + year, pilot_cities, W)
  expect_shows(moran, tidy(moran)$estimate)
  durbin <- spatial_did(resilience ~ status + fdi | code + year, pilot_cities, W)
  tests <- spatial_tests(durbin)
  expect_shows(tests, tidy(tests)$statistic[tidy(tests)$effects == "unit + time"])
  power <- pretrend_power(event_study(fit))
  expect_shows(power, 0.5)
})

test_that("glance() is one row of plain columns, whatever the result", {
  iv <- pilot_did(y ~ x2 | unit + time | x1 ~ m, panel)
  W <- spatial_weights(pilot_cities, "code", ~ longitude + latitude, k = 5)
  cs <- pilot_did(y ~ status | unit + time, panel, estimator = "cs")
  suppressMessages(suppressWarnings({
    results <- list(
      weak_iv(iv), W, leave_one_out(fit, "region"), aggregate_effects(cs, "group"), moran_test(resilience ~ 1 | code + year, pilot_cities, W),
      mechanism(fit, "m"), moderation(fit, "x2"), robustness_value(fit, "x1"), wild_bootstrap(fit, "status", draws = 199, seed = 1)
    )
  }))
  for (x in results) {
    g <- glance(x)
    expect_s3_class(g, "tbl_df")
    expect_identical(nrow(g), 1L, info = class(x)[1L])
    expect_true(all(vapply(g, is.atomic, NA)), info = class(x)[1L])
  }
})
