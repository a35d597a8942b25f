panel <- local({
  data <- expand.grid(year = c(2000:2003, 2005:2007), id = letters[1:6], stringsAsFactors = FALSE)
  data$x <- seq_len(nrow(data))^1.5
  data$v <- sin(seq_len(nrow(data)))
  data$y <- cos(seq_len(nrow(data)) * 2)
  data <- data[-c(4, 17, 30), ]
  data[order(data$v), ]
})
columns <- function(formula, data = panel, ...) panel_design(formula, data, drop_singletons = FALSE, ...)$regressors

test_that("lags count periods, not rows", {
  for (k in c(1, 2, -1)) {
    found <- columns(eval(bquote(y ~ lag(x, .(k)) + v | id + year)))[[1]]
    expect_identical(found, reference_lag(panel$x, panel$id, panel$year, k))
  }
  expect_identical(columns(y ~ lead(x) + v | id + year)[[1]], reference_lag(panel$x, panel$id, panel$year, -1))
  expect_identical(
    columns(y ~ diff(x, 2) + v | id + year)[[1]], panel$x - reference_lag(panel$x, panel$id, panel$year, 2)
  )
  several <- columns(y ~ lag(x, 0:2) + v | id + year)
  expect_identical(several[[3]], reference_lag(panel$x, panel$id, panel$year, 2))
  expect_identical(several[[1]], panel$x)
})

test_that("they work in every part of a formula, nested and interacted", {
  one <- columns(y ~ log(lag(x)) + v:lag(v) + v | id + year)
  expect_equal(one[[1]], log(reference_lag(panel$x, panel$id, panel$year, 1)))
  design <- panel_design(lag(y) ~ v | id + year | x ~ lag(x):v, panel)
  expect_identical(design$outcome, reference_lag(panel$y, panel$id, panel$year, 1))
  expect_equal(design$instruments[[1]], panel$v * reference_lag(panel$x, panel$id, panel$year, 1))
  cross <- panel_design(y ~ lag(x) | 0, panel, panel = ~ id + year)
  expect_identical(cross$regressors[[2]], reference_lag(panel$x, panel$id, panel$year, 1))
})

test_that("one period is the largest common step of the time", {
  biennial <- panel
  biennial$year <- 2 * biennial$year
  expect_identical(columns(y ~ lag(x) + v | id + year, biennial)[[1]], columns(y ~ lag(x) + v | id + year)[[1]])
  monthly <- panel
  monthly$year <- as.Date(sprintf("%d-%02d-01", 2000 + (panel$year - 1995) %/% 12, 1 + (panel$year - 1995) %% 12))
  expect_identical(columns(y ~ lag(x) + v | id + year, monthly)[[1]], columns(y ~ lag(x) + v | id + year)[[1]])
  text <- panel
  text$year <- paste0("wave ", match(panel$year, sort(unique(panel$year))))
  # Waves have no distance: 2003 and 2005 are neighbors.
  wave <- match(panel$year, sort(unique(panel$year)))
  expect_identical(columns(y ~ lag(x) + v | id + year, text)[[1]], reference_lag(panel$x, panel$id, wave, 1))
})

test_that("rows that are not used lend their values, rows without identifier do not", {
  early <- panel_design(y ~ lag(x) | id + year, panel, subset = panel$year > 2000)
  expect_identical(early$regressors[[1]], reference_lag(panel$x, panel$id, panel$year, 1))
  unknown <- panel
  unknown$id[5] <- NA
  found <- columns(y ~ lag(x) + v | id + year, unknown)[[1]]
  expect_identical(found[-5], reference_lag(panel$x[-5], panel$id[-5], panel$year[-5], 1))
  expect_true(is.na(found[5]))
})

test_that("predictions look lags up in the new data", {
  data <- random_iv_panel(1)
  fit <- pilot_did(y ~ lag(x1) + d1 | id + year, data)
  # The first year has no lag and so no effect.
  expect_warning(predicted <- predict(fit, data), class = "pilotdid_warning_new_levels")
  expect_equal(predicted[fit$design$keep == as.raw(1)], fitted(fit), tolerance = 1e-10)
  few <- data[data$id <= 5, ]
  expected <- reference_lag(few$x1, few$id, few$year, 1) * coef(fit)[["lag(x1)"]] + few$d1 * coef(fit)[["d1"]]
  expect_equal(predict(fit, few, effects = FALSE), expected, tolerance = 1e-12)
})

test_that("short names give way to the user's functions", {
  expect_identical(columns(y ~ l(x) + v | id + year)[[1]], columns(y ~ lag(x) + v | id + year)[[1]])
  f <- function(x) 2 * x
  expect_identical(columns(y ~ f(x) + v | id + year)[[1]], 2 * panel$x)
})

test_that("bad uses are refused", {
  bad <- function(formula, class, data = panel, ...) {
    expect_error(panel_design(formula, data, ...), class = paste0("pilotdid_error_", class))
  }
  bad(y ~ lag(x) | 0, "no_panel")
  bad(y ~ lag(x, 0.5) | id + year, "argument")
  bad(y ~ lag(x[1:3]) | id + year, "formula")
  bad(y ~ lag(x) | id + year, "duplicates", rbind(panel, panel[1, ]))
})
