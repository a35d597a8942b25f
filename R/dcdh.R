# estimator = "dcdh": differences in differences of switchers (de Chaisemartin and D'Haultfoeuille 2024),
# for treatments that switch on and off, with several values, or continuous.
#   design -> first switch of each unit, units still at the same initial treatment -> effect of each
#   event time: switchers less not-yet-switched -> contributions of units -> fit
# Units are compared only with units of the same treatment in their first period.

# horizons: c(first, last) event time; NULL: all that can be estimated.
# normalized: per unit of treatment received since the switch.
# same_switchers: only units for which all event times of `horizons` from 0 on can be estimated.
fit_dcdh <- function(design, data, vcov, ssc, solver, call, control_group, anticipation,
                     horizons = NULL, normalized = FALSE, same_switchers = FALSE) {
  check_horizons(horizons)
  check_flag(normalized, "normalized")
  check_flag(same_switchers, "same_switchers")
  if (same_switchers && is.null(horizons)) {
    abort("horizons", c("{.code same_switchers = TRUE} needs {.arg horizons}: the same switchers over which event times?",
      i = "{.code horizons = c(-2, 2)}."
    ))
  }
  refuse_anticipation(anticipation, "dcdh")
  design <- dose_design(design)
  paths <- switch_paths(design, control_group == "never")
  paths <- adjust_for_covariates(paths, design)
  limit <- if (same_switchers) last_effect(paths, as.integer(horizons[2L])) else NULL
  # Contributions depend on the clusters: deviations from means are scaled by how many of them there are.
  solve <- function(cluster = NULL) {
    paths$cluster <- cluster
    found <- solve_horizons(horizons, ncol(paths$y), -1L, "dcdh", switcher_effect, paths = paths, normalized = normalized, most = limit)
    overall <- effect_per_dose(found$solved[found$events >= 0L])
    list(effects = found$effects, overall = overall$estimate, psi = unname(cbind(overall$psi, found$psi)))
  }
  solved <- solve()
  new_dynamic_fit("dcdh", design, data, call, solved$effects, solved$overall, solved$psi,
    reference = -1L, vcov = vcov, ssc = small_sample("none"), normal = TRUE,
    options = list(control_group = control_group, normalized = normalized, same_switchers = same_switchers),
    unit_influence_by = function(cluster) solve(cluster)$psi
  )
}

refuse_anticipation <- function(anticipation, estimator) {
  if (anticipation == 0) return(invisible())
  abort("argument", c("{.code estimator = {.val {estimator}}} takes no {.arg anticipation}.",
    i = "Move the dates of the pilot, or use {.code estimator = \"cs\"}."
  ))
}

# Any one numeric treatment in a panel; covariates are the other regressors.
dose_design <- function(design) {
  name <- design$treatment$names
  if (length(design$endogenous)) abort("argument", "{.code estimator = {.val dcdh}} takes no instruments.")
  if (length(name) != 1L || is.null(design$time)) {
    abort("treatment_kind", c("{.code estimator = {.val dcdh}} needs one treatment in a panel with a unit and a time.",
      x = "The treatment is {.field {name}}.",
      i = "Name it first in the formula; a factor must be a number (0, 1, 2 ...)."
    ))
  }
  refuse_extra_effects(design, "dcdh")
  refuse_repeated_rows(design, "dcdh")
  design$covariates <- design$regressors[setdiff(names(design$regressors), c(name, "(Intercept)"))]
  design
}

# Units x positions, and by unit: the initial treatment, the position of the first switch (Inf: never),
# the sign of the switch, what the treatment is after it.
# Units whose treatment goes above and below its initial value leave at the crossing, as in
# DIDmultiplegtDYN: their effects would be those of both directions.
switch_paths <- function(design, never_only) {
  y <- panel_matrix(design, design$outcome)
  dose <- panel_matrix(design, design$regressors[[design$treatment$names]])
  first <- apply(!is.na(dose), 1L, which.max)
  initial <- dose[cbind(seq_along(first), first)]
  move <- sign(dose - initial)
  move[is.na(move)] <- 0
  switch <- apply(move != 0, 1L, function(m) if (any(m)) which.max(m) else Inf)
  direction <- ifelse(is.finite(switch), move[cbind(seq_along(switch), pmin(switch, ncol(y)))], 0)
  crossed <- move * direction < 0
  y[t(apply(crossed, 1L, cumsum)) > 0] <- NA
  list(
    y = y, dose = dose, initial = initial, switch = switch, direction = direction,
    at_switch = pick_position(dose, switch), weight = unit_weights(design, "dcdh"), never_only = never_only,
    first = first, extra = NULL
  )
}

# Comparisons of an event time: switchers whose two periods are seen and, for each, units of the same
# initial treatment that have not switched by the later of the periods that the effect needs.
# A lead -1 - l uses the controls of the effect l - 1, so that both are about the same units.
comparison <- function(paths, event) {
  ahead <- if (event >= 0L) event else -2L - event
  target <- paths$switch + if (event >= 0L) event else event
  base <- paths$switch - 1L
  needed <- paths$switch + ahead
  positions <- ncol(paths$y)
  usable <- is.finite(paths$switch) & base >= 1L & needed <= positions & target >= 1L
  usable[usable] <- !is.na(pick_position(paths$y, target) - pick_position(paths$y, base))[usable]
  # Both periods of the effect must be there, also for its lead.
  usable[usable] <- !is.na(pick_position(paths$y, needed))[usable]
  list(ahead = ahead, target = target, base = base, needed = needed, usable = usable)
}

# Units that can be controls of a switch at position f: not switched by f + ahead, seen in both periods.
controls_of <- function(paths, initial, f, event, ahead) {
  until <- if (paths$never_only) Inf else f + ahead
  stay <- paths$initial == initial & (paths$switch > until | is.infinite(paths$switch))
  which(stay & !is.na(paths$y[, f + event] - paths$y[, f - 1L]) & !is.na(paths$y[, f + ahead]))
}

# -> list(estimate, psi (by unit), size (switchers), ...), or list(reason). most: units to keep to, or NULL.
switcher_effect <- function(event, paths, normalized, most) {
  plan <- comparison(paths, event)
  usable <- plan$usable
  if (!is.null(most)) usable <- usable & most
  sets <- split(which(usable), list(paths$initial[usable], paths$switch[usable], paths$direction[usable]), drop = TRUE)
  parts <- lapply(sets, function(own) {
    f <- paths$switch[own[1L]]
    controls <- controls_of(paths, paths$initial[own[1L]], f, event, plan$ahead)
    if (length(controls)) list(own = own, controls = controls, f = f)
  })
  parts <- Filter(Negate(is.null), parts)
  if (!length(parts)) {
    return(list(reason = if (any(usable)) "no unit of the same initial treatment has not switched by then" else "no switcher is seen then"))
  }
  own <- unlist(lapply(parts, `[[`, "own"))
  total <- sum(paths$weight[own])
  psi <- numeric(nrow(paths$y))
  estimate <- 0
  for (part in parts) {
    piece <- comparison_of_set(paths, part, event, total)
    estimate <- estimate + piece$estimate
    psi <- psi + piece$psi
  }
  current <- sum(paths$weight[own] * abs(pick_position(paths$dose, plan$target) - paths$initial)[own]) / total
  received <- if (normalized) received_dose(paths, own, plan$ahead, total) else 1
  list(
    estimate = estimate / received, psi = psi / received, raw = estimate, raw_psi = psi,
    size = length(own), mass = total, dose = current
  )
}

# Treatment received beyond the initial one from the switch to the event time, per switcher.
received_dose <- function(paths, own, ahead, total) {
  sums <- vapply(seq.int(0L, ahead), function(k) {
    d <- pick_position(paths$dose, paths$switch + k)
    abs(d - paths$initial)[own]
  }, numeric(length(own)))
  sum(paths$weight[own] * rowSums(matrix(sums, length(own)), na.rm = TRUE)) / total
}

# Switchers of one initial treatment, date and direction against their controls. Contributions are centered
# on the mean of the switchers with the same treatment after the switch, and of the controls, each times
# sqrt(n / (n - 1)), with n the number of clusters; where that is 1, on the mean of both together. So does
# DIDmultiplegtDYN 2.4, whose standard errors without covariates are these.
comparison_of_set <- function(paths, part, event, total) {
  w <- paths$weight
  own <- part$own
  controls <- part$controls
  everyone <- c(own, controls)
  sign <- paths$direction[own[1L]]
  scale <- sum(w[own]) / sum(w[controls])
  between <- function(x) {
    moved <- x[, part$f + event] - x[, part$f - 1L]
    list(moved = moved, effect = sign * (sum(w[own] * moved[own]) - scale * sum(w[controls] * moved[controls])) / total)
  }
  outcome <- between(paths$y)
  clusters <- function(at) if (is.null(paths$cluster)) length(at) else length(unique(paths$cluster[at]))
  center <- function(at) {
    group <- if (clusters(at) > 1L) at else everyone
    n <- clusters(group)
    # One cluster in all: nothing to center on.
    if (n == 1L) return(outcome$moved[at])
    sqrt(n / (n - 1)) * (outcome$moved[at] - sum(w[group] * outcome$moved[group]) / sum(w[group]))
  }
  psi <- numeric(length(w))
  for (cohort in split(own, paths$at_switch[own])) psi[cohort] <- sign * w[cohort] / total * center(cohort)
  psi[controls] <- -sign * scale * w[controls] / total * center(controls)
  if (!is.null(paths$extra)) {
    # What the coefficients of the covariates add: minus the covariates' own comparison.
    x <- vapply(paths$extra$x, function(x) between(x)$effect, 1)
    psi <- psi - as.vector(paths$extra$influence[[paths$extra$set[own[1L]]]] %*% x)
  }
  list(estimate = outcome$effect, psi = psi)
}

# Units for which all effects up to `last` have both a period and a control.
last_effect <- function(paths, last) {
  ok <- is.finite(paths$switch)
  for (event in seq.int(0L, last)) {
    plan <- comparison(paths, event)
    ok <- ok & plan$usable
    for (own in split(which(ok), list(paths$initial[ok], paths$switch[ok]), drop = TRUE)) {
      i <- own[1L]
      ok[own] <- length(controls_of(paths, paths$initial[i], paths$switch[i], event, plan$ahead)) > 0L
    }
  }
  ok
}

# Total effect per unit of treatment over all effects: what a cost-benefit analysis needs.
effect_per_dose <- function(solved) {
  mass <- vapply(solved, `[[`, 1, "mass")
  dose <- sum(mass * vapply(solved, `[[`, 1, "dose"))
  list(
    estimate = sum(mass * vapply(solved, `[[`, 1, "raw")) / dose,
    psi = Reduce(`+`, Map(function(s, m) m * s$raw_psi, solved, mass)) / dose
  )
}

# Covariates: changes of the outcome less those that the changes of the covariates explain among units
# that have not switched yet, by initial treatment.
adjust_for_covariates <- function(paths, design) {
  if (!length(design$covariates)) return(paths)
  x <- lapply(design$covariates, panel_matrix, design = design)
  later <- col(paths$y)[, -1L]
  change <- function(m) m[, -1L, drop = FALSE] - m[, -ncol(m), drop = FALSE]
  dy <- change(paths$y)
  dx <- lapply(x, change)
  values <- sort(unique(paths$initial))
  set <- match(paths$initial, values)
  influence <- vector("list", length(values))
  for (k in seq_along(values)) {
    use <- which(later < paths$switch & set == k & Reduce(`&`, lapply(dx, function(d) !is.na(d)), !is.na(dy)))
    slopes <- regress_within_cells(dy[use], lapply(dx, `[`, use), later[use], paths$weight[row(dy)[use]], row(dy)[use], nrow(dy),
      "in their changes among units that have not switched")
    influence[[k]] <- slopes$influence
    own <- which(set == k)
    for (j in seq_along(x)) paths$y[own, ] <- paths$y[own, ] - slopes$coefficients[j] * x[[j]][own, ]
  }
  paths$extra <- list(x = x, set = set, influence = influence)
  paths
}
