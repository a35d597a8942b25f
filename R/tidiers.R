# broom-style results, and the generics of base R that are read off the same slots.

#' Tidy results of a fit
#'
#' @param x,object A fit of [pilot_did()].
#' @param conf.int Add `conf.low` and `conf.high`? They are also part of the default.
#' @param conf.level The level of the intervals.
#' @param vcov Another covariance than that of the fit, see [pilot_did()]: nothing is estimated again.
#' @param ssc Another small-sample convention.
#' @param data The data that the fit was made on; by default those it keeps.
#' @param ... Not used.
#' @return `tidy()`: a tibble with one row a coefficient: `term`, `estimate`, `std.error`,
#'   `statistic`, `p.value`, `conf.low`, `conf.high`. `glance()`: one row. `augment()`: the rows used,
#'   with `.fitted` and `.resid`.
#' @section The package sandwich: `vcov(fit, ~ code)` is the way to a clustered covariance. `sandwich::vcovHC()` works as it
#'   stands; `sandwich::vcovCL()`, `vcovPL()` and others take clusters as a vector with one value for each row used, such as
#'   `augment(fit)$code`. Given as a formula they are looked up by R's own model frame, to which the bar of a formula with
#'   effects is arithmetic: text identifiers fail there.
#' @examples
#' fit <- pilot_did(y ~ status + x1 | unit + time, simulate_pilot(seed = 1))
#' tidy(fit)
#' tidy(fit, vcov = "iid")
#' glance(fit)
#' @name pilot_tidiers
NULL

#' @rdname pilot_tidiers
#' @export
tidy.pilot_fit <- function(x, conf.int = TRUE, conf.level = 0.95, vcov = NULL, ssc = NULL, ...) {
  x <- with_vcov(x, vcov, ssc)
  table <- coefficient_table(x, conf.level)
  if (!isTRUE(conf.int)) table[c("conf.low", "conf.high")] <- NULL
  tibble::new_tibble(table, nrow = length(table$term))
}

# A plain list, so that print() and summary() need not build a tibble.
coefficient_table <- function(fit, level = 0.95) {
  check_number(level, "conf.level", 0, 1, open = TRUE)
  estimate <- unname(fit$coefficients)
  se <- sqrt(unname(diag(fit$vcov)))
  df <- fit$covariance$df
  statistic <- estimate / se
  half <- stats::qt(1 - (1 - level) / 2, df) * se
  list(
    term = names(fit$coefficients) %||% character(), estimate = estimate, std.error = se,
    statistic = statistic, p.value = 2 * stats::pt(-abs(statistic), df),
    conf.low = estimate - half, conf.high = estimate + half
  )
}

#' @rdname pilot_tidiers
#' @export
glance.pilot_fit <- function(x, ...) {
  likelihood <- logLik(x)
  cohort <- x$design$treatment$cohort
  r2 <- r_squared(x)
  joint <- wald_all(x)
  tibble::tibble(
    r.squared = r2$r2, adj.r.squared = r2$adjusted, within.r.squared = r2$within,
    sigma = sigma.pilot_fit(x), statistic = joint$statistic, p.value = joint$p.value,
    df = x$rank, df.residual = df.residual.pilot_fit(x), nobs = x$nobs,
    units = length(x$design$unit$values), periods = length(x$design$time$values),
    treated.units = if (is.null(cohort)) NA_integer_ else sum(cohort >= 0L),
    logLik = as.numeric(likelihood), AIC = stats::AIC(likelihood), BIC = stats::BIC(likelihood),
    estimator = x$estimator, vcov.type = x$covariance$label
  )
}

r_squared <- function(fit) {
  parameters <- fit$rank + fit$absorbed
  constant <- as.numeric(fit$absorbed > 0 || fit$design$intercept)
  r2 <- 1 - fit$rss / fit$tss
  list(
    r2 = r2,
    adjusted = 1 - (1 - r2) * (fit$nobs - constant) / (fit$nobs - parameters),
    within = if (fit$absorbed > 0) 1 - fit$rss / fit$within_tss else NA_real_
  )
}

# F test that all coefficients (but the intercept) are zero, under the fit's covariance.
wald_all <- function(fit) {
  tested <- names(fit$coefficients) != "(Intercept)"
  if (!any(tested)) return(list(statistic = NA_real_, p.value = NA_real_))
  b <- fit$coefficients[tested]
  v <- fit$vcov[tested, tested, drop = FALSE]
  # More coefficients than clusters leave the covariance singular: the joint test is undefined.
  scale <- sqrt(diag(v))
  if (any(scale == 0) || rcond(v / outer(scale, scale)) < 1e-12) return(list(statistic = NA_real_, p.value = NA_real_))
  statistic <- sum(b * solve(v, b)) / sum(tested)
  list(statistic = statistic, p.value = stats::pf(statistic, sum(tested), fit$covariance$df, lower.tail = FALSE))
}

#' @rdname pilot_tidiers
#' @export
augment.pilot_fit <- function(x, data = NULL, ...) {
  refuse_lean(x)
  data <- data %||% x$data
  if (nrow(data) != x$design$n_data) {
    abort("data", c("{.arg data} must have the rows that the fit was made on.",
      x = "It has {nrow(data)}, the fit had {x$design$n_data}."
    ))
  }
  out <- tibble::as_tibble(unclass_data(data))
  out <- if (is.null(x$design$keep)) out else out[x$design$keep == as.raw(1L), ]
  out$.fitted <- fitted(x)
  out$.resid <- residuals(x)
  out
}

#' @rdname pilot_tidiers
#' @export
coef.pilot_fit <- function(object, ...) object$coefficients

#' @rdname pilot_tidiers
#' @export
vcov.pilot_fit <- function(object, vcov = NULL, ssc = NULL, ...) with_vcov(object, vcov, ssc)$vcov

#' @rdname pilot_tidiers
#' @param parm Names or positions of coefficients; all by default.
#' @param level The level of the intervals.
#' @export
confint.pilot_fit <- function(object, parm = NULL, level = 0.95, vcov = NULL, ...) {
  table <- coefficient_table(with_vcov(object, vcov), level)
  interval_matrix(table, level, parm)
}

#' @export
nobs.pilot_fit <- function(object, ...) object$nobs

#' @export
formula.pilot_fit <- function(x, ...) x$formula

# The degrees of freedom of its t and F tests: clusters less one, or rows less parameters.
#' @export
df.residual.pilot_fit <- function(object, ...) object$covariance$df

#' @export
deviance.pilot_fit <- function(object, ...) object$rss

#' @export
sigma.pilot_fit <- function(object, ...) {
  sqrt(object$rss / max(object$nobs - object$rank - object$absorbed, 1))
}

# Gaussian log-likelihood at the maximum; weights are precisions.
#' @export
logLik.pilot_fit <- function(object, ...) {
  n <- object$nobs
  weights <- object$design$weights
  log_weights <- if (is.null(weights)) 0 else sum(log(used_values(weights, object$design)))
  structure(0.5 * (log_weights - n * (log(2 * pi) + 1 + log(object$rss / n))),
    df = object$rank + object$absorbed + 1, nobs = n, class = "logLik"
  )
}

#' @export
family.pilot_fit <- function(object, ...) stats::gaussian()

# A full-length column -> its used rows in the order of the data.
used_values <- function(column, design) {
  column <- full_column(column)
  if (is.null(design$keep)) column else column[design$keep == as.raw(1L)]
}

# What confint() gives: rows named by term, columns by the tails.
interval_matrix <- function(table, level, parm = NULL) {
  out <- cbind(table$conf.low, table$conf.high)
  tail <- (1 - level) / 2
  dimnames(out) <- list(table$term, paste(format(100 * c(tail, 1 - tail), trim = TRUE, digits = 3), "%"))
  if (is.null(parm)) out else out[parm, , drop = FALSE]
}
