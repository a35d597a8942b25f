# The confidence set of the wild bootstrap, and its methods.

# Pieces of the set of values that are not rejected at 1 - conf.level: a two-column matrix. p: the
# p-value of a null.
wild_set <- function(out, p = function(null) wild_p(out, null)) {
  alpha <- 1 - out$conf.level
  if (!out$impose_null) {
    # Smallest c with a share of at most alpha beyond it, on the draws.
    half <- unname(stats::quantile(abs(out$draw_statistics), out$conf.level, type = 1L)) * out$std.error
    return(cbind(low = out$estimate - half, high = out$estimate + half))
  }
  # p falls from 1 at the estimate, not always steadily: a grid of half standard errors finds
  # all crossings that are wider than that.
  grid <- out$estimate + out$std.error * c(-rev(wild_steps), 0, wild_steps)
  inside <- vapply(grid, p, 1) > alpha
  starts <- which(inside & !c(FALSE, utils::head(inside, -1L)))
  ends <- which(inside & !c(inside[-1L], FALSE))
  pieces <- Map(function(a, b) {
    c(
      low = if (a == 1L) -Inf else wild_crossing(p, alpha, grid[a], grid[a - 1L]),
      high = if (b == length(grid)) Inf else wild_crossing(p, alpha, grid[b], grid[b + 1L])
    )
  }, starts, ends)
  do.call(rbind, pieces)
}

# In standard errors: fine near the estimate, and far enough to tell an unbounded set.
wild_steps <- c(seq(0.5, 10, 0.5), 2^seq(3.5, 20, 0.5))

# Between a value that is not rejected and one that is. p is a step function: fifty halvings end at
# rounding.
wild_crossing <- function(p, alpha, inside, outside) {
  for (i in 1:50) {
    middle <- (inside + outside) / 2
    if (p(middle) > alpha) inside <- middle else outside <- middle
  }
  inside
}

#' Results of a wild bootstrap
#'
#' @param x,object A [wild_bootstrap()].
#' @param main,xlab Labels.
#' @param ... Not used.
#' @return `tidy()`: one row. `augment()`: one row a draw, `draw` and `statistic`. `plot()` draws the
#'   distribution of the draws' statistics.
#' @name pilot_wild_methods
NULL

#' @rdname pilot_wild_methods
#' @export
tidy.pilot_wild <- function(x, ...) {
  joint <- length(x$names) > 1L
  set <- x$pieces
  tibble::tibble(
    term = paste(x$names, collapse = ", "), estimate = if (joint) NA_real_ else x$estimate,
    std.error = if (joint) NA_real_ else x$std.error, statistic = x$statistic, p.value = x$p.value,
    conf.low = if (is.null(set)) NA_real_ else min(set[, 1L]),
    conf.high = if (is.null(set)) NA_real_ else max(set[, 2L]), draws = x$draws
  )
}

#' @rdname pilot_wild_methods
#' @export
glance.pilot_wild <- function(x, ...) {
  tibble::tibble(
    statistic = x$statistic, p.value = x$p.value, draws = x$draws, enumerated = x$enumerated,
    type = x$type, null.imposed = x$impose_null, clusters = min(x$clusters), weights.by = x$weights_by
  )
}

#' @rdname pilot_wild_methods
#' @export
augment.pilot_wild <- function(x, ...) {
  tibble::tibble(draw = seq_along(x$draw_statistics), statistic = x$draw_statistics)
}

#' @rdname pilot_wild_methods
#' @export
print.pilot_wild <- function(x, ...) {
  names <- paste(x$names, collapse = ", ")
  cat("Wild cluster bootstrap of ", names, " (", if (x$impose_null) "null imposed" else "null not imposed", ")\n", sep = "")
  cat("Clusters:  ", paste0(x$cluster_labels, " (", big(x$clusters), ")", collapse = ", "), "\n", sep = "")
  cat("Draws:     ", big(x$draws), if (x$enumerated) ", all sign patterns", "; ", x$type, " weights by ", x$weights_by, "\n\n", sep = "")
  null <- paste(format(x$null), collapse = ", ")
  name <- if (length(x$names) > 1L) "Wald" else "t"
  cat(sprintf("H0: %s = %s: %s = %.4f, %s\n", names, null, name, x$statistic, p_statement(x$p.value)))
  if (!is.null(x$pieces)) {
    set <- paste(sprintf("[%.5g, %.5g]", x$pieces[, 1L], x$pieces[, 2L]), collapse = " and ")
    cat(sprintf("Estimate %.5g, %g %% confidence set %s\n", x$estimate, 100 * x$conf.level, set))
  }
  invisible(x)
}

#' @rdname pilot_wild_methods
#' @export
plot.pilot_wild <- function(x, main = NULL, xlab = figure_word("t statistic of the draws"), ...) {
  old <- figure_par_y(main)
  on.exit(graphics::par(old))
  drawn <- x$draw_statistics[is.finite(x$draw_statistics)]
  graphics::hist(drawn, breaks = "FD", freq = FALSE, col = "grey85", border = "white", main = main,
    xlab = xlab, ylab = "", xlim = range(drawn, x$statistic))
  figure_ylab(figure_word("Density"))
  graphics::abline(v = x$statistic, lty = 2, col = shade("red"))
  invisible(x)
}

#' @rdname pilot_wild_methods
#' @exportS3Method ggplot2::autoplot
autoplot.pilot_wild <- function(object, xlab = figure_word("t statistic of the draws"), ...) {
  rlang::check_installed("ggplot2")
  drawn <- data.frame(statistic = object$draw_statistics[is.finite(object$draw_statistics)])
  ggplot2::ggplot(drawn, ggplot2::aes(x = .data$statistic)) +
    ggplot2::geom_histogram(ggplot2::aes(y = ggplot2::after_stat(.data$density)), bins = grDevices::nclass.FD(drawn$statistic), fill = "grey85", colour = "white") +
    ggplot2::geom_vline(xintercept = object$statistic, linetype = "dashed", colour = shade("red")) +
    ggplot2::labs(x = xlab, y = figure_word("Density")) +
    figure_theme()
}
