# One design, many outcomes: what else did the pilot move?

#' Mechanisms: the pilot's effect on many outcomes
#'
#' Puts other outcomes (possible channels) in the place of the outcome of a fit and estimates the
#' same design for each. For two-way fixed effects all outcomes that are observed in the same rows
#' are partialled out together, in one pass over the data.
#'
#' For each mediator \eqn{m} the estimand is \eqn{a} in
#' \deqn{m_{it} = a D_{it} + x_{it}'\gamma + \alpha_i + \lambda_t + u_{it}.}
#' With `steps = "three"` the table also holds the total effect \eqn{c} of \eqn{D} on the outcome
#' of the fit, and \eqn{c'} (direct) and \eqn{b} (path b) in
#' \deqn{y_{it} = c' D_{it} + b m_{it} + x_{it}'\gamma + \alpha_i + \lambda_t + e_{it}.}
#' The two-step table is the default: \eqn{b} and \eqn{c'} are effects only if nothing unobserved
#' moves both the mediator and the outcome, see [mediation()].
#'
#' @section Multiple testing:
#' `p.holm` bounds the chance of any false claim in the table, `p.bh` the expected share of false
#' claims (Benjamini and Hochberg), and `p.romano.wolf` bounds the chance of any false claim like
#' Holm but uses how the estimates depend on each other. The latter is the step-down of Romano and
#' Wolf (2005, 2016) on a wild cluster bootstrap that all outcomes share (Clarke, Romano and Wolf 2020):
#' residuals of all of them are multiplied by one draw a cluster, so that the t statistics keep their
#' dependence. For two-way fixed effects and 2SLS the draws are those of [wild_bootstrap()], the null
#' imposed on each outcome: every draw is estimated again and its t has the clustered standard error of
#' that draw. A fit that is not clustered is clustered by unit for this purpose. Other estimators are
#' known by the influence of each cluster: a draw is the sum of the influences times their weights,
#' around the estimate, over the standard error of that sum. `"sdid"`, whose variance comes from replicates,
#' has none (a warning says so). With fewer than about ten clusters read the
#' result as a guide.
#'
#' @param fit A fit of [pilot_did()], by any estimator (`steps = "three"`: two-way fixed effects).
#' @param outcomes `~ talent + log(firms)` or column names.
#' @param steps `"two"`, or `"three"` for total, path a, path b and direct effects.
#' @param sample `"own"`: each outcome on all rows of the fit where it is observed; `"common"`: all
#'   on the rows where every one of them is.
#' @param draws Draws of the Romano-Wolf bootstrap; 0 for none.
#' @param weights Their distribution: `"rademacher"`, `"webb"` (fewer than 12 clusters) or `"mammen"`.
#' @param seed A whole number; `NULL` draws one from R's generator.
#' @return A list of class `pilot_mechanism`: `table`, `fits` (a [pilot_did()] fit an outcome),
#'   `steps`. `tidy()`: `term`, `estimate`, `std.error`, `statistic`, `p.value`, `conf.low`,
#'   `conf.high`, `outcome`, `nobs`, `p.holm`, `p.bh`, `p.romano.wolf`; with three steps also
#'   `mediator` and `step` (`"total"`, `"path_a"`, `"path_b"`, `"direct"`), and no adjusted p. An outcome of which
#'   the effects leave nothing (constant within units, say) has no test: missing values, and a warning `no_variance`.
#' @section Errors: classes `pilotdid_error_*`: `mediator` (a mediator that is the outcome, the
#'   treatment or a control), `not_numeric`, `infinite`, `unknown_column`, `estimator`.
#' @references
#' Romano and Wolf (2005), Stepwise multiple testing as formalized data snooping, *Econometrica*
#' 73, Algorithm 4.2. Romano and Wolf (2016), Efficient computation of adjusted p-values for
#' resampling-based stepdown multiple testing, *Statistics & Probability Letters* 113. Clarke, Romano
#' and Wolf (2020), The Romano-Wolf multiple-hypothesis correction in Stata, *Stata Journal* 20. Baron
#' and Kenny (1986), *Journal of Personality and Social Psychology* 51.
#' @seealso [mediation()], [heterogeneity()], [moderation()]
#' @examples
#' panel <- simulate_pilot(mediator = c(0.5, 0.8), indicators = 3, seed = 1)
#' fit <- pilot_did(y ~ status | unit + time, panel)
#' mechanism(fit, ~ mediator + indicator_1 + indicator_2, seed = 1)
#' mechanism(fit, ~mediator, steps = "three")
#' @export
mechanism <- function(fit, outcomes, steps = c("two", "three"), sample = c("own", "common"),
                      draws = 999, weights = c("rademacher", "webb", "mammen"), seed = NULL) {
  check_fit(fit)
  steps <- check_choice(steps, c("two", "three"), "steps")
  sample <- check_choice(sample, c("own", "common"), "sample")
  weights <- check_choice(weights, names(wild_codes), "weights")
  check_count(draws, "draws", min = 0)
  columns <- named_columns(outcomes, fit, "outcomes")
  refuse_mediators(columns, fit)
  if (steps == "three") return(three_step(fit, columns))

  fits <- fit_outcomes(fit, columns, sample)
  term <- headline_terms(fits[[1L]])
  table <- outcome_table(fits, term)
  table$p.holm <- stats::p.adjust(table$p.value, "holm")
  table$p.bh <- stats::p.adjust(table$p.value, "BH")
  used_seed <- NULL
  if (draws > 0 && !has_contributions(fit)) {
    warn("romano_wolf", c("There are no Romano-Wolf p values for {.code estimator = {.val {fit$estimator}}}.",
      i = "They need the contributions of clusters; its variance comes from replicates. Holm's hold."
    ))
    draws <- 0
  }
  if (draws > 0) {
    used_seed <- draw_seed(seed)
    table$p.romano.wolf <- romano_wolf(fits, fit, term, draws, weights, used_seed)
  }
  new_mechanism(table, fits, fit, steps, draws, weights, used_seed)
}

new_mechanism <- function(table, fits, fit, steps, draws = 0, weights = NULL, seed = NULL) {
  structure(list(
    table = table, fits = fits, steps = steps, outcome = fit$design$outcome_name,
    treatment = fit$design$treatment$names, estimator = fit$estimator,
    covariance = fit$covariance, draws = draws, weights = weights, seed = seed
  ), class = "pilot_mechanism")
}

# A mediator must be something else than what it is to explain.
refuse_mediators <- function(columns, fit) {
  used <- used_flags(fit$design)
  same <- function(x, y) isTRUE(all.equal(as.numeric(x[used]), as.numeric(y[used]), tolerance = 1e-12))
  own <- c(set_names(list(fit$design$outcome), fit$design$outcome_name), fit$design$regressors)
  for (name in names(columns)) {
    match <- which(vapply(own, same, TRUE, x = columns[[name]]))
    if (length(match)) {
      twin <- names(own)[match[1L]]
      is_treatment <- twin %in% fit$design$treatment$names
      role <- if (match[1L] == 1L) "the outcome" else if (is_treatment) "the treatment" else "a control"
      abort("mediator", c("A mediator must be neither outcome, treatment nor control.",
        x = "{.field {name}} equals {role} {.field {twin}}.",
        i = if (role == "a control") "Fit again without it: a channel of the pilot is no control."
      ), mediator = name)
    }
  }
  invisible(columns)
}

# -> named list of fits. Outcomes observed in the same rows share a design and a pass.
fit_outcomes <- function(fit, columns, sample) {
  used <- used_flags(fit$design)
  missing <- lapply(columns, function(x) if (anyNA(x)) which(is.na(x) & used) else integer())
  if (sample == "common") missing[] <- list(sort(unique(unlist(missing))))
  pattern <- match(missing, unique(missing))
  fits <- list()
  for (p in unique(pattern)) {
    at <- which(pattern == p)
    gone <- missing[[at[1L]]]
    design <- fit$design
    if (length(gone)) {
      keep <- rep(TRUE, design$n_data)
      keep[gone] <- FALSE
      which <- if (sample == "common") "mediators" else paste(names(columns)[at], collapse = ", ")
      design <- restrict_design(design, keep, paste("missing", which), fit$request$drop_singletons)
    }
    fits[names(columns)[at]] <- fit_on_design(fit, design, columns[at])
  }
  warn_explained(fits[names(columns)])
}

fit_on_design <- function(fit, design, columns) {
  designs <- lapply(names(columns), function(name) with_outcome(design, columns[[name]], name))
  if (fit$estimator != "twfe" || length(design$endogenous)) {
    return(lapply_progress(designs, function(d) refit(fit, d), "Outcomes"))
  }
  absorbed_by <- absorption(design)
  spec <- portable_spec(fit)
  by <- first_clustering(spec, list(design = design, data = fit$data, formula = fit$formula), absorbed_by)
  solved <- solve_many_outcomes(design, columns, absorbed_by, by$codes, fit$request$solver)
  lapply(seq_along(columns), function(j) {
    new <- solved_fit(designs[[j]], fit$data, solved[[j]], absorbed_by, by$label, spec, fit$ssc,
      fit$request$solver, fit$call)
    new$request <- fit$request
    new
  })
}

# Rounding over rounding is no test: fits of outcomes of which the effects leave nothing lose their covariance.
warn_explained <- function(fits) {
  explained <- vapply(fits, is_explained, TRUE)
  if (!any(explained)) return(fits)
  warn("no_variance", c("{sum(explained)} outcome{?s} {?does/do} not vary once the effects are removed: {.field {names(fits)[explained]}}.",
    i = "There is no test; a value that is constant within units or within periods is the usual cause."
  ))
  fits[explained] <- lapply(fits[explained], function(fit) {
    fit$vcov[] <- NA_real_
    fit
  })
  fits
}

# One row an outcome and headline term.
outcome_table <- function(fits, term) {
  rows <- lapply(names(fits), function(name) {
    row <- term_rows(fits[[name]], term)
    row$outcome <- rep(name, length(row$term))
    row$nobs <- rep(fits[[name]]$nobs, length(row$term))
    row
  })
  bind_lists(rows)
}

# Rows of the coefficient table as a plain list.
term_rows <- function(fit, term) {
  table <- coefficient_table(fit)
  lapply(table, `[`, match(term, table$term))
}

# Lists of equally named columns -> one tibble.
bind_lists <- function(rows) {
  columns <- names(rows[[1L]])
  out <- lapply(set_names(columns), function(name) unlist(lapply(rows, `[[`, name), use.names = FALSE))
  tibble::new_tibble(out, nrow = length(out[[1L]]))
}

# total, path a, path b, direct: for each mediator on the rows where it is observed.
three_step <- function(fit, columns) {
  refuse_other_estimators(fit, "mechanism(steps = \"three\")")
  term <- fit$design$treatment$names
  path_a <- fit_outcomes(fit, columns, "own")
  steps <- lapply(names(columns), function(name) {
    a <- path_a[[name]]
    base <- with_outcome(a$design, fit$design$outcome, fit$design$outcome_name)
    total <- refit(fit, base)
    both <- refit(fit, with_regressors(base, columns[name]))
    list(total = total, path_a = a, path_b = both, direct = both)
  })
  names(steps) <- names(columns)
  rows <- lapply(names(steps), function(name) {
    terms <- list(total = term, path_a = term, path_b = name, direct = term)
    bind_lists(lapply(names(terms), function(step) {
      one <- steps[[name]][[step]]
      row <- term_rows(one, terms[[step]])
      count <- length(row$term)
      c(row, list(
        outcome = rep(one$design$outcome_name, count), nobs = rep(one$nobs, count),
        mediator = rep(name, count), step = rep(step, count)
      ))
    }))
  })
  new_mechanism(bind_lists(rows), steps, fit, "three")
}

#' @rdname mechanism
#' @param x,object A result of `mechanism()`.
#' @param ... Not used.
#' @export
tidy.pilot_mechanism <- function(x, ...) x$table

#' @rdname mechanism
#' @export
glance.pilot_mechanism <- function(x, ...) {
  tibble::tibble(
    outcomes = length(x$fits), steps = x$steps, draws = x$draws, seed = x$seed %||% NA_real_,
    estimator = x$estimator, vcov.type = x$covariance$label
  )
}

#' @export
print.pilot_mechanism <- function(x, digits = 4L, ...) {
  cat(
    "Estimand: effect of ", paste(x$treatment, collapse = ", "), " on each outcome (", x$estimator,
    ")\n", sep = ""
  )
  cat("SE:       ", x$covariance$label, "\n\n", sep = "")
  label <- c("outcome", if (x$steps == "three") c("mediator", "step"))
  shown <- c(
    label, "estimate", "std.error", "p.value",
    intersect(names(x$table), c("p.holm", "p.bh", "p.romano.wolf")), "nobs"
  )
  print_columns(x$table[shown], digits)
  if (x$draws > 0) {
    cat(
      "\nRomano-Wolf: ", big(x$draws), " draws, ", x$weights, " weights, seed ",
      format(x$seed, digits = 16), "\n", sep = ""
    )
  }
  invisible(x)
}

# Numbers to `digits` significant digits, p values to four decimals, unknown ones left blank.
print_columns <- function(table, digits) {
  out <- lapply(set_names(names(table)), function(name) {
    column <- table[[name]]
    if (!is.double(column)) return(column)
    shown <- if (startsWith(name, "p.")) {
      ifelse(column < 5e-5, "<.0001", formatC(column, digits = 4, format = "f"))
    } else {
      vapply(column, format, "", digits = digits)
    }
    ifelse(is.na(column), "", shown)
  })
  names(out)[names(out) == "p.romano.wolf"] <- "p.rw"
  print(as.data.frame(out, stringsAsFactors = FALSE, check.names = FALSE), row.names = FALSE)
}

# "[0.12, 0.43]"
interval_text <- function(low, high, digits) {
  number <- function(x) vapply(x, format, "", digits = digits)
  ifelse(is.na(low), "", paste0("[", number(low), ", ", number(high), "]"))
}

#' @rdname mechanism
#' @export
plot.pilot_mechanism <- function(x, ...) plot_forest(mechanism_forest(x), ...)

#' @rdname mechanism
#' @exportS3Method ggplot2::autoplot
autoplot.pilot_mechanism <- function(object, ...) ggplot_forest(mechanism_forest(object), ...)

mechanism_forest <- function(x) {
  table <- x$table
  label <- if (x$steps == "two") figure_name(table$outcome) else figure_word("%s: %s", figure_name(table$mediator), gsub("_", " ", figure_word(table$step)))
  if (length(x$treatment) > 1L) label <- figure_word("%s: %s", label, figure_name(table$term))
  forest_data(label, table, title = figure_word("Effect of %s", figure_names(x$treatment)))
}
