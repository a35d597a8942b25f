#' @rdname mediation
#' @param x,object A result of `mediation()`.
#' @param ... For `plot()`: further arguments of [graphics::plot.default()], as `ylim`; otherwise not used.
#' @export
tidy.pilot_mediation <- function(x, ...) x$table

#' @rdname mediation
#' @export
glance.pilot_mediation <- function(x, ...) {
  indirect <- x$table[x$table$term == "indirect", ]
  tibble::tibble(
    estimate = indirect$estimate, sobel.statistic = indirect$statistic,
    sobel.p.value = indirect$p.value, share = x$table$estimate[x$table$term == "share"],
    rho.zero = error_correlation(x$moments), draws = NROW(x$draws), failed = x$failed,
    nobs = x$nobs, seed = x$seed %||% NA_real_, vcov.type = x$covariance$label
  )
}

#' @export
print.pilot_mediation <- function(x, digits = 4L, ...) {
  cat("Mediation: ", x$treatment, " -> ", x$mediator, " -> ", x$outcome, "\n", sep = "")
  cat(
    "Sample:    ", big(x$nobs), " rows; SE ", x$covariance$label,
    ", of the indirect effect by Sobel\n\n", sep = ""
  )
  t <- x$table
  shown <- t[c("term", "estimate", "std.error", "p.value")]
  if (length(x$draws)) {
    shown$percentile <- interval_text(t$percentile.low, t$percentile.high, digits)
    shown[["bias-corrected"]] <- interval_text(t$bc.low, t$bc.high, digits)
  }
  print_columns(shown, digits)
  if (length(x$draws)) {
    failed <- if (x$failed > 0) paste0(" (", x$failed, " without estimate)")
    cat("\nBootstrap: ", big(nrow(x$draws)), " resamples of ", x$resampled, failed, sep = "")
    cat(", seed ", format(x$seed, digits = 16), "\n", sep = "")
  }
  rho <- format(error_correlation(x$moments), digits = 3)
  cat(
    "The indirect effect is zero if the errors of mediator and outcome are correlated by ", rho,
    ".\n", sep = ""
  )
  invisible(x)
}

#' @rdname mediation
#' @export
plot.pilot_mediation <- function(x, ...) {
  old <- figure_par_y(NULL)
  on.exit(graphics::par(old))
  s <- x$sensitivity
  limits <- range(0, s$indirect, s$percentile.low, s$percentile.high)
  figure_plot(list(...), x = s$rho, y = s$indirect, type = "n", ylim = limits,
    xlab = figure_word("Correlation of the errors of mediator and outcome"), ylab = "")
  figure_ylab(figure_word("Indirect effect"))
  if (!is.null(s$percentile.low)) {
    graphics::polygon(
      c(s$rho, rev(s$rho)), c(s$percentile.low, rev(s$percentile.high)), col = "gray88", border = NA
    )
  }
  graphics::abline(h = 0, v = 0, lty = 2, col = "gray50")
  graphics::lines(s$rho, s$indirect, lwd = 2)
  invisible(x)
}

#' @rdname mediation
#' @exportS3Method ggplot2::autoplot
autoplot.pilot_mediation <- function(object, ...) {
  plot <- ggplot2::ggplot(object$sensitivity, ggplot2::aes(x = .data$rho, y = .data$indirect)) +
    ggplot2::geom_hline(yintercept = 0, linetype = 2, colour = "gray50") +
    ggplot2::geom_vline(xintercept = 0, linetype = 2, colour = "gray50") +
    ggplot2::geom_line(linewidth = 0.8) +
    ggplot2::labs(x = figure_word("Correlation of the errors of mediator and outcome"), y = figure_word("Indirect effect")) +
    figure_theme()
  if (is.null(object$sensitivity$percentile.low)) return(plot)
  plot + ggplot2::geom_ribbon(
    ggplot2::aes(ymin = .data$percentile.low, ymax = .data$percentile.high), alpha = 0.2
  )
}
