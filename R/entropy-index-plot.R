#' Figures of an index
#'
#' The weights by dimension, or the distribution of the scores by period.
#'
#' @param x,object An index from [entropy_index()].
#' @param type `"weights"`; `"scores"`: box plots by period, one box without
#'   a time column.
#' @param ... Passed to [graphics::barplot()] or [graphics::boxplot()] by
#'   `plot()`; not used by `autoplot()`.
#' @return `plot()` returns its argument invisibly, `autoplot()` a ggplot object.
#'   The weights of a yearly index are their means over the periods.
#' @examples
#' data <- data.frame(a = runif(60), b = rexp(60), c = rnorm(60), year = rep(2018:2020, 20))
#' index <- entropy_index(~ a + b - c, data, time = "year")
#' plot(index)
#' plot(index, type = "scores")
#' @export
plot.pilot_index <- function(x, type = c("weights", "scores"), ...) {
  if (check_choice(type, c("weights", "scores"), "type") == "weights") {
    plot_weights(x, ...)
  } else {
    scores <- score_periods(x)
    old <- figure_par()
    on.exit(graphics::par(old))
    graphics::boxplot(scores$score ~ scores$period,
      xlab = figure_name(x$time %||% ""), ylab = figure_word("Score"), col = shade("light_blue"), outcex = 0.5, ...
    )
  }
  invisible(x)
}

plot_weights <- function(x, ...) {
  shown <- weight_bars(x)
  shown <- shown[rev(seq_len(nrow(shown))), ]
  # 0.5 of a line a character.
  old <- figure_par(mar = c(5, 2 + 0.5 * max(nchar(shown$label, "width")), 2, 2))
  on.exit(graphics::par(old))
  colors <- dimension_colors(x$dimensions)
  graphics::barplot(shown$weight,
    names.arg = shown$label, horiz = TRUE, border = NA, xlab = figure_word("Weight"),
    xlim = range(pretty(c(0, shown$weight))),
    col = colors[match(shown$dimension, x$dimensions)], ...
  )
  if (length(x$dimensions) > 1L) {
    # Above the bars, where it cannot hide one.
    graphics::legend(graphics::grconvertX(0.5, "nfc"), graphics::grconvertY(0.99, "nfc"),
      xjust = 0.5, legend = figure_name(x$dimensions), fill = colors, border = NA, bty = "n", horiz = TRUE, xpd = NA
    )
  }
}

#' @rdname plot.pilot_index
#' @exportS3Method ggplot2::autoplot
autoplot.pilot_index <- function(object, type = c("weights", "scores"), ...) {
  if (check_choice(type, c("weights", "scores"), "type") == "scores") {
    return(
      ggplot2::ggplot(score_periods(object), ggplot2::aes(x = .data$period, y = .data$score)) +
        ggplot2::geom_boxplot(fill = shade("light_blue"), outlier.size = 0.6, width = 0.6) +
        ggplot2::labs(x = figure_name(object$time %||% ""), y = figure_word("Score")) +
        figure_theme()
    )
  }
  shown <- weight_bars(object)
  shown$label <- factor(shown$label, unique(rev(shown$label)))
  shown$dimension <- figure_factor(shown$dimension, object$dimensions)
  several <- length(object$dimensions) > 1L
  figure <- ggplot2::ggplot(shown, ggplot2::aes(x = .data$weight, y = .data$label, fill = .data$dimension)) +
    ggplot2::geom_col(width = 0.75, show.legend = FALSE) +
    ggplot2::scale_fill_manual(values = unname(dimension_colors(object$dimensions))) +
    ggplot2::labs(x = figure_word("Weight"), y = NULL) +
    figure_theme() +
    ggplot2::theme(panel.grid.major.y = ggplot2::element_blank())
  if (!several) return(figure)
  figure + ggplot2::facet_grid(rows = ggplot2::vars(.data$dimension), scales = "free_y", space = "free_y") +
    ggplot2::theme(strip.text.y = ggplot2::element_text(angle = 0, hjust = 0))
}

# Largest first within each dimension; a minus stands before indicators of negative direction.
weight_bars <- function(x) {
  shown <- mean_weights(x)
  shown$label <- paste0(ifelse(shown$direction < 0, "- ", ""), figure_name(shown$indicator))
  shown[order(match(shown$dimension, x$dimensions), -shown$weight), ]
}

# Hues that differ in lightness too, repeated beyond eight dimensions.
dimension_colors <- function(dimensions) {
  base <- c("blue", "orange", "#2ca25f", "#756bb1", "light_blue", "red", "#636363", "#c51b8a")
  set_names(shade(rep_len(base, length(dimensions)), 0.85), dimensions)
}

score_periods <- function(x) {
  period <- if (is.null(x$time)) figure_word("all rows") else as.character(x$data[[x$time]])
  score <- x$scores[, 1]
  known <- !is.na(score) & !is.na(period)
  levels <- if (is.null(x$time)) period else as.character(sort(unique(x$data[[x$time]])))
  tibble::tibble(period = factor(rep_len(period, length(score)), levels)[known], score = unname(score)[known])
}
