# Least squares on a design: one call of the core, and the conditions that follow from it.

# columns: outcome first. by: clusters whose score sums are wanted now, list(code, levels) or
# NULL for the sums by eliminated group. cells: list(code, levels), where the first `levels`
# regressors are its indicators: see indicator().
solve_least_squares <- function(design, absorbed, by = NULL, options = solver_options(), cells = NULL) {
  columns <- c(list(design$outcome), design$regressors)
  # Cell moments need a dense system of all levels; beyond that the indicators are read as columns.
  levels <- sum(vapply(absorbed$effects, `[[`, 1, "levels"))
  if (levels + (cells$levels %||% 0L) > options$direct_limit) cells <- NULL
  fit <- cpp_least_squares(
    absorbed, columns, if (is.null(by)) 1L else 2L, by$code, by$levels %||% 0L, options,
    cells$code, cells$levels %||% 0L
  )
  refuse_not_converged(fit$moments, options)
  names(fit$coefficients) <- names(design$regressors)
  report_standing(fit, design)
  fit
}

# The same for several outcomes, partialled out in one pass: a list of what
# solve_least_squares() gives, one an outcome.
solve_many_outcomes <- function(design, outcomes, absorbed, by = NULL, options = solver_options()) {
  fits <- cpp_least_squares_many(
    absorbed, c(unname(outcomes), design$regressors), length(outcomes),
    if (is.null(by)) 1L else 2L, by$code, by$levels %||% 0L, options
  )
  refuse_not_converged(fits[[1L]]$moments, options)
  report_standing(fits[[1L]], design)
  lapply(fits, function(fit) {
    names(fit$coefficients) <- names(design$regressors)
    fit
  })
}

# A column that is 1 where the code (0-based, by data row) has this level. The core reads it from the
# code; full_column() writes it out for R.
indicator <- function(code, level) structure(list(code = code, level = as.integer(level)), class = "pilot_indicator")

full_column <- function(column) {
  if (inherits(column, "pilot_indicator")) as.integer(column$code == column$level) else column
}

# 0 kept, 1 absorbed by the effects, 2 a combination of other regressors.
report_standing <- function(fit, design) {
  lost <- which(fit$standing != 0L)
  if (!length(lost)) return(invisible())
  names <- names(design$regressors)
  treatment <- intersect(names[lost], design$treatment$names)
  if (length(treatment)) refuse_lost_treatment(treatment[1L], fit, design)
  reasons <- vapply(lost, function(j) {
    if (fit$standing[j] == 1L) {
      absorbed_reason(design$regressors[[j]], design)
    } else {
      combination_text(fit$combination[, j], names)
    }
  }, "")
  shown <- paste0(names[lost], ": ", reasons)
  warn("collinear", c("{length(lost)} control{?s} {?was/were} dropped as collinear: {.field {names[lost]}}.",
    set_names_i(shown)
  ), dropped = names[lost])
}

refuse_lost_treatment <- function(name, fit, design) {
  j <- match(name, names(design$regressors))
  if (fit$standing[j] == 1L) {
    reason <- absorbed_reason(design$regressors[[j]], design)
    abort("treatment_absorbed", c("The effect of {.field {name}} cannot be estimated.",
      x = "{.field {name}} is {reason}.",
      i = "Drop the effects that take away its variation, or use a treatment that varies beyond them."
    ))
  }
  reason <- combination_text(fit$combination[, j], names(design$regressors))
  abort("treatment_collinear", c("The effect of {.field {name}} cannot be estimated.",
    x = "Given the effects, {.field {name}} is {reason}.",
    i = "Drop the term that repeats the treatment."
  ))
}

# Has a column one value in each level of a factor (list(code, values)), among the rows of the design?
is_constant_within <- function(design, factor, column) {
  cpp_is_constant_within(design$rows, design$start, factor$code, length(factor$values), column)
}

# Which effect takes all the variation of a column; there may be no single one.
absorbed_reason <- function(column, design) {
  for (e in design$effects) {
    if (e$intercept && is_constant_within(design, e, column)) {
      return(paste0("constant within `", e$label, "`: it is absorbed by the ", e$label, " effects"))
    }
  }
  paste0("a combination of the effects ", paste0("`", names(design$effects), "`", collapse = " and "))
}

combination_text <- function(weights, names) {
  used <- which(abs(weights) > 1e-8 * max(abs(weights), 1e-300))
  if (!length(used)) return("zero in all rows kept")
  used <- used[order(-abs(weights[used]))]
  terms <- paste0(format(weights[used], digits = 4, trim = TRUE), " x ", names[used])
  shown <- utils::head(terms, 6L)
  paste0("equal to ", paste(shown, collapse = " + "), if (length(terms) > 6L) " + ...")
}
