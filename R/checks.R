# Argument checks shared by all verbs. Each returns its argument invisibly or
# aborts with a class that names what is wrong.

check_flag <- function(x, name) {
  if (!is.logical(x) || length(x) != 1L || is.na(x)) {
    abort("argument", c("{.arg {name}} must be {.code TRUE} or {.code FALSE}.",
      x = "It is {.obj_type_friendly {x}}."
    ))
  }
  invisible(x)
}

check_number <- function(x, name, min = -Inf, max = Inf, open = FALSE) {
  good <- is.numeric(x) && length(x) == 1L && is.finite(x) &&
    (if (open) x > min && x < max else x >= min && x <= max)
  if (!good) {
    side <- if (open) "strictly between" else "between"
    abort("argument", c("{.arg {name}} must be one number {side} {min} and {max}.",
      x = "It is {describe_value(x)}."
    ))
  }
  invisible(x)
}

check_count <- function(x, name, min = 1) {
  if (!is.numeric(x) || length(x) != 1L || !is.finite(x) || x != round(x) || x < min) {
    abort("argument", c("{.arg {name}} must be one whole number, at least {min}.",
      x = "It is {describe_value(x)}."
    ))
  }
  invisible(x)
}

# One of several words, without partial matching: a typo must not pick a method.
check_choice <- function(x, choices, name) {
  if (identical(x, choices)) return(choices[1])
  if (!is.character(x) || length(x) != 1L || !x %in% choices) {
    near <- if (is.character(x) && length(x) == 1L) nearest_names(x, choices, 1L)
    abort("argument", c("{.arg {name}} must be one of {.or {.val {choices}}}.",
      x = "It is {describe_value(x)}.",
      i = if (length(near)) "Did you mean {.val {near}}?"
    ))
  }
  x
}

check_data <- function(data, name = "data") {
  if (!is.data.frame(data)) {
    abort("data", c("{.arg {name}} must be a data frame (tibble and data.table included).",
      x = "It is {.obj_type_friendly {data}}."
    ))
  }
  if (nrow(data) == 0L) abort("empty", "{.arg {name}} has no rows.")
  invisible(data)
}

# Unknown columns are all listed, each with the nearest name that exists.
check_columns <- function(columns, data, name = "data") {
  unknown <- setdiff(columns, names(data))
  if (length(unknown)) {
    hints <- vapply(unknown, function(u) {
      near <- nearest_names(u, names(data), 1L)
      if (length(near)) sprintf("%s: did you mean %s?", u, near) else ""
    }, "")
    hints <- hints[nzchar(hints)]
    abort("unknown_column", c("Every column must stand in {.arg {name}}.",
      x = "Not found: {.field {unknown}}.",
      set_names_i(hints)
    ), columns = unknown)
  }
  invisible(columns)
}

set_names_i <- function(text) {
  text <- gsub("}", "}}", gsub("{", "{{", text, fixed = TRUE), fixed = TRUE)
  rlang::set_names(text, rep("i", length(text)))
}

# Names within a third of their length in edits of what was typed, nearest first.
nearest_names <- function(x, choices, most = 3L) {
  if (!length(choices)) return(character())
  distance <- as.vector(utils::adist(x, choices, ignore.case = TRUE))
  close <- which(distance <= pmax(1, nchar(x) / 3))
  utils::head(choices[close[order(distance[close])]], most)
}

describe_value <- function(x) {
  if (is.atomic(x) && length(x) == 1L) format(x) else paste("of class", class(x)[1], "and length", length(x))
}
