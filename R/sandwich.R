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

# sandwich's own divides the scores by the columns of the model matrix, which are not those that the scores
# were made with when effects are absorbed. K counts the effects, as in the regression with dummies.
#' @exportS3Method sandwich::vcovHC
vcovHC.pilot_fit <- function(x, type = c("HC3", "HC2", "HC1", "HC0"), ...) {
  refuse_without_rows(x, "vcovHC")
  type <- check_choice(type, c("HC3", "HC2", "HC1", "HC0"), "type")
  h <- if (type %in% c("HC2", "HC3")) hatvalues(x) else 0
  n <- x$nobs
  factor <- switch(type, HC3 = 1 / (1 - h)^2, HC2 = 1 / (1 - h), HC1 = n / (n - x$rank - x$absorbed), HC0 = 1)
  meat <- crossprod(sandwich::estfun(x) * sqrt(factor))
  out <- x$bread %*% meat %*% x$bread
  dimnames(out) <- dimnames(x$vcov)
  out
}
