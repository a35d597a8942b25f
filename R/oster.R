#' Oster's delta: selection on unobservables relative to observables
#'
#' How much stronger than selection on the controls must selection on unobservables be to explain
#' the estimate away (\eqn{\delta}), and what would the coefficient be if both were equally strong
#' (\eqn{\beta^*})? From the coefficient and R2 without controls (\eqn{\dot\beta, \dot R}) and with
#' them (\eqn{\tilde\beta, \tilde R}), given the R2 that a regression with everything would have.
#'
#' Fixed effects are in both regressions and partialled out first (`mcontrol` of Stata's `psacalc`), so all R2
#' are within R2. With \eqn{\nu = \tilde\beta - \beta}, \eqn{\delta} solves
#' \deqn{\delta\{(R_{max}-\tilde R)\sigma_y^2[m\sigma_D^2 + \nu(\sigma_D^2-\tau)] +
#'   \nu^2\tau m\sigma_D^2 + \nu^3\tau(\sigma_D^2-\tau)\}
#' = \nu(\tilde R-\dot R)\sigma_y^2\tau + \nu\sigma_D^2\tau m^2 + 2\nu^2\tau m\sigma_D^2 +
#' \nu^3\tau(\sigma_D^2-\tau),}
#' where \eqn{m = \dot\beta-\tilde\beta}, and \eqn{\tau} is what the controls leave of the treatment's
#' variance \eqn{\sigma_D^2}.
#' For a given \eqn{\delta} this is a quadratic (\eqn{\delta = 1}) or cubic in \eqn{\nu}; of its
#' real roots the one
#' nearest to zero is taken, as `psacalc` does, and all are in the result.
#'
#' @param fit A fit of [pilot_did()] by two-way fixed effects with controls.
#' @param r_max R2 of the full regression: a number, by default `min(1.3 R2, 1)` as Oster proposes.
#' @param beta The coefficient under which \eqn{\delta} is computed.
#' @param delta The selection under which \eqn{\beta^*} is computed.
#' @return A list of class `pilot_oster`. `tidy()`: `term`, `estimate`, `delta`, `beta.star`,
#' `r.max`, `estimate.short`, `r2.short`,
#'   `r2.full`. `$roots`: all real solutions for \eqn{\beta^*}.
#' @section Errors: classes `pilotdid_error_*`: `estimator`, `no_controls`, `argument` (an `r_max`
#'   below the R2 of the fit).
#' @section When not to use it: without controls that matter there is nothing to compare with; with
#'   selection that works against the estimate \eqn{\delta} is negative and says little.
#' @references Oster (2019), Unobservable selection and coefficient stability, *Journal of Business &
#'   Economic Statistics* 37, Section 3.2 and the appendix.
#' @seealso [robustness_value()]
#' @examples
#' panel <- simulate_pilot(covariates = 1, selection = 1, seed = 1)
#' oster_delta(pilot_did(y ~ status + x1 | unit + time, panel))
#' @export
oster_delta <- function(fit, r_max = NULL, beta = 0, delta = 1) {
  check_fit(fit)
  refuse_other_estimators(fit, "oster_delta")
  check_number(beta, "beta")
  check_number(delta, "delta", 0, Inf, open = TRUE)
  term <- fit$design$treatment$names[1L]
  if (length(fit$coefficients) < 2L) {
    abort("no_controls", c("Coefficient stability needs controls.",
      x = "The fit has the treatment {.field {term}} alone."
    ))
  }
  s <- oster_inputs(fit, term)
  r_max <- r_max %||% min(1.3 * s$r_full, 1)
  check_number(r_max, "r_max", s$r_full, 1)
  terms <- oster_polynomial(s, r_max)
  bias <- s$full - beta
  roots <- oster_roots(terms, delta)
  nearest <- roots[which.min(abs(roots))]
  structure(list(
    table = tibble::tibble(
      term = term, estimate = s$full, delta = polynomial(terms$right, bias) / polynomial(terms$left, bias),
      beta.star = if (length(roots)) s$full - nearest else NA_real_, r.max = r_max,
      estimate.short = s$short, r2.short = s$r_short, r2.full = s$r_full
    ),
    roots = s$full - roots, beta = beta, delta = delta
  ), class = "pilot_oster")
}

# Second moments with everything absorbed partialled out; divisors cancel.
oster_inputs <- function(fit, term) {
  kept <- names(fit$coefficients)
  moments <- cpp_moments(
    fit$absorbed_by, c(list(fit$design$outcome), unname(fit$design$regressors[kept])),
    fit$request$solver
  )
  gram <- moments$gram
  d <- match(term, kept) + 1L
  x <- setdiff(seq_along(kept) + 1L, d)
  dx <- gram[d, x]
  list(
    full = fit$coefficients[[term]], short = gram[1L, d] / gram[d, d],
    r_short = gram[1L, d]^2 / (gram[d, d] * gram[1L, 1L]), r_full = 1 - fit$rss / gram[1L, 1L],
    yy = gram[1L, 1L], xx = gram[d, d], tau = gram[d, d] - sum(dx * solve(gram[x, x, drop = FALSE], dx))
  )
}

# Coefficients of 1, v, v^2, v^3 on both sides; `left` is multiplied by delta.
oster_polynomial <- function(s, r_max) {
  move <- s$short - s$full
  cubic <- s$tau * s$xx - s$tau^2
  room <- (r_max - s$r_full) * s$yy
  list(
    left = c(room * move * s$xx, room * (s$xx - s$tau), s$tau * move * s$xx, cubic),
    right = c(
      0, (s$r_full - s$r_short) * s$yy * s$tau + s$xx * s$tau * move^2, 2 * s$tau * move * s$xx,
      cubic
    )
  )
}

polynomial <- function(coefficients, v) sum(coefficients * v^(seq_along(coefficients) - 1))

# Real roots of delta * left - right. v is scaled so that its coefficients are of one size.
oster_roots <- function(terms, delta) {
  p <- delta * terms$left - terms$right
  if (delta == 1) p <- p[1:3]
  roots <- polyroot(p)
  # polyroot() is right to about 1e-8 of the root's size.
  Re(roots[abs(Im(roots)) <= 1e-7 * Mod(roots)])
}

#' @rdname oster_delta
#' @param x A result of `oster_delta()`.
#' @param ... Not used.
#' @export
tidy.pilot_oster <- function(x, ...) x$table

#' @rdname oster_delta
#' @export
glance.pilot_oster <- function(x, ...) x$table[c("delta", "beta.star", "r.max")]

#' @export
print.pilot_oster <- function(x, digits = 4L, ...) {
  t <- x$table
  f <- function(v) format(v, digits = digits)
  cat("Coefficient stability of ", t$term, " (within R2, maximum ", f(t$r.max), ")\n", sep = "")
  cat(
    "Without controls ", f(t$estimate.short), " (R2 ", f(t$r2.short), "), with controls ",
    f(t$estimate), " (R2 ", f(t$r2.full), ")\n", sep = ""
  )
  cat("delta for a coefficient of ", f(x$beta), ": ", f(t$delta), "\n", sep = "")
  cat("Coefficient for delta = ", f(x$delta), ": ", f(t$beta.star), "\n", sep = "")
  invisible(x)
}
