#' Matching followed by difference-in-differences
#'
#' Matches ever-treated with never-treated units, then estimates the difference-in-differences on the
#' matched sample, in the three ways that are usually reported:
#' * `"matched"`: the rows with a positive matching weight, each counted once;
#' * `"support"`: all rows on the common support, that is, without treated rows that found no match and
#'   without rows outside the `support` asked for;
#' * `"frequency"`: matched rows weighted by `multiplier` times their matching weight, treated rows by
#'   one. With `multiplier = 2` this is the field's code for 1:2 matching, `multiplier = 1` gives the
#'   weights of the matching itself.
#'
#' The estimand is that of the estimator, for the treated units that have comparable controls. Standard
#' errors take the matched sample as given; `bootstrap` resamples units.
#'
#' @section Bootstrap:
#' Units are drawn with replacement within the ever-treated and within the never-treated. Where the
#' weights of the controls are smooth functions of the data (`"kernel"`, `"radius"`, `"local_linear"`,
#' `"ipw"`, `"entropy"`) the matching is redone in every draw. For a fixed number of neighbors that
#' bootstrap is not valid (Abadie and Imbens 2008): the weights are then kept, with a warning
#' (`pilotdid_warning_bootstrap`), and the interval does not hold the uncertainty of the matching. Only
#' the first row of the estimator's `tidy()` is bootstrapped. Draws that fail are counted and reported.
#'
#' @section When not to use it:
#' With controls in the outcome equation and a linear truth it adds little to a regression with
#' controls. Period-by-period matching changes the composition of the sample over time; the estimate is
#' a comparison of different cities in different years. `scheme = "baseline"` keeps the same cities.
#'
#' @param formula,data As in [pilot_did()].
#' @param match A `pilot_match` of the same data, or the covariates to match on: `~ x1 + x2`. The
#'   treatment (ever treated), the unit and the time are then those of `formula`.
#' @param samples Which estimates, see above; `"all"` adds the one on all rows.
#' @param multiplier See `"frequency"`.
#' @param bootstrap Number of draws; 0 for none.
#' @param seed Seed of the bootstrap, or `NULL` to draw it from R's generator.
#' @param conf.level Level of the bootstrap intervals.
#' @param ... Arguments of [match_panel()] (with `match = ~ ...`) and of [pilot_did()], by name.
#' @return A list of class `pilot_psm_did`: `fits` (a `pilot_fit` for each sample: `x$fits$matched` can
#'   be passed to every other verb), `match`, `bootstrap` (draws x samples).
#'   [tidy()]: the rows of each fit with `sample`; `type = "cross_section"` the effect by
#'   period from matching alone, see [match_effect()]. [glance()]: one row a sample. [event_study()]: that
#'   of one sample. [balance()] takes `x$match`. `plot()` and `autoplot()`: the effect in each sample.
#'   A sample whose weights the estimator does not take (`"frequency"` with `"efficient"` or `"sdid"`) is left out with
#'   a warning.
#' @references
#' Heckman, Ichimura and Todd (1997), Matching as an econometric evaluation estimator, *Review of
#' Economic Studies* 64.
#'
#' Abadie and Imbens (2008), On the failure of the bootstrap for matching estimators, *Econometrica* 76.
#' @examples
#' panel <- simulate_pilot(units = 150, covariates = 2, selection = 1, seed = 1)
#' p <- psm_did(y ~ status | unit + time, panel, match = ~ x1 + x2, ratio = 2, replace = TRUE,
#'   caliper = 0.05)
#' p
#' tidy(p, type = "cross_section")
#' @export
psm_did <- function(formula, data, match, samples = c("matched", "support", "frequency"),
                    multiplier = 2, bootstrap = 0, seed = NULL, conf.level = 0.95, ...) {
  call <- match.call()
  check_data(data)
  check_number(multiplier, "multiplier", 0, Inf, open = TRUE)
  check_count(bootstrap, "bootstrap", min = 0)
  check_number(conf.level, "conf.level", 0, 1, open = TRUE)
  for (sample in samples) check_choice(sample, c("matched", "support", "frequency", "all"), "samples")
  arguments <- split_arguments(list(...), inherits(match, "pilot_match"))
  panel <- did_panel(formula, data, arguments$did)
  matched <- did_match(match, formula, data, panel, arguments$match)
  known <- keep_cohorts(formula, data, arguments$did)
  data <- known$data
  arguments$did <- known$arguments
  weights <- sample_weights(matched, samples, multiplier)
  fits <- fit_samples(formula, data, weights, arguments$did)
  weights <- weights[names(fits)]
  out <- list(
    fits = fits, match = matched, samples = names(fits), formula = formula, call = call,
    bootstrap = NULL, conf.level = conf.level
  )
  if (bootstrap > 0) {
    run <- list(
      formula = formula, data = data, panel = panel, match = matched, arguments = arguments,
      multiplier = multiplier
    )
    out$bootstrap <- with_seed(seed, bootstrap_psm(run, weights, bootstrap))
  }
  class(out) <- "pilot_psm_did"
  out
}

#' @export
print.pilot_psm_did <- function(x, digits = 4L, ...) {
  print(x$match)
  cat("\nDifference-in-differences (", x$fits[[1L]]$estimator, ")\n\n", sep = "")
  g <- glance(x)
  t <- tidy(x)
  first <- t[!duplicated(t$sample), ]
  print(data.frame(
    sample = first$sample, term = first$term, estimate = first$estimate, std.error = first$std.error,
    statistic = first$statistic, p.value = first$p.value, rows = g$nobs[match(first$sample, g$sample)]
  ), row.names = FALSE, digits = digits)
  if (!is.null(x$bootstrap)) {
    draws <- sum(!is.na(x$bootstrap[, 1L]))
    cat("\nStandard errors of these rows: bootstrap over units, ", draws, " draws\n", sep = "")
  }
  invisible(x)
}

#' @rdname psm_did
#' @param x A `pilot_psm_did`.
#' @param type `"did"` or `"cross_section"`.
#' @export
tidy.pilot_psm_did <- function(x, type = c("did", "cross_section"), ...) {
  type <- check_choice(type, c("did", "cross_section"), "type")
  if (type == "cross_section") {
    outcome <- make_formula(parse_formula(x$formula)$outcome, environment(x$formula))
    return(tidy(match_effect(x$match, outcome)))
  }
  tables <- lapply(names(x$fits), function(s) {
    out <- tidy(x$fits[[s]], ...)
    if (!is.null(x$bootstrap)) out[1L, ] <- bootstrapped(out[1L, ], x$bootstrap[, s], x$conf.level)
    out$sample <- s
    out
  })
  do.call(rbind, tables)
}

#' @rdname psm_did
#' @export
glance.pilot_psm_did <- function(x, ...) {
  rows <- lapply(names(x$fits), function(s) {
    out <- glance(x$fits[[s]])
    out$sample <- s
    out[c("sample", setdiff(names(out), "sample"))]
  })
  do.call(rbind, rows)
}

#' @rdname psm_did
#' @param sample The sample of which `event_study()` is asked.
#' @export
event_study.pilot_psm_did <- function(x, sample = "matched", ...) {
  check_choice(sample, names(x$fits), "sample")
  event_study(x$fits[[sample]], ...)
}

#' @rdname psm_did
#' @export
plot.pilot_psm_did <- function(x, ...) plot_forest(sample_forest(x), ...)

#' @rdname psm_did
#' @param object A `pilot_psm_did`.
#' @exportS3Method ggplot2::autoplot
autoplot.pilot_psm_did <- function(object, ...) ggplot_forest(sample_forest(object), ...)

# The effect is the first row of each sample.
sample_forest <- function(x) {
  table <- tidy(x)
  table <- table[!duplicated(table$sample), ]
  design <- x$fits[[1L]]$design
  title <- figure_word("Effect on %s, %s", figure_name(design$outcome_name), figure_word(estimator_label(x$fits[[1L]]$estimator)))
  samples <- vapply(table$sample, function(s) say_value(figure_language(), s, "sample_"), "", USE.NAMES = FALSE)
  forest_data(samples, table, title)
}

#' @export
summary.pilot_psm_did <- function(object, ...) lapply(object$fits, summary, ...)
