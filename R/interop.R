# What other packages ask of a fit, registered when they are loaded; none is imported. sandwich's part is in
# sandwich.R.

# insight, parameters, modelsummary ------------------------------------------------------------

#' @exportS3Method insight::find_statistic
find_statistic.pilot_fit <- function(x, ...) if (is.finite(df.residual(x))) "t-statistic" else "z-statistic"

#' @exportS3Method insight::find_statistic
find_statistic.pilot_spatial <- function(x, ...) "z-statistic"

#' @exportS3Method insight::find_statistic
find_statistic.pilot_event <- find_statistic.pilot_fit

#' @exportS3Method insight::get_df
get_df.pilot_fit <- function(x, ...) df.residual(x)

#' @exportS3Method insight::get_df
get_df.pilot_spatial <- get_df.pilot_fit

#' @exportS3Method insight::get_df
get_df.pilot_event <- get_df.pilot_fit

#' @exportS3Method insight::get_statistic
get_statistic.pilot_fit <- function(x, ...) {
  t <- tidy(x)
  structure(data.frame(Parameter = t$term, Statistic = t$statistic), statistic = find_statistic.pilot_fit(x))
}

#' @exportS3Method insight::get_statistic
get_statistic.pilot_spatial <- function(x, ...) structure(get_statistic.pilot_fit(x), statistic = "z-statistic")

# A covariance asked for elsewhere, such as modelsummary(vcov = ~ province), is ours: same conventions as
# with `vcov =` of the fit.
#' @exportS3Method insight::get_varcov
get_varcov.pilot_fit <- function(x, vcov = NULL, vcov_args = NULL, ...) {
  if (is.null(vcov)) return(stats::vcov(x))
  if (is.matrix(vcov)) return(vcov)
  if (is.function(vcov)) return(do.call(vcov, c(list(x), vcov_args)))
  cluster <- vcov_args$cluster
  if (identical(vcov, "vcovCL")) vcov <- cluster %||% "cluster"
  if (identical(vcov, "vcovHC")) vcov <- vcov_args$type %||% "HC1"
  stats::vcov(x, vcov = vcov)
}

#' @exportS3Method insight::get_varcov
get_varcov.pilot_spatial <- get_varcov.pilot_fit

#' @exportS3Method insight::get_varcov
get_varcov.pilot_event <- function(x, ...) stats::vcov(x)

# parameters looks for the classes that it knows; this is the table that it would make.
#' @exportS3Method parameters::model_parameters
model_parameters.pilot_fit <- function(model, ci = 0.95, vcov = NULL, vcov_args = NULL, ...) {
  if (!is.null(vcov)) vcov <- get_varcov.pilot_fit(model, vcov, vcov_args)
  parameter_frame(tidy(model, conf.level = ci, vcov = vcov), ci, df.residual(model))
}

#' @exportS3Method parameters::model_parameters
model_parameters.pilot_spatial <- model_parameters.pilot_fit

#' @exportS3Method parameters::model_parameters
model_parameters.pilot_event <- function(model, ci = 0.95, ...) {
  parameter_frame(tidy(model, conf.level = ci), ci, df.residual(model))
}

parameter_frame <- function(table, ci, df) {
  statistic <- set_names(list(table$statistic), if (is.finite(df)) "t" else "z")
  out <- data.frame(Parameter = table$term, Coefficient = table$estimate, SE = table$std.error, CI = ci,
    CI_low = table$conf.low, CI_high = table$conf.high, statistic, df_error = df, p = table$p.value
  )
  structure(out, ci = ci, class = c("parameters_model", "see_parameters_model", "data.frame"))
}

# performance knows the classes that it knows; this is the row that it would make.
#' @exportS3Method performance::model_performance
model_performance.pilot_fit <- function(model, ...) {
  g <- glance(model)
  names <- c(AIC = "AIC", BIC = "BIC", R2 = "r.squared", R2_adjusted = "adj.r.squared", R2_within = "within.r.squared", Sigma = "sigma")
  found <- names[names %in% names(g)]
  out <- as.data.frame(set_names(lapply(found, function(name) g[[name]]), names(found)))
  if (!length(found)) {
    abort("not_available", c("There is no measure of fit of {.code estimator = \"{model$estimator}\"}.",
      i = "It estimates effects; it fits no value for a row."
    ))
  }
  structure(out, class = c("performance_model", "data.frame"))
}

#' @exportS3Method performance::model_performance
model_performance.pilot_spatial <- model_performance.pilot_fit

#' @exportS3Method performance::r2
r2.pilot_spatial <- function(model, ...) structure(list(R2 = c(R2 = spatial_r_squared(model))), class = "r2_generic")

# Rows that every regression table with effects shows.
#' @exportS3Method modelsummary::glance_custom
glance_custom.pilot_fit <- function(x, ...) {
  labels <- effect_labels(x$design)
  effects <- set_names(rep(list("X"), length(labels)), paste("FE:", labels)[seq_along(labels)])
  # Under this name it gives way to what is asked for by modelsummary(vcov = ).
  as.data.frame(c(effects, list(vcov.type = x$covariance$label)), check.names = FALSE)
}

#' @exportS3Method modelsummary::glance_custom
glance_custom.pilot_spatial <- glance_custom.pilot_fit

# marginaleffects -------------------------------------------------------------------------------

# The standard error of a level would have to hold the uncertainty of the absorbed effects, which are not
# among the coefficients. Slopes, comparisons and hypotheses do not depend on them.
#' @exportS3Method marginaleffects::sanitize_model_specific
sanitize_model_specific.pilot_fit <- function(model, vcov = TRUE, calling_function = "predictions", ...) {
  levels <- identical(calling_function, "predictions") && length(model$design$effects) && !isFALSE(vcov)
  if (!levels) return(model)
  abort("not_available", c("Predicted levels have no standard errors when effects are absorbed.",
    x = "The effects of {.field {effect_labels(model$design)}} are no coefficients of the fit.",
    i = "Set {.code vcov = FALSE}, or ask for slopes or comparisons."
  ))
}

# emmeans ---------------------------------------------------------------------------------------

# Absorbed effects are left out: levels are relative to them, contrasts and trends do not depend on them.
#' @exportS3Method emmeans::recover_data
recover_data.pilot_fit <- function(object, data = NULL, ...) {
  refuse_lean(object)
  parsed <- parse_formula(object$formula)
  exprs <- Filter(Negate(is.null), list(parsed$regressors, parsed$endogenous))
  formula <- make_formula(join_call(exprs, "+"), environment(object$formula))
  emmeans::recover_data(object$call, stats::delete.response(stats::terms(formula)), NULL, data = as.data.frame(unclass_data(data %||% object$data)), ...)
}

#' @exportS3Method emmeans::emm_basis
emm_basis.pilot_fit <- function(object, trms, xlev, grid, ...) {
  columns <- c(
    columns_on(object$design$regressors, grid, environment(object$formula)),
    columns_on(object$design$endogenous, grid, environment(object$formula))
  )
  x <- do.call(cbind, lapply(columns[names(object$coefficients)], as.numeric))
  list(
    X = x, bhat = unname(object$coefficients), nbasis = matrix(NA), V = object$vcov,
    dffun = function(k, dfargs) dfargs$df, dfargs = list(df = df.residual(object)),
    misc = list(initMesg = "Absorbed effects are left out: levels are relative to them.")
  )
}

# clubSandwich ----------------------------------------------------------------------------------

# Its formulas need the regressors with the effects partialled out, and for CR2 and CR4 the effects
# themselves as columns.
#' @exportS3Method clubSandwich::model_matrix
model_matrix.pilot_fit <- function(obj) {
  refuse_club(obj)
  stats::model.matrix(obj, partialled_out = TRUE)
}

#' @exportS3Method clubSandwich::augmented_model_matrix
augmented_model_matrix.pilot_fit <- function(obj, cluster, inverse_var, ignore_FE) {
  if (ignore_FE || !length(obj$design$effects)) return(NULL)
  slopes <- lengths(lapply(obj$design$effects, `[[`, "slopes")) > 0L
  if (any(slopes)) abort("not_available", "CR2 and CR4 are not available with slopes that differ between units.")
  dummies <- lapply(obj$design$effects, function(e) {
    code <- factor(used_values(e$code, obj$design))
    stats::model.matrix(~ 0 + code)
  })
  all <- do.call(cbind, dummies)
  # A basis: the dummies of two effects have a sum in common.
  basis <- qr(all)
  all[, basis$pivot[seq_len(basis$rank)], drop = FALSE]
}

refuse_club <- function(fit) {
  if (identical(fit$estimator, "twfe") && !isTRUE(fit$lean)) return(invisible())
  abort("not_available", c("{.pkg clubSandwich} works on two-way fixed effects fits.",
    x = "This is a fit with {.code estimator = \"{fit$estimator}\"}."
  ))
}

# tinyplot --------------------------------------------------------------------------------------

#' @exportS3Method tinyplot::tinyplot
tinyplot.pilot_event <- function(x, xlab = figure_word("Periods since the pilot"), ylab = figure_word("Effect"), type = "pointrange", ...) {
  t <- tidy(x)
  low <- ifelse(is.na(t$conf.low), t$estimate, t$conf.low)
  high <- ifelse(is.na(t$conf.high), t$estimate, t$conf.high)
  tinyplot::tinyplot(t$event_time, t$estimate, ymin = low, ymax = high, type = type, xlab = xlab, ylab = ylab, ...)
}
