# A panel as units x positions in time, for estimators that are made of long differences. Positions
# leave room for periods without data (period_positions()): such columns are NA throughout.

panel_matrix <- function(design, column) {
  used <- (if (is.null(design$rows)) seq_len(design$n) else design$rows + 1L)
  position <- period_positions(design$time$values)
  out <- matrix(NA_real_, length(design$unit$values), max(position))
  out[cbind(design$unit$code[used] + 1L, position[design$time$code[used] + 1L])] <- as.numeric(full_column(column)[used])
  out
}

# The position of each unit's first treated period; Inf for never.
switch_positions <- function(design) {
  position <- period_positions(design$time$values)
  ifelse(design$cohort < 0L, Inf, position[pmax(design$cohort, 0L) + 1L])
}

# x[i, at[i]], NA where the position lies outside.
pick_position <- function(x, at) {
  at[!is.finite(at) | at < 1L | at > ncol(x)] <- NA
  x[cbind(seq_len(nrow(x)), at)]
}

# One weight a unit: estimators made of unit-level differences have no use for others.
unit_weights <- function(design, estimator) {
  if (is.null(design$weights)) return(rep(1, length(design$unit$values)))
  if (!constant_weights(design)) {
    abort("weights", c("{.code estimator = {.val {estimator}}} takes one weight a unit.",
      x = "The weights change within {.field {design$unit$label}}.",
      i = "Use those of one period, or the mean over periods."
    ))
  }
  as.numeric(design$weights[first_rows(design)])
}

refuse_weights <- function(design, estimator, why) {
  if (is.null(design$weights)) return(invisible())
  abort("weights", c("{.code estimator = {.val {estimator}}} takes no weights.", i = why))
}

refuse_repeated_rows <- function(design, estimator) {
  if (!has_repeated_rows(design)) return(invisible())
  abort("duplicates", c("{.code estimator = {.val {estimator}}} needs one row a unit and period.",
    i = "It compares a unit with itself at another time; {.code estimator = \"cs\"} takes repeated cross-sections."
  ))
}

refuse_always_only <- function(found, estimator) {
  if (any(found)) return(invisible())
  abort("no_effect", c("No effect can be estimated by {.val {estimator}}.",
    i = "It needs units that switch while others, so far of the same status, do not."
  ))
}
