quiet <- function(expr) suppressMessages(suppressWarnings(expr))

test_that("base_stagg gives the numbers of fixest", {
  data <- staggered_fixture()$base_stagg
  data$first <- ifelse(data$year_treated > 100, NA, data$year_treated)
  fit <- pilot_did(y ~ x1 | id + year, data, estimator = "sa", cohort = "first")
  table <- tidy(fit)
  expect_equal(round(unlist(table[1, c("estimate", "std.error")], use.names = FALSE), c(8, 9)), c(-1.13374945, .205070494))
  x <- table[table$term == "x1", ]
  expect_equal(round(c(x$estimate, x$std.error), c(8, 9)), c(.99467831, .018378132))
})

# The same linear system and the same small-sample factor: rounding, and fixest's iterations at 1e-6
# of the effects where rows are missing.
test_that("fifty random panels agree with sunab(): averages, event times, covariate, clusters, weights", {
  stored <- staggered_fixture()$sunab
  for (seed in seq_along(stored)) {
    data <- staggered_panel(seed, if (seed %% 2) 0.1 else 0)
    fit <- quiet(pilot_did(y ~ x | id + year, data,
      estimator = "sa", cohort = "g", vcov = if (seed %% 5 == 0) ~province else ~id,
      weights = if (seed %% 3 == 0) data$w, drop_singletons = FALSE
    ))
    table <- tidy(fit)
    peer <- stored[[seed]]
    expect_equal(unlist(table[1, 2:3], use.names = FALSE), unname(peer$att), tolerance = 1e-6, info = seed)
    expect_equal(unlist(table[table$term == "x", 2:3], use.names = FALSE), unname(peer$x), tolerance = 1e-6, info = seed)
    event <- tidy(event_study(fit))
    at <- match(sub("year::", "", rownames(peer$dynamic)), event$term)
    expect_equal(event$estimate[at], unname(peer$dynamic[, 1]), tolerance = 1e-6, info = seed)
    expect_equal(event$std.error[at], unname(peer$dynamic[, 2]), tolerance = 1e-6, info = seed)
  }
})

test_that("cells equal least squares on explicit dummies", {
  data <- staggered_panel(12, 0.1)
  fit <- quiet(pilot_did(y ~ x | id + year, data, estimator = "sa", cohort = "g", drop_singletons = FALSE))
  data$cell <- ifelse(data$g > 0 & data$year != data$g - 1, paste0(data$g, ",", data$year), "0")
  slow <- stats::lm(y ~ x + factor(id) + factor(year) + stats::relevel(factor(cell), "0"), data)
  b <- coef(slow)
  b <- b[grep("relevel", names(b))]
  names(b) <- paste0("ATT(", sub(".*\"0\"\\)", "", names(b)), ")")
  # QR of explicit dummies.
  expect_equal(coef(fit)[names(b)], b, tolerance = 1e-9)
})

test_that("on a balanced panel without covariates it is Callaway-Sant'Anna with a universal base", {
  data <- staggered_panel(9)
  sa <- quiet(pilot_did(y ~ status | id + year, data, estimator = "sa"))
  cs <- quiet(pilot_did(y ~ status | id + year, data, estimator = "cs", base_period = "universal"))
  expect_equal(coef(sa)[-1], coef(cs)[-1], tolerance = 1e-10)
})

test_that("without never-treated units the last cohort is the control group", {
  data <- staggered_panel(2)
  joined <- data[data$g > 0, ]
  expect_warning(fit <- pilot_did(y ~ status | id + year, joined, estimator = "sa"), class = "pilotdid_warning_no_never")
  expect_false(max(joined$g) %in% tidy(fit)$group)
  expect_lt(max(tidy(fit)$time, na.rm = TRUE), max(joined$g))
  same <- joined[joined$g == max(joined$g), ]
  expect_error(quiet(pilot_did(y ~ status | id + year, same, estimator = "sa")), class = "pilotdid_error_no_never")
})

test_that("sampled shares add variance", {
  data <- staggered_panel(9)
  fixed <- quiet(pilot_did(y ~ status | id + year, data, estimator = "sa"))
  sampled <- quiet(pilot_did(y ~ status | id + year, data, estimator = "sa", shares = "sampled"))
  expect_identical(coef(fixed), coef(sampled))
  expect_false(isTRUE(all.equal(vcov(fixed)["ATT", "ATT"], vcov(sampled)["ATT", "ATT"])))
})
