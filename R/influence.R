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

# Estimators built from unit-level moments carry `unit_influence`, scaled so that its crossprod() is
# the covariance: units x coefficients in the order of design$unit$values, or the same as tables
# (table-influence.R). Any grouping of units will do. Where contributions depend on the clusters that they
# will be summed over, `unit_influence_by` gives them for the codes of these by unit.
unit_influence_sums <- function(fit, by) {
  design <- fit$design
  psi <- fit$unit_influence
  tabled <- inherits(psi, "pilot_table_influence")
  if (identical(by$label, design$unit$label)) return(if (tabled) table_influence_sums(psi) else psi)
  cluster <- cluster_of_units(design, by)
  if (tabled) return(table_influence_sums(psi, cluster, by$levels))
  if (!is.null(fit$unit_influence_by)) psi <- fit$unit_influence_by(cluster)
  unname(rowsum(psi, cluster, reorder = TRUE))
}

# The code of each unit in a coarser grouping.
cluster_of_units <- function(design, by) {
  if (!cpp_is_nested(design$rows, design$start, design$unit$code, length(design$unit$values), by$code)) {
    abort("cluster", c("Clusters must consist of whole units for this estimator.",
      x = "{.field {by$label}} changes within {.field {design$unit$label}}.",
      i = "Cluster by the unit or by something that contains it, such as its province."
    ))
  }
  by$code[first_rows(design)]
}

# The data row of each unit's first period.
first_rows <- function(design) {
  first <- design$start[-length(design$start)] + 1L
  if (is.null(design$rows)) first else design$rows[first] + 1L
}

# crossprod(influence(fit, by)). Linear fits square the scores first: k x k products, not G x k.
clustered_square <- function(fit, by) {
  own <- identical(by$label, fit$design$unit$label)
  if (own && inherits(fit$unit_influence, "pilot_table_influence")) return(cpp_influence_square(fit$unit_influence))
  if (is.null(fit$maps)) return(crossprod(influence(fit, by)))
  fit$bread %*% cpp_square(score_sums(fit, by)) %*% fit$bread
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

# kind 0: by row, the k x k sum of s s'; 1: by eliminated group; 2: by the codes of `by`.
# row_factor: by data row, what its residual is multiplied by.
call_scores <- function(fit, kind, by = NULL, n_data = 0, row_factor = NULL) {
  refuse_lean(fit)
  if (is.null(fit$maps)) {
    abort("estimator", c("{.code estimator = {.val {fit$estimator}}} has no contributions of units or rows.",
      i = "Its variance comes from replicates: what sums contributions (other clusters, joint tests of fits) does not exist."
    ))
  }
  cpp_scores(
    fit$absorbed_by, fit_columns(fit), fit$effects, as.matrix(fit$maps$residual), fit$maps$regressors,
    kind, by$code, by$levels %||% 0L, n_data, row_factor
  )
}

# What a map of partialled-out columns leaves: list(residuals by data row, NA where not used; rss).
mapped_residuals <- function(absorbed_by, columns, effects, map, n_data) {
  none <- matrix(0, length(columns), 0L)
  cpp_scores(absorbed_by, columns, effects, as.matrix(map), none, 0L, NULL, 0L, n_data)
}

# The n x k scores x e themselves, for what needs rows, in the order of the computation.
row_scores <- function(fit) {
  refuse_lean(fit)
  columns <- cpp_partialled_out(fit$absorbed_by, fit_columns(fit), fit$effects)
  (columns %*% fit$maps$regressors) * as.vector(columns %*% as.matrix(fit$maps$residual))
}

# The same, unit after unit in ascending time: the order of design$rows.
panel_scores <- function(fit) {
  scores <- row_scores(fit)
  mine <- fit$absorbed_by$rows
  wanted <- fit$design$rows
  if (identical(mine, wanted)) return(scores)
  at <- integer(fit$design$n_data)
  at[if (is.null(mine)) seq_len(nrow(scores)) else mine + 1L] <- seq_len(nrow(scores))
  scores[at[if (is.null(wanted)) seq_len(nrow(scores)) else wanted + 1L], , drop = FALSE]
}

# The columns that the maps of a fit refer to, in this order.
fit_columns <- function(fit) {
  design <- fit$design
  c(list(design[["outcome"]]), design$regressors, design$endogenous, design$instruments)
}

refuse_lean <- function(fit) {
  # `$` would match `outcome_name`.
  if (!is.null(fit$design[["outcome"]])) return(invisible())
  abort("lean", c("This fit was made with {.code lean = TRUE} and has no rows any more.",
    i = "Fit again with {.code lean = FALSE}."
  ))
}
