# The same estimator on a changed design: another outcome, further regressors, fewer rows. What a
# fit was asked to do is in `fit$request`; nothing is evaluated again from its call.

# Regressions of several horizons apply their own factors, and leave none to the fit's convention.
refit <- function(fit, design) {
  request <- fit$request
  new <- dropped_once(do.call(estimators()[[fit$estimator]], c(
    list(design, fit$data,
      vcov = portable_spec(fit), ssc = if (inherits(fit, "pilot_dynamic")) request$ssc else fit$ssc, solver = request$solver, call = fit$call,
      control_group = request$control_group, anticipation = request$anticipation
    ),
    request$options
  ), quote = TRUE))
  new$request <- request
  new
}

# A covariance matrix that the user typed in belongs to one fit.
portable_spec <- function(fit) {
  spec <- fit$vcov_spec
  if (spec$type != "user" || is.function(spec$value)) return(spec_as_vcov(spec))
  abort("vcov", c("The covariance of this fit is a matrix of the user's, which other fits cannot have.",
    i = "Fit with {.code vcov = ~ cluster}, a name, or a function of the fit."
  ))
}

used_flags <- function(design) {
  if (is.null(design$keep)) rep(TRUE, design$n_data) else design$keep == as.raw(1L)
}

with_outcome <- function(design, outcome, name) {
  design$outcome <- outcome
  design$outcome_name <- name
  design
}

# Further columns go last; those of the same name are replaced.
with_regressors <- function(design, columns) {
  old <- design$regressors
  new <- utils::modifyList(unclass_columns(old), columns)
  attr(new, "first") <- attr(old, "first")
  design$regressors <- new
  design
}

unclass_columns <- function(columns) set_names(as.list(unname(columns)), names(columns))

# `~ a + log(b)` or c("a", "b") -> named list of numeric columns as long as the data.
named_columns <- function(x, fit, name) {
  refuse_lean(fit)
  exprs <- as_exprs(x, name)
  env <- environment(fit$formula)
  check_variables(exprs, fit$data, env)
  columns <- lapply(exprs, eval_in, data = fit$data, env = env)
  names(columns) <- vapply(exprs, expr_label, "")
  wrong <- !vapply(columns, is_plain_column, TRUE) | lengths(columns) != nrow(fit$data)
  if (any(wrong)) {
    abort("not_numeric", c("{.arg {name}} must hold numeric columns.",
      x = "{.field {names(columns)[wrong]}} {?is/are} not numeric."
    ))
  }
  infinite <- vapply(columns, function(x) any(is.infinite(x) & used_flags(fit$design)), TRUE)
  if (any(infinite)) {
    abort("infinite", c("Values must be finite.",
      x = "{.field {names(columns)[infinite]}} {?is/are} infinite in rows of the fit.",
      i = "A logarithm of zero is the usual cause; set such values to {.code NA} to drop the rows."
    ))
  }
  columns
}

# Estimates that are compared between groups and outcomes: the treatment's coefficients, or the
# overall effect of an estimator that averages cells.
headline_terms <- function(fit) {
  if ("ATT" %in% names(fit$coefficients)) return("ATT")
  intersect(fit$design$treatment$names, names(fit$coefficients))
}

# Methods that rest on least squares with absorbed effects say so.
refuse_other_estimators <- function(fit, verb) {
  if (identical(fit$estimator, "twfe") && !length(fit$design$endogenous)) return(invisible())
  abort("estimator", c("{.fn {verb}} is defined for two-way fixed effects by least squares.",
    x = "The fit is of {.val {fit$estimator}}.",
    i = "Fit with {.code estimator = \"twfe\"}."
  ))
}

check_fit <- function(fit, name = "fit") {
  if (!inherits(fit, "pilot_fit")) {
    abort("argument", c("{.arg {name}} must be a fit of {.fn pilot_did}.",
      x = "It is {.obj_type_friendly {fit}}."
    ))
  }
  refuse_lean(fit)
}

# A seed for the core's streams, drawn from R's generator so that set.seed() works.
draw_seed <- function(seed) {
  if (is.null(seed)) return(floor(stats::runif(1) * 2^52))
  check_count(seed, "seed", min = 0)
  seed
}

# A column's value for each unit in one period, spread over the unit's rows: characteristics
# fixed before the pilot. NA for units not observed then.
baseline_values <- function(column, fit, period) {
  design <- fit$design
  times <- design$time$values
  at <- match(as.character(period), as.character(times))
  if (is.na(at)) {
    abort("base_period", c("{.arg base_period} must be a period of the fit.",
      x = "{.val {format(period)}} is no value of {.field {design$time$label}}: {first_few(times)}."
    ))
  }
  joined <- design$treatment$cohort[design$treatment$cohort >= 0L]
  # `at` counts from 1, cohorts from 0.
  if (length(joined) && at > min(joined)) {
    first <- format(times[min(joined) + 1L])
    abort("base_period", c("{.arg base_period} must lie before the pilot.",
      x = "{.val {format(period)}} is not before {.val {first}}, when the first units join.",
      i = "A value measured later may itself be an effect of the pilot."
    ))
  }
  used <- which(used_flags(design) & design$time$code == at - 1L)
  value <- rep(NA, length(design$unit$values))
  value[design$unit$code[used] + 1L] <- column[used]
  value[design$unit$code + 1L]
}
