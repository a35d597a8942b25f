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

test_that("progress is shown where somebody watches, and can be turned off", {
  withr::local_options(pilotdid.progress = NULL, cli.progress_show_after = 0, cli.progress_handlers_only = "logger")
  made <- function(code) any(grepl("created", utils::capture.output(force(code))))
  withr::local_options(rlang_interactive = FALSE)
  expect_false(made(leave_one_out(fit, by = "unit")))
  withr::local_options(rlang_interactive = TRUE)
  expect_true(made(leave_one_out(fit, by = "unit")))
  withr::with_options(list(pilotdid.quiet = TRUE), expect_false(made(leave_one_out(fit, by = "unit"))))
  withr::local_options(pilotdid.progress = FALSE)
  expect_false(made(leave_one_out(fit, by = "unit")))
})

# A page with a loop in it, made in a session where somebody watches.
page <- c(
  "```{r}", "options(cli.progress_show_after = 0)", "panel <- pilotdid::simulate_pilot(units = 30, seed = 1)",
  "fit <- pilotdid::pilot_did(y ~ status | unit + time, panel, vcov = 'HC3')",
  "pilotdid::tidy(pilotdid::placebo(fit, draws = 40, seed = 1))$draws", "```"
)

test_that("pages of knitr hold no progress", {
  skip_if_not_installed("knitr")
  # Set for this call alone: expectations look for knitr themselves.
  made <- withr::with_options(
    list(rlang_interactive = TRUE, pilotdid.progress = NULL),
    knitr::knit(text = page, quiet = TRUE, envir = new.env())
  )
  expect_match(made, "40")
  expect_no_match(made, "Placebo draws")
})

test_that("pages of litedown hold no progress", {
  skip_if_not_installed("litedown")
  withr::local_options(rlang_interactive = TRUE, pilotdid.progress = NULL)
  made <- paste(litedown::fuse(text = page, output = "markdown", quiet = TRUE, envir = new.env()), collapse = "\n")
  expect_match(made, "40")
  expect_no_match(made, "Placebo draws")
  expect_true(shows_progress())
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

test_that("draws on other workers are the same, with and without a bar", {
  skip_if_not_installed("future.apply")
  fits <- list(
    cs = pilot_did(y ~ status | unit + time, panel, estimator = "cs"),
    hc3 = pilot_did(y ~ status + x1 | unit + time, panel, vcov = "HC3"),
    sdid = suppressWarnings(pilot_did(y ~ status | unit + time, panel, estimator = "sdid", draws = 5))
  )
  drawn <- function(progress) lapply(fits, function(fit) augment(placebo(fit, draws = 12, seed = 4, progress = progress)))
  here <- drawn(FALSE)
  # Nothing of the draws comes from R's generator.
  expect_identical(drawn(FALSE), here)
  old <- future::plan(future::multisession, workers = 2)
  withr::defer(future::plan(old))
  expect_identical(drawn(FALSE), here)
  said <- bars_of(there <- drawn(TRUE))
  expect_identical(there, here)
  expect_length(grep("terminated", said), 3)
})
