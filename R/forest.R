#' @importFrom rlang .data
NULL

# Forest plots: estimates with intervals, one line each.

# -> list(label, estimate, low, high, title), first row on top.
forest_data <- function(label, table, title) {
  list(
    label = label, estimate = table$estimate, low = table$conf.low, high = table$conf.high,
    title = title
  )
}

interval_label <- function(conf.level = 0.95) figure_word("Estimate and %s %% interval", format(100 * conf.level))

plot_forest <- function(data, xlab = interval_label(), col = "black", ...) {
  n <- length(data$label)
  at <- rev(seq_len(n))
  # Margins in lines of text.
  old <- figure_par_labels(data$label, c(4.6, 1.6, 2.6, 1.1) * graphics::par("csi"))
  on.exit(graphics::par(old))
  range <- range(0, data$low, data$high, na.rm = TRUE)
  figure_plot(list(...), x = range, y = c(0.5, n + 0.5), type = "n", yaxt = "n", ylab = "", xlab = xlab, main = data$title)
  graphics::axis(2, at = at, labels = data$label, tick = FALSE)
  graphics::abline(v = 0, lty = 2, col = "gray50")
  graphics::segments(data$low, at, data$high, at, col = col)
  graphics::points(data$estimate, at, pch = 19, col = col)
  invisible(data)
}

ggplot_forest <- function(data, xlab = interval_label()) {
  frame <- data.frame(
    label = factor(data$label, levels = rev(unique(data$label))),
    estimate = data$estimate, low = data$low, high = data$high
  )
  ggplot2::ggplot(frame, ggplot2::aes(x = .data$estimate, y = .data$label)) +
    ggplot2::geom_vline(xintercept = 0, linetype = 2, colour = "gray50") +
    ggplot2::geom_segment(ggplot2::aes(x = .data$low, xend = .data$high, yend = .data$label)) +
    ggplot2::geom_point(size = 2) +
    ggplot2::labs(x = xlab, y = NULL, title = data$title) +
    figure_theme()
}
