# The currency of inference: influence(fit, by) is the G x k matrix of the contributions to the
# coefficients, summed over the groups of `by`; crossprod() of it is the clustered covariance.

#' Contributions of groups of observations to the coefficients
#'
#' `influence(fit, by)` sums \eqn{\psi_i = (X'X)^{-1} x_i e_i} over the groups of `by`, with
#' everything absorbed partialled out of \eqn{x_i}. Clustered covariances, bootstraps and
#' simultaneous bands are all functions of it.
#'
#' @param model A fit of [pilot_did()].
#' @param by A one-sided formula (`~ province`), a column name, or `NULL` for the unit.
#' @param ... Not used.
#' @return A matrix with one row a group (in ascending order of its values) and one column a
#'   coefficient. Its column sums are zero up to rounding.
#' @examples
#' fit <- pilot_did(y ~ status | unit + time, simulate_pilot(seed = 1))
#' dim(influence(fit))
#' @export
influence.pilot_fit <- function(model, by = NULL, ...) {
  if (!is.list(by)) by <- resolve_by(model, by)
  psi <- if (is.null(model$unit_influence)) {
    score_sums(model, by) %*% model$bread
  } else {
    unit_influence_sums(model, by)
  }
  colnames(psi) <- names(model$coefficients)
  psi
}

# Estimators built from unit-level moments carry `unit_influence`: units x coefficients, in the order
# of design$unit$values, scaled so that its crossprod() is the covariance. Any grouping of units will do.
unit_influence_sums <- function(fit, by) {
  design <- fit$design
  if (identical(by$label, design$unit$label)) return(fit$unit_influence)
  if (!cpp_is_nested(design$rows, design$start, design$unit$code, length(design$unit$values), by$code)) {
    abort("cluster", c("Clusters must consist of whole units for this estimator.",
      x = "{.field {by$label}} changes within {.field {design$unit$label}}.",
      i = "Cluster by the unit or by something that contains it, such as its province."
    ))
  }
  first <- design$start[-length(design$start)] + 1L
  row <- if (is.null(design$rows)) first else design$rows[first] + 1L
  unname(rowsum(fit$unit_influence, by$code[row], reorder = TRUE))
}

# crossprod(influence(fit, by)). Linear fits square the scores first: k x k products, not G x k.
clustered_square <- function(fit, by) {
  if (is.null(fit$maps)) return(crossprod(influence(fit, by)))
  fit$bread %*% crossprod(score_sums(fit, by)) %*% fit$bread
}

resolve_by <- function(fit, by) {
  if (is.null(by)) by <- as.name(fit$design$unit$label)
  exprs <- if (is.name(by)) list(by) else as_exprs(by, "by")
  Reduce(cross_codes, lapply(exprs, cluster_codes, fit = fit))
}

# Sums of the scores x_i e_i over the groups of `by` (list(code, levels, label)).
score_sums <- function(fit, by) {
  if (identical(fit$scores$label, by$label)) return(fit$scores$sums)
  if (identical(by$label, fit$absorbed_by$eliminated)) return(call_scores(fit, kind = 1L)$sums)
  call_scores(fit, kind = 2L, by = by)$sums
}

# Sum over rows of s s': the meat of the heteroskedasticity-robust covariance.
row_meat <- function(fit) call_scores(fit, kind = 0L)$sums

call_scores <- function(fit, kind, by = NULL, n_data = 0) {
  refuse_lean(fit)
  cpp_scores(
    fit$absorbed_by, fit_columns(fit), fit$effects, as.matrix(fit$maps$residual), fit$maps$regressors,
    kind, by$code, by$levels %||% 0L, n_data
  )
}

# The columns that the maps of a fit refer to, in this order.
fit_columns <- function(fit) {
  design <- fit$design
  c(list(design$outcome), design$regressors, design$endogenous, design$instruments)
}

refuse_lean <- function(fit) {
  # `$outcome` would also find `outcome_name`, which a lean fit keeps.
  if (!is.null(fit$design[["outcome"]])) return(invisible())
  abort("lean", c("This fit was made with {.code lean = TRUE} and has no rows any more.",
    i = "Fit again with {.code lean = FALSE}."
  ))
}
