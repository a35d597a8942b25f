# The picture of the treatment status: units by time.

#' Picture of the treatment status
#'
#' One line a unit, sorted by cohort, one column a period: not yet treated,
#' treated, never treated, switched off, or no row.
#'
#' @param x,object A description from [describe_panel()] with `status` or `cohort`.
#' @param most The most units drawn; of larger panels an evenly spaced choice
#'   in the order of the cohorts, which the caption says.
#' @param ... Passed to [graphics::plot.default()] by `plot()`; not used by
#'   `autoplot()`.
#' @return `plot()` returns the drawn cells invisibly: a tibble with `unit`,
#'   `time`, `state` and `line`; `autoplot()` a ggplot object.
#' @examples
#' panel <- data.frame(city = rep(1:20, each = 6), year = 2012:2017, gdp = rnorm(120))
#' panel$pilot <- as.integer(panel$city <= 6 & panel$year >= 2014 + panel$city %% 3)
#' plot(describe_panel(panel, unit = "city", time = "year", status = "pilot"))
#' @export
plot.pilot_description <- function(x, most = 600, ...) {
  cells <- status_cells(x, most)
  units <- figure_name(unique(cells$unit[order(cells$line)]))
  periods <- x$panel$time$values
  old <- figure_par(mar = c(5.5, status_margin(units), 2, 1))
  on.exit(graphics::par(old))
  graphics::plot(NA,
    xlim = c(0.5, length(periods) + 0.5), ylim = c(length(units) + 0.5, 0.5), xaxs = "i", yaxs = "i",
    xlab = "", ylab = "", axes = FALSE, ...
  )
  graphics::title(xlab = figure_name(x$keys$time), line = 2.3)
  graphics::rect(cells$at - 0.5, cells$line - 0.5, cells$at + 0.5, cells$line + 0.5,
    col = shade(status_colors, 0.85)[as.character(cells$state)],
    border = if (length(units) <= 60L) "white" else NA
  )
  graphics::axis(1, seq_along(periods), as.character(periods), lwd = 0)
  if (length(units) <= 60L) graphics::axis(2, seq_along(units), units, lwd = 0, cex.axis = 0.7)
  states <- intersect(names(status_colors), as.character(cells$state))
  # At the foot of the figure, below the name of the time axis.
  graphics::legend(graphics::grconvertX(0.5, "nfc"), graphics::grconvertY(0.01, "nfc"),
    xjust = 0.5, yjust = 0, legend = figure_word(states), fill = shade(status_colors, 0.85)[states], border = NA, bty = "n",
    horiz = TRUE, xpd = NA, cex = 0.8
  )
  graphics::title(main = status_caption(x, units))
  invisible(cells[c("unit", "time", "state", "line")])
}

#' @rdname plot.pilot_description
#' @importFrom rlang .data
#' @exportS3Method ggplot2::autoplot
autoplot.pilot_description <- function(object, most = 600, ...) {
  cells <- status_cells(object, most)
  units <- figure_name(unique(cells$unit[order(cells$line)]))
  lines <- length(units) <= 60L
  figure <- ggplot2::ggplot(cells, ggplot2::aes(x = .data$at, y = .data$line, fill = .data$state)) +
    # Tiles without borders leave hairlines between them.
    (if (lines) ggplot2::geom_tile(color = "white", linewidth = 0.2) else ggplot2::geom_raster()) +
    ggplot2::scale_fill_manual(values = shade(status_colors, 0.85), labels = figure_word, name = NULL) +
    ggplot2::scale_x_continuous(
      breaks = seq_along(object$panel$time$values), labels = as.character(object$panel$time$values),
      expand = c(0, 0)
    ) +
    ggplot2::labs(x = figure_name(object$keys$time), y = NULL, caption = status_caption(object, units)) +
    figure_theme() +
    ggplot2::theme(panel.grid = ggplot2::element_blank(), legend.position = "bottom")
  figure + if (lines) {
    ggplot2::scale_y_reverse(breaks = seq_along(units), labels = units, expand = c(0, 0), guide = ggplot2::guide_axis(check.overlap = TRUE))
  } else {
    ggplot2::scale_y_reverse(breaks = NULL, expand = c(0, 0))
  }
}

# Readable in gray and by those who confuse red and green.
status_colors <- c(
  `never treated` = "grey85", `not yet treated` = "light_blue", treated = "blue",
  `switched off` = "light_red"
)

status_margin <- function(units) {
  if (length(units) > 60L) return(2)
  # 0.7 of a line a character of half its height.
  2 + 0.35 * max(nchar(units, "width"))
}

status_caption <- function(x, units) {
  all <- length(x$panel$unit$values)
  if (length(units) == all) return(figure_word("%s units, sorted by cohort", big(all)))
  figure_word("%s of %s units, evenly spaced in the order of the cohorts", big(length(units)), big(all))
}

# The cells to draw: unit, time, state, and their place (line, at).
status_cells <- function(x, most) {
  if (is.null(x$paths)) {
    abort("argument", c("The picture needs a treatment status.",
      i = "Give {.arg status} or {.arg cohort} to {.fun describe_panel}."
    ))
  }
  check_count(most, "most")
  panel <- x$panel
  cohort <- x$paths$cohort
  order <- order(ifelse(cohort < 0L, .Machine$integer.max, cohort), seq_along(cohort))
  if (length(order) > most) order <- order[unique(round(seq(1, length(order), length.out = most)))]
  line <- match(seq_along(cohort), order)

  rows <- which(!is.na(x$paths$status) & !is.na(line[panel$unit$code + 1L]))
  code <- panel$unit$code[rows] + 1L
  time <- panel$time$code[rows]
  state <- ifelse(x$paths$status[rows] == 1L, "treated",
    ifelse(cohort[code] < 0L, "never treated",
      ifelse(time > cohort[code], "switched off", "not yet treated")
    )
  )
  at <- time + 1L
  tibble::tibble(
    unit = as.character(panel$unit$values)[code], time = panel$time$values[at],
    state = factor(state, names(status_colors)), line = line[code], at = at
  )
}
