# Panels whose truth is known. A panel variable is a matrix here, one row a
# period, one column a unit, so that as.vector() runs through the units one
# after the other.

#' Simulate a policy pilot with known truth
#'
#' Draws a panel of units, some of which join a pilot at different periods, and
#' keeps the truth beside it: in the column `true_effect` for every row and in
#' `attr(, "truth")` as averages. Made for Monte Carlo studies, for trying an
#' estimator on a problem one knows the answer to, and for teaching.
#'
#' The outcome of unit \eqn{i} in period \eqn{t} is
#' \deqn{y_{it} = \alpha_i + \delta_t + \tau_{it} D_{it} + \beta \sum_k x_{kit} +
#'   \theta (W D_t)_i + c\,u_i s_t + \pi\, 1\{i\ \mathrm{treated}\}\,(t-1) + \varepsilon_{it},}
#' with \eqn{D} the status, \eqn{s_t = (t-1)/(T-1)}, \eqn{W} the inverse
#' great-circle distances with rows that sum to one, and \eqn{\varepsilon} an
#' AR(1) process; the right-hand side is multiplied by
#' \eqn{(I - \rho W)^{-1}} when `rho` is not 0. The effect is
#' \deqn{\tau_{it} = (\mathrm{effect}_g + h_i + \mathrm{gap}\,1\{i \in b\}) \times
#'   \mathrm{dynamics}(t - g_i).}
#'
#' Who joins is decided by ranking
#' `selection` x (standardized sum of the units' covariate levels) +
#' (confounder, if `confounding` is not 0) + `instrument` x (the unit's
#' instrument) + standard normal noise; which cohort a joining unit belongs to
#' is random. Covariates grow in proportion to their level,
#' \eqn{x_{kit} = \xi_{ki} (1 + s_t) + .3 e_{kit}}, so that with `selection` a
#' regression without them is biased, while controlling for them or matching on
#' them removes the bias. The instrument \eqn{z_i s_t} moves participation and
#' is independent of the confounder; with constant effects two-stage least
#' squares estimates `effect`.
#'
#' @param units,periods Numbers of units and of periods.
#' @param cohorts Named numbers: the names are the first treated periods
#'   (2 to `periods`), the values the shares of units. What is left to one is
#'   never treated. By default a quarter joins half-way and another quarter two
#'   periods later.
#' @param effect The effect in the first treated period: one number, or one for
#'   each cohort in the order of `cohorts`.
#' @param dynamics Multipliers of the effect by periods since the start, the
#'   last one carried forward; or a vectorized function of periods since the
#'   start (0, 1, ...). The default is a constant effect.
#' @param heterogeneity Standard deviation of the units' own addition to the
#'   effect, \eqn{h_i}, which has mean zero within each cohort.
#' @param group_gap How much larger the effect is in group "b". Not 0: adds the
#'   column `group`, half "a", half "b".
#' @param pretrend Slope \eqn{\pi} per period of a trend of all treated units:
#'   a violation of parallel trends.
#' @param unit_sd,time_sd,noise_sd Standard deviations of \eqn{\alpha},
#'   \eqn{\delta} and \eqn{\varepsilon}.
#' @param serial AR(1) coefficient of \eqn{\varepsilon}, strictly between -1 and 1.
#' @param clusters Number of clusters of units (adds the column `cluster`), or 0.
#' @param cluster_sd Standard deviation of a shock common to a cluster in a period.
#' @param covariates Number of covariates, columns `x1`, `x2`, ...
#' @param covariate_effect Their coefficient \eqn{\beta}.
#' @param selection Strength of selection on the covariates.
#' @param confounding Coefficient \eqn{c} of an unobserved confounder that also
#'   drives participation. Not 0: adds the column `confounder`, for the oracle
#'   regression only.
#' @param instrument Strength of the instrument for participation. Not 0: adds
#'   the column `instrument`.
#' @param mediator `NULL`, or two numbers: the effect of the status on the
#'   mediator (path a) and of the mediator on the outcome (path b). Adds the
#'   column `mediator`. `effect` stays the total effect, of which a x b runs
#'   through the mediator.
#' @param indicators Number of indicators of the outcome (columns
#'   `indicator_1`, ...), each linear in the outcome plus noise; every third has the
#'   negative direction. An index of them should recover the outcome.
#' @param spillover Coefficient \eqn{\theta} of the treated neighbors.
#' @param rho Spatial autoregressive parameter, strictly between -1 and 1.
#' @param coordinates Whether to add `longitude` and `latitude` in degrees;
#'   always added when `spillover` or `rho` is not 0.
#' @param weights Whether to add the column `weight`, whole numbers from 1 to 5.
#' @param missing Share of cells that are blanked, in `y`, the covariates, the
#'   mediator and the indicators each.
#' @param unbalanced Share of rows that are removed at random.
#' @param seed A whole number, or `NULL` to draw from the session's random
#'   numbers. With a seed the result does not depend on the session's random
#'   number generator and leaves it untouched.
#'
#' @return A tibble with one row for each unit and period, sorted by unit and
#'   period: `unit`, `time` (both whole numbers), `cohort` (the first treated
#'   period, `NA` for never), `status` (0 or 1), `y`, the columns asked for, and
#'   `true_effect` (\eqn{\tau_{it} D_{it}}). Its attribute `truth` is a list:
#'   `att`, the mean of \eqn{\tau} over treated rows before any row or cell is
#'   removed; `cells` (cohort, time, event_time, units, att), and `cohorts`,
#'   `events` and `groups`, the means by cohort, by event time and by group
#'   (there `units` counts treated rows); `covariate_effect`; `mediation` (a,
#'   b, direct, indirect, total); `spatial` (rho, spillover, direct, indirect,
#'   total, for a constant effect of size `att`); `directions` of the
#'   indicators. Parts that were not asked for are `NULL`.
#'
#' @section Errors: `pilotdid_error_argument` for arguments out of range, for
#'   cohorts outside the periods, for shares that add to more than one and for
#'   cohorts so small that no unit falls into them.
#'
#' @section When not to use it: outcomes that are counts or binary; pilots that
#'   end; units observed once (repeated cross-sections).
#'
#' @seealso [pilot_cities], which is simulated on real cities and zones.
#' @examples
#' panel <- simulate_pilot(seed = 1)
#' head(panel)
#' attr(panel, "truth")$att
#'
#' # Effects that grow, differ by cohort, and selection on two covariates
#' panel <- simulate_pilot(
#'   units = 200, cohorts = c(`4` = .2, `6` = .2, `8` = .2), effect = c(2, 1, .5),
#'   dynamics = function(since) 1 + .2 * since, covariates = 2, selection = 1, seed = 1
#' )
#' attr(panel, "truth")$events
#' @export
simulate_pilot <- function(units = 60, periods = 10, cohorts = default_cohorts(periods),
                           effect = 1, dynamics = 1, heterogeneity = 0, group_gap = 0, pretrend = 0,
                           unit_sd = 1, time_sd = 1, noise_sd = 1, serial = 0,
                           clusters = 0, cluster_sd = 0,
                           covariates = 1, covariate_effect = 1, selection = 0,
                           confounding = 0, instrument = 0, mediator = NULL, indicators = 0,
                           spillover = 0, rho = 0, coordinates = FALSE, weights = FALSE,
                           missing = 0, unbalanced = 0, seed = NULL) {
  design <- check_simulation(as.list(environment()))
  with_seed(seed, draw_simulation(design))
}

# A quarter of the units joins half-way, another quarter two periods later if there is time.
default_cohorts <- function(periods) {
  start <- max(2, floor(periods / 2))
  dates <- unique(pmin(c(start, start + 2), periods))
  set_names(rep(.25, length(dates)), dates)
}

draw_simulation <- function(d) {
  traits <- draw_units(d)
  start <- draw_starts(d, traits)
  status <- outer(seq_len(d$periods), start, ">=") + 0
  effects <- draw_effects(d, start, traits$group)
  parts <- draw_parts(d, traits)
  y <- simulated_outcome(d, traits, start, status, effects, parts)
  panel <- simulated_panel(d, traits, start, status, effects * status, parts, y)
  panel <- remove_at_random(panel, d)
  attr(panel, "truth") <- simulated_truth(d, start, effects, traits)
  panel
}

# What belongs to a unit. Nothing is drawn for options that are off.
draw_units <- function(d) {
  n <- d$units
  if_on <- function(on, value) if (on) value
  traits <- list(
    level = matrix(stats::rnorm(n * d$covariates), n),
    group = if_on(d$group_gap != 0, sample(rep_len(c("a", "b"), n))),
    cluster = if_on(d$clusters > 0, rep_len(seq_len(d$clusters), n)),
    confounder = if_on(d$confounding != 0, stats::rnorm(n)),
    instrument = if_on(d$instrument != 0, stats::rnorm(n)),
    weight = if_on(d$weights, sample(5L, n, replace = TRUE))
  )
  if (d$coordinates || d$spillover != 0 || d$rho != 0) {
    traits$longitude <- stats::runif(n, 98, 122)
    traits$latitude <- stats::runif(n, 22, 45)
    traits$w <- nearness_matrix(traits$longitude, traits$latitude)
  }
  traits
}

# First treated period of each unit, Inf for never. The cohort sizes are
# exact, so that repeated draws vary in nothing but their noise.
draw_starts <- function(d, traits) {
  propensity <- stats::rnorm(d$units)
  if (d$covariates > 0) propensity <- propensity + d$selection * rowSums(traits$level) / sqrt(d$covariates)
  if (!is.null(traits$confounder)) propensity <- propensity + traits$confounder
  if (!is.null(traits$instrument)) propensity <- propensity + d$instrument * traits$instrument
  joining <- order(propensity, decreasing = TRUE)[seq_len(sum(d$sizes))]
  start <- rep(Inf, d$units)
  start[joining] <- rep(d$starts, d$sizes)[sample.int(length(joining))]
  start
}

# What the pilot does or would do from its start on: periods x units, 0 before.
draw_effects <- function(d, start, group) {
  cohort <- match(start, d$starts)
  size <- d$effect[cohort]
  if (d$heterogeneity > 0) {
    own <- d$heterogeneity * stats::rnorm(d$units)
    size <- size + own - stats::ave(own, start)
  }
  if (!is.null(group)) size <- size + d$group_gap * (group == "b")
  since <- outer(seq_len(d$periods), start, "-")
  treated <- since >= 0
  multiplier <- matrix(0, d$periods, d$units)
  multiplier[treated] <- d$multipliers[since[treated] + 1]
  size[is.na(size)] <- 0
  multiplier * rep(size, each = d$periods)
}

# Covariates and the mediator's own variation: lists of periods x units.
draw_parts <- function(d, traits) {
  stage <- (seq_len(d$periods) - 1) / (d$periods - 1)
  covariates <- lapply(seq_len(d$covariates), function(k) {
    outer(1 + stage, traits$level[, k]) + .3 * stats::rnorm(d$periods * d$units)
  })
  list(
    stage = stage,
    covariates = rlang::set_names(covariates, sprintf("x%d", seq_len(d$covariates))),
    mediator = if (!is.null(d$mediator)) matrix(stats::rnorm(d$periods * d$units), d$periods)
  )
}

simulated_outcome <- function(d, traits, start, status, effects, parts) {
  y <- outer(d$time_sd * stats::rnorm(d$periods), d$unit_sd * stats::rnorm(d$units), "+") +
    effects * status + d$noise_sd * autoregressive(d$periods, d$units, d$serial)
  for (x in parts$covariates) y <- y + d$covariate_effect * x
  if (d$pretrend != 0) y <- y + outer(d$pretrend * (seq_len(d$periods) - 1), is.finite(start) + 0)
  if (!is.null(traits$confounder)) y <- y + outer(d$confounding * parts$stage, traits$confounder)
  if (!is.null(parts$mediator)) y <- y + d$mediator[2] * parts$mediator
  if (d$cluster_sd > 0) {
    shock <- matrix(d$cluster_sd * stats::rnorm(d$periods * d$clusters), d$periods)
    y <- y + shock[, traits$cluster]
  }
  if (d$spillover != 0) y <- y + d$spillover * tcrossprod(status, traits$w)
  if (d$rho != 0) y <- t(solve(diag(d$units) - d$rho * traits$w, t(y)))
  y
}

# Stationary AR(1) with unit variance, one column a unit.
autoregressive <- function(periods, units, rho) {
  e <- matrix(stats::rnorm(periods * units), periods)
  if (rho == 0) return(e)
  for (t in seq_len(periods)[-1]) e[t, ] <- rho * e[t - 1, ] + sqrt(1 - rho^2) * e[t, ]
  e
}

# Great-circle (haversine) distances; the unit of length cancels.
nearness_matrix <- function(longitude, latitude) {
  lon <- longitude * pi / 180
  lat <- latitude * pi / 180
  chord <- sin(outer(lat, lat, "-") / 2)^2 + outer(cos(lat), cos(lat)) * sin(outer(lon, lon, "-") / 2)^2
  w <- 1 / asin(pmin(sqrt(chord), 1))
  diag(w) <- 0
  w / rowSums(w)
}

simulated_panel <- function(d, traits, start, status, true_effect, parts, y) {
  each <- function(x) rep(x, each = d$periods)
  start[is.infinite(start)] <- NA
  columns <- list(
    unit = each(seq_len(d$units)), time = rep(seq_len(d$periods), d$units),
    cohort = each(as.integer(start)),
    status = as.integer(status), y = as.vector(y)
  )
  columns <- c(columns, lapply(parts$covariates, as.vector))
  if (!is.null(traits$instrument)) columns$instrument <- as.vector(outer(parts$stage, traits$instrument))
  if (!is.null(traits$confounder)) columns$confounder <- as.vector(outer(parts$stage, traits$confounder))
  if (!is.null(parts$mediator)) {
    columns$mediator <- as.vector(d$mediator[1] * status + parts$mediator) +
      each(stats::rnorm(d$units))
  }
  columns <- c(columns, draw_indicators(d, columns$y))
  for (trait in c("group", "cluster", "longitude", "latitude", "weight")) {
    if (!is.null(traits[[trait]])) columns[[trait]] <- each(traits[[trait]])
  }
  columns$true_effect <- as.vector(true_effect)
  tibble::new_tibble(columns, nrow = length(columns$y))
}

draw_indicators <- function(d, y) {
  k <- seq_len(d$indicators)
  out <- lapply(indicator_directions(d), function(direction) {
    50 + direction * 5 * (y - mean(y)) + 2.5 * stats::sd(y) * stats::rnorm(length(y))
  })
  rlang::set_names(out, sprintf("indicator_%d", k))
}

indicator_directions <- function(d) ifelse(seq_len(d$indicators) %% 3 == 0, -1, 1)

remove_at_random <- function(panel, d) {
  n <- nrow(panel)
  if (d$missing > 0) {
    columns <- grep("^(y|x[0-9]+|mediator|indicator_[0-9]+)$", names(panel), value = TRUE)
    for (column in columns) panel[[column]][sample.int(n, round(d$missing * n))] <- NA
  }
  if (d$unbalanced > 0) panel <- panel[sort(sample.int(n, n - round(d$unbalanced * n))), ]
  panel
}
