# formula + data -> panel_design(): the rows that are used and why others are not, numeric
# columns, identifiers as integers. Everything is as long as the data: `rows` says which rows are
# used and in which order (NULL: all of them, as they come), so that no column is ever copied.

#' From a formula and data to the design of an estimation
#'
#' The first step of every verb: finds the columns, codes the identifiers,
#' drops the rows that cannot be used (and counts them), and derives the cohort
#' of each unit from its treatment status. Exported for those who write their
#' own estimators on the package's engine.
#'
#' @inheritParams pilot_did
#' @param subset A logical vector, row numbers, or a one-sided formula evaluated in `data`.
#' @param weights A column name, a one-sided formula, or a numeric vector with one value a row.
#' @param cluster Columns, as names or a one-sided formula, that later clusterings need: rows
#'   where they are missing are dropped now.
#' @return A list of class `pilot_design`: `outcome` and `regressors` (full-length columns), `rows`
#'   (used rows in unit-time order, counted from 0, or `NULL`), `start` (where each unit begins),
#'   `unit`, `time` (codes and values), `effects`, `treatment`, `weights`, `flow` (rows dropped at
#'   each step). `print()` shows the row flow.
#' @section Errors: classes `pilotdid_error_*`: `formula`, `unknown_column`, `empty`, `outcome`,
#'   `infinite`, `weights`, `duplicates`, `periods`, `no_treated`, `all_treated`,
#'   `treatment_absorbed`, `cohort`.
#' @examples
#' panel <- simulate_pilot(seed = 1)
#' panel_design(y ~ status | unit + time, panel)
#' @export
panel_design <- function(formula, data, treatment = NULL, weights = NULL, subset = NULL,
                         panel = NULL, cohort = NULL, cluster = NULL,
                         drop_singletons = TRUE, duplicates = c("error", "allow")) {
  check_data(data)
  parsed <- parse_formula(formula)
  env <- parsed$environment
  panel_exprs <- as_exprs(panel, "panel")
  cluster_exprs <- as_exprs(cluster, "cluster")
  check_variables(
    c(formula, panel_exprs, cluster_exprs, lapply(cohort, as.name)), data, env
  )

  ids <- read_identifiers(parsed, data, env, panel_exprs)
  # Terms may hold lag(), lead() and diff(), which need the unit and the time of each row.
  env <- panel_mask(env, ids$unit, ids$time, nrow(data))
  design <- c(read_columns(parsed, data, env), list(weights = read_weights(weights, data)), ids)
  design <- c(design, read_clusters(cluster_exprs, data, env))
  design <- keep_rows(design, read_subset(subset, data, env), drop_singletons)
  design <- index_rows(design, check_choice(duplicates, c("error", "allow"), "duplicates"))
  design <- resolve_treatment(design, treatment, cohort, data)
  design$formula <- formula
  class(design) <- "pilot_design"
  design
}

# Outcome, regressors, endogenous variables and instruments, all full length.
read_columns <- function(parsed, data, env) {
  intercept <- length(parsed$effects) == 0L
  outcome <- eval_in(parsed$outcome, data, env)
  label <- expr_label(parsed$outcome)
  if (!is_plain_column(outcome) || length(outcome) != nrow(data)) {
    abort("outcome", c("The outcome must be one numeric column.",
      x = "{.field {label}} is {.obj_type_friendly {outcome}}.",
      i = if (is.character(outcome) || is.factor(outcome)) "Convert it with {.fn as.numeric} once you know why it is not a number."
    ))
  }
  list(
    outcome = outcome,
    outcome_name = label,
    regressors = build_columns(parsed$regressors, data, env, intercept),
    endogenous = build_columns(parsed$endogenous, data, env, FALSE),
    instruments = build_columns(parsed$instruments, data, env, FALSE),
    intercept = intercept
  )
}

# The absorbed effects, and which of them are the unit and the time.
read_identifiers <- function(parsed, data, env, panel_exprs) {
  design <- list()
  if (!parsed$has_effects_part && !length(panel_exprs)) {
    abort("no_panel", c("{.arg formula} names no unit and no time.",
      i = "Write {.code y ~ treated | unit + time}, or {.code | 0} for no effects."
    ))
  }
  design$effects <- lapply(parsed$effects, function(e) {
    coded <- code_effect(e$expr, data, env)
    coded$intercept <- e$intercept
    coded$slopes <- lapply(e$slopes, function(s) {
      slope <- eval_in(s, data, env)
      if (!is_plain_column(slope)) {
        abort("formula", c("The slope variable {.code {expr_label(s)}} must be numeric.",
          x = "It is {.obj_type_friendly {slope}}."
        ))
      }
      slope
    })
    names(coded$slopes) <- vapply(e$slopes, expr_label, "")
    coded
  })
  names(design$effects) <- names(parsed$effects)
  if (length(panel_exprs)) {
    find_id <- function(i) {
      if (i > length(panel_exprs)) return(NULL)
      design$effects[[expr_label(panel_exprs[[i]])]] %||% code_effect(panel_exprs[[i]], data, env)
    }
    design$unit <- find_id(1L)
    design$time <- find_id(2L)
  } else if (length(design$effects)) {
    design$unit <- design$effects[[1L]]
    if (length(design$effects) > 1L) design$time <- time_within(design$unit, design$effects[[2L]], data, env)
  }
  design
}

# `| city + province^year` has no time of its own: within a city it is the year. Parts that never change within units
# are left out, or each province would have periods that no other has.
time_within <- function(unit, second, data, env) {
  factors <- split_call(second$expr, "^")
  if (length(factors) < 2L) return(second)
  fixed <- vapply(factors, function(f) is_fixed_within(code_effect(f, data, env)$code, unit$code), TRUE)
  if (!any(fixed) || all(fixed)) return(second)
  code_effect(join_call(factors[!fixed], "^"), data, env)
}

is_fixed_within <- function(code, group) {
  known <- !is.na(code) & !is.na(group)
  all(code[known] == code[known][match(group[known], group[known])])
}

# Clusterings named at fit time, coded among all rows.
read_clusters <- function(exprs, data, env) {
  clusters <- lapply(exprs, code_effect, data = data, env = env)
  names(clusters) <- vapply(exprs, expr_label, "")
  list(clusters = clusters)
}

read_weights <- function(weights, data) {
  if (is.null(weights)) return(NULL)
  label <- "weights"
  if (inherits(weights, "formula")) {
    label <- expr_label(weights[[length(weights)]])
    check_variables(list(weights), data, environment(weights))
    weights <- eval_in(weights[[length(weights)]], data, environment(weights))
  } else if (is.character(weights) && length(weights) == 1L) {
    label <- weights
    check_columns(weights, data)
    weights <- .subset2(data, weights)
  }
  if (!is_plain_column(weights) || is.logical(weights) || length(weights) != nrow(data)) {
    abort("weights", c("{.arg weights} must be numeric, one value for each row of the data.",
      x = "It is {.obj_type_friendly {weights}} of length {length(weights)}; the data has {nrow(data)} row{?s}."
    ))
  }
  bad <- which(is.na(weights) | weights < 0)
  if (length(bad)) {
    abort("weights", c("Weights must be known and not negative.",
      x = "{.field {label}} is missing or negative in {length(bad)} row{?s}: {first_few(bad)}.",
      i = "Drop these rows with {.arg subset} if that is meant."
    ))
  }
  weights
}

# -> NULL (all rows) or raw flags.
read_subset <- function(subset, data, env) {
  if (is.null(subset)) return(NULL)
  if (inherits(subset, "formula")) {
    check_variables(list(subset), data, environment(subset))
    subset <- eval_in(subset[[length(subset)]], data, environment(subset))
  }
  n <- nrow(data)
  if (is.logical(subset) && length(subset) == n) {
    return(as.raw(!is.na(subset) & subset))
  }
  if (is.numeric(subset) && !anyNA(subset) && all(abs(subset) <= n)) {
    flags <- raw(n)
    flags[subset] <- as.raw(1L)
    return(flags)
  }
  abort("subset", c("{.arg subset} must be logical with one value a row, or row numbers.",
    x = "It is {.obj_type_friendly {subset}} of length {length(subset)}; the data has {n} row{?s}."
  ))
}

#' @export
print.pilot_design <- function(x, ...) {
  cat("Design: ", expr_label(x$formula), "\n", sep = "")
  print_flow(x)
  invisible(x)
}

print_flow <- function(design) {
  flow <- row_flow(design)
  shown <- flow[flow$step %in% c("data", "used") | flow$dropped > 0, ]
  print(as.data.frame(shown), row.names = FALSE)
}

# The table of rows: one step a row, with what it dropped and what was left.
row_flow <- function(design) {
  steps <- design$flow
  tibble::tibble(
    step = c("data", names(steps), "used"),
    dropped = c(0, unname(steps), 0),
    rows = c(design$n_data, design$n_data - cumsum(unname(steps)), design$n)
  )
}
