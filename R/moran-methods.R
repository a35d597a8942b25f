# Tables and figures of the tests of spatial autocorrelation.

#' @export
print.pilot_moran <- function(x, digits = 4L, ...) {
  name <- if (x$statistic == "moran") "Moran's I" else "Geary's C"
  cat(name, " of ", x$variable, "\n", sep = "")
  cat("Weights:     ", x$weights$label, "\n", sep = "")
  cat("Alternative: ", switch(x$alternative,
    greater = "neighbors are alike", less = "neighbors are unlike", two.sided = "alike or unlike"
  ), if (x$draws > 0) paste0("; ", big(x$draws), " permutations"), "\n\n", sep = "")
  table <- as.data.frame(x$table)
  if (all(is.na(table$period))) table$period <- NULL
  if (x$draws == 0) table$p.permutation <- NULL
  shown <- vapply(table, is.double, TRUE)
  table[shown] <- lapply(table[shown], signif, digits = digits)
  print(table, row.names = FALSE)
  invisible(x)
}

#' @export
tidy.pilot_moran <- function(x, ...) x$table

#' @export
glance.pilot_moran <- function(x, ...) {
  tibble::tibble(
    statistic = x$statistic, alternative = x$alternative, periods = nrow(x$table),
    significant.periods = sum(x$table$p.value < 0.05), mean.estimate = mean(x$table$estimate),
    draws = x$draws, weights = x$weights$label
  )
}

# The standardized variable and its spatial lag: the slope of the line is Moran's I.
moran_scatter <- function(x, periods, call = "plot") {
  known <- x$table$period
  if (is.null(periods)) periods <- if (length(known) > 4L) known[unique(round(seq(1, length(known), length.out = 4L)))] else known
  at <- match(periods, known)
  if (anyNA(at)) {
    abort("argument", c("{.arg periods} must be periods of the test.",
      x = "Not among them: {.val {format(periods[is.na(at)])}}."
    ))
  }
  parts <- lapply(at, function(p) {
    value <- x$values[, p]
    seen <- which(!is.na(value))
    w <- if (length(seen) == length(value)) x$weights else present_weights(x$weights, seen)
    deviation <- value[seen] - mean(value[seen])
    z <- deviation / sqrt(mean(deviation^2))
    data.frame(period = if (is.na(known[p])) "" else format(known[p]), unit = format_id(x$ids[seen]), z = z, lag = as.vector(cpp_spatial_lag(w, as.matrix(z))))
  })
  do.call(rbind, parts)
}

quadrant <- function(z, lag) {
  c("low-low", "low-high", "high-low", "high-high")[1 + (lag > 0) + 2 * (z > 0)]
}

#' Moran scatter plot
#'
#' Each unit's standardized value against the mean of its neighbors: high-high and low-low units
#' (upper right, lower left) resemble their neighbors. With row-standardized weights the slope of the line is Moran's I.
#'
#' @param x,object A result of [moran_test()].
#' @param periods The periods shown, one panel each; by default up to four, evenly spread.
#' @param ... Further graphical parameters.
#' @return `plot()`: `x`, invisibly. `autoplot()`: a ggplot.
#' @examples
#' W <- spatial_weights(pilot_cities, "code", ~ longitude + latitude, k = 5)
#' plot(moran_test(resilience ~ 1 | code + year, pilot_cities, W), periods = c(2012, 2023))
#' @export
plot.pilot_moran <- function(x, periods = NULL, ...) {
  points <- moran_scatter(x, periods)
  panels <- split(points, factor(points$period, levels = unique(points$period)))
  old <- figure_par(mfrow = rev(grDevices::n2mfrow(length(panels))), mar = c(4.2, 4.2, 2.2, 0.8))
  on.exit(graphics::par(old))
  for (p in panels) {
    figure_plot(list(...),
      x = p$z, y = p$lag, pch = 19, cex = 0.6, col = grDevices::adjustcolor(shade("blue"), 0.5),
      xlab = figure_word("%s (standardized)", figure_name(x$variable)), ylab = figure_word("Mean of the neighbors"),
      main = scatter_title(x, p$period[1L])
    )
    graphics::abline(h = 0, v = 0, col = "grey60", lty = 2)
    graphics::abline(0, sum(p$z * p$lag) / sum(p$z^2), col = shade("red"))
  }
  invisible(x)
}

scatter_title <- function(x, period) {
  row <- if (nzchar(period)) match(period, format(x$table$period)) else 1L
  estimate <- fixed_digits(x$table$estimate[row], 3)
  slope <- if (x$statistic == "moran") figure_word("Moran's I = %s", estimate) else figure_word("Geary's C = %s", estimate)
  if (nzchar(period)) figure_word("%s: %s", period, slope) else slope
}

#' @rdname plot.pilot_moran
#' @exportS3Method ggplot2::autoplot
autoplot.pilot_moran <- function(object, periods = NULL, ...) {
  points <- moran_scatter(object, periods)
  titles <- vapply(unique(points$period), scatter_title, "", x = object)
  points$panel <- factor(titles[points$period], levels = unique(titles))
  if (!any(nzchar(points$period))) points$panel <- factor(titles[1L])
  slopes <- do.call(rbind, lapply(split(points, points$panel), function(p) {
    data.frame(panel = p$panel[1L], slope = sum(p$z * p$lag) / sum(p$z^2))
  }))
  ggplot2::ggplot(points, ggplot2::aes(x = .data$z, y = .data$lag)) +
    ggplot2::geom_hline(yintercept = 0, linetype = 2, color = "grey60") +
    ggplot2::geom_vline(xintercept = 0, linetype = 2, color = "grey60") +
    ggplot2::geom_point(alpha = 0.5, size = 1, color = shade("blue")) +
    ggplot2::geom_abline(data = slopes, ggplot2::aes(intercept = 0, slope = .data$slope), color = shade("red")) +
    ggplot2::facet_wrap(ggplot2::vars(.data$panel)) +
    ggplot2::labs(x = figure_word("%s (standardized)", figure_name(object$variable)), y = figure_word("Mean of the neighbors")) +
    figure_theme()
}
