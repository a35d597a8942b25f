data <- simulate_pilot(units = 30, periods = 6, seed = 2)

test_that("identifiers of every type and data frames of every class give the same fit", {
  base <- coef(pilot_did(y ~ status | unit + time, as.data.frame(data)))
  variants <- list(
    character = transform(data, unit = paste0("u", unit)),
    factor = transform(data, unit = factor(unit), time = factor(time)),
    date = transform(data, time = as.Date("2000-01-01") + 365 * time),
    double = transform(data, unit = unit + 0.5),
    tibble = tibble::as_tibble(data)
  )
  for (v in variants) expect_equal(coef(pilot_did(y ~ status | unit + time, v)), base, tolerance = 1e-12) # rounding
})

test_that("column names may be Chinese, hold spaces or clash with ours", {
  odd <- data
  names(odd)[match(c("unit", "time", "y", "status", "x1"), names(odd))] <-
    c("\u57ce\u5e02", "the year", "\u97e7\u6027 {index}", "rows", "start")
  formula <- stats::as.formula(call(
    "~", as.name("\u97e7\u6027 {index}"),
    call("|", quote(rows + start), call("+", as.name("\u57ce\u5e02"), as.name("the year")))
  ))
  fit <- pilot_did(formula, odd)
  base <- pilot_did(y ~ status + x1 | unit + time, data)
  expect_identical(unname(coef(fit)), unname(coef(base)))
  expect_output(print(fit), "\u97e7\u6027 {index}", fixed = TRUE)
  odd[3, "\u97e7\u6027 {index}"] <- Inf
  expect_error(pilot_did(formula, odd), class = "pilotdid_error_infinite")
})

test_that("the caller's data is never changed", {
  copy <- data[sample(nrow(data)), ]
  copy$x1[3] <- NA
  before <- serialize(copy, NULL)
  fit <- suppressWarnings(pilot_did(y ~ status + log(x1^2) | unit + time, copy))
  residuals(fit)
  expect_identical(serialize(copy, NULL), before)
})

test_that("every dropped row is counted for one reason", {
  hurt <- as.data.frame(data)
  hurt$w <- 1
  hurt$x1[c(3, 10)] <- NA
  hurt$y[c(3, 20)] <- NaN
  hurt$unit[40] <- NA
  hurt$w[50] <- 0
  hurt <- hurt[!(hurt$unit %in% 30 & hurt$time > 1), ]
  expect_warning(
    design <- panel_design(y ~ status + x1 | unit + time, hurt, weights = "w", subset = hurt$time < 6),
    class = "pilotdid_warning_singletons"
  )
  expect_identical(design$flow[["subset"]], sum(!hurt$time < 6) + 0)
  expect_identical(design$flow[["missing y"]], 2)
  expect_identical(design$flow[["missing x1"]], 1)
  expect_identical(design$flow[["missing unit"]], 1)
  expect_identical(design$flow[["zero weight"]], 1)
  expect_identical(design$flow[["singletons"]], 1)
  expect_equal(design$n, nrow(hurt) - sum(design$flow))
  expect_output(print(design), "missing x1")
})

test_that("the cohort comes from the status, whatever the coding of never", {
  first <- ifelse(is.na(data$cohort), 0, data$cohort)
  for (never in list(0, NA, Inf)) {
    data$g <- ifelse(first == 0, never, first)
    expect_identical(
      panel_design(y ~ 1 | unit + time, data, cohort = "g")$treatment$cohort,
      panel_design(y ~ status | unit + time, data)$treatment$cohort
    )
  }
  data$g[1] <- 3
  expect_error(panel_design(y ~ 1 | unit + time, data, cohort = "g"), class = "pilotdid_error_cohort")
})

test_that("always treated, reversals and gaps are found", {
  odd <- as.data.frame(data)
  odd$status[odd$unit == 1] <- 1
  odd$status[odd$unit == 2] <- c(0, 1, 0, 0, 1, 1)
  odd <- odd[!(odd$unit == 3 & odd$time == 4), ]
  treatment <- suppressWarnings(panel_design(y ~ status | unit + time, odd))$treatment
  expect_identical(treatment$always, 1)
  expect_identical(treatment$reversals, 1)
  expect_identical(treatment$gaps, 1)
})

test_that("the time within units is that of a combined effect", {
  data$region <- data$unit %% 4
  plain <- pilot_did(y ~ status | unit + time + region^time, data)
  short <- pilot_did(y ~ status | unit + region^time, data)
  expect_identical(short$design$time$values, plain$design$time$values)
  expect_identical(short$design$treatment, plain$design$treatment)
  expect_equal(tidy(short), tidy(plain), tolerance = 1e-10) # rounding
  expect_equal(coef(event_study(short, window = c(-2, 1))), coef(event_study(plain, window = c(-2, 1))), tolerance = 1e-9)
  expect_equal(tidy(placebo(short, draws = 20, seed = 1)), tidy(placebo(plain, draws = 20, seed = 1)), tolerance = 1e-9)
  # Both parts change within units: together they are the time. A missing part is a missing row.
  data$year <- 2000 + data$time %/% 4
  data$quarter <- data$time %% 4
  expect_length(pilot_did(y ~ status | unit + year^quarter, data)$design$time$values, 6)
  data$region[5] <- NA
  expect_identical(thin_cohorts(pilot_did(y ~ status | unit + region^time, data))$design$flow[[1L]], 1)
})

test_that("combined effects, slopes and transformed terms mean what they say", {
  data$region <- data$unit %% 4
  expect_equal(
    coef(pilot_did(y ~ status | unit + region^time, data)),
    coef(pilot_did(y ~ status | unit + rt, transform(data, rt = interaction(region, time)), panel = ~ unit + time)),
    tolerance = 1e-12
  )
  slow <- reference_ols(data$y, data["status"], list(data$unit, data$time), list(list(by = data$unit, x = data$time)))
  expect_equal(coef(pilot_did(y ~ status | unit[time] + time, data)), slow$coefficients, tolerance = 1e-10)
  alone <- reference_ols(data$y, data["status"], list(data$time), list(list(by = data$unit, x = data$time)))
  expect_equal(coef(pilot_did(y ~ status | unit[[time]] + time, data)), alone$coefficients, tolerance = 1e-10)
  fit <- pilot_did(y ~ status * x1 + poly(x1, 2) | unit + time, data[names(data) != "x2"]) |> suppressWarnings()
  expect_true(all(c("status", "status:x1", "poly(x1, 2)2") %in% names(coef(fit))))
})

test_that("several dummies and a dose are treatments too", {
  data$half <- factor(ifelse(data$status == 1, ifelse(data$unit %% 2 == 0, "even", "odd"), "no"), c("no", "even", "odd"))
  fit <- pilot_did(y ~ half | unit + time, data)
  expect_identical(fit$design$treatment$names, c("halfeven", "halfodd"))
  dose <- pilot_did(y ~ dose | unit + time, transform(data, dose = status * unit))
  expect_identical(dose$design$treatment$kind, "continuous")
  named <- pilot_did(y ~ x1 + status | unit + time, data, treatment = "status")
  expect_identical(named$design$treatment$names, "status")
})

test_that("bad input gets an error that names the cause", {
  bad <- function(code, what, pattern = NULL) {
    expect_error(code, pattern, class = paste0("pilotdid_error_", what))
  }
  bad(pilot_did(y ~ status | unit + time, as.list(data)), "data")
  bad(pilot_did(y ~ status | unit + time, data[0, ]), "empty")
  bad(pilot_did(y ~ status + wage | unit + time, data), "unknown_column", "wage")
  bad(pilot_did(y ~ statsu | unit + time, data), "unknown_column", "status")
  bad(pilot_did(y ~ status, data), "no_panel", "| 0")
  bad(pilot_did(~status | unit + time, data), "formula")
  bad(pilot_did(y ~ a | b | c | d, data), "formula")
  bad(pilot_did(y ~ status | unit + time, transform(data, y = as.character(y))), "outcome", "character")
  bad(pilot_did(y ~ never | unit + time, transform(data, never = 0)), "no_treated")
  bad(pilot_did(y ~ all | unit + time, transform(data, all = 1)), "all_treated")
  bad(pilot_did(y ~ ever | unit + time, transform(data, ever = as.integer(!is.na(cohort)))), "treatment_absorbed", "unit")
  bad(pilot_did(y ~ late | unit + time, transform(data, late = as.integer(time > 3))), "treatment_absorbed", "time")
  bad(pilot_did(y ~ status + twice | unit + time, transform(data, twice = 2 * status), treatment = "twice"), "treatment_collinear", "status")
  bad(pilot_did(y ~ status | unit + time, rbind(data, data[5, ])), "duplicates", "181")
  bad(pilot_did(y ~ status | unit + time, data[data$time == 1, ]), "periods")
  bad(pilot_did(y ~ status | unit + time, transform(data, x = 1), vcov = ~x), "one_cluster")
  bad(pilot_did(y ~ status | unit + time, transform(data, y = replace(y, 7, Inf))), "infinite", "row 7")
  bad(pilot_did(y ~ status | unit + time, data, weights = -1 + 0 * data$y), "weights", "negative")
  bad(pilot_did(y ~ status | unit + time, data, weights = replace(0 * data$y, 9, NA)), "weights", "9")
  bad(pilot_did(y ~ status | unit + time, data, estimator = "twoway"), "argument")
  bad(pilot_did(y ~ status | unit + time, data, clusters = "unit"), "argument")
  bad(pilot_did(y ~ status | unit + time, data, treatment = "x9"), "treatment")
  bad(pilot_did(y ~ status | unit + time, data, vcov = "HC9"), "vcov")
  bad(pilot_did(y ~ status | unit + time, data, subset = "a"), "subset")
})

test_that("collinear controls are dropped with the combination that explains them", {
  data$sum <- 2 * data$x1 - data$status
  data$size <- data$unit^2
  expect_warning(fit <- pilot_did(y ~ status + x1 + sum + size | unit + time, data), "2 x x1", class = "pilotdid_warning_collinear")
  expect_warning(pilot_did(y ~ status + size | unit + time, data), "unit effects", class = "pilotdid_warning_collinear")
  expect_identical(fit$aliased, c("sum", "size"))
  expect_equal(coef(fit), coef(pilot_did(y ~ status + x1 | unit + time, data)), tolerance = 1e-10)
})

test_that("thin cohorts are pointed out", {
  expect_warning(
    pilot_did(y ~ status | unit + time, data[is.na(data$cohort) | data$unit %in% c(1, 2), ]),
    class = "pilotdid_warning_thin_cohort"
  ) |> suppressWarnings()
})
