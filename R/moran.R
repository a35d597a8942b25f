# Is the outcome clustered in space? Moran's I and Geary's C by period, the local statistic by unit.

#' Spatial autocorrelation: Moran's I and Geary's C
#'
#' Tests in every period whether a variable, or the residuals of a fit, is alike among neighbors:
#' \deqn{I = \frac{n}{S_0}\frac{\sum_{ij} w_{ij} z_i z_j}{\sum_i z_i^2}, \qquad
#'   C = \frac{n - 1}{2 S_0}\frac{\sum_{ij} w_{ij} (z_i - z_j)^2}{\sum_i z_i^2},}
#' \eqn{z_i = x_i - \bar x} and \eqn{S_0 = \sum w_{ij}}. Without autocorrelation \eqn{E(I) = -1/(n-1)} and \eqn{E(C) = 1};
#' neighbors alike give a large \eqn{I} and a small \eqn{C}. The variance is that under randomization,
#' as in `spdep::moran.test()`; with `draws`, p-values also come from permutations, \eqn{(r+1)/(R+1)}.
#'
#' Residuals of a regression are not exchangeable: for them the test is only approximate, and
#' [spatial_tests()] is the better tool.
#'
#' @param x A formula `variable ~ 1 | unit + time` with `data`, a data frame with `variable`, `unit` and
#'   `time`, a numeric vector in the order of the weights (or named by unit), or a fit of [pilot_did()] or
#'   [spatial_did()], whose residuals are tested.
#' @param data A data frame.
#' @param W Spatial weights, see [spatial_weights()]. Units without a value in a period are left out of that
#'   period and the weights standardized again.
#' @param variable,unit,time Column names.
#' @param statistic `"moran"` or `"geary"`.
#' @param alternative `"greater"`: neighbors are alike (for Geary's C that is a small value); `"less"`: they
#'   are unlike; or `"two.sided"`.
#' @param draws Number of permutations; 0 for none.
#' @param seed A whole number, or `NULL` to draw one from the session's random numbers.
#' @param ... Passed on to the method for numbers.
#' @return A list of class `pilot_moran`. `tidy()`: one row a period with `period`, `estimate`, `expected`,
#'   `variance`, `statistic`, `p.value`, `p.permutation`, `nobs`. `plot()`, `autoplot()`: the Moran scatter
#'   plot of each period.
#' @section Errors: classes `pilotdid_error_*`: `alignment`, `weights_size`, `constant`, `duplicates`.
#' @references Cliff and Ord (1981), *Spatial Processes*.
#' @seealso [local_moran()]
#' @examples
#' W <- spatial_weights(pilot_cities, "code", ~ longitude + latitude, k = 5)
#' test <- moran_test(resilience ~ 1 | code + year, pilot_cities, W, draws = 199, seed = 1)
#' test
#' plot(test, periods = c(2012, 2023))
#' @export
moran_test <- function(x, ...) UseMethod("moran_test")

#' @rdname moran_test
#' @export
moran_test.formula <- function(x, data, W, ...) {
  check_data(data)
  parsed <- parse_formula(x)
  ids <- parsed$effects
  if (length(ids) < 1L || length(ids) > 2L) {
    abort("formula", c("{.arg x} must name the unit and the period.", i = "Write {.code variable ~ 1 | unit + time}, or {.code | unit} for one period."))
  }
  env <- parsed$environment
  check_variables(c(list(parsed$outcome), lapply(ids, `[[`, "expr")), data, env)
  unit <- code_effect(ids[[1L]]$expr, data, env)
  time <- if (length(ids) > 1L) code_effect(ids[[2L]]$expr, data, env)
  test_wide(spread_panel(eval_in(parsed$outcome, data, env), unit, time), expr_label(parsed$outcome), W, ...)
}

#' @rdname moran_test
#' @export
moran_test.data.frame <- function(x, variable, W, unit, time = NULL, ...) {
  variable <- column_argument(variable, x, "variable", 1L)
  unit <- column_argument(unit, x, "unit", 1L)
  if (!is.null(time)) time <- column_argument(time, x, "time", 1L)
  wide <- spread_panel(
    .subset2(x, variable), code_id(.subset2(x, unit), unit),
    if (!is.null(time)) code_id(.subset2(x, time), time)
  )
  test_wide(wide, variable, W, ...)
}

#' @rdname moran_test
#' @export
moran_test.numeric <- function(x, W, statistic = c("moran", "geary"), alternative = c("greater", "less", "two.sided"),
                               draws = 0, seed = NULL, ...) {
  W <- as_weights(W)
  if (is.null(names(x)) && length(x) != length(W$start) - 1L) {
    abort("weights_size", c("There must be one value a unit, in the order of the weights.",
      x = "{length(x)} value{?s}, {length(W$start) - 1L} unit{?s}.",
      i = "Name the values by unit, and they are matched."
    ))
  }
  ids <- names(x) %||% W$ids %||% seq_along(x)
  if (is.null(W$ids)) W$ids <- ids
  wide <- list(x = matrix(x, ncol = 1L), unit = list(values = ids, label = W$unit), periods = NA, label = NA)
  test_wide(wide, "x", W, statistic, alternative, draws, seed)
}

#' @rdname moran_test
#' @export
moran_test.default <- function(x, W, ...) {
  if (!inherits(x, c("pilot_fit", "pilot_spatial"))) {
    abort("argument", c("{.arg x} must be a formula, a data frame, a numeric vector or a fit.", x = "It is {.obj_type_friendly {x}}."))
  }
  design <- x$design
  if (is.null(design$unit)) abort("argument", "The fit has no unit: Moran's I needs to know whose residual is whose.")
  if (missing(W) && inherits(x, "pilot_spatial")) W <- x$weights
  residual <- rep(NA_real_, design$n_data)
  residual[if (is.null(design$keep)) seq_len(design$n_data) else design$keep == as.raw(1L)] <- residuals(x)
  test_wide(spread_panel(residual, design$unit, design$time), "residuals", W, ...)
}

# -> list(x = N x T with NA where a unit is absent, unit, periods)
spread_panel <- function(x, unit, time) {
  if (!is.numeric(x) && !is.logical(x)) {
    abort("outcome", c("The variable must be numeric.", x = "It is {.obj_type_friendly {x}}."))
  }
  n <- length(unit$values)
  periods <- if (is.null(time)) 1L else length(time$values)
  cell <- unit$code + 1 + (if (is.null(time)) 0 else n * time$code)
  known <- !is.na(x) & !is.na(cell)
  if (anyDuplicated(cell[known])) {
    twice <- which(known & duplicated(cell) )[1L]
    abort("duplicates", c("Each unit must have one row a period.",
      x = "Row {twice} repeats {.field {unit$label}} = {.val {format_id(unit$values[unit$code[twice] + 1L])}}.",
      i = if (is.null(time)) "Name the period too: {.code variable ~ 1 | unit + time}."
    ))
  }
  wide <- matrix(NA_real_, n, periods)
  wide[cell[known]] <- as.numeric(x[known])
  # A unit that never has a value is not of the panel.
  seen <- rowSums(!is.na(wide)) > 0
  list(
    x = wide[seen, , drop = FALSE], unit = list(values = unit$values[seen], label = unit$label),
    periods = if (is.null(time)) NA else time$values, label = time$label %||% NA
  )
}

test_wide <- function(wide, name, W, statistic = c("moran", "geary"),
                      alternative = c("greater", "less", "two.sided"), draws = 0, seed = NULL) {
  statistic <- check_choice(statistic, c("moran", "geary"), "statistic")
  alternative <- check_choice(alternative, c("greater", "less", "two.sided"), "alternative")
  check_count(draws, "draws", min = 0)
  seed <- stream_seed(seed)
  W <- align_weights(as_weights(W), wide$unit)
  # Periods with the same units present are tested together.
  pattern <- apply(!is.na(wide$x), 2L, function(seen) paste(which(!seen), collapse = " "))
  table <- vector("list", ncol(wide$x))
  for (p in unique(pattern)) {
    at <- which(pattern == p)
    seen <- which(!is.na(wide$x[, at[1L]]))
    refuse_constant_periods(wide, at, seen, name)
    w <- if (length(seen) == nrow(wide$x)) W else present_weights(W, seen)
    announce("Permutations", draws * length(w$column))
    raw <- cpp_autocorrelation(w, wide$x[seen, at, drop = FALSE], if (statistic == "moran") 0L else 1L, as.integer(draws), seed)
    for (j in seq_along(at)) table[[at[j]]] <- moran_row(lapply(raw, `[`, j), wide$periods[at[j]], length(seen), statistic, alternative, draws)
  }
  structure(list(
    table = do.call(rbind, table), statistic = statistic, alternative = alternative, draws = draws, seed = seed,
    variable = name, values = wide$x, ids = wide$unit$values, weights = W, time = wide$label
  ), class = "pilot_moran")
}

present_weights <- function(w, seen) {
  suppressWarnings(restandardize(select_units(w, seen), w$standardize), classes = "pilotdid_warning_islands")
}

refuse_constant_periods <- function(wide, at, seen, name) {
  if (length(seen) < 4L) {
    abort("empty", c("The variance under randomization needs at least four units.", x = "Period {.val {format(wide$periods[at[1L]])}} has {length(seen)}."))
  }
  flat <- at[apply(wide$x[seen, at, drop = FALSE], 2L, function(x) min(x) == max(x))]
  if (!length(flat)) return(invisible())
  abort("constant", c("A variable that is the same everywhere has no autocorrelation.",
    x = "{.field {name}} is constant in period{?s} {.val {format(wide$periods[flat])}}.",
    i = "Leave these periods out."
  ))
}

moran_row <- function(raw, period, n, statistic, alternative, draws) {
  # Alike neighbors: a large I, a small C. The statistic counts in that direction.
  sign <- if (statistic == "moran") 1 else -1
  z <- sign * (raw$estimate - raw$expected) / sqrt(raw$variance)
  p <- switch(alternative,
    greater = stats::pnorm(z, lower.tail = FALSE), less = stats::pnorm(z), two.sided = 2 * stats::pnorm(-abs(z))
  )
  alike <- if (statistic == "moran") raw$above else raw$below
  unlike <- if (statistic == "moran") raw$below else raw$above
  extreme <- switch(alternative, greater = alike, less = unlike, two.sided = 2 * min(alike, unlike))
  tibble::tibble(
    period = period, estimate = raw$estimate, expected = raw$expected, variance = raw$variance, statistic = z,
    p.value = p, p.permutation = if (draws > 0) min(1, (extreme + 1) / (draws + 1)) else NA_real_, nobs = n
  )
}

# A whole number that the core's streams start from; NULL draws it from R's generator.
stream_seed <- function(seed) {
  if (is.null(seed)) return(floor(stats::runif(1) * 2^53))
  check_count(seed, "seed", min = 0)
  as.numeric(seed)
}
