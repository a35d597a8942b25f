# The treatment's effect as a linear function of a moderator.

#' Moderation: the effect along a moderator
#'
#' Adds the centered interaction of the treatment with a moderator \eqn{z} to a fit,
#' \deqn{y_{it} = \beta D_{it} + \theta D_{it}(z_{it} - \bar z) + \kappa (z_{it} - \bar z) +
#'   x_{it}'\gamma + \alpha_i + \lambda_t + \varepsilon_{it},}
#' and gives the marginal effect \eqn{\beta + \theta (z - \bar z)} along \eqn{z}. Centered, \eqn{\beta} is
#' the effect at the mean of the moderator. A moderator that is fixed within units has no \eqn{\kappa}: its
#' own effect is absorbed.
#'
#' The band is pointwise. A straight line is assumed: where the moderator has few treated
#' units its ends are extrapolation, and [heterogeneity()] by quantiles shows whether the line fits.
#'
#' @param fit A fit of [pilot_did()] by two-way fixed effects with one treatment.
#' @param moderator `~ moderator` or a column name; numeric. For groups use [heterogeneity()].
#' @param center `"mean"` over the rows used, `"median"`, or a number.
#' @param base_period A period before the pilot: the moderator is then fixed at its value there.
#' @param at Values of the moderator; 50 over its range among treated units by default.
#' @param conf.level The level of the band.
#' @return A list of class `pilot_moderation`: `fit` (a [pilot_did()] fit with the interaction),
#'   `effects`, `center`. `tidy()` gives the coefficients of the treatment and of the interaction;
#'   `augment()` the marginal effects: the moderator as `moderator`, then `estimate`, `std.error`,
#'   `statistic`, `p.value`, `conf.low`, `conf.high`.
#' @section Conditions: `pilotdid_error_mediator` if the moderator is the outcome or the treatment,
#'   `pilotdid_error_moderator` if it does not vary, `pilotdid_error_base_period`;
#'   `pilotdid_warning_moderator_varies` if it
#'   changes within treated units once they are treated: it may then be an effect itself.
#' @references Brambor, Clark and Golder (2006), Understanding interaction models, *Political
#'   Analysis* 14.
#' @examples
#' panel <- simulate_pilot(covariates = 1, seed = 1)
#' fit <- pilot_did(y ~ status | unit + time, panel)
#' m <- moderation(fit, ~x1, base_period = 1)
#' m
#' plot(m)
#' @export
moderation <- function(fit, moderator, center = "mean", base_period = NULL, at = NULL, conf.level = 0.95) {
  check_fit(fit)
  refuse_other_estimators(fit, "moderation")
  treatment <- fit$design$treatment$names
  column <- named_columns(moderator, fit, "moderator")
  if (length(column) != 1L || length(treatment) != 1L) {
    abort("treatment", "{.fn moderation} takes one treatment and one moderator at a time.")
  }
  label <- names(column)
  refuse_own_moderator(column, fit)
  z <- column[[1L]]
  if (!is.null(base_period)) z <- baseline_values(z, fit, base_period)
  design <- fit$design
  if (anyNA(z[used_flags(design)])) {
    design <- restrict_design(
      design, !is.na(z), paste("missing", label), fit$request$drop_singletons
    )
  }
  varies <- !constant_within_units(design, z)
  if (varies) warn_post_treatment(z, design, label)
  center <- moderator_center(center, z[used_flags(design)], label)
  interaction <- paste0(treatment, ":", label)
  added <- set_names(list(design$regressors[[treatment]] * (z - center)), interaction)
  if (varies && !label %in% names(design$regressors)) added[[label]] <- as.numeric(z)
  new <- refit(fit, with_regressors(design, added))
  structure(list(
    fit = new, treatment = treatment, moderator = label, interaction = interaction, center = center,
    base_period = base_period, conf.level = conf.level,
    effects = marginal_effects(
      new, treatment, interaction, center, at %||% treated_range(z, design), conf.level
    ),
    values = z[used_flags(design) & design$regressors[[treatment]] != 0]
  ), class = "pilot_moderation")
}

refuse_own_moderator <- function(column, fit) {
  own <- c(fit$design$outcome_name, fit$design$treatment$names)
  if (!names(column) %in% own) return(invisible())
  abort("mediator", c("A moderator must be neither the outcome nor the treatment.",
    x = "{.field {names(column)}} is one of them."
  ))
}

constant_within_units <- function(design, column) {
  is_constant_within(design, design$unit, as.numeric(column))
}

# Does the moderator change within a treated unit from its last untreated period on?
warn_post_treatment <- function(z, design, label) {
  cohort <- design$treatment$cohort[design$unit$code + 1L]
  late <- used_flags(design) & cohort >= 0L & design$time$code >= cohort - 1L
  late[is.na(late)] <- FALSE
  unit <- design$unit$code[late]
  changed <- unique(unit[z[late] != z[late][match(unit, unit)]])
  if (!length(changed)) return(invisible())
  shown <- first_few(design$unit$values[changed + 1L])
  warn("moderator_varies", c("The moderator changes after the pilot began: it may be one of its effects.",
    x = "{.field {label}} changes in {length(changed)} treated unit{?s}: {shown}.",
    i = "{.code base_period = } fixes it at its value in a period before the pilot."
  ))
}

moderator_center <- function(center, z, label) {
  if (min(z) == max(z)) {
    abort(
      "moderator",
      c("A moderator must vary.", x = "{.field {label}} is {format(z[1])} in every row used.")
    )
  }
  if (is.numeric(center)) return(check_number(center, "center"))
  switch(check_choice(center, c("mean", "median"), "center"), mean = mean(z), median = stats::median(z))
}

treated_range <- function(z, design) {
  treated <- design$regressors[[design$treatment$names]] != 0 & used_flags(design)
  range <- range(z[treated], na.rm = TRUE)
  seq(range[1L], range[2L], length.out = 50L)
}

marginal_effects <- function(fit, treatment, interaction, center, at, level) {
  at <- as.numeric(at)
  l <- cbind(1, at - center)
  terms <- c(treatment, interaction)
  estimate <- as.vector(l %*% fit$coefficients[terms])
  se <- sqrt(rowSums((l %*% fit$vcov[terms, terms]) * l))
  df <- fit$covariance$df
  half <- stats::qt(1 - (1 - level) / 2, df) * se
  statistic <- estimate / se
  tibble::tibble(
    moderator = at, estimate = estimate, std.error = se, statistic = statistic,
    p.value = 2 * stats::pt(-abs(statistic), df), conf.low = estimate - half, conf.high = estimate + half
  )
}

#' @rdname moderation
#' @param x,object A result of `moderation()`.
#' @param ... For `plot()`: further arguments of [graphics::plot.default()], as `ylim`; otherwise not used.
#' @export
tidy.pilot_moderation <- function(x, ...) {
  table <- tidy(x$fit, conf.level = x$conf.level)
  table[table$term %in% c(x$treatment, x$interaction), ]
}

#' @rdname moderation
#' @export
augment.pilot_moderation <- function(x, ...) x$effects

#' @rdname moderation
#' @export
glance.pilot_moderation <- function(x, ...) {
  tibble::tibble(
    moderator = x$moderator, center = x$center, nobs = x$fit$nobs, df.residual = x$fit$covariance$df,
    vcov.type = x$fit$covariance$label
  )
}

#' @export
print.pilot_moderation <- function(x, digits = 4L, ...) {
  fixed <- if (!is.null(x$base_period)) paste0(" in ", format(x$base_period))
  cat(
    "Moderation: effect of ", x$treatment, " along ", x$moderator, fixed, ", centered at ",
    format(x$center, digits = digits), "\n", sep = ""
  )
  cat("Sample:     ", big(x$fit$nobs), " rows; SE ", x$fit$covariance$label, "\n\n", sep = "")
  print_columns(
    tidy(x)[c("term", "estimate", "std.error", "statistic", "p.value", "conf.low", "conf.high")],
    digits
  )
  ends <- x$effects[c(1L, nrow(x$effects)), ]
  cat("\nMarginal effect from ", format(ends$estimate[1L], digits = digits), " at ", format(
    ends$moderator[1L], digits = digits
  ),
    " to ", format(ends$estimate[2L], digits = digits), " at ", format(
      ends$moderator[2L], digits = digits
    ), "\n", sep = "")
  invisible(x)
}

#' @rdname moderation
#' @export
plot.pilot_moderation <- function(x, ...) {
  old <- figure_par_y(NULL)
  on.exit(graphics::par(old))
  e <- x$effects
  figure_plot(list(...), x = e$moderator, y = e$estimate, type = "n", ylim = range(0, e$conf.low, e$conf.high),
    xlab = figure_name(x$moderator), ylab = "")
  figure_ylab(figure_word("Effect of %s", figure_name(x$treatment)))
  graphics::polygon(
    c(e$moderator, rev(e$moderator)), c(e$conf.low, rev(e$conf.high)), col = "gray88", border = NA
  )
  graphics::abline(h = 0, lty = 2, col = "gray50")
  graphics::lines(e$moderator, e$estimate, lwd = 2)
  # Where the treated rows are: the line is extrapolation elsewhere.
  graphics::rug(x$values, col = "gray40")
  invisible(x)
}

#' @rdname moderation
#' @exportS3Method ggplot2::autoplot
autoplot.pilot_moderation <- function(object, ...) {
  treated <- data.frame(moderator = object$values)
  ggplot2::ggplot(object$effects, ggplot2::aes(x = .data$moderator)) +
    ggplot2::geom_hline(yintercept = 0, linetype = 2, colour = "gray50") +
    ggplot2::geom_ribbon(ggplot2::aes(ymin = .data$conf.low, ymax = .data$conf.high), alpha = 0.2) +
    ggplot2::geom_line(ggplot2::aes(y = .data$estimate), linewidth = 0.8) +
    ggplot2::geom_rug(data = treated, sides = "b", alpha = 0.3) +
    ggplot2::labs(x = figure_name(object$moderator), y = figure_word("Effect of %s", figure_name(object$treatment))) +
    figure_theme()
}
