# What the package sandwich asks of a fit, registered when it is loaded: its vcovHC(), vcovCL() and
# others then work on ours, and agree with our own.

# n x k scores in the order of the data. With absorbed effects the regressors are what is left of
# them, as in fixest.
#' @exportS3Method sandwich::estfun
estfun.pilot_fit <- function(x, ...) {
  refuse_without_rows(x, "estfun")
  scores <- in_data_order(row_scores(x), x)
  colnames(scores) <- names(x$coefficients)
  scores
}

# sandwich's bread is n (X'X)^-1.
#' @exportS3Method sandwich::bread
bread.pilot_fit <- function(x, ...) {
  refuse_without_rows(x, "bread")
  bread <- x$bread * x$nobs
  dimnames(bread) <- list(names(x$coefficients), names(x$coefficients))
  bread
}
