test_that("bounds are type-2 quantiles, as Stata's", {
  # 200 values: the 1 % quantile lies between the 2nd and the 3rd, the 99 % between 198th and 199th.
  data <- data.frame(x = c(sample(3:198), -50, 2, 199, 900))
  out <- winsorize(data, "x")
  expect_identical(range(out$x), c(2.5, 198.5))
  table <- attr(out, "winsorized")
  expect_identical(c(table$lower, table$upper), c(2.5, 198.5))
  expect_identical(c(table$n.low, table$n.high), c(2L, 2L))
  inside <- data$x >= 3 & data$x <= 198
  expect_identical(out$x[inside], data$x[inside])
  seven <- attr(winsorize(data, "x", type = 7), "winsorized")
  expect_identical(seven$lower, quantile(data$x, .01, names = FALSE))
})

test_that("one side, trimming, missing cells, groups", {
  withr::local_seed(2)
  data <- data.frame(year = rep(2012:2014, 100), x = rnorm(300), y = rexp(300))
  data$x[5] <- NA
  upper <- winsorize(data, ~x, probs = c(0, .9))
  expect_identical(min(upper$x, na.rm = TRUE), min(data$x, na.rm = TRUE))
  expect_identical(which(is.na(upper$x)), 5L)
  trimmed <- winsorize(data, c("x", "y"), probs = c(.05, .95), trim = TRUE)
  expect_identical(sum(is.na(trimmed$y)), 30L)
  yearly <- winsorize(data, c("x", "y"), by = ~year)
  for (year in 2012:2014) {
    rows <- data$year == year
    expect_identical(yearly$y[rows], winsorize(data[rows, ], "y")$y)
  }
  expect_identical(nrow(attr(yearly, "winsorized")), 6L)
  expect_identical(attr(yearly, "winsorized")$group, rep(2012:2014, 2))
})

test_that("0/1 columns are refused, and the caller's data stay", {
  data <- data.frame(d = rep(0:1, 20), flag = c(TRUE, FALSE), x = seq_len(40), text = "a")
  copy <- data
  e <- expect_error(winsorize(data, c("d", "x", "flag")), class = "pilotdid_error_binary")
  expect_identical(e$columns, c("d", "flag"))
  expect_error(winsorize(data, "text"), class = "pilotdid_error_not_numeric")
  expect_error(winsorize(data, "z"), class = "pilotdid_error_unknown_column")
  for (probs in list(c(.99, .01), .01, c(-1, 1), c(NA, 1), c("a", "b"))) {
    expect_error(winsorize(data, "x", probs = probs), class = "pilotdid_error_argument")
  }
  winsorize(data, "x")
  expect_identical(data, copy)
  data$empty <- NA_real_
  w <- expect_warning(winsorize(data, c("x", "empty")), class = "pilotdid_warning_all_missing")
  expect_identical(w$columns, "empty")
  skip_if_not_installed("data.table")
  table <- data.table::as.data.table(data)
  expect_s3_class(winsorize(table, "x"), "data.table")
  expect_identical(table$x, data$x)
})
