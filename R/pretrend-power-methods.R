# Tables and figures of pretrend_power().

#' Results of the power of the test for pre-trends
#'
#' @param x,object A [pretrend_power()].
#' @param trend Which violation to draw: its name or number; by default the last.
#' @param ... For `plot()`: further arguments of [graphics::plot.default()], as `ylim`; otherwise not used.
#' @param digits Significant digits.
#' @param xlab,ylab,main Labels.
#' @return See [pretrend_power()]. `plot()` draws the estimates, the hypothesized violation, and what the estimates
#'   would be on average under it given that the test was passed; it returns the plotted table
#'   invisibly. `autoplot()` returns a ggplot.
#' @examples
#' event <- event_study(y ~ status | unit + time, simulate_pilot(seed = 1), window = c(-4, 3))
#' power <- pretrend_power(event)
#' tidy(power)
#' augment(power)
#' @name pilot_pretrend_power_methods
NULL

#' @rdname pilot_pretrend_power_methods
#' @export
tidy.pilot_pretrend_power <- function(x, ...) {
  field <- function(name) unname(vapply(x$trends, `[[`, 1, name))
  tibble::tibble(
    term = names(x$trends), estimate = x$slope, power = field("power"), bayes.factor = field("bayes.factor"),
    likelihood.ratio = field("likelihood.ratio")
  )
}

#' @rdname pilot_pretrend_power_methods
#' @export
augment.pilot_pretrend_power <- function(x, ...) {
  source <- x$source
  se <- sqrt(diag(source$vcov))
  half <- stats::qnorm(1 - (1 - x$conf.level) / 2) * se
  one <- function(name) {
    violation <- x$trends[[name]]
    # The reference is a row of its own: zero by construction.
    time <- c(source$event_time, source$reference)
    out <- tibble::tibble(
      term = name, event_time = time, estimate = c(source$estimate, 0), std.error = c(se, NA),
      conf.low = c(source$estimate - half, NA), conf.high = c(source$estimate + half, NA),
      trend = c(violation$delta, 0), expected = c(violation$expected, 0)
    )
    out[order(time), ]
  }
  do.call(rbind, lapply(names(x$trends), one))
}

#' @rdname pilot_pretrend_power_methods
#' @export
glance.pilot_pretrend_power <- function(x, ...) {
  tibble::tibble(
    size = x$size, conf.level = x$conf.level, periods.before = sum(x$source$pre), periods.after = sum(x$source$post),
    reference = x$source$reference
  )
}

#' @rdname pilot_pretrend_power_methods
#' @export
print.pilot_pretrend_power <- function(x, digits = 4L, ...) {
  cat("Power of the test for pre-trends", if (!is.null(x$label)) paste0(" (", x$label, ")"), "\n", sep = "")
  cat(sum(x$source$pre), " estimates before the reference ", x$source$reference,
    "; some is significant with probability ", format(signif(x$size, digits)), " under parallel trends\n\n", sep = "")
  table <- as.data.frame(tidy(x))
  numbers <- lapply(table[-1L], function(column) ifelse(is.na(column), "", format(signif(column, digits), trim = TRUE)))
  print_text_table(data.frame(
    violation = table$term, slope = numbers$estimate, power = numbers$power,
    `Bayes factor` = numbers$bayes.factor, `likelihood ratio` = numbers$likelihood.ratio, check.names = FALSE
  ))
  invisible(x)
}

power_plot_data <- function(x, trend) {
  names <- names(x$trends)
  if (is.null(trend)) trend <- length(names)
  if (is.numeric(trend)) trend <- names[trend]
  # Repeated, so that a single name is not taken for an argument left at its default.
  trend <- check_choice(trend, rep(names, 2L), "trend")
  table <- augment(x)
  table[table$term == trend, ]
}

power_legend <- c("Estimates", "Hypothesized violation", "Expected after passing the test")

#' @rdname pilot_pretrend_power_methods
#' @export
plot.pilot_pretrend_power <- function(x, trend = NULL, ..., xlab = figure_word("Periods since the pilot"), ylab = figure_word("Effect"), main = NULL) {
  old <- figure_par_y(main)
  on.exit(graphics::par(old))
  table <- power_plot_data(x, trend)
  limits <- range(0, table$conf.low, table$conf.high, table$trend, table$expected, na.rm = TRUE)
  # Room above for the legend.
  limits[2L] <- limits[2L] + 0.22 * diff(limits)
  figure_plot(list(...), x = range(table$event_time) + c(-0.3, 0.3), y = limits, type = "n", xlab = xlab, ylab = "", main = main, xaxt = "n")
  figure_ylab(ylab)
  graphics::axis(1, at = table$event_time)
  graphics::abline(h = 0, col = "grey40", lwd = 0.8)
  graphics::abline(v = 0, col = "grey40", lty = 2)
  colors <- series_colors()[1:3]
  figure_intervals(table$event_time, table$conf.low, table$conf.high, colors[1L])
  graphics::points(table$event_time, table$estimate, pch = 16, col = colors[1L])
  graphics::lines(table$event_time, table$trend, type = "o", pch = 17, col = colors[2L])
  graphics::lines(table$event_time, table$expected, type = "o", pch = 15, lty = 2, col = colors[3L])
  graphics::legend("topleft", figure_word(power_legend), col = colors, pch = c(16, 17, 15), lty = c(0, 1, 2), bty = "n", cex = 0.9)
  invisible(table)
}

#' @rdname pilot_pretrend_power_methods
#' @exportS3Method ggplot2::autoplot
autoplot.pilot_pretrend_power <- function(object, trend = NULL, ..., xlab = figure_word("Periods since the pilot"), ylab = figure_word("Effect")) {
  rlang::check_installed("ggplot2")
  table <- power_plot_data(object, trend)
  series <- c("estimate", "trend", "expected")
  long <- do.call(rbind, lapply(seq_along(series), function(i) {
    data.frame(event_time = table$event_time, y = table[[series[i]]], series = power_legend[i])
  }))
  long$series <- factor(long$series, power_legend)
  lines <- long[long$series != power_legend[1L], ]
  ggplot2::ggplot(long, ggplot2::aes(x = .data$event_time, y = .data$y, colour = .data$series, shape = .data$series)) +
    ggplot2::geom_hline(yintercept = 0, colour = "grey40", linewidth = 0.3) +
    ggplot2::geom_vline(xintercept = 0, colour = "grey40", linetype = "dashed", linewidth = 0.4) +
    ggplot2::geom_linerange(
      ggplot2::aes(x = .data$event_time, ymin = .data$conf.low, ymax = .data$conf.high),
      data = table[!is.na(table$std.error), ], inherit.aes = FALSE, colour = series_colors()[1L]
    ) +
    ggplot2::geom_line(data = lines, linewidth = 0.4) +
    ggplot2::geom_point(size = 1.8) +
    ggplot2::scale_colour_manual(values = series_colors()[1:3], limits = power_legend, labels = figure_word) +
    ggplot2::scale_shape_manual(values = c(16, 17, 15), limits = power_legend, labels = figure_word) +
    ggplot2::scale_x_continuous(breaks = table$event_time) +
    ggplot2::labs(x = xlab, y = ylab, colour = NULL, shape = NULL) +
    figure_theme() +
    ggplot2::theme(legend.position = "bottom")
}
