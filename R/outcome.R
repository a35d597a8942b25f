# An outcome of which the effects leave nothing: every estimate would be zero, or rounding over rounding. The
# verbs refuse it. Loops (refits, other outcomes, bootstraps) go on, and say so where they make a table.

# Before anything is fitted: one value in all rows, or in each level of an effect. Stops at the first row that
# differs, so it costs nothing.
refuse_flat_outcome <- function(design, estimator = "twfe") {
  effects <- design$effects
  # Callaway and Sant'Anna's estimator compares means where people are seen once: it fits no effects of units.
  if (estimator == "cs") effects <- effects[names(effects) != design$unit$label]
  if (is_one_value(design) || any(vapply(effects, explains_outcome, TRUE, design = design))) refuse_absorbed_outcome(design)
}

is_one_value <- function(design) {
  # One value is one value in every level of the first effect, which is known without a column of zeros.
  first <- utils::head(design$effects, 1L)
  if (length(first) && first[[1L]]$intercept && !explains_outcome(first[[1L]], design)) return(FALSE)
  explains_outcome(list(intercept = TRUE, code = integer(design$n_data), values = 0L), design)
}

explains_outcome <- function(effect, design) {
  effect$intercept && is_constant_within(design, effect, design$outcome)
}

# After the fit: nothing but rounding is left once all effects are taken off. -> the fit
refuse_explained_outcome <- function(fit) {
  if (is_explained(fit)) refuse_absorbed_outcome(fit$design)
  fit
}

is_explained <- function(fit) may_be_absorbed(fit) && outcome_is_absorbed(fit$design, fit$request$solver)

# By the rule for regressors (solve.hpp): 1e-9 of the variation, or the noise of partialling out.
outcome_is_absorbed <- function(design, options = solver_options()) {
  absorbed_by <- absorption(design)
  outcome <- list(design$outcome)
  moments <- cpp_moments(absorbed_by, outcome, options)
  left <- mapped_residuals(absorbed_by, outcome, moments$effects, 1, 0)$rss
  noise <- if (moments$iterations > 0L) 100 * options$tolerance else 1e-15
  !(sqrt(left) > max(1e-9 * sqrt(moments$total), noise * moments$raw))
}

# What a fit knows without another pass over the rows. Moments that lost six digits to the effects are not
# trusted; estimators without moments of the outcome show it by estimates that are all rounding.
may_be_absorbed <- function(fit) {
  if (!is.null(fit$within_tss)) return(!(fit$within_tss > 1e-6 * fit$tss))
  # Of all rows, used or not: at worst one more look.
  largest <- max(abs(range(fit$design$outcome, na.rm = TRUE)))
  !any(abs(fit$coefficients) > 1e-9 * largest, na.rm = TRUE)
}

refuse_absorbed_outcome <- function(design) {
  name <- design$outcome_name
  reason <- if (is_one_value(design)) {
    paste("the same in all", design$n, "rows kept")
  } else {
    absorbed_reason(design$outcome, design)
  }
  abort("outcome", c("No effect on {.field {name}} can be estimated: nothing of it varies beyond the effects.",
    x = "{.field {name}} is {reason}.",
    i = "An outcome changes over time within units, and not in all of them alike. Look at how {.field {name}} was made, and at the rows that are left."
  ), outcome = name)
}
