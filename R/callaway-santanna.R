# estimator = "cs": effects by cohort and period (Callaway and Sant'Anna 2021).
#   design -> cells (cohort, period, base, controls) -> estimates, tabular influence -> fit
# Without covariates every cell is made of means by cohort and period; the unit-level influence is a
# table on the outcome. With covariates the core solves each cell (callaway_santanna.hpp).

# method: of the covariates. base_period: of the cells before the pilot. incomplete: what to do with
# units that miss periods: rows as repeated cross-sections (as did's allow_unbalanced_panel), the
# units seen in both periods of a comparison (as csdid), or only units seen throughout.
fit_cs <- function(design, data, vcov, ssc, solver, call, control_group, anticipation,
                   method = c("dr", "ipw", "or"), base_period = c("varying", "universal"),
                   incomplete = c("cross_section", "pairs", "drop")) {
  method <- check_choice(method, c("dr", "ipw", "or"), "method")
  base_period <- check_choice(base_period, c("varying", "universal"), "base_period")
  incomplete <- check_choice(incomplete, c("cross_section", "pairs", "drop"), "incomplete")
  design <- staggered_design(design, "cs")
  refuse_extra_effects(design, "cs")
  repeated <- has_repeated_rows(design)
  balanced <- is_balanced(design)
  if (!balanced && !repeated && incomplete == "drop") {
    design <- drop_incomplete(design)
    balanced <- TRUE
  }
  warn_single_units(design)
  by_row <- repeated || (!balanced && incomplete == "cross_section")
  cells <- cs_cells(design, control_group, anticipation, base_period)
  simple <- !length(design$covariates) && (by_row || (balanced && constant_weights(design)))
  found <- if (simple) cs_by_means(design, cells, if (by_row) design$outcome else since_first(design)) else cs_by_cells(design, cells, method, by_row)
  fit <- new_cell_fit("cs", design, data, call, found$cells, found$influence,
    shares = cohort_shares(design, balanced, repeated),
    ssc = small_sample("none"), normal = TRUE,
    options = list(control_group = control_group, anticipation = anticipation, method = method,
                   base_period = base_period, incomplete = if (!balanced && !repeated) incomplete)
  )
  set_vcov(fit, vcov_spec(vcov, fit))
}

# One row a cell. Periods count from 0; `later_than`: controls are the never treated and cohorts
# after that period (.Machine$integer.max: the never treated alone).
cs_cells <- function(design, control_group, anticipation, base_period) {
  periods <- length(design$time$values)
  joined <- sort(unique(design$cohort[design$cohort >= 0L]))
  has_never <- any(design$cohort < 0L)
  refuse_no_never(design, has_never, control_group, anticipation)
  cells <- expand.grid(time = seq_len(periods) - 1L, cohort = joined)[c("cohort", "time")]
  own_base <- shift_period(design, cells$cohort, -1L - as.integer(anticipation))
  post <- cells$time >= cells$cohort
  cells$base <- if (base_period == "universal") own_base else ifelse(post, own_base, cells$time - 1L)
  # With a varying base the first period has nothing before it and is no cell.
  if (base_period == "varying") cells <- cells[post | cells$base >= 0L, ]
  cells <- cells[cells$cohort > 0L | cells$time >= cells$cohort, ]
  cells$later_than <- if (control_group == "never") {
    .Machine$integer.max
  } else {
    shift_period(design, pmax(cells$time, cells$base), as.integer(anticipation))
  }
  cells$reason <- ifelse(cells$base >= 0L, NA, "no period before treatment to compare with")
  rownames(cells) <- NULL
  cells
}

refuse_no_never <- function(design, has_never, control_group, anticipation) {
  if (has_never) return(invisible())
  last <- max(design$cohort)
  first <- shift_period(design, last, -1L - as.integer(anticipation)) + 1L
  lost <- time_label(design, seq.int(first, length(design$time$values) - 1L))
  lost <- format(lost, trim = TRUE)
  if (control_group == "never") {
    abort("no_never", c("No unit is never treated, so there is no such control group.",
      i = "{.code control_group = \"notyet\"} compares with units that have not joined yet.",
      i = "Effects in {lost} would then be unknown: all units are treated (or about to be)."
    ))
  }
  warn("no_never", c("No unit is never treated: there are no controls in {lost}.",
    i = "The effects of these periods are {.code NA}."
  ))
}

constant_weights <- function(design) {
  is.null(design$weights) || is_constant_within(design, design$unit, design$weights)
}

drop_incomplete <- function(design) {
  short <- diff(design$start) < length(design$time$values)
  if (all(short)) {
    abort("empty", c("No unit is seen in every period.",
      i = "{.code incomplete = \"cross_section\"} or {.code \"pairs\"} keeps them."
    ))
  }
  restrict_cohorts(design, !short[design$unit$code + 1L], "units with missing periods")
}

# Shares of the cohorts, with which effects are averaged: their weight in the first period of a
# balanced panel, the mean weight of units seen irregularly, rows of repeated cross-sections.
cohort_shares <- function(design, balanced, repeated) {
  slots <- cohort_slots(design)
  value <- numeric(design$n_data)
  # Each row that counts, and its weight.
  used <- if (balanced) first_rows(design) else if (is.null(design$rows)) seq_len(design$n) else design$rows + 1L
  weight <- if (is.null(design$weights)) rep(1, length(used)) else as.numeric(design$weights[used])
  value[used] <- if (balanced || repeated) weight else weight / diff(design$start)[design$unit$code[used] + 1L]
  sampled_shares(design, value, slots, "cohort")
}

# The outcome less that of the unit's first row: differences within units stay, and levels that dwarf them
# cost no digits.
since_first <- function(design) {
  design$outcome - design$outcome[first_rows(design)][design$unit$code + 1L]
}

# No covariates: differences of means by cohort and period.
cs_by_means <- function(design, cells, outcome) {
  periods <- length(design$time$values)
  slots <- cohort_slots(design)
  code <- cell_codes(design, slots)
  sums <- cpp_code_sums(design$rows, design$start, code, length(slots$code) * periods, list(outcome), design$weights)
  mass <- matrix(sums[, 1L], periods)
  mean <- matrix(sums[, 2L] / sums[, 1L], periods)
  cells$size <- NA_real_
  cells$estimate <- NA_real_
  effects <- nrow(cells)
  table <- constant <- matrix(0, effects, length(mass))
  at <- function(slot, time) (slot - 1L) * periods + time + 1L
  for (k in which(is.na(cells$reason))) {
    cell <- cells[k, ]
    own <- match(cell$cohort, slots$code)
    controls <- which(slots$code < 0L | slots$code > cell$later_than)
    controls <- setdiff(controls, own)
    when <- c(cell$time, cell$base) + 1L
    cells$size[k] <- mass[when[1L], own]
    reason <- missing_side(mass[when, own], colSums(t(mass[when, controls, drop = FALSE])))
    if (!is.na(reason)) {
      cells$reason[k] <- reason
      next
    }
    effect <- 0
    for (side in 1:2) {
      # Later period minus base, treated minus controls.
      sign <- c(1, -1)[side]
      w <- mass[when[side], controls]
      share <- w / sum(w)
      # A cohort without rows in this period has no mean and no weight.
      level <- ifelse(w > 0, mean[when[side], controls], 0)
      pooled <- sum(share * level)
      effect <- effect + sign * (mean[when[side], own] - pooled)
      j <- at(own, when[side] - 1L)
      table[k, j] <- table[k, j] + sign / mass[when[side], own]
      j <- at(controls, when[side] - 1L)
      table[k, j] <- table[k, j] - sign / sum(w)
      constant[k, j] <- constant[k, j] - sign * (level - pooled) / sum(w)
    }
    cells$estimate[k] <- effect
  }
  centered <- cpp_centered(design$rows, design$start, code, outcome, design$weights, as.vector(mean))
  weight <- if (!is.null(design$weights)) design$weights
  influence <- table_influence(design, effects, list(
    influence_term(centered, code, table), influence_term(weight, code, constant)
  ))
  list(cells = cells, influence = influence)
}

missing_side <- function(treated, control) {
  if (any(!(treated > 0))) return("no treated unit is seen in both periods")
  if (!length(control) || any(!(control > 0))) return("no control unit in these periods")
  NA_character_
}

# Covariates: every cell is an estimation of its own.
cs_by_cells <- function(design, cells, method, by_row) {
  solved <- which(is.na(cells$reason) & cells$time != cells$base)
  # Cells of a cohort with the same covariates and controls share their models: side by side.
  constant <- !by_row && constant_weights(design) &&
    all(vapply(design$covariates, function(x) is_constant_within(design, design$unit, x), TRUE))
  key <- interaction(cells$cohort, if (constant) 0L else pmin(cells$time, cells$base), cells$later_than, drop = TRUE)
  solved <- solved[order(as.integer(key)[solved])]
  spec <- cbind(cells$cohort, cells$time, cells$base, cells$later_than, as.integer(key))[solved, , drop = FALSE]
  storage.mode(spec) <- "integer"
  found <- cpp_callaway_santanna(
    list(
      rows = design$rows, start = design$start, time = design$time$code,
      periods = length(design$time$values), cohort = design$cohort, outcome = design$outcome,
      weights = design$weights, covariates = unname(design$covariates), by_row = by_row, constant = constant
    ), spec, match(method, c("dr", "ipw", "or")) - 1L
  )
  cells$estimate <- ifelse(is.na(cells$reason), 0, NA)
  cells$estimate[solved] <- ifelse(found$status == 0L, found$effect, NA)
  cells$size <- NA_real_
  cells$size[solved] <- found$treated
  cells$reason[solved] <- cs_reason(found, names(design$covariates))
  map <- matrix(0, nrow(cells), length(solved))
  map[cbind(solved, seq_along(solved))] <- 1
  list(cells = cells, influence = table_influence(design, nrow(cells), dense = list(dense_term(found$psi, map))))
}

cs_reason <- function(found, covariates) {
  # The columns are counted from the constant at 0; -1 where no column is at fault.
  column <- c(NA, "the constant", covariates)[found$column + 2L]
  reasons <- c(
    NA, "no treated unit is seen in both periods", "no control unit in these periods",
    "no overlap: covariates predict treatment almost perfectly", "collinear covariates",
    "the propensity score did not converge"
  )[found$status + 1L]
  singular <- found$status == 4L
  reasons[singular] <- paste0("collinear in this comparison: ", column[singular])
  reasons
}
