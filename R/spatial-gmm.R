# method = "gmm": estimation by moments, in the form that spatial_result() reads.

spatial_gmm <- function(fit, vcov) {
  judged <- cpp_spatial_standing(fit$panel)
  if (any(judged$standing != 0L)) return(judged)
  spec <- fit$spec
  W <- fit$weights
  # Only this many units' real eigenvalues are worth finding for the exact range.
  radius <- if (W$row_standardized) 1 else cpp_spectral_radius(W)$value
  raw <- cpp_spatial_gmm(fit$panel, list(
    rho = spec$terms[["rho"]], lambda = spec$terms[["lambda"]], bias = bias_corrections[["none"]], method = 1L,
    covariance = c(classical = 0L, qml = 1L, cluster = 2L)[[vcov$type]], cluster = vcov$codes %||% integer(),
    clusters = vcov$levels %||% 0L, exact_limit = 5000L, seed = spec$seed
  ), -1 / radius, 1 / radius)
  refuse_unidentified(raw)
  raw$range <- c(-1, 1) / radius
  if (spec$terms[["rho"]] && abs(raw$rho) * radius >= 1) raw$at_border <- TRUE
  if (raw$at_border) return(c(raw, list(standing = judged$standing)))
  raw$multipliers <- cpp_spatial_multipliers(W, raw$rho, spec$terms[["rho"]], 1L)
  raw$covariance <- insert_lambda(raw$covariance, spec$terms)
  c(raw, list(
    standing = judged$standing, log_likelihood = NA_real_, within_total = judged$within_total, exact_traces = TRUE,
    evaluations = NA_integer_
  ))
}

refuse_unidentified <- function(raw) {
  if (raw$identified) return(invisible())
  abort("not_identified", c("The spatial lag has no instruments.",
    x = "Every lag of the regressors is a combination of the regressors themselves.",
    i = "Use {.code method = \"ml\"}, or regressors that vary between neighbors."
  ))
}

# Generalized moments give lambda without a standard error (Kelejian and Prucha 1999).
insert_lambda <- function(v, terms) {
  if (!terms[["lambda"]]) return(v)
  at <- 1L + terms[["rho"]]
  out <- matrix(NA_real_, nrow(v) + 1L, ncol(v) + 1L)
  out[-at, -at] <- v
  out
}
