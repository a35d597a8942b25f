# lag(), lead() and diff() of formulas: by unit and by the number of the period, so that a period
# that is missing gives a missing value and not the one before it.

#' Lags, leads and differences in formulas
#'
#' In every formula of the package `lag(x, k = 1)`, `lead(x, k = 1)` and `diff(x, k = 1)` look up the
#' value of `x` in the same unit `k` periods before or after. They mask functions of the same name
#' (`stats::lag()`, `dplyr::lag()`), which know nothing of the panel: those stay within reach as
#' `dplyr::lag()`. The short names of `fixest`, `l()`, `f()` and `d()`, work where no other function has
#' them. Several `k` give one column each.
#'
#' Whole numbers and dates count in steps of their largest common divisor: with the years 2000, 2002
#' and 2004 `lag(x)` is the value two years before, with 2000, 2001 and 2003 it is missing in 2003.
#' Dates that all fall on one day of the month count in months. Other kinds of time (texts,
#' factors that are no numbers) count in the order of their values. Rows that `subset` drops still
#' lend their values.
#'
#' @param x A column, or an expression of columns.
#' @param k Periods, one or several; negative values turn the direction round.
#' @return A vector as long as the data (a matrix for several `k`).
#' @section Errors: `no_panel` where the formula names no unit and time, `duplicates` where a unit has
#'   two rows in a period.
#' @examples
#' panel <- simulate_pilot(seed = 1)
#' coef(pilot_did(y ~ status + lag(x1) | unit + time, panel))
#' @name panel_functions
NULL

# An environment for the evaluation of a formula's terms: `env` with the functions of the panel.
panel_mask <- function(env, unit, time, n) {
  look_up <- period_lookup(unit, time, n)
  shifted <- function(x, k, verb, sign = 1) {
    if (!is.numeric(k) || !length(k) || anyNA(k) || any(k != round(k))) {
      abort("argument", c("{.fn {verb}} counts whole periods.", x = "{.arg k} is {describe_value(k)}."))
    }
    if (length(x) != n) {
      abort("formula", c("{.fn {verb}} takes a column, with one value for each row of the data.",
        x = "It was given {length(x)} value{?s} for {n} row{?s}."
      ))
    }
    columns <- lapply(k, function(by) x[look_up(sign * by, verb)])
    if (length(k) == 1L) return(columns[[1L]])
    out <- do.call(cbind, columns)
    colnames(out) <- k
    out
  }
  mask <- new.env(parent = env)
  mask$lag <- function(x, k = 1) shifted(x, k, "lag")
  mask$lead <- function(x, k = 1) shifted(x, k, "lead", -1)
  mask$diff <- function(x, k = 1) x - shifted(x, k, "diff")
  short <- list(l = mask$lag, f = mask$lead, d = mask$diff)
  for (name in names(short)) {
    if (!exists(name, envir = env, mode = "function")) assign(name, short[[name]], envir = mask)
  }
  mask
}

# -> function(shift): the row that holds the value `shift` periods earlier. The panel is
# sorted when first asked for, and each shift is looked up once.
period_lookup <- function(unit, time, n) {
  index <- NULL
  known <- list()
  function(shift, verb) {
    if (is.null(unit) || is.null(time)) {
      abort("no_panel", c("{.fn {verb}} needs a unit and a time.",
        i = "Write {.code | unit + time}, or {.code panel = ~ unit + time}."
      ))
    }
    key <- as.character(shift)
    if (is.null(known[[key]])) {
      if (is.null(index)) index <<- sorted_panel(unit, time, n)
      known[[key]] <<- cpp_lag_rows(index$rows, index$start, time$code, index$period, shift)
    }
    known[[key]]
  }
}

sorted_panel <- function(unit, time, n) {
  keep <- if (anyNA(unit$code) || anyNA(time$code)) as.raw(!is.na(unit$code) & !is.na(time$code))
  index <- cpp_index(keep, n, unit$code, length(unit$values), time$code, length(time$values))
  refuse_duplicates(list(rows = index$rows, start = index$start, unit = unit, time = time))
  index$period <- period_numbers(time$values)
  index
}

# Ascending values of the time -> numbers in which one period is 1.
period_numbers <- function(values) {
  if (inherits(values, "Date")) {
    parts <- as.POSIXlt(values)
    values <- if (length(unique(parts$mday)) == 1L) 12 * parts$year + parts$mon else as.numeric(values)
  } else if (is.factor(values) || is.character(values)) {
    values <- suppressWarnings(as.numeric(as.character(values)))
  } else {
    values <- as.numeric(values)
  }
  steps <- diff(values)
  if (anyNA(steps) || any(steps <= 0) || any(steps != round(steps))) return(as.numeric(seq_along(values)))
  (values - values[1L]) / Reduce(common_divisor, steps, 1 * (length(steps) == 0L))
}

common_divisor <- function(a, b) {
  while (b != 0) {
    rest <- a %% b
    a <- b
    b <- rest
  }
  a
}
