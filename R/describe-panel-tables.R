# Balance, presence patterns and cohorts of a panel.

# Codes of unit and time; NULL without both.
panel_ids <- function(data, keys) {
  if (is.null(keys$unit) || is.null(keys$time)) {
    if (!is.null(keys$status) || !is.null(keys$cohort)) {
      abort("argument", "{.arg status} and {.arg cohort} need {.arg unit} and {.arg time}.")
    }
    return(NULL)
  }
  unit <- code_id(data[[keys$unit]], keys$unit)
  time <- code_id(data[[keys$time]], keys$time)
  known <- !is.na(unit$code) & !is.na(time$code)
  keep <- if (!all(known)) as.raw(known)
  index <- cpp_index(keep, nrow(data), unit$code, length(unit$values), time$code, length(time$values))
  rows <- if (is.null(index$rows)) seq_len(nrow(data)) else index$rows + 1L
  list(
    unit = unit, time = time, rows = index$rows, start = index$start, order = rows,
    unknown = sum(!known)
  )
}

balance_table <- function(panel) {
  size <- diff(panel$start)
  present <- unit_presence(panel)
  full <- present$periods == length(panel$time$values)
  value <- c(
    rows = sum(size), units = length(panel$unit$values), periods = length(panel$time$values),
    `rows a unit, smallest` = min(size), `rows a unit, median` = stats::median(size),
    `rows a unit, largest` = max(size), `units with all periods` = sum(full),
    `share of unit-periods present` = sum(present$periods) / (length(size) * length(panel$time$values)),
    `units with gaps` = sum(present$gaps > 0), `repeated unit-periods` = present$repeated,
    `rows without unit or time` = panel$unknown
  )
  tibble::tibble(statistic = names(value), value = unname(value))
}

# By unit: distinct periods, and periods missing between the first and the last.
unit_presence <- function(panel) {
  unit <- panel$unit$code[panel$order]
  time <- panel$time$code[panel$order]
  n <- length(unit)
  repeated <- n > 1L & c(FALSE, unit[-1] == unit[-n] & time[-1] == time[-n])
  periods <- tabulate(unit[!repeated] + 1L, length(panel$unit$values))
  first <- time[panel$start[-length(panel$start)] + 1L]
  last <- time[panel$start[-1L]]
  # A unit whose periods are all unknown has no gap.
  gaps <- ifelse(periods > 0L, last - first + 1L - periods, 0L)
  list(periods = periods, gaps = gaps, repeated = sum(repeated))
}

# Which periods units have: "111..1" with a point for a missing period, most frequent first.
pattern_table <- function(panel, most = 20L) {
  unit <- panel$unit$code[panel$order] + 1L
  time <- panel$time$code[panel$order] + 1L
  periods <- length(panel$time$values)
  cells <- split(time, factor(unit, seq_along(panel$unit$values)))
  text <- vapply(cells, function(t) {
    mark <- rep(".", periods)
    mark[t] <- "1"
    paste(mark, collapse = "")
  }, "")
  count <- sort(table(text), decreasing = TRUE)
  shown <- utils::head(count, most)
  tibble::tibble(
    pattern = names(shown), units = as.integer(shown), share = as.numeric(shown) / length(text)
  )
}

# Treatment paths by unit; NULL without status and cohort. Rows with an unknown status are left out.
panel_paths <- function(data, keys, panel) {
  if (is.null(keys$status) && is.null(keys$cohort)) return(NULL)
  status <- if (!is.null(keys$status)) {
    check_status(data[[keys$status]], keys$status)
  } else {
    status_of_cohort(data[[keys$cohort]], panel$time)
  }
  refuse_repeated(panel, keys)
  keep <- as.raw(!is.na(status) & !is.na(panel$unit$code) & !is.na(panel$time$code))
  index <- cpp_index(
    keep, nrow(data), panel$unit$code, length(panel$unit$values), panel$time$code,
    length(panel$time$values)
  )
  paths <- cpp_treatment_paths(index$rows, index$start, panel$time$code, status)
  paths$status <- status
  first_position <- index$start[-length(index$start)] + 1L
  first_row <- if (is.null(index$rows)) first_position else index$rows[first_position] + 1L
  first <- panel$time$code[first_row]
  paths$always_treated <- paths$cohort >= 0L & paths$cohort == first
  paths
}

check_status <- function(x, name) {
  if (!is_plain_number(x) || !is_binary(x)) {
    abort("status", c("{.arg status} must be a 0/1 column.", x = "{.field {name}} is not."))
  }
  as.integer(x)
}

status_of_cohort <- function(cohort, time) {
  first <- suppressWarnings(as.numeric(if (is.factor(cohort)) as.character(cohort) else cohort))
  first[is.na(first) | first == 0] <- Inf
  values <- as.numeric(if (is.factor(time$values)) as.character(time$values) else time$values)
  as.integer(values[time$code + 1L] >= first)
}

refuse_repeated <- function(panel, keys) {
  repeated <- unit_presence(panel)$repeated
  if (repeated) {
    abort("duplicates", c("A treatment status needs one row a unit and period.",
      x = "{repeated} row{?s} repeat{?s/} a {.field {keys$unit}} and {.field {keys$time}}."
    ))
  }
}

# One row a cohort, the never treated last.
cohort_table <- function(paths, panel) {
  cohort <- ifelse(paths$always_treated, -2L, paths$cohort)
  values <- sort(unique(cohort[cohort >= 0L]))
  groups <- c(if (any(cohort == -2L)) -2L, values, if (any(cohort == -1L)) -1L)
  label <- ifelse(groups == -2L, "treated from the first row",
    ifelse(groups == -1L, "never treated", as.character(panel$time$values)[pmax(groups, 0L) + 1L])
  )
  by_row <- cohort[panel$unit$code + 1L]
  rows <- function(i) tabulate(match(by_row[i], groups), length(groups))
  units <- tabulate(match(cohort, groups), length(groups))
  known <- !is.na(paths$status)
  tibble::tibble(
    cohort = label, units = units, share = units / sum(units), rows = rows(known),
    treated.rows = rows(known & paths$status == 1L)
  )
}
