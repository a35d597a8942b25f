#' Figures of one family
#'
#' Every result has `plot()`, drawn by base graphics without any other package, and `autoplot()`, a ggplot to go on
#' with. Colors are told apart by color-blind readers; series differ in their symbols or lines as well.
#'
#' Five options hold for all of them:
#' * `options(pilotdid.gray = TRUE)`: shades of gray, for journals that print without color.
#' * `options(pilotdid.base_family = "Noto Sans CJK SC")`: the font. Chinese labels need one that has them; `systemfonts` or
#'   `fc-list :lang=zh` lists those that are installed.
#' * `options(pilotdid.base_size = 9)`: the size of text in points in `autoplot()`, 11 by default.
#' * `options(pilotdid.language = "zh")`: the words of axes, legends, titles and captions in Chinese. Text that is given to
#'   `xlab`, `ylab` or `main` stays as it is.
#' * `options(pilotdid.labels = c(status = "Pilot zone"))`: what terms, outcomes, units and groups are called.
#'
#' [pilot_table()] and [pilot_report()] take their `language` and `labels` from the last two by default; the figures of a
#' report have those of the report.
#'
#' A figure of one column is about 3.5 inches wide, one of two columns about 7. In base graphics `pointsize` of the device is the
#' size of text: `pdf("event.pdf", width = 3.5, height = 2.6, pointsize = 8)`; with ggplot2 it is the base size:
#' `ggsave("event.pdf", autoplot(event), width = 3.5, height = 2.6)`. Chinese text in a PDF needs `cairo_pdf()`.
#'
#' @section Errors: class `pilotdid_error_argument`, when a figure is drawn, for another language or labels without names.
#'
#' @examples
#' event <- event_study(y ~ status | unit + time, simulate_pilot(seed = 1))
#' old <- options(pilotdid.gray = TRUE)
#' plot(event, intervals = "both")
#' options(old)
#'
#' # "\u653f\u7b56": policy.
#' old <- options(pilotdid.language = "zh", pilotdid.labels = c(status = "\u653f\u7b56"))
#' if (capabilities("cairo")) {
#'   file <- tempfile(fileext = ".png")
#'   grDevices::png(file, width = 7, height = 4, units = "in", res = 100, type = "cairo")
#'   plot(event)
#'   grDevices::dev.off()
#' }
#' options(old)
#' @name pilot_figures
NULL

# Of every figure of base graphics: axes left and below, their numbers upright, a plain title no larger than the text.
figure_frame <- list(bty = "l", las = 1, font.main = 1, cex.main = 1)

# -> what par() was before.
figure_par <- function(...) {
  family <- getOption("pilotdid.base_family")
  do.call(graphics::par, c(figure_frame, list(...), if (!is.null(family)) list(family = family)))
}

# plot() in which `given`, what the caller asks for, stands in place of our settings.
figure_plot <- function(given, ...) {
  settings <- list(...)
  do.call(graphics::plot, c(settings[setdiff(names(settings), names(given))], given))
}

# Intervals that stand upright, with ends of half width `cap`.
figure_intervals <- function(at, low, high, color, width = 1.2, cap = 0) {
  known <- !is.na(low)
  bar <- function(left, bottom, right, top) {
    graphics::segments(left[known], bottom[known], right[known], top[known], col = rep_len(color, length(at))[known], lwd = width)
  }
  bar(at, low, at, high)
  if (cap > 0) for (end in list(low, high)) bar(at - cap, end, at + cap, end)
}

# Room on the left for numbers with many digits, and the name of the axis beyond them.
figure_par_y <- function(main, bottom = 4.5) figure_par(mar = c(bottom, 5.5, if (is.null(main)) 1.5 else 3.5, 1))
# Smaller where it, in the middle of the axis, would run into the edge of the figure.
figure_ylab <- function(ylab, line = 4.2) {
  room <- graphics::par("pin")[2L] + 2 * min(graphics::par("mai")[c(1L, 3L)])
  graphics::title(ylab = ylab, line = line, cex.lab = min(1, room / figure_width(ylab)))
}

# Inches of each text in the font of the figures, which need not be set yet.
figure_width <- function(text, cex = 1) {
  graphics::strwidth(text, units = "inches", cex = cex, family = getOption("pilotdid.base_family", graphics::par("family")))
}

# Room on the left for labels, added to `mai`: inches below, left, above and right.
figure_par_labels <- function(labels, mai, cex = 1) {
  figure_par(mai = mai + c(0, max(figure_width(labels, cex), na.rm = TRUE), 0, 0))
}

# The range of y with `share` of it free above, for a legend that no point lies under.
with_headroom <- function(y, share) range(y) + c(0, share) * diff(range(y))

figure_theme <- function() {
  ggplot2::theme_classic(
    base_size = getOption("pilotdid.base_size", 11), base_family = getOption("pilotdid.base_family", "")
  ) + ggplot2::theme(plot.title = ggplot2::element_text(size = ggplot2::rel(1)))
}

# Text inside of a panel: its size in the millimeters of ggplot2, `relative` to that of the axes.
figure_text <- function(mapping, data = NULL, relative = 0.8, ...) {
  ggplot2::geom_text(mapping, data, size = relative * getOption("pilotdid.base_size", 11) / ggplot2::.pt,
    family = getOption("pilotdid.base_family", ""), ...)
}

gray_figures <- function() isTRUE(getOption("pilotdid.gray"))

# Colors as they are, or their shades of gray: one color by its luminance, several in the order of theirs, evenly
# spread, as colors that differ in hue alone would be the same gray. Transparency stays. Lines and points lighter
# than 0.65 are lost on paper; areas may be lighter.
shade <- function(colors, lightest = 0.65) {
  ours <- colors %in% names(figure_colors)
  colors[ours] <- figure_colors[colors[ours]]
  if (!gray_figures()) return(colors)
  parts <- grDevices::col2rgb(colors, alpha = TRUE)
  luminance <- colSums(parts[1:3, , drop = FALSE] * c(0.299, 0.587, 0.114)) / 255
  level <- pmin(luminance, lightest)
  kinds <- unique(colors)
  if (length(kinds) > 1L) {
    at <- rank(luminance[match(kinds, colors)], ties.method = "first")
    level <- seq(0.1, lightest, length.out = length(kinds))[at][match(colors, kinds)]
  }
  set_names(grDevices::gray(level, parts[4L, ] / 255), names(colors))
}

# One palette for all figures but those of many series: two that oppose each other, lighter ones for what is less sure, and one to
# mark a point. Told apart by color-blind readers. shade() knows them by name.
figure_colors <- c(ink = "#1b1b1b", red = "#b2182b", blue = "#2166ac", light_red = "#f4a582", light_blue = "#92c5de", orange = "#e08214")

# Dark first; distinguishable in print and by color-blind readers, with different symbols.
event_colors <- c("#1b1b1b", "#b2182b", "#2166ac", "#4d9221", "#8c510a", "#762a83", "#737373", "#e08214",
  "#01665e", "#c51b7d", "#80b1d3")
event_symbols <- c(16, 17, 15, 18, 1, 2, 0, 5, 6, 8, 7)
# Neighbors in this order are far apart.
event_grays <- c(0.1, 0.55, 0.35, 0.68, 0.22, 0.6, 0.42, 0.75, 0.15, 0.5, 0.3)

series_colors <- function() if (gray_figures()) grDevices::gray(event_grays) else event_colors
