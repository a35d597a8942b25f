# Figures of matching and balance. Each is drawn twice from the same data: base graphics in plot(),
# ggplot2 in autoplot().

#' Figures of matching and balance
#'
#' `type = "density"`: density of the score in both arms, before and after matching.
#' `type = "support"`: histogram of the score, treated above, untreated below the line, rows off the
#' support in a lighter shade. For a balance table: the standardized bias of each variable before and
#' after matching.
#'
#' @param x,object A `pilot_match` or `pilot_balance`.
#' @param type `"density"` or `"support"`.
#' @param period Periods to show together; by default all.
#' @param ... Passed to the panels of `plot()`.
#' @return `plot()`: `x`, invisibly. `autoplot()`: a ggplot.
#' @examples
#' set.seed(1)
#' d <- data.frame(x = rnorm(300), z = rnorm(300))
#' d$treat <- as.integer(d$x + rnorm(300) > 1)
#' m <- match_panel(treat ~ x + z, d, replace = TRUE, caliper = 0.05)
#' plot(m)
#' plot(balance(m))
#' @importFrom rlang .data
#' @name match_figures
NULL

arm_colors <- c(treated = "red", untreated = "blue")

# Rows with a score that are in the figure: score, arm, weight, support.
score_frame <- function(x, period) {
  rows <- x$design$rows
  at <- x$sample$group >= 0L
  if (!is.null(period)) {
    unknown <- setdiff(as.character(period), x$sample$labels)
    if (length(unknown)) {
      abort("argument", c("{.arg period} must be matched periods.", x = "Not among them: {.val {unknown}}."))
    }
    at <- at & x$sample$labels[pmax(x$sample$group, 0L) + 1L] %in% as.character(period)
  }
  data.frame(
    score = x$score[rows][at], arm = ifelse(x$design$treated[at] == 1L, "treated", "untreated"),
    weight = match_weight(x)[at], support = x$support[rows][at]
  )
}

# Weighted kernel densities by arm and sample, one bandwidth for all so that they can be compared.
score_densities <- function(frame) {
  width <- stats::bw.nrd0(frame$score)
  parts <- expand.grid(arm = names(arm_colors), sample = c("before", "after"), stringsAsFactors = FALSE)
  curves <- lapply(seq_len(nrow(parts)), function(i) {
    d <- frame[frame$arm == parts$arm[i], ]
    w <- if (parts$sample[i] == "before") rep(1, nrow(d)) else pmax(d$weight, 0)
    # density() warns when a bandwidth was chosen without the weights: here on purpose.
    curve <- suppressWarnings(stats::density(d$score,
      bw = width, weights = w / sum(w), from = min(frame$score), to = max(frame$score), n = 256L
    ))
    data.frame(score = curve$x, density = curve$y, arm = parts$arm[i], sample = parts$sample[i])
  })
  out <- do.call(rbind, curves)
  out$sample <- factor(out$sample, c("before", "after"), figure_word(c("Before matching", "After matching")))
  out
}

# Shares of each arm by bin; untreated negative, so that they hang below the line.
score_bins <- function(frame, bins = 40L) {
  breaks <- seq(min(frame$score), max(frame$score), length.out = bins + 1L)
  if (breaks[1L] == breaks[bins + 1L]) breaks <- breaks[1L] + c(-0.5, 0.5)
  frame$bin <- findInterval(frame$score, breaks, all.inside = TRUE)
  middle <- (breaks[-1L] + breaks[-length(breaks)]) / 2
  counts <- stats::aggregate(list(count = rep(1, nrow(frame))), frame[c("bin", "arm", "support")], sum)
  total <- table(frame$arm)
  counts$share <- counts$count / as.numeric(total[counts$arm]) * ifelse(counts$arm == "treated", 1, -1)
  counts$score <- middle[counts$bin]
  counts$width <- middle[2L] - middle[1L]
  counts
}

#' @rdname match_figures
#' @export
plot.pilot_match <- function(x, type = c("density", "support"), period = NULL, ...) {
  type <- check_choice(type, c("density", "support"), "type")
  frame <- score_frame(x, period)
  if (type == "support") plot_support(score_bins(frame), ...) else plot_density(score_densities(frame), ...)
  invisible(x)
}

plot_density <- function(curves, ...) {
  old <- figure_par(mfrow = c(1L, 2L), mar = c(4.2, 4.2, 2.2, 0.8))
  on.exit(graphics::par(old))
  for (s in levels(curves$sample)) {
    figure_plot(list(...), x = NA,
      xlim = range(curves$score), ylim = with_headroom(c(0, curves$density), 0.25), xlab = figure_word("Propensity score"),
      ylab = figure_word("Density"), main = s
    )
    for (arm in names(arm_colors)) {
      part <- curves[curves$sample == s & curves$arm == arm, ]
      type <- if (arm == "treated") 1 else 2
      graphics::lines(part$score, part$density, col = shade(arm_colors)[[arm]], lwd = 2, lty = type)
    }
    graphics::legend("topright", figure_word(c("Treated", "Untreated")), col = shade(arm_colors), lwd = 2, lty = 1:2, bty = "n")
  }
}

plot_support <- function(bins, ...) {
  old <- figure_par(mar = c(4.2, 5.2, 1.2, 0.8), mgp = c(3.6, 0.9, 0))
  on.exit(graphics::par(old))
  figure_plot(list(...), x = NA,
    xlim = range(bins$score), ylim = c(-1, 1) * max(abs(bins$share)) * 1.15, xlab = "",
    ylab = figure_word("Share of the arm"), yaxt = "n"
  )
  ticks <- pretty(c(-1, 1) * max(abs(bins$share)))
  graphics::axis(2L, ticks, abs(ticks))
  graphics::title(xlab = figure_word("Propensity score"), mgp = c(2.6, 0.9, 0))
  for (off in c(FALSE, TRUE)) {
    part <- bins[bins$support != off, ]
    if (!nrow(part)) next
    base <- if (off) stacked_base(part, bins) else 0
    graphics::rect(part$score - part$width / 2, base, part$score + part$width / 2, base + part$share,
      col = grDevices::adjustcolor(shade(arm_colors)[part$arm], if (off) 0.35 else 0.9), border = NA
    )
  }
  graphics::abline(h = 0)
  graphics::legend("topright", figure_word(c("Treated", "Untreated", "off support")),
    fill = c(shade(arm_colors), "grey75"), border = NA, bty = "n"
  )
}

# Where the bars on the support of the same bin and arm end.
stacked_base <- function(part, bins) {
  on <- bins[bins$support, ]
  base <- on$share[match(paste(part$bin, part$arm), paste(on$bin, on$arm))]
  ifelse(is.na(base), 0, base)
}

#' @rdname match_figures
#' @exportS3Method ggplot2::autoplot
autoplot.pilot_match <- function(object, type = c("density", "support"), period = NULL, ...) {
  rlang::check_installed("ggplot2")
  type <- check_choice(type, c("density", "support"), "type")
  frame <- score_frame(object, period)
  if (type == "support") return(gg_support(score_bins(frame)))
  curves <- score_densities(frame)
  curves$arm <- factor(curves$arm, names(arm_colors), figure_word(c("Treated", "Untreated")))
  ggplot2::ggplot(curves, ggplot2::aes(.data$score, .data$density, color = .data$arm, linetype = .data$arm)) +
    ggplot2::geom_line(linewidth = 0.8) +
    ggplot2::facet_wrap(ggplot2::vars(.data$sample)) +
    ggplot2::scale_color_manual(values = unname(shade(arm_colors))) +
    ggplot2::labs(x = figure_word("Propensity score"), y = figure_word("Density"), color = NULL, linetype = NULL) +
    figure_theme() +
    ggplot2::theme(legend.position = "bottom", panel.grid.minor = ggplot2::element_blank())
}

gg_support <- function(bins) {
  bins$what <- ifelse(bins$support, ifelse(bins$arm == "treated", "Treated", "Untreated"),
    ifelse(bins$arm == "treated", "Treated, off support", "Untreated, off support")
  )
  fills <- shade(c(
    Treated = "red", `Treated, off support` = "light_red",
    Untreated = "blue", `Untreated, off support` = "light_blue"
  ), 0.85)
  # ggplot2 stacks the first level on the outside.
  bins$what <- factor(bins$what, names(fills)[c(2L, 1L, 4L, 3L)])
  ggplot2::ggplot(bins, ggplot2::aes(.data$score, .data$share, fill = .data$what)) +
    ggplot2::geom_col(width = bins$width[1L]) +
    ggplot2::geom_hline(yintercept = 0) +
    ggplot2::scale_y_continuous(labels = abs) +
    ggplot2::scale_fill_manual(values = fills, breaks = names(fills), labels = figure_word) +
    ggplot2::labs(x = figure_word("Propensity score"), y = figure_word("Share of the arm"), fill = NULL) +
    figure_theme() +
    ggplot2::theme(legend.position = "bottom", panel.grid.minor = ggplot2::element_blank())
}

# One row a variable, ordered by the bias before matching.
bias_frame <- function(x, period) {
  period <- period %||% utils::tail(x$table$period, 1L)
  t <- x$table[x$table$period == as.character(period), ]
  if (!nrow(t)) {
    abort("argument", c("{.arg period} must be a period of the table.", x = "It is {.val {period}}."))
  }
  before <- t$sample == "before"
  wide <- data.frame(variable = t$variable[before], before = t$bias[before], after = t$bias[!before])
  wide[order(abs(wide$before)), ]
}

#' @rdname match_figures
#' @export
plot.pilot_balance <- function(x, period = NULL, ...) {
  d <- bias_frame(x, period)
  old <- figure_par_labels(figure_name(d$variable), c(0.85, 0.45, 0.3, 0.3))
  on.exit(graphics::par(old))
  y <- seq_len(nrow(d))
  figure_plot(list(...), x = NA,
    xlim = range(d$before, d$after, -12, 12, na.rm = TRUE), ylim = c(0.5, nrow(d) + 0.9), yaxt = "n",
    xlab = figure_word("Standardized bias (%)"), ylab = ""
  )
  graphics::axis(2L, y, figure_name(d$variable), tick = FALSE)
  graphics::abline(h = y, col = "grey90")
  graphics::abline(v = c(-10, 0, 10), lty = c(2, 1, 2), col = c("grey60", "black", "grey60"))
  graphics::points(d$before, y, pch = 1, cex = 1.2)
  graphics::points(d$after, y, pch = 19, cex = 1.2)
  graphics::legend("topright", figure_word(c("before", "after")), pch = c(1, 19), bg = "white", box.col = NA, horiz = TRUE)
  invisible(x)
}

#' @rdname match_figures
#' @exportS3Method ggplot2::autoplot
autoplot.pilot_balance <- function(object, period = NULL, ...) {
  rlang::check_installed("ggplot2")
  d <- bias_frame(object, period)
  long <- data.frame(
    variable = figure_factor(rep(d$variable, 2L), d$variable), bias = c(d$before, d$after),
    sample = factor(rep(c("before", "after"), each = nrow(d)), c("before", "after"))
  )
  ggplot2::ggplot(long, ggplot2::aes(.data$bias, .data$variable, shape = .data$sample)) +
    ggplot2::geom_vline(xintercept = 0) +
    ggplot2::geom_vline(xintercept = c(-10, 10), linetype = 2, color = "grey60") +
    ggplot2::geom_point(size = 2.4) +
    ggplot2::scale_shape_manual(values = c(before = 1, after = 19), labels = figure_word) +
    ggplot2::labs(x = figure_word("Standardized bias (%)"), y = NULL, shape = NULL) +
    figure_theme() +
    ggplot2::theme(legend.position = "bottom", panel.grid.minor = ggplot2::element_blank())
}
