# Regressions whose parameters of interest are levels of an absorbed effect: saturated models need no
# dummies. Unit effects are eliminated, everything else is one reduced system (engine of twfe), and an
# effect by cohort and period is a contrast of levels, with influence
#   contrast' S^+ (scores of the levels) + (what the covariates' coefficients add).

# effects: list of list(code by data row, levels, slope, label). contrasts: effects x levels (all levels,
# one effect after the other). rows, start: a subset of the design's rows, or all of them.
# -> list(estimate, estimable, influence, coefficients, ...)
level_regression <- function(design, effects, contrasts, solver, rows = design$rows, start = design$start) {
  absorbed <- list(
    rows = rows, start = start, group_means = TRUE, group_slopes = list(), effects = effects,
    weights = design$weights, eliminated = design$unit$label
  )
  solver$direct_limit <- refuse_many_levels(effects, solver)
  n <- start[length(start)]
  solved <- solve_least_squares(c(list(regressors = design$covariates, n = n), design[c("outcome", "effects", "start", "rows", "keep")]), absorbed, options = solver)
  kept <- which(solved$standing == 0L)
  beta <- solved$coefficients[kept]
  residual_map <- c(1, -unname(solved$coefficients))
  columns <- c(list(design$outcome), design$covariates)
  effects_of <- solved$moments$effects
  inner <- cpp_solve_contrasts(absorbed, t(contrasts))
  scores <- mapped_residuals(absorbed, columns, effects_of, residual_map, design$n_data)
  levels <- as.vector(effects_of %*% residual_map)
  bread <- solved$inverse[kept, kept, drop = FALSE]
  list(
    estimate = as.vector(contrasts %*% levels), estimable = inner$estimable, coefficients = beta,
    bread = bread, levels = levels, scores = solved$scores[, kept, drop = FALSE],
    residuals = scores$residuals, effects = effects, absorbed = absorbed, columns = columns,
    residual_map = residual_map, covariate_effects = effects_of[, kept + 1L, drop = FALSE],
    influence = level_influence(
      design, effects, t(inner$solution), scores$residuals, solved$scores[, kept, drop = FALSE],
      -contrasts %*% effects_of[, kept + 1L, drop = FALSE] %*% bread
    ),
    parameters = solved$moments$local_rank + solved$moments$reduced_rank, rss = solved$rss
  )
}

# tables: effects x levels, applied to weighted residuals; map: effects x covariates, to their scores.
level_influence <- function(design, effects, tables, residuals, scores, map) {
  value <- if (is.null(design$weights)) residuals else residuals * design$weights
  if (anyNA(value)) value[is.na(value)] <- 0
  at <- 0L
  terms <- list()
  for (e in effects) {
    own <- tables[, at + seq_len(e$levels), drop = FALSE]
    # Rows outside the regression have value 0; their code must still be one.
    code <- e$code
    if (anyNA(code) || min(code) < 0L) code[is.na(code) | code < 0L] <- 0L
    terms <- c(terms, list(influence_term(if (is.null(e$slope)) value else value * e$slope, code, own)))
    at <- at + e$levels
  }
  dense <- if (ncol(scores)) list(dense_term(scores, map)) else list()
  table_influence(design, nrow(tables), terms, dense)
}

# A contrast needs the system itself, which is factored up to this many levels.
refuse_many_levels <- function(effects, solver) {
  levels <- sum(vapply(effects, `[[`, 1L, "levels"))
  most <- max(solver$direct_limit, 3000L)
  if (levels <= most) return(most)
  abort("too_many_levels", c("The system of cohorts, periods and further effects is too large for this estimator.",
    x = "It has {levels} levels; up to {most} are factored.",
    i = "Coarsen the periods, or drop further effects with many levels."
  ))
}

# Effects of the formula beyond the unit and the time, and those of the time, as the core takes them.
further_effects <- function(design) {
  effects <- unlist(lapply(unname(extra_effects(design)), level_effects), recursive = FALSE)
  effects %||% list()
}

refuse_unit_slopes <- function(design, estimator) {
  if (!length(design$effects[[design$unit$label]]$slopes)) return(invisible())
  abort("effects", c("{.code estimator = {.val {estimator}}} does not take slopes on the unit.",
    i = "Use unit and time effects."
  ))
}

time_effect <- function(design) {
  list(code = design$time$code, levels = length(design$time$values), slope = NULL, label = design$time$label)
}
