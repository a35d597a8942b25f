# Fits of estimators whose effects are by time since the switch, estimated for each event time at
# once and not averaged from cohorts and periods: stacked, lpdid, dcdh, efficient, sdid. Class
# `pilot_dynamic`; what they share with `pilot_cells` is registered for `pilot_effects`.

# effects: data frame with event_time, estimate, size (switching units behind it) and reason (why
#   an estimate is NA).
# overall: the estimate of the row "ATT".
# influence: units x (1 + estimated effects), the overall effect first, scaled so that crossprod() is
#   the covariance; NULL where `variance` (a matrix of the same order, with a label) is all there is.
# reference: the event time of the period that effects are compared with; numeric() where that is a
#   weighted mean of periods.
# normal: inference by the normal distribution.
new_dynamic_fit <- function(estimator, design, data, call, effects, overall, influence, reference, vcov,
                            ssc, normal, variance = NULL, nobs = design$n, rank = NULL, absorbed = 0,
                            options = list(), ...) {
  effects <- effects[order(effects$event_time), ]
  effects$term <- format(effects$event_time, trim = TRUE)
  known <- !is.na(effects$estimate)
  refuse_always_only(known & effects$event_time >= 0, estimator)
  warn_unknown_effects(effects)
  fit <- new_fit(estimator,
    call = call, design = design, data = data, dynamic = effects, reference = reference,
    unit_influence = influence, variance = variance, normal = normal, ssc = ssc, absorbed = absorbed,
    options = options, ...
  )
  class(fit) <- c(paste0("pilot_", estimator), "pilot_dynamic", "pilot_effects", "pilot_fit")
  fit$coefficients <- c(ATT = overall, set_names(effects$estimate[known], effects$term[known]))
  fit$nobs <- nobs
  fit$rank <- rank %||% length(fit$coefficients)
  set_vcov(fit, dynamic_spec(fit, vcov))
}

# Event times that are solved one by one: those of `horizons`, where NULL means all that can be estimated in
# `positions` periods. solve: event time, ... -> list(estimate, psi (by unit), size), or list(reason).
# -> list(effects (for new_dynamic_fit()); of the estimated ones: events, solved, psi (units x effects)).
solve_horizons <- function(horizons, positions, reference, estimator, solve, ...) {
  asked <- if (is.null(horizons)) c(-1L, 1L) * (positions - 1L) else as.integer(horizons)
  events <- setdiff(seq.int(asked[1L], asked[2L]), reference)
  solved <- lapply(events, solve, ...)
  known <- vapply(solved, function(s) is.null(s$reason), TRUE)
  refuse_always_only(known & events >= 0L, estimator)
  if (is.null(horizons)) {
    solved <- solved[known]
    events <- events[known]
    known <- known[known]
  }
  list(
    effects = data.frame(
      event_time = events, estimate = vapply(solved, function(s) s$estimate %||% NA_real_, 1),
      size = vapply(solved, function(s) s$size %||% NA_real_, 1),
      reason = vapply(solved, function(s) s$reason %||% NA_character_, "")
    ),
    events = events[known], solved = solved[known], psi = do.call(cbind, lapply(solved[known], `[[`, "psi"))
  )
}

# The mean of the effects from the switch on.
mean_effect <- function(found) {
  post <- found$events >= 0L
  list(
    estimate = mean(vapply(found$solved[post], `[[`, 1, "estimate")),
    psi = rowMeans(found$psi[, post, drop = FALSE])
  )
}

# A variance of the estimator's own is about units: no other clustering can replace it.
dynamic_spec <- function(fit, vcov) {
  if (is.null(fit$variance)) return(vcov_spec(vcov, fit))
  if (is_by_unit(vcov, fit)) return(list(type = "simulated", label = fit$variance$label))
  abort("vcov", c("The variance of {.code estimator = {.val {fit$estimator}}} is its own.",
    x = "It has no contributions of units that could be summed over clusters.",
    i = "Leave {.arg vcov} away."
  ))
}

# No covariance named, or clusters that are the units.
is_by_unit <- function(vcov, fit) {
  spec <- vcov_spec(vcov, fit)
  spec$type %in% c("simulated", "cluster") && length(spec$by) < 2L &&
    all(vapply(spec$by, expr_label, "") == fit$design$unit$label)
}

covariance_simulated <- function(fit, spec, ssc) {
  if (!is.null(fit$variance)) return(list(matrix = fit$variance$matrix, df = Inf))
  abort("vcov", "The variance of another estimator cannot be put on this fit.")
}

warn_unknown_effects <- function(effects) {
  lost <- which(is.na(effects$estimate))
  if (!length(lost)) return(invisible())
  count <- split(effects$term[lost], effects$reason[lost])
  shown <- paste0(names(count), ": ", vapply(count, first_few, "", most = 6L))
  warn("unknown_effects", c("{length(lost)} effect{?s} cannot be estimated; {?it is/they are} {.code NA}.",
    set_names_i(shown)
  ), effects = effects$term[lost])
}

#' @rdname pilot_tidiers
#' @export
tidy.pilot_dynamic <- function(x, conf.int = TRUE, conf.level = 0.95, vcov = NULL, ssc = NULL, ...) {
  x <- with_vcov(x, vcov, ssc)
  table <- coefficient_table(x, conf.level)
  effects <- x$dynamic
  names <- c("ATT", effects$term)
  out <- tibble::as_tibble(lapply(table, function(column) column[match(names, table$term)]))
  out$term <- names
  out$event_time <- c(NA, effects$event_time)
  # Synthetic DID compares with a weighted mean of periods.
  out$reference <- c(NA, rep(if (length(x$reference)) x$reference else NA, nrow(effects)))
  out$size <- c(NA, effects$size)
  out$reason <- c(NA, effects$reason)
  if (!isTRUE(conf.int)) out[c("conf.low", "conf.high")] <- NULL
  out
}

#' @rdname pilot_tidiers
#' @export
glance.pilot_dynamic <- function(x, ...) {
  test <- dynamic_pretest(x)
  joint <- post_tests(x)
  tibble::tibble(
    nobs = x$nobs, units = length(x$design$unit$values), periods = length(x$design$time$values),
    effects = sum(!is.na(x$dynamic$estimate)), effects.unknown = sum(is.na(x$dynamic$estimate)),
    pretrend.statistic = test$statistic, pretrend.df = test$df, pretrend.p.value = test$p.value,
    joint.statistic = joint$zero$statistic, joint.df = joint$zero$df, joint.p.value = joint$zero$p.value,
    equal.p.value = joint$equal$p.value,
    estimator = x$estimator, control.group = x$options$control_group %||% NA_character_,
    vcov.type = x$covariance$label
  )
}

# Event times and the places of their coefficients after the overall effect.
known_effects <- function(fit) fit$dynamic[!is.na(fit$dynamic$estimate), ]

# H0: no effect before the switch.
dynamic_pretest <- function(fit) {
  at <- which(known_effects(fit)$event_time < -(fit$options$anticipation %||% 0)) + 1L
  wald_test(fit$coefficients[at], fit$vcov[at, at, drop = FALSE], fit$covariance$df)
}

# H0: all effects from the switch on are zero; all are equal.
post_tests <- function(fit) {
  at <- which(known_effects(fit)$event_time >= 0) + 1L
  b <- unname(fit$coefficients[at])
  v <- unname(fit$vcov[at, at, drop = FALSE])
  contrast <- cbind(rep(-1, length(at) - 1L), diag(length(at) - 1L))
  equal <- if (length(at) > 1L) {
    wald_test(as.vector(contrast %*% b), contrast %*% v %*% t(contrast), fit$covariance$df)
  } else {
    list(p.value = NA_real_)
  }
  list(zero = wald_test(b, v, fit$covariance$df), equal = equal)
}

#' @export
print.pilot_dynamic <- function(x, digits = 4L, most = 20L, ...) {
  print_header(x)
  print_effect_table(x, tidy(x), dynamic_pretest(x), sum(is.na(x$dynamic$estimate)), digits, most)
  invisible(x)
}

#' @rdname event_study
#' @export
event_study.pilot_dynamic <- function(x, window = NULL, bin = FALSE, vcov = NULL, seed = 1, ...) {
  refuse_event_options(x, ...)
  check_window(window)
  check_flag(bin, "bin")
  if (bin) {
    abort("argument", c("The end points of {.code estimator = \"{x$estimator}\"} cannot be binned.",
      i = "Its effects are estimated for each event time by itself: leave {.arg bin} away."
    ))
  }
  check_count(seed, "seed", min = 0)
  known <- known_effects(x)
  refuse_empty_window(window, known$event_time)
  x <- with_vcov(x, vcov)
  at <- seq_len(nrow(known))
  if (!is.null(window)) at <- which(known$event_time >= window[1L] & known$event_time <= window[2L])
  new_event_study(known$event_time[at], known$estimate[at],
    vcov = x$vcov[at + 1L, at + 1L, drop = FALSE], df = x$covariance$df, reference = x$reference,
    references = if (!length(x$reference)) rep("weighted periods", length(at)),
    # A variance of the estimator's own is not the square of contributions.
    influence = if (is.null(x$variance)) influence(x)[, at + 1L, drop = FALSE],
    anticipation = x$options$anticipation %||% 0, estimator = x$estimator, label = estimator_label(x$estimator),
    outcome = x$design$outcome_name, nobs = x$nobs, units = length(x$design$unit$values),
    vcov_label = x$covariance$label, seed = seed
  )
}

#' @export
plot.pilot_dynamic <- function(x, ...) plot(event_study(x), ...)

#' @exportS3Method ggplot2::autoplot
autoplot.pilot_dynamic <- function(object, ...) {
  rlang::check_installed("ggplot2")
  ggplot2::autoplot(event_study(object), ...)
}

# aggregate_effects() of these fits -> pilot_aggregate. Simple: the overall effect; dynamic: the effects by
# event time, overall their plain mean from 0 on. Other types where the estimator has a method.
aggregate_dynamic <- function(fit, type, window, balance, shares) {
  if (!is.null(balance) || shares != "default") {
    abort("argument", "{.arg balance} and {.arg shares} belong to estimators with effects by cohort and period.")
  }
  check_window(window)
  if (!is.null(window) && type != "dynamic") abort("argument", "{.arg window} belongs to {.code type = \"dynamic\"}.")
  if (!is.null(window)) fit <- effects_in_window(fit, window)
  summary <- summarize_effects(fit, type)
  out <- fit[c("estimator", "call", "design", "data", "formula", "nobs", "rank", "absorbed", "ssc", "normal", "options")]
  out$coefficients <- summary$coefficients
  out$unit_influence <- summary$influence
  out$unit_influence_by <- summary$influence_by
  out$variance <- summary$variance
  out$type <- type
  out$averages <- summary$averages
  class(out) <- c("pilot_aggregate", "pilot_fit")
  set_vcov(out, fit$vcov_spec)
}

# -> list(coefficients, influence or variance, averages) as pilot_aggregate holds them.
summarize_effects <- function(fit, type) UseMethod("summarize_effects")

#' @export
summarize_effects.pilot_dynamic <- function(fit, type) {
  if (!type %in% c("simple", "dynamic")) {
    abort("argument", c("{.code estimator = {.val {fit$estimator}}} has no averages of type {.val {type}}.",
      i = "{.val simple} and {.val dynamic} exist."
    ))
  }
  if (type == "simple") {
    return(transform_summary(fit, fit$coefficients[1L], diag(length(fit$coefficients))[1L, , drop = FALSE], simple_averages(fit)))
  }
  known <- known_effects(fit)
  post <- known$event_time >= 0
  mix <- rbind(c(0, post / sum(post)), cbind(0, diag(nrow(known))))
  transform_summary(fit, set_names(as.vector(mix %*% fit$coefficients), c("ATT", known$term)), mix, dynamic_averages(fit))
}

transform_summary <- function(fit, coefficients, mix, averages) {
  variance <- fit$variance
  if (!is.null(variance)) variance$matrix <- mix %*% variance$matrix %*% t(mix)
  list(
    coefficients = coefficients, variance = variance, averages = averages,
    influence = if (!is.null(fit$unit_influence)) fit$unit_influence %*% t(mix),
    influence_by = then(fit$unit_influence_by, function(psi) psi %*% t(mix))
  )
}

# f, and g of its value; NULL where there is no f.
then <- function(f, g) if (!is.null(f)) function(...) g(f(...))

simple_averages <- function(fit) {
  list(
    label = 0L, estimate = unname(fit$coefficients[1L]), estimated = TRUE, reference = FALSE,
    cells = sum(known_effects(fit)$event_time >= 0), unknown = sum(is.na(fit$dynamic$estimate)), reason = NA_character_
  )
}

dynamic_averages <- function(fit) {
  effects <- fit$dynamic
  base <- rep(0L, length(fit$reference))
  label <- c(fit$reference, effects$event_time)
  order <- order(label)
  known <- !is.na(effects$estimate)
  lapply(list(
    label = label, estimate = c(base, effects$estimate), estimated = c(base > 0, known),
    reference = c(base == 0, rep(FALSE, nrow(effects))), cells = c(base, as.integer(known)),
    unknown = c(base, as.integer(!known)), reason = c(rep(NA, length(base)), effects$reason)
  ), `[`, order)
}

# The fit with the event times of the window alone.
effects_in_window <- function(fit, window) {
  inside <- fit$dynamic$event_time >= window[1L] & fit$dynamic$event_time <= window[2L]
  known <- !is.na(fit$dynamic$estimate)
  keep <- c(TRUE, inside[known])
  if (!any(inside & known)) abort("window", "No effect lies in the window.")
  fit$dynamic <- fit$dynamic[inside, ]
  fit$reference <- fit$reference[fit$reference >= window[1L] & fit$reference <= window[2L]]
  fit$coefficients <- fit$coefficients[keep]
  if (!is.null(fit$unit_influence)) fit$unit_influence <- fit$unit_influence[, keep, drop = FALSE]
  fit$unit_influence_by <- then(fit$unit_influence_by, function(psi) psi[, keep, drop = FALSE])
  if (!is.null(fit$variance)) fit$variance$matrix <- fit$variance$matrix[keep, keep, drop = FALSE]
  fit
}
