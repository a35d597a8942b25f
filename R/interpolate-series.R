# Filling by the time series methods of imputeTS. It knows no time but the position in the
# series, so each unit is laid out on the regular grid of periods, empty ones included.

# The step of the grid, and each position's place in its unit's series.
regular_grid <- function(panel, method) {
  gaps <- diff(panel$time)[diff(panel$id) == 0]
  step <- if (length(gaps)) min(gaps) else 1
  first <- panel$time[panel$start]
  place <- (panel$time - first) / step
  # Dates and decimal years carry rounding; a thousandth of a step is far above it.
  irregular <- which(abs(place - round(place)) > 1e-3)
  if (length(irregular)) {
    rows <- first_few(sort(panel$order[irregular]))
    abort("irregular_time", c("{.code method = \"{method}\"} needs equally spaced periods.",
      x = "The shortest step is {step}; rows off that grid: {rows}.",
      i = "{.code method = \"linear\"} works on any time scale."
    ), rows = sort(panel$order[irregular]))
  }
  as.integer(round(place)) + 1L
}

# The fewest observed values that each method can work with.
series_minimum <- c(spline = 2L, stine = 2L, kalman = 3L, arima = 3L)

series_fill <- function(v, panel, method) {
  fill <- rep(NA_real_, length(v))
  units <- split(seq_along(v), panel$id)
  for (positions in units) {
    x <- v[positions]
    observed <- sum(!is.na(x))
    if (observed == length(x) || observed < series_minimum[[method]]) next
    place <- panel$grid[positions]
    series <- rep(NA_real_, max(place))
    series[place] <- x
    fill[positions] <- impute_series(series, method)[place]
  }
  fill
}

impute_series <- function(series, method) {
  # A constant series has no variance to model; every method would return the constant.
  seen <- series[!is.na(series)]
  if (all(seen == seen[1])) return(rep(seen[1], length(series)))
  switch(method,
    spline = ,
    stine = imputeTS::na_interpolation(series, option = method),
    kalman = imputeTS::na_kalman(series, model = "StructTS"),
    arima = imputeTS::na_kalman(series, model = "auto.arima")
  )
}
