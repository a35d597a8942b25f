# Other generics of base R, so that packages which only know lm() find what they look for.

#' @export
model.frame.pilot_fit <- function(formula, ...) {
  refuse_lean(formula)
  design <- formula$design
  columns <- c(set_names(list(design$outcome), design$outcome_name), structural_columns(design), design$instruments)
  columns <- columns[names(columns) != "(Intercept)"]
  tibble::as_tibble(lapply(columns, used_values, design = design))
}

#' @export
model.matrix.pilot_fit <- function(object, partialled_out = FALSE, ...) {
  refuse_lean(object)
  kept <- names(object$coefficients)
  if (!partialled_out) {
    return(do.call(cbind, lapply(structural_columns(object$design)[kept], function(x) as.numeric(used_values(x, object$design)))))
  }
  columns <- structural_columns(object$design)[kept]
  at <- match(kept, names(fit_columns(object)))
  x <- cpp_partialled_out(object$absorbed_by, columns, object$effects[, at, drop = FALSE])
  x <- in_data_order(x, object)
  if (!is.null(object$design$weights)) x <- x / sqrt(used_values(object$design$weights, object$design))
  colnames(x) <- kept
  x
}

# Rows in the order of the computation -> used rows in the order of the data.
in_data_order <- function(x, fit) {
  rows <- fit$absorbed_by$rows
  if (is.null(rows)) x else x[order(rows), , drop = FALSE]
}

#' @export
update.pilot_fit <- function(object, formula. = NULL, ..., evaluate = TRUE) {
  call <- object$call
  changes <- match.call(expand.dots = FALSE)$...
  for (name in names(changes)) call[[name]] <- changes[[name]]
  if (!is.null(formula.)) call$formula <- update_formula(object$formula, formula.)
  if (evaluate) eval(call, parent.frame()) else call
}

# `. ~ . + x` changes the outcome and the regressors; `. ~ . | .` keeps later parts as they are,
# and a formula that names parts of its own replaces them.
update_formula <- function(old, new) {
  if (!inherits(new, "formula")) {
    abort("formula", "{.arg formula.} must be a formula such as {.code . ~ . + x}.")
  }
  env <- environment(old)
  old_parts <- formula_parts(old)
  new_parts <- formula_parts(new)
  fill <- function(expr, by) do.call(substitute, list(expr, list(. = by)))
  length_out <- max(length(old_parts$parts), length(new_parts$parts))
  parts <- lapply(seq_len(length_out), function(i) {
    old_i <- if (i <= length(old_parts$parts)) old_parts$parts[[i]]
    if (i > length(new_parts$parts)) return(old_i)
    fill(new_parts$parts[[i]], old_i)
  })
  parts[[1L]] <- drop_terms(parts[[1L]], env)
  out <- call("~", fill(new_parts$outcome, old_parts$outcome), join_call(parts, "|"))
  instruments <- new_parts$instruments %||% old_parts$instruments
  if (!is.null(instruments)) out <- call("~", out, fill(instruments, old_parts$instruments))
  stats::as.formula(out, env)
}

# `a + b - b` -> `a`: simplified by terms(), so that interactions are understood.
drop_terms <- function(expr, env) {
  simple <- stats::terms(make_formula(expr, env), simplify = TRUE, keep.order = TRUE)
  labels <- attr(simple, "factors")
  if (!length(labels)) return(1)
  variables <- as.list(attr(simple, "variables"))[-1L]
  join_call(lapply(seq_len(ncol(labels)), function(j) join_call(variables[labels[, j] > 0], ":")), "+")
}
