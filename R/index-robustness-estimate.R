# Estimates of one regression for many outcomes, and the bootstrap that builds the index anew.

# The base regression with another outcome: same design, same kind of covariance. An index without
# a score in some row (no indicator of the set varies in its period) gives NA.
outcome_estimate <- function(fit, outcome, standardize) {
  treatment <- intersect(fit$design$treatment$names, names(fit$coefficients))
  if (anyNA(used_values(outcome, fit$design))) {
    none <- rep(NA_real_, length(treatment))
    return(list(term = treatment, estimate = none, std.error = none, df = NA_real_, scale = NA_real_))
  }
  fit$design$outcome <- outcome
  by <- fit$scores_by
  solved <- cpp_least_squares(
    fit$absorbed_by, c(list(outcome), fit$design$regressors), if (is.null(by$code)) 1L else 2L,
    by$code, by$levels %||% 0L, fit$solver$options
  )
  scale <- if (standardize) outcome_sd(solved$moments, fit$nobs) else 1
  kept <- solved$standing == 0L
  fit$coefficients[] <- solved$coefficients[kept]
  fit$effects <- solved$moments$effects
  fit$maps$residual <- c(1, -unname(solved$coefficients))
  fit$rss <- solved$rss
  fit$scores$sums <- solved$scores[, kept, drop = FALSE]
  covariance <- compute_vcov(fit, fit$vcov_spec)
  list(
    term = treatment, estimate = unname(fit$coefficients[treatment]) / scale,
    std.error = unname(sqrt(diag(covariance$matrix)[treatment])) / scale,
    df = covariance$df, scale = scale
  )
}

# Standard deviation of the first column over n rows, weighted as the regression is.
outcome_sd <- function(moments, n, column = 1L) {
  sqrt(moments$total[column] / (moments$weight * (1 - 1 / n)))
}

robustness_table <- function(scored, grid, winsorize, sets, fit, level) {
  terms <- lengths(lapply(scored, `[[`, "term"))
  at <- rep(seq_along(scored), terms)
  pull <- function(name) unlist(lapply(scored, `[[`, name), use.names = FALSE)
  estimate <- pull("estimate")
  se <- pull("std.error")
  df <- pull("df")[at]
  statistic <- estimate / se
  half <- stats::qt(1 - (1 - level) / 2, df) * se
  sets_label <- vapply(sets, `[[`, "", "label")
  tibble::tibble(
    term = pull("term"), estimate = estimate, std.error = se, statistic = statistic,
    p.value = 2 * stats::pt(-abs(statistic), df), conf.low = estimate - half,
    conf.high = estimate + half, outcome = fit$design$outcome_name, method = grid$method[at],
    scope = grid$scope[at], normalize = grid$normalize[at], zero = grid$zero[at],
    winsorize = vapply(winsorize, winsorize_label, "")[grid$winsorize[at]],
    left.out = sets_label[grid$set[at]],
    left.out.kind = vapply(sets, `[[`, "", "kind")[grid$set[at]],
    reference = at == 1L, scale = pull("scale")[at]
  )
}

winsorize_label <- function(probs) {
  if (identical(as.numeric(probs), c(0, 1))) return("none")
  paste0(format(100 * probs[1]), "-", format(100 * probs[2]), "%")
}

# Resamples units; in each draw the bounds, weights and scores are those of the resampled rows.
# -> matrix with one row a draw: estimates with the index built anew, then with the index fixed.
bootstrap_index <- function(base, row, columns, terms, keep, winsorize, standardize, draws, seed) {
  spec <- grid_spec(row)
  probs <- winsorize[[row$winsorize]]
  fixed <- reference_scores(base, row, columns, terms, keep, winsorize)
  fixed_scale <- outcome_estimate(base$fit, fixed, standardize)$scale
  treatment <- intersect(base$fit$design$treatment$names, names(base$fit$coefficients))
  units <- length(base$unit$values)
  out <- matrix(NA_real_, draws, 2L * length(treatment))
  tick <- progress_ticker(draws, "Bootstrap of the index")
  for (draw in seq_len(draws)) {
    tick()
    times <- cpp_resample_counts(units, seed, draw)[base$unit$code + 1L]
    scores <- resampled_scores(base, columns, terms, spec, probs, keep, times)
    estimates <- resampled_estimates(base$fit, list(scores, fixed), times, treatment)
    if (is.null(estimates)) next
    scale <- if (standardize) estimates$sd else 1
    out[draw, ] <- c(estimates$coefficients[, 1L] / scale, estimates$coefficients[, 2L] / fixed_scale)
  }
  list(estimates = out, treatment = treatment)
}

reference_scores <- function(base, row, columns, terms, keep, winsorize) {
  all <- list(list(members = seq_along(columns)))
  each_specification(row, base, columns, terms, all, keep, winsorize, identity)[[1L]]
}

resampled_scores <- function(base, columns, terms, spec, probs, keep, times) {
  drawn <- times > 0L & (keep %||% TRUE)
  if (!identical(as.numeric(probs), c(0, 1))) {
    columns <- lapply(columns, function(x) {
      if (is_binary(x)) return(x)
      bounds <- clamp_bounds(rep(x[drawn], times[drawn]), probs, 2)
      pmin(pmax(as.numeric(x), bounds[1L]), bounds[2L])
    })
  }
  sample <- index_sample(length(times), drawn, base$periods, spec, as.numeric(times))
  terms$dimension[] <- "all"
  fit <- index_fit(columns, sample, terms, spec, NA)
  cpp_composite_scores(columns, sample, fit$rule)[, 1L]
}

# Coefficients of the treatment for several outcomes on the resampled rows, and the standard
# deviation there of the first outcome; NULL where the draw does not identify them.
resampled_estimates <- function(fit, outcomes, times, treatment) {
  design <- fit$design
  used <- used_flags(design) & times > 0L
  if (anyNA(outcomes[[1L]][used])) return(NULL)
  design$keep <- as.raw(used)
  design$weights <- as.numeric(times) * (design$weights %||% 1)
  design <- index_rows(design, "allow")
  regressors <- design$regressors[names(fit$coefficients)]
  moments <- cpp_moments(absorption(design), c(outcomes, regressors), fit$solver$options)
  own <- seq_along(outcomes)
  root <- tryCatch(chol(stats::cov2cor(moments$gram[-own, -own, drop = FALSE])), error = function(e) NULL)
  # A treatment that nobody in the draw has leaves a pivot of rounding error.
  if (is.null(root) || min(diag(root)) < 1e-7) return(NULL)
  scale <- sqrt(diag(moments$gram)[-own])
  cross <- moments$gram[-own, own, drop = FALSE] / scale
  coefficients <- backsolve(root, forwardsolve(t(root), cross)) / scale
  list(
    coefficients = coefficients[match(treatment, names(regressors)), , drop = FALSE],
    sd = outcome_sd(moments, sum(times[used]))
  )
}
