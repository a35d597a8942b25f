#' Winsorize columns
#'
#' Moves values outside two quantiles to those quantiles,
#' \deqn{x_i^* = \min\{\max(x_i, q_{lo}), q_{hi}\},}
#' over all rows or by period.
#'
#' @param data Data frame, tibble or data.table.
#' @param columns Columns to winsorize: names, or a formula such as
#'   `~ gdp + wage`. A 0/1 column is refused: winsorizing a treatment dummy
#'   would set it to a constant.
#' @param probs Lower and upper quantile; `0` or `1` leaves that side alone.
#' @param by Name of a column (a period, usually) within whose values the
#'   quantiles are taken; `NULL` for all rows together.
#' @param type Type of the quantiles, see [stats::quantile()]: 2 are those of
#'   Stata (`_pctile`, and `winsor2`, which uses it), 7 are R's default.
#' @param trim `TRUE` sets values outside to missing instead of moving them
#'   (`winsor2, trim`).
#' @return The data, of the class it came in, with the columns replaced. The
#'   attribute `"winsorized"` is a tibble with one row a column and group:
#'   `column`, `group`, `lower`, `upper`, `n.low`, `n.high`. Missing cells stay
#'   missing.
#' @section Errors: columns that are 0/1, not numeric, or unknown; `probs` that
#'   are not two increasing numbers in \eqn{[0, 1]}. Columns without a single
#'   value warn.
#' @references Cox (2006), WINSOR: Stata module to winsorize a variable; Lian
#'   (2014), WINSOR2. Hyndman and Fan (1996), Sample quantiles in statistical
#'   packages, definition 2.
#' @examples
#' panel <- data.frame(year = rep(2012:2013, 50), gdp = c(rnorm(99), 50))
#' attr(winsorize(panel, "gdp"), "winsorized")
#' summary(winsorize(panel, ~gdp, probs = c(.05, .95), by = "year")$gdp)
#' @export
winsorize <- function(data, columns, probs = c(.01, .99), by = NULL, type = 2, trim = FALSE) {
  check_data(data)
  columns <- column_names(columns, "columns")
  check_columns(columns, data)
  check_numeric_columns(columns, data)
  check_not_binary(columns, data)
  check_probs(probs)
  empty <- columns[vapply(columns, function(name) all(is.na(data[[name]])), NA)]
  if (length(empty)) warn_all_missing(empty)
  check_flag(trim, "trim")
  if (!is.numeric(type) || length(type) != 1L || !type %in% 1:9) {
    abort("argument", "{.arg type} must be one of the quantile types 1 to 9.")
  }
  by <- one_column(by, data, "by", optional = TRUE)
  groups <- if (is.null(by)) rep(NA, nrow(data)) else data[[by]]
  rows <- split(seq_len(nrow(data)), match(groups, unique(groups)))
  labels <- unique(groups)

  done <- lapply(set_names(columns), function(name) {
    clamp_groups(as.numeric(data[[name]]), rows, probs, type, trim)
  })
  with_columns(data, lapply(done, function(d) d$value), winsorized = winsorized_table(done, labels))
}

clamp_groups <- function(x, rows, probs, type, trim) {
  bounds <- lapply(rows, function(i) clamp_bounds(x[i], probs, type))
  counts <- matrix(0L, 2, length(rows))
  for (g in seq_along(rows)) {
    i <- rows[[g]]
    low <- which(x[i] < bounds[[g]][1])
    high <- which(x[i] > bounds[[g]][2])
    x[i[low]] <- if (trim) NA else bounds[[g]][1]
    x[i[high]] <- if (trim) NA else bounds[[g]][2]
    counts[, g] <- c(length(low), length(high))
  }
  list(value = x, bounds = bounds, counts = counts)
}

clamp_bounds <- function(x, probs, type) {
  q <- stats::quantile(x, probs, na.rm = TRUE, type = type, names = FALSE)
  # A share of 0 or 1 is "no bound", also when the extreme value is infinite.
  if (probs[1] == 0) q[1] <- -Inf
  if (probs[2] == 1) q[2] <- Inf
  q
}

winsorized_table <- function(done, labels) {
  rows <- lapply(names(done), function(name) {
    d <- done[[name]]
    tibble::tibble(
      column = name, group = labels,
      lower = vapply(d$bounds, `[`, 0, 1, USE.NAMES = FALSE),
      upper = vapply(d$bounds, `[`, 0, 2, USE.NAMES = FALSE),
      n.low = d$counts[1, ], n.high = d$counts[2, ]
    )
  })
  do.call(rbind, rows)
}

check_not_binary <- function(columns, data) {
  binary <- columns[vapply(columns, function(name) is_binary(data[[name]]), NA)]
  if (length(binary)) {
    abort("binary", c("A 0/1 column must not be winsorized: it would become a constant.",
      x = "0/1: {.field {binary}}.", i = "Leave {cli::qty(binary)}{?it/them} out of {.arg columns}."
    ), columns = binary)
  }
}

check_probs <- function(probs) {
  good <- is.numeric(probs) && length(probs) == 2L && all(is.finite(probs)) &&
    probs[1] >= 0 && probs[2] <= 1 && probs[1] < probs[2]
  if (!good) {
    abort("argument", c("{.arg probs} must be two increasing numbers between 0 and 1.",
      x = "It is {.val {probs}}."
    ))
  }
}
