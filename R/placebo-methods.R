# Tables and the figure of placebo draws.

# Shares of draws at least as extreme; the true assignment counts as one of them.
placebo_p <- function(drawn, observed) {
  slack <- 1e-9 * abs(observed)
  share <- function(beyond) (1 + sum(beyond)) / (1 + length(beyond))
  list(
    both = share(abs(drawn) >= abs(observed) - slack), left = share(drawn <= observed + slack),
    right = share(drawn >= observed - slack)
  )
}

#' Results and figure of placebo tests
#'
#' @param x,object A [placebo()].
#' @param xlab,ylab,main Labels.
#' @param level The p-value marked by the horizontal dashed line.
#' @param ... For `plot()`: further arguments of [graphics::plot.default()], as `ylim`; otherwise not used.
#' @return See [placebo()]. `plot()` draws the density of the fake estimates, their p-values as hollow dots
#'   on the second axis, and dashed lines at the estimate and at `level`; `autoplot()` gives the same as
#'   a ggplot.
#' @name pilot_placebo_methods
NULL

#' @rdname pilot_placebo_methods
#' @export
tidy.pilot_placebo <- function(x, ...) {
  b <- placebo_p(x$drawn$estimate[x$valid], x$estimate)
  t <- x$drawn$estimate[x$valid] / x$drawn$std.error[x$valid]
  tibble::tibble(
    term = x$term, estimate = x$estimate, std.error = x$std.error, statistic = x$statistic,
    p.value = b$both, p.left = b$left, p.right = b$right,
    # A draw without a standard error has no t: it counts as extreme, which is cautious.
    p.statistic = placebo_p(ifelse(is.finite(t), t, Inf), x$statistic)$both, draws = sum(x$valid)
  )
}

#' @rdname pilot_placebo_methods
#' @export
glance.pilot_placebo <- function(x, ...) {
  drawn <- x$drawn$estimate[x$valid]
  tibble::tibble(
    scheme = x$scheme, draws = x$draws, failed = sum(!x$valid), mean = mean(drawn), sd = stats::sd(drawn),
    q05 = unname(stats::quantile(drawn, 0.05)), q95 = unname(stats::quantile(drawn, 0.95)),
    seed = x$seed, vcov.type = x$vcov_label
  )
}

#' @rdname pilot_placebo_methods
#' @export
augment.pilot_placebo <- function(x, ...) {
  t <- x$drawn$estimate / x$drawn$std.error
  tibble::tibble(
    draw = seq_len(x$draws), estimate = x$drawn$estimate, std.error = x$drawn$std.error, statistic = t,
    p.value = 2 * stats::pt(-abs(t), x$df)
  )
}

#' @rdname pilot_placebo_methods
#' @export
print.pilot_placebo <- function(x, ...) {
  table <- tidy(x)
  scheme <- c(
    unit = "treatment paths shuffled over units", cohort_dates = "random cohorts at random dates",
    unit_dates = "random units at random dates"
  )[[x$scheme]]
  cat("Placebo test of ", x$term, " on ", x$outcome, ": ", scheme, "\n", sep = "")
  drawn <- x$drawn$estimate[x$valid]
  cat(sprintf("Estimate %.5g; %s draws: mean %.4g, sd %.4g, 5 %% to 95 %%: %.4g to %.4g\n",
    x$estimate, big(sum(x$valid)), mean(drawn), stats::sd(drawn),
    stats::quantile(drawn, 0.05), stats::quantile(drawn, 0.95)))
  cat(sprintf("p = %.4f (two-sided), %.4f (left), %.4f (right); by t: %.4f\n",
    table$p.value, table$p.left, table$p.right, table$p.statistic))
  invisible(x)
}

placebo_density <- function(x) {
  drawn <- x$drawn$estimate[x$valid]
  d <- stats::density(drawn)
  list(x = d$x, y = d$y)
}

#' @rdname pilot_placebo_methods
#' @export
plot.pilot_placebo <- function(x, xlab = figure_word("Placebo estimates"), ylab = figure_word("Density"), main = NULL, level = 0.1, ...) {
  table <- augment(x)
  table <- table[x$valid, ]
  d <- placebo_density(x)
  top <- 1.08 * max(d$y)
  old <- figure_par(mar = c(4.5, 4.5, if (is.null(main)) 2.5 else 3.5, 4.5))
  on.exit(graphics::par(old))
  figure_plot(list(...), x = d$x, y = d$y, type = "n", xlim = range(d$x, x$estimate), ylim = c(0, top), xlab = xlab,
    ylab = ylab, main = main, bty = "u", yaxs = "i")
  graphics::points(table$estimate, table$p.value * top, pch = 1, cex = 0.7, col = shade("blue"), xpd = NA)
  graphics::lines(d$x, d$y, lwd = 2, col = shade("ink"))
  graphics::axis(4, at = seq(0, 1, 0.2) * top, labels = seq(0, 1, 0.2))
  graphics::mtext(figure_word("p-value"), side = 4, line = 3, las = 0)
  graphics::abline(v = x$estimate, lty = 2, col = shade("red"))
  graphics::abline(h = level * top, lty = 2, col = "grey40")
  graphics::mtext(figure_word("estimate %s", format(x$estimate, digits = 3)), side = 3, line = 0.8, at = x$estimate,
    cex = 0.8, col = shade("red"))
  invisible(x)
}

#' @rdname pilot_placebo_methods
#' @exportS3Method ggplot2::autoplot
autoplot.pilot_placebo <- function(object, xlab = figure_word("Placebo estimates"), ylab = figure_word("Density"), level = 0.1, ...) {
  rlang::check_installed("ggplot2")
  table <- augment(object)[object$valid, ]
  d <- placebo_density(object)
  top <- 1.08 * max(d$y)
  curve <- data.frame(x = d$x, y = d$y)
  ggplot2::ggplot() +
    ggplot2::geom_point(ggplot2::aes(.data$estimate, .data$p.value * top), table,
      shape = 1, size = 1.3, colour = shade("blue")) +
    ggplot2::geom_line(ggplot2::aes(.data$x, .data$y), curve, linewidth = 0.8, colour = shade("ink")) +
    ggplot2::geom_vline(xintercept = object$estimate, linetype = "dashed", colour = shade("red")) +
    ggplot2::geom_hline(yintercept = level * top, linetype = "dashed", colour = "grey40") +
    ggplot2::scale_y_continuous(ylab, limits = c(0, top), expand = c(0, 0),
      sec.axis = ggplot2::sec_axis(~ . / top, name = figure_word("p-value"), breaks = seq(0, 1, 0.2))) +
    # The highest points lie on the edge.
    ggplot2::coord_cartesian(clip = "off") +
    ggplot2::labs(x = xlab) +
    figure_theme()
}
