# The result of every estimator with coefficients and a covariance: class `pilot_fit`.

new_fit <- function(estimator, ...) {
  fit <- list(estimator = estimator, ...)
  fit$formula <- fit$design$formula
  fit$nobs <- fit$design$n
  fit$rank <- length(fit$coefficients)
  class(fit) <- c(paste0("pilot_", estimator), "pilot_fit")
  fit
}

set_vcov <- function(fit, spec) {
  covariance <- compute_vcov(fit, spec)
  fit$vcov <- covariance$matrix
  fit$vcov_spec <- spec
  fit$covariance <- covariance[c("label", "type", "df", "clusters")]
  fit
}

# A copy of the fit with another covariance; the estimates stay as they are.
with_vcov <- function(fit, vcov = NULL, ssc = NULL) {
  if (is.null(vcov) && is.null(ssc)) return(fit)
  if (!is.null(ssc)) fit$ssc <- small_sample(ssc)
  spec <- if (is.null(vcov)) fit$vcov_spec %||% vcov_spec(NULL, fit) else vcov_spec(vcov, fit)
  set_vcov(fit, spec)
}

# Drops what grows with the data. Coefficients, covariance, tests and tables stay.
lean_fit <- function(fit) {
  keep <- c("n", "n_data", "flow", "formula", "outcome_name", "treatment")
  ids <- lapply(fit$design[c("unit", "time")], function(id) if (!is.null(id)) id[c("label", "values")])
  effects <- lapply(fit$design$effects, function(e) list(label = e$label, values = e$values, intercept = e$intercept))
  fit$design <- c(fit$design[keep], ids, list(effects = effects))
  fit[c("data", "scores", "absorbed_by", "effects", "unit_influence_by")] <- NULL
  fit
}
