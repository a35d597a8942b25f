# Which rows an index uses, and in which group each stands.

# Ranges and means of all rows, and whether they could be taken: a missing or infinite cell makes
# the mean of its column NaN or infinite, a missing integer is its minimum. So the pass that finds
# the ranges finds trouble too, and only then does another pass look for the rows.
all_row_ranges <- function(columns, n) {
  ranges <- cpp_column_ranges(columns, list(n = n, group = NULL, groups = 1L, weight = NULL))
  ranges$finite <- all(is.finite(ranges$mean)) && !any(ranges$min == -2^31)
  ranges
}

# NULL when every row is complete; otherwise which rows are, after the caller's choice.
complete_rows <- function(columns, n, na) {
  check_infinite(columns)
  keep <- cpp_scan(columns, n, NULL)$keep
  if (is.null(keep)) return(NULL)
  complete <- keep == as.raw(1L)
  missing <- lapply(columns, function(x) which(is.na(x)))
  empty <- names(columns)[lengths(missing) == n]
  if (length(empty)) {
    abort("all_missing", c("Every indicator needs values.",
      x = "Missing in every row: {.field {empty}}.",
      i = "Leave {cli::qty(empty)}{?it/them} out of the formula."
    ), columns = empty)
  }
  missing <- missing[lengths(missing) > 0L]
  found <- sprintf("%s in %s (rows %s)", names(missing), lengths(missing), vapply(missing, first_few, ""))
  if (na == "error") {
    abort("missing", c("Indicators must not have missing cells.",
      x = "Missing: {found}.",
      i = "Fill them with {.fun interpolate_panel}, or drop the rows with {.code na = \"complete\"}."
    ), columns = names(missing), rows = which(!complete))
  }
  dropped <- sum(!complete)
  inform("dropped", c("{dropped} of {n} row{?s} dropped for missing indicators.", i = "Missing: {found}."))
  complete
}

check_infinite <- function(columns, what = "Indicators") {
  infinite <- lapply(columns, function(x) which(is.infinite(x)))
  infinite <- infinite[lengths(infinite) > 0L]
  if (!length(infinite)) return(invisible())
  found <- infinite_cells(infinite)
  abort("infinite", c("{what} must be finite.",
    x = "Infinite: {found}.", i = "Look for divisions by zero and logs of zero."
  ), columns = names(infinite), rows = sort(unique(unlist(infinite))))
}

infinite_cells <- function(infinite) {
  sprintf("%s (rows %s)", names(infinite), vapply(infinite, first_few, ""))
}

warn_all_missing <- function(columns) {
  warn("all_missing", c("Some columns have no values.", x = "Missing in every row: {.field {columns}}."), columns = columns)
}

# The periods present among the rows kept; codes only where the weights need them.
index_periods <- function(data, time, spec, keep) {
  needed <- spec$scope == "yearly" || spec$k == "T"
  if (!needed) return(list(values = NULL, code = NULL))
  if (is.null(time)) {
    abort("argument", c("{.arg time} is needed for {.code scope = \"yearly\"} and for {.code k = \"T\"}.",
      i = "Give the name of the time column."
    ))
  }
  coded <- code_id(data[[time]], time)
  check_no_missing(coded$code, time, "time")
  code <- coded$code
  if (!is.null(keep)) {
    # Periods may be empty once rows are gone.
    left <- cpp_compact(code, length(coded$values), as.raw(keep))
    code <- left$code
    coded$values <- coded$values[left$used]
  }
  if (spec$scope == "yearly") check_period_sizes(tabulate(code + 1L), coded$values)
  list(values = coded$values, code = code)
}

check_period_sizes <- function(sizes, values) {
  small <- values[sizes < 2L]
  if (length(small)) {
    shown <- first_few(as.character(small))
    abort("too_few_rows", c("A yearly index needs at least two rows in each period.",
      x = "One row only in: {shown}."
    ))
  }
}

# The core's sample: group -1 for rows left out, NULL where all rows stand in one group.
index_sample <- function(n, keep, periods, spec, weight = NULL) {
  yearly <- spec$scope == "yearly"
  group <- if (yearly) periods$code else if (!is.null(keep)) rep(0L, n)
  if (!is.null(keep)) group[!keep] <- -1L
  list(n = n, group = group, groups = if (yearly) length(periods$values) else 1L, weight = weight)
}

report_constants <- function(fit, terms, periods, spec) {
  constant <- fit$moments$constant
  check_size_of_max(fit, terms, spec)
  varying <- colSums(!constant)
  if (any(varying < 2L)) {
    when <- if (spec$scope == "yearly") first_few(as.character(periods$values[varying < 2L]))
    still <- terms$indicator[rowSums(constant) > 0L]
    abort("too_few_indicators", c("An index needs at least two indicators that vary.",
      x = "Constant: {.field {still}}.", x = if (length(when)) "In: {when}."
    ), columns = still)
  }
  if (!any(constant)) return(invisible())
  which_in <- function(j) {
    if (spec$scope != "yearly") return("")
    sprintf(" (in %s)", first_few(as.character(periods$values[constant[j, ]])))
  }
  rows <- which(rowSums(constant) > 0L)
  found <- paste0(terms$indicator[rows], vapply(rows, which_in, ""))
  warn("constant", c("Indicators that do not vary get weight 0.", x = "Constant: {.field {found}}."),
    columns = terms$indicator[rows]
  )
}

check_size_of_max <- function(fit, terms, spec) {
  if (spec$normalize != "max" || spec$method == "pca") return(invisible())
  bad <- terms$indicator[rowSums(fit$moments$min < 0) > 0L]
  if (length(bad)) {
    abort("negative_values", c("{.code normalize = \"max\"} needs indicators that are never negative.",
      x = "Negative values in: {.field {bad}}."
    ), columns = bad)
  }
}

report_negative_weights <- function(fit, terms) {
  bad <- terms$indicator[rowSums(fit$weight < 0) > 0L]
  if (length(bad)) {
    warn("negative_weight", c("Some indicators count against their direction.",
      x = "Negative weight: {.field {bad}}.",
      i = "They are negatively correlated with the other indicators: check their directions."
    ), columns = bad)
  }
}

warn_yearly <- function() {
  warn("yearly", c("Scores of a yearly index are not comparable over time.",
    i = "Each period has bounds and weights of its own: compare within a period only."
  ))
}

warn_periods <- function(periods) {
  warn("k", c("{.code k = \"T\"} divides entropy by the log of the {periods} periods, not of the rows.",
    x = "Divergences turn negative and the ranking of the weights is upside down.",
    i = "Use it to replicate published results only."
  ))
}
