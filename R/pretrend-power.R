# Would a test of the effects before the pilot have found the trend that one worries about?

#' Power of the test for pre-trends
#'
#' The usual test passes when no effect before the pilot is significant on its own. With
#' \eqn{\hat\beta_{pre} \sim N(\delta_{pre}, \Sigma_{pre})} under a hypothesized violation \eqn{\delta}, its power is
#' \deqn{1 - P(|\hat\beta_s| \le z\,\sigma_s \text{ for all } s \text{ before the reference}).}
#' `pretrend_power()` gives the slopes of a linear violation that the test finds with given
#' probabilities, the power against a violation of the user's, and what the estimates are
#' expected to be, under the violation and without any effect, *given that the test was passed*:
#' passing selects the samples in which the violation looks small before the pilot, and as a rule
#' makes the bias after it larger.
#'
#' @inheritParams honest_did
#' @param power Probabilities of a significant estimate for which the slope of a linear violation is found.
#' @param trend Further violations: a function of the time since the reference (`function(t) 0.02 * t^2`), or a
#'   number for each estimate in ascending order of event time; or a named list of such.
#' @param conf.level The level of the single tests; 0.95 means \eqn{z = 1.96}.
#' @return A list of class `pilot_pretrend_power`. [tidy()]: one row a violation, `term`, `estimate` (its slope; missing where it is
#'   not linear), `power`, `bayes.factor` (how much likelier the test is passed under the violation than
#'   under parallel trends), `likelihood.ratio` (of the estimates before the reference). `augment()`: one row a
#'   violation and event time, with `estimate`, `std.error`, `trend` and `expected`, the
#'   mean given that the test was passed. [glance()]: one row, with the size of the joint test.
#' @section Errors: those of [honest_did()]; `pilotdid_error_power` where no slope has the power asked for, because the test
#'   rejects more often than that without any violation.
#' @section When not to use it: it says what the test could find, not what is there. For conclusions that
#'   hold under a violation see [honest_did()].
#' @references Roth (2022), Pretest with caution: event-study estimates after testing for parallel trends,
#' *American Economic Review: Insights* 4. Probabilities and means by the separation of variables of
#' Genz (1992) on a fixed lattice: good to some five digits, and the same in every run.
#' @examples
#' event <- event_study(y ~ status | unit + time, simulate_pilot(seed = 1), window = c(-4, 3))
#' power <- pretrend_power(event, trend = list(quadratic = function(t) 0.02 * t^2))
#' power
#' plot(power)
#' @export
pretrend_power <- function(event, power = c(0.5, 0.8), trend = NULL, conf.level = 0.95, vcov = NULL,
                           event_time = NULL, reference = NULL, nearest = FALSE) {
  check_number(conf.level, "conf.level", 0, 1, open = TRUE)
  if (!is.numeric(power) || anyNA(power) || any(power <= 0 | power >= 1)) {
    abort("argument", c("{.arg power} must be probabilities between 0 and 1.", x = "It is {describe_value(power)}."))
  }
  source <- sensitivity_event(event, vcov, event_time, reference, nearest)
  critical <- stats::qnorm(1 - (1 - conf.level) / 2)
  since <- source$event_time - source$reference
  passed <- pass_probability(source, 0 * since, critical)
  slopes <- vapply(power, slope_for_power, 1, source = source, since = since, critical = critical, size = 1 - passed)
  linear <- set_names(lapply(slopes, function(b) b * since), paste0(format(100 * power, trim = TRUE), "% power"))
  given <- trend_values(trend, since)
  trends <- c(linear, given)
  slope <- c(slopes, rep(NA_real_, length(given)))
  structure(list(
    trends = lapply(trends, assess_trend, source = source, critical = critical, passed = passed),
    slope = slope, size = 1 - passed, conf.level = conf.level, source = source, label = source$label
  ), class = "pilot_pretrend_power")
}

# -> named list of values, one an estimate
trend_values <- function(trend, since) {
  if (is.null(trend)) return(list())
  if (!is.list(trend)) trend <- list(given = trend)
  if (is.null(names(trend))) names(trend) <- paste("given", seq_along(trend))
  lapply(trend, function(t) {
    value <- if (is.function(t)) t(since) else t
    if (!is.numeric(value) || length(value) != length(since) || !all(is.finite(value))) {
      abort("argument", c("A violation in {.arg trend} must have a finite number for each of the {length(since)} estimates.",
        x = "It has {length(value)}.", i = "The event times are {.val {since}} from the reference."
      ))
    }
    value
  })
}

assess_trend <- function(delta, source, critical, passed) {
  pre <- source$pre
  v <- source$vcov[pre, pre, drop = FALSE]
  # More points than the search for a slope needs: the means are worth a sixth digit.
  under <- pass_moments(source, delta, critical, points = 65536L)
  # The rest moves with the estimates before the reference, by their regression on these.
  expected <- delta
  expected[pre] <- under$mean
  across <- source$vcov[!pre, pre, drop = FALSE]
  expected[!pre] <- delta[!pre] + as.vector(across %*% solve_semidefinite(v, under$mean - delta[pre]))
  b <- source$estimate[pre]
  log_ratio <- sum(solve_semidefinite(v, delta[pre]) * (b - delta[pre] / 2))
  list(
    delta = delta, power = 1 - under$probability, bayes.factor = under$probability / passed,
    likelihood.ratio = exp(log_ratio), expected = expected
  )
}

slope_for_power <- function(power, source, since, critical, size) {
  if (power <= size) {
    abort("power", c("The power asked for must exceed the size of the test.",
      x = "Under parallel trends some estimate is significant with probability {signif(size, 3)}, which is not below {power}."
    ))
  }
  gap <- function(slope) 1 - pass_probability(source, slope * since, critical) - power
  # A slope that puts one estimate this far beyond its critical value is found by that one alone.
  pre <- source$pre
  high <- min((critical + stats::qnorm(power) + 1) * sqrt(diag(source$vcov)[pre]) / abs(since[pre]))
  stats::uniroot(gap, c(0, high), tol = 1e-10 * high, extendInt = "upX")$root
}

pass_probability <- function(source, delta, critical) pass_moments(source, delta, critical)$probability

# Estimates before the reference, all within their critical values: probability, and mean of each.
pass_moments <- function(source, delta, critical, points = 8192L) {
  pre <- source$pre
  v <- source$vcov[pre, pre, drop = FALSE]
  sd <- sqrt(diag(v))
  rectangle_moments(delta[pre], v, -critical * sd, critical * sd, points)
}

# P(low <= x <= high) and E[x | that] for x ~ N(mean, v), by separation of variables (Genz 1992): each
# coordinate is drawn from its conditional law, truncated, and the product of the masses is the weight.
# The points are a lattice with the roots of primes as generators (Richtmyer), folded to a tent,
# which makes the error fall about as 1/n^2 for smooth integrands.
rectangle_moments <- function(mean, v, low, high, points) {
  k <- length(mean)
  l <- semidefinite_root(v)
  grid <- (seq_len(points) %o% sqrt(first_primes(k))) %% 1
  grid <- abs(2 * grid - 1)
  z <- matrix(0, points, k)
  weight <- rep(1, points)
  for (j in seq_len(k)) {
    shift <- mean[j] + as.vector(z[, seq_len(j - 1L), drop = FALSE] %*% l[j, seq_len(j - 1L)])
    if (l[j, j] <= 0) {
      weight <- weight * (shift >= low[j] & shift <= high[j])
      next
    }
    a <- (low[j] - shift) / l[j, j]
    b <- (high[j] - shift) / l[j, j]
    # In the upper tail by reflection: 1 - p would lose the digits.
    up <- a > 0
    pa <- stats::pnorm(ifelse(up, -b, a))
    mass <- stats::pnorm(ifelse(up, -a, b)) - pa
    draw <- stats::qnorm(pa + grid[, j] * mass)
    draw <- ifelse(up, -draw, draw)
    z[, j] <- ifelse(mass > 0, pmin(pmax(draw, a), b), pmin(pmax(0, a), b))
    weight <- weight * mass
  }
  x <- z %*% t(l) + rep(mean, each = points)
  list(probability = mean(weight), mean = colSums(x * weight) / sum(weight))
}

# Lower triangular, rows of a singular matrix with a zero on the diagonal.
semidefinite_root <- function(v) {
  k <- nrow(v)
  l <- matrix(0, k, k)
  for (j in seq_len(k)) {
    left <- v[j, j] - sum(l[j, seq_len(j - 1L)]^2)
    # Rounding in the sum of squares: k * 2e-16 of the variance, with room.
    if (left <= 1e-12 * v[j, j]) next
    l[j, j] <- sqrt(left)
    for (i in seq_len(k)[seq_len(k) > j]) {
      l[i, j] <- (v[i, j] - sum(l[i, seq_len(j - 1L)] * l[j, seq_len(j - 1L)])) / l[j, j]
    }
  }
  l
}

first_primes <- function(k) {
  out <- integer()
  candidate <- 2L
  while (length(out) < k) {
    if (all(candidate %% out != 0L)) out <- c(out, candidate)
    candidate <- candidate + 1L
  }
  out
}
