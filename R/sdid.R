# estimator = "sdid": synthetic difference-in-differences (Arkhangelsky, Athey, Hirshberg, Imbens and Wager
# 2021), cohort by cohort (Clarke, Pailanir, Athey and Imbens 2024).
#   design -> balanced panel, cohorts and never-treated controls -> weights of controls and periods (core)
#   -> path of each cohort less its synthetic control -> averages -> simulated variance -> fit
# There are no contributions of units: the weights are chosen, and every unit changes them. The variance
# is that of replicates (placebo, bootstrap, jackknife), and clustering, wild bootstrap and multiplier
# bands do not exist.

# variance: "bootstrap", "placebo" (few treated units; errors alike in treated and controls), "jackknife"
#   (weights kept; at least two units a cohort) or "none". draws: replicates. seed: NULL draws one.
# shares: averages over cohorts with the sizes of each replicate ("sampled": who joins when is random, as in Stata's
#   sdid), or with those of the data ("fixed": the cohorts are these, as the placebo variance has it anyway).
fit_sdid <- function(design, data, vcov, ssc, solver, call, control_group, anticipation,
                     variance = c("bootstrap", "placebo", "jackknife", "none"), draws = 200,
                     shares = c("sampled", "fixed"), seed = NULL) {
  variance <- check_choice(variance, c("bootstrap", "placebo", "jackknife", "none"), "variance")
  shares <- check_choice(shares, c("sampled", "fixed"), "shares")
  check_count(draws, "draws", min = 2)
  refuse_anticipation(anticipation, "sdid")
  design <- synthetic_design(design)
  adjusted <- residualize_covariates(design, solver)
  panel <- synthetic_panel(design, adjusted$outcome)
  refuse_thin_synthetic(panel, variance)
  seed <- draw_seed(seed)
  if (variance != "none") announce(paste("Synthetic controls of", big(draws), "replicates"))
  found <- cpp_synthetic_did(t(panel$y), panel$cohort, panel$before,
    match(variance, c("placebo", "bootstrap", "jackknife", "none")) - 1L, as.integer(draws), seed)
  shape <- synthetic_shape(panel)
  values <- synthetic_averages(found$path, found$size, shape)
  if (shares == "fixed") found$replicates$size <- lapply(found$replicates$size, function(size) found$size)
  fit <- new_dynamic_fit("sdid", design, data, call,
    data.frame(event_time = shape$event, estimate = values[1L + seq_along(shape$event)], size = shape$units, reason = NA_character_),
    values[1L], influence = NULL, reference = numeric(), vcov = vcov, ssc = small_sample("none"), normal = TRUE,
    variance = synthetic_variance(found$replicates, shape, variance, length(values), 1L + length(shape$event)),
    options = list(control_group = "never", variance = variance, draws = draws, shares = shares, seed = seed),
    covariates = adjusted$coefficients
  )
  fit$synthetic <- list(
    path = found$path, size = found$size, shape = shape, values = values,
    variance = synthetic_variance(found$replicates, shape, variance, length(values), length(values))
  )
  fit$weights <- synthetic_weights(found, panel, design)
  fit
}

synthetic_design <- function(design) {
  design <- staggered_design(design, "sdid")
  refuse_extra_effects(design, "sdid")
  refuse_repeated_rows(design, "sdid")
  refuse_weights(design, "sdid", "It chooses the weights of units itself.")
  design <- last_cohort_as_control(drop_always_treated(design))
  if (!is_balanced(design)) {
    before <- length(design$unit$values)
    design <- drop_incomplete(design)
    inform("incomplete", "{before - length(design$unit$values)} unit{?s} that miss periods {?is/are} left out.")
  }
  thin <- design$cohort == 1L
  if (any(thin) && all(thin | design$cohort < 0L)) {
    abort("no_effect", c("Synthetic DID needs at least two periods before the pilot.",
      x = "All {sum(thin)} units that join have one.", i = "Keep earlier periods, or use {.val twfe} or {.val cs}."
    ))
  }
  if (any(thin)) {
    warn("infeasible", c("{sum(thin)} unit{?s} {?has/have} one period before the pilot and {?is/are} left out.",
      i = "Weights of periods and controls need two or more."
    ))
    design <- restrict_cohorts(design, !thin[design$unit$code + 1L], "too few periods before")
  }
  design
}

# Covariates: coefficients from untreated rows with effects of units and periods, taken out everywhere
# ("projected", Kranz 2022); replicates keep them.
residualize_covariates <- function(design, solver) {
  if (!length(design$covariates)) return(list(outcome = design$outcome))
  cohort <- design$cohort[design$unit$code + 1L]
  untreated <- untreated_rows(design, cohort < 0L | design$time$code < cohort)
  stage <- level_regression(design, list(time_effect(design)), matrix(0, 0L, length(design$time$values)), solver,
    rows = untreated$rows, start = untreated$start)
  outcome <- as.numeric(full_column(design$outcome))
  for (name in names(stage$coefficients)) {
    outcome <- outcome - stage$coefficients[[name]] * full_column(design$covariates[[name]])
  }
  list(outcome = outcome, coefficients = stage$coefficients)
}

# y: units x periods (without gaps); cohort: of each unit from 0, -1 for controls; before: periods before it.
synthetic_panel <- function(design, outcome) {
  position <- period_positions(design$time$values)
  before <- sort(unique(design$cohort[design$cohort > 0L]))
  cohort <- match(design$cohort, before) - 1L
  cohort[is.na(cohort)] <- -1L
  list(
    y = panel_matrix(design, outcome)[, position, drop = FALSE], cohort = cohort, before = before,
    position = position, size = tabulate(cohort + 1L, length(before))
  )
}

refuse_thin_synthetic <- function(panel, variance) {
  controls <- sum(panel$cohort < 0L)
  refuse_always_only(length(panel$before) > 0L, "sdid")
  if (controls < 2L) {
    abort("few_controls", c("Synthetic DID needs at least two units that never join.",
      x = "There {?is/are} {controls}."
    ))
  }
  if (variance == "placebo" && controls <= sum(panel$size) + 1L) {
    abort("few_controls", c("The placebo variance needs more controls than treated units (and two over).",
      x = "There are {controls} controls and {sum(panel$size)} treated units.",
      i = "Use {.code variance = \"bootstrap\"} or {.code \"jackknife\"}."
    ))
  }
  if (variance == "jackknife" && any(panel$size < 2L)) {
    abort("one_unit", c("The jackknife needs at least two units in each cohort.",
      i = "Use {.code variance = \"placebo\"}."
    ))
  }
  if (variance == "bootstrap" && any(panel$size < 2L)) {
    warn("one_unit", c("The bootstrap knows no variance within a cohort of one unit: its standard error is too small.",
      i = "Use {.code variance = \"placebo\"} where controls are many."
    ))
  }
}

# Which cells of a path (periods x cohorts) make which average: ATT, event times, cohorts, periods.
synthetic_shape <- function(panel) {
  cells <- expand.grid(time = seq_along(panel$position), cohort = seq_along(panel$before))
  cells$event <- panel$position[cells$time] - panel$position[panel$before[cells$cohort] + 1L]
  post <- cells$event >= 0L
  event <- sort(unique(cells$event))
  time <- sort(unique(cells$time[post]))
  sets <- c(
    list(which(post)), lapply(event, function(e) which(cells$event == e)),
    lapply(seq_along(panel$before), function(g) which(post & cells$cohort == g)),
    lapply(time, function(t) which(post & cells$time == t))
  )
  list(
    cells = cells, sets = sets, event = event, cohort = panel$before, time = time - 1L,
    units = vapply(event, function(e) as.numeric(sum(panel$size[cells$cohort[cells$event == e]])), 1)
  )
}

# Averages with the sizes of the cohorts.
synthetic_averages <- function(path, size, shape) {
  vapply(shape$sets, function(at) {
    mass <- size[shape$cells$cohort[at]]
    sum(mass * path[at]) / sum(mass)
  }, 1)
}

# how: as in fit_sdid(); most: the first so many of the averages.
synthetic_variance <- function(replicates, shape, how, averages, most) {
  none <- list(matrix = matrix(NA_real_, most, most), label = "none")
  if (how == "none") return(none)
  drawn <- which(replicates$drawn)
  lost <- length(replicates$drawn) - length(drawn)
  if (how == "jackknife" && lost) return(none)
  if (length(drawn) < 2L) abort("draws", "No replicate could be drawn: the cohorts are too small for {.val {how}}.")
  values <- vapply(drawn, function(d) synthetic_averages(replicates$path[[d]], replicates$size[[d]], shape), numeric(averages))
  n <- ncol(values)
  factor <- if (how == "jackknife") (n - 1)^2 / n else (n - 1) / n
  label <- if (how == "jackknife") "jackknife" else paste0(how, ", ", n, " replicates")
  list(matrix = stats::cov(t(values))[seq_len(most), seq_len(most), drop = FALSE] * factor, label = label)
}

# One row a weight: of a control, or of a period before, for each cohort.
synthetic_weights <- function(found, panel, design) {
  label <- time_label(design, panel$before)
  controls <- design$unit$values[panel$cohort < 0L]
  rows <- lapply(seq_along(panel$before), function(g) {
    periods <- found$periods[[g]]
    tibble::tibble(
      group = label[g], kind = rep(c("unit", "period"), c(length(controls), length(periods))),
      name = c(as.character(controls), as.character(time_label(design, seq_along(periods) - 1L))),
      weight = c(found$units[[g]], periods)
    )
  })
  do.call(rbind, rows)
}

#' @export
summarize_effects.pilot_sdid <- function(fit, type) {
  if (type %in% c("simple", "dynamic")) return(NextMethod())
  shape <- fit$synthetic$shape
  labels <- if (type == "group") shape$cohort else shape$time
  first <- 1L + length(shape$event) + if (type == "group") 0L else length(shape$cohort)
  at <- first + seq_along(labels)
  # Overall: cohorts by their size, periods equally.
  weight <- if (type == "group") fit$synthetic$size else rep(1, length(labels))
  mix <- matrix(0, 1L + length(at), length(fit$synthetic$values))
  mix[1L, at] <- weight / sum(weight)
  mix[cbind(1L + seq_along(at), at)] <- 1
  values <- fit$synthetic$values
  n <- length(labels)
  list(
    coefficients = set_names(as.vector(mix %*% values), c("ATT", as.character(time_label(fit$design, labels)))),
    influence = NULL, variance = list(matrix = mix %*% fit$synthetic$variance$matrix %*% t(mix), label = fit$variance$label),
    averages = list(
      label = labels, estimate = values[at], estimated = rep(TRUE, n), reference = rep(FALSE, n),
      cells = rep(1L, n), unknown = rep(0L, n), reason = rep(NA_character_, n)
    )
  )
}
