panel <- simulate_pilot(units = 30, covariates = 2, seed = 1)
fit <- pilot_did(y ~ status | unit + time, panel)

# What cli's logger says: which bars were made, and how far they came.
bars_of <- function(code) {
  withr::local_options(cli.progress_show_after = 0, cli.progress_handlers_only = "logger", pilotdid.progress = TRUE)
  out <- utils::capture.output(force(code))
  out[grepl("created|added|updated|terminated", out)]
}

test_that("loops of refits have a bar, and it ends", {
  cs <- pilot_did(y ~ status | unit + time, panel, estimator = "cs")
  loops <- list(
    placebo = quote(placebo(cs, draws = 3, seed = 1)), left = quote(leave_one_out(fit, by = "unit")), dates = quote(placebo_time(fit, 1:2)),
    compare = quote(compare_estimators(fit, c("twfe", "bjs", "sa"))), outcomes = quote(mechanism(cs, ~ x1 + x2, draws = 0)),
    groups = quote(heterogeneity(fit, ~ as.integer(unit) %% 2, draws = 0))
  )
  for (name in names(loops)) {
    said <- bars_of(suppressWarnings(eval(loops[[name]])))
    expect_true(any(grepl("created", said)), info = name)
    expect_true(any(grepl("terminated", said)), info = name)
  }
})

test_that("index, matching and distances have a bar", {
  said <- bars_of(index_robustness(resilience ~ status | code + year, pilot_cities,
    index = ~ gdp_per_capita + disposable_income + patents, method = c("entropy", "equal"), scope = "pooled", zero = "none",
    leave_out = NULL, draws = 2, seed = 1
  ))
  # One of specifications, one of the bootstrap.
  expect_length(grep("terminated", said), 2)
  said <- bars_of(suppressWarnings(psm_did(y ~ status | unit + time, panel, match = ~ x1 + x2, method = "kernel", bootstrap = 2, seed = 1)))
  expect_length(grep("terminated", said), 1)
  cities <- pilot_did(resilience ~ status | code + year, pilot_cities)
  expect_length(grep("terminated", bars_of(drop_neighbors(cities, ~ longitude + latitude, c(50, 100)))), 1)
})

test_that("progress is silent unless somebody watches, and when it is turned off", {
  withr::local_options(pilotdid.progress = NULL)
  expect_equal(shows_progress(), interactive())
  # Set for this call alone: expectations look for knitr themselves, which need not be installed.
  on_page <- withr::with_options(list(knitr.in.progress = TRUE), shows_progress())
  expect_false(on_page)
  withr::local_options(pilotdid.progress = FALSE)
  expect_silent(leave_one_out(fit, by = "unit"))
})

test_that("progress does not change results", {
  expect_identical(lapply_progress(c(a = 1, b = 2), sqrt, "x", FALSE), lapply(c(a = 1, b = 2), sqrt))
  withr::local_options(pilotdid.progress = TRUE, cli.progress_handlers_only = "logger")
  utils::capture.output(with_bar <- leave_one_out(fit, by = "unit"))
  withr::local_options(pilotdid.progress = FALSE)
  expect_identical(with_bar, leave_one_out(fit, by = "unit"))
})

test_that("messages can be turned off", {
  holes <- transform(panel, x1 = replace(x1, 1:5, NA))
  expect_message(interpolate_panel(holes, "x1", "unit", "time"), class = "pilotdid_message")
  withr::local_options(pilotdid.quiet = TRUE)
  expect_silent(interpolate_panel(holes, "x1", "unit", "time"))
})
