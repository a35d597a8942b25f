# Coefficient plots of fits whose result is their coefficients: two-way, 2SLS, spatial models.

#' Coefficient plot of a fit
#'
#' Estimates with their intervals, one line a coefficient, the treatment first.
#'
#' @param x,object A fit with coefficients: [pilot_did()], [spatial_did()].
#' @param terms Names of the coefficients to show; `NULL` for all of them.
#' @param vcov,conf.level As in [tidy.pilot_fit()].
#' @param xlab Label of the horizontal axis; `NULL` names the level.
#' @param ... For `plot()`: arguments of [graphics::plot.default()].
#' @return `plot()` draws and returns the plotted table invisibly; `autoplot()` returns a ggplot.
#' @section Errors: `pilotdid_error_terms` if `terms` names a coefficient that the fit does not have.
#' @seealso [event_study()] for effects by event time.
#' @examples
#' fit <- pilot_did(y ~ status + x1 | unit + time, simulate_pilot(seed = 1))
#' plot(fit)
#' @export
plot.pilot_fit <- function(x, terms = NULL, vcov = NULL, conf.level = 0.95, xlab = NULL, ...) {
  table <- plotted_coefficients(x, terms, vcov, conf.level)
  plot_forest(forest_data(figure_name(table$term), table, figure_name(x$design$outcome_name)), xlab %||% interval_label(conf.level), ...)
  invisible(table)
}

#' @rdname plot.pilot_fit
#' @exportS3Method ggplot2::autoplot
autoplot.pilot_fit <- function(object, terms = NULL, vcov = NULL, conf.level = 0.95, xlab = NULL, ...) {
  table <- plotted_coefficients(object, terms, vcov, conf.level)
  ggplot_forest(forest_data(figure_name(table$term), table, figure_name(object$design$outcome_name)), xlab %||% interval_label(conf.level))
}

plotted_coefficients <- function(fit, terms, vcov, conf.level) {
  table <- tidy(fit, vcov = vcov, conf.level = conf.level)
  unknown <- setdiff(terms, table$term)
  if (length(unknown)) {
    abort("terms", c("{.arg terms} must name coefficients of the fit.",
      x = "Not among them: {.val {unknown}}.", i = "It has {.val {table$term}}."
    ))
  }
  if (is.null(terms)) table else table[match(terms, table$term), ]
}
