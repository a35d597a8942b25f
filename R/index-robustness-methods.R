#' Methods for the specification curve of an index
#'
#' @param x,object The result of [index_robustness()].
#' @param what `"specifications"` or `"bootstrap"`.
#' @param digits Digits printed.
#' @param ... Not used.
#' @return Tibbles, see [index_robustness()]; `print()` and `summary()` return
#'   their argument.
#' @name pilot_index_robustness-methods
#' @examples
#' # Economic columns of pilot_cities are simulated.
#' curve <- index_robustness(~ status | code + year, pilot_cities,
#'   index = ~ gdp_per_capita + disposable_income + patents,
#'   method = c("entropy", "critic"), scope = "pooled", zero = "none", draws = 20, seed = 1
#' )
#' glance(curve)
#' tidy(curve, "bootstrap")
NULL

#' @rdname pilot_index_robustness-methods
#' @export
tidy.pilot_index_robustness <- function(x, what = c("specifications", "bootstrap"), ...) {
  if (check_choice(what, c("specifications", "bootstrap"), "what") == "specifications") {
    return(x$table[names(x$table) != "left.out.kind"])
  }
  if (is.null(x$draws)) {
    abort("argument", c("There is no bootstrap in this result.", i = "Ask for it with {.arg draws}."))
  }
  bootstrap_table(x)
}

bootstrap_table <- function(x) {
  k <- length(x$draws$treatment)
  reference <- x$table[x$table$reference, ]
  known <- x$draws$estimates[stats::complete.cases(x$draws$estimates), , drop = FALSE]
  anew <- known[, seq_len(k), drop = FALSE]
  fixed <- known[, k + seq_len(k), drop = FALSE]
  se <- apply(anew, 2L, stats::sd)
  tail <- (1 - x$conf.level) / 2
  quantiles <- apply(anew, 2L, stats::quantile, c(tail, 1 - tail), names = FALSE)
  statistic <- reference$estimate / se
  tibble::tibble(
    term = x$draws$treatment, estimate = reference$estimate, std.error = se, statistic = statistic,
    p.value = 2 * stats::pnorm(-abs(statistic)), conf.low = quantiles[1L, ], conf.high = quantiles[2L, ],
    std.error.fixed = apply(fixed, 2L, stats::sd), std.error.analytic = reference$std.error,
    draws = nrow(known), failed = nrow(x$draws$estimates) - nrow(known)
  )
}

#' @rdname pilot_index_robustness-methods
#' @export
glance.pilot_index_robustness <- function(x, ...) {
  table <- estimated(x)
  significant <- table$p.value < 1 - x$conf.level
  tibble::tibble(
    specifications = nrow(table), failed = nrow(x$table) - nrow(table),
    reference = table$estimate[1L], median = stats::median(table$estimate),
    min = min(table$estimate), max = max(table$estimate), share.positive = mean(table$estimate > 0),
    share.significant = mean(significant), share.same.sign.significant =
      mean(significant & sign(table$estimate) == sign(table$estimate[1L])),
    nobs = x$labels$nobs, draws = if (is.null(x$draws)) 0L else nrow(x$draws$estimates)
  )
}

# Specifications in which every row has a score.
estimated <- function(x) x$table[!is.na(x$table$estimate), ]

#' @rdname pilot_index_robustness-methods
#' @export
print.pilot_index_robustness <- function(x, digits = 4, ...) {
  counts <- glance(x)
  unit <- if (x$standardize) "standard deviations of the index" else "units of the index"
  cat(sprintf("Effect of %s on %s, %s ways of building it\n", toString(x$labels$treatment),
    x$labels$outcome, big(counts$specifications)
  ))
  cat(sprintf("In %s; %s\n\n", unit, x$labels$covariance))
  print_text_table(robustness_summary(x), digits)
  cat(sprintf("\nSame sign and significant at %s%% as the reference: %.1f%% of specifications\n",
    format(100 * (1 - x$conf.level)), 100 * counts$share.same.sign.significant
  ))
  if (counts$failed) {
    cat(big(counts$failed), "specifications have rows without a score and are left out\n")
  }
  if (!is.null(x$draws)) {
    b <- bootstrap_table(x)
    text <- "Bootstrap of units, %s draws: standard error %s with the index built anew, %s with it fixed\n"
    cat(sprintf(text, big(b$draws), fixed_digits(b$std.error, digits), fixed_digits(b$std.error.fixed, digits)
    ), sep = "")
  }
  invisible(x)
}

# The range of the estimates at each choice, after the reference itself.
robustness_summary <- function(x) {
  table <- estimated(x)
  one <- function(choice, value, rows) {
    e <- table$estimate[rows]
    list(choice = choice, value = value, specifications = length(e), lowest = min(e),
      median = stats::median(e), highest = max(e),
      `p < .05` = sprintf("%.1f%%", 100 * mean(table$p.value[rows] < .05))
    )
  }
  rows <- list(one("reference", "", which(table$reference)))
  for (choice in curve_choices) {
    values <- table[[choice]]
    for (value in unique(values[!is.na(values)])) {
      rows <- c(rows, list(one(gsub(".kind", "", choice, fixed = TRUE), value, which(values == value))))
    }
  }
  do.call(rbind, lapply(rows, function(r) as.data.frame(r, check.names = FALSE)))
}

curve_choices <- c("method", "scope", "normalize", "zero", "winsorize", "left.out.kind")

#' @rdname pilot_index_robustness-methods
#' @export
summary.pilot_index_robustness <- function(object, ...) {
  print(object, ...)
  singles <- estimated(object)
  singles <- singles[singles$left.out.kind != "none", ]
  if (nrow(singles)) {
    cat("\nLeft out, median over the other choices\n")
    medians <- tapply(singles$estimate, factor(singles$left.out, unique(singles$left.out)), stats::median)
    print_text_table(list(`left out` = names(medians), estimate = as.vector(medians)), 4)
  }
  invisible(object)
}

#' The specification curve
#'
#' Estimates in ascending order with their intervals above, the choices behind
#' each of them below. The reference specification is marked.
#'
#' @param x,object The result of [index_robustness()].
#' @param ... Not used.
#' @return `plot()` returns its argument invisibly, `autoplot()` a ggplot object.
#' @examples
#' # Economic columns of pilot_cities are simulated.
#' curve <- index_robustness(~ status | code + year, pilot_cities,
#'   index = ~ gdp_per_capita + disposable_income + patents,
#'   method = c("entropy", "equal"), zero = "none"
#' )
#' plot(curve)
#' @export
plot.pilot_index_robustness <- function(x, ...) {
  curve <- curve_data(x)
  margin <- 3 + 0.42 * max(nchar(curve$labels$label, "width"))
  old <- figure_par(mar = c(0.5, margin, 2, 1))
  on.exit({
    graphics::layout(1)
    graphics::par(old)
  })
  graphics::layout(matrix(1:2), heights = c(1.1, 1))
  draw_estimates(curve$points, curve_label(x))
  draw_choices(curve)
  invisible(x)
}

draw_estimates <- function(points, label) {
  graphics::plot(points$rank, points$estimate,
    type = "n", xaxt = "n", xlab = "", ylab = "", bty = "n", cex.axis = 0.8,
    ylim = range(0, points$conf.low, points$conf.high)
  )
  figure_ylab(label, line = 3.5)
  graphics::segments(points$rank, points$conf.low, points$rank, points$conf.high,
    col = shade(curve_colors)[as.character(points$significant)], lwd = curve_width(points)
  )
  graphics::abline(h = 0, lty = 2, col = "gray40")
  graphics::points(points$rank, points$estimate, pch = 16, cex = 0.3)
  at <- points[points$reference, ]
  graphics::points(at$rank, at$estimate, pch = 23, bg = shade("orange"), cex = 1.2)
  shown <- shade(curve_colors)[unique(as.character(points$significant))]
  graphics::legend(graphics::grconvertX(0.5, "nfc"), graphics::grconvertY(1, "nfc"),
    xjust = 0.5, legend = figure_word(c(curve_legend[names(shown)], "reference")), col = c(shown, "black"),
    pt.bg = shade("orange"), lwd = c(rep(2, length(shown)), NA), pch = c(rep(NA, length(shown)), 23),
    bty = "n", cex = 0.8, horiz = TRUE, xpd = NA
  )
}

draw_choices <- function(curve) {
  marks <- curve$marks
  graphics::plot(marks$rank, marks$line,
    pch = "|", cex = 0.5, axes = FALSE, xlab = "", ylab = "", col = "gray30",
    xlim = range(curve$points$rank), ylim = rev(range(curve$labels$line))
  )
  at <- marks[marks$reference, ]
  graphics::points(at$rank, at$line, pch = 23, bg = shade("orange"), cex = 0.8)
  # One below the other, whatever the height: smaller where there is no room for 0.7.
  size <- min(0.7, graphics::par("pin")[2L] / diff(range(curve$labels$line)) / (1.1 * graphics::par("csi")))
  graphics::axis(2, curve$labels$line, curve$labels$label, lwd = 0, cex.axis = size, gap.axis = 0)
}

#' @rdname plot.pilot_index_robustness
#' @exportS3Method ggplot2::autoplot
autoplot.pilot_index_robustness <- function(object, ...) {
  curve <- curve_data(object)
  points <- curve$points
  # One panel, one scale: estimates above zero, choices as lines below, each with its own labels.
  limits <- range(0, points$conf.low, points$conf.high)
  height <- 1.1 * max(curve$labels$line)
  place <- function(value) 1 + (value - limits[1]) / diff(limits) * height
  ticks <- pretty(limits, 5)
  ticks <- ticks[ticks >= limits[1] & ticks <= limits[2]]
  width <- curve_width(points)
  ggplot2::ggplot(points, ggplot2::aes(x = .data$rank)) +
    ggplot2::geom_linerange(
      ggplot2::aes(ymin = place(.data$conf.low), ymax = place(.data$conf.high), color = .data$significant),
      linewidth = width / 2
    ) +
    ggplot2::geom_hline(yintercept = place(0), linetype = 2, color = "gray40") +
    ggplot2::geom_point(ggplot2::aes(y = place(.data$estimate)), size = 0.3) +
    ggplot2::geom_point(ggplot2::aes(y = -.data$line),
      data = curve$marks, shape = "|", size = 1.6, color = "gray30"
    ) +
    ggplot2::geom_point(ggplot2::aes(y = place(.data$estimate)),
      data = points[points$reference, ], shape = 23, fill = shade("orange"), size = 2.5
    ) +
    ggplot2::geom_point(ggplot2::aes(y = -.data$line),
      data = curve$marks[curve$marks$reference, ], shape = 23, fill = shade("orange"), size = 1.8
    ) +
    ggplot2::scale_color_manual(
      values = shade(curve_colors), labels = figure_word(curve_legend), name = NULL,
      guide = ggplot2::guide_legend(override.aes = list(linewidth = 2))
    ) +
    ggplot2::scale_y_continuous(
      breaks = c(place(ticks), -curve$labels$line), labels = c(format(ticks, trim = TRUE), curve$labels$label)
    ) +
    ggplot2::labs(
      x = figure_word("%s specifications in order of the estimate; diamond: the reference", big(nrow(points))),
      y = curve_label(object)
    ) +
    curve_theme()
}

curve_theme <- function() {
  figure_theme() +
    ggplot2::theme(
      panel.grid.minor = ggplot2::element_blank(), panel.grid.major.x = ggplot2::element_blank(),
      legend.position = "top", axis.text.x = ggplot2::element_blank(), axis.ticks.x = ggplot2::element_blank(),
      axis.title = ggplot2::element_text(size = ggplot2::rel(0.8)),
      # A dozen choices one below the other, beside a few numbers.
      axis.text.y = ggplot2::element_text(size = ggplot2::rel(0.7))
    )
}

curve_colors <- c(`FALSE` = "#bdbdbd", `TRUE` = "light_blue")
curve_legend <- c(`FALSE` = "not significant", `TRUE` = "significant")

curve_width <- function(points) if (nrow(points) > 400L) 0.5 else if (nrow(points) > 100L) 1 else 2

curve_label <- function(x) {
  effect <- figure_word("Effect of %s", figure_names(x$labels$treatment))
  if (x$standardize) figure_word("%s, SD of the index", effect) else effect
}

# points: one row a specification in the order of the estimates; marks: one row a specification
# and choice; labels: the lines of the choices, with a gap between kinds.
curve_data <- function(x) {
  points <- estimated(x)
  points <- points[order(points$estimate), ]
  points$rank <- seq_len(nrow(points))
  points$significant <- points$p.value < 1 - x$conf.level
  marks <- labels <- list()
  line <- 0
  for (choice in curve_choices) {
    values <- unique(estimated(x)[[choice]])
    values <- values[!is.na(values)]
    # A choice that nobody varied needs no line.
    if (length(values) < 2L) next
    line <- line + 0.5
    for (value in values) {
      line <- line + 1
      here <- which(points[[choice]] == value)
      marks <- c(marks, list(list(
        rank = points$rank[here], line = rep(line, length(here)), reference = points$reference[here]
      )))
      labels <- c(labels, list(list(line = line, label = curve_text(choice, value))))
    }
  }
  if (!length(labels)) labels <- list(list(line = 1, label = ""))
  pull <- function(parts, name) unlist(lapply(parts, `[[`, name))
  list(
    points = points,
    marks = tibble::tibble(
      rank = as.numeric(pull(marks, "rank")), line = as.numeric(pull(marks, "line")),
      reference = as.logical(pull(marks, "reference"))
    ),
    labels = tibble::tibble(line = pull(labels, "line"), label = pull(labels, "label"))
  )
}

curve_text <- function(choice, value) {
  said <- say_value(figure_language(), value, if (choice == "method") "method_" else "")
  switch(choice,
    zero = figure_word("zeros: %s", said),
    winsorize = figure_word("winsorized: %s", said),
    left.out.kind = if (value == "none") figure_word("all indicators") else figure_word("one %s left out", figure_word(value)),
    said
  )
}
