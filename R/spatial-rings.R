# Spillovers without a spatial model: exposure by rings of distance, and dropping the neighbors.

#' Difference-in-differences with rings of exposure
#'
#' Estimates how far a pilot reaches, without assuming weights: untreated units are exposed in period \eqn{t} when the
#' nearest treated unit lies within a ring around them,
#' \deqn{y_{it} = \tau D_{it} + \sum_r \delta_r (1 - D_{it})\,1\{d_{it} \in (r_{k-1}, r_k]\} + x_{it}'\gamma + \alpha_i + \lambda_t + \varepsilon_{it}.}
#' Units that never come within the outermost ring are the controls of both \eqn{\tau} and the \eqn{\delta_r}. If the pilot does not reach beyond
#' it, \eqn{\tau} is the effect on the treated free of spillovers to the controls, and \eqn{\delta_r} the spillover at that distance.
#'
#' @param formula,data As for [pilot_did()]; the treatment is a 0/1 status.
#' @param coordinates Two columns, as `~ longitude + latitude` or quoted.
#' @param rings Increasing distances: `c(0, 100, 200)` makes the rings (0, 100] and (100, 200]. Kilometers, or the unit of the coordinates.
#' @param on_treated Also rings for treated units, by the distance to the nearest *other* treated unit?
#' @param metric As for [spatial_weights()].
#' @param treatment The treatment, by default the first term.
#' @param ... Passed on to [pilot_did()]: `vcov`, `weights`, ...
#' @return A list of class `pilot_rings`. `tidy()`: rows of the treatment and of each ring with `term`, `estimate`, ..., `ring.low`,
#'   `ring.high`, `cells` (exposed unit-periods) and `units`. `fit`: the whole regression, a result of [pilot_did()]. With `plot()` and `autoplot()`.
#' @section Errors: classes `pilotdid_error_*`: `argument`, `coordinates`, `empty` (no unit is beyond the rings).
#' @section When not to use it: where every control lies near a pilot no one is left to compare with. With effects that differ between cohorts the
#'   coefficients are weighted averages, as in two-way fixed effects.
#' @references Butts (2021), Difference-in-differences with spatial spillovers, arXiv 2105.03737.
#' @examples
#' rings <- ring_did(resilience ~ status + fdi | code + year, pilot_cities, ~ longitude + latitude,
#'   rings = c(0, 100, 200))
#' rings
#' plot(rings)
#' @export
ring_did <- function(formula, data, coordinates, rings, on_treated = FALSE, metric = c("great_circle", "euclidean"),
                     treatment = NULL, ...) {
  metric <- check_choice(metric, c("great_circle", "euclidean"), "metric")
  check_flag(on_treated, "on_treated")
  check_rings(rings)
  check_data(data)
  options <- list(...)
  design <- do.call(panel_design, c(list(formula, data, treatment = treatment), options[intersect(names(options), c("panel", "subset", "cohort"))]))
  if (design$treatment$kind != "binary") {
    abort("argument", c("Rings of exposure need a 0/1 treatment.", x = "It is {design$treatment$kind}."))
  }
  distance <- distance_to_treated(design, data, coordinates, max(rings), metric)
  exposure <- ring_columns(design, distance, rings, on_treated)
  refuse_no_far_units(exposure, design, rings)
  augmented <- tibble::as_tibble(unclass_data(data))
  augmented[names(exposure$columns)] <- exposure$columns
  fit <- do.call(pilot_did, c(
    list(add_terms(formula, names(exposure$columns)), augmented, treatment = design$treatment$names), options
  ))
  fit$call <- match.call()
  structure(list(
    fit = fit, table = exposure$table, rings = rings, treatment = design$treatment$names,
    unit = if (metric == "great_circle") "km" else ""
  ), class = "pilot_rings")
}

check_rings <- function(rings) {
  if (is.numeric(rings) && length(rings) >= 2L && all(is.finite(rings)) && rings[1L] >= 0 && all(diff(rings) > 0)) {
    return(invisible())
  }
  abort("argument", c("{.arg rings} must be two or more increasing distances.", i = "{.code c(0, 100, 200)} makes two rings."))
}

# formula + extra terms in its first part.
add_terms <- function(formula, names) {
  parts <- formula_parts(formula)
  parts$parts[[1L]] <- join_call(c(list(parts$parts[[1L]]), lapply(names, as.name)), "+")
  out <- call("~", parts$outcome, join_call(parts$parts, "|"))
  if (!is.null(parts$instruments)) out <- call("~", out, parts$instruments)
  class(out) <- "formula"
  environment(out) <- environment(formula)
  out
}

# Of each row: the distance to the nearest other unit that is treated in that period; Inf beyond `reach`.
distance_to_treated <- function(design, data, coordinates, reach, metric) {
  places <- design_places(design, data, coordinates, metric)
  links <- cpp_neighbors_within(places, reach, metric == "great_circle")
  refuse_too_many(links)
  n <- length(design$unit$values)
  from <- rep.int(seq_len(n), diff(links$start))
  near <- order(links$distance)
  from <- from[near]
  to <- links$column[near] + 1L
  far <- links$distance[near]
  rows <- if (is.null(design$rows)) seq_len(design$n_data) else design$rows + 1L
  unit <- design$unit$code[rows] + 1L
  time <- design$time$code[rows] + 1L
  status <- matrix(0, n, length(design$time$values))
  status[cbind(unit, time)] <- design$regressors[[design$treatment$names]][rows]
  nearest <- matrix(Inf, n, ncol(status))
  for (t in seq_len(ncol(status))) {
    treated <- status[to, t] == 1
    first <- which(treated)[!duplicated(from[treated])]
    nearest[from[first], t] <- far[first]
  }
  out <- rep(NA_real_, design$n_data)
  out[rows] <- nearest[cbind(unit, time)]
  out
}

refuse_too_many <- function(links) {
  if (links$too_many) abort("weights_size", c("There are more than 2^31 pairs within reach.", i = "Use smaller distances."))
}

# N x 2: the place of each unit of the design.
design_places <- function(design, data, coordinates, metric) {
  columns <- column_argument(coordinates, data, "coordinates", 2L)
  rows <- if (is.null(design$rows)) seq_len(design$n_data) else design$rows + 1L
  id <- list(code = design$unit$code[rows], values = design$unit$values, label = design$unit$label)
  places <- vapply(columns, function(name) unit_constant(.subset2(data, name)[rows], name, id), numeric(length(id$values)))
  dim(places) <- c(length(id$values), 2L)
  check_coordinates(list(ids = id$values, coordinates = places), metric)
  places
}

ring_columns <- function(design, distance, rings, on_treated) {
  status <- design$regressors[[design$treatment$names]]
  kinds <- if (on_treated) c(FALSE, TRUE) else FALSE
  columns <- list()
  table <- list()
  for (treated in kinds) {
    for (r in seq_along(rings)[-1L]) {
      # The innermost ring holds its lower end when that is zero: units in the same place are neighbors.
      above <- if (r == 2L && rings[1L] == 0) distance >= 0 else distance > rings[r - 1L]
      inside <- above & distance <= rings[r] & (status == 1) == treated
      inside[is.na(inside)] <- FALSE
      name <- paste0(if (treated) "treated, ", "ring ", format(rings[r - 1L]), "-", format(rings[r]))
      if (!any(inside)) next
      columns[[name]] <- as.numeric(inside)
      table <- c(table, list(tibble::tibble(
        term = name, ring.low = rings[r - 1L], ring.high = rings[r], cells = sum(inside),
        units = length(unique(design$unit$code[inside])), on.treated = treated
      )))
    }
  }
  if (!length(columns)) {
    abort("empty", c("No untreated unit comes within the rings.", i = "Use larger distances."))
  }
  list(columns = columns, table = do.call(rbind, table))
}

refuse_no_far_units <- function(exposure, design, rings) {
  status <- design$regressors[[design$treatment$names]]
  touched <- Reduce(`|`, lapply(exposure$columns, `>`, 0)) | status == 1
  used <- !is.na(touched) & design$unit$code >= 0L
  near <- unique(design$unit$code[used & touched])
  if (length(near) < length(design$unit$values)) return(invisible())
  abort("empty", c("No unit stays beyond {format(max(rings))} of every treated unit: there is nobody to compare with.",
    i = "Use smaller rings."
  ))
}

#' @export
tidy.pilot_rings <- function(x, ...) {
  table <- tidy(x$fit, ...)
  at <- match(x$table$term, table$term)
  known <- !is.na(at)
  own <- table[table$term == x$treatment, ]
  own[c("ring.low", "ring.high", "cells", "units", "on.treated")] <- list(NA_real_, NA_real_, NA_integer_, NA_integer_, NA)
  rbind(own, cbind(table[at[known], ], x$table[known, -1L]))
}

#' @export
glance.pilot_rings <- function(x, ...) glance(x$fit)

#' @export
print.pilot_rings <- function(x, digits = 4L, ...) {
  cat("Exposure by distance to the nearest treated unit, ", paste(format(x$rings, trim = TRUE), collapse = ", "), " ", x$unit, "\n", sep = "")
  cat("Controls: units beyond ", format(max(x$rings)), " ", x$unit, " of every treated unit\n", sep = "")
  cat("SE:       ", x$fit$covariance$label, clusters_text(x$fit), "\n\n", sep = "")
  table <- as.data.frame(tidy(x))
  shown <- data.frame(
    term = table$term, estimate = signif(table$estimate, digits), std.error = signif(table$std.error, digits),
    statistic = round(table$statistic, 2L), p.value = signif(table$p.value, 3L), cells = table$cells, units = table$units
  )
  print(shown, row.names = FALSE, na.print = "")
  invisible(x)
}

# Rings at the middle of their distances, the treated at zero.
ring_points <- function(x) {
  table <- as.data.frame(tidy(x))
  table <- table[is.na(table$on.treated) | !table$on.treated, ]
  table$label <- ifelse(is.na(table$ring.low), figure_word("treated"), paste0(format(table$ring.low, trim = TRUE), "-", format(table$ring.high, trim = TRUE)))
  table$at <- seq_len(nrow(table))
  table
}

ring_axis <- function(x) {
  if (nzchar(x$unit)) figure_word("Distance to the nearest treated unit (%s)", x$unit) else figure_word("Distance to the nearest treated unit")
}

#' @export
plot.pilot_rings <- function(x, ...) {
  old <- figure_par_y(NULL)
  on.exit(graphics::par(old))
  table <- ring_points(x)
  colors <- shade(ifelse(is.na(table$ring.low), "red", "blue"))
  figure_plot(list(...),
    x = table$at, y = table$estimate, ylim = range(0, table$conf.low, table$conf.high), xlim = c(0.5, nrow(table) + 0.5), xaxt = "n",
    pch = 19, col = colors, xlab = ring_axis(x), ylab = ""
  )
  figure_ylab(figure_word("Effect"))
  graphics::abline(h = 0, col = "grey60", lty = 2)
  figure_intervals(table$at, table$conf.low, table$conf.high, colors)
  graphics::axis(1, table$at, table$label)
  invisible(x)
}

#' @exportS3Method ggplot2::autoplot
autoplot.pilot_rings <- function(object, ...) {
  table <- ring_points(object)
  table$label <- factor(table$label, levels = table$label)
  table$kind <- ifelse(is.na(table$ring.low), "treated", "exposed")
  ggplot2::ggplot(table, ggplot2::aes(x = .data$label, y = .data$estimate, color = .data$kind)) +
    ggplot2::geom_hline(yintercept = 0, linetype = 2, color = "grey60") +
    ggplot2::geom_pointrange(ggplot2::aes(ymin = .data$conf.low, ymax = .data$conf.high), size = 0.3) +
    ggplot2::scale_color_manual(values = shade(c(treated = "red", exposed = "blue")), guide = "none") +
    ggplot2::labs(x = ring_axis(object), y = figure_word("Effect")) + figure_theme()
}

#' Estimates without the neighbors of treated units
#'
#' A check against spillovers: the fit is made again without the never-treated units that lie within a distance of a unit that is ever treated. If
#' spillovers reach them, they are bad controls, and the estimate moves when they are gone.
#'
#' @param fit A fit of [pilot_did()], any estimator.
#' @param coordinates Two columns of its data, as `~ longitude + latitude` or quoted.
#' @param distance One or several distances: kilometers, or the unit of the coordinates.
#' @param metric As for [spatial_weights()].
#' @return A list of class `pilot_drop_neighbors`. `tidy()`: one row a distance, that of the full sample (`distance = 0`) first, for the
#'   treatment: `term`, `estimate`, ..., `distance`, `units.dropped`, `controls.left`, `nobs`.
#' @section Errors: `pilotdid_error_empty` where no never-treated unit is left.
#' @examples
#' fit <- pilot_did(resilience ~ status + fdi | code + year, pilot_cities)
#' drop_neighbors(fit, ~ longitude + latitude, distance = c(50, 100, 200))
#' @export
drop_neighbors <- function(fit, coordinates, distance, metric = c("great_circle", "euclidean")) {
  metric <- check_choice(metric, c("great_circle", "euclidean"), "metric")
  if (!inherits(fit, "pilot_fit") || is.null(fit$data)) {
    abort("argument", c("{.arg fit} must be a fit of {.fn pilot_did} that keeps its data.", x = "It is {.obj_type_friendly {fit}}."))
  }
  if (!is.numeric(distance) || !length(distance) || !all(is.finite(distance) & distance > 0)) {
    abort("argument", "{.arg distance} must hold positive numbers.")
  }
  design <- fit$design
  if (!identical(design$treatment$kind, "binary")) {
    abort("argument", c("Neighbors of treated units need a 0/1 treatment.", x = "It is {design$treatment$kind}."))
  }
  distance <- sort(unique(distance))
  ever <- design$treatment$cohort >= 0L
  nearest <- nearest_ever_treated(design, fit$data, coordinates, max(distance), metric, ever)
  rows <- list(neighbor_row(fit, 0, 0L, sum(!ever)))
  tick <- progress_ticker(length(distance), "Distances")
  for (d in distance) {
    tick()
    dropped <- !ever & nearest <= d
    if (all(dropped | ever)) {
      abort("empty", c("Within {format(d)} of treated units lie all units that are never treated.", i = "Use smaller distances."))
    }
    rows <- c(rows, list(neighbor_row(fit_without(fit, dropped), d, sum(dropped), sum(!ever & !dropped))))
  }
  structure(list(table = do.call(rbind, rows), unit = if (metric == "great_circle") "km" else ""), class = "pilot_drop_neighbors")
}

nearest_ever_treated <- function(design, data, coordinates, reach, metric, ever) {
  links <- cpp_neighbors_within(design_places(design, data, coordinates, metric), reach, metric == "great_circle")
  refuse_too_many(links)
  from <- rep.int(seq_along(ever), diff(links$start))
  to_treated <- ever[links$column + 1L]
  out <- rep(Inf, length(ever))
  best <- tapply(links$distance[to_treated], from[to_treated], min)
  out[as.integer(names(best))] <- best
  out
}

fit_without <- function(fit, dropped) {
  design <- fit$design
  used <- if (is.null(design$rows)) seq_len(design$n_data) else sort(design$rows + 1L)
  call <- fit$call
  call$data <- fit$data
  call$formula <- fit$formula
  call$subset <- used[!dropped[design$unit$code[used] + 1L]]
  eval(call, environment(fit$formula))
}

neighbor_row <- function(fit, distance, dropped, left) {
  table <- tidy(fit)
  at <- match(c(fit$design$treatment$names, "ATT"), table$term)
  row <- table[at[!is.na(at)][1L], ]
  row[c("distance", "units.dropped", "controls.left", "nobs")] <- list(distance, dropped, left, as.integer(nobs(fit)))
  row
}

#' @export
tidy.pilot_drop_neighbors <- function(x, ...) x$table

#' @export
print.pilot_drop_neighbors <- function(x, digits = 4L, ...) {
  cat("Without never-treated units near treated ones\n\n")
  table <- as.data.frame(x$table)
  shown <- data.frame(
    distance = ifelse(table$distance == 0, "all units", paste0("> ", format(table$distance, trim = TRUE), " ", x$unit)),
    estimate = signif(table$estimate, digits), std.error = signif(table$std.error, digits), p.value = signif(table$p.value, 3L),
    dropped = table$units.dropped, controls = table$controls.left, nobs = table$nobs
  )
  print(shown, row.names = FALSE)
  invisible(x)
}
