# A regression on covariates and an effect a cell, for estimators that take covariates out of means of cells.

# Weighted least squares of y on the columns x (named list), both less their means within cells (integers from 1).
# unit: codes from 1 to `units`. Collinear columns are dropped, coefficient 0, with a warning that says `where`.
# -> list(coefficients, influence (units x columns): what each unit adds to the coefficients, kept).
regress_within_cells <- function(y, x, cell, weight, unit, units, where) {
  influence <- matrix(0, units, length(x))
  if (!length(y)) return(list(coefficients = numeric(length(x)), influence = influence, kept = integer()))
  cell <- match(cell, unique(cell))
  mass <- rowsum(weight, cell, reorder = FALSE)
  X <- matrix(unlist(x), length(y))
  centered <- cbind(y, X) - (rowsum(weight * cbind(y, X), cell, reorder = FALSE) / as.vector(mass))[cell, , drop = FALSE]
  # What centering leaves of a column that is constant within cells is rounding: 1e-16 of it, 1e-9 with room.
  flat <- colSums(weight * centered[, -1L, drop = FALSE]^2) <= 1e-18 * colSums(weight * X^2)
  X <- centered[, -1L, drop = FALSE] * rep(!flat, each = length(y))
  solved <- qr(X * sqrt(weight))
  first <- seq_len(solved$rank)
  kept <- solved$pivot[first]
  lost <- sort(setdiff(seq_along(x), kept))
  if (length(lost)) {
    warn("collinear", c("{length(lost)} control{?s} {?was/were} dropped as collinear {where}: {.field {names(x)[lost]}}."),
      dropped = names(x)[lost])
  }
  b <- numeric(length(x))
  if (!length(kept)) return(list(coefficients = set_names(b, names(x)), influence = influence, kept = integer()))
  b[kept] <- qr.coef(solved, centered[, 1L] * sqrt(weight))[kept]
  scores <- rowsum(weight * X * (centered[, 1L] - as.vector(X %*% b)), unit)
  inverse <- chol2inv(qr.R(solved)[first, first, drop = FALSE])
  influence[as.integer(rownames(scores)), kept] <- scores[, kept, drop = FALSE] %*% inverse
  list(coefficients = set_names(b, names(x)), influence = influence, kept = sort(kept))
}
