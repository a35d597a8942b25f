# Confidence sets that hold however weak the instruments are: all values of the coefficient that an
# Anderson-Rubin test does not reject, found exactly.

#' Anderson-Rubin confidence sets
#'
#' The set of all \eqn{b} for which the instruments have no part in \eqn{y - d b}:
#' \deqn{g(b)' \Omega(b)^{-1} g(b) \le c, \qquad g(b) = q_z'(y - d b),}
#' where \eqn{\Omega(b)} is the covariance of \eqn{g(b)} under the fit's covariance (iid, robust,
#' clustered) and quadratic in \eqn{b}. The end points are the roots of the polynomial
#' \eqn{\det[c\,\Omega(b) - g(b) g(b)']}, of degree \eqn{2L_1}, computed as generalized eigenvalues: no grid is
#' searched. The set covers with the stated probability whatever the strength of the instruments and can
#' be a bounded interval, a half-line, several disjoint pieces, the whole line (the data say nothing) or
#' empty (no value fits all instruments: they contradict each other).
#'
#' @inheritParams first_stage
#' @param level The coverage.
#' @param statistic `"wald"`: residuals of the reduced form, the statistic of [weak_iv()] and `ivreg2`;
#'   `"score"`: residuals under the null (Stock and Wright), with better size in few clusters.
#' @param x,object A result of `anderson_rubin()`.
#' @param ... For `plot()`: passed on to [graphics::plot.default()].
#' @return A list of class `pilot_anderson_rubin`. `tidy()`: one row a piece of the set: `term`, `estimate`
#'   (that of the fit), `conf.low`, `conf.high`. `glance()`: `shape` (`"bounded"`, `"ray"`, `"disjoint"`, `"line"`,
#'   `"empty"`), `level`, `critical`, `df`, `df2`, and `statistic`, `p.value` of the hypothesis of zero.
#'   `predict(x, values)`: p-values of any hypothetical values. `plot()` and `autoplot()` draw the
#'   p-value curve.
#' @section Errors: `no_instruments`; `several_endogenous` for more than one endogenous variable.
#' @section When not to use it: with several strong instruments and iid errors the conditional likelihood
#'   ratio test has more power. An empty or very short set with several instruments is a sign that they are
#'   not all valid, not of precision.
#' @references
#' Anderson and Rubin (1949), Estimation of the parameters of a single equation in a complete system of
#' stochastic equations, *Annals of Mathematical Statistics* 20.
#'
#' Andrews, Stock and Sun (2019), Weak instruments in instrumental variables regression, *Annual
#' Review of Economics* 11. Dufour and Taamouti (2005), *Econometrica* 73, for the shapes.
#' @examples
#' panel <- simulate_pilot(seed = 1)
#' panel$z <- panel$x1 + rnorm(nrow(panel))
#' fit <- pilot_did(y ~ status | unit + time | x1 ~ z, panel)
#' anderson_rubin(fit)
#' @export
anderson_rubin <- function(fit, level = 0.95, statistic = c("wald", "score"), vcov = NULL) {
  check_number(level, "level", 0, 1, open = TRUE)
  statistic <- check_choice(statistic, c("wald", "score"), "statistic")
  fit <- check_instrumented(fit, vcov)
  r <- fit$root
  if (length(r$d) > 1L) {
    abort("several_endogenous", c("Confidence sets exist for one endogenous variable.",
      x = "The fit has {length(r$d)}: {.field {r$names[r$d]}}.",
      i = "{.code weak_iv(fit, beta0 = )} tests a value of all of them together."
    ))
  }
  s <- iv_scores(fit)
  test <- ar_test(fit, s, statistic, level)
  set <- ar_set(test)
  structure(list(
    term = r$names[r$d], estimate = fit$coefficients[[1L]], std.error = sqrt(fit$vcov[1L, 1L]),
    intervals = set, shape = ar_shape(set), level = level, statistic = statistic, test = test,
    covariance = fit$covariance$label, instruments = r$names[r$z], formula = fit$formula
  ), class = "pilot_anderson_rubin")
}

# The test as a function of b: g(b) = g0 - b g1, Omega(b) = o0 - b o1 + b^2 o2; `chi2` is the critical value
# of the quadratic form, the F value with the small-sample factors taken back.
ar_test <- function(fit, s, statistic, level) {
  r <- fit$root
  form <- if (statistic == "wald") 1L else 0L
  l1 <- length(r$z)
  small <- small_sample_scale(fit, s$spec)
  cross <- score_block(s, s$z, c(1, 0), c(0, 1), form)
  test <- list(
    g0 = r$root[r$z, r$y], g1 = r$root[r$z, r$d],
    o0 = score_block(s, s$z, c(1, 0), form = form), o1 = cross + t(cross),
    o2 = score_block(s, s$z, c(0, 1), form = form),
    df = l1, df2 = if (statistic == "wald") small$df else Inf,
    scale = if (statistic == "wald") small$scale else 1
  )
  test$critical <- stats::qf(level, test$df, test$df2)
  test$chi2 <- test$critical * l1 / test$scale
  test
}

# The quadratic form at a direction (a, b) of the projective line: b / a is the value, a = 0 infinity.
ar_quadratic <- function(test, a, b) {
  quadratic(a * test$g0 - b * test$g1, a^2 * test$o0 - a * b * test$o1 + b^2 * test$o2)
}

ar_f <- function(test, value) {
  vapply(value, function(b) ar_quadratic(test, 1, b), 1) * test$scale / test$df
}

# The end points are the real roots of det M(a, b) with M = c Omega - g g', a homogeneous quadratic matrix
# polynomial. The line is turned so that infinity, where the leading matrix may be singular, is
# put at a direction where M is well conditioned; a root at infinity then is a root like any other.
# -> tibble(conf.low, conf.high), ascending.
ar_set <- function(test) {
  unit <- sqrt(sum(diag(test$o0)) / sum(diag(test$o2)))
  m <- list(
    test$chi2 * test$o0 - tcrossprod(test$g0),
    unit * (-test$chi2 * test$o1 + tcrossprod(test$g0, test$g1) + tcrossprod(test$g1, test$g0)),
    unit^2 * (test$chi2 * test$o2 - tcrossprod(test$g1))
  )
  angles <- sort(projective_roots(m))
  inside <- function(angle) isTRUE(ar_quadratic(test, cos(angle), unit * sin(angle)) <= test$chi2)
  if (!length(angles)) return(arcs(if (inside(0.1)) cbind(-pi / 2, pi / 2), unit))
  # Arcs between neighboring roots, the last across infinity (angle pi / 2).
  from <- angles
  to <- c(angles[-1L], angles[1L] + pi)
  accepted <- mapply(function(f, t) inside((f + t) / 2), from, to)
  arcs(cut_at_infinity(cbind(from, to)[accepted, , drop = FALSE]), unit)
}

# Angles in (-pi/2, pi/2] at which det(m0 cos^2 + m1 sin cos + m2 sin^2) is zero.
projective_roots <- function(m) {
  k <- nrow(m[[1L]])
  at <- function(angle) m[[1L]] * cos(angle)^2 + m[[2L]] * sin(angle) * cos(angle) + m[[3L]] * sin(angle)^2
  # At most 2k directions are singular: among 4k + 3 some are far from all of them.
  turns <- seq(-pi / 2, pi / 2, length.out = 4L * k + 4L)[-1L]
  condition <- vapply(turns, function(angle) {
    v <- at(angle)
    s <- sqrt(abs(diag(v)))
    if (any(s == 0)) 0 else rcond(v / outer(s, s))
  }, 1)
  pole <- turns[which.max(condition)]
  # With the pole at infinity: M(pole) u^2 + derivative u + M(pole + pi / 2), u = cotangent of the turn.
  lead <- at(pole)
  middle <- m[[2L]] * cos(2 * pole) + (m[[3L]] - m[[1L]]) * sin(2 * pole)
  last <- m[[1L]] * sin(pole)^2 - m[[2L]] * sin(pole) * cos(pole) + m[[3L]] * cos(pole)^2
  reduced <- solve(lead, cbind(last, middle), tol = 0)
  companion <- rbind(
    cbind(matrix(0, k, k), diag(k)),
    -reduced
  )
  roots <- eigen(companion, only.values = TRUE)$values
  # Simple real roots come out real to rounding; 1e-7 is the square root of it, the error of a double
  # root, where the set only touches its bound.
  real <- Re(roots)[abs(Im(roots)) <= 1e-7 * pmax(1, abs(roots))]
  angles <- pole + pi / 2 - atan(real)
  angles <- (angles + pi / 2) %% pi - pi / 2
  ifelse(angles <= -pi / 2, angles + pi, angles)
}

# Intervals of angles -> pieces that do not cross infinity.
cut_at_infinity <- function(arc) {
  pieces <- lapply(seq_len(nrow(arc)), function(i) {
    low <- arc[i, 1L]
    high <- arc[i, 2L]
    # A root within 1e-9 of infinity is one: the value would be beyond 1e9 units of the coefficient.
    near <- function(angle) abs(angle - pi / 2) < 1e-9
    if (near(low)) return(cbind(-pi / 2, high - pi))
    if (high <= pi / 2 || near(high)) return(cbind(low, min(high, pi / 2)))
    if (low > pi / 2) return(cbind(low - pi, high - pi))
    rbind(c(-pi / 2, high - pi), c(low, pi / 2))
  })
  do.call(rbind, pieces)
}

# Angles -> values; neighbors that touch are joined.
arcs <- function(piece, unit) {
  if (is.null(piece) || !nrow(piece)) return(tibble::tibble(conf.low = numeric(), conf.high = numeric()))
  piece <- piece[order(piece[, 1L]), , drop = FALSE]
  value <- function(angle) {
    ifelse(angle >= pi / 2 - 1e-9, Inf, ifelse(angle <= -pi / 2 + 1e-9, -Inf, unit * tan(angle)))
  }
  low <- value(piece[, 1L])
  high <- value(piece[, 2L])
  joined <- c(FALSE, low[-1L] <= high[-length(high)])
  group <- cumsum(!joined)
  tibble::tibble(conf.low = as.vector(tapply(low, group, min)), conf.high = as.vector(tapply(high, group, max)))
}

ar_shape <- function(set) {
  if (!nrow(set)) return("empty")
  if (nrow(set) > 1L) return("disjoint")
  open <- is.infinite(c(set$conf.low, set$conf.high))
  c("bounded", "ray", "line")[1L + sum(open)]
}

#' @rdname anderson_rubin
#' @export
tidy.pilot_anderson_rubin <- function(x, ...) {
  tibble::tibble(
    term = rep(x$term, nrow(x$intervals)), estimate = rep(x$estimate, nrow(x$intervals)),
    conf.low = x$intervals$conf.low, conf.high = x$intervals$conf.high
  )
}

#' @rdname anderson_rubin
#' @export
glance.pilot_anderson_rubin <- function(x, ...) {
  f <- ar_f(x$test, 0)
  tibble::tibble(
    shape = x$shape, level = x$level, statistic = f,
    p.value = stats::pf(f, x$test$df, x$test$df2, lower.tail = FALSE), critical = x$test$critical,
    df = x$test$df, df2 = x$test$df2, vcov.type = x$covariance
  )
}

#' @rdname anderson_rubin
#' @param values Hypothetical values of the coefficient.
#' @export
predict.pilot_anderson_rubin <- function(object, values, ...) {
  stats::pf(ar_f(object$test, values), object$test$df, object$test$df2, lower.tail = FALSE)
}

set_text <- function(x, digits = 4L, language = "en") {
  if (!nrow(x$intervals)) return(say(language, "set_empty"))
  if (x$shape == "line") return(say(language, "set_line"))
  number <- function(v) ifelse(is.infinite(v), ifelse(v > 0, "Inf", "-Inf"), format(v, digits = digits, trim = TRUE))
  open <- ifelse(is.infinite(x$intervals$conf.low), "(", "[")
  close <- ifelse(is.infinite(x$intervals$conf.high), ")", "]")
  paste0(open, number(x$intervals$conf.low), ", ", number(x$intervals$conf.high), close, collapse = say(language, "set_and"))
}

#' @export
print.pilot_anderson_rubin <- function(x, digits = 4L, ...) {
  g <- glance(x)
  half <- stats::qnorm(1 - (1 - x$level) / 2) * x$std.error
  cat("Anderson-Rubin ", format(100 * x$level), " % confidence set for ", x$term, " (", x$covariance, ")\n  ",
    set_text(x, digits), "\n", sep = "")
  cat(sprintf("Estimate %.*g; its t interval [%.*g, %.*g]\n", digits, x$estimate, digits, x$estimate - half, digits, x$estimate + half))
  cat(sprintf("Zero: F(%d, %s) = %.3f, %s\n", g$df, big(g$df2), g$statistic, p_statement(g$p.value)))
  invisible(x)
}
