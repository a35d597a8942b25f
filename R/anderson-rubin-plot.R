# The p-value of every value of the coefficient, with the confidence set and the estimate.

# Where the curve is worth seeing: the bounded ends of the set and the estimate, and a margin.
ar_window <- function(x) {
  ends <- unlist(x$intervals, use.names = FALSE)
  ends <- c(ends[is.finite(ends)], x$estimate + c(-2.5, 2.5) * x$std.error)
  middle <- mean(range(ends))
  middle + c(-0.75, 0.75) * diff(range(ends))
}

ar_curve <- function(x, points = 801L) {
  window <- ar_window(x)
  value <- sort(c(seq(window[1L], window[2L], length.out = points), x$estimate))
  data.frame(value = value, p.value = stats::predict(x, value))
}

ar_pieces <- function(x, window) {
  data.frame(from = pmax(x$intervals$conf.low, window[1L]), to = pmin(x$intervals$conf.high, window[2L]))
}

ar_title <- function(x) {
  figure_word("%s %% confidence set: %s", format(100 * x$level), set_text(x, language = figure_language()))
}

#' @rdname anderson_rubin
#' @export
plot.pilot_anderson_rubin <- function(x, ...) {
  old <- figure_par()
  on.exit(graphics::par(old))
  curve <- ar_curve(x)
  figure_plot(list(...),
    x = curve$value, y = curve$p.value, type = "l", ylim = c(0, 1), yaxs = "i", xlab = figure_name(x$term),
    ylab = figure_word("Anderson-Rubin p-value"), main = ar_title(x)
  )
  graphics::abline(h = 1 - x$level, lty = 2)
  graphics::abline(v = x$estimate, lty = 3)
  pieces <- ar_pieces(x, range(curve$value))
  if (nrow(pieces)) graphics::segments(pieces$from, 1 - x$level, pieces$to, 1 - x$level, lwd = 3)
  invisible(x)
}

#' @rdname anderson_rubin
#' @exportS3Method ggplot2::autoplot
autoplot.pilot_anderson_rubin <- function(object, ...) {
  rlang::check_installed("ggplot2", "to draw with autoplot().")
  curve <- ar_curve(object)
  pieces <- ar_pieces(object, range(curve$value))
  pieces$p.value <- rep(1 - object$level, nrow(pieces))
  ggplot2::ggplot(curve, ggplot2::aes(x = .data[["value"]], y = .data[["p.value"]])) +
    ggplot2::geom_hline(yintercept = 1 - object$level, linetype = 2, color = "grey40") +
    ggplot2::geom_vline(xintercept = object$estimate, linetype = 3, color = "grey40") +
    ggplot2::geom_line() +
    ggplot2::geom_segment(
      data = pieces, ggplot2::aes(x = .data[["from"]], xend = .data[["to"]], yend = .data[["p.value"]]),
      linewidth = 1.5
    ) +
    ggplot2::scale_y_continuous(limits = c(0, 1), expand = c(0, 0)) +
    ggplot2::labs(
      x = figure_name(object$term), y = figure_word("Anderson-Rubin p-value"), subtitle = ar_title(object),
      caption = figure_word("Dotted: the estimate. SE: %s", covariance_text(object$covariance, figure_language(), figure_labels()))
    ) +
    figure_theme()
}
