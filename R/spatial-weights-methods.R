# Showing weights: what a reader must know about W, and a map of points and links.

#' @export
print.pilot_weights <- function(x, ...) {
  n <- length(x$start) - 1L
  neighbors <- diff(x$start)
  links <- length(x$column)
  cat("Spatial weights: ", x$label, ", ", standardization_text(x), "\n", sep = "")
  cat("Units:     ", big(n), if (!is.null(x$ids)) paste0(" (", x$unit, ")") else " (without names)", "\n", sep = "")
  cat("Links:     ", big(links), " (", format(100 * links / n / (n - 1), digits = 2), " % of all pairs), ",
    min(neighbors), " to ", max(neighbors), " neighbors, mean ", format(mean(neighbors), digits = 3), "\n", sep = "")
  cat("Symmetric: ", symmetry_text(x), "\n", sep = "")
  alone <- islands(x)
  cat("Islands:   ", if (length(alone)) paste0(length(alone), ": ", first_few(islands_names(x))) else "none", "\n", sep = "")
  if (x$ties > 0L) cat("Ties:      ", x$ties, if (x$ties == 1L) " unit chooses" else " units choose", " among equally distant neighbors, by order\n", sep = "")
  invisible(x)
}

standardization_text <- function(w, language = "en") say(language, paste0("standardize_", w$standardize))

islands_names <- function(w) if (is.null(w$ids)) islands(w) else format_id(w$ids[islands(w)])

symmetry_text <- function(w) {
  mirrored <- merge_links(w, transpose_links(w))
  if (isTRUE(all.equal(mirrored$first, mirrored$second, tolerance = 1e-12))) return("yes")
  if (w$symmetrizable) "no, but similar to a symmetric matrix (real eigenvalues)" else "no"
}

transpose_links <- function(w) {
  ordered <- order(w$column, link_rows(w))
  list(
    start = c(0L, cumsum(tabulate(w$column + 1L, length(w$start) - 1L))),
    column = link_rows(w)[ordered] - 1L, value = w$value[ordered]
  )
}

#' @export
summary.pilot_weights <- function(object, ...) {
  class(object) <- c("summary_pilot_weights", class(object))
  object
}

#' @export
print.summary_pilot_weights <- function(x, ...) {
  class(x) <- setdiff(class(x), "summary_pilot_weights")
  print(x)
  cat("\nUnits by number of neighbors\n")
  print(table(diff(x$start), dnn = NULL))
  cat("\nWeights\n")
  print(summary(x$value))
  invisible(x)
}

#' @export
tidy.pilot_weights <- function(x, ...) {
  ids <- x$ids %||% seq_len(length(x$start) - 1L)
  tibble::tibble(from = ids[link_rows(x)], to = ids[x$column + 1L], weight = x$value)
}

#' @export
glance.pilot_weights <- function(x, ...) {
  n <- length(x$start) - 1L
  neighbors <- diff(x$start)
  tibble::tibble(
    units = n, links = length(x$column), min.neighbors = min(neighbors), mean.neighbors = mean(neighbors),
    max.neighbors = max(neighbors), islands = length(islands(x)), ties = x$ties,
    row.standardized = x$row_standardized, symmetrizable = x$symmetrizable, type = x$label
  )
}

#' @export
as.matrix.pilot_weights <- function(x, ...) {
  n <- length(x$start) - 1L
  out <- matrix(0, n, n)
  out[cbind(link_rows(x), x$column + 1L)] <- x$value
  if (!is.null(x$ids)) dimnames(out) <- list(format_id(x$ids), format_id(x$ids))
  out
}

#' @export
dim.pilot_weights <- function(x) rep(length(x$start) - 1L, 2L)

#' Map of spatial weights
#'
#' Units as points, links as lines. Needs weights made from coordinates, or `coordinates`.
#'
#' @param x,object Spatial weights, see [spatial_weights()].
#' @param coordinates A matrix with two columns, one row a unit in the order of the weights; by default
#'   those that the weights were made from.
#' @param most The largest number of links that is drawn; beyond it, a random part of them would
#'   mislead, so only the points are shown and the title says so.
#' @param ... Further graphical parameters.
#' @return `plot()`: `x`, invisibly. `autoplot()`: a ggplot.
#' @examples
#' W <- spatial_weights(pilot_cities, "code", ~ longitude + latitude, k = 3)
#' plot(W)
#' @export
plot.pilot_weights <- function(x, coordinates = NULL, most = 20000, ...) {
  old <- figure_par()
  on.exit(graphics::par(old))
  map <- weights_map(x, coordinates, most)
  aspect <- if (map$degrees) 1 / cos(mean(range(map$points[, 2L])) * pi / 180) else 1
  figure_plot(list(...),
    x = map$points, type = "n", asp = aspect, xlab = map$labels[1L], ylab = map$labels[2L], main = map$title
  )
  if (nrow(map$links)) {
    graphics::segments(map$points[map$links$i, 1L], map$points[map$links$i, 2L],
      map$points[map$links$j, 1L], map$points[map$links$j, 2L], col = "grey70", lwd = 0.6
    )
  }
  graphics::points(map$points, pch = 19, cex = 0.5, col = ifelse(map$island, shade("red"), "black"))
  invisible(x)
}

#' @rdname plot.pilot_weights
#' @importFrom rlang .data
#' @exportS3Method ggplot2::autoplot
autoplot.pilot_weights <- function(object, coordinates = NULL, most = 20000, ...) {
  map <- weights_map(object, coordinates, most)
  points <- data.frame(x = map$points[, 1L], y = map$points[, 2L], island = map$island)
  links <- data.frame(
    x = points$x[map$links$i], y = points$y[map$links$i], xend = points$x[map$links$j], yend = points$y[map$links$j]
  )
  plot <- ggplot2::ggplot(points, ggplot2::aes(x = .data$x, y = .data$y)) +
    ggplot2::geom_segment(data = links, ggplot2::aes(xend = .data$xend, yend = .data$yend), color = "grey70", linewidth = 0.3) +
    ggplot2::geom_point(ggplot2::aes(color = .data$island), size = 0.9, show.legend = FALSE) +
    ggplot2::scale_color_manual(values = c(`FALSE` = "black", `TRUE` = shade("red"))) +
    ggplot2::labs(x = map$labels[1L], y = map$labels[2L], title = map$title) +
    figure_theme()
  if (map$degrees) plot + ggplot2::coord_fixed(1 / cos(mean(range(points$y)) * pi / 180)) else plot + ggplot2::coord_fixed()
}

map_axes <- function(degrees) if (degrees) figure_word(c("Longitude", "Latitude")) else c("x", "y")

weights_map <- function(w, coordinates, most) {
  n <- length(w$start) - 1L
  points <- coordinates %||% w$coordinates
  if (is.null(points)) {
    abort("coordinates", c("A map needs coordinates.",
      i = "These weights were not made from any: pass {.arg coordinates}, a matrix with two columns and {n} rows."
    ))
  }
  points <- as.matrix(points)
  if (!is.numeric(points) || !identical(dim(points), c(n, 2L))) {
    abort("coordinates", c("{.arg coordinates} must be a numeric matrix with {n} rows and two columns.",
      x = "It is {nrow(points)} x {ncol(points)}."
    ))
  }
  links <- data.frame(i = link_rows(w), j = w$column + 1L)
  # A link that goes both ways is one line.
  links <- links[!duplicated(data.frame(pmin(links$i, links$j), pmax(links$i, links$j))), ]
  title <- figure_word("%s: %s units, %s links", weights_text(w$label, figure_language()), big(n), big(length(w$column)))
  if (nrow(links) > most) {
    title <- figure_word("%s (too many to draw)", title)
    links <- links[0L, ]
  }
  degrees <- identical(w$metric, "great_circle")
  list(
    points = unname(points), links = links, title = title, degrees = degrees,
    labels = map_axes(degrees), island = seq_len(n) %in% islands(w)
  )
}
