# Right-hand sides: a list of numeric columns and their names. Columns that stand in the formula
# as they are stay the caller's own vectors; only calls, factors and interactions are built.

# expr: the sum of terms (or NULL); intercept: whether to add a column of ones.
# -> list(columns = named list of full-length vectors)
build_columns <- function(expr, data, env, intercept) {
  if (is.null(expr) || is_zero(expr) || identical(expr, 1)) {
    return(add_intercept(list(), data, intercept))
  }
  leaves <- split_call(expr, "+")
  # `+ 0` says that no intercept is meant, `+ 1` nothing.
  zero <- vapply(leaves, is_zero, TRUE)
  leaves <- leaves[!(zero | vapply(leaves, identical, TRUE, 1))]
  columns <- list()
  plain <- TRUE
  for (leaf in leaves) {
    column <- if (is.name(leaf)) .subset2(data, as.character(leaf))
    if (!is_plain_column(column)) {
      plain <- FALSE
      break
    }
    columns[[as.character(leaf)]] <- column
  }
  if (!plain) columns <- build_terms(leaves, data, env)
  add_intercept(columns, data, intercept && !any(zero))
}

is_plain_column <- function(x) {
  (is.double(x) || is.integer(x) || is.logical(x)) && is.null(dim(x)) && !is.factor(x)
}

add_intercept <- function(columns, data, intercept) {
  if (!intercept) return(columns)
  structure(
    c(list(`(Intercept)` = rep(1, nrow(data))), columns),
    first = attr(columns, "first"), recipe = attr(columns, "recipe")
  )
}

# Each regressor either is a plain column or comes from the model matrix of all other terms. The
# recipe says which, so that predict() can follow it on new data.
build_terms <- function(leaves, data, env) {
  terms <- stats::terms(make_formula(join_call(leaves, "+"), env), keep.order = TRUE)
  if (length(attr(terms, "offset"))) {
    abort("formula", c("{.fn offset} is not supported.",
      i = "Subtract the offset from the outcome instead."
    ))
  }
  variables <- as.list(attr(terms, "variables"))[-1L]
  used <- attr(terms, "factors") > 0
  if (!length(used)) return(list())
  is_plain <- vapply(variables, function(v) {
    is.name(v) && is_plain_column(.subset2(data, as.character(v)))
  }, TRUE)
  plain <- apply(used, 2L, function(u) sum(u) == 1L && is_plain[u])
  interacted <- rowSums(used[, colSums(used) > 1L, drop = FALSE]) > 0
  # Main effects decide how interactions are coded, so those that take part in one are built too.
  built <- !plain | apply(used, 2L, function(u) sum(u) == 1L && interacted[u])
  rhs <- join_call(lapply(which(built), function(j) join_call(variables[used[, j]], ":")), "+")
  recipe <- list(
    terms = NULL, xlev = NULL,
    plain = vapply(seq_along(plain), function(j) {
      if (plain[j]) as.character(variables[[which(used[, j])]]) else NA_character_
    }, ""),
    built = cumsum(built)
  )
  if (any(built)) {
    kept <- stats::terms(make_formula(rhs, env), keep.order = TRUE)
    frame <- stats::model.frame(kept, data,
      na.action = stats::na.pass, drop.unused.levels = TRUE
    )
    recipe$terms <- stats::terms(frame)
    recipe$xlev <- stats::.getXlevels(recipe$terms, frame)
  }
  follow_recipe(recipe, data, if (any(built)) frame)
}

# A plain column keeps its own name, also a logical one. model.matrix() knows R's contrasts; it is
# asked for an intercept, which the effects stand for, and missing rows stay in place.
follow_recipe <- function(recipe, data, frame = NULL) {
  matrix <- NULL
  if (!is.null(recipe$terms)) {
    frame <- frame %||% stats::model.frame(recipe$terms, data,
      na.action = stats::na.pass, xlev = recipe$xlev
    )
    matrix <- stats::model.matrix(recipe$terms, frame)
  }
  assign <- attr(matrix, "assign")
  columns <- list()
  for (j in seq_along(recipe$plain)) {
    if (!is.na(recipe$plain[j])) {
      columns[[recipe$plain[j]]] <- .subset2(data, recipe$plain[j])
    } else {
      at <- which(assign == recipe$built[j])
      columns[colnames(matrix)[at]] <- lapply(at, function(i) as.vector(matrix[, i]))
    }
    if (j == 1L) first <- names(columns)
  }
  structure(columns, first = first, recipe = recipe)
}

join_call <- function(exprs, operator) {
  Reduce(function(a, b) call(operator, a, b), exprs)
}

make_formula <- function(rhs, env) {
  formula <- call("~", rhs)
  class(formula) <- "formula"
  environment(formula) <- env
  formula
}
