# Values by row: residuals, fitted values, predictions, the estimated effects themselves.

#' Residuals, fitted values and predictions
#'
#' @param object A fit of [pilot_did()].
#' @param newdata New rows; `NULL` for those of the fit. A level of an effect that the fit has not
#'   seen gives `NA`, with a warning that counts them.
#' @param effects Include the absorbed effects? Without them, predictions are \eqn{x'\beta} alone.
#' @param ... Not used.
#' @return A numeric vector with one value a row. Residuals and fitted values have one value for each
#'   row used, in the order of the data.
#' @examples
#' panel <- simulate_pilot(seed = 1)
#' fit <- pilot_did(y ~ status | unit + time, panel)
#' all.equal(predict(fit, panel), fitted(fit))
#' @name pilot_predict
NULL

#' @rdname pilot_predict
#' @export
residuals.pilot_fit <- function(object, ...) {
  object$maps$regressors <- matrix(0, length(object$maps$residual), 0L)
  used_values(call_scores(object, kind = 0L, n_data = object$design$n_data)$residuals, object$design)
}

#' @rdname pilot_predict
#' @export
fitted.pilot_fit <- function(object, ...) {
  used_values(object$design$outcome, object$design) - residuals(object)
}

#' @rdname pilot_predict
#' @export
predict.pilot_fit <- function(object, newdata = NULL, effects = TRUE, ...) {
  refuse_lean(object)
  check_flag(effects, "effects")
  if (is.null(newdata) && effects) return(fitted(object))
  if (is.null(newdata)) return(used_values(linear_part(object, structural_columns(object$design)), object$design))
  check_data(newdata, "newdata")
  env <- environment(object$formula)
  parsed <- parse_formula(object$formula)
  check_variables(list(parsed$regressors, parsed$endogenous, if (effects) parsed$effects), newdata, env)
  mask <- newdata_mask(object, newdata, env)
  value <- linear_part(object, c(
    columns_on(object$design$regressors, newdata, mask), columns_on(object$design$endogenous, newdata, mask)
  ))
  if (!effects) return(value)
  estimated <- fixef(object)
  levels <- numeric(nrow(newdata))
  for (e in parsed$effects) levels <- levels + effect_values(e, estimated, newdata, env)
  value <- value + levels
  lost <- sum(is.na(levels) & stats::complete.cases(newdata[intersect(names(newdata), all.vars(object$formula))]))
  if (lost > 0) {
    warn("new_levels", c("{lost} row{?s} could not be predicted.",
      x = "They hold a unit, a period or another level that the fit has not seen.",
      i = "{.code effects = FALSE} gives the part of the regressors alone."
    ))
  }
  value
}

linear_part <- function(fit, columns) {
  out <- 0
  for (name in names(fit$coefficients)) out <- out + fit$coefficients[[name]] * full_column(columns[[name]])
  out
}

# What the coefficients multiply: controls, and endogenous variables where there are any.
structural_columns <- function(design) c(design$regressors, design$endogenous)

# Lags on new data are those of the new data's own units and periods.
newdata_mask <- function(fit, newdata, env) {
  code <- function(id) {
    if (all(all.vars(id$expr) %in% names(newdata)) && !is.null(id)) code_effect(id$expr, newdata, env)
  }
  panel_mask(env, code(fit$design$unit), code(fit$design$time), nrow(newdata))
}

# The regressors on new data: plain columns by name, the rest by the recipe of the fit.
columns_on <- function(regressors, newdata, env) {
  recipe <- attr(regressors, "recipe")
  columns <- if (is.null(recipe)) {
    plain <- setdiff(names(regressors), "(Intercept)")
    set_names(lapply(plain, function(name) .subset2(newdata, name)), plain)
  } else {
    if (!is.null(recipe$terms)) environment(recipe$terms) <- env
    follow_recipe(recipe, newdata)
  }
  if ("(Intercept)" %in% names(regressors)) columns[["(Intercept)"]] <- rep(1, nrow(newdata))
  columns
}

# What one effect (levels and slopes) adds to each new row.
effect_values <- function(effect, estimated, newdata, env) {
  coded <- code_effect(effect$expr, newdata, env)
  level <- as.character(coded$values)[coded$code + 1L]
  value <- 0
  if (effect$intercept) value <- unname(estimated[[effect$label]][level])
  for (s in effect$slopes) {
    label <- paste0(effect$label, "[[", expr_label(s), "]]")
    value <- value + unname(estimated[[label]][level]) * eval_in(s, newdata, env)
  }
  value
}

#' The absorbed effects
#'
#' The effects are identified up to a constant in each connected part of the panel: the first
#' period of each part is set to zero, and so is the first level of every further effect where the
#' system is factored. Sums of effects, and with them predictions, do not depend on that choice.
#'
#' @param object A fit of [pilot_did()].
#' @param ... Not used.
#' @return A list with one named numeric vector for each effect: levels under the name of the factor,
#'   slopes as `factor[[variable]]`.
#' @examples
#' fit <- pilot_did(y ~ status | unit + time, simulate_pilot(seed = 1))
#' head(fixef(fit)$time)
#' @export
fixef <- function(object, ...) UseMethod("fixef")

#' @rdname fixef
#' @export
#' @rawNamespace S3method(nlme::fixef, pilot_fit)
fixef.pilot_fit <- function(object, ...) {
  refuse_lean(object)
  absorbed <- object$absorbed_by
  if (is.null(absorbed$eliminated)) return(list())
  design <- object$design
  levels <- object$effects %*% object$maps$residual
  own <- cpp_group_effects(absorbed, fit_columns(object), object$maps$residual, as.vector(levels))
  main <- design$effects[[absorbed$eliminated]]
  out <- list()
  at <- 0L
  for (e in absorbed$effects) {
    values <- as.character(design$effects[[sub("\\[\\[.*$", "", e$label)]]$values)
    out[[e$label]] <- set_names(levels[at + seq_len(e$levels)], values)
    at <- at + e$levels
  }
  names <- as.character(main$values)
  labels <- c(
    if (main$intercept) main$label,
    if (length(main$slopes)) paste0(main$label, "[[", names(main$slopes), "]]")
  )
  for (j in seq_along(labels)) out[[labels[j]]] <- set_names(own[, j], names)
  out <- anchor_effects(out, object)
  order <- c(names(design$effects), setdiff(names(out), names(design$effects)))
  out[intersect(order, names(out))]
}

# Two-way: the first level of the smaller effect is zero in each connected part.
anchor_effects <- function(effects, fit) {
  absorbed <- fit$absorbed_by
  other <- absorbed$effects
  if (length(other) != 1L || !absorbed$group_means || !is.null(other[[1L]]$slope)) return(effects)
  part <- cpp_components(absorbed)
  small <- other[[1L]]$label
  shift <- effects[[small]][match(part$level, part$level)]
  effects[[small]] <- effects[[small]] - unname(shift)
  effects[[absorbed$eliminated]] <- effects[[absorbed$eliminated]] +
    unname(shift[match(part$group, part$level)])
  effects
}
