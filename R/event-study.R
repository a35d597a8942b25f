# Event study by least squares:
#   design -> event time of each row -> cells (one an event time, bins at the ends) -> least squares
#   by cell algebra -> pilot_event

#' Event study: effects by time since the pilot
#'
#' With two-way fixed effects the estimand is \eqn{\beta_e}, \eqn{e \ne} `reference`, in
#' \deqn{y_{it} = \sum_e \beta_e 1\{t - g_i = e\} + x_{it}'\gamma + \alpha_i + \lambda_t + \varepsilon_{it},}
#' with \eqn{g_i} the first treated period of unit \eqn{i}: the difference between treated and other
#' units \eqn{e} periods from the pilot, relative to that in the reference period. Units that never join
#' have no event time and identify \eqn{\lambda_t}. Under effects that differ between cohorts
#' \eqn{\beta_e} mixes effects of other event times (Sun and Abraham 2021): show a robust estimator
#' beside it.
#'
#' Event time counts periods: whole-number times (years) in steps of their greatest common divisor,
#' so that a year without data lengthens the distance; other times by rank.
#'
#' Without units that never join, a full set of event times is collinear with the effects of unit and
#' time: bin the ends (`window`), set a second reference (`reference = c(-5, -1)`), or compare with the
#' last cohort (`last_treated = TRUE`).
#'
#' Units treated from their first period on have no known pilot date unless `cohort =` gave one: their
#' rows are dropped with a warning.
#'
#' @param x A fit of [pilot_did()], or its formula.
#' @param data With a formula: the data. Further arguments go to [pilot_did()].
#' @param estimator With a formula: see [pilot_did()].
#' @param window `c(first, last)` event time shown; `NULL`, all that occur.
#' @param bin Do the end points of the window stand for all event times beyond? (Not where effects are
#'   estimated for each event time by itself: stacked, lpdid, dcdh, efficient, sdid.) Otherwise treated
#'   units' rows outside the window are dropped and counted; they never join the reference.
#' @param reference Event time(s) set to zero, in the window. With a formula and a robust estimator, its
#'   option of this name, where it has one.
#' @param anticipation Periods before the pilot in which units may already react: they are neither
#'   part of the pre-trend test nor of the mean effect.
#' @param last_treated Take the cohort that joins last as never treated, and drop all periods from its
#'   pilot on? Only where every unit joins.
#' @param vcov For a fit: a covariance as in [pilot_did()]; `NULL`, that of the fit.
#' @param seed Of the draws behind simultaneous bands and the sup-t test: the same seed gives the same
#'   bands.
#' @param ... Arguments of [pilot_did()] with a formula; options of the estimator otherwise.
#' @return A list of class `pilot_event`, with [tidy()][tidy.pilot_event], `glance()`, `plot()`
#'   ([figures][plot.pilot_event]), `coef`, `vcov`, `confint`.
#' @section Errors: `pilotdid_error_*`: `window` (no data in it), `reference` (outside the window or
#'   never observed), `event_collinear`, `reversals`, `no_panel`, `estimator`.
#' @references
#' Sun and Abraham (2021), Estimating dynamic treatment effects in event studies with heterogeneous
#' treatment effects, *Journal of Econometrics* 225.
#' @examples
#' panel <- simulate_pilot(seed = 1)
#' event <- event_study(y ~ status | unit + time, panel, window = c(-4, 3))
#' event
#' plot(event)
#' @export
event_study <- function(x, ...) UseMethod("event_study")

#' @rdname event_study
#' @export
event_study.formula <- function(x, data, estimator = "twfe", window = NULL, bin = TRUE, reference = -1,
                                anticipation = 0, last_treated = FALSE, seed = 1, ...) {
  # The weights and conditions of pilot_did() see the columns of `data`: the call is built, not pasted.
  call <- match.call(expand.dots = FALSE)
  given <- list(
    reference = if (!missing(reference)) reference, anticipation = if (!missing(anticipation)) anticipation,
    bin = if (!missing(bin)) bin, last_treated = if (!missing(last_treated)) last_treated
  )
  given <- given[lengths(given) > 0L]
  # What a robust estimator compares with is decided when it is fitted.
  at_fit <- if (!identical(estimator, "twfe")) intersect(names(given), c("reference", "anticipation"))
  fit_call <- as.call(c(
    list(quote(pilotdid::pilot_did), x, call$data, estimator = estimator), call$..., given[at_fit]
  ))
  fit <- eval(fit_call, parent.frame())
  do.call(event_study, c(list(fit, window = window, seed = seed), given[setdiff(names(given), at_fit)]))
}

#' @export
event_study.default <- function(x, ...) {
  abort("argument", c("{.arg x} must be a fit of {.fn pilot_did}, or its formula.", x = "It is {describe_value(x)}."))
}

# Options of least squares that a robust estimator does not have.
refuse_event_options <- function(x, ...) {
  if (!...length()) return(invisible())
  given <- names(list(...))
  abort("argument", c("{.arg {given}} cannot be given to the event study of {.code estimator = \"{x$estimator}\"}.",
    i = "What it compares with is decided when it is fitted: see the options of the estimator in {.fn pilot_did}."
  ))
}

refuse_empty_window <- function(window, events) {
  if (is.null(window) || any(events >= window[1L] & events <= window[2L])) return(invisible())
  seen <- range(events)
  abort("window", c("No treated unit is observed in the window.",
    x = "Event times run from {seen[1]} to {seen[2]}; the window is {window[1]} to {window[2]}."
  ))
}

#' @rdname event_study
#' @export
event_study.pilot_fit <- function(x, window = NULL, bin = TRUE, reference = -1, anticipation = 0,
                                  last_treated = FALSE, vcov = NULL, seed = 1, ...) {
  rlang::check_dots_empty()
  refuse_lean(x)
  if (x$estimator != "twfe") {
    abort("estimator", c("There is no event study for {.code estimator = \"{x$estimator}\"}."))
  }
  check_flag(bin, "bin")
  check_flag(last_treated, "last_treated")
  check_count(anticipation, "anticipation", min = 0)
  check_count(seed, "seed", min = 0)
  check_window(window)
  check_reference(reference)
  design <- event_design(x$design, last_treated)
  design <- drop_outside(design, window, bin)
  cells <- event_cells(design, window, reference)
  design$regressors <- c(cells$indicators, other_regressors(design))
  design$treatment$names <- character()
  fit <- withCallingHandlers(
    fit_linear(design, x$data,
      vcov = vcov %||% spec_as_vcov(x$vcov_spec),
      ssc = x$ssc, solver = x$solver$options, call = sys.call(-1L), cells = cells
    ),
    # Lost event times are an error, below.
    pilotdid_warning_collinear = function(w) if (any(w$dropped %in% names(cells$indicators))) rlang::cnd_muffle(w)
  )
  refuse_collinear_events(fit, cells, design)
  terms <- names(cells$indicators)
  new_event_study(
    cells$event_time, fit$coefficients[terms],
    vcov = fit$vcov[terms, terms, drop = FALSE], df = fit$covariance$df, reference = cells$reference,
    binned = cells$binned, anticipation = anticipation, estimator = "twfe",
    label = "two-way fixed effects", outcome = design$outcome_name, nobs = fit$nobs,
    units = length(design$unit$values), vcov_label = fit$covariance$label, seed = seed,
    fit = fit, fit_terms = terms[order(cells$event_time)], reference_binned = cells$reference_binned
  )
}

# The covariance of one fit as the `vcov =` of another. A matrix fits no other coefficients.
spec_as_vcov <- function(spec) {
  if (spec$type == "user" && is.matrix(spec$value)) return(NULL)
  structure(spec, class = "pilot_vcov")
}

check_window <- function(window) {
  if (is.null(window)) return(invisible())
  good <- is.numeric(window) && length(window) == 2L && all(is.finite(window)) &&
    all(window == round(window)) && window[1L] < window[2L]
  if (good) return(invisible())
  abort("window", c("{.arg window} must be two whole numbers, the first below the second.",
    x = "It is {.val {format(window)}}.",
    i = "{.code window = c(-5, 5)}."
  ))
}

check_reference <- function(reference) {
  good <- is.numeric(reference) && length(reference) && all(is.finite(reference)) &&
    all(reference == round(reference))
  if (good) return(invisible())
  abort("reference", c("{.arg reference} must be one or more whole numbers.",
    x = "It is {describe_value(reference)}.",
    i = "{.code reference = -1} is the period before the pilot."
  ))
}

# Adds design$event_time by unit (the position in time of event time 0, NA for never treated) and
# leaves out what has no event time.
event_design <- function(design, last_treated) {
  treatment <- design$treatment
  if (is.null(design$time) || is.null(treatment$cohort)) {
    abort("no_panel", c("An event study needs a unit, a time, and a 0/1 treatment that switches on.",
      x = "The treatment {.field {treatment$names}} is {treatment$kind}.",
      i = "Write {.code y ~ status | unit + time}, or give {.arg cohort}."
    ))
  }
  if (isTRUE(treatment$reversals > 0)) {
    abort("reversals", c("An event study needs a treatment that stays on.",
      x = "{.field {treatment$names}} switches off again in {treatment$reversals} unit{?s}.",
      i = "Give the first pilot date with {.arg cohort}, or use {.code estimator = \"dcdh\"}."
    ))
  }
  position <- period_positions(design$time$values)
  start <- position[ifelse(treatment$cohort < 0L, NA, treatment$cohort + 1L)]
  design$event_start <- start
  known <- !is.null(treatment$cohort_value) && is.numeric(design$time$values) && !is.object(design$time$values)
  if (treatment$always > 0) design <- place_always_treated(design, position, known)
  if (last_treated) design <- compare_with_last(design, position)
  design
}

# Treated from the first period on: a cohort column may say since when.
place_always_treated <- function(design, position, known) {
  always <- which(design$treatment$cohort == 0L)
  if (known) {
    values <- design$time$values
    step <- if (length(values) > 1L) (values[2L] - values[1L]) / (position[2L] - position[1L]) else 1
    since <- 1 + (design$treatment$cohort_value[always] - values[1L]) / step
    if (all(is.finite(since) & since == round(since))) {
      design$event_start[always] <- as.integer(since)
      return(design)
    }
  }
  warn("always_treated", c("{length(always)} unit{?s} {?is/are} treated in every period kept and {?was/were} dropped.",
    x = "When {cli::qty(length(always))}{?it/they} joined is not known.",
    i = "Give the pilot date with {.arg cohort} to keep {cli::qty(length(always))}{?it/them}."
  ))
  restrict_units(design, design$treatment$cohort != 0L, "always treated")
}

compare_with_last <- function(design, position) {
  start <- design$event_start
  if (anyNA(start)) {
    abort("argument", c("{.code last_treated = TRUE} is for panels where every unit joins.",
      x = "{sum(is.na(start))} unit{?s} never {?does/do}: they are the comparison."
    ))
  }
  last <- max(start)
  design$event_start[start == last] <- NA
  row_position <- position[design$time$code + 1L]
  restrict_design(design, row_position < last, "from the last pilot on")
}

restrict_units <- function(design, keep_unit, step) {
  restrict_design(design, keep_unit[design$unit$code + 1L], step)
}

# Event time of each data row, NA for never treated.
event_times <- function(design) {
  period_positions(design$time$values)[design$time$code + 1L] - design$event_start[design$unit$code + 1L]
}

# Without bins, rows of treated units outside the window leave the sample.
drop_outside <- function(design, window, bin) {
  if (bin || is.null(window)) return(design)
  e <- event_times(design)
  restrict_design(design, is.na(e) | (e >= window[1L] & e <= window[2L]), "outside the window")
}

# Event time depends on the cohort and the period only: one small table, and which of its entries
# the rows used hit.
# -> list(table = cohorts x periods, entry = 1-based entry by data row, used = by entry)
event_table <- function(design) {
  cohorts <- sort(unique(design$event_start), na.last = TRUE)
  positions <- period_positions(design$time$values)
  class <- match(design$event_start, cohorts)
  entry <- class[design$unit$code + 1L] + length(cohorts) * design$time$code
  list(
    table = outer(cohorts, positions, function(start, t) t - start), entry = entry,
    used = tabulate(used_values(entry, design), length(cohorts) * length(positions)) > 0L
  )
}

# -> list(code, levels, event_time, binned, indicators, reference, reference_binned)
event_cells <- function(design, window, reference) {
  lookup <- event_table(design)
  e <- as.vector(lookup$table)
  used <- e[lookup$used & !is.na(e)]
  seen <- range(used)
  span <- window %||% seen
  refuse_empty_window(window, used)
  clip <- function(x) pmin(pmax(x, span[1L]), span[2L])
  times <- sort(unique(clip(used)))
  refuse_reference(reference, times, span)
  event_time <- setdiff(times, reference)
  cell <- match(clip(e), event_time) - 1L
  cell[is.na(cell)] <- -1L
  code <- cell[lookup$entry]
  is_bin <- function(x) (x == span[1L] & seen[1L] < span[1L]) | (x == span[2L] & seen[2L] > span[2L])
  binned <- is_bin(event_time)
  names <- unique_terms(paste0("event_time::", event_labels(event_time, binned)), design)
  indicators <- lapply(seq_along(event_time) - 1L, function(level) indicator(code, level))
  list(
    code = code, levels = length(event_time), event_time = event_time, binned = binned,
    indicators = set_names(indicators, names), reference = reference, reference_binned = is_bin(sort(reference))
  )
}

# A control may be called like an event time.
unique_terms <- function(terms, design) {
  taken <- names(design$regressors)
  while (any(terms %in% taken)) terms <- paste0(terms, ".")
  terms
}

refuse_reference <- function(reference, times, span) {
  lost <- setdiff(reference, times)
  if (!length(lost)) {
    if (length(setdiff(times, reference))) return(invisible())
    abort("reference", c("Something must be left to estimate.", x = "Every event time is a reference."))
  }
  if (any(lost < span[1L] | lost > span[2L])) {
    abort("reference", c("The reference must lie in the window.",
      x = "The window is {span[1]} to {span[2]}, the reference {.val {lost}}.",
      i = "Widen the window, or choose a reference within it."
    ))
  }
  abort("reference", c("The reference must be observed.",
    x = "No treated unit is observed at event time {.val {lost}}.",
    i = "Observed are {.val {times}}."
  ))
}

other_regressors <- function(design) {
  design$regressors[setdiff(names(design$regressors), design$treatment$names)]
}

refuse_collinear_events <- function(fit, cells, design) {
  lost <- intersect(names(cells$indicators), fit$aliased)
  if (!length(lost)) return(invisible())
  at <- cells$event_time[match(lost, names(cells$indicators))]
  everybody <- !anyNA(design$event_start)
  abort("event_collinear", c("The effects by event time are not identified.",
    x = if (everybody) {
      "Every unit joins: event time is a combination of the effects of unit and time."
    } else {
      "Event time{?s} {.val {at}} {?is/are} a combination of the others and the effects."
    },
    i = "Bin the ends with {.arg window}, set a second reference such as {.code reference = c({min(cells$event_time)}, -1)}, or use {.code last_treated = TRUE}."
  ))
}
