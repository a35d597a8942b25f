#' The effect on the treated by matching, period by period
#'
#' Compares the outcome of matched treated units with that of their matches in each period,
#' \deqn{\hat\tau_t = \frac{1}{N_{1t}} \sum_{i: D_i = 1} \left( y_{it} - \sum_j s_{ij} y_{jt} \right),}
#' where \eqn{s_{ij}} are the shares of the controls. This is the cross-sectional estimate that
#' matching gives by itself, before any difference-in-differences.
#'
#' @section Standard errors:
#' * `"ai2006"`: Abadie and Imbens (2006), for pairs:
#'   \eqn{\{\sum_T (y - \hat y_0 - \hat\tau)^2 + \sum_C (w^2 - q) \hat\sigma^2\} / N_1^2}, \eqn{w} the
#'   weight of a control and \eqn{q} the sum of its squared shares (\eqn{w/M} for \eqn{M} matches each);
#'   \eqn{\hat\sigma^2} from the `neighbors` nearest rows of the same arm. Without replacement the second
#'   sum vanishes.
#' * `"ai2016"`: the same minus what estimating the score saves plus what it adds (Abadie and Imbens
#'   2016), \eqn{- c'Vc + d'Vd}. For matching with replacement on a score estimated in the period, without
#'   `exact`, with every treated unit matched.
#' * `"sample"`: the variance for the effect in this very sample, \eqn{\sum_T \hat\sigma^2 + \sum_C w^2
#'   \hat\sigma^2} over \eqn{N_1^2} (Stata's `psmatch2, ai()`).
#' * `"simple"`: \eqn{s_1^2/N_1 + s_0^2 \sum w^2 / N_1^2}, as `psmatch2` without `ai()`; also for kernels.
#'
#' `"auto"` takes `"ai2016"` where it holds, else `"ai2006"` for pairs, else `"simple"`. All treat
#' periods on their own: estimates of different periods are not independent.
#'
#' @section When not to use it:
#' It is as good as the covariates: a city effect that they do not capture is part of the estimate.
#' [psm_did()] removes what is constant over time.
#'
#' @param match A `pilot_match`.
#' @param outcome A column of the matched data: its name or `~ name` (also a call, `~ log(gdp)`).
#' @param se See below.
#' @param neighbors Rows of the same arm from which conditional variances are taken (`"ai2016"`: the
#'   row itself among them, so at least 2).
#' @param conf.level Level of the intervals.
#' @return A list of class `pilot_match_effect`; [tidy()] gives one row a period: `term` (`"ATT"`),
#'   `estimate`, `std.error`, `statistic`, `p.value`, `conf.low`, `conf.high`, `period`, `outcome`,
#'   `treated`, `controls` (rows), `se`. `plot()` and `autoplot()`: the effect in each period.
#' @references
#' Abadie and Imbens (2006), Large sample properties of matching estimators for average treatment
#' effects, *Econometrica* 74, Theorems 6 and 7.
#'
#' Abadie and Imbens (2016), Matching on the estimated propensity score, *Econometrica* 84, Theorem 2.
#' @examples
#' set.seed(1)
#' d <- data.frame(x = rnorm(300), z = rnorm(300))
#' d$treat <- as.integer(d$x + rnorm(300) > 1)
#' d$y <- d$x + d$treat + rnorm(300)
#' m <- match_panel(treat ~ x + z, d, replace = TRUE)
#' match_effect(m, "y")
#' @export
match_effect <- function(match, outcome, se = c("auto", "ai2016", "ai2006", "sample", "simple"),
                         neighbors = 2, conf.level = 0.95) {
  check_match(match)
  check_number(conf.level, "conf.level", 0, 1, open = TRUE)
  se <- effect_se(match, check_choice(se, eval(formals(match_effect)$se), "se"))
  check_count(neighbors, "neighbors", min = if (se == "ai2016") 2 else 1)
  expr <- one_expr(outcome, "outcome")
  check_variables(expr, match$data, match$design$env)
  y <- as.numeric(eval_in(expr[[1L]], match$data, match$design$env))[match$design$rows]
  weight <- match_weight(match)
  check_outcome(y, weight, expr_label(expr[[1L]]), match)
  y[!is.finite(y)] <- 0 # rows without weight: never compared, but passed by pointer
  parts <- effect_parts(match, y, weight, se, neighbors)
  table <- effect_table(parts, match, se, conf.level)
  table$outcome <- expr_label(expr[[1L]])
  structure(list(table = table, match = match, se = se), class = "pilot_match_effect")
}

# Which standard error holds for this matching; asking for one that does not is an error.
effect_se <- function(match, se) {
  s <- match$settings
  pairs <- !is.null(match$pairs)
  estimated <- s$method %in% c("nearest", "psmatch2") && s$replace && !is.null(match$propensity) &&
    is.null(match$design$strata)
  p <- match$periods
  complete <- all(p$matched.treated == p$treated) && all(p$off.support == 0L)
  if (se == "auto") {
    return(if (estimated && complete) "ai2016" else if (pairs) "ai2006" else "simple")
  }
  if (se == "ai2016" && !(estimated && complete)) {
    abort("argument", c("{.code se = \"ai2016\"} is for nearest neighbors with replacement on a score estimated here, every treated unit matched.",
      x = "Method {.val {s$method}}, replace = {s$replace}, {sum(p$treated - p$matched.treated)} treated without a match.",
      i = "{.val ai2006} takes the score as given."
    ))
  }
  if (se %in% c("ai2006", "sample") && !pairs) {
    abort("argument", c("Standard errors {.val {se}} are for matched pairs.",
      x = "The method is {.val {s$method}}.", i = "Use {.val simple}, or a bootstrap of {.fn psm_did}."
    ))
  }
  se
}

check_outcome <- function(y, weight, label, match) {
  bad <- which(weight != 0 & !is.finite(y))
  if (length(bad)) {
    abort("outcome", c("The outcome must be known and finite in all matched rows.",
      x = "{.field {label}} is not in {length(bad)} of them: {first_few(match$design$rows[bad])}.",
      i = "Drop these rows before matching, or the matches of others would change."
    ))
  }
}

# Estimate and variance by group.
effect_parts <- function(match, y, weight, se, neighbors) {
  design <- match$design
  sample <- match$sample
  groups <- factor(sample$group, seq_len(sample$groups) - 1L)
  total <- function(x) as.numeric(tapply(x, groups, sum, default = 0))
  treated <- design$treated == 1L
  n1 <- total(treated * weight)
  estimate <- total(ifelse(treated, weight, -weight) * y) / n1
  if (se == "simple") {
    variance <- function(which) as.numeric(tapply(y[which], groups[which], stats::var))
    v <- variance(treated & weight != 0) / n1 +
      variance(!treated & weight != 0) * total(ifelse(treated, 0, weight^2)) / n1^2
    return(list(estimate = estimate, variance = v))
  }
  m <- pair_moments(match, y, neighbors)
  v <- if (se == "sample") {
    (m$treated_variance + m$control_squared) / n1^2
  } else {
    (m$squares - n1 * estimate^2 + m$control_squared - m$control_shares) / n1^2
  }
  if (se == "ai2016") v <- v + score_correction(match, y, estimate, neighbors)
  list(estimate = estimate, variance = v)
}

# Sums over the buckets (period x stratum), added up by period.
pair_moments <- function(match, y, neighbors) {
  design <- match$design
  bucket <- match$bucket
  at <- match(seq_len(nrow(match$data)), design$rows)
  X <- matrix(0, 0L, 0L)
  if (match$settings$method == "mahalanobis") X <- score_matrix(design)[, -1L, drop = FALSE]
  score <- match$score[design$rows]
  score[is.na(score)] <- 0
  m <- cpp_matching_moments(
    at[match$pairs$treated], at[match$pairs$control], match$pairs$share, y, score,
    design$treated, bucket$id, bucket$count, as.integer(neighbors), X
  )
  group <- factor(bucket$group, seq_len(match$sample$groups) - 1L)
  lapply(m, function(x) as.numeric(tapply(x, group, sum, default = 0)))
}

score_correction <- function(match, y, estimate, neighbors) {
  design <- match$design
  X <- score_matrix(design)
  covariance <- lapply(match$propensity$covariance, function(v) {
    v[is.na(v)] <- 0 # an aliased column has no coefficient to be uncertain about
    unname(v)
  })
  linear <- match$linear[design$rows]
  linear[is.na(linear)] <- 0
  correction <- cpp_score_correction(
    X, covariance, linear, link_codes[[match$settings$link]], y, estimate, design$treated,
    match$sample$group, match$sample$groups, as.integer(neighbors)
  )
  correction$increase - correction$reduction
}

effect_table <- function(parts, match, se, conf.level) {
  error <- sqrt(pmax(parts$variance, 0))
  error[parts$variance < 0] <- NA # the correction can exceed the variance in a small sample
  z <- parts$estimate / error
  q <- stats::qnorm((1 + conf.level) / 2)
  tibble::tibble(
    term = "ATT", estimate = parts$estimate, std.error = error, statistic = z,
    p.value = 2 * stats::pnorm(-abs(z)), conf.low = parts$estimate - q * error,
    conf.high = parts$estimate + q * error, period = match$sample$labels,
    treated = match$periods$matched.treated, controls = match$periods$matched.controls, se = se
  )
}

#' @export
tidy.pilot_match_effect <- function(x, ...) x$table

#' @export
glance.pilot_match_effect <- function(x, ...) {
  t <- x$table
  tibble::tibble(
    outcome = t$outcome[1L], periods = nrow(t), treated = sum(t$treated),
    average = sum(t$estimate * t$treated) / sum(t$treated), se = x$se
  )
}

#' @export
print.pilot_match_effect <- function(x, digits = 4L, ...) {
  cat("Effect on the treated by matching\nOutcome:         ", x$table$outcome[1L], "\nStandard errors: ", x$se, "\n\n", sep = "")
  shown <- c("period", "estimate", "std.error", "statistic", "p.value", "treated", "controls")
  print(as.data.frame(x$table[shown]), row.names = FALSE, digits = digits)
  invisible(x)
}

#' @rdname match_effect
#' @param x,object A `pilot_match_effect`.
#' @param ... For `plot()`: arguments of [graphics::plot.default()].
#' @export
plot.pilot_match_effect <- function(x, ...) plot_forest(effect_forest(x), ...)

#' @rdname match_effect
#' @exportS3Method ggplot2::autoplot
autoplot.pilot_match_effect <- function(object, ...) ggplot_forest(effect_forest(object), ...)

effect_forest <- function(x) {
  forest_data(figure_word(x$table$period), x$table, figure_word("Effect on %s by matching", figure_name(x$table$outcome[1L])))
}
