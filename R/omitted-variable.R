# How strong an omitted variable would have to be: Cinelli and Hazlett (2020), Oster (2019).

#' Sensitivity to an omitted variable (Cinelli and Hazlett)
#'
#' The robustness value is the share of the residual variance of treatment and outcome that an
#' omitted variable must explain, both alike, to take the estimate to zero:
#' \deqn{RV_q = \tfrac12\left(\sqrt{f_q^4 + 4 f_q^2} - f_q^2\right), \qquad f_q = q\,|t| / \sqrt{df},}
#' and \eqn{RV_{q,\alpha}}, with \eqn{f_q} less the critical value of \eqn{t} over \eqn{\sqrt{df -
#' 1}}, to make it
#' insignificant. Fixed effects are partialled out first: the omitted variable is one that varies
#' beyond them.
#'
#' The partial R2 of a coefficient is a descriptive quantity and computed from the classical \eqn{t}
#' (`vcov = "iid"`), whatever the covariance of the fit; so are adjusted standard errors. With
#' serially correlated errors the classical
#' \eqn{t} is too large, and \eqn{RV_{q,\alpha}} with it; \eqn{RV_q} does not depend on the covariance.
#'
#' @param fit A fit of [pilot_did()] by two-way fixed effects.
#' @param benchmark Names of controls: how strong would a confounder be that explains `multiple` times
#'   what the control explains of treatment and outcome?
#' @param multiple Positive numbers.
#' @param q Reduction of the estimate that matters: 1 is all of it.
#' @param alpha The level.
#' @return A list of class `pilot_robustness_value`. `tidy()`: `term`, `estimate`, `std.error`, `statistic`,
#'   `partial.r2`, `rv`, `rv.alpha`, `df`; `augment()`: one row a benchmark: `benchmark`,
#'   `multiple`, `r2.treatment`,
#'   `r2.outcome`, `estimate`, `std.error`, `statistic`, `conf.low`, `conf.high`, adjusted for it.
#' @section Errors: classes `pilotdid_error_*`: `estimator`, `unknown_column`, `benchmark` (a confounder
#'   so strong would explain more than all of the treatment).
#' @references Cinelli and Hazlett (2020), Making sense of sensitivity, *Journal of the Royal
#'   Statistical Society B* 82: equations 5-7, 15 and Section 4.4.
#' @seealso [oster_delta()]
#' @examples
#' panel <- simulate_pilot(covariates = 1, selection = 1, seed = 1)
#' fit <- pilot_did(y ~ status + x1 | unit + time, panel)
#' robustness_value(fit, benchmark = "x1", multiple = 1:3)
#' @export
robustness_value <- function(fit, benchmark = NULL, multiple = 1, q = 1, alpha = 0.05) {
  check_fit(fit)
  refuse_other_estimators(fit, "robustness_value")
  check_number(q, "q", 0, Inf, open = TRUE)
  check_number(alpha, "alpha", 0, 1, open = TRUE)
  for (m in multiple) check_number(m, "multiple", 0, Inf, open = TRUE)
  term <- fit$design$treatment$names[1L]
  known <- setdiff(names(fit$coefficients), term)
  if (length(setdiff(benchmark, known))) {
    abort("unknown_column", c("{.arg benchmark} must name controls of the fit.",
      x = "Not among them: {.field {setdiff(benchmark, known)}}."
    ), columns = setdiff(benchmark, known))
  }
  df <- fit$nobs - fit$rank - fit$absorbed
  classical <- sqrt(diag(fit$bread)[match(term, names(fit$coefficients))] * fit$rss / df)
  t <- unname(fit$coefficients[[term]] / classical)
  rows <- lapply(
    benchmark, benchmark_rows, fit = fit, term = term, multiple = multiple, df = df, se = classical,
    alpha = alpha
  )
  structure(list(
    table = tibble::tibble(
      term = term, estimate = fit$coefficients[[term]], std.error = unname(classical), statistic = t,
      partial.r2 = t^2 / (t^2 + df), rv = robustness(q * abs(t) / sqrt(df), 0),
      rv.alpha = robustness(q * abs(t) / sqrt(df), stats::qt(1 - alpha / 2, df - 1) / sqrt(df - 1)), df = df
    ),
    benchmarks = if (length(rows)) bind_lists(rows), q = q, alpha = alpha, fit = fit
  ), class = "pilot_robustness_value")
}

# f: q |t| / sqrt(df); critical: the same of the critical value. Beyond f = 1 / critical the binding
# constraint is a confounder that explains all of the outcome (the extreme robustness value), as in
# `sensemakr`.
robustness <- function(f, critical) {
  excess <- f - critical
  if (excess <= 0) return(0)
  if (critical > 0 && f > 1 / critical) return((f^2 - critical^2) / (1 + f^2))
  # The formula of the paper without its difference of large numbers.
  2 / (1 + sqrt(1 + 4 / excess^2))
}

# Bounds of Section 4.4: a confounder `multiple` times as strong as the control.
benchmark_rows <- function(benchmark, fit, term, multiple, df, se, alpha) {
  with_treatment <- partial_r2(fit$coefficients, fit$bread, fit$rss, df, benchmark)
  treatment <- treatment_on_controls(fit, term)
  xd <- partial_r2(treatment$coefficients, treatment$inverse, treatment$rss, df + 1, benchmark)
  r2_d <- multiple * xd / (1 - xd)
  if (any(r2_d >= 1)) {
    abort("benchmark", c("No confounder can be that strong.",
      x = "{multiple[r2_d >= 1][1]} times {.field {benchmark}} would explain more than all of {.field {term}}.",
      i = "Use a smaller {.arg multiple}."
    ))
  }
  r2_xz <- multiple * xd^2 / ((1 - multiple * xd) * (1 - xd))
  r2_y <- pmin(
    ((sqrt(multiple) + sqrt(r2_xz)) / sqrt(1 - r2_xz))^2 * with_treatment / (1 - with_treatment), 1
  )
  adjusted_rows(fit$coefficients[[term]], se, df, r2_d, r2_y, benchmark, multiple, alpha)
}

partial_r2 <- function(coefficients, inverse, rss, df, name) {
  j <- match(name, names(coefficients))
  f2 <- coefficients[[j]]^2 / (inverse[j, j] * rss)
  f2 / (1 + f2)
}

# The treatment on the controls, from the moments that the fit's own columns have.
treatment_on_controls <- function(fit, term) {
  kept <- names(fit$coefficients)
  moments <- cpp_moments(fit$absorbed_by, unname(fit$design$regressors[kept]), fit$request$solver)
  d <- match(term, kept)
  inverse <- solve(moments$gram[-d, -d, drop = FALSE])
  b <- as.vector(inverse %*% moments$gram[-d, d])
  list(
    coefficients = set_names(b, kept[-d]), inverse = inverse,
    rss = moments$gram[d, d] - sum(b * moments$gram[-d, d])
  )
}

# The estimate, its standard error and interval with a confounder of that strength controlled for,
# which takes one more degree of freedom; the bias is taken off in the direction that hurts.
adjusted_rows <- function(estimate, se, df, r2_d, r2_y, benchmark, multiple, alpha) {
  bias <- se * sqrt(r2_y * r2_d / (1 - r2_d) * df)
  adjusted <- sign(estimate) * (abs(estimate) - bias)
  new_se <- sqrt((1 - r2_y) / (1 - r2_d)) * se * sqrt(df / (df - 1))
  half <- stats::qt(1 - alpha / 2, df - 1) * new_se
  list(
    benchmark = rep(benchmark, length(multiple)), multiple = multiple, r2.treatment = r2_d, r2.outcome = r2_y,
    estimate = adjusted, std.error = new_se, statistic = adjusted / new_se,
    conf.low = adjusted - half, conf.high = adjusted + half
  )
}

#' @rdname robustness_value
#' @param x A result of `robustness_value()`.
#' @param ... Not used.
#' @export
tidy.pilot_robustness_value <- function(x, ...) x$table

#' @rdname robustness_value
#' @export
augment.pilot_robustness_value <- function(x, ...) x$benchmarks

#' @rdname robustness_value
#' @export
glance.pilot_robustness_value <- function(x, ...) {
  tibble::tibble(
    rv = x$table$rv, rv.alpha = x$table$rv.alpha, partial.r2 = x$table$partial.r2, q = x$q,
    alpha = x$alpha, df = x$table$df, nobs = x$fit$nobs
  )
}

#' @export
print.pilot_robustness_value <- function(x, digits = 4L, ...) {
  t <- x$table
  percent <- function(v) paste0(format(100 * v, digits = 3), " %")
  cat("Sensitivity of ", t$term, " to an omitted variable (classical t, ", big(t$df), " df)\n\n", sep = "")
  cat(
    "Estimate ", format(t$estimate, digits = digits), ", partial R2 ", percent(t$partial.r2), "\n",
    sep = ""
  )
  cat(
    "To take away ", percent(x$q), " of it, a confounder must explain ", percent(t$rv),
    " of the rest of both treatment and outcome;\n", sep = ""
  )
  cat("to make it insignificant at the ", percent(x$alpha), " level, ", percent(t$rv.alpha), ".\n", sep = "")
  if (!is.null(x$benchmarks)) {
    cat("\nAdjusted for a confounder as strong as a control\n")
    print_columns(x$benchmarks, digits)
  }
  invisible(x)
}
