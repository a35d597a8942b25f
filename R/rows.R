# Which rows are used: subset, missing and infinite values, zero weights, singletons. Each step
# is counted; `design$flow` names it and says how many rows it dropped.

keep_rows <- function(design, keep, drop_singletons) {
  n <- design$n_data <- length(design$outcome)
  flow <- numeric()
  if (!is.null(keep)) flow["subset"] <- sum(keep == as.raw(0L))

  columns <- scanned_columns(design)
  scan <- cpp_scan(columns, n, keep)
  refuse_infinite(scan, names(columns))
  missing <- scan$dropped > 0
  flow <- c(flow, set_names(scan$dropped[missing], paste("missing", names(columns)[missing])))
  keep <- scan$keep

  if (!is.null(design$weights) && any(design$weights == 0)) {
    keep <- keep %||% rep(as.raw(1L), n)
    zero <- design$weights == 0 & keep == as.raw(1L)
    flow["zero weight"] <- sum(zero)
    keep[zero] <- as.raw(0L)
  }
  if (drop_singletons) {
    intercepts <- Filter(function(e) e$intercept, design$effects)
    if (length(intercepts)) {
      pruned <- cpp_prune(
        keep, lapply(intercepts, `[[`, "code"),
        vapply(intercepts, function(e) length(e$values), 1L), n
      )
      keep <- pruned$keep
      if (pruned$dropped > 0) {
        flow["singletons"] <- pruned$dropped
      }
    }
  }
  design$n <- n - sum(flow)
  design$flow <- flow
  if (design$n == 0) {
    refuse_one_period(design, scan$keep)
    abort("empty", c("No row is left to estimate on.",
      set_names_i(paste0(names(flow), ": ", flow, " rows dropped"))
    ))
  }
  # Where singletons are all there is, what went wrong is said above.
  if ("singletons" %in% names(flow)) warn_singletons(flow[["singletons"]], names(intercepts))
  design$keep <- keep
  design
}

# The columns whose missing values drop a row, under the names that the row flow shows.
# Identifiers come with their codes: a missing code is a missing integer.
scanned_columns <- function(design) {
  ids <- c(list(design$unit, design$time), design$effects, design$clusters)
  ids <- ids[!vapply(ids, is.null, TRUE)]
  ids <- ids[!duplicated(vapply(ids, `[[`, "", "label"))]
  slopes <- unlist(lapply(unname(design$effects), `[[`, "slopes"), recursive = FALSE)
  c(
    set_names(list(design$outcome), design$outcome_name),
    design$regressors, design$endogenous, design$instruments, slopes,
    set_names(lapply(ids, `[[`, "code"), vapply(ids, `[[`, "", "label")),
    if (!is.null(design$weights)) list(weights = design$weights)
  )
}

refuse_infinite <- function(scan, names) {
  bad <- which(scan$infinite > 0)
  if (!length(bad)) return(invisible())
  k <- bad[1L]
  abort("infinite", c("Values must be finite.",
    x = "{.field {names[k]}} is infinite in {scan$infinite[k]} row{?s}, first in row {scan$first[k]}.",
    if (length(bad) > 1L) c(x = "{cli::qty(length(bad) - 1L)}So {?is/are} {.field {names[bad[-1L]]}}."),
    i = "A logarithm of zero is the usual cause; set such values to {.code NA} to drop the rows."
  ))
}

warn_singletons <- function(dropped, effects) {
  warn("singletons", c("{dropped} singleton row{?s} {?was/were} dropped.",
    i = "A row alone in its level of {.or {.field {effects}}} is fitted exactly and says nothing; {.code drop_singletons = FALSE} keeps it."
  ))
}

# Sorts the used rows by unit and time, and renumbers codes once rows are gone.
index_rows <- function(design, duplicates, one_period = FALSE) {
  if (!is.null(design$keep)) design <- compact_design(design)
  unit <- design$unit
  time <- design$time
  if (is.null(unit)) {
    # Without units the rows are one block.
    design["rows"] <- list(used_rows(design))
    design$start <- c(0L, as.integer(design$n))
    return(design)
  }
  index <- cpp_index(design$keep, design$n_data, unit$code, length(unit$values), time$code, length(time$values))
  design["rows"] <- list(index$rows)
  design$start <- index$start
  if (!is.null(time)) {
    if (!one_period) refuse_one_period(design)
    if (duplicates == "error" && !index$strict) refuse_duplicates(design)
  }
  design
}

refuse_one_period <- function(design, keep = NULL) {
  time <- design$time
  if (is.null(time)) return(invisible())
  codes <- if (is.null(keep)) seq_along(time$values) - 1L else unique(time$code[keep == as.raw(1L)])
  if (length(codes) != 1L) return(invisible())
  abort("periods", c("At least two periods are needed.",
    x = "{.field {time$label}} takes the single value {.val {format(time$values[codes + 1L])}} in the rows kept."
  ))
}

used_rows <- function(design) {
  if (is.null(design$keep)) NULL else which(design$keep == as.raw(1L)) - 1L
}

compact_design <- function(design) {
  compact <- function(id) {
    if (is.null(id)) return(NULL)
    renumbered <- cpp_compact(id$code, length(id$values), design$keep)
    id$code <- renumbered$code
    id$values <- id$values[renumbered$used]
    id
  }
  # The unit and the time usually are effects: renumber each once.
  same_as <- function(id) if (!is.null(id)) match(id$label, names(design$effects))
  unit_at <- same_as(design$unit)
  time_at <- same_as(design$time)
  design$effects <- lapply(design$effects, compact)
  pick <- function(id, at) {
    if (is.null(id)) NULL else if (is.na(at)) compact(id) else design$effects[[at]]
  }
  design["unit"] <- list(pick(design$unit, unit_at))
  design["time"] <- list(pick(design$time, time_at))
  design$clusters <- lapply(design$clusters, compact)
  design
}

refuse_duplicates <- function(design) {
  position <- cpp_first_duplicate(design$rows, design$start, design$time$code)
  if (position == 0) return(invisible())
  rows <- if (is.null(design$rows)) position + c(-1, 0) else design$rows[position + c(-1, 0)] + 1
  unit <- format(design$unit$values[design$unit$code[rows[1L]] + 1L])
  time <- format(design$time$values[design$time$code[rows[1L]] + 1L])
  abort("duplicates", c("Each unit must have one row a period.",
    x = "Rows {rows[1L]} and {rows[2L]} both hold {.field {design$unit$label}} = {.val {unit}}, {.field {design$time$label}} = {.val {time}}.",
    i = "If the first two effects are not the unit and the time, say which are: {.code panel = ~ unit + time}.",
    i = "{.code duplicates = \"allow\"} keeps repeated rows (several persons in a city and year)."
  ), rows = rows)
}

set_names <- rlang::set_names
