# Covariances that allow for serial correlation in panels: within units (Newey and West), and of
# the sums over all units (Driscoll and Kraay).

#' Covariances for serial and spatial correlation
#'
#' Values for the argument `vcov` of [pilot_did()], `summary()`, [tidy()] and `vcov()`. With scores
#' \eqn{s_{it} = x_{it} e_{it}} and \eqn{w_l = 1 - l/(L+1)} the middle of the sandwich is
#' \deqn{\textrm{Newey-West: } \sum_i \sum_{t,t'} w_{|t-t'|} s_{it} s_{it'}', \quad
#'   \textrm{Driscoll-Kraay: } \sum_{t,t'} w_{|t-t'|} s_{\cdot t} s_{\cdot t'}',}
#' \deqn{\textrm{Conley: } \sum_t \sum_{i,j} K(d_{ij}) s_{it} s_{jt}' + \sum_i \sum_{t \ne t'} w_{|t-t'|} s_{it} s_{it'}'.}
#'
#' Newey-West and Driscoll-Kraay follow `fixest`: the factor \eqn{T/(T-1) \cdot (N-1)/(N-K)} with all
#' absorbed parameters in \eqn{K}, and p-values from \eqn{t(T-1)}. Both are asymptotic in the number
#' of periods: with ten years they are poor guides. Conley takes \eqn{N/(N-K)}. `fixest` adds up the
#' scores of a place over all periods first, so that every pair of periods has weight one; here only
#' contemporaneous pairs of places count, and `lag` adds serial correlation within units.
#'
#' The robust estimators of staggered adoption are known by the contributions of whole units, in which the rows of
#' a unit are already summed. For them iid, HC0 to HC3, Newey-West and Driscoll-Kraay do not exist: clusters of
#' units, their default, allow for unequal variances and any correlation over time, and `~ province` or
#' Conley without a lag for correlation between units.
#'
#' In a formula: `vcov = NW(2) ~ unit + time`, `DK(2) ~ time`, `conley(100) ~ latitude + longitude`.
#'
#' @param lag The largest lag \eqn{L}, in periods (a missing period lengthens the lag between its
#'   neighbors). `NULL`: the fourth root of the number of periods, rounded down. For Conley 0, none.
#' @param unit,time Column names where they are not the unit and the time of the fit.
#' @param cutoff The distance beyond which places are unrelated: kilometers, or the unit of the
#'   coordinates with `distance = "euclidean"`. Required.
#' @param latitude,longitude Names of the coordinates' columns, in degrees. `NULL`: the columns of
#'   the data called `latitude` or `lat` and `longitude`, `lon`, `lng` or `long`, in any case.
#' @param kernel `"uniform"` (1 within the cut-off) or `"bartlett"` (falls linearly to 0).
#' @param distance `"haversine"` on a sphere of radius 6371.0088 km, or `"euclidean"` for projected
#'   coordinates.
#' @return An object of class `pilot_vcov` to pass as `vcov =`.
#' @section Errors: `pilotdid_error_coordinates` where coordinates are unknown, missing or impossible.
#' @references
#' Newey and West (1987), *Econometrica* 55. Driscoll and Kraay (1998), *Review of Economics and
#' Statistics* 80. Conley (1999), *Journal of Econometrics* 92.
#' @examples
#' panel <- simulate_pilot(seed = 1)
#' fit <- pilot_did(y ~ status | unit + time, panel)
#' tidy(fit, vcov = newey_west_vcov(lag = 2))
#' tidy(fit, vcov = DK(1) ~ time)
#' @name pilot_vcov
NULL

#' @rdname pilot_vcov
#' @export
newey_west_vcov <- function(lag = NULL, unit = NULL, time = NULL) {
  if (!is.null(lag)) check_count(lag, "lag", min = 0)
  structure(list(type = "newey_west", lag = lag, unit = unit, time = time, label = "Newey-West"), class = "pilot_vcov")
}

#' @rdname pilot_vcov
#' @export
driscoll_kraay_vcov <- function(lag = NULL, time = NULL) {
  if (!is.null(lag)) check_count(lag, "lag", min = 0)
  structure(list(type = "driscoll_kraay", lag = lag, time = time, label = "Driscoll-Kraay"), class = "pilot_vcov")
}

covariance_newey_west <- function(fit, spec, ssc) {
  refuse_without_rows(fit, "newey_west")
  refuse_other_ids(fit, spec)
  position <- time_positions(fit, "Newey-West")
  lag <- spec$lag %||% default_lag(fit)
  scores <- panel_scores(fit)
  meat <- crossprod(scores) + cpp_serial_covariance(scores, fit$design$start, position, as.integer(lag))
  finish_time_series(fit, meat, ssc, paste0("Newey-West (lag ", lag, ")"))
}

covariance_driscoll_kraay <- function(fit, spec, ssc) {
  refuse_without_rows(fit, "driscoll_kraay")
  refuse_other_ids(fit, spec)
  time_positions(fit, "Driscoll-Kraay")
  lag <- spec$lag %||% default_lag(fit)
  time <- fit$design$time
  sums <- score_sums(fit, list(code = time$code, levels = length(time$values), label = time$label))
  meat <- crossprod(sums) +
    cpp_serial_covariance(sums, c(0L, nrow(sums)), period_positions(time$values), as.integer(lag))
  finish_time_series(fit, meat, ssc, paste0("Driscoll-Kraay (lag ", lag, ")"))
}

# As fixest: the number of periods plays the part of the number of clusters, all absorbed
# parameters count.
finish_time_series <- function(fit, meat, ssc, label) {
  periods <- length(fit$design$time$values)
  parameters <- count_parameters(fit, ssc)
  factor <- groups_factor(ssc, periods) * rows_factor(ssc, fit$nobs, parameters)
  list(matrix = nearest_psd(fit$bread %*% meat %*% fit$bread) * factor, df = periods - 1, label = label)
}

default_lag <- function(fit) floor(length(fit$design$time$values)^0.25)

# The position of each row in time, in the order of design$rows.
time_positions <- function(fit, what) {
  time <- fit$design$time
  if (is.null(time)) {
    abort("no_panel", c("{what} needs the time of each row.",
      i = "Write {.code | unit + time} in the formula, or {.code panel = ~ unit + time}."
    ))
  }
  rows <- if (is.null(fit$design$rows)) seq_len(fit$design$n_data) else fit$design$rows + 1L
  period_positions(time$values)[time$code[rows] + 1L]
}

# Whole numbers (years) count as they are, in steps of their greatest common divisor: a year that
# nobody has still lies between its neighbors. Anything else counts by rank.
period_positions <- function(values) {
  numeric <- is.numeric(values) && !is.object(values) && all(values == round(values))
  if (!numeric || length(values) < 2L || diff(range(values)) > 1e8) return(seq_along(values))
  steps <- as.integer(diff(values))
  step <- Reduce(function(a, b) {
    while (b > 0) {
      rest <- a %% b
      a <- b
      b <- rest
    }
    a
  }, steps)
  1L + as.integer((values - values[1L]) / step)
}

refuse_other_ids <- function(fit, spec) {
  for (role in c("unit", "time")) {
    given <- spec[[role]]
    if (is.null(given) || identical(given, fit$design[[role]]$label)) next
    abort("vcov", c("{spec$label} follows the panel of the fit.",
      x = "Its {role} is {.field {fit$design[[role]]$label}}, not {.field {given}}.",
      i = "Say {.code panel = ~ unit + time} at fit time."
    ))
  }
}
