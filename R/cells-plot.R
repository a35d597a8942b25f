# The heat map of effects by cohort and period.

#' Heat map of effects by cohort and period
#'
#' @param x,object A fit of a robust estimator.
#' @param show Write the estimates into the cells?
#' @param xlab,ylab,main Labels.
#' @param ... For `plot()`: further arguments of [graphics::plot.default()], as `ylim`; otherwise not used.
#' @return `plot()` draws and returns the table of cells invisibly; `autoplot()` returns a ggplot. Cells that
#'   cannot be estimated are crossed out; those before the pilot are framed by a dashed line.
#' @examples
#' plot(pilot_did(y ~ status | unit + time, simulate_pilot(seed = 1), estimator = "cs"))
#' @export
plot.pilot_cells <- function(x, show = TRUE, xlab = NULL, ylab = figure_word("First treated"), main = NULL, ...) {
  old <- figure_par()
  on.exit(graphics::par(old))
  table <- heat_data(x)
  nx <- nlevels(table$time)
  ny <- nlevels(table$group)
  limit <- max(abs(table$estimate), na.rm = TRUE)
  figure_plot(list(...), x = c(0.5, nx + 0.5), y = c(0.5, ny + 0.5), type = "n", xaxt = "n", yaxt = "n", xaxs = "i", yaxs = "i", bty = "o",
    xlab = xlab %||% figure_name(x$design$time$label), ylab = ylab, main = main)
  graphics::axis(1, seq_len(nx), levels(table$time))
  graphics::axis(2, seq_len(ny), levels(table$group))
  i <- as.integer(table$time)
  j <- as.integer(table$group)
  graphics::rect(i - 0.5, j - 0.5, i + 0.5, j + 0.5, col = heat_color(table$estimate / limit), border = "white")
  lost <- is.na(table$estimate)
  graphics::points(i[lost], j[lost], pch = 4, col = "grey40")
  pre <- which(table$event_time < 0)
  graphics::rect(i[pre] - 0.45, j[pre] - 0.45, i[pre] + 0.45, j[pre] + 0.45, border = "grey40", lty = 2)
  if (show) {
    graphics::text(i[!lost], j[!lost], formatC(table$estimate[!lost], digits = 2, format = "g"), cex = 0.75,
      col = heat_ink(table$estimate[!lost] / limit))
  }
  invisible(table)
}

heat_data <- function(fit) {
  cells <- fit$cells
  times <- sort(unique(cells$time))
  groups <- sort(unique(cells$cohort))
  tibble::tibble(
    group = factor(cells$cohort, groups, as.character(time_label(fit$design, groups))),
    time = factor(cells$time, times, as.character(time_label(fit$design, times))),
    event_time = cells$event_time, estimate = cells$estimate
  )
}

# Red over white to blue; in gray from white to black.
heat_ends <- function() if (gray_figures()) c("#ffffff", "#bdbdbd", "#252525") else c(figure_colors[["red"]], "#f7f7f7", figure_colors[["blue"]])

# From -1 over 0 to 1; unknown: grey.
heat_color <- function(x) {
  ramp <- grDevices::colorRamp(heat_ends())
  known <- ramp(ifelse(is.na(x), 0, (x + 1) / 2))
  ifelse(is.na(x), "grey85", grDevices::rgb(known, maxColorValue = 255))
}

# Of the number on a cell.
heat_ink <- function(x) {
  dark <- if (gray_figures()) x > 0.4 else abs(x) > 0.6
  ifelse(!is.na(dark) & dark, "white", "black")
}

#' @rdname plot.pilot_cells
#' @exportS3Method ggplot2::autoplot
autoplot.pilot_cells <- function(object, show = TRUE, xlab = NULL, ylab = figure_word("First treated"), ...) {
  rlang::check_installed("ggplot2")
  table <- heat_data(object)
  limit <- max(abs(table$estimate), na.rm = TRUE)
  plot <- ggplot2::ggplot(table, ggplot2::aes(x = .data$time, y = .data$group, fill = .data$estimate)) +
    ggplot2::geom_tile(colour = "white") +
    ggplot2::geom_tile(
      data = table[table$event_time < 0, ], fill = NA, colour = "grey40", linetype = "dashed", width = 0.9, height = 0.9
    ) +
    ggplot2::scale_fill_gradient2(low = heat_ends()[1L], mid = heat_ends()[2L], high = heat_ends()[3L], limits = c(-limit, limit), na.value = "grey85") +
    ggplot2::labs(x = xlab %||% figure_name(object$design$time$label), y = ylab, fill = figure_word("Effect")) +
    figure_theme()
  if (!show) return(plot)
  plot + figure_text(ggplot2::aes(
    label = ifelse(is.na(.data$estimate), "\u00d7", formatC(.data$estimate, digits = 2, format = "g")),
    colour = heat_ink(.data$estimate / limit)
  )) + ggplot2::scale_colour_identity()
}
