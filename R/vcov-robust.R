# Covariances by row: iid and heteroskedasticity-robust.

covariance_iid <- function(fit, spec, ssc) {
  refuse_without_rows(fit, "iid")
  parameters <- count_parameters(fit, ssc)
  df <- max(fit$nobs - parameters, 1)
  # Estimators whose scores are not those of least squares bring their own bread for iid errors.
  list(matrix = (fit$homoskedastic %||% fit$bread) * fit$rss / df, df = df)
}

# HC0: no factor; HC1: n / (n - K) as fixest, Stata and sandwich; HC2 and HC3 divide each squared
# residual by 1 - h and (1 - h)^2, h the leverage with all absorbed effects (MacKinnon and White
# 1985), and take no further factor, as sandwich and fixest.
covariance_hc <- function(fit, spec, ssc) {
  refuse_without_rows(fit, spec$type)
  parameters <- count_parameters(fit, ssc)
  df <- max(fit$nobs - parameters, 1)
  power <- c(HC0 = 0, HC1 = 0, HC2 = 0.5, HC3 = 1)[[spec$type]]
  factor <- if (power > 0) residual_factor(fit, power)
  meat <- call_scores(fit, kind = 0L, row_factor = factor)$sums
  scale <- if (spec$type == "HC1") fit$nobs / df else 1
  list(matrix = fit$bread %*% meat %*% fit$bread * scale, df = df)
}

# (1 - h)^-power by data row. A row that is fitted exactly (h = 1) has residual 0 and says nothing:
# its factor is 0. Leverages are right to about 1e-11, the floor of the pivots behind them.
residual_factor <- function(fit, power) {
  left <- 1 - data_leverages(fit)
  ifelse(left > 1e-9, pmax(left, 1e-9)^-power, 0)
}

# Leverage of each data row, NA where it is not used.
data_leverages <- function(fit) {
  refuse_lean(fit)
  levels <- sum(vapply(fit$absorbed_by$effects, `[[`, 1, "levels"))
  limit <- fit$solver$options$direct_limit %||% 3000L
  if (levels > limit) {
    abort("leverage", c("Exact leverages need the inverse of the system of effects.",
      x = "{levels} levels are left once {.field {fit$absorbed_by$eliminated}} is eliminated; up to {limit} are factored.",
      i = "Use {.code vcov = \"HC1\"} or clusters, or raise {.code solver = list(direct_limit = )}."
    ))
  }
  cpp_leverages(fit$absorbed_by, fit_columns(fit), fit$effects, fit$maps$regressors, fit$bread, fit$design$n_data)
}

#' @importFrom stats hatvalues
#' @export
hatvalues.pilot_fit <- function(model, ...) {
  refuse_without_rows(model, "HC3")
  used_values(data_leverages(model), model$design)
}

# Covariances by row need row scores; estimators built from unit-level moments have none. `what`: a type of
# covariance, or the function that was called.
refuse_without_rows <- function(fit, what) {
  if (!is.null(fit$maps)) return(invisible())
  shown <- if (what %in% vcov_aliases) "{.code vcov = \"{what}\"}" else "{.fn {what}}"
  none <- paste0(shown, " does not exist for {.code estimator = \"{fit$estimator}\"}.")
  if (!has_contributions(fit)) {
    abort("vcov", c(none, x = "Its variance comes from replicates of whole units, which hold their rows together."))
  }
  abort("vcov", c(none,
    x = "It is known by the contributions of whole units; there are none of rows or periods.",
    i = "Clusters by unit, its default, allow for unequal variances and for any correlation over time.",
    i = "Against correlation between units: {.code vcov = ~ province}, or {.fn conley_vcov} without a lag."
  ))
}
