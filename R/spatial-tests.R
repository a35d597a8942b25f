# Which spatial model: tests before and after, in one table, with the usual reading.

#' Specification tests of spatial panel models
#'
#' One table of the tests by which the field chooses a model:
#' - `lm_lag`, `lm_error`, `robust_lm_lag`, `robust_lm_error`: Lagrange multiplier tests on the residuals of the model
#'   without spatial terms, with no effects, unit effects, time effects and both (`effects`).
#' - `lr_unit`, `lr_time`, `lr_twoway`: are the unit effects (given the time effects), the time effects, or both jointly zero?
#'   From the direct likelihoods of the spatial model.
#' - `wald_sdm_sar`, `lr_sdm_sar`: can the Durbin model be reduced to a spatial lag (\eqn{\theta = 0})?
#' - `wald_sdm_sem`, `lr_sdm_sem`: to a spatial error (\eqn{\theta + \rho\beta = 0})? Needs a lag of every regressor.
#' - `hausman`, `mundlak`: are the unit effects random? The contrast of the estimates of \eqn{\rho}, \eqn{\beta} and \eqn{\theta}, and the
#'   likelihood ratio of the random effects model with and without the units' means of the regressors (Debarsy 2012), which needs no
#'   difference of covariances and is always defined.
#'
#' Degrees of freedom are counted from the columns that the models have.
#'
#' @section Centering: With time effects the residuals sum to zero in every period, and \eqn{e'We/\sigma^2} has the mean
#'   \eqn{-(T-1)\,1'W1/N} also without spatial dependence: the trace of \eqn{JWJ} in the score of the likelihood free of the
#'   effects. `center = TRUE` takes it off; `center = FALSE` gives the formulas for plain
#'   demeaned data, which reject too often where \eqn{T} is large and \eqn{N} is not.
#'
#' @param fit A fit of [spatial_did()], of any model, by maximum likelihood. The tests take its outcome, regressors, weights,
#'   lagged columns and effects.
#' @param center Center the Lagrange multiplier tests?
#' @param level The level of the reading in words.
#' @return A list of class `pilot_spatial_tests`. `tidy()`: `test`, `effects`, `statistic`, `df`, `p.value`, `hypothesis`, `note`.
#'   `print()` adds the reading.
#' @references
#' Anselin, Bera, Florax and Yoon (1996), Simple diagnostic tests for spatial dependence, *Regional Science and Urban Economics* 26.
#'
#' Debarsy and Ertur (2010), Testing for spatial autocorrelation in a fixed effects panel data model, *Regional Science and Urban Economics* 40.
#'
#' Debarsy (2012), The Mundlak approach in the spatial Durbin panel data model, *Spatial Economic Analysis* 7.
#'
#' Elhorst (2014), *Spatial Econometrics*.
#' @examples
#' W <- spatial_weights(pilot_cities, "code", ~ longitude + latitude, k = 5)
#' fit <- spatial_did(resilience ~ status + fdi | code + year, pilot_cities, W)
#' spatial_tests(fit)
#' @export
spatial_tests <- function(fit, center = TRUE, level = 0.05) {
  if (!inherits(fit, "pilot_spatial") || fit$spec$method != "ml") {
    abort("argument", c("{.arg fit} must be a fit of {.fn spatial_did} by maximum likelihood.", x = "It is {.obj_type_friendly {fit}}."))
  }
  check_flag(center, "center")
  check_number(level, "level", 0, 1, open = TRUE)
  if (fit$spec$spillover == "split") {
    abort("argument", c("The tests are for models with one coefficient on {.code W:{fit$design$treatment$names}}.",
      i = "Fit again with {.code spillover = \"pooled\"}."
    ))
  }
  durbin <- refit_spatial(fit, "sdm")
  table <- rbind(lagrange_rows(fit, center), effect_rows_lr(durbin), restriction_rows(durbin), random_rows(durbin))
  table$p.value <- stats::pchisq(table$statistic, table$df, lower.tail = FALSE)
  order <- c("test", "effects", "statistic", "df", "p.value", "hypothesis", "note")
  structure(list(
    table = tibble::as_tibble(table[order]), level = level, center = center, weights = fit$weights$label, effects = effects_label(fit$panel)
  ), class = "pilot_spatial_tests")
}

spatial_test_row <- function(test, effects, statistic, df, hypothesis, note = "") {
  data.frame(test = test, effects = effects, statistic = statistic, df = df, hypothesis = hypothesis, note = note)
}

effects_label <- function(panel) {
  c("none", "unit", "time", "unit + time")[1L + panel$unit_effects + 2L * panel$time_effects]
}

# The same data with another model, other effects, or another correction: columns are lagged or dropped as needed.
refit_spatial <- function(fit, model, unit = fit$panel$unit_effects, time = fit$panel$time_effects, bias = fit$spec$bias) {
  spec <- fit$spec
  panel <- fit$panel
  spec[c("model", "terms", "bias")] <- list(model, spatial_models[[model]], bias)
  panel <- with_lags(panel, fit, spec$terms[["lag"]])
  panel[c("unit_effects", "time_effects")] <- list(unit, time)
  if (!unit && !time && !"(Intercept)" %in% panel$base) {
    panel$x <- cbind(`(Intercept)` = 1, panel$x)
    panel$base <- c("(Intercept)", panel$base)
    panel$lagged <- c(FALSE, panel$lagged)
  }
  fit$spec <- spec
  fit$panel <- panel
  # Columns that the richer effects absorbed stay out, so that models are nested.
  suppressWarnings(solve_spatial(fit, spatial_vcov_spec(NULL, fit)), classes = "pilotdid_warning_collinear")
}

with_lags <- function(panel, fit, wanted) {
  if (!wanted) {
    keep <- !panel$lagged
  } else if (any(panel$lagged)) {
    return(panel)
  } else {
    base <- panel$base[panel$base != "(Intercept)"]
    n <- length(fit$design$unit$values)
    lag <- cpp_spatial_lag(fit$weights, matrix(panel$x[, match(base, panel$base)], n))
    dim(lag) <- c(nrow(panel$x), length(base))
    colnames(lag) <- paste0("W:", base)
    panel$x <- cbind(panel$x, lag)
    panel$base <- c(panel$base, base)
    panel$lagged <- c(panel$lagged, rep(TRUE, length(base)))
    return(panel)
  }
  panel$x <- panel$x[, keep, drop = FALSE]
  panel$base <- panel$base[keep]
  panel$lagged <- panel$lagged[keep]
  panel
}

lagrange_rows <- function(fit, center) {
  plain <- with_lags(fit$panel, fit, FALSE)
  rows <- list()
  for (unit in c(FALSE, TRUE)) {
    for (time in c(FALSE, TRUE)) {
      panel <- plain
      panel[c("unit_effects", "time_effects")] <- list(unit, time)
      has <- "(Intercept)" %in% panel$base
      if (!unit && !time && !has) panel$x <- cbind(1, panel$x)
      if ((unit || time) && has) panel$x <- panel$x[, panel$base != "(Intercept)", drop = FALSE]
      value <- cpp_lagrange_tests(panel, center)
      rows <- c(rows, list(spatial_test_row(
        c("lm_lag", "lm_error", "robust_lm_lag", "robust_lm_error"), effects_label(panel), value, 1,
        c("no spatial lag", "no spatial error", "no spatial lag, an error allowed", "no spatial error, a lag allowed")
      )))
    }
  }
  do.call(rbind, rows[c(1L, 3L, 2L, 4L)])
}

effect_rows_lr <- function(durbin) {
  n <- length(durbin$design$unit$values)
  periods <- length(durbin$design$time$values)
  likelihood <- function(unit, time) refit_spatial(durbin, "sdm", unit, time, "none")$log_likelihood
  both <- likelihood(TRUE, TRUE)
  spatial_test_row(c("lr_unit", "lr_time", "lr_twoway"), "unit + time",
    pmax(0, 2 * (both - c(likelihood(FALSE, TRUE), likelihood(TRUE, FALSE), likelihood(FALSE, FALSE)))),
    c(n - 1, periods - 1, n + periods - 2),
    c("no unit effects", "no time effects", "no unit and no time effects"),
    "many parameters under the alternative: read with care"
  )
}

restriction_rows <- function(durbin) {
  lagged <- which(durbin$panel$lagged)
  shift <- 1L
  k <- length(durbin$coefficients)
  zero <- matrix(0, length(lagged), k)
  zero[cbind(seq_along(lagged), lagged + shift)] <- 1
  lag_only <- wald(durbin, durbin$coefficients[lagged + shift], zero)
  lr_sar <- 2 * (durbin$log_likelihood - refit_spatial(durbin, "sar")$log_likelihood)
  sar <- spatial_test_row(c("wald_sdm_sar", "lr_sdm_sar"), effects_label(durbin$panel), c(lag_only$statistic, lr_sar), lag_only$df, "theta = 0: the Durbin model is a spatial lag model")
  rbind(sar, common_factor_rows(durbin, lagged, shift))
}

common_factor_rows <- function(durbin, lagged, shift) {
  b <- durbin$coefficients
  panel <- durbin$panel
  hypothesis <- "theta + rho beta = 0: the Durbin model is a spatial error model"
  label <- effects_label(panel)
  own <- match(panel$base[lagged], ifelse(panel$lagged, NA, panel$base))
  plain <- setdiff(panel$base[!panel$lagged], "(Intercept)")
  if (anyNA(own) || !setequal(panel$base[lagged], plain)) {
    return(spatial_test_row(c("wald_sdm_sem", "lr_sdm_sem"), label, NA_real_, NA_real_, hypothesis, "needs a spatial lag of every regressor"))
  }
  value <- b[lagged + shift] + b[[1L]] * b[own + shift]
  gradient <- matrix(0, length(lagged), length(b))
  rows <- seq_along(lagged)
  gradient[cbind(rows, lagged + shift)] <- 1
  gradient[cbind(rows, own + shift)] <- b[[1L]]
  gradient[, 1L] <- b[own + shift]
  test <- wald(durbin, value, gradient)
  lr <- 2 * (durbin$log_likelihood - refit_spatial(durbin, "sem")$log_likelihood)
  spatial_test_row(c("wald_sdm_sem", "lr_sdm_sem"), label, c(test$statistic, lr), test$df, hypothesis)
}

# g' (G V G')^-1 g; the degrees of freedom are the rank of G V G'.
wald <- function(fit, value, gradient) {
  v <- gradient %*% fit$vcov %*% t(gradient)
  scale <- sqrt(diag(v))
  e <- eigen(v / outer(scale, scale), symmetric = TRUE)
  # Restrictions that repeat each other leave eigenvalues of rounding size.
  kept <- e$values > 1e-10 * e$values[1L]
  rotated <- crossprod(e$vectors[, kept, drop = FALSE], value / scale)
  list(statistic = sum(rotated^2 / e$values[kept]), df = sum(kept))
}

# Fixed against random unit effects; the time effects, if any, stay fixed in both.
random_rows <- function(durbin) {
  if (!durbin$panel$unit_effects) return(NULL)
  label <- effects_label(durbin$panel)
  random <- random_panel_of(durbin)
  estimate <- fit_random(durbin, random)
  shared <- seq_along(durbin$coefficients)
  at <- c(1L, 1L + match(colnames(durbin$panel$x), colnames(random$x)))
  difference <- durbin$coefficients[shared] - c(estimate$rho, estimate$beta)[at]
  v <- durbin$vcov - estimate$covariance[at, at]
  scale <- sqrt(diag(durbin$vcov))
  e <- eigen(v / outer(scale, scale), symmetric = TRUE)
  indefinite <- min(e$values) <= 1e-10 * max(e$values)
  # The contrast is defined in the directions in which fixed effects are less precise, as theory has it.
  kept <- e$values > 1e-10 * max(e$values)
  statistic <- sum(crossprod(e$vectors[, kept, drop = FALSE], difference / scale)^2 / e$values[kept])
  hausman <- spatial_test_row("hausman", label, statistic, sum(kept), "unit effects are random",
    if (indefinite) "difference of covariances not positive definite: only its positive part is used; prefer mundlak" else ""
  )
  rbind(hausman, mundlak_row(durbin, random, estimate, label))
}

# The panel of the random effects model: no unit effects, an intercept where there are no time effects.
random_panel_of <- function(durbin) {
  panel <- durbin$panel
  panel$unit_effects <- FALSE
  if (!panel$time_effects) {
    panel$x <- cbind(panel$x, `(Intercept)` = 1)
  }
  panel
}

fit_random <- function(durbin, panel) {
  method <- determinant_method(durbin)
  cpp_random_effects(panel, list(
    rho = TRUE, lambda = FALSE, bias = bias_corrections[["none"]], method = method, covariance = 0L, cluster = integer(),
    clusters = 0L, exact_limit = 5000L, seed = durbin$spec$seed
  ), if (method == 0L) weights_eigenvalues(durbin$weights))
}

mundlak_row <- function(durbin, random, estimate, label) {
  n <- length(durbin$design$unit$values)
  means <- apply(durbin$panel$x, 2L, function(v) rep(rowMeans(matrix(v, n)), length.out = length(v)))
  colnames(means) <- paste("mean", colnames(means))
  correlated <- random
  correlated$x <- cbind(random$x, means)
  judged <- cpp_spatial_standing(correlated)$standing
  extra <- ncol(random$x) + seq_len(ncol(means))
  correlated$x <- correlated$x[, judged == 0L | seq_along(judged) <= ncol(random$x), drop = FALSE]
  df <- sum(judged[extra] == 0L)
  statistic <- 2 * (fit_random(durbin, correlated)$log_likelihood - estimate$log_likelihood)
  spatial_test_row("mundlak", label, max(0, statistic), df, "unit effects are random, given the regressors' means")
}
