# The generics of base R and broom for spatial fits.

#' Tidy results of a spatial fit
#'
#' @param x,object A fit of [spatial_did()].
#' @param conf.int Add `conf.low` and `conf.high`?
#' @param conf.level,level The level of the intervals.
#' @param vcov Another covariance than that of the fit, see [spatial_did()].
#' @param parm Names or positions of coefficients; all by default.
#' @param data The data that the fit was made on; by default those it keeps.
#' @param ... Not used.
#' @return `tidy()`: one row a coefficient, `rho` and / or `lambda` first, spatially lagged columns as `W:name`.
#'   `glance()`: one row, with `r.squared` the squared correlation of the outcome and its fitted value once the
#'   effects are removed from both. `augment()`: the rows used with `.fitted` and `.resid`; residuals are the estimated
#'   disturbances \eqn{\varepsilon}, free of the effects.
#' @examples
#' W <- spatial_weights(pilot_cities, "code", ~ longitude + latitude, k = 5)
#' fit <- spatial_did(resilience ~ status + fdi | code + year, pilot_cities, W)
#' tidy(fit)
#' glance(fit)
#' @name spatial_tidiers
NULL

#' @rdname spatial_tidiers
#' @export
tidy.pilot_spatial <- function(x, conf.int = TRUE, conf.level = 0.95, vcov = NULL, ...) {
  table <- coefficient_table(with_spatial_vcov(x, vcov), conf.level)
  if (!isTRUE(conf.int)) table[c("conf.low", "conf.high")] <- NULL
  tibble::new_tibble(table, nrow = length(table$term))
}

#' @rdname spatial_tidiers
#' @export
glance.pilot_spatial <- function(x, ...) {
  likelihood <- logLik(x)
  cohort <- x$design$treatment$cohort
  tibble::tibble(
    r.squared = spatial_r_squared(x), sigma = sqrt(x$sigma2), rho = unname(x$coefficients["rho"]),
    lambda = unname(x$coefficients["lambda"]), nobs = x$nobs, units = length(x$design$unit$values),
    periods = length(x$design$time$values), treated.units = if (is.null(cohort)) NA_integer_ else sum(cohort >= 0L),
    logLik = as.numeric(likelihood), AIC = stats::AIC(likelihood), BIC = stats::BIC(likelihood),
    model = x$spec$model, method = x$spec$method, bias.correction = x$spec$bias, weights = x$weights$label,
    vcov.type = x$covariance$label
  )
}

# Squared correlation, effects removed from both sides (Elhorst 2014, corr2).
spatial_r_squared <- function(fit) {
  y <- spatial_within(fit, fit$panel$y)
  fitted <- spatial_within(fit, fit$panel$y - fit$residual)
  stats::cor(y, fitted)^2
}

spatial_within <- function(fit, v) {
  m <- matrix(v, length(fit$design$unit$values))
  if (fit$panel$unit_effects) m <- m - rowMeans(m)
  if (fit$panel$time_effects) m <- m - rep(colMeans(m), each = nrow(m))
  as.vector(m)
}

#' @rdname spatial_tidiers
#' @export
augment.pilot_spatial <- function(x, data = NULL, ...) augment.pilot_fit(x, data)

#' @rdname spatial_tidiers
#' @export
coef.pilot_spatial <- function(object, ...) object$coefficients

#' @rdname spatial_tidiers
#' @export
vcov.pilot_spatial <- function(object, vcov = NULL, ...) with_spatial_vcov(object, vcov)$vcov

#' @rdname spatial_tidiers
#' @export
confint.pilot_spatial <- function(object, parm = NULL, level = 0.95, vcov = NULL, ...) {
  table <- coefficient_table(with_spatial_vcov(object, vcov), level)
  interval_matrix(table, level, parm)
}

#' @export
nobs.pilot_spatial <- function(object, ...) object$nobs

#' @export
formula.pilot_spatial <- function(x, ...) x$formula

#' @export
df.residual.pilot_spatial <- function(object, ...) Inf

#' @export
deviance.pilot_spatial <- function(object, ...) object$sse

#' @export
sigma.pilot_spatial <- function(object, ...) sqrt(object$sigma2)

#' @export
family.pilot_spatial <- function(object, ...) stats::gaussian()

# Without the transformation every effect is a parameter of the likelihood.
#' @export
logLik.pilot_spatial <- function(object, ...) {
  n <- length(object$design$unit$values)
  periods <- length(object$design$time$values)
  unit <- object$panel$unit_effects
  time <- object$panel$time_effects
  free <- object$spec$bias == "transformation"
  effects <- if (free) 0 else unit * n + time * periods - (unit && time)
  structure(object$log_likelihood,
    df = length(object$coefficients) + 1 + effects,
    nobs = if (free) (n - time) * (periods - unit) else object$nobs, class = "logLik"
  )
}

# Rows used, in the order of the data.
#' @export
residuals.pilot_spatial <- function(object, ...) {
  out <- rep(NA_real_, object$design$n_data)
  out[object$panel$rows] <- object$residual[object$panel$position]
  used_values(out, object$design)
}

#' @export
fitted.pilot_spatial <- function(object, ...) {
  used_values(object$design$outcome, object$design) - residuals(object)
}

#' @export
predict.pilot_spatial <- function(object, newdata = NULL, ...) {
  if (is.null(newdata)) return(fitted(object))
  abort("argument", c("A spatial fit cannot predict for new rows.",
    x = "The outcome of a unit depends on that of all others in its period.",
    i = "{.fn effects} says what a change of a regressor does."
  ))
}

#' @export
model.matrix.pilot_spatial <- function(object, ...) {
  x <- object$panel$x
  out <- matrix(NA_real_, object$design$n_data, ncol(x), dimnames = list(NULL, colnames(x)))
  out[object$panel$rows, ] <- x[object$panel$position, ]
  if (is.null(object$design$keep)) out else out[object$design$keep == as.raw(1L), , drop = FALSE]
}

#' @export
update.pilot_spatial <- update.pilot_fit

#' @export
print.pilot_spatial <- function(x, digits = 4L, ...) {
  d <- x$design
  cat("Model:    ", spatial_title(x$spec$model), if (x$spec$method == "gmm") ", by moments" else ", maximum likelihood", "\n", sep = "")
  cat("Outcome:  ", d$outcome_name, "\n", sep = "")
  cat("Sample:   ", big(x$nobs), " rows, ", big(length(d$unit$values)), " units (", d$unit$label, "), ",
    length(d$time$values), " periods (", d$time$label, ")", dropped_text(d), "\n", sep = "")
  if (!is.null(d$treatment$cohort)) cat("Treated:  ", cohort_text(d), "\n", sep = "")
  cat("Weights:  ", x$weights$label, ", ", if (x$weights$row_standardized) "rows sum to one" else standardization_text(x$weights), "\n", sep = "")
  cat("Effects:  ", if (length(d$effects)) paste(effect_labels(d), collapse = " + ") else "none", bias_text(x), "\n", sep = "")
  cat("SE:       ", x$covariance$label, clusters_text(x), "\n\n", sep = "")
  table <- coefficient_table(x)
  body <- cbind(Estimate = table$estimate, `Std. Error` = table$std.error, `z value` = table$statistic, `Pr(>|z|)` = table$p.value)
  rownames(body) <- table$term
  stats::printCoefmat(body, digits = digits, signif.legend = TRUE, cs.ind = 1:2, tst.ind = 3L)
  cat("\nsigma2 ", format(x$sigma2, digits = digits), if (is.finite(x$log_likelihood)) paste0(", log-likelihood ", format(x$log_likelihood, digits = digits + 3L)), "\n", sep = "")
  if (length(x$dropped)) cat("Dropped as collinear: ", paste(x$dropped, collapse = ", "), "\n", sep = "")
  if (x$spec$terms[["rho"]]) cat("Coefficients of a model with rho are not effects: see effects().\n")
  if (isFALSE(x$exact_traces)) cat("One trace of the information matrix was estimated with random signs.\n")
  invisible(x)
}

bias_text <- function(x, language = "en") {
  if (x$spec$method == "gmm" || !length(x$design$effects)) return("")
  say(language, paste0("bias_", x$spec$bias))
}

#' @export
summary.pilot_spatial <- function(object, vcov = NULL, ...) {
  object <- with_spatial_vcov(object, vcov)
  class(object) <- c("summary_pilot_spatial", class(object))
  object
}

#' @export
print.summary_pilot_spatial <- function(x, digits = 4L, ...) {
  class(x) <- setdiff(class(x), "summary_pilot_spatial")
  print(x, digits = digits)
  if (x$spec$spillover == "pooled") {
    cat("\n")
    print(effects(x), digits = digits)
  }
  cat("\nRows\n")
  print_flow(x$design)
  invisible(x)
}
