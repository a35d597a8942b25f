eleven <- c("twfe", "cs", "sa", "bjs", "gardner", "etwfe", "stacked", "lpdid", "dcdh", "efficient", "sdid")

test_that("every row is the estimator's own fit on the same rows", {
  data <- staggered_panel(4)
  fit <- quiet(pilot_did(y ~ status + x | id + year, data, vcov = ~province))
  both <- quiet(compare_estimators(fit))
  table <- tidy(both)
  expect_identical(table$estimator, eleven)
  full <- table$estimator %in% c("twfe", "cs", "sa", "bjs", "gardner", "etwfe", "lpdid", "dcdh")
  expect_equal(unique(table$nobs[full]), nrow(data))
  # No covariates in this one, as its reason says.
  expect_identical(is.na(table$estimate), eleven == "efficient")
  for (estimator in c("cs", "bjs")) {
    own <- quiet(pilot_did(y ~ status + x | id + year, data, estimator = estimator, vcov = ~province))
    expect_equal(unlist(table[table$estimator == estimator, 2:3]), unlist(tidy(own)[1, 2:3]), tolerance = 1e-12)
  }
  g <- glance(both)
  expect_identical(c(g$estimators, g$failed), c(11L, 1L))
  expect_equal(c(g$smallest, g$largest), range(table$estimate, na.rm = TRUE))
  event <- tidy(both, "event")
  expect_true(all(c("cs", "sa", "bjs") %in% event$estimator))
  expect_output(print(both), "Imputation")
  grDevices::pdf(NULL)
  on.exit(grDevices::dev.off())
  expect_no_error(plot(both))
})

test_that("without covariates all eleven estimate, each with its own default controls", {
  data <- staggered_panel(4)
  fit <- quiet(pilot_did(y ~ status | id + year, data))
  both <- quiet(compare_estimators(fit, draws = 20, seed = 1))
  table <- tidy(both)
  expect_identical(table$estimator, eleven)
  expect_false(anyNA(table$estimate))
  expect_true(all(table$std.error > 0))
  expect_setequal(names(both$events), eleven)
  dcdh <- quiet(pilot_did(y ~ status | id + year, data, estimator = "dcdh"))
  expect_equal(table$estimate[table$estimator == "dcdh"], coef(dcdh)[["ATT"]])
  expect_identical(table$reference[table$estimator == "sdid"], "weighted periods")
  given <- quiet(pilot_did(y ~ status | id + year, data, control_group = "never"))
  never <- tidy(quiet(compare_estimators(given, "dcdh")))
  expect_equal(never$estimate, coef(quiet(pilot_did(y ~ status | id + year, data, estimator = "dcdh", control_group = "never")))[["ATT"]])
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
