quiet <- function(expr) suppressMessages(suppressWarnings(expr))

test_that("every row is the estimator's own fit on the same rows", {
  data <- staggered_panel(4)
  fit <- quiet(pilot_did(y ~ status + x | id + year, data, vcov = ~province))
  both <- quiet(compare_estimators(fit))
  table <- tidy(both)
  expect_identical(table$estimator, c("twfe", "cs", "sa", "bjs", "gardner", "etwfe"))
  expect_equal(unique(table$nobs), nrow(data))
  for (estimator in c("cs", "bjs")) {
    own <- quiet(pilot_did(y ~ status + x | id + year, data, estimator = estimator, vcov = ~province))
    expect_equal(unlist(table[table$estimator == estimator, 2:3]), unlist(tidy(own)[1, 2:3]), tolerance = 1e-12)
  }
  event <- tidy(both, "event")
  expect_true(all(c("cs", "sa", "bjs") %in% event$estimator))
  expect_output(print(both), "Imputation")
  grDevices::pdf(NULL)
  on.exit(grDevices::dev.off())
  expect_no_error(plot(both))
})

test_that("an estimator that cannot estimate says why and does not stop the others", {
  data <- staggered_panel(4)
  data$status[data$id %% 9 == 0 & data$year == max(data$year)] <- 0L
  fit <- quiet(pilot_did(y ~ status | id + year, data))
  table <- tidy(quiet(compare_estimators(fit, c("twfe", "cs"))))
  expect_match(table$reason[2], "stay on")
  expect_identical(is.na(table$estimate), c(FALSE, TRUE))
  expect_error(compare_estimators(fit, "ols"), class = "pilotdid_error_argument")
})
