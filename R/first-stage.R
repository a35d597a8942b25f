# The regressions around a two-stage fit: first stages, reduced form, OLS. Each is a projection in
# the coordinates of the triangular root, and a pilot_fit of its own.

#' First stages of an instrumental-variables fit
#'
#' For each endogenous variable \eqn{d_j} the regression
#' \deqn{d_j = z'\pi_j + x'\delta_j + \mathrm{effects} + v_j}
#' with the F test of \eqn{\pi_j = 0} under the covariance of the fit, and what says whether the
#' instruments are strong enough for each variable on its own:
#'
#' * `partial.r2`: share of \eqn{d_j}, given controls and effects, that the instruments explain;
#' * `shea.r2` (Shea 1997): the same once the other endogenous variables are taken into account;
#' * `sw.statistic` (Sanderson and Windmeijer 2016): F of the instruments for the part of
#'   \eqn{d_j} that the other instrumented variables leave. It is the F to look at with several
#'   endogenous variables; with one it equals `statistic`.
#'
#' Do not judge weakness by `p.value`: an instrument can be significant and far too weak. Compare F
#' with the critical values of [weak_iv()].
#'
#' @param fit A fit of [pilot_did()] with a third formula part.
#' @param vcov Another covariance than that of the fit.
#' @param x A result of `first_stage()`.
#' @param ... Not used.
#' @return A list of class `pilot_first_stage`. `glance()`: one row an endogenous variable with
#'   `endogenous`, `statistic` (F), `df`, `df2`, `p.value`, `partial.r2`, `shea.r2`, `sw.statistic`,
#'   `sw.df`, `sw.p.value`. `tidy()`: the coefficients of the instruments, and with
#'   `controls = TRUE` also of the controls, the endogenous variable in column `outcome`.
#' @section Errors: `no_instruments` for a fit without a third formula part.
#' @references
#' Sanderson and Windmeijer (2016), A weak instrument F-test in linear IV models with multiple
#' endogenous variables, *Journal of Econometrics* 190, equations (13)-(16).
#'
#' Shea (1997), Instrument relevance in multivariate linear models, *Review of Economics and
#' Statistics* 79.
#' @examples
#' panel <- simulate_pilot(seed = 1)
#' panel$z <- panel$x1 + rnorm(nrow(panel))
#' fit <- pilot_did(y ~ status | unit + time | x1 ~ z, panel)
#' first_stage(fit)
#' @export
first_stage <- function(fit, vcov = NULL) {
  fit <- check_instrumented(fit, vcov)
  r <- fit$root
  stages <- lapply(r$d, function(j) projection_fit(fit, j, c(r$z, r$x), "first stage"))
  names(stages) <- r$names[r$d]
  table <- first_stage_table(fit, stages, iv_scores(fit))
  structure(list(stages = stages, table = table, fit_label = fit$covariance$label,
                 instruments = r$names[r$z], formula = fit$formula), class = "pilot_first_stage")
}

check_instrumented <- function(fit, vcov = NULL) {
  if (!inherits(fit, "pilot_iv")) {
    abort("no_instruments", c("{.arg fit} must be a fit with instruments.",
      x = "It is {.obj_type_friendly {fit}}.",
      i = "Fit {.code y ~ x | unit + time | endogenous ~ instruments} with {.fn pilot_did}."
    ))
  }
  refuse_lean(fit)
  fit <- with_vcov(fit, vcov)
  if (fit$vcov_spec$type == "user") {
    abort("vcov", c("Tests of the instruments need a covariance of their own moments.",
      x = "The fit's covariance was supplied as a matrix or function.",
      i = "Name one: {.code vcov = ~ unit}, {.val HC1} or {.val iid}."
    ))
  }
  refuse_few_clusters(fit, fit$vcov_spec)
  fit
}

# Least squares of column `response` of the root on the columns `on`, as a pilot_fit.
projection_fit <- function(fit, response, on, title) {
  r <- fit$root
  g <- r$root[, on, drop = FALSE]
  scale <- sqrt(colSums(g^2))
  qr <- qr(sweep(g, 2L, scale, "/"), tol = 0)
  stage <- fit
  stage$coefficients <- set_names(qr.coef(qr, r$root[, response]) / scale, r$names[on])
  stage$bread <- chol2inv(qr.R(qr)) / outer(scale, scale)
  stage$homoskedastic <- NULL
  residual <- column_map(r, response) - column_map(r, on) %*% stage$coefficients
  stage$maps <- list(residual = as.vector(residual), regressors = column_map(r, on))
  stage$rss <- sum(coordinates(r, residual)^2)
  stage$tss <- r$moments$total[r$column[response]]
  stage$within_tss <- sum(r$root[, response]^2)
  stage$rank <- length(on)
  stage$title <- title
  stage$response <- r$column[response]
  class(stage) <- c("pilot_stage", "pilot_fit")
  set_vcov(stage, fit$vcov_spec)
}

#' @export
fitted.pilot_stage <- function(object, ...) {
  used_values(as.numeric(fit_columns(object)[[object$response]]), object$design) - residuals(object)
}

first_stage_table <- function(fit, stages, s) {
  r <- fit$root
  small <- small_sample_scale(fit, s$spec)
  l1 <- length(r$z)
  free <- l1 - length(r$d) + 1L
  both <- c(r$z, r$d)
  shea <- diag(solve_spd(crossprod(r$root[both, r$d, drop = FALSE]))) /
    diag(solve_spd(crossprod(r$root[r$z, r$d, drop = FALSE])))
  rows <- lapply(seq_along(r$d), function(j) {
    wald <- wald_instruments(s, r, j)
    sanderson <- sanderson_windmeijer(s, r, j)
    explained <- sum(r$root[r$z, r$d[j]]^2)
    tibble::tibble(
      endogenous = r$names[r$d[j]], statistic = wald * small$scale / l1, df = l1, df2 = small$df,
      p.value = stats::pf(wald * small$scale / l1, l1, small$df, lower.tail = FALSE),
      partial.r2 = explained / sum(r$root[both, r$d[j]]^2), shea.r2 = shea[j],
      sw.statistic = sanderson * small$scale / free, sw.df = free,
      sw.p.value = stats::pf(sanderson * small$scale / free, free, small$df, lower.tail = FALSE)
    )
  })
  do.call(rbind, rows)
}

# Large-sample Wald statistic that the instruments have no part in endogenous variable j.
wald_instruments <- function(s, r, j) {
  quadratic(r$root[r$z, r$d[j]], score_block(s, s$z, unit_vector(j + 1L, s$equations), form = 1L))
}

# The same for what is left of variable j once the others, instrumented, are taken off.
sanderson_windmeijer <- function(s, r, j) {
  own <- r$root[r$z, r$d[j]]
  others <- r$root[r$z, r$d[-j], drop = FALSE]
  a <- unit_vector(j + 1L, s$equations)
  if (ncol(others)) a[-c(1L, j + 1L)] <- -qr.coef(qr(others), own)
  quadratic(as.vector(r$root[r$z, r$d, drop = FALSE] %*% a[-1L]), score_block(s, s$z, a, form = 1L))
}

unit_vector <- function(j, n) replace(numeric(n), j, 1)

# g' V^-1 g; NA where V is singular: more moments than independent clusters.
quadratic <- function(g, v) {
  if (!length(g)) return(0)
  scale <- sqrt(diag(v))
  if (any(scale == 0) || rcond(v / outer(scale, scale)) < 1e-12) return(NA_real_)
  sum((g / scale) * solve(v / outer(scale, scale), g / scale))
}

#' @rdname first_stage
#' @param controls Also show the coefficients of the controls?
#' @export
tidy.pilot_first_stage <- function(x, controls = FALSE, ...) {
  tables <- lapply(names(x$stages), function(name) {
    table <- tidy(x$stages[[name]])
    table$outcome <- name
    if (controls) table else table[table$term %in% x$instruments, ]
  })
  do.call(rbind, tables)
}

#' @rdname first_stage
#' @export
glance.pilot_first_stage <- function(x, ...) x$table

#' @export
print.pilot_first_stage <- function(x, digits = 4L, ...) {
  for (name in names(x$stages)) {
    cat("First stage: ", name, " (SE: ", x$fit_label, ")\n", sep = "")
    table <- tidy(x)
    print_estimates(table[table$outcome == name, ], digits)
    g <- x$table[x$table$endogenous == name, ]
    cat(sprintf("F(%d, %s) = %.2f, partial R2 %.4f", g$df, big(g$df2), g$statistic, g$partial.r2))
    if (nrow(x$table) > 1L) cat(sprintf(", Shea R2 %.4f, Sanderson-Windmeijer F %.2f", g$shea.r2, g$sw.statistic))
    cat("\n\n")
  }
  invisible(x)
}

print_estimates <- function(table, digits) {
  body <- cbind(
    Estimate = table$estimate, `Std. Error` = table$std.error, `t value` = table$statistic,
    `Pr(>|t|)` = table$p.value
  )
  rownames(body) <- table$term
  stats::printCoefmat(body, digits = digits, signif.stars = FALSE, cs.ind = 1:2, tst.ind = 3L)
}
