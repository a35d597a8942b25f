# Triple differences: an untreated group within each unit takes up what moves the whole unit.

#' Triple differences with an untreated group within units
#'
#' Some rows of a treated unit cannot be affected by the pilot: industries outside its scope,
#' occupations, age groups. Their change measures what else happened in the unit, and the triple
#' difference takes it off. With unit \eqn{i}, group \eqn{g} and period \eqn{t} the estimand is
#' \eqn{\beta} in
#' \deqn{y_{igt} = \beta D_{it} E_g + x_{igt}'\gamma + \alpha_{ig} + \lambda_{it} + \nu_{gt} +
#'   \varepsilon_{igt},}
#' where \eqn{E} is 1 for rows that the pilot can affect. What it needs is not parallel trends of treated
#' and untreated units but that the *gap* between the two groups would have moved in parallel.
#'
#' With another `estimator` than `"twfe"` the gap itself, the mean of \eqn{y} over eligible rows less
#' the mean over the others in each unit and period, is the outcome of a difference-in-differences
#' by that estimator. With two rows a unit and period and no controls this is the same regression
#' for `"twfe"`. Staggered dates are a reason to use it: \eqn{\beta} above averages effects with the
#' same weights as two-way
#' fixed effects do (Ortiz-Villavicencio and Sant'Anna 2025, who also show that covariates are no
#' matter of taking the difference of two estimates: they are refused there).
#'
#' @inheritParams pilot_did
#' @param formula `outcome ~ treatment + controls | unit + time`, as for [pilot_did()]; the treatment is
#'   the status of the unit, the same for both groups.
#' @param eligible A column (name or `~ column`) that is 1 (or `TRUE`) for rows that the pilot can
#'   affect and 0 for those that it cannot.
#' @param group A column (name or `~ column`) of finer groups (industries), whose effects are
#'   absorbed instead of those of `eligible`; `NULL` when there are just the two.
#' @param ... Further arguments of [pilot_did()]. Standard errors are clustered by the unit, not by
#' unit and group.
#' @return A fit of [pilot_did()]: for `"twfe"` the first coefficient is named
#'   `treatment:eligible`.
#' @section Errors: classes `pilotdid_error_*`: `eligible` (not 0/1, or changing within a group, or
#'   absent on one side), `formula`, and those of [pilot_did()].
#' @references
#' Olden and Moen (2022), The triple difference estimator, *The Econometrics Journal* 25.
#' Ortiz-Villavicencio and Sant'Anna (2025), Better understanding triple differences estimators.
#' @examples
#' panel <- simulate_pilot(seed = 1)
#' both <- rbind(
#'   transform(panel, digital = 1),
#'   transform(panel, digital = 0, y = y - true_effect + stats::rnorm(nrow(panel)))
#' )
#' ddd(y ~ status | unit + time, both, eligible = ~digital)
#' @export
ddd <- function(
  formula, data, eligible, group = NULL, treatment = NULL, estimator = "twfe", vcov = NULL, ...
) {
  check_data(data)
  parsed <- parse_formula(formula)
  if (length(parsed$effects) != 2L || !is.null(parsed$instruments)) {
    abort("formula", c("{.arg formula} must be {.code outcome ~ treatment + controls | unit + time}.",
      x = "It has {length(parsed$effects)} effect{?s}{if (!is.null(parsed$instruments)) ' and instruments'}.",
      i = "The effects of unit by group, unit by time and group by time are added here."
    ))
  }
  unit <- parsed$effects[[1L]]$expr
  time <- parsed$effects[[2L]]$expr
  status <- ddd_treatment(parsed, treatment)
  side <- as_exprs(eligible, "eligible")[[1L]]
  fine <- if (is.null(group)) side else as_exprs(group, "group")[[1L]]
  check_variables(list(formula, side, fine), data, parsed$environment)
  refuse_eligible(side, fine, data, parsed$environment)
  if (estimator != "twfe") {
    return(ddd_gap(parsed, status, side, unit, time, data, estimator, vcov, ...))
  }
  columns <- ddd_columns(parsed, status, side, data)
  effects <- list(call("^", unit, fine), call("^", unit, time), call("^", fine, time))
  wide <- ddd_formula(parsed, c(list(as.name(columns$name)), columns$controls), effects)
  pilot_did(wide, columns$data,
    treatment = columns$name, panel = make_formula(
      join_call(list(effects[[1L]], time), "+"), parsed$environment
    ),
    vcov = vcov %||% make_formula(unit, parsed$environment), ...
  )
}

ddd_treatment <- function(parsed, treatment) {
  if (!is.null(treatment)) return(as_exprs(treatment, "treatment")[[1L]])
  split_call(parsed$regressors, "+")[[1L]]
}

refuse_eligible <- function(side, fine, data, env) {
  value <- eval_in(side, data, env)
  label <- expr_label(side)
  if (!is_plain_column(value) || !all(value %in% c(0, 1, NA))) {
    abort("eligible", c("{.arg eligible} must be 0 or 1 in every row.",
      x = "{.field {label}} is {.obj_type_friendly {value}}{if (is.numeric(value)) ' with other values'}."
    ))
  }
  if (length(unique(value[!is.na(value)])) < 2L) {
    abort("eligible", c("Both eligible and other rows are needed.",
      x = "{.field {label}} is {.val {value[!is.na(value)][1]}} in every row.",
      i = "Without an untreated group within units use {.fn pilot_did}."
    ))
  }
  groups <- code_effect(fine, data, env)
  pairs <- unique(cbind(groups$code, as.numeric(value))[!is.na(value) & !is.na(groups$code), , drop = FALSE])
  if (anyDuplicated(pairs[, 1L])) {
    bad <- groups$values[pairs[duplicated(pairs[, 1L]), 1L] + 1L]
    abort("eligible", c("{.arg eligible} must be the same in all rows of a group.",
      x = "It changes within {.field {groups$label}} = {.val {as.character(bad)}}."
    ))
  }
}

# The interaction becomes a column under the name that a formula would give it.
ddd_columns <- function(parsed, status, side, data) {
  name <- paste0(expr_label(status), ":", expr_label(side))
  env <- parsed$environment
  data <- tibble::as_tibble(unclass_data(data))
  data[[name]] <- eval_in(status, data, env) * eval_in(side, data, env)
  terms <- split_call(parsed$regressors, "+")
  list(data = data, name = name, controls = terms[!vapply(terms, identical, TRUE, status)])
}

ddd_formula <- function(parsed, regressors, effects) {
  formula <- call("~", parsed$outcome, call("|", join_call(regressors, "+"), join_call(effects, "+")))
  class(formula) <- "formula"
  environment(formula) <- parsed$environment
  formula
}

# One row a unit and period: mean outcome of eligible rows less that of the others.
ddd_gap <- function(parsed, status, side, unit, time, data, estimator, vcov, ...) {
  terms <- split_call(parsed$regressors, "+")
  if (length(terms) > 1L || !identical(terms[[1L]], status)) {
    abort("formula", c("Controls are not supported for the gap between groups.",
      i = "{.code estimator = \"twfe\"} takes controls."
    ))
  }
  env <- parsed$environment
  y <- eval_in(parsed$outcome, data, env)
  e <- eval_in(side, data, env)
  ids <- lapply(list(unit, time), code_effect, data = data, env = env)
  d <- eval_in(status, data, env)
  known <- !is.na(y) & !is.na(e) & !is.na(d) & !is.na(ids[[1L]]$code) & !is.na(ids[[2L]]$code)
  cell <- cpp_code_pairs(ids[[1L]]$code, ids[[2L]]$code, length(ids[[2L]]$values))
  side_mean <- function(value) {
    at <- known & e == value
    out <- rep(NA_real_, length(cell$first))
    sums <- rowsum(cbind(y, 1)[at, , drop = FALSE], cell$code[at])
    out[as.integer(rownames(sums)) + 1L] <- sums[, 1L] / sums[, 2L]
    out
  }
  gap <- tibble::new_tibble(set_names(
    list(
      side_mean(1) - side_mean(0), d[match(seq_along(cell$first) - 1L, cell$code)],
      ids[[1L]]$values[cell$first + 1L], ids[[2L]]$values[cell$second + 1L]
    ),
    c("gap", expr_label(status), expr_label(unit), expr_label(time))
  ), nrow = length(cell$first))
  names <- lapply(list(status, unit, time), function(expr) as.name(expr_label(expr)))
  parsed$outcome <- as.name("gap")
  pilot_did(ddd_formula(parsed, names[1L], names[2:3]), gap, estimator = estimator, vcov = vcov, ...)
}
