# Placebo: who joins when is drawn again and again; the estimate is compared with the draws'.
#   fit -> scheme -> draws (closed form for two-way fixed effects, refits otherwise) -> p-values

#' Placebo tests by random treatment
#'
#' Fake pilots are drawn many times, the model is fitted to each, and the estimate is compared with the
#' distribution of the fake ones. Under the sharp null of no effect and exchangeable units this is a
#' randomization test: \eqn{p = (1 + \#\{|b^*| \ge |b|\})/(1 + B)}, also one-sided and by the t statistic,
#' which is the better choice when units are heteroskedastic.
#'
#' - `"unit"` (default): whole treatment paths are shuffled over all units; cohort sizes and dates stay.
#' - `"cohort_dates"`: cohort sizes stay, their dates become distinct random ones out of `dates`.
#' - `"unit_dates"`: as many random units join, each at its own random date out of `dates`.
#' - `"time"`: the true units join earlier than they did: see [placebo_time()], to which it leads.
#'
#' Shuffling rows would break the panel; there is no such scheme.
#'
#' For two-way fixed effects by least squares with `vcov` iid, HC0, HC1 or clustered, outcome and
#' controls are partialled out once and a draw partials out the fake treatment alone. Other
#' covariances and other estimators are fitted again in each draw, on the workers of the user's
#' `future::plan()` where the packages \pkg{future} and \pkg{future.apply} are installed. Draws depend on `seed`
#' alone, not on who makes them.
#'
#' @param fit A fit of [pilot_did()] with a 0/1 treatment that stays on.
#' @param draws The number of draws.
#' @param scheme See above.
#' @param dates `c(first, last)` date to choose from, in units of the time. By default the second to the
#'   last period for `"cohort_dates"`, and the earliest to the latest true date for `"unit_dates"`.
#' @param seed A whole number; `NULL` draws one from R's generator.
#' @param progress Show progress where draws are refits? By default in interactive sessions, see [pilotdid-package].
#' @param ... For `scheme = "time"`: arguments of [placebo_time()].
#' @return A list of class `pilot_placebo`. [tidy()]: one row, `term`, `estimate`, `std.error`, `statistic`,
#'   `p.value` (two-sided), `p.left`, `p.right`, `p.statistic` (by t), `draws`. `augment()`: one row a draw, `draw`,
#'   `estimate`, `std.error`, `statistic`, `p.value`. [plot()][plot.pilot_placebo] and `autoplot()`: the field's figure.
#' @section Errors: `pilotdid_error_*`: `argument` (draws below 1), `placebo_treatment` (not a 0/1 status that
#'   stays on), `estimator` (an instrumented treatment), `dates`, `vcov` (a matrix of the user's fits no other draw).
#' @references
#' Chen, Q., Qi, J. and Yan, G. (2023), didplacebo: Stata module for in-time and in-space placebo tests.
#' Young (2019), Channeling Fisher, *Quarterly Journal of Economics* 134.
#' @examples
#' fit <- pilot_did(y ~ status | unit + time, simulate_pilot(seed = 1))
#' test <- placebo(fit, draws = 500, seed = 1)
#' test
#' plot(test)
#' @export
placebo <- function(fit, draws = 500, scheme = c("unit", "cohort_dates", "unit_dates", "time"), dates = NULL,
                    seed = NULL, progress = NULL, ...) {
  check_fit(fit)
  scheme <- check_choice(scheme, c("unit", "cohort_dates", "unit_dates", "time"), "scheme")
  if (scheme == "time") return(placebo_time(fit, ...))
  rlang::check_dots_empty()
  check_count(draws, "draws")
  progress <- progress %||% shows_progress()
  check_flag(progress, "progress")
  term <- placebo_term(fit)
  plan <- list(
    cohort = fit$design$treatment$cohort, kind = match(scheme, c("unit", "cohort_dates", "unit_dates")) - 1L,
    dates = placebo_dates(fit, scheme, dates), seed = draw_seed(seed), draws = as.integer(draws)
  )
  closed <- placebo_closed_form(fit)
  drawn <- if (closed) draw_closed_form(fit, term, plan) else draw_refits(fit, term, plan, progress)
  new_placebo(fit, term, scheme, plan, drawn, closed)
}

# The one coefficient that is compared, of a treatment whose draws can be made.
placebo_term <- function(fit) {
  treatment <- fit$design$treatment
  if (any(treatment$names %in% names(fit$design$endogenous))) {
    abort("estimator", c("There is no placebo for a treatment that is instrumented.",
      x = "A random treatment has nothing to do with the instruments of the true one: each draw would be without a first stage.",
      i = "Test the reduced form: {.code outcome ~ instrument | unit + time}, or see {.fn anderson_rubin}."
    ))
  }
  fine <- treatment$kind == "binary" && !is.null(treatment$cohort) && !isTRUE(treatment$reversals > 0)
  if (!fine) {
    abort("placebo_treatment", c("A placebo needs one 0/1 treatment that stays on, and a unit and a time.",
      x = if (isTRUE(treatment$reversals > 0)) {
        "{.field {treatment$names}} switches off again in {treatment$reversals} unit{?s}."
      } else {
        "The treatment {.field {treatment$names}} is {treatment$kind}."
      }
    ))
  }
  headline_terms(fit)[1L]
}

# Codes of the first and the last date.
placebo_dates <- function(fit, scheme, dates) {
  values <- fit$design$time$values
  cohort <- fit$design$treatment$cohort
  if (scheme == "unit" && !is.null(dates)) {
    abort("dates", c("{.arg dates} has no meaning for {.code scheme = \"unit\"}: the true dates are kept.",
      i = "Use {.val cohort_dates} or {.val unit_dates}, or leave {.arg dates} away."
    ))
  }
  if (is.null(dates)) {
    if (scheme == "unit_dates") return(range(cohort[cohort >= 0L]))
    return(c(1L, length(values) - 1L))
  }
  at <- match(as.character(dates), as.character(values)) - 1L
  if (length(at) != 2L || anyNA(at) || at[1L] > at[2L]) {
    abort("dates", c("{.arg dates} must be the first and the last period of those to choose from.",
      x = "It is {.val {format(dates)}}.",
      i = "The periods run from {.val {format(values[1])}} to {.val {format(values[length(values)])}}."
    ))
  }
  cohorts <- length(unique(cohort[cohort >= 0L]))
  if (scheme == "cohort_dates" && at[2L] - at[1L] + 1L < cohorts) {
    abort("dates", c("There must be a date for each cohort.",
      x = "{cohorts} cohorts, {at[2] - at[1] + 1} date{?s}."
    ))
  }
  at
}

placebo_cohort <- function(plan, draw) {
  cpp_placebo_cohort(plan$cohort, plan$kind, plan$dates[1L], plan$dates[2L], plan$seed, draw - 1L)
}

# Where the closed form applies: least squares, units eliminated by their means, and variances that are
# sums of squares of scores.
placebo_closed_form <- function(fit) {
  absorbed <- fit$absorbed_by
  levels <- sum(vapply(absorbed$effects, `[[`, 1, "levels"))
  fit$estimator == "twfe" && identical(absorbed$eliminated, fit$design$unit$label) && absorbed$group_means &&
    !length(absorbed$group_slopes) && levels <= fit$solver$options$direct_limit &&
    fit$vcov_spec$type %in% c("iid", "HC0", "HC1", "cluster")
}

draw_closed_form <- function(fit, term, plan) {
  columns <- cpp_partialled_out(fit$absorbed_by, fit_columns(fit), fit$effects)
  x <- columns %*% fit$maps$regressors
  at <- match(term, names(fit$coefficients))
  controls <- x[, -at, drop = FALSE]
  solved <- without_controls(columns[, 1L], controls)
  ways <- placebo_ways(fit)
  first <- if (is.null(fit$design$rows)) fit$design$start + 1L else fit$design$rows[fit$design$start + 1L] + 1L
  first <- first[-length(first)]
  result <- cpp_placebo(
    fit$absorbed_by, cbind(solved$residual, controls), solved$inverse, cpp_reduced_inverse(fit$absorbed_by),
    fit$design$unit$code[first], fit$design$time$code, sum(solved$residual^2),
    if (fit$vcov_spec$type == "iid") fit$covariance$df else 0, ways,
    plan$cohort, plan$kind, plan$dates[1L], plan$dates[2L], plan$seed, plan$draws
  )
  list(estimate = result[1L, ], std.error = result[2L, ])
}

# The outcome less what the controls explain, by an orthogonal decomposition.
without_controls <- function(y, controls) {
  if (!ncol(controls)) return(list(residual = y, inverse = matrix(0, 0L, 0L)))
  q <- qr(controls)
  list(residual = qr.resid(q, y), inverse = chol2inv(qr.R(q))[order(q$pivot), order(q$pivot), drop = FALSE])
}

# The covariance of the fit as signed sums of squares, with its small-sample factors.
placebo_ways <- function(fit) {
  spec <- fit$vcov_spec
  if (spec$type == "iid") return(list())
  if (spec$type != "cluster") {
    scale <- if (spec$type == "HC1") fit$nobs / fit$covariance$df else 1
    return(list(list(factor = scale, code = NULL, levels = 0L)))
  }
  ways <- wild_clusters(fit, NULL, NULL)$ways
  lapply(ways, function(way) list(factor = way$factor, code = way$by$code, levels = way$by$levels))
}

# Any estimator: the design with the fake treatment, fitted again.
draw_refits <- function(fit, term, plan, progress) {
  portable_spec(fit)
  fit <- seed_replicates(fit, plan$seed)
  one <- function(draw) {
    refitted <- tryCatch(
      quietly(refit(fit, fake_design(fit$design, placebo_cohort(plan, draw)))),
      pilotdid_error = function(e) NULL
    )
    if (is.null(refitted) || !term %in% names(refitted$coefficients)) return(c(NA_real_, NA_real_))
    at <- match(term, names(refitted$coefficients))
    c(refitted$coefficients[[at]], sqrt(refitted$vcov[at, at]))
  }
  out <- map_draws(plan$draws, one, progress)
  list(estimate = out[1L, ], std.error = out[2L, ])
}

# A variance by replicates draws them from R's generator unless it has a seed, and workers have generators of
# their own.
seed_replicates <- function(fit, seed) {
  if ("seed" %in% names(formals(estimators()[[fit$estimator]]))) {
    fit$request$options$seed <- fit$request$options$seed %||% seed
  }
  fit
}

# -> what `one` gives, a column a draw. Draws depend on their number alone, not on the worker.
map_draws <- function(draws, one, progress) {
  parallel <- rlang::is_installed("future.apply") && !inherits(future::plan(), "sequential")
  if (!parallel) return(do.call(cbind, lapply_progress(seq_len(draws), one, "Placebo draws", progress)))
  # Workers cannot move the bar, so it moves between pieces of the draws. A piece sends the fit to the workers
  # again: ten are enough to see it move.
  piece <- if (progress) ceiling(seq_len(draws) * 10 / draws) else rep(1, draws)
  values <- lapply_progress(split(seq_len(draws), piece), function(at) {
    future.apply::future_lapply(at, one, future.seed = NULL, future.packages = "pilotdid")
  }, "Placebo draws", progress)
  do.call(cbind, unlist(unname(values), recursive = FALSE))
}

quietly <- function(code) {
  # One bar for all draws, none within a draw.
  old <- options(pilotdid.progress = FALSE)
  on.exit(options(old))
  withCallingHandlers(code,
    pilotdid_warning = function(w) invokeRestart("muffleWarning"),
    pilotdid_message = function(m) invokeRestart("muffleMessage")
  )
}

# cohort: code of each unit's first treated period, -1 for never.
fake_design <- function(design, cohort) {
  name <- design$treatment$names
  joined <- cohort[design$unit$code + 1L]
  design$regressors[[name]] <- as.integer(joined >= 0L & design$time$code >= joined)
  design$treatment$cohort <- cohort
  design$treatment$cohort_value <- NULL
  design$treatment$always <- sum(cohort == 0L)
  design
}

new_placebo <- function(fit, term, scheme, plan, drawn, closed) {
  at <- match(term, names(fit$coefficients))
  estimate <- fit$coefficients[[at]]
  se <- sqrt(fit$vcov[at, at])
  valid <- is.finite(drawn$estimate)
  if (!any(valid)) {
    abort("placebo_draws", c("No draw could be estimated.",
      x = if (closed) "The fake treatment was absorbed in all of {plan$draws}." else "The estimator refused all {plan$draws} fake treatments.",
      i = "Choose other {.arg dates}, or {.arg scheme}."
    ))
  }
  if (!all(valid)) {
    warn("placebo_draws", c("{sum(!valid)} of {plan$draws} draws could not be estimated and {?was/were} left out."))
  }
  structure(list(
    term = term, estimate = estimate, std.error = se, statistic = estimate / se, df = fit$covariance$df,
    draws = plan$draws, drawn = drawn, valid = valid, scheme = scheme, seed = plan$seed, plan = plan,
    closed_form = closed, outcome = fit$design$outcome_name, vcov_label = fit$covariance$label
  ), class = "pilot_placebo")
}
