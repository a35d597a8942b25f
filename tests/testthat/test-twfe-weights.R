quiet <- function(expr) suppressMessages(suppressWarnings(expr))

test_that("weights are the residual of the treatment, and reproduce the coefficient of the effects themselves", {
  data <- staggered_panel(3, 0.1)
  fit <- quiet(pilot_did(y ~ status + x | id + year, data, drop_singletons = FALSE))
  weights <- twfe_weights(fit)
  residual <- stats::resid(stats::lm(status ~ x + factor(id) + factor(year), data))
  treated <- data$status == 1
  # QR of explicit dummies.
  expect_equal(weights$rows, unname(residual[treated] / sum(residual[treated])), tolerance = 1e-9)
  expect_equal(sum(tidy(weights)$weight), 1, tolerance = 1e-12)
  # An outcome that is nothing but effects: the coefficient is the weighted sum.
  effect <- stats::rnorm(nrow(data)) * data$status
  data$only <- effect
  again <- quiet(pilot_did(only ~ status + x | id + year, data, drop_singletons = FALSE))
  expect_equal(sum(weights$rows * effect[treated]), coef(again)[["status"]], tolerance = 1e-10)
})

test_that("counts by cell add up and the sensitivity follows its definition", {
  mpdta <- staggered_fixture()$mpdta
  fit <- pilot_did(lemp ~ 1 | countyreal + year, mpdta, cohort = "first.treat")
  weights <- twfe_weights(fit)
  table <- tidy(weights)
  expect_identical(sum(table$rows), 291L)
  expect_identical(table$negative[table$weight < 0], table$rows[table$weight < 0])
  w <- weights$rows * length(weights$rows)
  expect_equal(glance(weights)$sigma.zero, abs(coef(fit)[[1]]) / sqrt(mean((w - 1)^2)))
  expect_output(print(weights), "negative")
  expect_error(twfe_weights(lm(lemp ~ lpop, mpdta)), class = "pilotdid_error_argument")
})
