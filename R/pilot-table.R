#' Publication tables
#'
#' Several results side by side in the three-line style of the journals: estimates with stars, standard
#' errors in parentheses below, and rows for controls, effects, observations, units and fit. The result is a
#' tibble of text, which needs no other package; `output` writes it as LaTeX, Word, HTML, markdown or Excel.
#'
#' Estimand of each column: that of the result shown, \eqn{\hat\beta} of
#' \eqn{y_{it} = \beta D_{it} + x_{it}'\gamma + \alpha_i + \lambda_t + \varepsilon_{it}} for a fit of two-way
#' fixed effects.
#'
#' @section What a result becomes:
#' * A fit of [pilot_did()]: one column. Of the estimators for staggered adoption the overall effect `ATT`;
#'   terms with the same label share a row, so `labels = c(status = "Pilot", ATT = "Pilot")` aligns them.
#' * A fit with instruments: its first stages and the second stage, with F, the Kleibergen-Paap and
#'   Cragg-Donald statistics (`stages = FALSE`: the second stage alone).
#' * [spatial_did()]: columns for the coefficients, the spatial lags, and the direct, indirect and total
#'   effects (`effects = FALSE`: the coefficients alone).
#' * [mechanism()], [heterogeneity()], [psm_did()], [compare_estimators()]: one column an outcome, group,
#'   sample, estimator.
#' * [event_study()], [aggregate_effects()] and everything else that has `tidy()` with estimates, also the
#'   fits of other packages: one column.
#' * Results that are tables themselves ([describe_panel()], [entropy_index()], [vif_table()], [weak_iv()],
#'   [placebo()], [wild_bootstrap()], [balance()], ...): their table in the same style. Several of one kind
#'   are stacked.
#'
#' @section Stepwise tables:
#' With `stepwise`, each fit becomes several columns: without controls, then one block of controls after the
#' other. All columns use the rows of the full model, so that they differ by the controls alone.
#'
#' @section When not to use it: to compute with. [tidy()] has the numbers.
#'
#' @param ... Results, or lists of them. Names become the heads of the columns.
#' @param terms Names of the terms to show, in this order; all by default. `"treatment"` without such a
#'   column shows the treatment alone. Hidden controls are reported in the row "Controls".
#' @param labels What terms, effects, outcomes, groups, clusters and columns are called: `c(status = "Pilot zone")`; by default what
#'   [`options(pilotdid.labels)`][pilot_figures] says.
#' @param stepwise `TRUE` for one control after the other, or a list of character vectors: the blocks.
#' @param statistic What stands below an estimate: `"std.error"`, `"statistic"` (t or z), `"p.value"`,
#'   `"conf.int"` or `"none"`.
#' @param stars Significance levels with their marks; `NULL` for none.
#' @param digits Decimals.
#' @param vcov Another covariance for the fits, see [pilot_did()].
#' @param rows Further rows: a named list of vectors with one value a column.
#' @param title,notes Text above and below; `notes = NULL` for none, by default what the numbers are.
#' @param language `"en"` or `"zh"`: the words of the rows and the notes; by default those of
#'   [`options(pilotdid.language)`][pilot_figures], else English.
#' @param stages,effects See above.
#' @param output `NULL` returns the tibble. `"markdown"`, `"latex"`, `"html"` return text; `"tinytable"` and
#'   `"flextable"` objects of these packages, to be styled further. A file name (`.md`, `.tex`, `.html`,
#'   `.docx`, `.xlsx`, `.csv`) writes and returns the tibble invisibly. Word needs `flextable` and
#'   `officer`, Excel `openxlsx`.
#' @return A tibble of class `pilot_table` with `label`, `part` (`"estimate"`, `"statistic"`, `"row"`) and
#'   one column of text for each column of the table; heads, title and notes are attributes.
#' @section Errors: classes `pilotdid_error_*`: `argument`, `no_table` (a result without a table), `mixed`
#'   (fits together with results that are tables themselves), `unknown_term`, `output`.
#' @examples
#' panel <- simulate_pilot(covariates = 2, seed = 1)
#' fit <- pilot_did(y ~ status + x1 + x2 | unit + time, panel)
#' pilot_table(fit, stepwise = TRUE, labels = c(status = "Pilot zone"))
#' cat(pilot_table(fit, output = "markdown"))
#' @export
pilot_table <- function(..., terms = NULL, labels = getOption("pilotdid.labels"), stepwise = NULL,
                        statistic = c("std.error", "statistic", "p.value", "conf.int", "none"),
                        stars = c(`*` = 0.1, `**` = 0.05, `***` = 0.01), digits = 4, vcov = NULL, rows = NULL,
                        title = NULL, notes = NA, language = getOption("pilotdid.language", "en"), stages = TRUE,
                        effects = TRUE, output = NULL) {
  options <- list(
    terms = terms, labels = check_labels(labels), statistic = check_choice(statistic, eval(formals()$statistic), "statistic"),
    stars = check_stars(stars), digits = digits, vcov = vcov, stages = stages, effects = effects,
    language = check_choice(language, c("en", "zh"), "language"), title = title, notes = notes
  )
  check_count(digits, "digits", min = 0)
  check_flag(stages, "stages")
  check_flag(effects, "effects")
  check_output(output)
  results <- named_results(...)
  if (!is.null(stepwise)) results <- unlist(lapply(results, stepwise_fits, stepwise), recursive = FALSE)
  plain <- vapply(results, is_table_result, TRUE)
  if (any(plain) && !all(plain)) refuse_mixed(results, plain)
  table <- if (all(plain)) {
    stacked_table(results, options)
  } else {
    regression_table(unlist(Map(table_columns, results, names(results), MoreArgs = list(options = options)),
      recursive = FALSE, use.names = FALSE
    ), options, rows)
  }
  write_table(table, output)
}

check_labels <- function(labels, name = "labels") {
  if (!length(labels)) return(character())
  if (is.list(labels)) labels <- unlist(labels)
  if (!is.character(labels) || is.null(names(labels))) {
    abort("argument", c("{.arg {name}} must be a named character vector.", i = "{.code c(status = \"Pilot zone\")}"))
  }
  labels
}

check_stars <- function(stars) {
  if (is.null(stars) || isFALSE(stars)) return(NULL)
  if (!is.numeric(stars) || is.null(names(stars)) || anyNA(stars)) {
    abort("argument", c("{.arg stars} must be numbers named by their marks.", i = "{.code c(\"*\" = 0.1, \"**\" = 0.05)}"))
  }
  sort(stars, decreasing = TRUE)
}

# Lists of results count as if their members had been given; results are lists too, but with a class.
named_results <- function(...) {
  given <- list(...)
  text <- vapply(given, is.character, TRUE)
  if (any(text)) {
    abort("argument", c("{.fn pilot_table} puts results side by side: {.val {given[[which(text)[1L]]][1L]}} is none.",
      i = "A file to write is named by {.arg output}: {.code pilot_table(fit, output = \"table.docx\")}."
    ))
  }
  bare <- vapply(given, function(x) is.list(x) && !is.object(x), TRUE)
  names(given) <- names(given) %||% rep("", length(given))
  out <- unlist(Map(function(x, name, bare) {
    if (!bare) return(set_names(list(x), name))
    set_names(x, names(x) %||% rep("", length(x)))
  }, given, names(given), bare), recursive = FALSE, use.names = FALSE)
  inner <- unlist(Map(function(x, name, bare) if (bare) names(x) %||% rep("", length(x)) else name, given, names(given), bare))
  if (!length(out)) abort("argument", c("{.fn pilot_table} needs a result.", i = "{.code pilot_table(fit)}"))
  set_names(out, unname(inner))
}

refuse_mixed <- function(results, plain) {
  kind <- function(which) unique(vapply(results[which], function(x) class(x)[1L], ""))
  abort("mixed", c("Fits and results that are tables themselves need tables of their own.",
    x = "Fits: {.cls {kind(!plain)}}; tables: {.cls {kind(plain)}}.",
    i = "Call {.fn pilot_table} for each kind."
  ))
}

# The full model's design with fewer controls: same rows in every column.
stepwise_fits <- function(fit, stepwise) {
  check_fit(fit)
  regressors <- fit$design$regressors
  controls <- intersect(control_names(fit), names(regressors))
  blocks <- if (isTRUE(stepwise)) as.list(controls) else stepwise_blocks(stepwise, controls)
  left <- setdiff(controls, unlist(blocks))
  steps <- c(list(left), lapply(seq_along(blocks), function(i) c(left, unlist(blocks[seq_len(i)]))))
  fits <- lapply(steps, function(kept) {
    design <- fit$design
    chosen <- names(regressors) %in% c(setdiff(names(regressors), controls), kept)
    design$regressors <- structure(unclass_columns(regressors)[chosen], first = attr(regressors, "first"))
    refit(fit, design)
  })
  set_names(fits, rep("", length(fits)))
}

stepwise_blocks <- function(blocks, controls) {
  if (is.character(blocks)) blocks <- as.list(blocks)
  if (!is.list(blocks) || !all(vapply(blocks, is.character, TRUE))) {
    abort("argument", "{.arg stepwise} must be {.code TRUE} or a list of character vectors.")
  }
  lapply(blocks, function(block) unlist(lapply(block, function(name) {
    # A factor stands in the formula under its name and in the fit as several columns.
    found <- if (name %in% controls) name else controls[startsWith(controls, name)]
    if (!length(found)) refuse_unknown_terms(name, controls, "stepwise")
    found
  })))
}

refuse_unknown_terms <- function(unknown, known, argument) {
  near <- unlist(lapply(unknown, nearest_names, choices = known, most = 1L))
  abort("unknown_term", c("{.arg {argument}} must name terms of the results.",
    x = "Not among them: {.field {unknown}}.", i = if (length(near)) "Did you mean {.field {near}}?"
  ))
}

# Regressors other than the treatment, the intercept and what is instrumented. Those of a design that is
# dropped are known by their coefficients.
control_names <- function(fit) {
  known <- names(fit$design$regressors) %||% setdiff(names(fit$coefficients), fit$cells$term)
  setdiff(known, c(headline_names(fit), fit$aliased, "(Intercept)"))
}

headline_names <- function(fit) {
  endogenous <- names(fit$design$endogenous)
  if (length(endogenous)) return(endogenous)
  c(intersect("ATT", names(fit$coefficients)), fit$design$treatment$names)
}
