#' Fill gaps in a panel, unit by unit
#'
#' Fills missing cells from the same unit's other periods, never across units.
#' Every filled cell is flagged and counted.
#'
#' Inside a gap between the observed periods \eqn{t_0 < t < t_1} of a unit,
#' \deqn{x_t = x_{t_0} + (x_{t_1} - x_{t_0}) \frac{t - t_0}{t_1 - t_0},}
#' on the real time scale: years that have no row count as time passed. Rows
#' may stand in any order.
#'
#' @param data Data frame, tibble or data.table with one row a unit and period.
#' @param columns Columns to fill: names, or a formula such as `~ gdp + wage`.
#'   `NULL` for all numeric columns with missing cells.
#' @param unit,time Names of the unit and of the time column. Time is numeric
#'   (years, months counted through) or a date.
#' @param method How gaps between observed periods are filled: `"linear"`;
#'   `"spline"` and `"stine"` (interpolating splines), `"kalman"` (structural
#'   time series) and `"arima"` (state space form of an ARIMA model) by the
#'   package imputeTS, which needs equally spaced periods.
#' @param extrapolate What is done before a unit's first and after its last
#'   observed period, whatever the method: `"none"`; `"nearest"` repeats the
#'   nearest observed value; `"linear"` continues the line through the two
#'   nearest (as Stata's `ipolate, epolate`).
#' @param lower,upper Bounds of filled cells, such as `lower = 0`: one number,
#'   or a vector named by column. Observed cells are not changed.
#'
#' @return The data, of the class it came in and with the rows in the same
#'   order, with the columns filled and one logical column
#'   `.filled_<column>` each, `TRUE` where the cell was filled, now or by an
#'   earlier call. The attribute
#'   `"interpolation"` is a tibble with one row a column: `column`, `missing`,
#'   `filled`, `bounded` (moved to a bound) and `remaining`. A message prints
#'   these counts.
#' @section Errors: a unit with two rows in one period, missing unit or time,
#'   columns that are not numeric or unknown, infinite cells, a lower bound
#'   above the upper one. Columns without a single value warn.
#' @section When not to use it: before ratios and logs are taken is the right
#'   moment, after is too late. Extrapolated outcomes follow the unit's own
#'   trend by construction and can make parallel trends look better than they
#'   are: check the result without them, `data[!data$.filled_x, ]`.
#' @references The linear rule is that of Stata's `ipolate`. Moritz and
#'   Bartz-Beielstein (2017), imputeTS: Time Series Missing Value Imputation in
#'   R, R Journal 9(1).
#' @examples
#' panel <- data.frame(
#'   city = rep(c("A", "B"), each = 4), year = c(2012, 2013, 2016, 2017, 2012:2015),
#'   gdp = c(1, NA, 5, NA, NA, 10, NA, 14)
#' )
#' interpolate_panel(panel, "gdp", "city", "year")
#' interpolate_panel(panel, ~gdp, ~city, ~year, extrapolate = "linear", lower = 0)
#' @export
interpolate_panel <- function(data, columns = NULL, unit, time,
                              method = c("linear", "spline", "stine", "kalman", "arima"),
                              extrapolate = c("none", "nearest", "linear"),
                              lower = -Inf, upper = Inf) {
  check_data(data)
  method <- check_choice(method, c("linear", "spline", "stine", "kalman", "arima"), "method")
  extrapolate <- check_choice(extrapolate, c("none", "nearest", "linear"), "extrapolate")
  unit <- one_column(unit, data, "unit")
  time <- one_column(time, data, "time")
  columns <- columns_to_fill(columns, data, c(unit, time))
  lower <- bounds_by_column(lower, columns, "lower")
  upper <- bounds_by_column(upper, columns, "upper")
  check_bounds_order(lower, upper)
  check_infinite(as.list(data)[columns], "Columns to fill")
  before <- earlier_flags(columns, data)
  if (method != "linear") rlang::check_installed("imputeTS", sprintf("for `method = \"%s\"`.", method))

  panel <- unit_order(data, unit, time)
  if (method != "linear") panel$grid <- regular_grid(panel, method)
  filled <- lapply(set_names(columns), function(name) {
    fill_column(data[[name]], panel, method, extrapolate, lower[[name]], upper[[name]])
  })
  counts <- fill_counts(filled)
  report_filled(counts, nrow(data))
  flags <- Map(function(f, earlier) f$filled | earlier, filled, before)
  names(flags) <- sprintf(".filled_%s", columns)
  with_columns(data, c(lapply(filled, function(f) f$value), flags), interpolation = counts)
}

columns_to_fill <- function(columns, data, keys) {
  if (is.null(columns)) {
    candidates <- setdiff(names(data), keys)
    gaps <- vapply(candidates, function(name) {
      x <- data[[name]]
      is_plain_number(x) && !is.logical(x) && anyNA(x)
    }, NA)
    return(candidates[gaps])
  }
  columns <- column_names(columns, "columns")
  check_columns(columns, data)
  check_numeric_columns(columns, data)
}

bounds_by_column <- function(bound, columns, what) {
  named <- length(bound) > 1L || !is.null(names(bound))
  if (!is.numeric(bound) || anyNA(bound) || !length(bound) || (named && is.null(names(bound)))) {
    abort("argument", "{.arg {what}} must be one number, or numbers named by column.")
  }
  default <- if (what == "lower") -Inf else Inf
  out <- set_names(rep(if (named) default else bound, length(columns)), columns)
  if (named) {
    unknown <- setdiff(names(bound), columns)
    if (length(unknown)) {
      abort("unknown_column", c("{.arg {what}} must name columns that are filled.",
        x = "Not among them: {.field {unknown}}."
      ), columns = unknown)
    }
    out[names(bound)] <- bound
  }
  out
}

check_bounds_order <- function(lower, upper) {
  wrong <- names(lower)[lower > upper]
  if (length(wrong)) {
    abort("argument", c("{.arg lower} must not lie above {.arg upper}.", x = "It does for {.field {wrong}}."))
  }
}

# A second call fills what the first has left: the cells that it filled stay flagged.
earlier_flags <- function(columns, data) {
  lapply(set_names(columns), function(name) {
    name <- sprintf(".filled_%s", name)
    flag <- if (name %in% names(data)) data[[name]] else logical(nrow(data))
    if (is.logical(flag)) return(flag)
    abort("name_clash", c("{.arg data} must not have columns of the names to be added.",
      x = "Already there, and not a flag: {.field {name}}.", i = "Rename it."
    ))
  })
}

# Rows in order of unit and time: `order` (positions -> rows), `time` and `start` (position of
# the unit's first row) in that order.
unit_order <- function(data, unit, time) {
  t <- time_values(data, time)
  id <- code_id(data[[unit]], unit)$code + 1L
  check_no_missing(id, unit, "unit")
  order <- order(id, t, method = "radix")
  id <- id[order]
  t <- t[order]
  n <- length(id)
  new <- c(TRUE, id[-1] != id[-n])
  twice <- which(!new & c(FALSE, t[-1] == t[-n]))
  if (length(twice)) {
    rows <- first_few(sort(order[twice]))
    abort("duplicates", c("Each unit must have one row a period.",
      x = "{length(twice)} row{?s} repeat{?s/} a {.field {unit}} and {.field {time}}: {rows}."
    ), rows = sort(order[twice]))
  }
  list(order = order, time = t, id = id, start = cummax(ifelse(new, seq_len(n), 0L)))
}

# One column: value, which cells were filled, which of those were moved to a bound.
fill_column <- function(x, panel, method, extrapolate, lower, upper) {
  v <- x[panel$order]
  missing <- is.na(v)
  near <- observed_neighbors(missing, panel)
  inside <- missing & near$before > 0L & near$after > 0L
  fill <- rep(NA_real_, length(v))
  fill[inside] <- if (method == "linear") {
    line_through(v, panel$time, near$before[inside], near$after[inside], which(inside))
  } else {
    series_fill(v, panel, method)[inside]
  }
  outside <- which(missing & !inside)
  fill[outside] <- fill_outside(v, panel$time, near, outside, extrapolate)
  filled <- missing & !is.na(fill)
  bounded <- filled & (fill < lower | fill > upper)
  fill <- pmin(pmax(fill, lower), upper)

  value <- if (any(filled)) as.numeric(x) else x
  value[panel$order[filled]] <- fill[filled]
  flag <- logical(length(x))
  flag[panel$order[filled]] <- TRUE
  list(value = value, filled = flag, missing = sum(missing), bounded = sum(bounded))
}

# For each position: the nearest observed positions of the same unit before and after it, and
# the second nearest; 0 where there is none.
observed_neighbors <- function(missing, panel) {
  n <- length(missing)
  position <- seq_len(n)
  before <- cummax(ifelse(missing, 0L, position))
  before[before < panel$start] <- 0L
  end <- panel$start + tabulate(panel$id)[panel$id] - 1L
  after <- n + 1L - rev(cummax(rev(ifelse(missing, 0L, n + 1L - position))))
  after[after > end] <- 0L
  observed <- which(!missing)
  # Of an observed position, the observed ones next to it in its unit.
  previous <- following <- integer(n)
  previous[observed] <- c(0L, observed[-length(observed)])[seq_along(observed)]
  previous[previous < panel$start] <- 0L
  following[observed] <- c(observed[-1], 0L)[seq_along(observed)]
  following[following > end] <- 0L
  list(before = before, after = after, previous = previous, following = following)
}

line_through <- function(v, time, from, to, at) {
  v[from] + (v[to] - v[from]) * (time[at] - time[from]) / (time[to] - time[from])
}

fill_outside <- function(v, time, near, at, extrapolate) {
  out <- rep(NA_real_, length(at))
  if (extrapolate == "none" || !length(at)) return(out)
  # Positions before the first observed one look ahead, those after the last look back.
  nearest <- ifelse(near$before[at] > 0L, near$before[at], near$after[at])
  second <- integer(length(at))
  known <- nearest > 0L
  back <- near$before[at] > 0L
  second[known & back] <- near$previous[nearest[known & back]]
  second[known & !back] <- near$following[nearest[known & !back]]
  if (extrapolate == "nearest") {
    out[known] <- v[nearest[known]]
    return(out)
  }
  both <- known & second > 0L
  out[both] <- line_through(v, time, second[both], nearest[both], at[both])
  out
}

fill_counts <- function(filled) {
  count <- function(f) vapply(filled, f, 0)
  missing <- count(function(f) f$missing)
  done <- count(function(f) sum(f$filled))
  tibble::tibble(
    column = as.character(names(filled)), missing = as.integer(missing), filled = as.integer(done),
    bounded = as.integer(count(function(f) f$bounded)), remaining = as.integer(missing - done)
  )
}

report_filled <- function(counts, rows) {
  counts <- counts[counts$missing > 0L, ]
  if (!nrow(counts)) {
    inform("filled", "No column has missing cells: nothing was filled.")
    return(invisible())
  }
  share <- sprintf("%.1f%%", 100 * counts$filled / rows)
  extra <- paste0(
    ifelse(counts$bounded > 0, sprintf(", %d at a bound", counts$bounded), ""),
    ifelse(counts$remaining > 0, sprintf(", %d still missing", counts$remaining), "")
  )
  lines <- sprintf("%s: %d of %d missing filled (%s of rows)%s", counts$column, counts$filled,
    counts$missing, share, extra
  )
  empty <- counts$column[counts$missing == rows]
  if (length(empty)) warn_all_missing(empty)
  total <- sum(counts$filled)
  inform("filled", c("Filled {total} cell{?s} in {nrow(counts)} column{?s}.", bullet_lines(lines)))
}
