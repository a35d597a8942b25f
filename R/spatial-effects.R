# Direct, indirect and total effects: what a change of a regressor does once neighbors have reacted.

#' Direct, indirect and total effects of a spatial model
#'
#' With a spatial lag the outcome of unit \eqn{i} responds to regressor \eqn{k} of unit \eqn{j} by
#' \deqn{\frac{\partial y_i}{\partial x_{jk}} = [(I - \rho W)^{-1}(\beta_k I + \theta_k W)]_{ij}.}
#' The direct effect is the mean of the diagonal, the total effect the mean row sum (what a change in all units does to
#' one), the indirect effect their difference: the spillover. For weights whose rows sum to one the total
#' effect is \eqn{(\beta_k + \theta_k)/(1 - \rho)}.
#'
#' @param object A fit of [spatial_did()].
#' @param inference `"delta"`: standard errors by the delta method, from closed-form derivatives; `"simulated"`: from draws
#'   of the coefficients, with percentile intervals. Draws of \eqn{\rho} outside its range are left out and counted.
#' @param orders `NULL`, or a number: split the effects by the order of neighbors,
#'   \eqn{\rho^q W^q(\beta I + \theta W)}, \eqn{q = 0, \ldots}, `orders`; the row with `order = Inf` holds the rest.
#' @param draws,seed Number of draws, and the seed of their random numbers (`NULL`: from the session's).
#' @param conf.level The level of the intervals.
#' @param vcov Another covariance than that of the fit.
#' @param ... For `plot()`: further arguments of [graphics::plot.default()], as `ylim`; otherwise not used.
#' @return A tibble of class `pilot_spatial_effects`: `term`, `effect` (`"direct"`, `"indirect"`, `"total"`), `estimate`, `std.error`,
#'   `statistic`, `p.value`, `conf.low`, `conf.high`, and `order` where asked for. With `plot()` and `autoplot()`.
#' @section When not to use it: For a treatment with `spillover = "split"` the response depends on who is treated; its
#'   effects are those of [spillovers()] and are left out here.
#' @references LeSage and Pace (2009), *Introduction to Spatial Econometrics*, chapter 2.
#' @examples
#' W <- spatial_weights(pilot_cities, "code", ~ longitude + latitude, k = 5)
#' fit <- spatial_did(resilience ~ status + fdi | code + year, pilot_cities, W)
#' effects(fit)
#' effects(fit, orders = 2)
#' @importFrom stats effects
#' @export
effects.pilot_spatial <- function(object, inference = c("delta", "simulated"), orders = NULL, draws = 1000, seed = NULL,
                                  conf.level = 0.95, vcov = NULL, ...) {
  inference <- check_choice(inference, c("delta", "simulated"), "inference")
  check_number(conf.level, "conf.level", 0, 1, open = TRUE)
  object <- with_spatial_vcov(object, vcov)
  terms <- effect_terms(object)
  table <- if (!is.null(orders)) {
    check_count(orders, "orders", min = 0)
    if (inference != "delta") abort("argument", "Effects by order come with {.code inference = \"delta\"} only.")
    effects_by_order(object, terms, orders)
  } else if (inference == "delta") {
    effects_delta(object, terms)
  } else {
    check_count(draws, "draws", min = 2)
    effects_simulated(object, terms, draws, stream_seed(seed), conf.level)
  }
  if (inference == "delta") table <- add_inference(table, conf.level)
  order <- intersect(c("term", "effect", "estimate", "std.error", "statistic", "p.value", "conf.low", "conf.high", "order"), names(table))
  tibble::new_tibble(as.list(table)[order],
    nrow = nrow(table), class = "pilot_spatial_effects", conf.level = conf.level, inference = inference,
    model = object$spec$model, weights = object$weights$label
  )
}

# Where in the coefficients the parts of each regressor stand (0: it has none).
effect_terms <- function(fit) {
  panel <- fit$panel
  base <- setdiff(unique(panel$base), "(Intercept)")
  if (fit$spec$spillover == "split") base <- setdiff(base, fit$design$treatment$names)
  shift <- sum(fit$spec$terms[c("rho", "lambda")])
  at <- function(lagged) {
    found <- match(paste(base, lagged), paste(panel$base, panel$lagged))
    ifelse(is.na(found), 0L, found + shift)
  }
  list(names = base, own = at(FALSE), lag = at(TRUE), rho = if (fit$spec$terms[["rho"]]) 1L else 0L)
}

coefficient_at <- function(b, at) if (at > 0L) b[[at]] else 0

# Rows direct, indirect, total of one regressor: weights on (own, lag) and the derivative in rho.
effect_rows <- function(b, own, lag, rho, value, slope) {
  parts <- coefficient_at(b, own)
  lagged <- coefficient_at(b, lag)
  k <- length(b)
  gradient <- matrix(0, 3L, k)
  direct <- value[1:2]
  total <- value[3:4]
  weights <- rbind(direct, total - direct, total)
  slopes <- rbind(slope[1:2], slope[3:4] - slope[1:2], slope[3:4])
  if (own > 0L) gradient[, own] <- weights[, 1L]
  if (lag > 0L) gradient[, lag] <- weights[, 2L]
  if (rho > 0L) gradient[, rho] <- slopes %*% c(parts, lagged)
  list(estimate = as.vector(weights %*% c(parts, lagged)), gradient = gradient)
}

effect_names <- c("direct", "indirect", "total")

effects_delta <- function(fit, terms, value = fit$multipliers$value, slope = fit$multipliers$slope) {
  b <- fit$coefficients
  rows <- lapply(seq_along(terms$names), function(j) effect_rows(b, terms$own[j], terms$lag[j], terms$rho, value, slope))
  list2DF(list(
    term = rep(terms$names, each = 3L), effect = rep(effect_names, length(rows)),
    estimate = unlist(lapply(rows, `[[`, "estimate")),
    std.error = unlist(lapply(rows, function(r) gradient_se(r$gradient, fit$vcov)))
  ))
}

gradient_se <- function(gradient, vcov) sqrt(pmax(rowSums((gradient %*% vcov) * gradient), 0))

# S^-1 = sum of rho^q W^q: the same rows with the powers' means in place of the multipliers.
effects_by_order <- function(fit, terms, orders) {
  rho <- if (terms$rho > 0L) fit$coefficients[[1L]] else 0
  orders <- if (terms$rho > 0L) orders else 0
  n <- length(fit$weights$start) - 1
  # Every unit's neighbors of each order are visited: N links to the power of nothing, but N rows of them.
  if (n > 20000) {
    abort("argument", c("Effects by order are for up to 20,000 units.", x = "There are {n}."))
  }
  means <- cpp_power_means(fit$weights, as.integer(orders))
  out <- list()
  rest_value <- fit$multipliers$value
  rest_slope <- fit$multipliers$slope
  for (q in 0:orders) {
    power <- rho^q
    derivative <- if (q > 0) q * rho^(q - 1) else 0
    means_q <- c(means[1L, q + 1:2], means[2L, q + 1:2])
    out[[q + 1L]] <- cbind(effects_delta(fit, terms, power * means_q, derivative * means_q), order = q)
    rest_value <- rest_value - power * means_q
    rest_slope <- rest_slope - derivative * means_q
  }
  if (terms$rho > 0L) out[[orders + 2L]] <- cbind(effects_delta(fit, terms, rest_value, rest_slope), order = Inf)
  out <- do.call(rbind, out)
  out[order(match(out$term, terms$names), match(out$effect, effect_names), out$order), ]
}

effects_simulated <- function(fit, terms, draws, seed, level) {
  k <- length(fit$coefficients)
  root <- chol_psd(fit$vcov)
  b <- fit$coefficients + root %*% cpp_normal_draws(k, as.integer(draws), seed)
  value <- matrix(fit$multipliers$value, 4L, draws)
  if (terms$rho > 0L) {
    inside <- b[1L, ] > fit$range[1L] & b[1L, ] < fit$range[2L]
    if (!all(inside)) {
      inform("draws", "{sum(!inside)} of {draws} draws lie outside the range of rho and are left out.")
      b <- b[, inside, drop = FALSE]
    }
    method <- determinant_method(fit)
    value <- cpp_multipliers_at(fit$weights, b[1L, ], method, if (method == 0L) weights_eigenvalues(fit$weights))
  }
  pick <- function(at) if (at > 0L) b[at, ] else 0
  point <- effects_delta(fit, terms)
  tails <- c((1 - level) / 2, (1 + level) / 2)
  drawn <- unlist(lapply(seq_along(terms$names), function(j) {
    direct <- pick(terms$own[j]) * value[1L, ] + pick(terms$lag[j]) * value[2L, ]
    total <- pick(terms$own[j]) * value[3L, ] + pick(terms$lag[j]) * value[4L, ]
    list(direct, total - direct, total)
  }), recursive = FALSE)
  point$std.error <- vapply(drawn, stats::sd, 1)
  point$statistic <- point$estimate / point$std.error
  point$p.value <- 2 * stats::pnorm(-abs(point$statistic))
  bounds <- vapply(drawn, stats::quantile, c(0, 0), probs = tails, names = FALSE)
  point$conf.low <- bounds[1L, ]
  point$conf.high <- bounds[2L, ]
  point
}

# A root of a covariance that may be singular (few clusters).
chol_psd <- function(v) {
  e <- eigen(v, symmetric = TRUE)
  e$vectors %*% (sqrt(pmax(e$values, 0)) * t(e$vectors))
}

add_inference <- function(table, level) {
  half <- stats::qnorm(1 - (1 - level) / 2) * table$std.error
  # Models without a spatial lag have no indirect effect: a zero that is known has no statistic.
  table$statistic <- ifelse(table$std.error > 0, table$estimate / table$std.error, NA)
  table$p.value <- 2 * stats::pnorm(-abs(table$statistic))
  table$conf.low <- table$estimate - half
  table$conf.high <- table$estimate + half
  table
}

#' @export
tidy.pilot_spatial_effects <- function(x, ...) {
  class(x) <- setdiff(class(x), "pilot_spatial_effects")
  # One by one: attributes() as a whole would write the row names out.
  for (own in c("conf.level", "inference", "model", "weights")) attr(x, own) <- NULL
  x
}

#' @export
print.pilot_spatial_effects <- function(x, digits = 4L, ...) {
  cat("Effects in the ", spatial_title(attr(x, "model")), " (", attr(x, "weights"), "), ",
    if (attr(x, "inference") == "delta") "delta method" else "simulated", "\n\n", sep = "")
  table <- as.data.frame(tidy(x))
  label <- if (is.null(table$order)) table$effect else paste0(table$effect, ", order ", ifelse(is.finite(table$order), table$order, "beyond"))
  body <- cbind(Estimate = table$estimate, `Std. Error` = table$std.error, `z value` = table$statistic, `Pr(>|z|)` = table$p.value)
  rownames(body) <- paste0(format(table$term), "  ", label)
  stats::printCoefmat(body, digits = digits, signif.legend = TRUE, cs.ind = 1:2, tst.ind = 3L)
  invisible(x)
}

effect_colors <- c(direct = "blue", indirect = "red", total = "ink")

#' @export
plot.pilot_spatial_effects <- function(x, ...) {
  table <- as.data.frame(tidy(x))
  if (!is.null(table$order)) table <- table[is.finite(table$order), ]
  labels <- trimws(paste(figure_name(table$term), figure_word(table$effect), if (!is.null(table$order)) table$order))
  plot_intervals(labels, table, shade(effect_colors)[table$effect], ...)
  invisible(x)
}

plot_intervals <- function(labels, table, colors, xlab = figure_word("Effect"), ...) {
  plot_forest(forest_data(labels, table, NULL), xlab, colors, ...)
}

#' @exportS3Method ggplot2::autoplot
autoplot.pilot_spatial_effects <- function(object, ...) {
  table <- as.data.frame(tidy(object))
  if (!is.null(table$order)) table <- table[is.finite(table$order), ]
  table$effect <- factor(table$effect, levels = rev(effect_names))
  table$term <- figure_factor(table$term)
  plot <- ggplot2::ggplot(table, ggplot2::aes(x = .data$estimate, y = .data$effect, color = .data$effect)) +
    ggplot2::geom_vline(xintercept = 0, linetype = 2, color = "grey60") +
    ggplot2::geom_pointrange(ggplot2::aes(xmin = .data$conf.low, xmax = .data$conf.high), size = 0.3) +
    ggplot2::scale_color_manual(values = shade(effect_colors), guide = "none") +
    ggplot2::scale_y_discrete(labels = figure_word) +
    ggplot2::labs(x = figure_word("Effect"), y = NULL) + figure_theme()
  if (is.null(table$order)) return(plot + ggplot2::facet_wrap(ggplot2::vars(.data$term), scales = "free_x"))
  plot + ggplot2::facet_grid(ggplot2::vars(.data$order), ggplot2::vars(.data$term), scales = "free_x")
}
