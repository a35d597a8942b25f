# estimator = "bjs": imputation (Borusyak, Jaravel and Spiess 2024); "gardner": two-stage (Gardner 2022).
#   untreated rows -> effects of units and periods, covariates -> untreated outcome of every row
#   -> mean difference by cohort and period -> influence (both stages) -> fit
# The two share everything but what the second stage centers on and how shares count.

# leave_out: leave each cluster out of the mean that its effects are compared with.
# leads: periods before the pilot in the separate regression for the pre-trend test (0: none).
fit_bjs <- function(design, data, vcov, ssc, solver, call, control_group, anticipation,
                    leave_out = FALSE, leads = NULL) {
  check_flag(leave_out, "leave_out")
  prepared <- imputation_stage(design, data, "bjs", solver, anticipation)
  clusters <- second_stage_clusters(vcov, prepared$design, data)
  centered <- center_effects(prepared, clusters, leave_out)
  fit <- imputation_fit("bjs", prepared, data, call, centered, vcov, random = FALSE,
    options = list(anticipation = anticipation, leave_out = leave_out, reference = numeric()))
  fit$leads <- lead_regression(prepared, leads, solver)
  fit
}

fit_gardner <- function(design, data, vcov, ssc, solver, call, control_group, anticipation) {
  prepared <- imputation_stage(design, data, "gardner", solver, anticipation, pre_cells = TRUE)
  centered <- center_effects(prepared, NULL, FALSE)
  imputation_fit("gardner", prepared, data, call, centered, vcov, random = TRUE,
    options = list(anticipation = anticipation, reference = numeric()))
}

# First stage and the effect of every row: y - (unit + period + covariates) from untreated rows.
imputation_stage <- function(design, data, estimator, solver, anticipation, pre_cells = FALSE) {
  design <- staggered_design(design, estimator)
  refuse_unit_slopes(design, estimator)
  slots <- cohort_slots(design)
  periods <- length(design$time$values)
  code <- cell_codes(design, slots)
  joined <- slots$code[slots$code >= 0L]
  cells <- expand.grid(time = seq_len(periods) - 1L, cohort = joined)[c("cohort", "time")]
  treated <- event_time_of(design, cells$cohort, cells$time) >= -as.integer(anticipation)
  cells$treated <- treated
  if (!pre_cells) cells <- cells[treated, ]
  rownames(cells) <- NULL
  cells$base <- NA_integer_
  of_code <- rep(-1L, length(slots$code) * periods)
  of_code[cell_code(cells$cohort, cells$time, slots, periods) + 1L] <- seq_len(nrow(cells)) - 1L
  is_treated <- rep(FALSE, length(of_code))
  is_treated[cell_code(cells$cohort, cells$time, slots, periods) + 1L] <- cells$treated
  cell <- of_code[code + 1L]
  if (anyNA(cell)) cell[is.na(cell)] <- -1L
  first <- untreated_rows(design, !is_treated[code + 1L])
  effects <- c(list(time_effect(design)), further_effects(design))
  stage <- level_regression(design, effects, matrix(0, 0L, sum(vapply(effects, `[[`, 1L, "levels"))), solver,
    rows = first$rows, start = first$start)
  adjoint <- cpp_imputation_adjoint(stage$absorbed, design$covariates[names(stage$coefficients)], design$rows, design$start, cell, nrow(cells))
  inner <- cpp_solve_contrasts(stage$absorbed, adjoint$levels)
  cells$reason <- imputation_reason(adjoint, inner$estimable)
  cells$reason[fitted_exactly(cells, stage, cell)] <- "its untreated rows are fitted exactly"
  # NA for units without untreated rows.
  effect <- cpp_imputed_effects(stage$absorbed, stage$columns, stage$residual_map, stage$levels, design$rows, design$start, design$n_data)
  list(
    design = design, cells = cells, cell = cell, code = code, slots = slots, stage = stage,
    adjoint = adjoint, solution = inner$solution, effect = effect, first = first
  )
}

# The first stage's rows, one group a unit, empty groups kept.
untreated_rows <- function(design, untreated) {
  kept <- cpp_subset_rows(design$rows, design$start, untreated)
  if (!length(kept$rows)) {
    abort("no_untreated", c("No row is untreated, so there is nothing to impute from.",
      i = "Keep periods before the pilot, or units that never join."
    ))
  }
  kept
}

# Cells of untreated rows without any residual (the only untreated period of their units): a zero that
# is no estimate.
fitted_exactly <- function(cells, stage, cell) {
  if (all(cells$treated)) return(integer())
  inside <- which(cell >= 0L & !is.na(stage$residuals))
  sums <- code_sums(cell[inside], list(abs(stage$residuals[inside])), nrow(cells))
  # Residuals are right to about 1e-12 of their typical size.
  typical <- sum(sums[, 2L]) / length(inside)
  which(!cells$treated & sums[, 2L] <= 1e-9 * typical * sums[, 1L])
}

imputation_reason <- function(adjoint, estimable) {
  reason <- ifelse(estimable, NA, "no untreated row links this cell to the rest (its period has no controls)")
  reason[adjoint$lost > 0L] <- "its units have no untreated period to impute from"
  # Some units of the cell can be imputed: the effect is theirs.
  reason[adjoint$mass > 0 & adjoint$lost > 0L & estimable] <- NA
  reason[adjoint$mass == 0 & adjoint$lost == 0L] <- "no row in this cohort and period"
  reason
}

# A clustering that holds whole units enters the means of the second stage, as in Stata's did_imputation.
second_stage_clusters <- function(vcov, design, data) {
  spec <- vcov_spec(vcov, list(design = design, data = data, formula = design$formula))
  if (spec$type != "cluster" || length(spec$by) > 1L) return(NULL)
  if (identical(expr_label(spec$by[[1L]]), design$unit$label)) return(NULL)
  by <- cluster_codes(spec$by[[1L]], list(design = design, data = data, formula = design$formula))
  cluster_of_units(design, by)
}

# Row effects -> cell means, and effects around the mean that the variance uses: weighted within cell by
# each cluster's squared weight. -> list(estimate, centered by data row).
center_effects <- function(prepared, clusters, leave_out) {
  design <- prepared$design
  used <- imputed_rows(prepared)
  w <- if (!is.null(design$weights)) as.numeric(design$weights[used])
  cell <- prepared$cell[used]
  effect <- prepared$effect[used]
  k <- nrow(prepared$cells)
  sums <- weighted_sums(cell, w, effect, k)
  estimate <- sums[, 3L] / sums[, 2L]
  pair <- cluster_cells(design, cell, used, clusters)
  # Rows that count once and stand alone are their own pairs.
  weight <- 1
  squares <- sums
  if (!is.null(pair$code) || !is.null(design$weights)) {
    by_pair <- if (is.null(pair$code)) cbind(1, w, w * effect) else weighted_sums(pair$code, w, effect, length(pair$first))
    weight <- by_pair[, 2L]
    squares <- code_sums(pair$first, list(weight^2, weight * by_pair[, 3L]), k)
  }
  square <- squares[, 2L]
  mean <- squares[, 3L] / square
  single <- squares[, 1L] == 1 & sums[, 2L] > 0
  centered <- numeric(design$n_data)
  centered[used] <- effect - mean[cell + 1L]
  if (leave_out) {
    own <- if (is.null(pair$code)) weight else weight[pair$code + 1L]
    share <- square[cell + 1L] / (square[cell + 1L] - own^2)
    refuse_single(prepared, single)
    centered[used] <- centered[used] * share
  } else {
    warn_single(prepared, single)
  }
  list(estimate = estimate, centered = centered)
}

# Pairs of cell and cluster: list(code of each row, cell of each pair); code NULL: each row is a pair.
cluster_cells <- function(design, cell, used, clusters) {
  if (is.null(clusters) && !has_repeated_rows(design)) return(list(first = cell))
  unit <- design$unit$code[used]
  group <- as.integer(if (is.null(clusters)) unit else clusters[unit + 1L])
  cpp_code_pairs(cell, group, max(group) + 1L)
}

# levels x (rows, weight, weighted sum of x); w NULL: rows count once.
weighted_sums <- function(code, w, x, levels) {
  if (is.null(w)) return(code_sums(code, list(x), levels)[, c(1L, 1L, 2L), drop = FALSE])
  code_sums(code, list(w, w * x), levels)
}

# levels x (1 + columns): how many rows a code (from 0) has, and the sums of the columns.
code_sums <- function(code, columns, levels) {
  cpp_code_sums(NULL, c(0L, length(code)), code, as.integer(levels), columns, NULL)
}

# Rows of the cells whose effect could be imputed. Most panels have no others: a look is cheaper than a vector.
imputed_rows <- function(prepared) {
  inside <- prepared$cell >= 0L
  if (anyNA(prepared$effect)) inside <- inside & !is.na(prepared$effect)
  keep <- prepared$design$keep
  which(if (is.null(keep)) inside else inside & keep == as.raw(1L))
}

refuse_single <- function(prepared, single) {
  single <- single & prepared$cells$treated
  if (!any(single)) return(invisible())
  cohorts <- unique(format(time_label(prepared$design, prepared$cells$cohort[single]), trim = TRUE))
  abort("one_unit", c("{.code leave_out = TRUE} needs at least two units (or clusters) in each cohort and period.",
    x = "There is only one in the cohort{?s} of {cohorts}.",
    i = "Use {.code leave_out = FALSE}, or join the cohort to its neighbor."
  ))
}

warn_single <- function(prepared, single) {
  warn_one_unit(prepared$design, prepared$cells$cohort[single & prepared$cells$treated])
}

imputation_fit <- function(estimator, prepared, data, call, centered, vcov, random, options) {
  design <- prepared$design
  stage <- prepared$stage
  cells <- prepared$cells
  cells$estimate <- ifelse(is.na(cells$reason), centered$estimate, NA)
  cells$size <- prepared$adjoint$mass
  k <- nrow(cells)
  first <- -t(prepared$solution)
  first[!is.finite(first)] <- 0
  slope <- -(t(prepared$adjoint$covariates) - crossprod(prepared$adjoint$levels, stage$covariate_effects)) %*% stage$bread
  psi <- level_influence(design, stage$effects, first, stage$residuals, stage$scores, slope)
  own <- diag(ifelse(prepared$adjoint$mass > 0, 1 / prepared$adjoint$mass, 0), k)
  second <- centered$centered * (if (is.null(design$weights)) 1 else design$weights)
  psi <- add_influence(psi, list(influence_term(second, pmax(prepared$cell, 0L), own)))
  value <- row_weights(design)
  if (anyNA(prepared$effect)) value[is.na(prepared$effect)] <- 0
  shares <- sampled_shares(design, value, prepared$slots, "cell", random, prepared$code)
  fit <- new_cell_fit(estimator, design, data, call, cells, psi, shares,
    ssc = small_sample("none"), normal = TRUE, options = options, effect = prepared$effect,
    covariates = list(coefficients = stage$coefficients, influence = stage$scores %*% stage$bread)
  )
  set_vcov(fit, vcov_spec(vcov, fit))
}

# The pre-trend test: untreated rows alone, dummies for the last periods before the pilot.
# Their coefficients with influence, scaled by the small-sample factor that a regression carries.
lead_regression <- function(prepared, leads, solver) {
  if (!is.null(leads)) check_count(leads, "leads", min = 0)
  if (identical(as.integer(leads), 0L)) return(NULL)
  design <- prepared$design
  used <- prepared$first
  cohort <- design$cohort[design$unit$code + 1L]
  joined <- cohort >= 0L
  event <- event_time_of(design, ifelse(joined, cohort, NA), design$time$code)
  inside <- used$rows + 1L
  longest <- -min(0L, event[inside][joined[inside]])
  leads <- as.integer(min(leads %||% min(5L, longest - 1L), longest))
  if (leads < 1L) return(NULL)
  level <- ifelse(joined & event < 0L & event >= -leads, -event, 0L)
  level[is.na(level)] <- 0L
  effects <- c(list(time_effect(design)), further_effects(design), list(list(code = as.integer(level), levels = leads + 1L, slope = NULL, label = "lead")))
  total <- sum(vapply(effects, `[[`, 1L, "levels"))
  contrasts <- matrix(0, leads, total)
  contrasts[, total - leads] <- -1
  contrasts[cbind(seq_len(leads), total - leads + seq_len(leads))] <- 1
  solved <- level_regression(design, effects, contrasts, solver, rows = used$rows, start = used$start)
  ok <- which(solved$estimable)
  if (!length(ok)) return(NULL)
  n <- length(used$rows)
  units <- sum(diff(used$start) > 0L)
  # Unit effects are nested in the clusters: they do not count.
  factor <- units / (units - 1) * (n - 1) / max(n - (solved$parameters - units + 1 + length(solved$coefficients)), 1)
  list(
    event_time = -ok, estimate = solved$estimate[ok],
    influence = combine_influence(solved$influence, sqrt(factor) * diag(leads)[ok, , drop = FALSE])
  )
}
