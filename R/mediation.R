# How much of the effect runs through a mediator: product of paths, Sobel, bootstrap by units,
# and how strong a confounder of the mediator would have to be.

#' Mediation: how much of the effect runs through a mediator
#'
#' Splits the total effect \eqn{c} of the treatment into an indirect effect \eqn{ab} through the
#' mediator and a direct effect \eqn{c' = c - ab}, from two-way fixed effects regressions
#' \deqn{m_{it} = a D_{it} + x_{it}'\gamma + \alpha_i + \lambda_t + u_{it}, \qquad
#'   y_{it} = c' D_{it} + b m_{it} + x_{it}'\delta + \mu_i + \nu_t + e_{it},}
#' on the rows where the mediator is observed.
#'
#' @section What must be true:
#' The split is causal only if, beyond parallel trends for \eqn{y} **and** for \eqn{m}: (1) nothing
#' unobserved that varies over time within units moves both the mediator and the outcome
#' (sequential ignorability), (2) the outcome does not move the mediator, (3) no other consequence
#' of the pilot moves both, (4) the mediator's effect \eqn{b} does not differ with the treatment, and
#' (5) effects do not differ between cohorts in a way that two-way fixed effects weight negatively.
#' The pilot is not assigned with the mediator in mind, so (1) is the weakest of these: `sensitivity` in
#' the result shows the indirect effect when the errors of the two regressions are
#' correlated by \eqn{\rho}, and `glance()` gives the \eqn{\rho} at which it is zero (Imai, Keele and
#' Yamamoto 2010, Theorem 4). If a small \eqn{\rho} suffices, show path \eqn{a} alone ([mechanism()]).
#'
#' @section Standard errors:
#' Paths have the covariance of the fit. The indirect effect has Sobel's
#' \eqn{\sqrt{b^2 s_a^2 + a^2 s_b^2}} with the normal distribution, and the bootstrap: units are drawn
#' with replacement with all their rows (a unit drawn twice is two units with effects of their own)
#' and both regressions are estimated again. `percentile.*` are the quantiles of the draws (R's
#' type 7); `bc.*` are bias-corrected, \eqn{\Phi(2 z_0 \pm z_{1-\alpha/2})} with \eqn{z_0} the normal
#' quantile of the share of draws below the estimate. Neither assumes that \eqn{ab} is normal.
#'
#' @param fit A fit of [pilot_did()] by two-way fixed effects with one treatment.
#' @param mediator `~ mediator` or a column name; numeric.
#' @param draws Bootstrap draws; 0 for none.
#' @param resample What is drawn: `NULL` for units, or `~ province` for groups of whole units.
#' @param conf.level Level of all intervals.
#' @param rho Correlations at which `sensitivity` shows the indirect effect.
#' @param seed A whole number; `NULL` draws one from R's generator.
#' @return A list of class `pilot_mediation`: `table`, `draws` (a matrix: paths and effects in every
#'   draw), `sensitivity` (a tibble `rho`, `indirect`, with percentile limits), `fits`. `tidy()`:
#'   one row each for
#'   `"total"`, `"path_a"`, `"path_b"`, `"direct"`, `"indirect"` and `"share"` (indirect over total) with
#'   `estimate`, `std.error`, `statistic`, `p.value`, `conf.low`, `conf.high`, `boot.std.error`,
#'   `percentile.low`, `percentile.high`, `bc.low`, `bc.high`. A share has no analytic standard error, and
#'   means little when total and indirect effects differ in sign.
#' @section Errors: classes `pilotdid_error_*`: `mediator` (also one that the other terms give exactly), `estimator`, `treatment`, `cluster`,
#'   `resample`, `not_numeric`.
#' @references
#' Sobel (1982), *Sociological Methodology* 13. Efron and Tibshirani (1993), *An Introduction to
#' the Bootstrap*, sections 13.3 and 14.3. Imai, Keele and Yamamoto (2010), *Statistical Science* 25.
#' @seealso [mechanism()]
#' @examples
#' panel <- simulate_pilot(mediator = c(0.5, 0.8), seed = 1)
#' fit <- pilot_did(y ~ status | unit + time, panel)
#' mediation(fit, ~mediator, draws = 200, seed = 1)
#' @export
mediation <- function(fit, mediator, draws = 1000, resample = NULL, conf.level = 0.95,
                      rho = seq(-0.9, 0.9, 0.1), seed = NULL) {
  check_fit(fit)
  refuse_other_estimators(fit, "mediation")
  check_count(draws, "draws", min = 0)
  check_number(conf.level, "conf.level", 0, 1, open = TRUE)
  column <- named_columns(mediator, fit, "mediator")
  if (length(column) != 1L || length(fit$design$treatment$names) != 1L) {
    abort("treatment", c("One treatment and one mediator at a time.",
      x = "Mediators: {.field {names(column)}}; treatments: {.field {fit$design$treatment$names}}.",
      i = "{.code mechanism(steps = \"three\")} takes several mediators, each on its own."
    ))
  }
  refuse_mediators(column, fit)
  path_a <- withCallingHandlers(fit_outcomes(fit, column, "own")[[1L]],
    # Refused below.
    pilotdid_warning_no_variance = rlang::cnd_muffle
  )
  base <- with_outcome(path_a$design, fit$design$outcome, fit$design$outcome_name)
  both <- withCallingHandlers(refit(fit, with_regressors(base, column)),
    pilotdid_warning_collinear = function(w) if (names(column) %in% w$dropped) refuse_lost_mediator(names(column), path_a)
  )
  fits <- list(total = refit(fit, base), path_a = path_a, both = both)
  moments <- mediation_moments(fits, names(column))
  seed <- if (draws > 0) draw_seed(seed)
  replicates <- if (draws > 0) bootstrap_paths(fits$total, column[[1L]], resample, draws, seed)
  structure(list(
    table = mediation_table(fits, names(column), mediation_effects(moments), replicates, conf.level),
    draws = if (draws > 0) mediation_effects(replicates), fits = fits,
    sensitivity = mediation_sensitivity(moments, replicates, rho, conf.level),
    moments = moments, mediator = names(column), treatment = fit$design$treatment$names,
    outcome = fit$design$outcome_name, resampled = resample_label(fit, resample),
    failed = if (draws > 0) sum(is.na(replicates[, 1L])) else 0L,
    covariance = fits$total$covariance, nobs = fits$total$nobs, conf.level = conf.level, seed = seed
  ), class = "pilot_mediation")
}

# A mediator that effects, treatment and controls give exactly has no path of its own.
refuse_lost_mediator <- function(name, path_a) {
  reason <- if (is_explained(path_a)) {
    absorbed_reason(path_a$design$outcome, path_a$design)
  } else {
    "a combination of the treatment, the controls and the effects"
  }
  abort("mediator", c("A mediator must vary beyond the treatment, the controls and the effects.",
    x = "{.field {name}} is {reason}.",
    i = "Leave out the controls that give it, or look at how it was made."
  ))
}

# a, c and the cross-products of what the treatment leaves of y and m: see mediation.hpp.
mediation_moments <- function(fits, mediator) {
  b <- fits$both$coefficients[[mediator]]
  treatment <- fits$total$design$treatment$names
  matrix(c(
    fits$path_a$coefficients[[treatment]], fits$total$coefficients[[treatment]],
    fits$total$rss, b * fits$path_a$rss, fits$path_a$rss
  ), 1L)
}

# draws x (a, total, s_yy, s_ym, s_mm) -> the effects of each draw.
mediation_effects <- function(moments) {
  a <- moments[, 1L]
  total <- moments[, 2L]
  b <- moments[, 4L] / moments[, 5L]
  cbind(
    total = total, path_a = a, path_b = b, direct = total - a * b, indirect = a * b,
    share = a * b / total
  )
}

bootstrap_paths <- function(fit, mediator, resample, draws, seed) {
  design <- fit$design
  clusters <- resampled_clusters(fit, resample)
  treatment <- design$treatment$names
  controls <- unname(design$regressors[setdiff(names(fit$coefficients), treatment)])
  columns <- c(controls, list(design$outcome, mediator, design$regressors[[treatment]]))
  announce("Bootstrap of the mediation", draws * fit$nobs)
  replicates <- cpp_bootstrap_mediation(
    unit_absorption(design, "mediation"), columns, clusters$code, clusters$levels, draws, seed
  )
  failed <- sum(is.na(replicates[, 1L]))
  if (failed > draws / 2) {
    abort("resample", c("Most resamples do not identify the paths.",
      x = "{failed} of {draws} draws hold no treated units, or nobody to compare with.",
      i = "Too few of them are treated for a bootstrap; use the Sobel test, {.code draws = 0}."
    ))
  }
  if (failed > 0) {
    warn("resample", c("{failed} of {draws} resamples do not identify the paths.",
      i = "They are left out of the bootstrap intervals."
    ))
  }
  replicates
}

# What is drawn -> one code a unit.
resampled_clusters <- function(fit, resample) {
  by <- resolve_by(fit, resample)
  design <- fit$design
  units <- length(design$unit$values)
  if (is.null(resample)) return(list(code = seq_len(units) - 1L, levels = units))
  if (!cpp_is_nested(design$rows, design$start, design$unit$code, units, by$code)) {
    abort("cluster", c("{.arg resample} must name groups of whole units.",
      x = "{.field {by$label}} changes within {.field {design$unit$label}}."
    ))
  }
  list(code = by$code[first_rows(design)], levels = by$levels)
}

resample_label <- function(fit, resample) if (
  is.null(resample)
) fit$design$unit$label else resolve_by(fit, resample)$label

# The absorption with the unit eliminated, so that sums over units are sums over its groups.
unit_absorption <- function(design, verb) {
  unit <- design$unit$label
  others <- design$effects[setdiff(names(design$effects), unit)]
  levels <- sum(vapply(others, function(e) length(e$values) * (e$intercept + length(e$slopes)), 1))
  if (levels > 3000) {
    abort("resample", c("{.fn {verb}} resamples units with up to 3,000 levels of other effects.",
      x = "{.field {names(others)}} {?has/have} {levels} levels.",
      i = "Use {.code draws = 0}, or fewer effects."
    ))
  }
  if (unit %in% names(design$effects)) return(absorption(design, first = unit))
  out <- absorption(design, list())
  out[c("rows", "start")] <- list(design$rows, design$start)
  out$effects <- unlist(lapply(unname(others), level_effects), recursive = FALSE) %||% list()
  out
}

mediation_table <- function(fits, mediator, point, replicates, level) {
  treatment <- fits$total$design$treatment$names
  rows <- list(
    one_row(fits$total, treatment, level), one_row(fits$path_a, treatment, level),
    one_row(fits$both, mediator, level), one_row(fits$both, treatment, level)
  )
  table <- bind_lists(c(rows, list(sobel_row(rows[[2L]], rows[[3L]], level), list(
    term = "share", estimate = point[, "share"], std.error = NA_real_, statistic = NA_real_,
    p.value = NA_real_, conf.low = NA_real_, conf.high = NA_real_
  ))))
  table$term <- colnames(point)
  if (is.null(replicates)) return(table)
  draws <- mediation_effects(replicates)
  limits <- lapply(seq_len(ncol(draws)), function(j) bootstrap_limits(draws[, j], point[, j], level))
  bind_columns(table, limits)
}

bind_columns <- function(table, limits) {
  for (name in names(limits[[1L]])) table[[name]] <- vapply(limits, `[[`, 1, name)
  table
}

one_row <- function(fit, term, level) {
  table <- coefficient_table(fit, level)
  lapply(table, `[`, match(term, table$term))
}

sobel_row <- function(a, b, level) {
  estimate <- a$estimate * b$estimate
  se <- sqrt(b$estimate^2 * a$std.error^2 + a$estimate^2 * b$std.error^2)
  z <- estimate / se
  half <- stats::qnorm(1 - (1 - level) / 2) * se
  list(
    term = "indirect", estimate = estimate, std.error = se, statistic = z,
    p.value = 2 * stats::pnorm(-abs(z)), conf.low = estimate - half, conf.high = estimate + half
  )
}

# Percentile and bias-corrected limits. All draws on one side of the estimate: the correction is
# infinite and there are no bias-corrected limits.
bootstrap_limits <- function(draws, estimate, level) {
  draws <- draws[!is.na(draws)]
  tail <- (1 - level) / 2
  percentile <- stats::quantile(draws, c(tail, 1 - tail), names = FALSE)
  z0 <- stats::qnorm(mean(draws < estimate))
  corrected <- c(NA_real_, NA_real_)
  if (is.finite(z0)) {
    corrected <- stats::quantile(draws, stats::pnorm(2 * z0 + stats::qnorm(c(tail, 1 - tail))), names = FALSE)
  }
  list(
    boot.std.error = stats::sd(draws), percentile.low = percentile[1L],
    percentile.high = percentile[2L], bc.low = corrected[1L], bc.high = corrected[2L]
  )
}

# Imai, Keele and Yamamoto (2010), Theorem 4: the indirect effect if the errors of the mediator's
# and the outcome's regression are correlated by rho.
mediation_sensitivity <- function(moments, replicates, rho, level) {
  for (r in rho) check_number(r, "rho", -1, 1, open = TRUE)
  at <- function(m, r) {
    observed <- error_correlation(m)
    m[, 1L] * sqrt(m[, 3L] / m[, 5L]) * (observed - r * sqrt((1 - observed^2) / (1 - r^2)))
  }
  out <- tibble::tibble(rho = rho, indirect = vapply(rho, at, 1, m = moments))
  if (is.null(replicates)) return(out)
  tail <- (1 - level) / 2
  limits <- vapply(rho, function(r) {
    stats::quantile(at(replicates, r), c(tail, 1 - tail), names = FALSE, na.rm = TRUE)
  }, c(0, 0))
  out$percentile.low <- limits[1L, ]
  out$percentile.high <- limits[2L, ]
  out
}

# Of the errors of the total and the mediator's regression: also the rho at which ab is zero.
error_correlation <- function(m) m[, 4L] / sqrt(m[, 3L] * m[, 5L])
