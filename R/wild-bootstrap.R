# Wild cluster bootstrap: the hypothesis -> scores and sums by cluster (wild-bootstrap-forms.R) -> draws
# in the core -> p-value and the set of values that are not rejected.

#' Wild cluster bootstrap
#'
#' Inference with few or unequal clusters. Residuals keep their size within clusters and get one random
#' weight \eqn{v_g} a cluster; each draw fits \eqn{y^* = \hat y + v_g \tilde e} again and takes its t
#' statistic with the same small-sample factor. With the null imposed (WCR, the default)
#' \eqn{\tilde e} are the residuals under \eqn{H_0: \beta = } `null`; without it (WCU) those of the fit, and
#' \eqn{t^*} is around the estimate. The p-value is \eqn{(1 + \#\{|t^*| \ge |t|\})/(1 + B)}.
#'
#' The confidence set of WCR holds the values of \eqn{\beta} that are not rejected; the same draws serve
#' all values, because numerator and denominator are polynomials in it. WCU gives
#' \eqn{\hat\beta \pm c^* se}, with \eqn{c^*} the quantile of \eqn{|t^*|}.
#'
#' With Rademacher weights and \eqn{2^G \le} `draws` all sign patterns are enumerated and the p-value is
#' their exact share, at least \eqn{2/2^G}: where that is above the level the set is the whole line. With fewer than about ten clusters Webb's six points are the better choice; with
#' fewer than five, or few treated clusters, no bootstrap of this kind can be trusted (MacKinnon and
#' Webb 2018): use [placebo()].
#'
#' A fit by 2SLS with one endogenous variable gets the restricted efficient bootstrap (WRE, Davidson and
#' MacKinnon 2010): with \eqn{u} the structural residuals under the null and \eqn{v} those of the first
#' stage given \eqn{u}, each draw makes \eqn{d^* = Z\hat\pi + w_g v} and \eqn{y^* = \beta_0 d^* + w_g u} and
#' estimates by 2SLS again. It keeps its size with fairly weak instruments; with very weak ones use
#' [anderson_rubin()].
#'
#' @param fit A fit of [pilot_did()] with `estimator = "twfe"`, or by 2SLS with one endogenous variable.
#' @param parameter The coefficient tested; by default the treatment. Several names: a joint hypothesis by
#'   the Wald statistic, without a confidence set.
#' @param draws The number of draws \eqn{B}; choose \eqn{\alpha(B+1)} whole.
#' @param type Weights: `"rademacher"`, `"webb"` or `"mammen"`.
#' @param null The value(s) under \eqn{H_0}.
#' @param impose_null Impose it on the residuals (WCR) or not (WCU)?
#' @param cluster A one-sided formula or column names: the clusters of the variance, one or several
#'   ways; by default those of the fit, or the unit.
#' @param weights_by The clusters that share a weight: by default the way of `cluster` that has the
#'   fewest. They must contain whole units, or be few.
#' @param conf.level The level of the confidence set; `NULL`, no set.
#' @param seed A whole number; `NULL` draws one from R's generator.
#' @return A list of class `pilot_wild`: [tidy()] gives `term`, `estimate`, `std.error`, `statistic`,
#'   `p.value`, `conf.low`, `conf.high`, `draws`; `augment()` the statistics of the draws; `plot()` their
#'   distribution. A confidence set that is not an interval has its smallest and largest end in `tidy()`
#'   and all of its pieces in `$pieces`.
#' @section Errors: `pilotdid_error_*`: `estimator`, `parameter`, `one_cluster`, `restrictions` (more
#'   restrictions than clusters), `argument` (draws below 1).
#' @references
#' Cameron, Gelbach and Miller (2008), Bootstrap-based improvements for inference with clustered errors,
#' *Review of Economics and Statistics* 90. Roodman, MacKinnon, Nielsen and Webb (2019), Fast and wild,
#' *Stata Journal* 19. Davidson and MacKinnon (2010), Wild bootstrap tests for IV regression, *Journal of
#' Business & Economic Statistics* 28.
#' @examples
#' fit <- pilot_did(y ~ status | unit + time, simulate_pilot(seed = 1))
#' wild_bootstrap(fit, draws = 999, seed = 1)
#' @export
wild_bootstrap <- function(fit, parameter = NULL, draws = 9999, type = c("rademacher", "webb", "mammen"),
                           null = 0, impose_null = TRUE, cluster = NULL, weights_by = NULL,
                           conf.level = 0.95, seed = NULL) {
  type <- check_choice(type, c("rademacher", "webb", "mammen"), "type")
  check_count(draws, "draws")
  check_flag(impose_null, "impose_null")
  if (!is.null(conf.level)) check_number(conf.level, "conf.level", 0, 1, open = TRUE)
  instrumented <- inherits(fit, "pilot_fit") && fit$estimator == "iv"
  if (instrumented) refuse_wild_iv(fit) else refuse_nonlinear(fit, "The wild bootstrap")
  hypothesis <- wild_hypothesis(fit, parameter, null)
  clusters <- wild_clusters(fit, cluster, weights_by)
  if (length(hypothesis$names) > min(vapply(clusters$ways, function(w) w$by$levels, 1))) {
    abort("restrictions", c("There must be at least as many clusters as restrictions.",
      x = "{length(hypothesis$names)} restrictions, {min(vapply(clusters$ways, function(w) w$by$levels, 1))} clusters."
    ))
  }
  enumerate <- enumerates(type, clusters$boot, draws)
  out <- list(
    names = hypothesis$names, null = hypothesis$null, type = type, impose_null = impose_null,
    draws = if (enumerate) 2^clusters$boot$levels else draws, enumerated = enumerate,
    conf.level = conf.level, clusters = vapply(clusters$ways[clusters$single], function(w) w$by$levels, 1),
    cluster_labels = vapply(clusters$ways[clusters$single], function(w) w$by$label, ""),
    weights_by = clusters$boot$label, seed = if (enumerate) NA_real_ else draw_seed(seed),
    estimate = unname(fit$coefficients[hypothesis$names]), outcome = fit$design$outcome_name
  )
  if (instrumented) return(structure(wild_iv(out, fit, clusters), class = "pilot_wild"))
  sums <- wild_sums(fit, hypothesis, clusters, impose_null)
  out <- if (length(hypothesis$names) == 1L) wild_scalar(out, sums, clusters) else wild_joint(out, sums, clusters)
  class(out) <- "pilot_wild"
  out
}

# All sign patterns in turn, where there are no more of them than draws.
enumerates <- function(type, boot, draws) type == "rademacher" && boot$levels < 31 && 2^boot$levels <= draws

wild_codes <- c(rademacher = 0L, webb = 1L, mammen = 2L)

refuse_nonlinear <- function(fit, what) {
  check_fit(fit)
  if (!is.null(fit$maps) && fit$estimator == "twfe") return(invisible())
  abort("estimator", c("{what} needs a least-squares fit.",
    x = "This is a fit with {.code estimator = \"{fit$estimator}\"}.",
    i = "{.fn placebo} works with every estimator."
  ))
}

wild_hypothesis <- function(fit, parameter, null) {
  names <- parameter %||% if (fit$estimator == "iv") {
    names(fit$design$endogenous)
  } else {
    intersect(fit$design$treatment$names, names(fit$coefficients))
  }
  names <- check_parameter(names, fit)
  if (!is.numeric(null) || anyNA(null) || !length(null) %in% c(1L, length(names))) {
    abort("argument", c("{.arg null} must hold one number, or one for each parameter.", x = "It is {describe_value(null)}."))
  }
  list(names = names, null = rep_len(as.numeric(null), length(names)))
}

check_parameter <- function(names, fit) {
  unknown <- setdiff(names, names(fit$coefficients))
  if (is.character(names) && length(names) && !length(unknown)) return(unique(names))
  near <- unlist(lapply(as.character(unknown), nearest_names, choices = names(fit$coefficients), most = 1L))
  abort("parameter", c("{.arg parameter} must name coefficients of the fit.",
    x = if (length(unknown)) "Not among them: {.field {unknown}}.",
    i = if (length(near)) "Did you mean {.field {near}}?"
  ))
}

# The ways of clustering with their signs and factors, and the clusters that share a weight.
wild_clusters <- function(fit, cluster, weights_by) {
  exprs <- if (!is.null(cluster)) {
    as_exprs(cluster, "cluster")
  } else if (fit$vcov_spec$type == "cluster") {
    fit$vcov_spec$by
  } else {
    list(as.name(fit$design$unit$label))
  }
  single <- lapply(exprs, cluster_codes, fit = fit)
  scale <- rows_factor(fit$ssc, fit$nobs, count_parameters(fit, fit$ssc, single))
  ways <- lapply(cluster_ways(single, fit$ssc), function(way) {
    way$factor <- scale * way$factor
    way
  })
  boot <- if (is.null(weights_by)) {
    single[[which.min(vapply(single, `[[`, 1, "levels"))]]
  } else {
    Reduce(cross_codes, lapply(as_exprs(weights_by, "weights_by"), cluster_codes, fit = fit))
  }
  list(ways = ways, boot = boot, single = which(lengths(nonempty_subsets(length(single))) == 1L))
}

wild_scalar <- function(out, sums, clusters) {
  problem <- scalar_problem(sums, clusters)
  result <- cpp_wild_bootstrap(
    problem$forms, problem$rank, problem$ways, wild_codes[[out$type]],
    as.integer(out$draws), if (out$enumerated) 0 else out$seed, out$enumerated
  )
  variance <- sums$variance[1L, 1L]
  if (!(variance > 0)) refuse_no_variance(out$names)
  out$std.error <- sqrt(variance)
  out$result <- result
  out$statistic <- (out$estimate - out$null) / out$std.error
  # Without the null imposed the draws are around the estimate whatever the null.
  out$draw_statistics <- wild_t(result, if (out$impose_null) out$null else 0)
  out$p.value <- wild_p(out, out$null)
  out$pieces <- if (!is.null(out$conf.level)) {
    if (never_rejects(out)) cbind(low = -Inf, high = Inf) else wild_set(out)
  }
  out
}

# Weights that are all 1, or all -1, give back the statistic itself, whatever the null imposed. Far from the
# estimate rounding would hide that these two patterns tie.
never_rejects <- function(out) out$enumerated && out$impose_null && 2 / out$draws > 1 - out$conf.level

wild_t <- function(result, value) {
  variance <- result[, 3L] + value * (2 * result[, 4L] + value * result[, 5L])
  top <- result[, 1L] + value * result[, 2L]
  # A multi-way variance can come out negative in a draw: its t counts as infinite, which is cautious.
  ifelse(variance > 0, top / sqrt(pmax(variance, 0)), ifelse(top < 0, -Inf, Inf))
}

wild_p <- function(out, value) {
  t <- abs(out$estimate - if (out$impose_null) value else out$null) / out$std.error
  share_beyond(cpp_wild_beyond(out$result, if (out$impose_null) value else 0, (t * tie)^2), out)
}

# The draw with all weights equal gives back the statistic itself, up to rounding of its sums: ties
# within 1e-9 count.
tie <- 1 - 1e-9

share_beyond <- function(beyond, out) {
  if (out$enumerated) beyond / out$draws else (1 + beyond) / (1 + out$draws)
}

refuse_no_variance <- function(names) {
  abort("no_variance", c("The clustered variance of {.field {names}} is zero: there is no t statistic.",
    i = "The treated and the comparison clusters are fitted exactly; use larger clusters or {.fn placebo}."
  ))
}

wild_joint <- function(out, sums, clusters) {
  kernels <- joint_kernels(sums, clusters)
  drawn <- cpp_wild_bootstrap_joint(
    t(sums$numerator), vapply(clusters$ways, `[[`, 1, "factor"), kernels, wild_codes[[out$type]],
    as.integer(out$draws), if (out$enumerated) 0 else out$seed, out$enumerated
  )
  gap <- out$estimate - out$null
  out$std.error <- sqrt(diag(sums$variance))
  out$statistic <- tryCatch(sum(gap * solve(sums$variance, gap)), error = function(e) refuse_no_variance(out$names))
  out$draw_statistics <- drawn
  drawn[is.na(drawn)] <- Inf
  out$p.value <- share_beyond(sum(drawn >= out$statistic * tie), out)
  out
}
