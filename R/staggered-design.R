# What the estimators for staggered adoption need of a design: an absorbing binary treatment, the
# cohort of each unit, the covariates without the treatment.

# -> design with `cohort` (unit -> first treated period from 0, -1 never), `covariates`, and the
# periods without untreated rows refused.
# reversals: does the estimator know what to do when a unit switches off again?
# what: how messages name the caller, where that is not an estimator.
staggered_design <- function(design, estimator, reversals = FALSE, what = "{.code estimator = {.val {estimator}}}") {
  treatment <- design$treatment
  if (length(design$endogenous)) {
    abort("argument", c("{.code estimator = {.val {estimator}}} takes no instruments.",
      i = "The third part of the formula belongs to {.code estimator = \"twfe\"}."
    ))
  }
  if (!identical(treatment$kind, "binary") || is.null(treatment$cohort)) {
    name <- treatment$names
    abort("treatment_kind", c(paste(what, "needs one treatment status, 0 or 1, in a panel with a unit and a time."),
      x = "{.field {name}} is {if (length(name) > 1L) 'a set of several terms' else treatment$kind}.",
      i = "Name the status first in the formula, or give {.arg cohort}."
    ))
  }
  if (!reversals && isTRUE(treatment$reversals > 0)) {
    abort("reversal", c(paste(what, "is for treatments that stay on."),
      x = "{.field {treatment$names}} switches off again in {treatment$reversals} unit{?s}.",
      i = "{.code estimator = \"dcdh\"} allows switching off; or define the status as having ever joined."
    ))
  }
  design <- with_cohort(design)
  if (all(design$cohort == 0L | design$cohort == -1L)) {
    abort("no_switch", c("No unit changes its status.",
      x = "All treated units are treated in their first period already.",
      i = "Keep periods before the pilot."
    ))
  }
  # Not only its name: several names may hold the same status.
  design$covariates <- design$regressors[setdiff(names(design$regressors), c(treatment$names, "(Intercept)"))]
  design
}

# design$cohort: that of the treatment, but 0 where the date is unknown: derived from the status, a unit
# treated in its first row joined in that period or before.
with_cohort <- function(design) {
  design$cohort <- design$treatment$cohort
  if (is.null(design$treatment$cohort_value)) {
    first <- design$time$code[first_rows(design)]
    design$cohort[design$cohort == first & design$cohort >= 0L] <- 0L
  }
  design
}

# The design on fewer rows or units, cohorts included.
restrict_cohorts <- function(design, keep, step) with_cohort(restrict_design(design, keep, step))

# Periods are codes from 0; event time, anticipation and references count positions, which leave room
# for years without data (period_positions()). -> event time of each (cohort, time).
event_time_of <- function(design, cohort, time) {
  position <- period_positions(design$time$values)
  position[time + 1L] - position[cohort + 1L]
}

# The last period at or before `by` positions from a period; -1 where there is none.
shift_period <- function(design, period, by) {
  position <- period_positions(design$time$values)
  findInterval(position[period + 1L] + by, position) - 1L
}

# The period exactly `by` positions away, NA where it is not in the data.
period_at <- function(design, period, by) {
  position <- period_positions(design$time$values)
  match(position[period + 1L] + by, position) - 1L
}

warn_one_unit <- function(design, cohorts) {
  if (!length(cohorts)) return(invisible())
  cohorts <- unique(format_id(time_label(design, cohorts)))
  warn("one_unit", c("Cohorts of a single unit (or cluster) have no variance of their own: {cohorts}.",
    i = "The standard errors of their effects leave out the spread of effects within the cohort, and are too small."
  ))
}

warn_single_units <- function(design) {
  size <- tabulate(design$cohort + 1L, length(design$time$values))
  # The always treated (0) have no effect to estimate.
  warn_one_unit(design, setdiff(which(size == 1L) - 1L, 0L))
}

# Effects beyond the unit and the time.
extra_effects <- function(design) {
  design$effects[setdiff(names(design$effects), c(design$unit$label, design$time$label))]
}

refuse_extra_effects <- function(design, estimator, what = "{.code estimator = {.val {estimator}}}") {
  extra <- names(extra_effects(design))
  sloped <- any(lengths(lapply(design$effects, `[[`, "slopes")) > 0L)
  if (!length(extra) && !sloped) return(invisible())
  found <- if (length(extra)) extra else "unit-specific slopes"
  abort("effects", c(paste(what, "knows unit and time effects only."),
    x = "The formula also has {.field {found}}.",
    i = "{.code estimator = \"bjs\"} takes further effects; constant characteristics can be covariates."
  ))
}

# One row for each unit and period?
has_repeated_rows <- function(design) {
  cpp_first_duplicate(design$rows, design$start, design$time$code) > 0
}

is_balanced <- function(design) {
  design$n == length(design$unit$values) * length(design$time$values) && !has_repeated_rows(design)
}

# Cohorts in ascending order, the never treated last: list(code, slot of each unit, label).
cohort_slots <- function(design) {
  joined <- sort(unique(design$cohort[design$cohort >= 0L]))
  code <- c(joined, if (any(design$cohort < 0L)) -1L)
  list(code = code, slot = match(design$cohort, code) - 1L)
}

# (cohort, period) of each data row: slot * periods + period.
cell_codes <- function(design, slots) {
  cpp_cell_codes(design$rows, design$start, design$time$code, length(design$time$values), slots$slot)
}

cell_code <- function(cohort, time, slots, periods) (match(cohort, slots$code) - 1L) * periods + time

time_label <- function(design, code) {
  values <- design$time$values[code + 1L]
  if (is.factor(values)) as.character(values) else values
}

