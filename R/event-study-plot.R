# The event-study figure in the field's style: dark on white, capped intervals or ribbons, a line at
# zero, a dashed line at the pilot, bins labelled; several estimators side by side.

#' Figures of event studies
#'
#' @param x,object An [event_study()].
#' @param ... Further event studies to overlay, named for the legend (`CS = event_cs`).
#' @param intervals `"pointwise"`, `"simultaneous"`, or `"both"` (thick and thin).
#' @param style `"capped"` intervals or a `"ribbon"`.
#' @param conf.level The level of the intervals.
#' @param xlab,ylab,main Labels.
#' @return `plot()` draws and returns the plotted table invisibly; `autoplot()` returns a ggplot.
#' @examples
#' event <- event_study(y ~ status | unit + time, simulate_pilot(seed = 1))
#' plot(event)
#' plot(event, style = "ribbon", intervals = "both")
#' @name pilot_event_plot
NULL

# Event studies -> one table: what tidy() gives, `fit` (factor), `at` (event time, dodged).
event_plot_data <- function(events, conf.level) {
  names <- names(events) %||% rep("", length(events))
  labels <- ifelse(nzchar(names), names, figure_word(vapply(events, `[[`, "", "label")))
  labels <- make.unique(labels, sep = " ")
  tables <- lapply(seq_along(events), function(i) {
    table <- tidy(events[[i]], conf.level = conf.level)
    table$reference <- as.character(table$reference)
    table$fit <- labels[i]
    # Side by side within 0.6 of the distance between event times.
    step <- if (length(events) > 1L) 0.6 / length(events) else 0
    table$at <- table$event_time + step * (i - (length(events) + 1) / 2)
    table
  })
  out <- do.call(rbind, tables)
  out$fit <- factor(out$fit, labels)
  out
}

collect_events <- function(first, rest) {
  rest <- rest[vapply(rest, inherits, TRUE, "pilot_event")]
  c(list(first), rest)
}

# One tick an event time (thinned beyond 16), bins labelled as such.
event_axis <- function(table) {
  at <- sort(unique(table$event_time))
  label <- vapply(at, function(e) {
    terms <- unique(table$term[table$event_time == e])
    # One estimator bins here and another does not: the plain number is the honest label.
    if (length(terms) == 1L) terms else format(e, trim = TRUE)
  }, "")
  label <- sub("^<= ", "\u2264 ", sub("^>= ", "\u2265 ", label))
  if (length(at) > 16L) {
    shown <- at %% 2 == 0 | seq_along(at) %in% c(1L, length(at))
    at <- at[shown]
    label <- label[shown]
  }
  list(at = at, label = label)
}

event_limits <- function(table, intervals) {
  used <- if (intervals == "pointwise") c("conf.low", "conf.high") else c("simultaneous.low", "simultaneous.high")
  range(0, table$estimate, table[[used[1L]]], table[[used[2L]]], na.rm = TRUE)
}

#' @rdname pilot_event_plot
#' @export
plot.pilot_event <- function(x, ..., intervals = c("pointwise", "simultaneous", "both"),
                             style = c("capped", "ribbon"), conf.level = 0.95,
                             xlab = figure_word("Periods since the pilot"), ylab = figure_word("Effect"), main = NULL) {
  intervals <- check_choice(intervals, c("pointwise", "simultaneous", "both"), "intervals")
  style <- check_choice(style, c("capped", "ribbon"), "style")
  table <- event_plot_data(collect_events(x, list(...)), conf.level)
  axis <- event_axis(table)
  fits <- levels(table$fit)
  legend_columns <- event_legend_columns(fits)
  legend_lines <- if (length(fits) > 1L) ceiling(length(fits) / legend_columns) * 1.2 else 0
  old <- figure_par(mar = c(4.5, 5.5, 1 + legend_lines + 2 * !is.null(main), 1))
  on.exit(graphics::par(old))
  graphics::plot(range(table$event_time) + c(-0.4, 0.4), event_limits(table, intervals),
    type = "n", xlab = xlab, ylab = "", xaxt = "n"
  )
  figure_ylab(ylab)
  if (!is.null(main)) graphics::title(main, line = legend_lines + 1)
  graphics::axis(1, at = axis$at, labels = axis$label)
  graphics::abline(h = 0, col = "grey40", lwd = 0.8)
  graphics::abline(v = 0, col = "grey40", lty = 2)
  for (i in seq_along(fits)) {
    draw_event(table[as.integer(table$fit) == i, ], intervals, style,
      rep_len(series_colors(), i)[i], rep_len(event_symbols, i)[i])
  }
  if (length(fits) > 1L) {
    # Above the plot, where no estimate can lie.
    graphics::legend(graphics::grconvertX(0.5, "nfc"), graphics::par("usr")[4L], fits, col = rep_len(series_colors(), length(fits)),
      xpd = NA, xjust = 0.5, yjust = 0, pch = rep_len(event_symbols, length(fits)), bty = "n", cex = 0.8, ncol = legend_columns)
  }
  invisible(table)
}

# Two where the names leave room for them: each takes its symbol and four letters of space besides.
event_legend_columns <- function(fits) {
  column <- max(figure_width(paste0("mmmm", fits), 0.8))
  if (2 * column <= graphics::par("fin")[1L]) 2L else 1L
}

draw_event <- function(table, intervals, style, color, symbol) {
  band <- function(low, high, width, alpha) {
    if (style == "ribbon") {
      # The reference has no width: the ribbon passes through its point.
      unknown <- is.na(low)
      low[unknown] <- high[unknown] <- table$estimate[unknown]
      graphics::polygon(c(table$at, rev(table$at)), c(low, rev(high)),
        col = grDevices::adjustcolor(color, alpha), border = NA)
      return(invisible())
    }
    figure_intervals(table$at, low, high, color, width, cap = 0.08)
  }
  if (intervals != "pointwise") band(table$simultaneous.low, table$simultaneous.high, 1, 0.12)
  if (intervals != "simultaneous") band(table$conf.low, table$conf.high, if (intervals == "both") 2.2 else 1.2, 0.2)
  if (style == "ribbon") graphics::lines(table$at, table$estimate, col = color)
  graphics::points(table$at, table$estimate, pch = symbol, col = color)
}

#' @rdname pilot_event_plot
#' @exportS3Method ggplot2::autoplot
autoplot.pilot_event <- function(object, ..., intervals = c("pointwise", "simultaneous", "both"),
                                 style = c("capped", "ribbon"), conf.level = 0.95,
                                 xlab = figure_word("Periods since the pilot"), ylab = figure_word("Effect")) {
  rlang::check_installed("ggplot2")
  intervals <- check_choice(intervals, c("pointwise", "simultaneous", "both"), "intervals")
  style <- check_choice(style, c("capped", "ribbon"), "style")
  table <- event_plot_data(collect_events(object, list(...)), conf.level)
  axis <- event_axis(table)
  several <- nlevels(table$fit) > 1L
  plot <- ggplot2::ggplot(table, ggplot2::aes(
    x = .data$at, y = .data$estimate, colour = .data$fit, fill = .data$fit, shape = .data$fit
  )) +
    ggplot2::geom_hline(yintercept = 0, colour = "grey40", linewidth = 0.3) +
    ggplot2::geom_vline(xintercept = 0, colour = "grey40", linetype = "dashed", linewidth = 0.4)
  if (intervals != "pointwise") plot <- plot + event_interval("simultaneous", style, 0.35, 0.12)
  if (intervals != "simultaneous") {
    plot <- plot + event_interval("conf", style, if (intervals == "both") 0.9 else 0.5, 0.2)
  }
  if (style == "ribbon") plot <- plot + ggplot2::geom_line(linewidth = 0.4)
  colors <- rep_len(series_colors(), nlevels(table$fit))
  plot + ggplot2::geom_point(size = 1.8) +
    ggplot2::scale_colour_manual(values = colors) +
    ggplot2::scale_fill_manual(values = colors) +
    ggplot2::scale_shape_manual(values = rep_len(event_symbols, nlevels(table$fit))) +
    ggplot2::scale_x_continuous(breaks = axis$at, labels = axis$label) +
    ggplot2::labs(x = xlab, y = ylab, colour = NULL, fill = NULL, shape = NULL) +
    ggplot2::guides(colour = ggplot2::guide_legend(ncol = 2L), fill = ggplot2::guide_legend(ncol = 2L), shape = ggplot2::guide_legend(ncol = 2L)) +
    figure_theme() +
    # Two columns of estimators, which say their reference, must fit the width of a column in a journal.
    ggplot2::theme(
      legend.position = if (several) "bottom" else "none", legend.text = ggplot2::element_text(size = ggplot2::rel(0.65)),
      legend.key.size = ggplot2::unit(0.8, "lines"), legend.margin = ggplot2::margin(0, 0, 0, 0)
    )
}

event_interval <- function(kind, style, width, alpha) {
  low <- paste0(kind, ".low")
  high <- paste0(kind, ".high")
  if (style == "ribbon") {
    return(ggplot2::geom_ribbon(ggplot2::aes(
      ymin = ifelse(is.na(.data[[low]]), .data$estimate, .data[[low]]),
      ymax = ifelse(is.na(.data[[high]]), .data$estimate, .data[[high]])
    ), alpha = alpha, colour = NA))
  }
  ggplot2::geom_errorbar(ggplot2::aes(ymin = .data[[low]], ymax = .data[[high]]),
    width = 0.16, linewidth = width, na.rm = TRUE
  )
}
