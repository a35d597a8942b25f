# The heat map of effects by cohort and period.

#' Heat map of effects by cohort and period
#'
#' @param x,object A fit of a robust estimator.
#' @param show Write the estimates into the cells?
#' @param xlab,ylab,main Labels.
#' @param ... Not used.
#' @return `plot()` draws and returns the table of cells invisibly; `autoplot()` returns a ggplot. Cells that
#'   cannot be estimated are crossed out; those before the pilot are framed by a dashed line.
#' @examples
#' plot(pilot_did(y ~ status | unit + time, simulate_pilot(seed = 1), estimator = "cs"))
#' @export
plot.pilot_cells <- function(x, show = TRUE, xlab = NULL, ylab = "First treated", main = NULL, ...) {
  table <- heat_data(x)
  nx <- nlevels(table$time)
  ny <- nlevels(table$group)
  limit <- max(abs(table$estimate), na.rm = TRUE)
  graphics::plot(c(0.5, nx + 0.5), c(0.5, ny + 0.5), type = "n", xaxt = "n", yaxt = "n", xaxs = "i", yaxs = "i",
    xlab = xlab %||% x$design$time$label, ylab = ylab, main = main)
  graphics::axis(1, seq_len(nx), levels(table$time))
  graphics::axis(2, seq_len(ny), levels(table$group), las = 1)
  i <- as.integer(table$time)
  j <- as.integer(table$group)
  graphics::rect(i - 0.5, j - 0.5, i + 0.5, j + 0.5, col = heat_color(table$estimate / limit), border = "white")
  lost <- is.na(table$estimate)
  graphics::points(i[lost], j[lost], pch = 4, col = "grey40")
  pre <- which(table$event_time < 0)
  graphics::rect(i[pre] - 0.45, j[pre] - 0.45, i[pre] + 0.45, j[pre] + 0.45, border = "grey40", lty = 2)
  if (show) {
    dark <- abs(table$estimate) / limit > 0.6
    graphics::text(i[!lost], j[!lost], formatC(table$estimate[!lost], digits = 2, format = "g"), cex = 0.75,
      col = ifelse(dark[!lost], "white", "black"))
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

# -1 (red) over 0 (white) to 1 (blue); unknown: grey.
heat_color <- function(x) {
  ramp <- grDevices::colorRamp(c("#b2182b", "#f7f7f7", "#2166ac"))
  known <- ramp(ifelse(is.na(x), 0, (x + 1) / 2))
  ifelse(is.na(x), "grey85", grDevices::rgb(known, maxColorValue = 255))
}

#' @rdname plot.pilot_cells
#' @exportS3Method ggplot2::autoplot
autoplot.pilot_cells <- function(object, show = TRUE, xlab = NULL, ylab = "First treated", ...) {
  rlang::check_installed("ggplot2")
  table <- heat_data(object)
  limit <- max(abs(table$estimate), na.rm = TRUE)
  plot <- ggplot2::ggplot(table, ggplot2::aes(x = .data$time, y = .data$group, fill = .data$estimate)) +
    ggplot2::geom_tile(colour = "white") +
    ggplot2::geom_tile(
      data = table[table$event_time < 0, ], fill = NA, colour = "grey40", linetype = "dashed", width = 0.9, height = 0.9
    ) +
    ggplot2::scale_fill_gradient2(low = "#b2182b", mid = "#f7f7f7", high = "#2166ac", limits = c(-limit, limit), na.value = "grey85") +
    ggplot2::labs(x = xlab %||% object$design$time$label, y = ylab, fill = "Effect") +
    ggplot2::theme_classic()
  if (!show) return(plot)
  plot + ggplot2::geom_text(ggplot2::aes(
    label = ifelse(is.na(.data$estimate), "\u00d7", formatC(.data$estimate, digits = 2, format = "g")),
    colour = ifelse(is.na(.data$estimate) | abs(.data$estimate) / limit <= 0.6, "black", "white")
  ), size = 3) + ggplot2::scale_colour_identity()
}
