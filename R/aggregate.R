# Averages of the effects by cohort and period, and the event study made of them.

#' Averages of effects by cohort and period
#'
#' Sums up a fit of a robust estimator. With effects \eqn{ATT(g,t)} of cohort \eqn{g} in period
#' \eqn{t} and shares \eqn{p_g} of the cohorts:
#' * `"simple"`: \eqn{\sum_{t \ge g} p_g ATT(g,t) / \sum_{t \ge g} p_g};
#' * `"group"`: \eqn{\theta(g)}, the mean over \eqn{t \ge g}; overall \eqn{\sum_g p_g \theta(g)};
#' * `"calendar"`: \eqn{\theta(t) = \sum_{g \le t} p_g ATT(g,t) / \sum_{g \le t} p_g}; overall the plain mean over \eqn{t};
#' * `"dynamic"`: \eqn{\theta(e) = \sum_g p_g ATT(g,g+e) / \sum_g p_g}; overall the plain mean over \eqn{e \ge 0}.
#'
#' Estimators whose effects are by time since the switch (`"stacked"`, `"lpdid"`, `"dcdh"`, `"efficient"`,
#' `"sdid"`) have `"simple"` (their own overall effect) and `"dynamic"`; `"efficient"` and `"sdid"` also
#' `"group"` and `"calendar"`.
#'
#' The shares are those of the estimator: the sizes of the cohorts for `"cs"` (with their sampling
#' error, as in the R package did), the treated rows of each cell for the estimators that impute.
#'
#' @param fit A fit of [pilot_did()] with any `estimator` but `"twfe"`.
#' @param type Which averages.
#' @param window For `"dynamic"`: the first and the last event time, e.g. `c(-3, 5)`.
#' @param balance For `"dynamic"`: keep only cohorts that are seen for at least this many periods
#'   after the first, so that the composition does not change up to there.
#' @param shares `"default"` as the estimator has it; `"sampled"` adds the sampling error of the
#'   shares to the variance, `"fixed"` leaves it out.
#' @param draws Draws of a multiplier bootstrap (Mammen's weights) behind standard errors and
#'   simultaneous bands; `NULL` for the analytic ones.
#' @param seed Seed of the draws; `NULL` draws one.
#' @param x,object A result of `aggregate_effects()`.
#' @param conf.int,conf.level The intervals and their level.
#' @param vcov Another covariance, see [pilot_did()].
#' @param xlab,ylab,main Labels.
#' @param ... Not used.
#' @return A list of class `pilot_aggregate`. `tidy()`: the overall effect first (`term = "ATT"`),
#'   then one row a cohort (`group`), calendar time (`time`) or event time (`event_time`), with
#'   pointwise and simultaneous intervals, `cells` (how many effects are averaged), `cells.unknown`
#'   (how many could not be estimated and are left out) and `reason`. A period that all effects are
#'   compared with is a row with estimate 0.
#' @section Errors: `pilotdid_error_argument`; `pilotdid_error_window` where no effect is left.
#' @references
#' Callaway and Sant'Anna (2021), Difference-in-differences with multiple time periods, *Journal of
#' Econometrics* 225, section 3.
#' @examples
#' panel <- simulate_pilot(seed = 1)
#' fit <- pilot_did(y ~ status | unit + time, panel, estimator = "cs")
#' aggregate_effects(fit, "dynamic")
#' tidy(aggregate_effects(fit, "group"))
#' @export
aggregate_effects <- function(fit, type = c("simple", "group", "calendar", "dynamic"), window = NULL,
                              balance = NULL, shares = c("default", "sampled", "fixed"),
                              draws = NULL, seed = NULL) {
  type <- check_choice(type, c("simple", "group", "calendar", "dynamic"), "type")
  shares <- check_choice(shares, c("default", "sampled", "fixed"), "shares")
  if (inherits(fit, "pilot_dynamic")) {
    out <- aggregate_dynamic(fit, type, window, balance, shares)
    return(with_multiplier(out, draws, seed))
  }
  check_cells(fit, "aggregate_effects")
  if (shares != "default") fit$shares$random <- shares == "sampled"
  groups <- aggregation_groups(fit, type, window, balance)
  out <- aggregate_groups(fit, type, groups)
  with_multiplier(out, draws, seed)
}

with_multiplier <- function(out, draws, seed) {
  if (is.null(draws)) return(out)
  if (!is.null(out$variance)) {
    abort("argument", c("There is no multiplier bootstrap of this variance ({out$variance$label}).",
      i = "It is not made of contributions of units; that of {.code estimator = \"efficient\", variance = \"neyman\"} is."
    ))
  }
  out$bootstrap <- multiplier_bootstrap(influence(out), draws, seed = seed)
  out
}

check_cells <- function(fit, what) {
  if (inherits(fit, "pilot_cells")) return(invisible())
  estimator <- if (inherits(fit, "pilot_fit")) fit$estimator
  abort("argument", c("{.fn {what}} needs effects by cohort and period.",
    x = if (is.null(estimator)) "{.arg fit} is {.obj_type_friendly {fit}}." else "{.code estimator = {.val {estimator}}} has none.",
    i = "Fit with {.code estimator = \"cs\"} or another estimator for staggered adoption."
  ))
}

# Labels and the cells (also unknown ones) of each average.
aggregation_groups <- function(fit, type, window, balance) {
  cells <- fit$cells
  post <- cells$event_time >= 0
  key <- switch(type, simple = rep(0L, nrow(cells)), group = cells$cohort, calendar = cells$time, dynamic = cells$event_time)
  use <- if (type == "dynamic") rep(TRUE, nrow(cells)) else post
  if (type == "dynamic") {
    if (!is.null(balance)) {
      check_count(balance, "balance", min = 0)
      periods <- length(fit$design$time$values)
      seen <- event_time_of(fit$design, cells$cohort, periods - 1L)
      use <- use & seen >= balance & key <= balance & key >= balance - event_time_of(fit$design, 0L, periods - 1L)
    }
    if (!is.null(window)) {
      check_window(window)
      use <- use & key >= window[1L] & key <= window[2L]
    }
  } else if (!is.null(window) || !is.null(balance)) {
    abort("argument", "{.arg window} and {.arg balance} belong to {.code type = \"dynamic\"}.")
  }
  if (!any(use)) {
    abort("window", c("No effect lies in the window.",
      i = "Event times run from {min(key)} to {max(key)}; a long {.arg balance} may leave no cohort."
    ))
  }
  split(which(use), factor(key[use], sort(unique(key[use]))))
}

# -> pilot_aggregate: coefficients are the overall effect and all averages that are estimates.
aggregate_groups <- function(fit, type, groups) {
  cells <- fit$cells
  labels <- as.integer(names(groups))
  known <- lapply(groups, function(at) at[!is.na(cells$estimate[at])])
  averages <- average_cells(fit, known, equal = type == "group" && fit$shares$by == "cohort")
  is_reference <- vapply(known, function(at) length(at) > 0L && !any(cells$kept[at]), TRUE)
  estimated <- lengths(known) > 0L & !is_reference
  overall <- overall_weights(fit, type, labels, estimated, averages$estimate)
  mix <- rbind(overall$weights, diag(length(groups))[estimated, , drop = FALSE])
  if (type == "simple") mix <- mix[1L, , drop = FALSE]
  psi <- combine_influence(fit$cell_influence, mix %*% averages$weights)
  terms <- lapply(averages$terms, function(t) {
    t$table <- mix %*% t$table
    t
  })
  psi <- add_influence(psi, c(terms, pad_terms(overall$terms, nrow(mix) - 1L)))
  out <- fit[c("estimator", "call", "design", "data", "formula", "nobs", "rank", "absorbed", "ssc", "normal", "options")]
  values <- averages$estimate
  values[!estimated] <- 0
  out$coefficients <- set_names(as.vector(mix %*% values), c("ATT", aggregate_terms(fit, type, labels[estimated]))[seq_len(nrow(mix))])
  out$unit_influence <- psi
  out$type <- type
  out$averages <- list(
    label = labels, estimate = ifelse(lengths(known) > 0L, averages$estimate, NA), estimated = estimated,
    reference = is_reference, cells = lengths(known), unknown = lengths(groups) - lengths(known),
    reason = vapply(seq_along(groups), function(j) if (length(known[[j]])) NA_character_ else cells$reason[groups[[j]][1L]], "")
  )
  if (type == "dynamic") out <- append_leads(out, fit$leads)
  class(out) <- c("pilot_aggregate", "pilot_fit")
  set_vcov(out, fit$vcov_spec)
}

# The leads of a regression of their own stand before the effects.
append_leads <- function(out, leads) {
  p <- length(leads$estimate)
  if (!p) return(out)
  order <- order(leads$event_time)
  k <- length(out$coefficients)
  place <- rbind(1:k == 1L, matrix(FALSE, p, k), diag(k)[-1L, , drop = FALSE] > 0) * 1
  psi <- combine_influence(out$unit_influence, place)
  lead <- combine_influence(leads$influence, rbind(0, diag(p)[order, , drop = FALSE], matrix(0, k - 1L, p)))
  out$unit_influence <- add_influence(psi, lead$terms, lead$dense)
  label <- leads$event_time[order]
  out$coefficients <- c(out$coefficients[1L], set_names(leads$estimate[order], format(label, trim = TRUE)), out$coefficients[-1L])
  a <- out$averages
  out$averages <- list(
    label = c(label, a$label), estimate = c(leads$estimate[order], a$estimate),
    estimated = c(rep(TRUE, p), a$estimated), reference = c(rep(FALSE, p), a$reference),
    cells = c(rep(0L, p), a$cells), unknown = c(rep(0L, p), a$unknown), reason = c(rep(NA_character_, p), a$reason)
  )
  out
}

aggregate_terms <- function(fit, type, labels) {
  if (type == "dynamic") return(format(labels, trim = TRUE))
  if (!length(labels)) return(character())
  as.character(time_label(fit$design, labels))
}

# How the averages make the overall effect; cohorts by their shares, periods equally.
overall_weights <- function(fit, type, labels, estimated, estimate) {
  use <- estimated & (type != "dynamic" | labels >= 0L)
  weights <- numeric(length(labels))
  if (!any(use)) return(list(weights = NA * weights))
  if (type != "group") {
    weights[use] <- 1 / sum(use)
    return(list(weights = weights))
  }
  slot <- match(labels, fit$shares$slots$code)
  mass <- fit$shares$cohort[slot]
  weights[use] <- mass[use] / sum(mass[use])
  if (!fit$shares$random) return(list(weights = weights))
  overall <- sum(weights[use] * estimate[use])
  table <- matrix(0, 1L, length(fit$shares$cell))
  for (j in which(use)) {
    codes <- (slot[j] - 1L) * fit$shares$periods + seq_len(fit$shares$periods)
    table[1L, codes] <- (estimate[j] - overall) / sum(mass[use])
  }
  list(weights = weights, terms = list(influence_term(fit$shares$value, fit$shares$code, table)))
}
