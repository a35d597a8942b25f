test_that("coefficients and marginal effects are those of the regression", {
  data <- mechanism_panel()
  fit <- pilot_did(y ~ d + x1 | id + year, data)
  expect_warning(m <- moderation(fit, ~x1, at = c(0, 1, 2)), class = "pilotdid_warning_moderator_varies")
  data$inter <- data$d * (data$x1 - mean(data$x1))
  ref <- pilot_did(y ~ d + inter + x1 | id + year, data)
  expect_equal(tidy(m)$estimate, unname(coef(ref)[c("d", "inter")]), tolerance = 1e-11)
  expect_identical(tidy(m)$term, c("d", "d:x1"))
  z <- c(0, 1, 2) - mean(data$x1)
  v <- vcov(ref)
  expect_equal(augment(m)$estimate, unname(coef(ref)["d"] + coef(ref)["inter"] * z), tolerance = 1e-11)
  expect_equal(
    augment(m)$std.error,
    unname(sqrt(v["d", "d"] + 2 * z * v["d", "inter"] + z^2 * v["inter", "inter"])),
    tolerance = 1e-10
  )
})

test_that("a moderator that varies has an effect of its own, one fixed in units has none", {
  data <- mechanism_panel()
  fit <- pilot_did(y ~ d | id + year, data)
  varying <- suppressWarnings(moderation(fit, "x1"))
  expect_true("x1" %in% names(coef(varying$fit)))
  data$fixed <- data$id / 10
  fixed <- expect_silent(moderation(pilot_did(y ~ d | id + year, data), "fixed"))
  expect_identical(names(coef(fixed$fit)), c("d", "d:fixed"))
})

test_that("the effect at the center does not depend on where the line is centered", {
  data <- mechanism_panel()
  data$fixed <- data$id / 10
  fit <- pilot_did(y ~ d | id + year, data)
  a <- moderation(fit, "fixed", at = 2)
  b <- moderation(fit, "fixed", center = 2, at = 2)
  c <- moderation(fit, "fixed", center = "median", at = 2)
  expect_equal(augment(a), augment(b), tolerance = 1e-10)
  expect_equal(augment(a), augment(c), tolerance = 1e-10)
  expect_equal(tidy(b)$estimate[1], augment(a)$estimate, tolerance = 1e-10)
})

test_that("base-period values are taken from that period", {
  data <- mechanism_panel()
  fit <- pilot_did(y ~ d | id + year, data)
  m <- moderation(fit, "x1", base_period = 2011)
  base <- data[data$year == 2011, ]
  data$z <- base$x1[match(data$id, base$id)]
  ref <- moderation(pilot_did(y ~ d | id + year, data[!is.na(data$z), ]), "z")
  expect_equal(tidy(m)$estimate, tidy(ref)$estimate, tolerance = 1e-11)
  expect_error(moderation(fit, "x1", base_period = 2015), class = "pilotdid_error_base_period")
})

test_that("moderators that cannot be are refused", {
  data <- mechanism_panel()
  data$one <- 1
  fit <- pilot_did(y ~ d | id + year, data)
  expect_error(moderation(fit, "one"), class = "pilotdid_error_moderator")
  expect_error(moderation(fit, "group"), class = "pilotdid_error_not_numeric")
  expect_error(moderation(fit, "y"), class = "pilotdid_error_mediator")
  expect_error(moderation(fit, c("x1", "x2")), class = "pilotdid_error_treatment")
  expect_error(suppressWarnings(moderation(fit, "x1", center = "mode")), class = "pilotdid_error_argument")
})
