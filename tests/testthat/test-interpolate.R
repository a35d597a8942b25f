quietly <- function(...) suppressMessages(interpolate_panel(...))

# A: 2012 = 1, 2013 missing, 2016 = 5, 2017 missing; B: missing, 10, missing, 14.
gaps <- function() {
  data.frame(
    city = rep(c("A", "B"), each = 4), year = c(2012, 2013, 2016, 2017, 2012:2015),
    gdp = c(1, NA, 5, NA, NA, 10, NA, 14), note = letters[1:8]
  )
}

# One unit at a time with approx(), and the end rules written out.
reference_fill <- function(x, time, unit, extrapolate) {
  for (u in unique(unit)) {
    i <- which(unit == u)
    i <- i[order(time[i])]
    known <- i[!is.na(x[i])]
    if (!length(known)) next
    t <- time[i]
    v <- if (length(known) > 1) approx(time[known], x[known], t)$y else ifelse(i == known, x[known], NA)
    first <- known[1]
    last <- known[length(known)]
    if (extrapolate == "nearest") {
      v[t < time[first]] <- x[first]
      v[t > time[last]] <- x[last]
    } else if (extrapolate == "linear" && length(known) > 1) {
      line <- function(a, b, t) x[a] + (x[b] - x[a]) / (time[b] - time[a]) * (t - time[a])
      early <- t < time[first]
      late <- t > time[last]
      v[early] <- line(known[1], known[2], t[early])
      v[late] <- line(known[length(known) - 1], last, t[late])
    }
    x[i] <- v
  }
  x
}

test_that("gaps are filled on the scale of time, never across units", {
  none <- quietly(gaps(), "gdp", "city", "year")
  # 2013 is a quarter of the way from 2012 to 2016.
  expect_equal(none$gdp, c(1, 2, 5, NA, NA, 10, 12, 14))
  nearest <- quietly(gaps(), ~gdp, ~city, ~year, extrapolate = "nearest")
  expect_equal(nearest$gdp, c(1, 2, 5, 5, 10, 10, 12, 14))
  linear <- quietly(gaps(), "gdp", "city", "year", extrapolate = "linear")
  expect_equal(linear$gdp, c(1, 2, 5, 6, 8, 10, 12, 14))
})

test_that("random panels equal approx() unit by unit, in any row order", {
  for (seed in 1:6) {
    withr::local_seed(seed)
    data <- expand.grid(year = c(2000, 2001, 2003, 2004.5, 2008, 2010), id = 1:40)
    data <- data[runif(nrow(data)) < .9, ]
    data$x <- ifelse(runif(nrow(data)) < .5, NA, rnorm(nrow(data)))
    data <- data[sample(nrow(data)), ]
    for (rule in c("none", "nearest", "linear")) {
      filled <- quietly(data, "x", "id", "year", extrapolate = rule)
      # The same line through the same points: rounding of a few operations.
      expect_equal(filled$x, reference_fill(data$x, data$year, data$id, rule), tolerance = 1e-12)
      expect_identical(filled$.filled_x, is.na(data$x) & !is.na(filled$x))
    }
  }
})

test_that("observed cells, other columns, order and class stay as they are", {
  data <- gaps()
  filled <- quietly(data, "gdp", "city", "year", extrapolate = "linear")
  known <- !is.na(data$gdp)
  expect_identical(filled$gdp[known], data$gdp[known])
  expect_identical(filled[names(data)[-3]], data[-3])
  expect_identical(names(filled), c(names(data), ".filled_gdp"))
  expect_s3_class(filled, "data.frame", exact = TRUE)
  expect_s3_class(quietly(tibble::as_tibble(data), "gdp", "city", "year"), class(tibble::tibble()), exact = TRUE)
  whole <- transform(data, gdp = as.integer(gdp))
  expect_identical(quietly(whole, "gdp", "city", "year")$gdp, c(1, 2, 5, NA, NA, 10, 12, 14))
  skip_if_not_installed("data.table")
  table <- data.table::as.data.table(data)
  out <- quietly(table, "gdp", "city", "year")
  expect_identical(table, data.table::as.data.table(data))
  expect_silent(data.table::set(out, j = "new", value = 1))
})

test_that("cells are flagged and counted, and the counts are printed", {
  data <- gaps()
  data$wage <- c(NA, 2, 3, 4, NA, NA, NA, NA)
  expect_message(
    filled <- interpolate_panel(data, NULL, "city", "year"), "gdp: 2 of 4 missing filled",
    class = "pilotdid_message_filled"
  )
  counts <- attr(filled, "interpolation")
  expect_identical(counts$column, c("gdp", "wage"))
  expect_identical(counts$missing, c(4L, 5L))
  expect_identical(counts$filled, c(2L, 0L))
  expect_identical(counts$remaining, c(2L, 5L))
  expect_identical(which(filled$.filled_gdp), c(2L, 7L))
  expect_false(any(filled$.filled_wage))
  whole <- transform(data, gdp = 1, wage = 2)
  expect_message(interpolate_panel(whole, ~ gdp + wage, "city", "year"), "nothing was filled")
  expect_message(interpolate_panel(whole, NULL, "city", "year"), "nothing was filled")
  # One observed value is repeated, but is no line.
  near <- quietly(data, "wage", "city", "year", extrapolate = "nearest")
  expect_identical(near$wage, c(2, 2, 3, 4, NA, NA, NA, NA))
  single <- data.frame(city = 1, year = 1:3, x = c(NA, 7, NA))
  expect_identical(quietly(single, "x", "city", "year", extrapolate = "nearest")$x, c(7, 7, 7))
  expect_identical(quietly(single, "x", "city", "year", extrapolate = "linear")$x, c(NA, 7, NA))
})

test_that("bounds hold filled cells only", {
  data <- data.frame(city = 1, year = 1:5, x = c(NA, 1, 4, 9, NA), y = c(-5, NA, -7, 2, NA))
  filled <- quietly(data, NULL, "city", "year", extrapolate = "linear", lower = 0, upper = c(y = 3))
  expect_identical(filled$x, c(0, 1, 4, 9, 14))
  expect_identical(filled$y, c(-5, 0, -7, 2, 3))
  expect_identical(attr(filled, "interpolation")$bounded, c(1L, 2L))
})

test_that("dates, factors of years and Chinese names are understood", {
  data <- gaps()
  data$day <- as.Date(paste0(data$year, "-01-01"))
  by_day <- quietly(data, "gdp", "city", "day")
  days <- as.numeric(data$day)
  expect_equal(by_day$gdp[2], 1 + 4 * (days[2] - days[1]) / (days[3] - days[1]))
  data$text <- as.character(data$year)
  data$factor <- factor(data$year)
  expect_identical(quietly(data, "gdp", "city", "text")$gdp, quietly(data, "gdp", "city", "year")$gdp)
  expect_identical(quietly(data, "gdp", "city", "factor")$gdp, quietly(data, "gdp", "city", "year")$gdp)
  names(data)[1:3] <- c("城市", "年 份", "生产 总值")
  expect_identical(names(quietly(data, "生产 总值", "城市", "年 份"))[8], ".filled_生产 总值")
})

test_that("what cannot be filled is refused by name and row", {
  data <- gaps()
  refused <- function(class, data, ...) {
    expect_error(quietly(data, ...), class = paste0("pilotdid_error_", class))
  }
  refused("unknown_column", data, "gdpp", "city", "year")
  refused("not_numeric", data, "note", "city", "year")
  refused("time", data, "gdp", "city", "note")
  refused("argument", data, "gdp", c("city", "note"), "year")
  refused("argument", data, "gdp", "city", "year", method = "cubic")
  refused("unknown_column", data, "gdp", "city", "year", lower = c(wage = 0))
  refused("data", as.list(data), "gdp", "city", "year")
  unknown <- data
  unknown$city[3] <- NA
  expect_identical(refused("missing", unknown, "gdp", "city", "year")$rows, 3L)
  twice <- data
  twice$year[2] <- 2012
  expect_identical(refused("duplicates", twice, "gdp", "city", "year")$rows, 2L)
})

test_that("cells filled earlier stay flagged, and no column of another meaning is overwritten", {
  data <- gaps()
  twice <- quietly(quietly(data, "gdp", "city", "year"), "gdp", "city", "year", extrapolate = "nearest")
  expect_identical(which(twice$.filled_gdp), which(is.na(data$gdp)))
  data$.filled_gdp <- 1
  expect_error(quietly(data, "gdp", "city", "year"), class = "pilotdid_error_name_clash")
})

test_that("infinite and all-missing columns, and bounds in the wrong order, are named", {
  data <- gaps()
  expect_error(quietly(data, "gdp", "city", "year", lower = 5, upper = 1), class = "pilotdid_error_argument")
  data$gdp[3] <- Inf
  e <- expect_error(quietly(data, "gdp", "city", "year"), class = "pilotdid_error_infinite")
  expect_identical(e[c("columns", "rows")], list(columns = "gdp", rows = 3L))
  data$gdp <- NA_real_
  w <- expect_warning(quietly(data, "gdp", "city", "year"), class = "pilotdid_warning_all_missing")
  expect_identical(w$columns, "gdp")
})

test_that("series methods fill inside gaps on the regular grid, ends by the same rule", {
  skip_if_not_installed("imputeTS")
  data <- data.frame(
    city = rep(1:2, each = 9), year = rep(c(2001:2008, 2010), 2),
    x = c(1, 2, NA, 8, 16, NA, 64, 128, NA, NA, 3, 5, NA, 9, 8, 7, NA, 2)
  )
  for (method in c("spline", "stine", "kalman", "arima")) {
    filled <- quietly(data, "x", "city", "year", method = method)
    expect_identical(which(is.na(filled$x)), c(9L, 10L))
    # 2009 has no row: the series knows it as an empty period.
    series <- c(data$x[1:8], NA, NA)
    expected <- switch(method,
      spline = , stine = imputeTS::na_interpolation(series, option = method),
      kalman = imputeTS::na_kalman(series, model = "StructTS"),
      arima = imputeTS::na_kalman(series, model = "auto.arima")
    )
    expect_equal(filled$x[c(3, 6)], as.numeric(expected)[c(3, 6)])
  }
  ends <- quietly(data, "x", "city", "year", method = "spline", extrapolate = "nearest")
  expect_identical(ends$x[9:10], c(128, 3))
  data$year <- data$year + (data$year > 2005) / 3
  expect_error(
    quietly(data, "x", "city", "year", method = "spline"),
    class = "pilotdid_error_irregular_time"
  )
})
