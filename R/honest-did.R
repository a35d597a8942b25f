# How large must violations of parallel trends be before the conclusion falls?
#   event study -> restriction (a set of violations) -> confidence set for each bound -> breakdown value

#' Sensitivity to violations of parallel trends
#'
#' The estimates of an event study are effects plus violations of parallel trends,
#' \eqn{\hat\beta \sim N(\tau + \delta, \Sigma)} with \eqn{\tau = 0} before the pilot. For a set
#' \eqn{\Delta} of violations thought possible, `honest_did()` gives a confidence set for
#' \eqn{\theta = l'\tau_{post}} that covers whatever \eqn{\delta \in \Delta}.
#'
#' - `"relative_magnitudes"`: after the reference the violation moves from one period to the next by at
#'   most \eqn{\bar M} times its largest move before: \eqn{|\delta_{t+1} - \delta_t| \le \bar M \max_{s<0} |\delta_{s+1} - \delta_s|}.
#' - `"smoothness"`: its slope changes by at most \eqn{M}: \eqn{|\delta_{t+1} - 2\delta_t + \delta_{t-1}| \le M}. With
#'   \eqn{M = 0} a linear trend is extrapolated. \eqn{M} is in units of the outcome.
#' - `"relative_smoothness"`: the change of slope after the reference is at most \eqn{\bar M} times the largest before.
#'
#' `sign` and `monotone` add what is known about the bias: its sign after the reference, its direction.
#'
#' Methods: `"flci"`, the fixed-length interval (smoothness alone), optimal over linear estimators, with
#' the exact quantile of the folded normal; `"conditional"`, the test of Andrews, Roth and Pakes;
#' `"hybrid_flci"` and `"hybrid_lf"`, the same after a first stage of size \eqn{\alpha/10} (the fixed-length
#' interval; the least favorable critical value). `"auto"` takes `"flci"` for smoothness alone,
#' `"hybrid_flci"` for smoothness with a shape, `"hybrid_lf"` otherwise, as the R package HonestDiD does.
#'
#' @param event An [event_study()] of any estimator (or a fit that has one), with a single reference
#'   period; or a vector of estimates, with `vcov`, `event_time` and `reference`.
#' @param type The restriction, see above.
#' @param bound Values of \eqn{M} or \eqn{\bar M}, at least 0. By default 0 to 2 for relative bounds; for
#'   `"smoothness"` up to the largest change of slope that was estimated before the reference.
#' @param target An event time; `"average"` for the plain mean from event time 0 on; or weights, one for each
#'   event time after the reference.
#' @param sign,monotone What is known about the violation, see above.
#' @param method See above.
#' @param null The effect that the breakdown value is about.
#' @param breakdown Compute the breakdown value?
#' @param conf.level The level.
#' @param vcov Another covariance for an event study (see [pilot_did()]); the matrix for a vector.
#' @param event_time,reference For a vector: the event time of each estimate, and that of the reference (-1).
#' @param nearest Take the nearest positive semi-definite matrix where `vcov` is none?
#' @param draws Draws behind the least favorable critical value.
#' @param seed A whole number; the default makes the result reproducible without further ado.
#' @param points Targets tried on the way from each end before the end is refined by bisection.
#' @return A list of class `pilot_honest`. [tidy()]: `term`, `estimate`, `std.error`, `statistic`, `p.value`,
#'   `conf.low`, `conf.high`, `bound`, `type`, `method`, `open`. The first row is the estimate with its usual
#'   interval (`bound` missing); then one row a bound, whose ends are infinite where nothing bounds them
#'   (`open`: `"none"`, `"low"`, `"high"`, `"both"`) and missing where every effect is rejected
#'   (`"empty"`: the restriction contradicts the estimates). [glance()]: one row, with `breakdown`,
#'   the smallest bound at which `null` is no longer rejected (0: never rejected; `Inf`: always).
#' @section Errors: `pilotdid_error_*`: `honest_vcov` (not positive semi-definite: by how much),
#'   `honest_event_time` (not consecutive, or all on one side), `honest_reference` (several, or varying),
#'   `honest_method`, `argument`.
#' @section When not to use it: where the violation comes from a shock at the time of the pilot that has
#'   no counterpart before it, no restriction of this kind helps. With one period before the
#'   reference the relative bounds rest on a single, noisy difference.
#' @references
#' Rambachan and Roth (2023), A more credible approach to parallel trends, *Review of Economic Studies* 90,
#' sections 2.4 and 3. Andrews, Roth and Pakes (2023), Inference for linear conditional moment
#' inequalities, *Review of Economic Studies* 90. Armstrong and Kolesar (2018), Optimal inference in a class
#' of regression models, *Econometrica* 86.
#' @seealso [pretrend_power()]
#' @examples
#' event <- event_study(y ~ status | unit + time, simulate_pilot(seed = 1), window = c(-4, 3))
#' honest_did(event, bound = c(0.5, 1), draws = 500)
#' honest_did(event, "smoothness", bound = c(0, 0.05), target = "average")
#' @export
honest_did <- function(event, type = c("relative_magnitudes", "smoothness", "relative_smoothness"), bound = NULL,
                       target = 0, sign = c("none", "positive", "negative"),
                       monotone = c("none", "increasing", "decreasing"),
                       method = c("auto", "flci", "conditional", "hybrid_flci", "hybrid_lf"),
                       null = 0, breakdown = TRUE, conf.level = 0.95, vcov = NULL, event_time = NULL,
                       reference = NULL, nearest = FALSE, draws = 1000, seed = 1, points = 200) {
  type <- check_choice(type, c("relative_magnitudes", "smoothness", "relative_smoothness"), "type")
  sign <- check_choice(sign, c("none", "positive", "negative"), "sign")
  monotone <- check_choice(monotone, c("none", "increasing", "decreasing"), "monotone")
  method <- honest_method(method, type, sign, monotone)
  check_number(null, "null")
  check_flag(breakdown, "breakdown")
  check_number(conf.level, "conf.level", 0, 1, open = TRUE)
  check_count(draws, "draws", min = 100)
  check_count(points, "points", min = 10)
  source <- sensitivity_event(event, vcov, event_time, reference, nearest)
  refuse_few_periods(source, type)
  aim <- honest_target(source, target)
  bound <- honest_bounds(source, type, bound)
  plan <- list(
    source = source, target = aim$weights, type = type, sign = sign, monotone = monotone, method = method,
    alpha = 1 - conf.level, draws = as.integer(draws), seed = draw_seed(seed), points = as.integer(points),
    path = if (method %in% c("flci", "hybrid_flci")) flci_path(source, aim$weights)
  )
  new_honest(plan, aim, bound, null, breakdown)
}

honest_method <- function(method, type, sign, monotone) {
  method <- check_choice(method, c("auto", "flci", "conditional", "hybrid_flci", "hybrid_lf"), "method")
  shaped <- sign != "none" || monotone != "none"
  if (method == "auto") {
    return(if (type != "smoothness") "hybrid_lf" else if (shaped) "hybrid_flci" else "flci")
  }
  if (method == "flci" && (type != "smoothness" || shaped)) {
    abort("honest_method", c("A fixed-length interval needs a bound on the smoothness alone.",
      x = if (shaped) "A sign or a direction is imposed too." else "The restriction is {.val {type}}.",
      i = "Use {.code method = \"{if (type == 'smoothness') 'hybrid_flci' else 'hybrid_lf'}\"}."
    ))
  }
  if (method == "hybrid_flci" && type != "smoothness") {
    abort("honest_method", c("The fixed-length first stage needs {.code type = \"smoothness\"}.",
      x = "The restriction is {.val {type}}.", i = "Use {.code method = \"hybrid_lf\"}."
    ))
  }
  method
}

refuse_few_periods <- function(source, type) {
  if (type == "relative_smoothness" && sum(source$pre) < 2L) {
    abort("honest_event_time", c("Changes of slope before the reference need two estimates there.",
      x = "There is one.", i = "Use {.code type = \"relative_magnitudes\"}."
    ))
  }
}

# -> list(weights over the periods after the reference, label)
honest_target <- function(source, target) {
  after <- source$event_time[source$post]
  if (identical(target, "average")) {
    use <- after >= 0
    return(list(weights = use / sum(use), label = "average"))
  }
  if (!is.numeric(target) || !length(target) || !all(is.finite(target))) {
    abort("argument", c("{.arg target} must be an event time, {.val average}, or weights.",
      x = "It is {describe_value(target)}."
    ))
  }
  if (length(target) == 1L) {
    if (!target %in% after) {
      abort("argument", c("{.arg target} must be an event time after the reference.",
        x = "It is {target}.", i = "These are {.val {after}}."
      ))
    }
    return(list(weights = as.numeric(after == target), label = format(target)))
  }
  if (length(target) != length(after) || all(target == 0)) {
    abort("argument", c("Weights in {.arg target} must be one for each event time after the reference, not all zero.",
      x = "{length(target)} weight{?s}, {length(after)} event time{?s}."
    ))
  }
  list(weights = as.numeric(target), label = "weighted")
}

honest_bounds <- function(source, type, bound) {
  if (is.null(bound)) {
    if (type != "smoothness") return(c(0, 0.5, 1, 1.5, 2))
    largest <- largest_bend(source)
    return(signif(seq(0, largest, length.out = 5L), 3))
  }
  if (!is.numeric(bound) || !length(bound) || !all(is.finite(bound)) || any(bound < 0)) {
    abort("argument", c("{.arg bound} must be numbers of at least 0.", x = "It is {describe_value(bound)}."))
  }
  sort(unique(bound))
}

# The largest estimated change of slope up to the reference; with one estimate its standard error.
largest_bend <- function(source) {
  before <- c(source$estimate[source$pre], 0)
  if (length(before) < 3L) return(sqrt(source$vcov[1L, 1L]))
  max(abs(diff(before, differences = 2L)))
}

new_honest <- function(plan, aim, bound, null, breakdown) {
  sets <- lapply(bound, honest_interval, plan = plan)
  estimate <- sum(plan$target * plan$source$estimate[plan$source$post])
  unit <- if (plan$type == "smoothness") target_sd(plan) / 4 else 1
  structure(list(
    target = aim$label, estimate = estimate, std.error = target_sd(plan), bound = bound,
    low = vapply(sets, `[[`, 1, "low"), high = vapply(sets, `[[`, 1, "high"), empty = vapply(sets, `[[`, TRUE, "empty"),
    breakdown = if (breakdown) breakdown_value(plan, null, unit) else NA_real_, null = null, plan = plan,
    outcome = plan$source$outcome, label = plan$source$label
  ), class = "pilot_honest")
}
