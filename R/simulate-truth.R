# The truth of a simulated panel, and the checks of its design.

simulated_truth <- function(d, start, effects, traits) {
  cells <- true_cells(d, start, effects)
  list(
    att = overall_effect(cells),
    cells = cells,
    cohorts = mean_effects(cells$att, cells$units, cells["cohort"]),
    events = mean_effects(cells$att, cells$units, cells["event_time"]),
    groups = if (!is.null(traits$group)) true_groups(d, start, effects, traits$group),
    covariate_effect = if (d$covariates > 0) d$covariate_effect,
    mediation = if (!is.null(d$mediator)) true_mediation(d$mediator, cells),
    spatial = if (!is.null(traits$w)) true_spatial(d, traits$w, cells),
    directions = if (d$indicators > 0) indicator_directions(d)
  )
}

# Means of `effect` weighted by `rows`, by the one column of the list `by`.
mean_effects <- function(effect, rows, by) {
  group <- by[[1]]
  total <- rowsum(cbind(rows, rows * effect), group)
  columns <- list(sort(unique(group)), unname(total[, 1]), unname(total[, 2] / total[, 1]))
  tibble::new_tibble(rlang::set_names(columns, c(names(by), "units", "att")), nrow = nrow(total))
}

overall_effect <- function(cells) sum(cells$units * cells$att) / sum(cells$units)

true_groups <- function(d, start, effects, group) {
  treated <- outer(seq_len(d$periods), start, ">=")
  mean_effects(effects[treated], rep(1, sum(treated)), list(group = rep(group, each = d$periods)[treated]))
}

# Mean effect of each cohort in each period from its start on.
true_cells <- function(d, start, effects) {
  by_cohort <- lapply(d$starts, function(g) {
    time <- g:d$periods
    members <- which(start == g)
    list(
      cohort = rep(g, length(time)), time = time, event_time = time - g,
      units = rep(length(members), length(time)),
      att = rowMeans(effects[time, members, drop = FALSE])
    )
  })
  columns <- lapply(
    rlang::set_names(names(by_cohort[[1]])),
    function(name) unlist(lapply(by_cohort, `[[`, name))
  )
  tibble::new_tibble(columns, nrow = length(columns$att))
}

true_mediation <- function(path, cells) {
  att <- overall_effect(cells)
  indirect <- path[1] * path[2]
  c(a = path[1], b = path[2], direct = att - indirect, indirect = indirect, total = att)
}

# Impacts of a status with effect `att`, the means of the diagonal and of the
# row sums of (I - rho W)^-1 (att I + spillover W): LeSage and Pace (2009),
# section 2.7. The rows of W sum to one and its diagonal is zero, so only the
# diagonal of the inverse is needed, and nothing when rho is 0.
true_spatial <- function(d, w, cells) {
  att <- overall_effect(cells)
  direct <- att
  if (d$rho != 0) {
    own <- mean(diag(solve(diag(d$units) - d$rho * w)))
    direct <- att * own + d$spillover * (own - 1) / d$rho
  }
  total <- (att + d$spillover) / (1 - d$rho)
  c(rho = d$rho, spillover = d$spillover, direct = direct, indirect = total - direct, total = total)
}

check_simulation <- function(d) {
  check_count(d$units, "units", 3)
  check_count(d$periods, "periods", 2)
  for (name in c("clusters", "covariates", "indicators")) check_count(d[[name]], name, 0)
  any_number <- c(
    "group_gap", "pretrend", "covariate_effect", "selection", "confounding", "instrument", "spillover"
  )
  for (name in any_number) check_number(d[[name]], name)
  spreads <- c("heterogeneity", "unit_sd", "time_sd", "noise_sd", "cluster_sd")
  for (name in spreads) check_number(d[[name]], name, min = 0)
  for (name in c("serial", "rho")) check_number(d[[name]], name, -1, 1, open = TRUE)
  for (name in c("coordinates", "weights")) check_flag(d[[name]], name)
  # Above one half little is left of a panel, and periods start to vanish.
  for (name in c("missing", "unbalanced")) check_number(d[[name]], name, 0, .5)
  if (!is.null(d$mediator)) check_numbers(d$mediator, "mediator", 2)
  if (d$cluster_sd > 0 && d$clusters == 0) {
    abort("argument", c("{.arg cluster_sd} needs clusters.",
      x = "{.arg clusters} is 0.", i = "Give {.arg clusters} the number of clusters."
    ))
  }
  d[c("starts", "sizes")] <- check_cohorts(d$cohorts, d$units, d$periods)
  check_numbers(d$effect, "effect", unique(c(1, length(d$starts))))
  d$effect <- rep_len(as.vector(d$effect), length(d$starts))
  d$multipliers <- check_dynamics(d$dynamics, d$periods - min(d$starts))
  d
}

check_numbers <- function(x, name, lengths) {
  if (!is.numeric(x) || !length(x) %in% lengths || !all(is.finite(x))) {
    abort("argument", c("{.arg {name}} must hold {.or {lengths}} finite number{cli::qty(max(lengths))}{?s}.",
      x = "It is {.obj_type_friendly {x}} of length {length(x)}."
    ))
  }
  invisible(x)
}

# First treated periods and numbers of units, from named shares.
check_cohorts <- function(cohorts, units, periods) {
  starts <- suppressWarnings(as.numeric(names(cohorts)))
  if (!is.numeric(cohorts) || !length(cohorts) || length(starts) != length(cohorts) || anyNA(starts)) {
    abort("argument", c("{.arg cohorts} must be numbers named by the first treated period.",
      i = "{.code c(`5` = .25, `7` = .25)}: a quarter starts in period 5, another in 7."
    ))
  }
  outside <- starts[starts != round(starts) | starts < 2 | starts > periods]
  if (length(outside) || anyDuplicated(starts)) {
    abort("argument", c("The names of {.arg cohorts} must be different periods from 2 to {periods}.",
      x = "They are {.val {names(cohorts)}}.",
      i = "Units treated from period 1 on have no period to compare with."
    ))
  }
  if (!all(is.finite(cohorts)) || any(cohorts <= 0) || sum(cohorts) > 1 + 1e-8) {
    # 1e-8: shares such as 1/3 are not exact and may add to a little over one.
    abort("argument", c("The shares in {.arg cohorts} must be positive and add to at most 1.",
      x = "They are {.val {unname(cohorts)}}."
    ))
  }
  sizes <- diff(round(cumsum(c(0, unname(cohorts))) * units))
  if (any(sizes < 1)) {
    abort("argument", c("Every cohort needs a unit.",
      x = "With {units} unit{?s}, nobody would start in {.val {starts[sizes < 1]}}: an empty cohort.",
      i = "Raise {.arg units} or the share."
    ))
  }
  list(starts = as.integer(starts), sizes = as.integer(sizes))
}

# Multipliers of the effect for 0, 1, ..., `longest` periods since the start.
check_dynamics <- function(dynamics, longest) {
  since <- 0:longest
  out <- if (is.function(dynamics)) dynamics(since) else dynamics
  whole <- if (is.function(dynamics)) length(out) == length(since) else length(out) > 0
  if (!is.numeric(out) || !whole || !all(is.finite(out))) {
    verb <- if (is.function(dynamics)) "gives" else "is"
    abort("argument", c(
      "{.arg dynamics} must be finite numbers, or a function that gives one for each of {.code 0:{longest}}.",
      x = "It {verb} {.obj_type_friendly {out}} of length {length(out)}."
    ))
  }
  out[pmin(since + 1, length(out))]
}

# Evaluates `code` (lazily) under a seed that means the same in every session,
# and puts the session's generator back as it was. No seed: the session's own.
with_seed <- function(seed, code) {
  if (is.null(seed)) return(code)
  check_count(seed, "seed", 0)
  kind <- RNGkind()
  state <- globalenv()$.Random.seed
  on.exit({
    # R warns of the old "Rounding" sampler whenever it is set, even back.
    suppressWarnings(RNGkind(kind[1], kind[2], kind[3]))
    if (is.null(state)) {
      rm(".Random.seed", envir = globalenv())
    } else {
      assign(".Random.seed", state, envir = globalenv())
    }
  })
  set.seed(seed, kind = "Mersenne-Twister", normal.kind = "Inversion", sample.kind = "Rejection")
  code
}
