# The extended regression for binary outcomes and counts (Wooldridge 2023): effects of cohorts instead
# of units, whose number would bias a nonlinear model; average partial effects of the treatment over
# the rows of each cell, their variance by the delta method.
fit_etwfe_glm <- function(design, data, vcov, ssc, call, frame, family, shares, options) {
  if (length(extra_effects(design))) refuse_extra_effects(design, "etwfe")
  refuse_outcome_of_family(design, family)
  cells <- frame$cells
  found <- cpp_effects_glm(
    design$rows, design$start, design$outcome, design$weights, glm_effects(design, frame),
    match(family, c("logit", "poisson")) - 1L, park(frame$cell, -1L), nrow(cells)
  )
  if (!found$converged) {
    abort("not_converged", c("The {family} regression did not converge.",
      x = "Some cohort or cell probably has an outcome that never varies.",
      i = "Join thin cohorts, drop such periods, or use {.code family = \"linear\"}."
    ))
  }
  is_base <- !is.na(cells$base) & cells$time == cells$base
  cells$reason <- ifelse(is_base | found$estimable, NA, unlinked_reason)
  cells$estimate <- ifelse(is_base, 0, ifelse(found$estimable, found$effect, NA))
  tables <- t(found$influence)
  tables[!is.finite(tables)] <- 0
  psi <- level_influence(design, glm_effects(design, frame), tables, found$residuals, matrix(0, 0L, 0L), NULL)
  own <- sampled_shares(design, row_weights(design), frame$slots, "cell", random = shares == "sampled")
  cells$size <- cell_mass(own, cells)
  fit <- new_cell_fit("etwfe", design, data, call, cells, psi, own, ssc = ssc, normal = FALSE,
    rank = found$rank, absorbed = 0, options = options, deviance = found$deviance)
  # Cohort and time effects are parameters like others: none is nested in the clusters.
  fit$ssc$k <- if (fit$ssc$k == "none") "none" else "full"
  set_vcov(fit, vcov_spec(vcov, fit))
}

# Cohort, period, cell; covariates by cohort and by period, and around the cohort's mean by cell.
# `switched`: the part that is taken away to ask what would have been without the pilot.
glm_effects <- function(design, frame) {
  own <- as.numeric(!is.na(frame$cell) & frame$cell >= 0L)
  cell <- pmax(park(frame$cell, 0L), 0L)
  slot <- park(frame$code %/% frame$periods, 0L)
  part <- function(code, levels, slope, switched) list(code = code, levels = as.integer(levels), slope = slope, switched = switched)
  effects <- list(
    part(slot, length(frame$slots$code), NULL, FALSE),
    part(park(design$time$code, 0L), frame$periods, NULL, FALSE),
    part(cell, nrow(frame$cells), own, TRUE)
  )
  for (name in names(design$covariates)) {
    x <- as.numeric(design$covariates[[name]])
    centered <- x - cohort_mean(design, frame, slot, x)[slot + 1L]
    effects <- c(effects, list(
      part(slot, length(frame$slots$code), x, FALSE), part(park(design$time$code, 0L), frame$periods, x, FALSE),
      part(cell, nrow(frame$cells), own * centered, TRUE)
    ))
  }
  effects
}

# Rows that are not used hold NA; the core never reads them, but codes must be numbers.
park <- function(code, value) {
  code[is.na(code)] <- value
  as.integer(code)
}

refuse_outcome_of_family <- function(design, family) {
  y <- used_values(design$outcome, design)
  bad <- if (family == "logit") y < 0 | y > 1 else y < 0
  if (!any(bad)) return(invisible())
  range <- if (family == "logit") "between 0 and 1" else "not negative"
  abort("outcome", c("{.code family = {.val {family}}} needs an outcome that is {range}.",
    x = "{.field {design$outcome_name}} is not in {sum(bad)} row{?s}."
  ))
}
