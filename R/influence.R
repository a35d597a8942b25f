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
  sums <- score_sums(model, by)
  psi <- sums %*% model$bread
  colnames(psi) <- names(model$coefficients)
  psi
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
    fit$absorbed_by, fit_columns(fit), fit$effects, fit$maps$residual, fit$maps$regressors,
    kind, by$code, by$levels %||% 0L, n_data
  )
}

fit_columns <- function(fit) c(list(fit$design$outcome), fit$design$regressors)

refuse_lean <- function(fit) {
  if (!is.null(fit$design$outcome)) return(invisible())
  abort("lean", c("This fit was made with {.code lean = TRUE} and has no rows any more.",
    i = "Fit again with {.code lean = FALSE}."
  ))
}
