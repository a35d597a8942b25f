# estimator = "sa": the saturated regression of Sun and Abraham (2021), as fixest's sunab().
#   design -> one level for each cohort and period -> contrasts of levels -> fit

# shares = "fixed": standard errors of averages as if the shares of the cohorts were known (fixest);
# "sampled" adds their sampling error (eventstudyinteract). reference: event times set to zero.
fit_sa <- function(design, data, vcov, ssc, solver, call, control_group, anticipation,
                   shares = c("fixed", "sampled"), reference = -1L - as.integer(anticipation)) {
  shares <- check_choice(shares, c("fixed", "sampled"), "shares")
  check_reference(reference)
  design <- staggered_design(design, "sa")
  refuse_unit_slopes(design, "sa")
  design <- last_cohort_as_control(drop_always_treated(design))
  warn_single_units(design)
  slots <- cohort_slots(design)
  periods <- length(design$time$values)
  code <- cell_codes(design, slots)
  joined <- slots$code[slots$code >= 0L]
  cells <- expand.grid(time = seq_len(periods) - 1L, cohort = joined)[c("cohort", "time")]
  cells$base <- period_at(design, cells$cohort, as.integer(reference[1L]))
  event_time <- event_time_of(design, cells$cohort, cells$time)
  cells <- cells[!event_time %in% reference | cells$time %in% cells$base & event_time == reference[1L], ]
  effects <- c(list(list(code = code, levels = length(slots$code) * periods, slope = NULL, label = "cell")), further_effects(design))
  contrasts <- saturated_contrasts(cells, slots, periods, sum(vapply(effects, `[[`, 1L, "levels")))
  saturated_fit("sa", design, data, vcov, ssc, solver, call, cells, slots, code, effects, contrasts,
    shares, list(control_group = "never", anticipation = anticipation, reference = reference))
}

# (cohort, t) - (cohort, base) - [(never, t) - (never, base)].
saturated_contrasts <- function(cells, slots, periods, levels) {
  out <- matrix(0, nrow(cells), levels)
  valid <- which(!is.na(cells$base) & cells$time != cells$base)
  never <- match(-1L, slots$code)
  for (k in valid) {
    own <- match(cells$cohort[k], slots$code)
    at <- c(own, own, never, never) * periods - periods + c(cells$time[k], cells$base[k], cells$time[k], cells$base[k]) + 1L
    out[k, at] <- c(1, -1, -1, 1)
  }
  out
}

# What Sun-Abraham and the extended regression share once their levels and contrasts are named.
saturated_fit <- function(estimator, design, data, vcov, ssc, solver, call, cells, slots, code, effects,
                          contrasts, shares, options) {
  solved <- level_regression(design, effects, contrasts, solver)
  cells$reason <- NA_character_
  is_base <- !is.na(cells$base) & cells$time == cells$base
  outside <- !is_base & rowSums(contrasts != 0) == 0
  cells$reason[outside] <- "the reference period is not in the data"
  lost <- !is_base & !outside & !solved$estimable
  cells$reason[lost] <- unlinked_reason
  cells$estimate <- ifelse(is.na(cells$reason), solved$estimate, NA)
  cells$size <- NA_real_
  used <- sum(is.na(cells$reason) & !is_base)
  own_shares <- sampled_shares(design, row_weights(design), slots, "cell", shares == "sampled", code)
  cells$size <- cell_mass(own_shares, cells)
  fit <- new_cell_fit(estimator, design, data, call, cells, solved$influence, own_shares,
    ssc = ssc, normal = FALSE, rank = used + length(solved$coefficients),
    absorbed = solved$parameters - used, options = options,
    covariates = covariate_table(solved), rss = solved$rss
  )
  set_vcov(fit, vcov_spec(vcov, fit))
}

# The coefficients of the covariates and their contributions by unit.
covariate_table <- function(solved) {
  list(coefficients = solved$coefficients, influence = solved$scores %*% solved$bread)
}

row_weights <- function(design) {
  value <- numeric(design$n_data)
  used <- if (is.null(design$rows)) seq_len(design$n) else design$rows + 1L
  value[used] <- if (is.null(design$weights)) 1 else design$weights[used]
  value
}

# Units treated in their first period have no period to compare with.
drop_always_treated <- function(design) {
  gone <- design$cohort == 0L
  if (!any(gone)) return(design)
  inform("always_treated", c("{sum(gone)} unit{?s} treated from the first period {?is/are} left out: {?it has/they have} no period before treatment."))
  restrict_cohorts(design, !gone[design$unit$code + 1L], "units always treated")
}

# Without never-treated units the last cohort is the control group, up to when it joins.
last_cohort_as_control <- function(design) {
  if (any(design$cohort < 0L)) return(design)
  last <- max(design$cohort)
  label <- format(time_label(design, last), trim = TRUE)
  warn("no_never", c("No unit is never treated: the last cohort ({label}) is the control group.",
    i = "Periods from {label} on are dropped, and with them the effects in these periods."
  ))
  if (length(unique(design$cohort)) < 2L) {
    abort("no_never", c("All units join in the same period, so there are no controls.",
      i = "Add units that do not join, or that join later."
    ))
  }
  design$treatment$cohort[design$treatment$cohort == last] <- -1L
  restrict_cohorts(design, design$time$code < last, "periods without controls")
}
