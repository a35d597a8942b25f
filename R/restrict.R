# A design on fewer rows: what was coded and derived for the old rows follows.

# keep: TRUE for the data rows that stay. The row flow gains a step. one_period: may a single period be left?
restrict_design <- function(design, keep, step, drop_singletons = TRUE, one_period = FALSE) {
  used <- design$keep %||% rep(as.raw(1L), design$n_data)
  gone <- used == as.raw(1L) & !(keep %in% TRUE)
  used[gone] <- as.raw(0L)
  design$flow[step] <- sum(gone)
  if (!any(used == as.raw(1L))) {
    abort("empty", c("No row is left to estimate on.", set_names_i(paste0(step, ": ", sum(gone), " rows dropped"))))
  }
  intercepts <- Filter(function(e) e$intercept, design$effects)
  if (drop_singletons && length(intercepts)) {
    pruned <- cpp_prune(
      used, lapply(intercepts, `[[`, "code"),
      vapply(intercepts, function(e) length(e$values), 1L), design$n_data
    )
    used <- pruned$keep
    if (pruned$dropped > 0) design$flow["singletons then"] <- pruned$dropped
  }
  before <- design[c("unit", "time")]
  design$keep <- used
  design$n <- sum(used == as.raw(1L))
  design <- index_rows(design, "allow", one_period)
  follow_units(design, before)
}

# What is stored by unit, and cohorts, which are codes of periods.
follow_units <- function(design, before) {
  at <- match(design$unit$values, before$unit$values)
  cohort <- design$treatment$cohort
  if (!is.null(cohort)) {
    # A cohort whose pilot period is gone starts at the next period that is left.
    first <- match(before$time$values, design$time$values)
    later <- rev(cummin(rev(ifelse(is.na(first), Inf, first))))
    moved <- ifelse(cohort < 0L, Inf, later[pmax(cohort, 0L) + 1L])[at]
    design$treatment$cohort <- as.integer(ifelse(is.finite(moved), moved - 1, -1))
    design$treatment$always <- sum(design$treatment$cohort == 0L)
    design$treatment$cohort_value <- design$treatment$cohort_value[at]
  }
  if (!is.null(design$event_start)) design$event_start <- shift_starts(design, before, at)
  design
}

# Positions count from the first period that is left.
shift_starts <- function(design, before, at) {
  old <- period_positions(before$time$values)
  new <- period_positions(design$time$values)
  kept <- match(design$time$values, before$time$values)
  step <- if (length(new) > 1L) diff(range(old[kept])) / diff(range(new)) else 1
  as.integer((design$event_start[at] - old[kept[1L]]) / step) + 1L
}
