# estimator = "efficient": random timing of treatment (Roth and Sant'Anna 2023), as the R package staggered.
#   design -> means and covariances by cohort -> contrasts of means: effects (A) and pre-treatment
#   differences (A0) -> effect less beta times pre-treatment difference -> fit
# Design-based: what is random is who joins when. The contributions of units square to the Neyman
# variance; the adjusted one subtracts what pre-treatment outcomes explain and has no contributions.

# variance: "adjusted", "neyman" (conservative), or "auto": adjusted, but Neyman where `vcov` names clusters
#   other than the units. beta: NULL, the efficient one of each effect; 1:
# Callaway-Sant'Anna; 0: differences of means.
# permutations: draws of the randomization test of the overall effect. seed: of the draws.
fit_efficient <- function(design, data, vcov, ssc, solver, call, control_group, anticipation,
                          variance = c("auto", "adjusted", "neyman"), beta = NULL, permutations = 0, seed = NULL) {
  variance <- check_choice(variance, c("auto", "adjusted", "neyman"), "variance")
  if (!is.null(beta)) check_number(beta, "beta")
  check_count(permutations, "permutations", min = 0)
  design <- random_timing_design(design)
  if (variance == "auto") {
    own <- is_by_unit(vcov, list(design = design, data = data, formula = design$formula))
    variance <- if (own) "adjusted" else "neyman"
  }
  moments <- cohort_moments(design)
  options <- list(
    control_group = control_group, anticipation = as.integer(anticipation), variance = variance, beta = beta
  )
  estimands <- timing_estimands(moments, design, options, "dynamic")
  solved <- efficient_effects(moments, c(timing_estimands(moments, design, options, "simple"), estimands), options)
  effects <- data.frame(
    event_time = as.integer(names(estimands)), estimate = solved$estimate[-1L],
    size = vapply(estimands, `[[`, 1, "units"), beta = solved$beta[-1L], reason = NA_character_
  )
  fit <- new_dynamic_fit("efficient", design, data, call, effects, solved$estimate[1L], solved$influence,
    reference = -1L - as.integer(anticipation), vcov = vcov, ssc = small_sample("none"), normal = TRUE,
    variance = design_variance(solved, variance), options = options, beta = solved$beta[1L]
  )
  if (permutations > 0) fit$randomization <- randomization_test(moments, timing_estimands(moments, design, options, "simple")[[1L]], options, permutations, draw_seed(seed))
  fit
}

design_variance <- function(solved, variance) {
  if (variance == "neyman") return(NULL)
  list(matrix = solved$variance, label = "design-based, adjusted")
}

random_timing_design <- function(design) {
  design <- staggered_design(design, "efficient")
  refuse_extra_effects(design, "efficient")
  refuse_repeated_rows(design, "efficient")
  refuse_weights(design, "efficient", "Its variance is that of random timing, with every unit alike.")
  refuse_covariates(design)
  design <- drop_always_treated(design)
  if (!is_balanced(design)) {
    before <- length(design$unit$values)
    design <- drop_incomplete(design)
    left <- length(design$unit$values)
    inform("incomplete", "{before - left} unit{?s} that miss periods {?is/are} left out.")
  }
  single <- table(design$cohort)
  single <- as.integer(names(single)[single == 1L])
  if (length(single)) {
    warn("one_unit", c("Cohorts of a single unit have no variance and are left out: {ifelse(single < 0, 'never treated', format(time_label(design, pmax(single, 0L))))}."))
    design <- restrict_cohorts(design, !(design$cohort %in% single)[design$unit$code + 1L], "cohorts of one unit")
  }
  if (length(unique(design$cohort)) < 2L) {
    abort("no_never", c("There is one cohort only, so there are no controls.",
      i = "Add units that do not join, or that join later."
    ))
  }
  design
}

refuse_covariates <- function(design) {
  if (!length(design$covariates)) return(invisible())
  abort("covariates", c("{.code estimator = \"efficient\"} takes no covariates: outcomes before the pilot do their work.",
    x = "The formula has {.field {names(design$covariates)}}.",
    i = "Leave them out where timing is random. Where it depends on them, use {.val cs}, {.val bjs} or {.val lpdid}."
  ))
}

# start: position of each cohort (Inf: never), ascending; mean: cohorts x periods; outcome: units x periods.
cohort_moments <- function(design) {
  position <- period_positions(design$time$values)
  y <- panel_matrix(design, design$outcome)[, position, drop = FALSE]
  start <- switch_positions(design)
  starts <- sort(unique(start))
  cohort <- match(start, starts)
  size <- tabulate(cohort)
  list(
    y = y, cohort = cohort, start = starts, size = size, position = position,
    mean = rowsum(y, cohort) / size, centered = y - (rowsum(y, cohort) / size)[cohort, , drop = FALSE]
  )
}

# Pairs of cohort and period with what they are compared with, and how each estimand weighs them.
# -> named list of list(effect, before (cohorts x periods), units).
timing_estimands <- function(moments, design, options, type) {
  pairs <- timing_pairs(moments, options)
  key <- switch(type,
    simple = ifelse(pairs$event >= 0, 0, NA),
    dynamic = ifelse(pairs$event == -1L - options$anticipation, NA, pairs$event),
    group = ifelse(pairs$event >= 0, moments$start[pairs$cohort], NA),
    calendar = ifelse(pairs$event >= 0, moments$position[pairs$period], NA)
  )
  refuse_always_only(any(pairs$event >= 0), "efficient")
  sets <- split(seq_len(nrow(pairs)), key)
  sets <- sets[order(as.numeric(names(sets)))]
  lapply(sets, function(at) {
    mass <- moments$size[pairs$cohort[at]]
    timing_contrast(moments, pairs[at, ], mass / sum(mass), options)
  })
}

timing_pairs <- function(moments, options) {
  joined <- which(is.finite(moments$start))
  pairs <- expand.grid(period = seq_along(moments$position), cohort = joined)
  pairs$event <- moments$position[pairs$period] - moments$start[pairs$cohort]
  pairs$base <- match(moments$start[pairs$cohort] - 1L - options$anticipation, moments$position)
  controls <- lapply(seq_len(nrow(pairs)), function(k) pair_controls(moments, pairs[k, ], options))
  pairs[!is.na(pairs$base) & lengths(controls) > 0L, ]
}

pair_controls <- function(moments, pair, options) {
  if (options$control_group == "never") return(which(is.infinite(moments$start)))
  latest <- max(moments$position[pair$period], moments$start[pair$cohort])
  which(moments$start > latest + options$anticipation)
}

timing_contrast <- function(moments, pairs, weight, options) {
  effect <- before <- matrix(0, length(moments$start), length(moments$position))
  for (k in seq_len(nrow(pairs))) {
    pair <- pairs[k, ]
    controls <- pair_controls(moments, pair, options)
    share <- moments$size[controls] / sum(moments$size[controls])
    for (side in 1:2) {
      column <- c(pair$period, pair$base)[side]
      add <- numeric(length(moments$start))
      add[pair$cohort] <- weight[k]
      add[controls] <- add[controls] - weight[k] * share
      if (side == 1L) effect[, column] <- effect[, column] + add else before[, column] <- before[, column] + add
    }
  }
  list(effect = effect, before = before, units = sum(moments$size[unique(pairs$cohort)]))
}

# -> list(estimate, beta, influence (units x estimands, crossprod: Neyman), variance (adjusted)).
efficient_effects <- function(moments, estimands, options) {
  scale <- 1 / sqrt(moments$size * (moments$size - 1))
  # A unit's share in the variance of each contrast: A_g (Y_i - mean of its cohort), scaled.
  members <- split(seq_along(moments$cohort), moments$cohort)
  spread <- function(side) {
    out <- matrix(0, nrow(moments$y), length(estimands))
    for (g in seq_along(members)) {
      weights <- vapply(estimands, function(e) scale[g] * e[[side]][g, ], numeric(ncol(moments$y)))
      out[members[[g]], ] <- moments$centered[members[[g]], , drop = FALSE] %*% weights
    }
    out
  }
  effect <- spread("effect")
  before <- spread("before")
  beta <- colSums(effect * before) / colSums(before^2)
  if (!is.null(options$beta)) beta[] <- options$beta
  # No spread before treatment: nothing to adjust for.
  beta[colSums(before^2) == 0] <- 0
  estimate <- vapply(estimands, function(e) sum(e$effect * moments$mean), 1) -
    beta * vapply(estimands, function(e) sum(e$before * moments$mean), 1)
  influence <- effect - before * rep(beta, each = nrow(before))
  list(
    estimate = unname(estimate), beta = unname(beta), influence = unname(influence),
    variance = adjusted_variance(moments, estimands, unname(crossprod(influence)))
  )
}

# The Neyman variance less (sum_g b_g)' S (sum_g b_g) / N: b_g is the regression of the effect's outcomes
# on those before the first cohort joins, S the mean covariance of the latter (Roth and Sant'Anna, section 3).
adjusted_variance <- function(moments, estimands, neyman) {
  first <- min(moments$start)
  pre <- which(moments$position < first)
  if (!length(pre)) return(neyman)
  slopes <- matrix(0, length(pre), length(estimands))
  average <- matrix(0, length(pre), length(pre))
  for (g in seq_along(moments$start)) {
    s <- stats::cov(moments$y[moments$cohort == g, , drop = FALSE])
    own <- s[pre, pre, drop = FALSE]
    average <- average + own / length(moments$start)
    target <- vapply(estimands, function(e) e$effect[g, ], numeric(ncol(s)))
    slopes <- slopes + pseudo_inverse(own) %*% s[pre, , drop = FALSE] %*% target
  }
  nearest_psd(neyman - crossprod(slopes, average %*% slopes) / nrow(moments$y))
}

# Symmetric, of a covariance: small cohorts leave it singular. The floor is that of MASS::ginv.
pseudo_inverse <- function(s) {
  e <- eigen(s, symmetric = TRUE)
  keep <- e$values > sqrt(.Machine$double.eps) * max(e$values, 0)
  v <- e$vectors[, keep, drop = FALSE]
  v %*% (t(v) / e$values[keep])
}

# The test of no effect for any unit: cohorts are drawn anew, their sizes kept.
randomization_test <- function(moments, estimand, options, permutations, seed) {
  project <- function(a) tcrossprod(moments$y, a)
  drawn <- cpp_randomization_test(
    project(estimand$effect), project(estimand$before), moments$cohort - 1L, length(moments$size),
    is.null(options$beta), options$beta %||% 0, as.integer(permutations), seed
  )
  list(
    statistic = drawn$statistic, draws = drawn$draws, seed = seed,
    p.value = (1 + sum(abs(drawn$draws) >= abs(drawn$statistic))) / (1 + permutations)
  )
}

#' @export
glance.pilot_efficient <- function(x, ...) {
  out <- NextMethod()
  out$beta <- x$beta
  out$randomization.p.value <- x$randomization$p.value %||% NA_real_
  out
}

#' @export
summarize_effects.pilot_efficient <- function(fit, type) {
  if (type %in% c("simple", "dynamic")) return(NextMethod())
  refuse_lean(fit)
  moments <- cohort_moments(fit$design)
  estimands <- timing_estimands(moments, fit$design, fit$options, type)
  labels <- match(as.numeric(names(estimands)), moments$position) - 1L
  # Overall: cohorts by their size, periods equally.
  mass <- if (type == "group") vapply(estimands, `[[`, 1, "units") else rep(1, length(estimands))
  estimands <- c(list(mix_contrasts(estimands, mass / sum(mass))), estimands)
  solved <- efficient_effects(moments, estimands, fit$options)
  n <- length(labels)
  list(
    coefficients = set_names(solved$estimate, c("ATT", as.character(time_label(fit$design, labels)))),
    influence = solved$influence, variance = design_variance(solved, fit$options$variance),
    averages = list(
      label = labels, estimate = solved$estimate[-1L], estimated = rep(TRUE, n), reference = rep(FALSE, n),
      cells = rep(1L, n), unknown = rep(0L, n), reason = rep(NA_character_, n)
    )
  )
}

mix_contrasts <- function(estimands, weights) {
  mix <- function(which) Reduce(`+`, Map(function(e, w) w * e[[which]], estimands, weights))
  list(effect = mix("effect"), before = mix("before"), units = sum(vapply(estimands, `[[`, 1, "units")))
}
