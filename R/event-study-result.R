# The result that the dynamic effects of every estimator share: class `pilot_event`. An estimator
# hands over event times, estimates and their covariance; bands, pre-trend tests, tables and
# figures follow from these alone.

# event_time: whole numbers, one an estimate, without the reference periods.
# vcov: k x k; or influence: groups x k, scaled so that crossprod() is the covariance.
# df: degrees of freedom of the t distribution, Inf for the normal.
# reference: event times set to zero for all terms (a row each); references: where they differ
#   between terms (varying base periods), the reference of each term. numeric() and one a term then.
# binned: TRUE for a term that stands for this event time and all beyond it.
# anticipation: leads within it are neither pre-trend nor effect.
# label: what the legend and the print call it. Further fields of `...` are kept as they are.
new_event_study <- function(event_time, estimate, vcov = NULL, df = Inf, reference = -1,
                            references = NULL, binned = rep(FALSE, length(event_time)),
                            influence = NULL, anticipation = 0, estimator = "twfe",
                            label = estimator, outcome = NULL, nobs = NA_real_, units = NA_real_,
                            vcov_label = NULL, seed = 1, ...) {
  vcov <- vcov %||% crossprod(influence)
  order <- order(event_time)
  names <- event_labels(event_time, binned)
  out <- list(
    event_time = event_time[order], coefficients = set_names(as.vector(estimate), names)[order],
    vcov = unname(vcov)[order, order, drop = FALSE], df = df, reference = sort(reference),
    references = references[order], binned = binned[order],
    influence = if (!is.null(influence)) influence[, order, drop = FALSE],
    anticipation = anticipation, estimator = estimator, label = label, outcome = outcome,
    nobs = nobs, units = units, vcov_label = vcov_label, seed = seed, ...
  )
  dimnames(out$vcov) <- list(names[order], names[order])
  class(out) <- "pilot_event"
  warn_no_variance(out)
  out
}

# Rows that are fitted exactly leave no residual, and so no standard error.
warn_no_variance <- function(event) {
  exact <- unname(diag(event$vcov)) %in% 0
  if (!any(exact)) return(invisible())
  at <- event$event_time[exact]
  warn("no_variance", c("Effects with a variance of zero cannot be tested.",
    x = "At event time {.val {at}} the outcome does not vary, or each row or cluster is fitted exactly.",
    i = "Look at {.field {event$outcome}}, widen the bins with {.arg window}, or cluster by something finer."
  ), event_time = at)
}

# "-3", and for bins "<= -5", ">= 5".
event_labels <- function(event_time, binned) {
  sign <- ifelse(!binned, "", ifelse(event_time < 0, "<= ", ">= "))
  paste0(sign, format(event_time, trim = TRUE))
}

is_pre <- function(event) event$event_time < -event$anticipation
is_post <- function(event) event$event_time >= 0

# H0: no difference before the pilot. Joint Wald test and the largest |t|.
pretrend_tests <- function(event) {
  pre <- is_pre(event)
  b <- event$coefficients[pre]
  v <- event$vcov[pre, pre, drop = FALSE]
  list(wald = wald_test(b, v, event$df), sup = sup_t_test(b, v, event$df, event$seed))
}

# The plain mean of the effects from the pilot on, bins included.
post_average <- function(event) {
  post <- is_post(event)
  if (!any(post)) return(list(estimate = NA_real_, std.error = NA_real_, p.value = NA_real_))
  w <- post / sum(post)
  estimate <- sum(w * event$coefficients)
  se <- sqrt(sum(w * (event$vcov %*% w)))
  list(estimate = estimate, std.error = se, p.value = 2 * stats::pt(-abs(estimate / se), event$df))
}

#' Results of an event study
#'
#' @param x,object An [event_study()].
#' @param conf.level The level of the pointwise and of the simultaneous intervals.
#' @param conf.int Add the intervals? They are also part of the default.
#' @param vcov Another covariance, where the event study was fitted by least squares: see [pilot_did()].
#' @param digits Digits printed.
#' @param ... Not used.
#' @return `tidy()`: one row an event time, in ascending order: `term`, `estimate`, `std.error`,
#'   `statistic`, `p.value`, `conf.low`, `conf.high`, `simultaneous.low`, `simultaneous.high`,
#'   `event_time`, `reference` (the event time that the term is compared with; text where several
#'   periods are set to zero together), `binned` (the term stands for this event time and all
#'   beyond). A reference period is a row with estimate 0 and no standard error.
#'
#'   `glance()`: one row. `pretrend.statistic`, `pretrend.df`, `pretrend.df2`, `pretrend.p.value`: the
#'   joint test that all effects before the pilot are zero, an F test where the degrees of freedom are
#'   finite and chi-squared otherwise; on a singular covariance the rank counts. `pretrend.sup`,
#'   `pretrend.sup.p.value`: the test by the largest |t|. `post.average`, `post.std.error`,
#'   `post.p.value`: the plain mean of the effects from event time 0 on. `critical`: the number of
#'   standard errors in the simultaneous band.
#' @references
#' Montiel Olea and Plagborg-Moller (2019), Simultaneous confidence bands: theory, implementation,
#' and an application to SVARs, *Journal of Applied Econometrics* 34.
#' @examples
#' event <- event_study(y ~ status | unit + time, simulate_pilot(seed = 1))
#' tidy(event)
#' glance(event)
#' @name pilot_event_tidiers
NULL

#' @rdname pilot_event_tidiers
#' @export
tidy.pilot_event <- function(x, conf.int = TRUE, conf.level = 0.95, vcov = NULL, ...) {
  check_number(conf.level, "conf.level", 0, 1, open = TRUE)
  x <- event_with_vcov(x, vcov)
  estimate <- unname(x$coefficients)
  se <- sqrt(unname(diag(x$vcov)))
  half <- stats::qt(1 - (1 - conf.level) / 2, x$df) * se
  wide <- simultaneous_critical(x$vcov, x$df, conf.level, x$seed) * se
  table <- tibble::tibble(
    term = names(x$coefficients), estimate = estimate, std.error = se, statistic = estimate / se,
    p.value = 2 * stats::pt(-abs(estimate / se), x$df),
    conf.low = estimate - half, conf.high = estimate + half,
    simultaneous.low = estimate - wide, simultaneous.high = estimate + wide,
    event_time = x$event_time, reference = x$references %||% rep(shared_reference(x), length(estimate)),
    binned = x$binned
  )
  out <- rbind(table, reference_rows(x, table))
  if (!isTRUE(conf.int)) {
    out[c("conf.low", "conf.high", "simultaneous.low", "simultaneous.high")] <- NULL
  }
  out[order(out$event_time), ]
}

shared_reference <- function(event) {
  if (length(event$reference) == 1L) event$reference else paste(event$reference, collapse = ", ")
}

reference_rows <- function(event, table) {
  rows <- table[rep(NA_integer_, length(event$reference)), ]
  rows$estimate <- rep(0, length(event$reference))
  rows$event_time <- event$reference
  if (length(event$reference)) rows$reference <- shared_reference(event)
  rows$binned <- event$reference_binned %||% rep(FALSE, length(event$reference))
  rows$term <- event_labels(event$reference, rows$binned)
  rows
}

#' @rdname pilot_event_tidiers
#' @export
glance.pilot_event <- function(x, conf.level = 0.95, vcov = NULL, ...) {
  x <- event_with_vcov(x, vcov)
  tests <- pretrend_tests(x)
  post <- post_average(x)
  tibble::tibble(
    pretrend.statistic = tests$wald$statistic, pretrend.df = tests$wald$df,
    pretrend.df2 = tests$wald$df2, pretrend.p.value = tests$wald$p.value,
    pretrend.sup = tests$sup$statistic, pretrend.sup.p.value = tests$sup$p.value,
    post.average = post$estimate, post.std.error = post$std.error, post.p.value = post$p.value,
    critical = simultaneous_critical(x$vcov, x$df, conf.level, x$seed),
    nobs = x$nobs, units = x$units, estimator = x$estimator, vcov.type = x$vcov_label %||% NA_character_
  )
}

# Another covariance needs the fit behind the event study.
event_with_vcov <- function(event, vcov = NULL) {
  if (is.null(vcov)) return(event)
  if (is.null(event$fit)) {
    if (is.matrix(vcov) && identical(dim(vcov), dim(event$vcov))) {
      event$vcov[] <- vcov
      event$vcov_label <- "supplied by the user"
      return(event)
    }
    abort("vcov", c("The covariance of this event study cannot be changed.",
      i = "Give {.arg vcov} to the fit, then call {.fn event_study} on it."
    ))
  }
  event$fit <- with_vcov(event$fit, vcov)
  event$vcov[] <- event$fit$vcov[event$fit_terms, event$fit_terms]
  event$df <- event$fit$covariance$df
  event$vcov_label <- event$fit$covariance$label
  event
}

#' @rdname pilot_event_tidiers
#' @export
print.pilot_event <- function(x, digits = 4L, ...) {
  cat("Event study", if (!is.null(x$outcome)) paste0(" of ", x$outcome), " (", x$label, ")\n", sep = "")
  cat("Reference: ", if (length(x$reference)) paste(x$reference, collapse = ", ") else "varies, see tidy()",
      if (any(x$binned)) paste0("; end points binned: ", paste(names(x$coefficients)[x$binned], collapse = ", ")),
      "\n", sep = "")
  if (!is.null(x$vcov_label)) cat("SE:        ", x$vcov_label, "\n", sep = "")
  cat("\n")
  table <- tidy(x)
  shown <- cbind(
    Estimate = table$estimate, `Std. Error` = table$std.error,
    `[95%` = table$conf.low, `95%]` = table$conf.high,
    `[sim.` = table$simultaneous.low, `sim.]` = table$simultaneous.high
  )
  rownames(shown) <- table$term
  print(signif(shown, digits), na.print = "")
  print_event_tests(x)
  invisible(x)
}

print_event_tests <- function(x) {
  tests <- pretrend_tests(x)
  post <- post_average(x)
  w <- tests$wald
  cat("\n")
  if (!is.na(w$statistic)) {
    name <- if (is.finite(w$df2)) sprintf("F(%d, %g)", w$df, w$df2) else sprintf("chi-squared(%d)", w$df)
    cat(sprintf("No effect before the pilot: %s = %.3f, %s; largest |t| = %.3f, %s\n",
      name, w$statistic, p_statement(w$p.value), tests$sup$statistic, p_statement(tests$sup$p.value)))
    if (w$singular) cat("(the covariance is singular: the joint test uses its rank, ", w$df, ")\n", sep = "")
  }
  if (!is.na(post$estimate)) {
    cat(sprintf("Mean effect from the pilot on: %.4g (%.4g), %s\n", post$estimate, post$std.error, p_statement(post$p.value)))
  }
}

#' @rdname pilot_event_tidiers
#' @export
summary.pilot_event <- function(object, vcov = NULL, ...) event_with_vcov(object, vcov)

#' @export
coef.pilot_event <- function(object, ...) object$coefficients

#' @export
vcov.pilot_event <- function(object, vcov = NULL, ...) event_with_vcov(object, vcov)$vcov

#' @export
nobs.pilot_event <- function(object, ...) object$nobs

#' @export
df.residual.pilot_event <- function(object, ...) object$df

#' @export
confint.pilot_event <- function(object, parm = NULL, level = 0.95, simultaneous = FALSE, ...) {
  table <- tidy(object, conf.level = level)
  table <- table[match(names(object$coefficients), table$term), ]
  if (simultaneous) table[c("conf.low", "conf.high")] <- table[c("simultaneous.low", "simultaneous.high")]
  interval_matrix(table, level, parm)
}
