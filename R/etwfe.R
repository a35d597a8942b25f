# estimator = "etwfe": the extended two-way regression of Wooldridge (2021, 2023).
#   linear: unit and time effects, a level of its own for each treated cohort and period, covariates
#   with slopes by cohort, by period and by treated cell -> contrasts of levels -> fit
#   logit, poisson: cohort and time effects instead of unit effects, see etwfe-glm.R

# control_group "notyet": only treated cells have levels of their own; "never": all cells of the
# cohorts that join, but the reference period.
fit_etwfe <- function(design, data, vcov, ssc, solver, call, control_group, anticipation,
                      family = c("linear", "logit", "poisson"), shares = c("fixed", "sampled")) {
  family <- check_choice(family, c("linear", "logit", "poisson"), "family")
  shares <- check_choice(shares, c("fixed", "sampled"), "shares")
  design <- staggered_design(design, "etwfe")
  refuse_unit_slopes(design, "etwfe")
  design <- drop_always_treated(design)
  warn_single_units(design)
  frame <- etwfe_frame(design, control_group, as.integer(anticipation))
  options <- list(control_group = control_group, anticipation = anticipation, family = family,
                  reference = if (control_group == "never") -1L - as.integer(anticipation))
  if (family != "linear") {
    return(fit_etwfe_glm(design, data, vcov, ssc, call, frame, family, shares, options))
  }
  effects <- etwfe_effects(design, frame)
  contrasts <- etwfe_contrasts(design, frame, effects)
  covariates <- design$covariates
  # The covariates stand in the slopes: nothing is left for common coefficients.
  design$covariates <- list()
  fit <- saturated_fit("etwfe", design, data, vcov, ssc, solver, call, frame$cells, frame$slots, frame$code, effects,
    contrasts, shares, options)
  fit$design$covariates <- covariates
  fit
}

# The cells with an effect of their own, and for each data row its cell (from 0, -1 none).
etwfe_frame <- function(design, control_group, anticipation) {
  slots <- cohort_slots(design)
  periods <- length(design$time$values)
  joined <- slots$code[slots$code >= 0L]
  cells <- expand.grid(time = seq_len(periods) - 1L, cohort = joined)[c("cohort", "time")]
  never <- any(slots$code < 0L)
  if (control_group == "never") {
    refuse_no_never(design, never, control_group, anticipation)
    cells$base <- shift_period(design, cells$cohort, -1L - anticipation)
  } else {
    refuse_no_never(design, never, control_group, anticipation)
    cells <- cells[event_time_of(design, cells$cohort, cells$time) >= -anticipation, ]
    cells$base <- NA_integer_
  }
  rownames(cells) <- NULL
  code <- cell_codes(design, slots)
  own <- which(is.na(cells$base) | cells$time != cells$base)
  of_code <- rep(-1L, length(slots$code) * periods)
  of_code[cell_code(cells$cohort[own], cells$time[own], slots, periods) + 1L] <- own - 1L
  list(cells = cells, slots = slots, code = code, cell = of_code[code + 1L], periods = periods)
}

# Levels: the period for rows without an effect, the cell for the others; then slopes of each
# covariate by cohort, by period and, around the cohort's mean, by cell.
etwfe_effects <- function(design, frame) {
  cell <- frame$cell
  own <- !is.na(cell) & cell >= 0L
  level <- design$time$code
  level[own] <- frame$periods + cell[own]
  effects <- list(list(code = level, levels = frame$periods + nrow(frame$cells), slope = NULL, label = "cell"))
  slot <- frame$code %/% frame$periods
  for (name in names(design$covariates)) {
    x <- as.numeric(design$covariates[[name]])
    centered <- x - cohort_mean(design, frame, slot, x)[slot + 1L]
    inside <- ifelse(own, centered, 0)
    effects <- c(effects, list(
      list(code = slot, levels = length(frame$slots$code), slope = x, label = name),
      list(code = design$time$code, levels = frame$periods, slope = x, label = name),
      list(code = pmax(cell, 0L), levels = nrow(frame$cells), slope = inside, label = name)
    ))
  }
  c(effects, further_effects(design))
}

cohort_mean <- function(design, frame, slot, x) {
  sums <- cpp_code_sums(design$rows, design$start, slot, length(frame$slots$code), list(x), design$weights)
  sums[, 2L] / sums[, 1L]
}

# The mean effect over the rows of each cell: its level against its period's, and its slopes at the
# mean of the centered covariates there.
etwfe_contrasts <- function(design, frame, effects) {
  levels <- vapply(effects, `[[`, 1L, "levels")
  start <- cumsum(c(0L, levels))
  cells <- frame$cells
  out <- matrix(0, nrow(cells), sum(levels))
  own <- which(is.na(cells$base) | cells$time != cells$base)
  out[cbind(own, frame$periods + own)] <- 1
  out[cbind(own, cells$time[own] + 1L)] <- -1
  for (j in seq_along(design$covariates)) {
    at <- 1L + 3L * j
    sums <- cpp_code_sums(design$rows, design$start, effects[[at]]$code, nrow(cells), list(effects[[at]]$slope), in_cell_weights(design, frame))
    mean <- sums[, 2L] / sums[, 1L]
    out[cbind(own, start[at] + own)] <- ifelse(is.finite(mean[own]), mean[own], 0)
  }
  out
}

# Weights that are zero outside the cells: rows without an effect are parked in the first one.
in_cell_weights <- function(design, frame) {
  as.numeric(!is.na(frame$cell) & frame$cell >= 0L) * (if (is.null(design$weights)) 1 else design$weights)
}
