# Tables and figures of averaged effects.

#' @rdname aggregate_effects
#' @export
tidy.pilot_aggregate <- function(x, conf.int = TRUE, conf.level = 0.95, vcov = NULL, ...) {
  x <- with_vcov(x, vcov)
  table <- aggregate_table(x, conf.level)
  out <- tibble::new_tibble(table, nrow = length(table$term))
  if (x$type == "simple") out <- out[1L, ]
  if (!isTRUE(conf.int)) out[c("conf.low", "conf.high", "simultaneous.low", "simultaneous.high")] <- NULL
  out
}

aggregate_table <- function(x, level) {
  known <- coefficient_table(x, level)
  if (!is.null(x$bootstrap)) known <- multiplier_table(known, x$bootstrap, level)
  a <- x$averages
  at <- c(1L, match(aggregate_names(x), known$term[-1L]) + 1L)
  out <- lapply(known, function(column) column[at])
  out$term <- c("ATT", aggregate_names(x))
  out$estimate[-1L] <- a$estimate
  critical <- aggregate_critical(x, level)
  # The band is over the averages; the overall effect is one number.
  wide <- c(NA, rep(critical, length(at) - 1L)) * out$std.error
  out$simultaneous.low <- out$estimate - wide
  out$simultaneous.high <- out$estimate + wide
  label <- c(NA, a$label)
  shown <- if (x$type %in% c("group", "calendar")) c(NA, time_label(x$design, a$label)) else NULL
  if (x$type == "group") out$group <- shown
  if (x$type == "calendar") out$time <- shown
  if (x$type == "dynamic") out$event_time <- label
  out$cells <- c(sum(a$cells), a$cells)
  out$cells.unknown <- c(sum(a$unknown), a$unknown)
  out$reason <- c(NA, a$reason)
  out
}

aggregate_names <- function(x) {
  if (x$type == "dynamic") format(x$averages$label, trim = TRUE) else as.character(time_label(x$design, x$averages$label))
}

multiplier_table <- function(table, bootstrap, level) {
  half <- stats::qnorm(1 - (1 - level) / 2) * bootstrap$std.error
  table$std.error <- bootstrap$std.error
  table$statistic <- table$estimate / table$std.error
  table$p.value <- 2 * stats::pnorm(-abs(table$statistic))
  table$conf.low <- table$estimate - half
  table$conf.high <- table$estimate + half
  table
}

# Standard errors in the simultaneous band of all averages but the overall effect.
aggregate_critical <- function(x, level) {
  if (length(x$coefficients) < 2L) return(NA_real_)
  if (!is.null(x$bootstrap)) return(x$bootstrap$critical(level))
  simultaneous_critical(x$vcov[-1L, -1L, drop = FALSE], x$covariance$df, level, 1)
}

#' @rdname aggregate_effects
#' @export
glance.pilot_aggregate <- function(x, ...) {
  tibble::tibble(
    type = x$type, estimate = x$coefficients[[1L]], std.error = sqrt(x$vcov[1L, 1L]),
    critical = aggregate_critical(x, 0.95), nobs = x$nobs, units = length(x$design$unit$values),
    estimator = x$estimator, vcov.type = if (is.null(x$bootstrap)) x$covariance$label else "multiplier bootstrap"
  )
}

#' @rdname aggregate_effects
#' @param digits Digits to show.
#' @export
print.pilot_aggregate <- function(x, digits = 4L, ...) {
  what <- c(simple = "all treated periods", group = "by cohort", calendar = "by calendar time", dynamic = "by time since joining")
  cat("Average effects ", what[[x$type]], " (", x$estimator, ")\n", sep = "")
  cat("SE: ", if (is.null(x$bootstrap)) x$covariance$label else paste0("multiplier bootstrap, ", nrow(x$bootstrap$draws), " draws"), "\n\n", sep = "")
  table <- tidy(x)
  body <- cbind(Estimate = table$estimate, `Std. Error` = table$std.error, `[95%` = table$conf.low, `95%]` = table$conf.high)
  if (x$type != "simple") body <- cbind(body, `[sim.` = table$simultaneous.low, `sim.]` = table$simultaneous.high)
  rownames(body) <- table$term
  print(signif(body, digits), na.print = "")
  if (sum(x$averages$unknown)) cat("\n", sum(x$averages$unknown), " effects that cannot be estimated are left out\n", sep = "")
  invisible(x)
}

#' @export
summary.pilot_aggregate <- function(object, vcov = NULL, ...) with_vcov(object, vcov)

#' @rdname aggregate_effects
#' @export
plot.pilot_aggregate <- function(x, conf.level = 0.95, xlab = NULL, ylab = figure_word("Effect"), main = NULL, ...) {
  old <- figure_par_y(main)
  on.exit(graphics::par(old))
  table <- aggregate_plot_data(x, conf.level)
  at <- seq_len(nrow(table))
  limits <- range(0, table$conf.low, table$conf.high, table$simultaneous.low, table$simultaneous.high, table$estimate, na.rm = TRUE)
  figure_plot(list(...), x = at, y = table$estimate, ylim = limits, xaxt = "n", xlab = xlab %||% aggregate_axis(x),
    ylab = "", main = main, pch = 16, xlim = range(at) + c(-0.4, 0.4))
  figure_ylab(ylab)
  graphics::axis(1, at = at, labels = figure_name(table$term))
  graphics::abline(h = 0, col = "grey40", lwd = 0.8)
  figure_intervals(at, table$simultaneous.low, table$simultaneous.high, "grey60")
  figure_intervals(at, table$conf.low, table$conf.high, shade("ink"), width = 2)
  invisible(table)
}

#' @rdname aggregate_effects
#' @exportS3Method ggplot2::autoplot
autoplot.pilot_aggregate <- function(object, conf.level = 0.95, xlab = NULL, ylab = figure_word("Effect"), ...) {
  rlang::check_installed("ggplot2")
  table <- aggregate_plot_data(object, conf.level)
  table$term <- figure_factor(table$term)
  ggplot2::ggplot(table, ggplot2::aes(x = .data$term, y = .data$estimate)) +
    ggplot2::geom_hline(yintercept = 0, colour = "grey40", linewidth = 0.3) +
    ggplot2::geom_linerange(ggplot2::aes(ymin = .data$simultaneous.low, ymax = .data$simultaneous.high), colour = "grey60", na.rm = TRUE) +
    ggplot2::geom_linerange(ggplot2::aes(ymin = .data$conf.low, ymax = .data$conf.high), linewidth = 0.9, na.rm = TRUE) +
    ggplot2::geom_point(size = 1.8, na.rm = TRUE) +
    ggplot2::labs(x = xlab %||% aggregate_axis(object), y = ylab) +
    figure_theme()
}

aggregate_plot_data <- function(x, level) {
  table <- tidy(x, conf.level = level)
  if (x$type == "simple") table else table[-1L, ]
}

aggregate_axis <- function(x) {
  switch(x$type, simple = "", group = figure_word("Cohort (first treated)"), calendar = figure_name(x$design$time$label),
    dynamic = figure_word("Periods since the pilot"))
}
