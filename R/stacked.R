# estimator = "stacked": one stack a cohort, with its clean controls (Wing, Freedman and Hollingsworth 2024).
#   design -> feasible cohorts -> differences from the reference by unit, stack and event time
#   -> treated mean less weighted control mean, influence -> fit
# The regression treat x event time | treat + event time on all stacks is saturated: its coefficients
# are differences of four weighted means, and so are the contributions of units. Covariates join that
# regression: their slopes are those within treat x event time, and the means are of what they leave.

# horizons: c(first, last) event time of every stack; NULL: the widest in which every cohort is feasible.
# stacks: "weighted" gives controls the weights that make each stack count by its treated units;
# "unweighted" is the plain stacked regression.
fit_stacked <- function(design, data, vcov, ssc, solver, call, control_group, anticipation,
                        horizons = NULL, stacks = c("weighted", "unweighted")) {
  stacks <- check_choice(stacks, c("weighted", "unweighted"), "stacks")
  check_horizons(horizons)
  design <- staggered_design(design, "stacked")
  refuse_extra_effects(design, "stacked")
  refuse_repeated_rows(design, "stacked")
  panel <- list(
    y = panel_matrix(design, design$outcome), x = lapply(design$covariates, panel_matrix, design = design), start = switch_positions(design),
    weight = unit_weights(design, "stacked"), never_only = control_group == "never", anticipation = as.integer(anticipation)
  )
  window <- as.integer(horizons %||% widest_window(panel, design))
  plan <- stack_plan(panel, window)
  refuse_no_stack(plan, design, window)
  stacks_used <- stack_rows(panel, plan[is.na(plan$reason), ], window, stacks == "weighted")
  slopes <- stack_slopes(panel, stacks_used)
  means <- adjusted_means(panel, stacks_used, slopes)
  # The regression's own factor: its coefficients, two levels and as many event times less one; over
  # the clusters of the panel, which count later, those in the stacks.
  parameters <- 2L * nrow(means$effects) + 2L + length(slopes$kept)
  factor <- rows_factor(ssc, means$rows, parameters) * groups_factor(ssc, means$units) / groups_factor(ssc, length(panel$start))
  fit <- new_dynamic_fit("stacked", design, data, call, means$effects, means$overall, means$influence * sqrt(factor),
    reference = -1L - as.integer(anticipation), vcov = vcov, ssc = list(k = "none", g = ssc$g), normal = FALSE,
    nobs = means$rows, rank = nrow(means$effects) + length(slopes$kept), absorbed = nrow(means$effects) + 2L,
    options = list(control_group = control_group, anticipation = anticipation, horizons = window, stacks = stacks),
    covariates = slopes$coefficients[slopes$kept]
  )
  fit$stacks <- stack_table(plan, design)
  fit
}

# First and last event time, around the pilot.
check_horizons <- function(horizons) {
  if (is.null(horizons)) return(invisible())
  good <- is.numeric(horizons) && length(horizons) == 2L && all(is.finite(horizons)) &&
    all(horizons == round(horizons)) && horizons[1L] <= -1 && horizons[2L] >= 0
  if (good) return(invisible())
  abort("horizons", c("{.arg horizons} must be the first and the last event time, the first below 0, the last 0 or more.",
    x = "It is {.val {format(horizons)}}.",
    i = "{.code horizons = c(-3, 2)}."
  ))
}

is_clean_control <- function(panel, start, last) {
  if (panel$never_only) is.infinite(panel$start) else panel$start > start + last + panel$anticipation
}

# Every cohort that has a period before and a control at all is feasible in this window.
widest_window <- function(panel, design) {
  starts <- sort(unique(panel$start[is.finite(panel$start)]))
  seen <- which(colSums(!is.na(panel$y)) > 0)
  # Positions seen without a gap before and after the pilot.
  run <- function(at, step) {
    n <- 0L
    while ((at + step * (n + 1L)) %in% seen) n <- n + 1L
    n
  }
  before <- vapply(starts, function(s) run(s, -1L), 1L)
  after <- vapply(starts, function(s) {
    n <- run(s, 1L)
    while (n >= 0L && !any(is_clean_control(panel, s, n))) n <- n - 1L
    n
  }, 1L)
  usable <- before > panel$anticipation & after >= 0L & starts %in% seen
  if (!any(usable)) {
    abort("no_effect", c("No cohort has a period before the pilot and controls that join later.",
      i = "Keep periods before the pilot, or units that join later or never."
    ))
  }
  window <- c(-min(before[usable]), min(after[usable]))
  inform("window", c("Stacks reach from {window[1]} to {window[2]}, where all cohorts that can be compared are feasible.",
    i = "Give {.arg horizons} for others, e.g. {.code horizons = c(-3, 2)}."
  ))
  window
}

# -> data frame: start (position of the pilot), reason (NA: feasible), treated, controls and, where
# units miss periods of the window, how many are left out.
stack_plan <- function(panel, window) {
  starts <- sort(unique(panel$start[is.finite(panel$start)]))
  rows <- lapply(starts, function(s) {
    members <- stack_members(panel, s, window)
    data.frame(
      start = s, treated = length(members$treated), controls = length(members$controls),
      incomplete = members$incomplete, reason = stack_reason(panel, s, window, members)
    )
  })
  do.call(rbind, rows)
}

stack_members <- function(panel, start, window) {
  at <- start + seq.int(window[1L], window[2L])
  inside <- all(at >= 1L & at <= ncol(panel$y))
  complete <- inside & if (inside) rowSums(is.na(panel$y[, at, drop = FALSE])) == 0 else FALSE
  own <- panel$start == start
  control <- is_clean_control(panel, start, window[2L])
  list(
    at = at, treated = which(own & complete), controls = which(control & complete),
    incomplete = if (inside) sum((own | control) & !complete) else 0L
  )
}

stack_reason <- function(panel, start, window, members) {
  if (window[1L] > -1L - panel$anticipation) return("the window does not hold the reference period")
  if (min(members$at) < 1L || max(members$at) > ncol(panel$y)) return("the panel does not cover the window")
  if (!length(members$treated)) return("no treated unit is seen throughout the window")
  if (!length(members$controls)) return("no control stays untreated throughout the window")
  NA_character_
}

refuse_no_stack <- function(plan, design, window) {
  if (sum(plan$incomplete)) {
    inform("incomplete", "Units that miss a period of a stack's window are left out of it: {sum(plan$incomplete)} pair{?s} of unit and stack.")
  }
  lost <- plan[!is.na(plan$reason), ]
  when <- vapply(split(stack_labels(lost, design), lost$reason), first_few, "")
  why <- paste0(names(when), ": ", when)
  if (nrow(lost) == nrow(plan)) {
    abort("no_effect", c("No cohort is feasible in the window {window[1]} to {window[2]}.", set_names_i(why)))
  }
  if (nrow(lost)) {
    warn("infeasible", c("{nrow(lost)} cohort{?s} {?is/are} not feasible in the window {window[1]} to {window[2]} and left out.",
      set_names_i(why), i = "Shorter {.arg horizons} keep more cohorts."
    ))
  }
}

stack_labels <- function(plan, design) {
  position <- period_positions(design$time$values)
  format(time_label(design, match(plan$start, position) - 1L), trim = TRUE)
}

stack_table <- function(plan, design) {
  plan$cohort <- stack_labels(plan, design)
  tibble::as_tibble(plan[c("cohort", "treated", "controls", "incomplete", "reason")])
}

# The stacks as they enter the regression: members of each and the weights of its two sides.
stack_rows <- function(panel, plan, window, weighted) {
  members <- lapply(plan$start, stack_members, panel = panel, window = window)
  mass <- function(who) vapply(members, function(m) sum(panel$weight[m[[who]]]), 1)
  list(
    members = members, events = seq.int(window[1L], window[2L]),
    scale = list(
      treated = rep(1, length(members)),
      controls = if (weighted) mass("treated") / mass("controls") else rep(1, length(members))
    )
  )
}

# Slopes of the covariates in the stacked regression, whose other regressors are the cells treat x event time.
stack_slopes <- function(panel, stacks) {
  if (!length(panel$x)) return(NULL)
  events <- length(stacks$events)
  sides <- expand.grid(stack = seq_along(stacks$members), who = c("treated", "controls"), stringsAsFactors = FALSE)
  blocks <- Map(function(k, who) {
    units <- stacks$members[[k]][[who]]
    at <- stacks$members[[k]]$at
    list(
      columns = lapply(c(list(panel$y), panel$x), function(m) as.vector(m[units, at])),
      cell = rep(seq_len(events) + if (who == "treated") 0L else events, each = length(units)),
      weight = rep(stacks$scale[[who]][k] * panel$weight[units], events), unit = rep(units, events)
    )
  }, sides$stack, sides$who)
  bind <- function(part) unlist(lapply(blocks, `[[`, part))
  column <- function(j) unlist(lapply(blocks, function(b) b$columns[[j]]))
  regress_within_cells(column(1L), set_names(lapply(seq_along(panel$x) + 1L, column), names(panel$x)),
    bind("cell"), bind("weight"), bind("unit"), length(panel$start),
    "in the stacks")
}

# The means of the outcome less its covariates' part, with what the slopes add to the contributions.
adjusted_means <- function(panel, stacks, slopes) {
  for (j in seq_along(panel$x)) panel$y <- panel$y - slopes$coefficients[j] * panel$x[[j]]
  means <- stacked_means(panel, stacks)
  for (j in seq_along(panel$x)) {
    panel$y <- panel$x[[j]]
    moved <- stacked_means(panel, stacks)
    means$influence <- means$influence - outer(slopes$influence[, j], c(moved$overall, moved$effects$estimate))
  }
  means
}

# Means of differences from the reference, treated and controls, and what each unit adds to them.
stacked_means <- function(panel, stacks) {
  events <- stacks$events
  members <- stacks$members
  reference <- -1L - panel$anticipation
  w <- panel$weight
  differences <- lapply(members, function(m) {
    panel$y[, m$at, drop = FALSE] - panel$y[, m$at[match(reference, events)]]
  })
  side <- function(who) {
    scale <- stacks$scale[[who]]
    total <- sum(vapply(seq_along(members), function(k) scale[k] * sum(w[members[[k]][[who]]]), 1))
    mean <- Reduce(`+`, lapply(seq_along(members), function(k) {
      at <- members[[k]][[who]]
      scale[k] * colSums(w[at] * differences[[k]][at, , drop = FALSE])
    })) / total
    psi <- matrix(0, length(w), length(events))
    for (k in seq_along(members)) {
      at <- members[[k]][[who]]
      psi[at, ] <- psi[at, ] + scale[k] * w[at] / total * sweep(differences[[k]][at, , drop = FALSE], 2L, mean)
    }
    list(mean = mean, psi = psi)
  }
  treated <- side("treated")
  control <- side("controls")
  shown <- which(events != reference)
  psi <- (treated$psi - control$psi)[, shown, drop = FALSE]
  estimate <- (treated$mean - control$mean)[shown]
  post <- events[shown] >= 0L
  list(
    effects = data.frame(event_time = events[shown], estimate = estimate, size = sum(lengths(lapply(members, `[[`, "treated"))), reason = NA_character_),
    overall = mean(estimate[post]), influence = unname(cbind(rowMeans(psi[, post, drop = FALSE]), psi)),
    units = length(unique(unlist(lapply(members, function(m) c(m$treated, m$controls))))),
    rows = sum(lengths(lapply(members, `[[`, "treated")), lengths(lapply(members, `[[`, "controls"))) * length(events)
  )
}
