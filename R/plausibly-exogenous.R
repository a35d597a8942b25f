# Instruments that may have a small effect of their own (Conley, Hansen and Rossi 2012).

#' Intervals when instruments are only plausibly exogenous
#'
#' In \eqn{y = d'\beta + x'\gamma + z'\theta + \varepsilon} instrumental variables assume
#' \eqn{\theta = 0}. How far may that fail before the conclusion does?
#'
#' * `lower` and `upper`: the union of the confidence intervals over all \eqn{\theta} between these bounds.
#'   The end points of an interval are an affine function of \eqn{\theta} plus or minus a norm of
#'   one, so that the union is reached at the corners of the box: it is exact, no grid is searched.
#' * `mean` and `variance`: \eqn{\theta \sim N(\mu, \Omega)}, local to zero:
#'   \eqn{\hat\beta \sim N(\beta + A\mu, V + A \Omega A')} with \eqn{A = (\hat X'\hat X)^{-1}\hat X'z}.
#'
#' @inheritParams first_stage
#' @param lower,upper Bounds of the direct effect of each instrument: one number, or one an instrument in
#'   the order of the formula. In units of the outcome for one unit of the instrument: compare with the
#'   reduced form in `summary(fit)`.
#' @param mean,variance The prior of the direct effects, instead of bounds: one number or one an instrument;
#'   `variance` may be a matrix.
#' @param level The level of the intervals.
#' @param x A result of `plausibly_exogenous()`.
#' @return A list of class `pilot_plausible`. `tidy()`: one row a coefficient with `term`, `estimate`,
#'   `std.error` (`NA` for the union), `conf.low`, `conf.high`, `method`. `glance()`: `method`, `level`, and
#'   `excludes.zero`, whether the interval of the first endogenous variable does.
#' @section Errors: `no_instruments`, `argument`.
#' @section When not to use it: for instruments that are weak as well: the intervals of the union are t intervals.
#' @references
#' Conley, Hansen and Rossi (2012), Plausibly exogenous, *Review of Economics and Statistics* 94, sections
#' III.A and III.C.
#' @examples
#' panel <- simulate_pilot(seed = 1)
#' panel$z <- panel$x1 + rnorm(nrow(panel))
#' fit <- pilot_did(y ~ status | unit + time | x1 ~ z, panel)
#' plausibly_exogenous(fit, lower = -0.05, upper = 0.05)
#' plausibly_exogenous(fit, mean = 0, variance = 0.02^2)
#' @export
plausibly_exogenous <- function(fit, lower = NULL, upper = NULL, mean = 0, variance = NULL,
                                level = 0.95, vcov = NULL) {
  check_number(level, "level", 0, 1, open = TRUE)
  fit <- check_instrumented(fit, vcov)
  if (is.null(lower) != is.null(upper) || is.null(lower) == is.null(variance)) {
    abort("argument", c("Give either {.arg lower} and {.arg upper}, or {.arg variance}.",
      i = "Bounds lead to the union of confidence intervals, a variance to the local-to-zero interval."
    ))
  }
  shift <- direct_effect_shift(fit)
  table <- if (is.null(variance)) {
    union_intervals(fit, shift, lower, upper, level)
  } else {
    local_intervals(fit, shift, mean, variance, level)
  }
  structure(list(
    table = table, level = level, covariance = fit$covariance$label,
    endogenous = fit$root$names[fit$root$d], instruments = fit$root$names[fit$root$z], formula = fit$formula
  ), class = "pilot_plausible")
}

# A: what a direct effect of one unit of each instrument adds to the coefficients. k x L1.
direct_effect_shift <- function(fit) {
  r <- fit$root
  fit$bread %*% crossprod(coordinates(r, fit$maps$regressors), r$root[, r$z, drop = FALSE])
}

one_each <- function(x, name, instruments) {
  if (is.numeric(x) && length(x) %in% c(1L, instruments) && all(is.finite(x))) return(rep_len(x, instruments))
  abort("argument", c("{.arg {name}} must be one number, or one for each of the {instruments} instrument{?s}.",
    x = "It is {describe_value(x)}."
  ))
}

union_intervals <- function(fit, shift, lower, upper, level) {
  r <- fit$root
  instruments <- length(r$z)
  lower <- one_each(lower, "lower", instruments)
  upper <- one_each(upper, "upper", instruments)
  if (any(lower > upper)) abort("argument", "{.arg lower} must not exceed {.arg upper}.")
  moving <- which(lower < upper)
  # One covariance a corner: 2^12 of them still take seconds on the study's panel.
  if (length(moving) > 12L) {
    abort("argument", c("At most 12 instruments may have an interval of direct effects.",
      x = "There are {length(moving)}.", i = "Set {.arg lower} and {.arg upper} equal for some."
    ))
  }
  corners <- as.matrix(expand.grid(Map(function(l, u) unique(c(l, u)), lower, upper)))
  regressors <- column_map(r, c(r$d, r$x))
  ends <- apply(corners, 1L, function(theta) {
    moved <- fit
    moved$coefficients <- fit$coefficients - as.vector(shift %*% theta)
    residual <- fit$maps$residual - column_map(r, r$z) %*% theta + regressors %*% (shift %*% theta)
    moved$maps$residual <- as.vector(residual)
    moved$rss <- sum(coordinates(r, residual)^2)
    table <- coefficient_table(set_vcov(moved, fit$vcov_spec), level)
    c(table$conf.low, table$conf.high)
  })
  k <- length(fit$coefficients)
  tibble::tibble(
    term = names(fit$coefficients), estimate = unname(fit$coefficients), std.error = NA_real_,
    conf.low = apply(ends[seq_len(k), , drop = FALSE], 1L, min),
    conf.high = apply(ends[k + seq_len(k), , drop = FALSE], 1L, max), method = "union"
  )
}

local_intervals <- function(fit, shift, mean, variance, level) {
  instruments <- ncol(shift)
  mean <- one_each(mean, "mean", instruments)
  omega <- if (is.matrix(variance)) variance else diag(one_each(variance, "variance", instruments), instruments)
  if (!identical(dim(omega), rep(instruments, 2L)) || min(eigen(omega, symmetric = TRUE, only.values = TRUE)$values) < 0) {
    abort("argument", "{.arg variance} must be {instruments} x {instruments} and positive semi-definite.")
  }
  fit$coefficients <- fit$coefficients - as.vector(shift %*% mean)
  fit$vcov <- fit$vcov + shift %*% omega %*% t(shift)
  table <- coefficient_table(fit, level)
  tibble::tibble(
    term = table$term, estimate = table$estimate, std.error = table$std.error,
    conf.low = table$conf.low, conf.high = table$conf.high, method = "local"
  )
}

#' @rdname plausibly_exogenous
#' @export
tidy.pilot_plausible <- function(x, ...) x$table

#' @rdname plausibly_exogenous
#' @export
glance.pilot_plausible <- function(x, ...) {
  first <- x$table[match(x$endogenous[1L], x$table$term), ]
  tibble::tibble(
    method = first$method, level = x$level, excludes.zero = first$conf.low > 0 || first$conf.high < 0,
    vcov.type = x$covariance
  )
}

#' @export
print.pilot_plausible <- function(x, digits = 4L, ...) {
  how <- if (x$table$method[1L] == "union") "union of confidence intervals" else "local to zero"
  cat("Plausibly exogenous ", paste(x$instruments, collapse = ", "), ": ", how, ", ", format(100 * x$level), " % (",
    x$covariance, ")\n", sep = "")
  shown <- x$table[x$table$term %in% x$endogenous, ]
  for (i in seq_len(nrow(shown))) {
    cat(sprintf("  %s: estimate %.*g, interval [%.*g, %.*g]\n", shown$term[i], digits, shown$estimate[i], digits,
      shown$conf.low[i], digits, shown$conf.high[i]))
  }
  invisible(x)
}
