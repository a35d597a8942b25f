# What an instrumental-variables fit shows beside its coefficients.

#' Instrumental variables
#'
#' With a third part in its formula, `outcome ~ controls | unit + time | endogenous ~ instruments`,
#' [pilot_did()] estimates
#' \deqn{y = d'\beta + x'\gamma + \mathrm{effects} + \varepsilon, \qquad E[z \varepsilon] = 0,}
#' where \eqn{d} may be correlated with \eqn{\varepsilon} and the instruments \eqn{z} are not. With one
#' effect for everybody \eqn{\beta} is that effect; where effects differ, 2SLS with one instrument
#' averages them over those whose \eqn{d} the instrument moves. Several endogenous variables, several
#' instruments, weights, no effects at all (`| 0 |`) and every covariance of the package are possible.
#'
#' Options of the estimator, given to [pilot_did()]:
#'
#' * `method = "2sls"` (default); `"liml"`: less biased with weak or many instruments; `"fuller"`: LIML
#'   with \eqn{\kappa} lowered by `fuller / (N - L)`, which has moments; `"kclass"` with
#'   `kappa = ` (0: OLS, 1: 2SLS); `"gmm"`: two-step, efficient under the covariance of the fit.
#' * `fuller = 1`: the constant of Fuller (1977).
#' * `ssc = "ivreg2"`: variances divided by the number of rows and no other factor, as Stata's
#'   `ivreg2` without `small`.
#'
#' Robust and clustered covariances use the scores of the projected regressors \eqn{P_Z X} for every
#' \eqn{\kappa}, as `ivregress` and `ivreg2`.
#'
#' `print()` shows the second stage; `summary()` also the first stages, OLS and the reduced form. See
#' [first_stage()], [weak_iv()], [anderson_rubin()] and [plausibly_exogenous()] for what must be
#' shown with it.
#'
#' @section When not to use it: where the instrument moves the outcome in any other way than through
#'   the endogenous variables; no test can rule that out. With weak instruments
#'   (see [weak_iv()]) report [anderson_rubin()] sets in place of t intervals.
#' @section Errors: `underidentified`, `instrument_absorbed`, `endogenous_exogenous`,
#'   `treatment_absorbed`, `few_clusters`, `no_panel`. Instruments that others give exactly are
#'   dropped with a warning (`pilotdid_warning_instrument_collinear`) as long as enough are left.
#' @references
#' Anderson and Rubin (1949); Fuller (1977), Some properties of a modification of the limited
#' information estimator, *Econometrica* 45.
#'
#' Baum, Schaffer and Stillman (2007), Enhanced routines for instrumental variables/GMM estimation
#' and testing, *Stata Journal* 7.
#' @examples
#' panel <- simulate_pilot(seed = 1)
#' panel$z <- panel$x1 + rnorm(nrow(panel))
#' fit <- pilot_did(y ~ status | unit + time | x1 ~ z, panel)
#' fit
#' tidy(pilot_did(y ~ status | unit + time | x1 ~ z, panel, method = "liml"))
#' @name pilot_iv
#' @aliases iv 2sls
NULL

iv_method_text <- function(fit) {
  switch(fit$method,
    "2sls" = "2SLS", liml = "LIML", fuller = paste0("Fuller(", format(fit$fuller), ")"),
    kclass = paste0("k-class, kappa = ", format(fit$kappa)), gmm = "two-step GMM"
  )
}

iv_estimand_text <- function(fit, language = "en") {
  r <- fit$root
  say(language, "effect_iv", say_items(language, r$names[r$d]), say_items(language, r$names[r$z]), iv_method_text(fit))
}

#' @export
summary.pilot_iv <- function(object, vcov = NULL, ssc = NULL, ...) {
  object <- with_vcov(object, vcov, ssc)
  r <- object$root
  object$stages <- c(
    first_stage(object)$stages,
    list(
      `reduced form` = projection_fit(object, r$y, c(r$z, r$x), "reduced form"),
      OLS = projection_fit(object, r$y, c(r$d, r$x), "OLS")
    )
  )
  class(object) <- c("summary_pilot_iv", class(object))
  object
}

#' @export
print.summary_pilot_iv <- function(x, digits = 4L, ...) {
  class(x) <- setdiff(class(x), "summary_pilot_iv")
  print(x, digits = digits)
  cat("\n")
  print(first_stage(x), digits = digits)
  r <- x$root
  cat("Reduced form: ", x$design$outcome_name, " on the instruments\n", sep = "")
  table <- tidy(x$stages$`reduced form`)
  print_estimates(table[table$term %in% r$names[r$z], ], digits)
  cat("\nOLS, for comparison\n")
  table <- tidy(x$stages$OLS)
  print_estimates(table[table$term %in% r$names[r$d], ], digits)
  cat("\nRows\n")
  print_flow(x$design)
  invisible(x)
}

# The likelihood of the structural equation alone says nothing: it is largest at OLS.
#' @export
logLik.pilot_iv <- function(object, ...) {
  structure(NA_real_, df = object$rank + object$absorbed + 1, nobs = object$nobs, class = "logLik")
}

#' @export
glance.pilot_iv <- function(x, ...) {
  out <- NextMethod()
  r <- x$root
  out$method <- x$method
  out$kappa <- x$kappa
  out$instruments <- length(r$z)
  testable <- !isTRUE(x$lean) && x$vcov_spec$type != "user"
  out$first.stage.f <- if (testable) min(first_stage(x)$table$sw.statistic) else NA_real_
  out
}
