# Who felt the pilot: treated units by themselves, treated units through others, untreated units.

#' Spillovers of a pilot to treated and to untreated units
#'
#' The model of [spatial_did()] says what the outcome of every unit would have been had nobody joined:
#' \deqn{E(y_t \mid D_t) - E(y_t \mid 0) = (I - \rho W)^{-1}(\beta D_t + \theta_T D_t \circ W D_t + \theta_U (1 - D_t) \circ W D_t),}
#' with \eqn{\theta_T = \theta_U = \theta} unless the fit has `spillover = "split"`. Averaged over the unit-periods that
#' were treated it is split into what the unit's own joining did (were it the only one) and what reached it from the other treated units;
#' averaged over untreated unit-periods it is what reached those who had not joined: they are the
#' controls of a plain difference-in-differences, which measures the difference.
#'
#' @param fit A fit of [spatial_did()] with a 0/1 treatment.
#' @param untreated Which untreated unit-periods count: those of periods in which somebody is treated, of units that
#'   never join (`"never"`) or that have not joined yet (`"notyet"`).
#' @param conf.level The level of the intervals.
#' @param vcov Another covariance than that of the fit.
#' @return A list of class `pilot_spillovers`. `tidy()`: rows `"own"`, `"treated to treated"`, `"on treated"` (their sum),
#'   `"treated to untreated"` and `"difference"` (on treated less on untreated) in `term`, then `estimate`, `std.error`, ...;
#'   standard errors by the delta method. `glance()`: the numbers of cells and the mean exposure \eqn{WD} of each kind.
#' @section Errors: `pilotdid_error_argument` where the treatment is not 0/1.
#' @references
#' Delgado and Florax (2015), *Economics Letters* 137.
#'
#' Chagas, Azzoni and Almeida (2016), *Regional Science and Urban Economics* 59.
#' @examples
#' W <- spatial_weights(pilot_cities, "code", ~ longitude + latitude, type = "inverse")
#' fit <- spatial_did(resilience ~ status + fdi | code + year, pilot_cities, W,
#'   model = "slx", lag = "status")
#' spillovers(fit)
#' @export
spillovers <- function(fit, untreated = c("never", "notyet"), conf.level = 0.95, vcov = NULL) {
  untreated <- check_choice(untreated, c("never", "notyet"), "untreated")
  if (!inherits(fit, "pilot_spatial")) {
    abort("argument", c("{.arg fit} must be a fit of {.fn spatial_did}.", x = "It is {.obj_type_friendly {fit}}."))
  }
  treatment <- fit$design$treatment
  if (treatment$kind != "binary") {
    abort("argument", c("Spillovers to treated and untreated units need a 0/1 treatment.", x = "It is {treatment$kind}."))
  }
  fit <- with_spatial_vcov(fit, vcov)
  cells <- treatment_cells(fit, untreated)
  at <- spillover_terms(fit, cells)
  sums <- cpp_spillover_sums(fit$weights, if (at$rho > 0L) fit$coefficients[[1L]] else 0, cells$treated, cells$untreated, at$parts)
  table <- spillover_table(fit, cells, at, sums)
  structure(list(
    table = tibble::as_tibble(add_inference(table, conf.level)[c("term", "estimate", "std.error", "statistic", "p.value", "conf.low", "conf.high")]),
    cells = cells$counts, untreated = untreated, treatment = treatment$names, model = fit$spec$model,
    spillover = fit$spec$spillover, weights = fit$weights$label
  ), class = "pilot_spillovers")
}

# N x T: the status, and the untreated cells that are compared.
treatment_cells <- function(fit, untreated) {
  status <- matrix(fit$panel$x[, fit$design$treatment$names], length(fit$design$unit$values))
  exposed <- matrix(cpp_spatial_lag(fit$weights, status), nrow(status))
  active <- colSums(status) > 0
  other <- (1 - status) * rep(active, each = nrow(status))
  if (untreated == "never") other <- other * (rowSums(status) == 0)
  if (!any(other > 0)) {
    abort("empty", c("There are no untreated units to speak of.", x = "Everybody joins{if (untreated == 'never') ' at some time'}.",
      i = if (untreated == "never") "Use {.code untreated = \"notyet\"}."
    ))
  }
  list(treated = status, untreated = other, exposure = exposed, counts = tibble::tibble(
    treated.cells = sum(status), untreated.cells = sum(other),
    treated.exposure = sum(status * exposed) / sum(status), untreated.exposure = sum(other * exposed) / sum(other)
  ))
}

# The coefficients that carry the treatment, and the vectors they multiply. `own`: does the coefficient stand on the
# status (1), on the lag as an untreated neighbor feels it (2), or on neither when a unit is treated alone (0)?
spillover_terms <- function(fit, cells) {
  panel <- fit$panel
  shift <- sum(fit$spec$terms[c("rho", "lambda")])
  name <- fit$design$treatment$names
  columns <- which(panel$base == name)
  split <- fit$spec$spillover == "split"
  parts <- list()
  own <- integer()
  for (j in columns) {
    if (!panel$lagged[j]) {
      parts <- c(parts, list(cells$treated))
      own <- c(own, 1L)
    } else if (!split) {
      parts <- c(parts, list(cells$exposure))
      own <- c(own, 2L)
    } else {
      on_treated <- endsWith(colnames(panel$x)[j], " on treated")
      parts <- c(parts, list(cells$exposure * (if (on_treated) cells$treated else 1 - cells$treated)))
      own <- c(own, if (on_treated) 0L else 2L)
    }
  }
  list(at = columns + shift, parts = parts, own = own, rho = if (fit$spec$terms[["rho"]]) 1L else 0L)
}

spillover_table <- function(fit, cells, at, sums) {
  b <- fit$coefficients[at$at]
  treated <- sums$treated / sum(cells$treated)
  untreated <- sums$untreated / sum(cells$untreated)
  own <- cbind(0, sums$own / sum(cells$treated))[, at$own + 1L, drop = FALSE]
  # Means and derivatives, rows value and slope; one column a coefficient of the treatment.
  rows <- list(
    own = own, `treated to treated` = treated - own, `on treated` = treated, `treated to untreated` = untreated,
    difference = treated - untreated
  )
  k <- length(fit$coefficients)
  gradient <- t(vapply(rows, function(r) {
    g <- numeric(k)
    g[at$at] <- r[1L, ]
    if (at$rho > 0L) g[1L] <- sum(r[2L, ] * b)
    g
  }, numeric(k)))
  data.frame(term = names(rows), estimate = vapply(rows, function(r) sum(r[1L, ] * b), 1), std.error = gradient_se(gradient, fit$vcov))
}

#' @export
tidy.pilot_spillovers <- function(x, ...) x$table

#' @export
glance.pilot_spillovers <- function(x, ...) {
  tibble::as_tibble(c(x$cells, list(untreated = x$untreated, model = x$model, spillover = x$spillover, weights = x$weights)))
}

#' @export
print.pilot_spillovers <- function(x, digits = 4L, ...) {
  cat("Mean effect of ", x$treatment, " on treated and on untreated unit-periods\n", sep = "")
  cat("Model:     ", spatial_title(x$model), if (x$spillover == "split") ", spillovers split by receiver", "\n", sep = "")
  cat("Weights:   ", x$weights, "\n", sep = "")
  cat("Treated:   ", big(x$cells$treated.cells), " unit-periods, mean share of treated neighbors ", format(x$cells$treated.exposure, digits = 3), "\n", sep = "")
  cat("Untreated: ", big(x$cells$untreated.cells), " unit-periods of units that ", if (x$untreated == "never") "never join" else "have not joined yet",
    ", mean share ", format(x$cells$untreated.exposure, digits = 3), "\n\n", sep = "")
  body <- cbind(Estimate = x$table$estimate, `Std. Error` = x$table$std.error, `z value` = x$table$statistic, `Pr(>|z|)` = x$table$p.value)
  rownames(body) <- x$table$term
  stats::printCoefmat(body, digits = digits, signif.legend = TRUE, cs.ind = 1:2, tst.ind = 3L)
  invisible(x)
}

#' @export
plot.pilot_spillovers <- function(x, ...) {
  colors <- shade(ifelse(x$table$term %in% c("on treated", "difference"), "ink", "blue"))
  plot_intervals(figure_word(x$table$term), x$table, colors, xlab = figure_word("Mean effect of %s", figure_name(x$treatment)), ...)
  invisible(x)
}

#' @exportS3Method ggplot2::autoplot
autoplot.pilot_spillovers <- function(object, ...) {
  table <- as.data.frame(object$table)
  table$term <- factor(figure_word(table$term), levels = rev(figure_word(table$term)))
  ggplot2::ggplot(table, ggplot2::aes(x = .data$estimate, y = .data$term)) +
    ggplot2::geom_vline(xintercept = 0, linetype = 2, color = "grey60") +
    ggplot2::geom_pointrange(ggplot2::aes(xmin = .data$conf.low, xmax = .data$conf.high), size = 0.3) +
    ggplot2::labs(x = figure_word("Mean effect of %s", figure_name(object$treatment)), y = NULL) + figure_theme()
}
