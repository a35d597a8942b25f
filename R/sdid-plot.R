# The figure of synthetic DID: its weights, or treated and synthetic outcomes over time.

#' Figures of synthetic difference-in-differences
#'
#' @param x,object A fit of [pilot_did()] with `estimator = "sdid"`.
#' @param what `"weights"`: weights of controls (the largest) and of periods, by cohort; `"event"`: effects by
#'   time since the pilot.
#' @param most How many controls to show.
#' @param ... Arguments of the figure of an [event_study()].
#' @return `plot()` draws and returns the weights invisibly; `autoplot()` returns a ggplot.
#' @examples
#' panel <- simulate_pilot(seed = 1)
#' fit <- pilot_did(y ~ status | unit + time, panel, estimator = "sdid", variance = "none")
#' plot(fit)
#' @export
plot.pilot_sdid <- function(x, what = c("weights", "event"), most = 15L, ...) {
  what <- check_choice(what, c("weights", "event"), "what")
  if (what == "event") return(plot(event_study(x), ...))
  table <- largest_weights(x, most)
  groups <- unique(table$group)
  old <- figure_par(mfrow = c(length(groups), 2L), mar = c(3.5, 7, 2, 1), mgp = c(2.2, 0.7, 0))
  on.exit(graphics::par(old))
  for (g in groups) {
    for (kind in c("unit", "period")) {
      part <- table[table$group == g & table$kind == kind, ]
      graphics::dotchart(rev(part$weight), labels = rev(figure_name(part$name)), pch = 16, xlim = c(0, max(part$weight)),
        main = figure_word("%s, cohort %s", figure_word(sdid_kinds[[kind]]), g), xlab = figure_word("Weight"), cex = 0.8)
    }
  }
  invisible(table)
}

sdid_kinds <- c(unit = "Controls", period = "Periods before")

# Controls by weight, the largest first; all periods in their order.
largest_weights <- function(fit, most) {
  check_count(most, "most")
  parts <- split(fit$weights, list(fit$weights$kind, fit$weights$group), drop = TRUE)
  do.call(rbind, lapply(unname(parts), function(p) {
    if (p$kind[1L] == "period") return(p)
    p <- p[order(-p$weight), ]
    utils::head(p[p$weight > 0, ], most)
  }))
}

#' @rdname plot.pilot_sdid
#' @exportS3Method ggplot2::autoplot
autoplot.pilot_sdid <- function(object, what = c("weights", "event"), most = 15L, ...) {
  rlang::check_installed("ggplot2")
  what <- check_choice(what, c("weights", "event"), "what")
  if (what == "event") return(ggplot2::autoplot(event_study(object), ...))
  table <- largest_weights(object, most)
  table$kind <- factor(table$kind, names(sdid_kinds), figure_word(sdid_kinds))
  # A control has a place of its own in each panel: the panel is part of the level, not of the label.
  level <- paste(table$name, table$group, table$kind, sep = "\r")
  table$name <- factor(level, rev(level))
  ggplot2::ggplot(table, ggplot2::aes(x = .data$weight, y = .data$name)) +
    ggplot2::geom_segment(ggplot2::aes(x = 0, xend = .data$weight, yend = .data$name), colour = "grey70") +
    ggplot2::geom_point() +
    ggplot2::facet_wrap(ggplot2::vars(.data$group, .data$kind), scales = "free", ncol = 2L, labeller = ggplot2::label_wrap_gen(multi_line = FALSE)) +
    ggplot2::scale_y_discrete(labels = function(x) figure_name(sub("\r.*", "", x)), guide = ggplot2::guide_axis(check.overlap = TRUE)) +
    ggplot2::labs(x = figure_word("Weight"), y = NULL) +
    figure_theme()
}
