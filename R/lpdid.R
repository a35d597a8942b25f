# estimator = "lpdid": local projections (Dube, Girardi, Jorda and Taylor 2025).
#   design -> long differences and clean rows of each horizon -> a regression on the switch and period
#   effects each (engine of twfe) -> coefficients of the switch, contributions of units -> fit

# horizons: c(first, last) event time; NULL: all that can be estimated.
# reweight: give each period the weight of its switching units, instead of the regression's weights.
# base_periods: how many periods before the switch the outcome is compared with: 1, the last; a number,
#   the mean of so many; Inf, the mean of all (pre-mean differences).
# pooled: the overall effect by one regression of the mean outcome after the switch, not by the mean of
#   the effects.
# settle: for treatments that switch several times: rows count where the status has not changed for so
#   many periods before, nor after up to the horizon.
fit_lpdid <- function(design, data, vcov, ssc, solver, call, control_group, anticipation,
                      horizons = NULL, reweight = FALSE, base_periods = 1, pooled = FALSE, settle = NULL) {
  check_horizons(horizons)
  check_flag(reweight, "reweight")
  check_flag(pooled, "pooled")
  if (!identical(base_periods, Inf)) check_count(base_periods, "base_periods")
  if (!is.null(settle)) check_count(settle, "settle")
  design <- staggered_design(design, "lpdid", reversals = !is.null(settle))
  refuse_extra_effects(design, "lpdid")
  refuse_repeated_rows(design, "lpdid")
  paths <- lp_paths(design, settle, as.integer(anticipation), base_periods, control_group == "never")
  reference <- -1L - as.integer(anticipation)
  found <- solve_horizons(horizons, ncol(paths$y), reference, "lpdid", function(h) {
    lp_regression(design, paths, h, h, reweight, ssc, solver)
  })
  overall <- mean_effect(found)
  if (pooled) overall <- pooled_projection(design, paths, max(found$events), reweight, ssc, solver)
  new_dynamic_fit("lpdid", design, data, call, found$effects, overall$estimate, unname(cbind(overall$psi, found$psi)),
    reference = reference, vcov = vcov, ssc = list(k = "none", g = ssc$g), normal = FALSE,
    options = list(
      control_group = control_group, anticipation = anticipation, reweight = reweight,
      base_periods = base_periods, pooled = pooled, settle = settle
    )
  )
}

pooled_projection <- function(design, paths, last, reweight, ssc, solver) {
  out <- lp_regression(design, paths, 0L, last, reweight, ssc, solver)
  if (is.null(out$reason)) return(out)
  abort("no_effect", c("The pooled effect up to event time {last} cannot be estimated: {out$reason}.",
    i = "Choose a shorter {.arg horizons}."
  ))
}

# Outcome, base of the differences, switches and their cleanness as units x positions; the rows, with the
# position and the cell of these matrices where each stands.
lp_paths <- function(design, settle, anticipation, base_periods, never_only) {
  y <- panel_matrix(design, design$outcome)
  positions <- ncol(y)
  start <- switch_positions(design)
  t <- col(y)
  base <- pre_mean(y, base_periods)
  # The mean up to t - 1 - anticipation stands at t.
  base <- shift_columns(base, -1L - anticipation)
  if (is.null(settle)) {
    change <- (t == start) * 1
    last_untreated <- matrix(start - 1 - anticipation, nrow(y), positions)
    clean <- function(h) change == 1 | t + max(h, 0L) <= last_untreated
  } else {
    status <- panel_matrix(design, design$regressors[[design$treatment$names]])
    change <- status - shift_columns(status, -1L)
    # Changes of unknown status count as none: a period without data.
    moved <- cbind(0, t(apply(abs(ifelse(is.na(change), 0, change)), 1L, cumsum)))
    count <- function(from, to) moved[cbind(as.vector(row(y)), pmin(pmax(as.vector(to), 0L), positions) + 1L)] -
      moved[cbind(as.vector(row(y)), pmin(pmax(as.vector(from) - 1L, 0L), positions) + 1L)]
    clean <- function(h) {
      before <- matrix(count(t - settle, t - 1L), nrow(y))
      after <- if (h > 0L) matrix(count(t + 1L, t + h), nrow(y)) else 0
      before == 0 & after == 0 & change %in% c(0, 1)
    }
  }
  allowed <- if (never_only) change == 1 | is.infinite(start) else TRUE
  rows <- if (is.null(design$rows)) seq_len(design$n) else design$rows + 1L
  position <- period_positions(design$time$values)[design$time$code[rows] + 1L]
  list(
    y = y, base = base, change = change, clean = function(h) clean(h) & allowed,
    rows = rows, position = position, cell = (position - 1L) * nrow(y) + design$unit$code[rows] + 1L,
    weight = if (is.null(design$weights)) rep(1, length(rows)) else as.numeric(design$weights[rows])
  )
}

# Mean of the last k columns up to each, of those seen.
pre_mean <- function(y, k) {
  if (k == 1) return(y)
  sums <- function(x) t(apply(x, 1L, cumsum))
  total <- sums(ifelse(is.na(y), 0, y))
  count <- sums(!is.na(y))
  if (is.finite(k) && k < ncol(y)) {
    total <- total - shift_columns(total, -as.integer(k), 0)
    count <- count - shift_columns(count, -as.integer(k), 0)
  }
  ifelse(count > 0, total / count, NA)
}

# Column t of the result is column t + by.
shift_columns <- function(x, by, fill = NA_real_) {
  at <- seq_len(ncol(x)) + by
  out <- matrix(fill, nrow(x), ncol(x))
  inside <- at >= 1L & at <= ncol(x)
  out[, inside] <- x[, at[inside]]
  out
}

# The regression of one horizon, or of the mean over several (first to last).
# -> list(estimate, psi (by unit, small-sample factor of its own included), size), or list(reason).
lp_regression <- function(design, paths, first, last, reweight, ssc, solver) {
  ahead <- lapply(seq.int(first, last), function(h) shift_columns(paths$y, h))
  difference <- Reduce(`+`, ahead) / length(ahead) - paths$base
  use <- !is.na(difference) & !is.na(paths$change) & paths$clean(last)
  kept <- which(use[paths$cell])
  rows <- paths$rows[kept]
  cell <- paths$cell[kept]
  position <- paths$position[kept]
  switch <- paths$change[cell]
  weight <- paths$weight[kept]
  if (!any(switch == 1)) return(list(reason = "no unit that switches is seen then"))
  sums <- rowsum(cbind(weight * switch, weight), position)
  share <- sums[, 1L] / sums[, 2L]
  if (!any(share > 0 & share < 1)) return(list(reason = "no clean control"))
  own <- unname(share)[match(position, as.integer(rownames(sums)))]
  # A period where all switch has no control: its effect would be nothing but the period's.
  comparable <- own < 1
  sub <- lp_design(design, rows[comparable], difference[cell][comparable], switch[comparable],
    if (reweight) (weight / (1 - own))[comparable] else if (!is.null(design$weights)) weight[comparable])
  name <- switch_name(design)
  fit <- fit_linear(sub, data = NULL, vcov = NULL, ssc = ssc, solver = solver, call = NULL)
  psi <- influence(fit)[, name]
  units <- length(design$unit$values)
  # What the regression's own factor adds, over the G / (G - 1) that is applied to all horizons later.
  factor <- fit$vcov[name, name] / sum(psi^2) / groups_factor(ssc, units)
  out <- numeric(units)
  out[match(sub$unit$values, design$unit$values)] <- psi * sqrt(factor)
  list(estimate = fit$coefficients[[name]], psi = out, size = sum(switch[comparable]))
}

# Not a name that a covariate has.
switch_name <- function(design) utils::tail(make.unique(c(names(design$covariates), "switch")), 1L)

# The rows, outcome and weights of one horizon as a design with period effects alone.
lp_design <- function(design, rows, outcome, switch, weight) {
  full <- function(x) {
    out <- numeric(design$n_data)
    out[rows] <- x
    out
  }
  out <- design
  out$outcome <- full(outcome)
  name <- switch_name(design)
  out$regressors <- c(set_names(list(full(switch)), name), design$covariates)
  out$treatment$names <- name
  out["weights"] <- list(if (!is.null(weight)) full(weight))
  out$effects <- design$effects[design$time$label]
  keep <- logical(design$n_data)
  keep[rows] <- TRUE
  restrict_design(out, keep, "not clean", drop_singletons = FALSE, one_period = TRUE)
}
