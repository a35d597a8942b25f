# Column arguments: names as character, or a one-sided formula such as ~ a + b.

# The names that `columns` stands for. `what` is the argument's name in messages.
column_names <- function(columns, what) {
  unique(vapply(as_exprs(columns, what), expr_label, ""))
}

# One column name, checked against the data; NULL passes where `optional`.
one_column <- function(column, data, what, optional = FALSE) {
  if (is.null(column) && optional) return(NULL)
  names <- column_names(column, what)
  if (length(names) != 1L) {
    abort("argument", c("{.arg {what}} must name one column.", x = "It names {length(names)}."))
  }
  check_columns(names, data)
  names
}

# Columns that hold plain numbers: doubles, integers or logicals, read where they lie.
# Dates, factors and 64-bit integers have other things in the same storage.
is_plain_number <- function(x) {
  typeof(x) %in% c("double", "integer", "logical") && is.null(dim(x)) &&
    !inherits(x, c("factor", "Date", "POSIXt", "difftime", "integer64"))
}

check_numeric_columns <- function(columns, data, what = "columns") {
  bad <- columns[!vapply(columns, function(name) is_plain_number(data[[name]]), NA)]
  if (length(bad)) {
    kind <- vapply(bad, function(name) class(data[[name]])[1], "")
    found <- sprintf("%s (%s)", bad, kind)
    abort("not_numeric", c("Every column of {.arg {what}} must be numeric.",
      x = "Not numeric: {.field {found}}.",
      i = "Convert with {.fun as.numeric}, or leave them out."
    ), columns = bad)
  }
  invisible(columns)
}

is_binary <- function(x) {
  is.logical(x) || {
    seen <- x[!is.na(x)]
    length(seen) > 0L && all(seen == 0 | seen == 1)
  }
}

# Time as numbers on its real scale, so that a gap of three years counts three.
time_values <- function(data, time) {
  x <- data[[time]]
  if (is.factor(x)) x <- as.character(x)
  if (is.character(x)) x <- numbers_in(x, time)
  if (!is.numeric(x) && !inherits(x, c("Date", "POSIXct"))) {
    abort("time", c("{.arg time} must be numeric or a date.",
      x = "{.field {time}} is {.obj_type_friendly {x}}."
    ))
  }
  x <- as.numeric(x)
  check_no_missing(x, time, "time")
  x
}

numbers_in <- function(x, time) {
  value <- suppressWarnings(as.numeric(x))
  bad <- unique(x[is.na(value) & !is.na(x)])
  if (length(bad)) {
    shown <- first_few(bad)
    abort("time", c("{.arg time} must be numeric or a date.",
      x = "{.field {time}} holds text that is not a number: {shown}."
    ))
  }
  value
}

check_no_missing <- function(x, column, what) {
  missing <- which(is.na(x))
  if (length(missing)) {
    rows <- first_few(missing)
    abort("missing", c("{.arg {what}} must be known in every row.",
      x = "{.field {column}} is missing in {length(missing)} row{?s}: {rows}."
    ), rows = missing)
  }
  invisible(x)
}

# The same kind of table as the caller's, with some columns replaced or added and one attribute.
# It is taken apart as a list, so that neither a data.table nor a grouped tibble is changed in
# place.
with_columns <- function(data, new, ...) {
  kept <- attributes(data)
  columns <- unclass_data(data)
  columns[names(new)] <- new
  kept$names <- names(columns)
  # data.table's pointer to itself: a copy must not carry it, setDT() makes a new one.
  kept$.internal.selfref <- NULL
  attributes(columns) <- c(kept, list(...))
  if (inherits(data, "data.table") && requireNamespace("data.table", quietly = TRUE)) {
    columns <- data.table::setDT(columns)
  }
  columns
}

# A tibble with the caller's columns and new ones, whatever kind of table the caller has.
as_plain_tibble <- function(data, new = list()) {
  tibble::new_tibble(c(unclass_data(data), new), nrow = nrow(data))
}
