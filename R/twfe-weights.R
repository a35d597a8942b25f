# The weights with which the two-way fixed effects coefficient averages the effects of treated rows.

#' Weights behind the two-way fixed effects estimate
#'
#' Under parallel trends the coefficient is a weighted sum of the effects of the treated rows,
#' \deqn{E\hat\beta = \sum_{D_{it}=1} w_{it} \Delta_{it}, \quad w_{it} = \omega_{it}\tilde D_{it} / \sum_{D_{js}=1}\omega_{js}\tilde D_{js},}
#' with \eqn{\tilde D} the residual of the treatment on all effects and controls and \eqn{\omega} the
#' weights of the regression. Negative weights mean that it can be negative although all effects are
#' positive.
#'
#' @param fit A fit of [pilot_did()] with `estimator = "twfe"` and a 0/1 treatment.
#' @param x,object A result of `twfe_weights()`.
#' @param ... For `plot()`: further arguments of [graphics::plot.default()], as `ylim`; otherwise not used.
#' @return A list of class `pilot_twfe_weights`. `tidy()`: one row a cohort and period (a period, where the
#'   panel has no cohorts): `group`, `time`, `weight` (they sum to one), `rows`, `negative` (rows with
#'   negative weight). `glance()`: `positive`, `negative` (treated rows by the sign of their weight), `sum.positive`,
#'   `sum.negative`, `sigma.zero`: the smallest standard deviation of the effects with which the
#'   coefficient is compatible with an average effect of zero; `sigma.opposite`: with all effects of
#'   the opposite sign (`NA` where no weight is negative).
#' @references
#' de Chaisemartin and D'Haultfoeuille (2020), Two-way fixed effects estimators with heterogeneous
#' treatment effects, *American Economic Review* 110, theorem 1 and corollary 1.
#' @examples
#' fit <- pilot_did(y ~ status | unit + time, simulate_pilot(seed = 1))
#' twfe_weights(fit)
#' @export
twfe_weights <- function(fit) {
  if (!inherits(fit, "pilot_twfe") || !identical(fit$design$treatment$kind, "binary")) {
    abort("argument", c("{.fn twfe_weights} needs a fit with {.code estimator = \"twfe\"} and one 0/1 treatment.",
      x = if (inherits(fit, "pilot_twfe")) "Its treatment is {fit$design$treatment$kind}." else "{.arg fit} is {.obj_type_friendly {fit}}."
    ))
  }
  refuse_lean(fit)
  design <- fit$design
  name <- design$treatment$names
  residual <- used_values(treatment_residual(fit, name), design)
  status <- as.numeric(used_values(design$regressors[[name]], design))
  omega <- if (is.null(design$weights)) rep(1, length(status)) else used_values(design$weights, design)
  treated <- status == 1
  weight <- omega[treated] * residual[treated] / sum(omega[treated] * residual[treated])
  beta <- fit$coefficients[[name]]
  out <- list(
    table = twfe_weight_table(design, treated, weight), rows = weight, coefficient = beta, treatment = name,
    sensitivity = weight_sensitivity(beta, weight, omega[treated])
  )
  class(out) <- "pilot_twfe_weights"
  out
}

# The treatment given everything else in the regression, by data row.
treatment_residual <- function(fit, name) {
  kept <- names(fit$coefficients)
  columns <- fit$design$regressors[kept]
  moments <- cpp_moments(fit$absorbed_by, columns, fit$solver$options)
  j <- match(name, kept)
  map <- numeric(length(kept))
  map[j] <- 1
  if (length(kept) > 1L) {
    # Scaled: controls may have any unit.
    s <- 1 / sqrt(diag(moments$gram))
    gram <- moments$gram * outer(s, s)
    map[-j] <- -solve(gram[-j, -j, drop = FALSE], gram[-j, j]) * s[-j] / s[j]
  }
  mapped_residuals(fit$absorbed_by, columns, moments$effects, map, fit$design$n_data)$residuals
}

twfe_weight_table <- function(design, treated, weight) {
  time <- if (is.null(design$time)) rep(0L, sum(treated)) else used_values(design$time$code, design)[treated]
  cohort <- if (is.null(design$treatment$cohort)) time * NA else design$treatment$cohort[used_values(design$unit$code, design)[treated] + 1L]
  key <- interaction(time, addNA(cohort), drop = TRUE, lex.order = FALSE)
  first <- match(levels(key), key)
  negative <- tabulate(as.integer(key)[weight < 0], nlevels(key))
  tibble::tibble(
    group = if (is.null(design$time)) NA else time_label(design, cohort[first]),
    time = if (is.null(design$time)) NA else time_label(design, time[first]),
    weight = as.vector(rowsum(weight, as.integer(key))),
    rows = tabulate(key, nlevels(key)),
    negative = negative
  )
}

# The standard deviations of effects that could turn the sign, with the shares of the treated rows.
weight_sensitivity <- function(beta, weight, omega) {
  share <- omega / sum(omega)
  w <- weight / share
  sigma_zero <- abs(beta) / sqrt(sum(share * (w - 1)^2))
  order <- order(-w)
  w <- w[order]
  share <- share[order]
  p <- rev(cumsum(rev(share)))
  s <- rev(cumsum(rev(share * w)))
  t <- rev(cumsum(rev(share * w^2)))
  sigma_opposite <- NA_real_
  if (any(w < 0)) {
    at <- which(w < -s / (1 - p))
    if (length(at)) {
      i <- at[1L]
      sigma_opposite <- abs(beta) / sqrt(t[i] + s[i]^2 / (1 - p[i]))
    }
  }
  list(zero = sigma_zero, opposite = sigma_opposite)
}

#' @rdname twfe_weights
#' @export
tidy.pilot_twfe_weights <- function(x, ...) x$table

#' @rdname twfe_weights
#' @export
glance.pilot_twfe_weights <- function(x, ...) {
  tibble::tibble(
    estimate = x$coefficient, positive = sum(x$rows > 0), negative = sum(x$rows < 0),
    sum.positive = sum(x$rows[x$rows > 0]), sum.negative = sum(x$rows[x$rows < 0]),
    sigma.zero = x$sensitivity$zero, sigma.opposite = x$sensitivity$opposite
  )
}

#' @rdname twfe_weights
#' @param digits Digits to show.
#' @export
print.pilot_twfe_weights <- function(x, digits = 4L, ...) {
  g <- glance(x)
  cat("Two-way fixed effects estimate of ", x$treatment, ": ", format(x$coefficient, digits = digits), "\n", sep = "")
  cat("Weights of the effects of ", g$positive + g$negative, " treated rows: ", g$positive, " positive (sum ",
    format(g$sum.positive, digits = digits), "), ", g$negative, " negative (sum ", format(g$sum.negative, digits = digits), ")\n", sep = "")
  cat("Compatible with a zero average effect if effects have a standard deviation of ", format(g$sigma.zero, digits = digits), "\n", sep = "")
  if (!is.na(g$sigma.opposite)) cat("Compatible with all effects of the opposite sign from ", format(g$sigma.opposite, digits = digits), " on\n", sep = "")
  invisible(x)
}

#' @rdname twfe_weights
#' @param xlab,ylab,main Labels.
#' @export
plot.pilot_twfe_weights <- function(x, xlab = figure_word("Period"), ylab = figure_word("Weight"), main = NULL, ...) {
  old <- figure_par_y(main)
  on.exit(graphics::par(old))
  table <- x$table
  cohorts <- sort(unique(table$group))
  k <- match(table$group, cohorts)
  figure_plot(list(...), x = table$time, y = table$weight, pch = rep_len(event_symbols, length(cohorts))[k], col = rep_len(series_colors(), length(cohorts))[k],
    xlab = xlab, ylab = "", main = main, ylim = with_headroom(c(0, table$weight), 0.18))
  figure_ylab(ylab)
  graphics::abline(h = 0, col = "grey40")
  graphics::legend("topright", format(cohorts), pch = rep_len(event_symbols, length(cohorts)), col = rep_len(series_colors(), length(cohorts)), bty = "n", cex = 0.9, title = figure_word("Cohort"),
    horiz = length(cohorts) <= 6L)
  invisible(table)
}

#' @rdname twfe_weights
#' @exportS3Method ggplot2::autoplot
autoplot.pilot_twfe_weights <- function(object, xlab = figure_word("Period"), ylab = figure_word("Weight"), ...) {
  rlang::check_installed("ggplot2")
  table <- object$table
  table$cohort <- factor(table$group)
  k <- seq_len(nlevels(table$cohort))
  ggplot2::ggplot(table, ggplot2::aes(x = .data$time, y = .data$weight, colour = .data$cohort, shape = .data$cohort)) +
    ggplot2::geom_hline(yintercept = 0, colour = "grey40", linewidth = 0.3) +
    ggplot2::geom_line() + ggplot2::geom_point() +
    ggplot2::scale_colour_manual(values = rep_len(series_colors(), max(k))) +
    ggplot2::scale_shape_manual(values = rep_len(event_symbols, max(k))) +
    ggplot2::labs(x = xlab, y = ylab, colour = figure_word("Cohort"), shape = figure_word("Cohort")) + figure_theme()
}
