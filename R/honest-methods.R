# Tables and figures of honest_did().

#' Results of the sensitivity analysis
#'
#' @param x,object A [honest_did()].
#' @param ... For `plot()`: further arguments of [graphics::plot.default()], as `ylim`; otherwise not used.
#' @param digits Significant digits.
#' @param xlab,ylab,main Labels.
#' @return See [honest_did()]. `plot()` draws the interval for each bound beside the usual one and returns
#'   the plotted table invisibly; an arrow marks an open end. `autoplot()` returns a ggplot.
#' @examples
#' event <- event_study(y ~ status | unit + time, simulate_pilot(seed = 1), window = c(-4, 3))
#' sensitivity <- honest_did(event, "smoothness")
#' tidy(sensitivity)
#' glance(sensitivity)
#' plot(sensitivity)
#' @name pilot_honest_methods
NULL

#' @rdname pilot_honest_methods
#' @export
tidy.pilot_honest <- function(x, ...) {
  k <- length(x$bound)
  z <- x$estimate / x$std.error
  half <- stats::qnorm(1 - x$plan$alpha / 2) * x$std.error
  open <- ifelse(x$empty, "empty", open_side(x$low, x$high))
  tibble::tibble(
    term = x$target, estimate = x$estimate, std.error = c(x$std.error, rep(NA, k)), statistic = c(z, rep(NA, k)),
    p.value = c(2 * stats::pnorm(-abs(z)), rep(NA, k)), conf.low = c(x$estimate - half, x$low),
    conf.high = c(x$estimate + half, x$high), bound = c(NA, x$bound),
    type = c("parallel_trends", rep(x$plan$type, k)), method = c("normal", rep(x$plan$method, k)), open = c("none", open)
  )
}

open_side <- function(low, high) {
  ifelse(is.infinite(low), ifelse(is.infinite(high), "both", "low"), ifelse(is.infinite(high), "high", "none"))
}

#' @rdname pilot_honest_methods
#' @export
glance.pilot_honest <- function(x, ...) {
  tibble::tibble(
    breakdown = x$breakdown, null = x$null, estimate = x$estimate, std.error = x$std.error, type = x$plan$type,
    sign = x$plan$sign, monotone = x$plan$monotone, method = x$plan$method, conf.level = 1 - x$plan$alpha,
    periods.before = sum(x$plan$source$pre), periods.after = sum(x$plan$source$post),
    draws = if (x$plan$method == "hybrid_lf") x$plan$draws else NA_integer_, seed = x$plan$seed
  )
}

# Each with digits of its own: one large bound leaves the others readable.
bound_text <- function(x, digits) vapply(x$bound, format, "", digits = digits)

honest_symbol <- function(x) if (x$plan$type == "smoothness") "M" else "Mbar"

honest_restriction <- function(x, language = "en") {
  shape <- setdiff(c(x$plan$sign, x$plan$monotone), "none")
  paste(say(language, paste0("honest_", c(x$plan$type, shape))), collapse = say(language, "comma"))
}

target_text <- function(x, language = "en") {
  if (x$target %in% c("average", "weighted")) return(say(language, paste0("honest_", x$target)))
  say(language, "honest_at", format(x$target))
}

#' @rdname pilot_honest_methods
#' @export
print.pilot_honest <- function(x, digits = 4L, ...) {
  table <- tidy(x)
  cat("Sensitivity to violations of parallel trends", if (!is.null(x$label)) paste0(" (", x$label, ")"), "\n", sep = "")
  cat("Target:     ", target_text(x), "\n", sep = "")
  cat("Violations: ", honest_restriction(x), "\n", sep = "")
  cat("Method:     ", x$plan$method, ", level ", format(1 - x$plan$alpha), "\n\n", sep = "")
  shown <- data.frame(
    bound = c("parallel trends", paste(honest_symbol(x), "=", bound_text(x, digits))),
    low = format(signif(table$conf.low, digits), trim = TRUE), high = format(signif(table$conf.high, digits), trim = TRUE),
    note = c(none = "", low = "open below", high = "open above", both = "unbounded", empty = "every effect rejected")[table$open]
  )
  names(shown) <- c("", "conf.low", "conf.high", " ")
  print_text_table(shown)
  if (!is.na(x$breakdown)) cat("\n", breakdown_text(x, digits = digits), "\n", sep = "")
  invisible(x)
}

# What the breakdown value says, in a sentence.
breakdown_text <- function(x, language = "en", digits = 4L) {
  if (is.na(x$breakdown)) return(NULL)
  null <- format(x$null)
  if (x$breakdown == 0) return(say(language, "honest_never", null))
  if (is.infinite(x$breakdown)) return(say(language, "honest_always", null))
  say(language, "honest_up_to", null, honest_symbol(x), format(signif(x$breakdown, digits)))
}

# Open ends run to the edge of the figure: a tenth beyond all that is finite.
honest_plot_data <- function(x) {
  table <- tidy(x)
  table <- table[table$open != "empty", ]
  ends <- c(table$conf.low, table$conf.high, x$null, x$estimate)
  ends <- range(ends[is.finite(ends)])
  edge <- ends + c(-0.1, 0.1) * max(diff(ends), x$std.error)
  table$at <- ifelse(is.na(table$bound), 1L, 1L + match(table$bound, x$bound))
  table$low <- pmax(table$conf.low, edge[1L])
  table$high <- pmin(table$conf.high, edge[2L])
  list(table = table, edge = edge, labels = c(figure_word("parallel\ntrends"), bound_text(x, 3L)))
}

honest_xlab <- function(x) {
  switch(x$plan$type, smoothness = figure_word("M: largest change of slope"),
    relative_magnitudes = figure_word("Bound relative to the largest move before"),
    relative_smoothness = figure_word("Bound relative to the largest change of slope before"))
}

#' @rdname pilot_honest_methods
#' @export
plot.pilot_honest <- function(x, ..., xlab = honest_xlab(x), ylab = figure_word("Effect"), main = NULL) {
  old <- figure_par_y(main)
  on.exit(graphics::par(old))
  drawn <- honest_plot_data(x)
  table <- drawn$table
  figure_plot(list(...), x = c(0.6, length(drawn$labels) + 0.4), y = drawn$edge, type = "n", xlab = xlab, ylab = "", main = main,
    xaxt = "n")
  figure_ylab(ylab)
  graphics::axis(1, at = seq_along(drawn$labels), labels = drawn$labels, padj = 0.5)
  graphics::abline(h = x$null, col = "grey40", lwd = 0.8)
  color <- ifelse(is.na(table$bound), series_colors()[3L], series_colors()[1L])
  figure_intervals(table$at, table$low, table$high, color, width = 1.6)
  for (end in c("low", "high")) {
    open <- is.infinite(table[[paste0("conf.", end)]])
    if (any(!open)) {
      graphics::segments(table$at[!open] - 0.08, table[[end]][!open], table$at[!open] + 0.08, table[[end]][!open], col = color[!open], lwd = 1.6)
    }
    graphics::points(table$at[open], table[[end]][open], pch = if (end == "low") 25 else 24, bg = color[open], col = color[open])
  }
  first <- is.na(table$bound)
  graphics::points(table$at[first], table$estimate[first], pch = 16, col = color[first])
  invisible(table)
}

#' @rdname pilot_honest_methods
#' @exportS3Method ggplot2::autoplot
autoplot.pilot_honest <- function(object, ..., xlab = honest_xlab(object), ylab = figure_word("Effect")) {
  rlang::check_installed("ggplot2")
  drawn <- honest_plot_data(object)
  table <- drawn$table
  table$usual <- is.na(table$bound)
  ends <- rbind(
    data.frame(at = table$at, y = table$low, usual = table$usual, shape = 25)[is.infinite(table$conf.low), ],
    data.frame(at = table$at, y = table$high, usual = table$usual, shape = 24)[is.infinite(table$conf.high), ],
    data.frame(at = table$at, y = table$estimate, usual = table$usual, shape = 21)[table$usual, ]
  )
  caps <- data.frame(
    at = rep(table$at, 2L), y = c(table$low, table$high), usual = rep(table$usual, 2L),
    known = c(is.finite(table$conf.low), is.finite(table$conf.high))
  )
  ggplot2::ggplot(table, ggplot2::aes(x = .data$at, colour = .data$usual)) +
    ggplot2::geom_hline(yintercept = object$null, colour = "grey40", linewidth = 0.3) +
    ggplot2::geom_linerange(ggplot2::aes(ymin = .data$low, ymax = .data$high), linewidth = 0.6) +
    ggplot2::geom_segment(
      ggplot2::aes(x = .data$at - 0.08, xend = .data$at + 0.08, y = .data$y, yend = .data$y),
      data = caps[caps$known, ], linewidth = 0.6
    ) +
    ggplot2::geom_point(ggplot2::aes(y = .data$y, shape = .data$shape, fill = .data$usual), data = ends, size = 2) +
    ggplot2::scale_shape_identity() +
    ggplot2::scale_colour_manual(values = c(`FALSE` = series_colors()[1L], `TRUE` = series_colors()[3L]), aesthetics = c("colour", "fill")) +
    ggplot2::scale_x_continuous(breaks = seq_along(drawn$labels), labels = drawn$labels) +
    ggplot2::labs(x = xlab, y = ylab) +
    figure_theme() +
    ggplot2::theme(legend.position = "none")
}
