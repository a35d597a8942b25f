#' The effect under every way of building the index
#'
#' When the outcome is an index, the estimate depends on how the index was
#' built. This estimates the difference-in-differences under every combination
#' of method, scope, normalization, rule for zeros, winsorizing, and leaving out
#' each indicator and each dimension: the specification curve. A bootstrap of
#' units that builds the index anew in every draw gives a standard error that
#' includes the estimation of the weights.
#'
#' For each way \eqn{s} of building the index,
#' \deqn{\mathrm{index}^{(s)}_{it} / \mathrm{sd}(\mathrm{index}^{(s)}) =
#'   \beta_s D_{it} + x_{it}'\gamma_s + \alpha_i + \lambda_t + \varepsilon_{it};}
#' the division makes methods with different units comparable. Rows, design and
#' covariance are the same in all of them. Combinations that cannot differ are
#' estimated once: only entropy methods depend on `zero`, and principal
#' components do not depend on `normalize` (shown as `NA`).
#'
#' @param formula As in [pilot_did()], two-way fixed effects. The left side is
#'   the name of the index; it need not be a column of the data, and without a
#'   left side it is called `index`.
#' @param data Data frame, tibble or data.table with the raw indicators.
#' @param index The indicators, as in [entropy_index()]: a one-sided formula or
#'   a named list of them, one a dimension.
#' @param method,scope,normalize,zero The choices to go through, see
#'   [entropy_index()]. The first of each makes up the reference specification.
#' @param winsorize A list of pairs of quantiles, see [winsorize()]; `c(0, 1)`
#'   is none.
#' @param leave_out `"indicator"`, `"dimension"`, both, or `NULL`: which of
#'   them are left out one at a time. Always at least two indicators remain.
#' @param standardize Divide each index by its standard deviation over the rows
#'   of the regression? With `FALSE` the estimates are in units of the index,
#'   which differ between methods.
#' @param na As in [entropy_index()]. Dropped rows are gaps of the panel: where
#'   a unit's first treated row is among them, its cohort moves. Filling with
#'   [interpolate_panel()] first keeps the panel as it is.
#' @param draws Bootstrap draws of the reference specification; 0 for none.
#' @param seed A whole number, or `NULL` to draw one from R's generator.
#' @param conf.level Level of the intervals.
#' @param ... Further arguments of [pilot_did()]: `vcov`, `treatment`,
#'   `weights`, `subset`, `panel`, ...
#'
#' @return An object of class `pilot_index_robustness`. `tidy()` gives one row a
#'   specification: `term`, `estimate`, `std.error`, `statistic`, `p.value`,
#'   `conf.low`, `conf.high`, then `method`, `scope`, `normalize`, `zero`,
#'   `winsorize`, `left.out`, `reference`, `scale` (what the index was divided
#'   by); `tidy(x, "bootstrap")` one row a term, with `std.error.fixed` from the
#'   same draws with the index held as it is, `conf.low` and `conf.high` from
#'   percentiles. `glance()` counts signs and significances. `plot()` and
#'   `autoplot()` draw the curve.
#' @section Errors: those of [entropy_index()] and [pilot_did()]; a left side
#'   that is not a name; instruments.
#' @section When not to use it: as a vote. The share of significant
#'   specifications is not a test, because they use the same data; and a
#'   specification that nobody would defend does not become informative by being
#'   one of many. A yearly scope is such a case for a
#'   difference-in-differences, and is listed because papers use it.
#' @references Simonsohn, Simmons and Nelson (2020), Specification curve
#'   analysis, *Nature Human Behaviour* 4.
#' @examples
#' # Economic columns of pilot_cities are simulated.
#' curve <- index_robustness(
#'   resilience ~ status + economic_density | code + year, pilot_cities,
#'   index = list(
#'     resistance = ~ gdp_per_capita + disposable_income,
#'     adaptation = ~ fiscal_self_sufficiency + retail_per_capita - industry_concentration
#'   ),
#'   method = c("entropy", "equal"), zero = "none", draws = 20, seed = 1
#' )
#' curve
#' plot(curve)
#' @export
index_robustness <- function(formula, data, index,
                             method = c("entropy", "entropy_topsis", "critic", "pca", "equal"),
                             scope = c("pooled", "yearly"),
                             normalize = c("minmax", "zscore", "max"),
                             zero = c("none", "replace", "add_z", "add_p"),
                             winsorize = list(c(0, 1), c(.01, .99)),
                             leave_out = c("indicator", "dimension"), standardize = TRUE,
                             na = c("error", "complete"), draws = 0, seed = NULL,
                             conf.level = 0.95, ...) {
  check_data(data)
  check_flag(standardize, "standardize")
  check_count(draws, "draws", min = 0)
  check_number(conf.level, "conf.level", 0, 1, open = TRUE)
  terms <- parse_indicators(index, data)
  columns <- indicator_columns(terms, data)
  na <- check_choice(na, c("error", "complete"), "na")
  keep <- complete_rows(columns, nrow(data), na)
  varying <- varying_indicators(columns, keep)
  terms <- subset_terms(terms, varying)
  columns <- columns[varying]
  normalize <- usable_normalizations(normalize, missing(normalize), columns)
  sets <- indicator_sets(terms, leave_out)
  grid <- robustness_grid(method, scope, normalize, zero, winsorize, sets)

  base <- robustness_base(formula, data, columns, terms, grid, keep, ...)
  scored <- each_specification(grid, base, columns, terms, sets, keep, winsorize, function(scores) {
    outcome_estimate(base$fit, scores, standardize)
  })
  out <- structure(list(
    table = robustness_table(scored, grid, winsorize, sets, base$fit, conf.level),
    terms = terms, standardize = standardize, conf.level = conf.level, seed = NULL,
    labels = list(
      outcome = base$fit$design$outcome_name, treatment = base$fit$design$treatment$names,
      covariance = base$fit$covariance$label, nobs = base$fit$nobs
    )
  ), class = "pilot_index_robustness")
  if (draws > 0) {
    out$seed <- draw_seed(seed)
    out$draws <- bootstrap_index(
      base, grid[1, ], columns, terms, keep, winsorize, standardize, draws, out$seed
    )
  }
  out
}

# Indicators that do not vary have weight 0 whatever the method: leaving one out changes nothing.
varying_indicators <- function(columns, keep) {
  n <- length(columns[[1L]])
  sample <- list(n = n, group = if (!is.null(keep)) ifelse(keep, 0L, -1L), groups = 1L, weight = NULL)
  ranges <- cpp_column_ranges(columns, sample)
  constant <- is_constant(ranges$min, ranges$max)[, 1L]
  if (sum(!constant) < 2L) {
    abort("too_few_indicators", c("An index needs at least two indicators that vary.",
      x = "Constant: {.field {names(columns)[constant]}}."
    ), columns = names(columns)[constant])
  }
  if (any(constant)) {
    warn("constant", c("Indicators that do not vary are left out.",
      x = "Constant: {.field {names(columns)[constant]}}."
    ), columns = names(columns)[constant])
  }
  which(!constant)
}

# x / max is not defined for negative values: refused where asked for, left out of the default.
usable_normalizations <- function(normalize, default, columns) {
  negative <- vapply(columns, function(x) any(x < 0, na.rm = TRUE), NA)
  if (!"max" %in% normalize || !any(negative)) return(normalize)
  if (default) {
    inform("normalize", c("{.val max} is left out of {.arg normalize}.",
      i = "Negative values in: {.field {names(columns)[negative]}}."
    ))
    return(setdiff(normalize, "max"))
  }
  abort("negative_values", c("{.code normalize = \"max\"} needs indicators that are never negative.",
    x = "Negative values in: {.field {names(columns)[negative]}}."
  ), columns = names(columns)[negative])
}

# The sets of indicators to go through: list(label, kind, members), all of them first.
indicator_sets <- function(terms, leave_out) {
  unknown <- setdiff(leave_out, c("indicator", "dimension"))
  if (length(unknown)) {
    abort("argument", c("{.arg leave_out} may hold {.val indicator} and {.val dimension}.",
      x = "Not among them: {.val {unknown}}."
    ))
  }
  all <- seq_along(terms$indicator)
  sets <- list(list(label = "none", kind = "none", members = all))
  without <- function(label, kind, members) list(label = label, kind = kind, members = members)
  if ("indicator" %in% leave_out) {
    sets <- c(sets, lapply(all, function(j) without(terms$indicator[j], "indicator", all[-j])))
  }
  dimensions <- unique(terms$dimension)
  if ("dimension" %in% leave_out && length(dimensions) > 1L) {
    sets <- c(sets, lapply(dimensions, function(d) without(d, "dimension", all[terms$dimension != d])))
  }
  Filter(function(set) length(set$members) > 1L, sets)
}

# One row a specification: the reference first. What a method does not use is NA, and
# combinations that differ in nothing else are one.
robustness_grid <- function(method, scope, normalize, zero, winsorize, sets) {
  good <- is.list(winsorize) && length(winsorize)
  if (!good) abort("argument", "{.arg winsorize} must be a list of pairs of quantiles.")
  lapply(winsorize, check_probs)
  choices <- list(
    method = method, scope = scope, normalize = normalize, zero = zero
  )
  known <- as.list(formals(entropy_index))[names(choices)]
  for (name in names(choices)) {
    for (value in choices[[name]]) check_choice(value, eval(known[[name]]), name)
    if (!length(choices[[name]])) abort("argument", "{.arg {name}} must hold at least one choice.")
  }
  grid <- expand.grid(c(choices, list(winsorize = seq_along(winsorize), set = seq_along(sets))),
    stringsAsFactors = FALSE
  )
  grid$zero[!grid$method %in% c("entropy", "entropy_topsis")] <- NA
  grid$normalize[grid$method == "pca"] <- NA
  unique(grid)
}

grid_spec <- function(row) {
  index_spec(
    method = row$method, scope = row$scope,
    normalize = if (is.na(row$normalize)) "minmax" else row$normalize,
    zero = if (is.na(row$zero)) "none" else row$zero
  )
}

# The regression with the reference index: its design, rows and covariance serve all others.
robustness_base <- function(formula, data, columns, terms, grid, keep, ...) {
  formula <- named_outcome(formula)
  name <- as.character(formula[[2L]])
  shown <- parse_formula(formula)
  # Any indicator will do to find the rows, for the index is known where all of them are; one that the
  # effects explain cannot be an outcome.
  for (column in columns) {
    outcome <- as.numeric(column)
    if (!is.null(keep)) outcome[!keep] <- NA
    with_index <- with_columns(data, set_names(list(outcome), name))
    fit <- tryCatch(pilot_did(formula, with_index, ...), pilotdid_error_outcome = identity)
    if (inherits(fit, "pilot_fit")) break
  }
  if (!inherits(fit, "pilot_fit")) rlang::cnd_signal(fit)
  if (fit$estimator != "twfe" || length(fit$design$endogenous)) {
    abort("estimator", c("{.fn index_robustness} is defined for two-way fixed effects by least squares.",
      x = "The regression is {.val {fit$estimator}}{if (length(fit$design$endogenous)) ' with instruments'}."
    ))
  }
  # Clusters other than the eliminated effect are coded once for all outcomes.
  fit$scores_by <- first_clustering(fit$vcov_spec, fit, fit$absorbed_by)$codes
  periods <- if (any(grid$scope == "yearly")) {
    index_periods(data, time_column(fit, data), list(scope = "yearly", k = "n"), keep)
  }
  list(fit = fit, data = with_index, periods = periods, unit = unit_codes(shown, with_index, ...))
}

named_outcome <- function(formula) {
  if (inherits(formula, "formula") && length(formula) == 2L) {
    formula <- structure(call("~", quote(index), formula[[2L]]),
      class = "formula", .Environment = environment(formula)
    )
  }
  left <- if (inherits(formula, "formula")) parse_formula(formula)$outcome
  if (!is.name(left)) {
    abort("formula", c("The left side of {.arg formula} must be the name of the index.",
      x = if (!is.null(left)) "It is {.code {expr_label(left)}}.", i = "The index is built from {.arg index}."
    ))
  }
  formula
}

time_column <- function(fit, data) {
  time <- fit$design$time$label
  if (is.null(time) || !time %in% names(data)) {
    abort("argument", c("A yearly index needs a time column among the fixed effects.",
      i = "Write {.code | unit + time}, give {.arg panel}, or leave {.val yearly} out of {.arg scope}."
    ))
  }
  time
}

# Codes of the units in all rows of the data, also those that the regression drops.
unit_codes <- function(parsed, data, ...) {
  panel <- as_exprs(list(...)$panel, "panel")
  expr <- if (length(panel)) panel[[1L]] else parsed$effects[[1L]]$expr
  code_effect(expr, data, parsed$environment)
}

# Goes through the grid so that nothing is computed twice: winsorized columns, then moments by
# scope, then entropies by normalization and zeros, then the sets of indicators.
each_specification <- function(grid, base, columns, terms, sets, keep, winsorize, f) {
  out <- vector("list", nrow(grid))
  tick <- progress_ticker(nrow(grid), "Specifications")
  for (w in unique(grid$winsorize)) {
    clamped <- clamp_columns(columns, winsorize[[w]], keep)
    for (scope in unique(grid$scope)) {
      sample <- index_sample(nrow(base$data), keep, base$periods, list(scope = scope))
      moments <- index_moments(clamped, sample, second = TRUE)
      rows <- which(grid$winsorize == w & grid$scope == scope)
      for (cell in split(rows, paste(grid$normalize, grid$zero, grid$method)[rows])) {
        spec <- grid_spec(grid[cell[1L], ])
        measures <- index_measures(clamped, sample, terms$direction, spec, NA, moments)
        for (row in cell) {
          tick()
          members <- sets[[grid$set[row]]]$members
          part <- subset_terms(terms, members)
          fit <- index_solution(subset_measures(measures, members), clamped[members], sample, part, spec)
          # Dimension scores are not needed: one dimension.
          fit$rule[c("dimension", "dimensions")] <- list(rep(0L, length(members)), 1L)
          out[[row]] <- f(cpp_composite_scores(clamped[members], sample, fit$rule)[, 1L])
        }
      }
    }
  }
  out
}

clamp_columns <- function(columns, probs, keep = NULL) {
  if (identical(as.numeric(probs), c(0, 1))) return(columns)
  lapply(columns, function(x) {
    if (is_binary(x)) return(x)
    bounds <- clamp_bounds(if (is.null(keep)) x else x[keep], probs, 2)
    pmin(pmax(as.numeric(x), bounds[1L]), bounds[2L])
  })
}

subset_terms <- function(terms, members) lapply(terms, `[`, members)

subset_measures <- function(measures, members) {
  pick <- function(x) if (is.matrix(x)) x[members, , drop = FALSE] else x
  moments <- lapply(measures$moments, pick)
  moments$covariance <- lapply(measures$moments$covariance, function(m) m[members, members, drop = FALSE])
  list(
    moments = moments, scaling = lapply(measures$scaling, pick), entropy = pick(measures$entropy),
    log_n = measures$log_n
  )
}
