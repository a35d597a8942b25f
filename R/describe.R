#' Describe a panel: variables, correlations, balance, cohorts, treatment status
#'
#' The tables that open an empirical section, in one call.
#'
#' With \eqn{\bar x_i} the mean of unit \eqn{i} and \eqn{\bar x} of all rows, as
#' Stata's `xtsum`,
#' \deqn{s_{between}^2 = \frac{1}{N_u - 1} \sum_i (\bar x_i - \tilde x)^2, \quad
#'   s_{within}^2 = \frac{1}{N - 1} \sum_{it} (x_{it} - \bar x_i)^2,}
#' where \eqn{\tilde x} is the mean of the \eqn{N_u} unit means and \eqn{N} the
#' number of rows. Quantiles are of type 2, as in Stata's `summarize, detail`.
#'
#' @param data Data frame, tibble or data.table.
#' @param columns Columns to describe: names, or a formula such as
#'   `~ gdp + wage`. `NULL` for all numeric columns but unit, time and cohort.
#' @param unit,time Names of the unit and of the time column, for everything
#'   that concerns the panel.
#' @param status Name of the 0/1 treatment status, for cohorts and the picture.
#' @param cohort Name of a column with each unit's first treated period
#'   (0, `NA` and `Inf` mean never), instead of `status`.
#' @param ... Must be empty.
#'
#' @return An object of class `pilot_description`. `tidy()` gives one of its
#'   tables by `what =`:
#'   * `"summary"`: `variable`, `n`, `missing`, `mean`, `sd`, `min`, `p25`,
#'     `median`, `p75`, `max`, `sd.between`, `sd.within`;
#'   * `"correlation"`: one row a pair, `variable1`, `variable2`, `estimate`,
#'     `statistic`, `p.value`, `n` (pairwise complete rows);
#'   * `"balance"`: `statistic`, `value`: rows, units, periods, rows a unit,
#'     gaps, duplicates;
#'   * `"patterns"`: which periods units have, most frequent first;
#'   * `"cohorts"`: `cohort`, `units`, `share`, `rows`, `treated.rows`.
#'
#'   `plot()` and `autoplot()` draw the treatment status of units by time.
#' @section Errors: columns that are unknown or not numeric; a status that is
#'   not 0/1; with a status, a unit with two rows in one period. Infinite cells
#'   warn.
#' @section When not to use it: unit and period means say nothing about
#'   identification; for balance between treated and control units see the
#'   matching functions.
#' @examples
#' panel <- data.frame(city = rep(1:20, each = 6), year = 2012:2017, gdp = rnorm(120))
#' panel$pilot <- as.integer(panel$city <= 6 & panel$year >= 2015)
#' description <- describe_panel(panel, unit = "city", time = "year", status = "pilot")
#' description
#' tidy(description, what = "cohorts")
#' plot(description)
#' @export
describe_panel <- function(data, columns = NULL, unit = NULL, time = NULL, status = NULL,
                           cohort = NULL, ...) {
  rlang::check_dots_empty()
  check_data(data)
  keys <- list(unit = unit, time = time, status = status, cohort = cohort)
  for (what in names(keys)) keys[what] <- list(one_column(keys[[what]], data, what, optional = TRUE))
  columns <- described_columns(columns, data, keys)
  warn_infinite(columns, data)
  panel <- panel_ids(data, keys)
  paths <- panel_paths(data, keys, panel)

  structure(list(
    summary = summary_table(data, columns, panel$unit),
    correlation = correlation_table(data, columns),
    balance = if (!is.null(panel)) balance_table(panel),
    patterns = if (!is.null(panel)) pattern_table(panel),
    cohorts = if (!is.null(paths)) cohort_table(paths, panel),
    panel = panel, paths = paths, keys = keys, rows = nrow(data)
  ), class = "pilot_description")
}

described_columns <- function(columns, data, keys) {
  if (!is.null(columns)) {
    columns <- column_names(columns, "columns")
    check_columns(columns, data)
    return(check_numeric_columns(columns, data))
  }
  # The status of a panel is worth a row; flags of filled cells and other logicals are not.
  candidates <- setdiff(names(data), unlist(keys[c("unit", "time", "cohort")]))
  plain <- vapply(candidates, function(name) {
    is_plain_number(data[[name]]) && (!is.logical(data[[name]]) || identical(name, keys$status))
  }, NA)
  if (!any(plain)) abort("not_numeric", "{.arg data} has no numeric columns to describe.")
  candidates[plain]
}

warn_infinite <- function(columns, data) {
  infinite <- lapply(set_names(columns), function(name) which(is.infinite(data[[name]])))
  infinite <- infinite[lengths(infinite) > 0L]
  if (!length(infinite)) return(invisible())
  warn("infinite", c("Infinite cells leave no mean, standard deviation or correlation.",
    x = "Infinite: {.field {infinite_cells(infinite)}}.", i = "Look for divisions by zero and logs of zero."
  ), columns = names(infinite), rows = sort(unique(unlist(infinite))))
}

# One row a variable.
summary_table <- function(data, columns, unit) {
  rows <- lapply(columns, function(name) {
    x <- as.numeric(data[[name]])
    seen <- !is.na(x)
    v <- x[seen]
    q <- stats::quantile(v, c(0, .25, .5, .75, 1), type = 2, names = FALSE)
    spread <- if (is.null(unit)) c(NA, NA) else spread_by_unit(v, unit$code[seen])
    c(
      length(v), sum(!seen), if (length(v)) mean(v) else NA, stats::sd(v), q, spread
    )
  })
  table <- do.call(rbind, rows)
  colnames(table) <- c(
    "n", "missing", "mean", "sd", "min", "p25", "median", "p75", "max", "sd.between", "sd.within"
  )
  tibble::new_tibble(c(list(variable = columns), as.list(as.data.frame(table))), nrow = length(columns))
}

# Between and within standard deviation, rows without a unit left out.
spread_by_unit <- function(v, code) {
  known <- !is.na(code)
  v <- v[known]
  code <- code[known]
  if (length(v) < 2L) return(c(NA, NA))
  sums <- rowsum(v, code, reorder = FALSE)
  sizes <- rowsum(rep(1, length(v)), code, reorder = FALSE)
  means <- sums / sizes
  within <- v - means[match(code, rownames(means))]
  c(stats::sd(means), sqrt(sum(within^2) / (length(v) - 1)))
}

# One row a pair, over the rows in which both are known.
correlation_table <- function(data, columns) {
  k <- length(columns)
  if (k < 2L) return(NULL)
  x <- vapply(columns, function(name) as.numeric(data[[name]]), numeric(nrow(data)))
  known <- !is.na(x)
  # A constant column has no correlation: NA, which needs no warning.
  r <- suppressWarnings(stats::cor(x, use = "pairwise.complete.obs"))
  n <- crossprod(known)
  pair <- which(lower.tri(r), arr.ind = TRUE)
  estimate <- r[pair]
  df <- n[pair] - 2
  statistic <- ifelse(df > 0, estimate * sqrt(df / pmax(1 - estimate^2, 0)), NA)
  tibble::tibble(
    variable1 = columns[pair[, 1]], variable2 = columns[pair[, 2]], estimate = estimate,
    statistic = statistic, p.value = 2 * stats::pt(-abs(statistic), pmax(df, 1)), n = n[pair]
  )
}
