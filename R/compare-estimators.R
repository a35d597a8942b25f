# Several estimators on one design: same rows, same cohorts, same covariance.

#' Compare estimators on the same design
#'
#' Estimates the average effect of the treatment on the treated and the event study with each
#' estimator, on the rows, cohorts, covariates and clusters of one fit. Where estimates differ the
#' reason is the estimand: which cells are averaged with which weights, and what they are compared
#' with. The reference of each is part of its label. `"sdid"` keeps the variance of its replicates whatever
#' the clusters of the fit.
#'
#' @param fit A fit of [pilot_did()] with a 0/1 treatment, of any estimator.
#' @param estimators Names of estimators.
#' @param ... Further options, passed to the estimators that know them (`method`, `base_period`, ...).
#' @param x,object A result of `compare_estimators()`.
#' @param what `"overall"` or `"event"`.
#' @param conf.level The level of the intervals.
#' @return A list of class `pilot_comparison` with the `fits` and `events`. `tidy()`: one row an
#'   estimator: `term`, `estimate`, `std.error`, `statistic`, `p.value`, `conf.low`, `conf.high`,
#'   `estimator`, `label`, `reference`, `nobs`, `units`, `reason` (why an estimator gave no estimate); with
#'   `what = "event"` one row an estimator and event time. [glance()]: one row, `outcome`, `estimators`, `failed` (how many
#'   gave no estimate), `smallest`, `largest`. `plot()` and `autoplot()` overlay the event studies.
#' @examples
#' fit <- pilot_did(y ~ status | unit + time, simulate_pilot(seed = 1))
#' both <- compare_estimators(fit, c("cs", "bjs"))
#' both
#' plot(both)
#' @export
compare_estimators <- function(fit, estimators = c(
                                 "twfe", "cs", "sa", "bjs", "gardner", "etwfe", "stacked", "lpdid", "dcdh",
                                 "efficient", "sdid"
                               ), ...) {
  if (!inherits(fit, "pilot_fit") || is.null(fit$design$treatment$cohort)) {
    abort("argument", c("{.fn compare_estimators} needs a fit with a 0/1 treatment in a panel.",
      x = "{.arg fit} is {.obj_type_friendly {fit}}."
    ))
  }
  refuse_lean(fit)
  known <- names(estimators())
  unknown <- setdiff(estimators, known)
  if (!is.character(estimators) || length(unknown)) {
    abort("argument", c("{.arg estimators} must be among {.or {.val {known}}}.", x = "Not known: {.val {unknown}}."))
  }
  options <- list(...)
  fits <- lapply_progress(set_names(estimators), function(e) refit_as(e, fit, options), "Estimators")
  events <- lapply(fits, function(f) {
    if (inherits(f, "pilotdid_error")) return(NULL)
    tryCatch(event_study(f), pilotdid_error = function(e) NULL)
  })
  structure(list(fits = fits, events = Filter(Negate(is.null), events), outcome = fit$design$outcome_name), class = "pilot_comparison")
}

# -> the fit, or the error that says why there is none. Synthetic DID has a variance of its own only.
refit_as <- function(estimator, fit, options) {
  if (identical(estimator, fit$estimator) && !length(options)) return(fit)
  fit_estimator <- estimators()[[estimator]]
  own <- options[intersect(names(options), names(formals(fit_estimator)))]
  arguments <- list(
    design = fit$design, data = fit$data, vcov = if (estimator != "sdid") comparable_vcov(fit), ssc = small_sample("fixest"),
    solver = fit$solver$options %||% solver_options(), call = fit$call,
    control_group = if (is.null(fit$call$control_group)) usual_controls(estimator) else fit$request$control_group,
    anticipation = fit$request$anticipation %||% 0
  )
  if (estimator != "twfe" && arguments$control_group == "never" && !any(fit$design$treatment$cohort < 0L)) arguments$control_group <- "notyet"
  # Quoted: the call of the fit is handed on, not run again.
  tryCatch(dropped_once(do.call(fit_estimator, c(arguments, own), quote = TRUE)), pilotdid_error = identity)
}

# The covariance of the fit for all; where it is one by rows, the unit clusters that all have.
comparable_vcov <- function(fit) {
  if (fit$vcov_spec$type == "cluster") spec_as_vcov(fit$vcov_spec)
}

#' @rdname compare_estimators
#' @export
tidy.pilot_comparison <- function(x, what = c("overall", "event"), conf.level = 0.95, ...) {
  what <- check_choice(what, c("overall", "event"), "what")
  if (what == "event") {
    parts <- lapply(names(x$events), function(name) {
      table <- tidy(x$events[[name]], conf.level = conf.level)
      table$reference <- as.character(table$reference)
      table$estimator <- name
      table
    })
    return(do.call(rbind, parts))
  }
  do.call(rbind, lapply(names(x$fits), function(name) overall_row(name, x$fits[[name]], x$events[[name]], conf.level)))
}

#' @rdname compare_estimators
#' @export
glance.pilot_comparison <- function(x, ...) {
  table <- tidy(x)
  known <- !is.na(table$estimate)
  ends <- if (any(known)) range(table$estimate[known]) else c(NA_real_, NA_real_)
  tibble::tibble(
    outcome = x$outcome, estimators = nrow(table), failed = sum(!known), smallest = ends[1L], largest = ends[2L]
  )
}

overall_row <- function(name, fit, event, level) {
  columns <- c("term", "estimate", "std.error", "statistic", "p.value", "conf.low", "conf.high")
  if (inherits(fit, "pilotdid_error")) {
    row <- tibble::tibble(term = "ATT", estimate = NA_real_, std.error = NA_real_, statistic = NA_real_,
      p.value = NA_real_, conf.low = NA_real_, conf.high = NA_real_)
    nobs <- units <- NA_real_
    reason <- cli::ansi_strip(conditionMessage(fit))
  } else {
    table <- tidy(fit, conf.level = level)
    term <- if ("ATT" %in% table$term) "ATT" else fit$design$treatment$names
    row <- table[match(term, table$term), columns]
    nobs <- fit$nobs
    units <- length(fit$design$unit$values)
    reason <- NA_character_
  }
  row$estimator <- name
  row$label <- estimator_label(name)
  row$reference <- if (is.null(event)) NA_character_ else reference_text(event)
  row$nobs <- nobs
  row$units <- units
  row$reason <- reason
  row
}

# "-1", or what a varying reference is.
reference_text <- function(event) {
  if (length(event$reference)) return(paste(event$reference, collapse = ", "))
  if (all(event$references == "weighted periods")) return("weighted periods")
  if (all(event$references == "untreated")) return("untreated rows")
  "previous period"
}

labeled_events <- function(x) {
  labels <- vapply(names(x$events), function(name) {
    figure_word("%s (ref. %s)", figure_word(estimator_label(name)), figure_word(reference_text(x$events[[name]])))
  }, "")
  Map(function(event, label) {
    event$label <- label
    event
  }, x$events, labels)
}

#' @rdname compare_estimators
#' @param digits Digits to show.
#' @export
print.pilot_comparison <- function(x, digits = 4L, ...) {
  table <- tidy(x)
  cat("Average effect on the treated: ", x$outcome, "\n\n", sep = "")
  body <- cbind(Estimate = table$estimate, `Std. Error` = table$std.error, `[95%` = table$conf.low, `95%]` = table$conf.high)
  rownames(body) <- table$label
  print(signif(body, digits))
  lost <- which(!is.na(table$reason))
  for (i in lost) cat("\n", table$label[i], ": ", table$reason[i], "\n", sep = "")
  invisible(x)
}

#' @rdname compare_estimators
#' @export
plot.pilot_comparison <- function(x, ...) {
  events <- labeled_events(x)
  do.call(graphics::plot, c(unname(events), list(...)))
}

#' @rdname compare_estimators
#' @exportS3Method ggplot2::autoplot
autoplot.pilot_comparison <- function(object, ...) {
  rlang::check_installed("ggplot2")
  events <- labeled_events(object)
  do.call(ggplot2::autoplot, c(unname(events), list(...)))
}
