# Spatial weights: who is whose neighbor, and how much. Kept in compressed rows (rows from 0, as the
# core reads them), so that 50,000 units need no matrix of 50,000 x 50,000.

#' Spatial weights
#'
#' Makes the matrix \eqn{W} of spatial models from coordinates, from a variable ("economic
#' distance"), from a map, from objects of `spdep`, or from any matrix. \eqn{w_{ij}} says how
#' much unit \eqn{j} counts as a neighbor of unit \eqn{i}; the diagonal is zero.
#'
#' From a data frame, by `type`:
#' - `"knn"`: \eqn{w_{ij} = 1} for the `k` nearest units. Not symmetric. Where several compete for
#'   the last place, those that come first in the order of the units are taken, and the number of
#'   units concerned is reported.
#' - `"band"`: 1 for all units up to `cutoff` away.
#' - `"inverse"`: \eqn{1/d_{ij}^{power}} up to `cutoff` away.
#' - `"economic"`: \eqn{1/|Y_i - Y_j|^{power}}, \eqn{Y} the mean of `value` over the rows of a unit.
#'
#' Distances between coordinates are great-circle kilometers on a sphere of radius 6371.0088 km
#' (`metric = "great_circle"`, longitude and latitude in degrees), or Euclidean in the unit of the
#' coordinates.
#'
#' Row standardization makes every row sum to one: \eqn{(Wx)_i} is then a mean over the neighbors,
#' and the spatial parameter lies below one. `"spectral"` divides by the largest eigenvalue, which
#' keeps the proportions between rows and the symmetry. Units without neighbors ("islands") keep
#' a row of zeros and are reported with a warning.
#'
#' @param x A data frame with one or several rows a unit, an `sf` object, an `nb` or `listw` object
#'   of `spdep`, a square matrix (also of package `Matrix`), or the result of this function.
#' @param unit The column that names the units, quoted or as `~ city`.
#' @param coordinates Two columns, as `~ longitude + latitude` or quoted; they must be the same in
#'   all rows of a unit.
#' @param value For `type = "economic"`: the column whose differences count.
#' @param type What makes neighbors, see below; for `sf` objects also `"queen"` (a shared point) and
#'   `"rook"` (a shared border); for two sets of weights `"product"` or `"convex"`.
#' @param k The number of neighbors.
#' @param cutoff The largest distance: kilometers, or the unit of the coordinates.
#' @param power The exponent of the distance.
#' @param min_distance Shorter distances (or smaller differences) count as this one. Without it two
#'   units in the same place, or with the same value, are an error where their weight would be
#'   infinite.
#' @param standardize `"row"`, `"spectral"` or `"none"`.
#' @param metric How coordinates are measured.
#' @param ids The names of the units, in the order of the rows of a matrix.
#' @param with The second set of weights.
#' @param share For `"convex"`: \eqn{share\,W_1 + (1 - share)\,W_2}.
#' @param ... Not used.
#' @return A list of class `pilot_weights` with methods for `print`, `summary`, `tidy` (one row a
#'   link), `as.matrix`, `plot` and `autoplot`.
#' @section Errors: classes `pilotdid_error_*`: `weights_size` (not square, wrong number of names),
#'   `weights_value` (missing, infinite or negative), `weights_diagonal`, `weights_empty`,
#'   `alignment`, `duplicated_coordinates`, `ties`, `coordinates`. Islands:
#'   `pilotdid_warning_islands`.
#' @references Anselin (1988), *Spatial Econometrics: Methods and Models*.
#' @seealso [spatial_did()], [moran_test()]
#' @examples
#' W <- spatial_weights(pilot_cities, unit = "code", coordinates = ~ longitude + latitude, k = 5)
#' W
#' # Nearby cities of similar income:
#' income <- spatial_weights(pilot_cities, "code", value = "gdp_per_capita", type = "economic")
#' near <- spatial_weights(pilot_cities, "code", ~ longitude + latitude, type = "inverse",
#'   cutoff = 500)
#' spatial_weights(near, with = income, type = "product")
#' @export
spatial_weights <- function(x, ...) UseMethod("spatial_weights")

#' @rdname spatial_weights
#' @export
spatial_weights.data.frame <- function(x, unit, coordinates = NULL, value = NULL,
                                       type = c("knn", "band", "inverse", "economic"), k = 5,
                                       cutoff = Inf, power = 1, min_distance = NULL,
                                       standardize = c("row", "spectral", "none"),
                                       metric = c("great_circle", "euclidean"), ...) {
  check_data(x, "x")
  type <- check_choice(type, c("knn", "band", "inverse", "economic"), "type")
  standardize <- check_standardize(standardize)
  metric <- check_choice(metric, c("great_circle", "euclidean"), "metric")
  check_number(power, "power", 0, open = TRUE)
  places <- read_places(x, unit, coordinates, value, type, metric)
  links <- find_links(places, type, k, cutoff, metric)
  links$value <- link_values(links, places, type, power, min_distance)
  new_weights(links, places$ids, standardize,
    label = weights_label(type, k, cutoff, power, metric, places$value_name),
    unit = places$label, coordinates = places$coordinates, metric = metric, ties = links$tied
  )
}

# One place a unit -> list(ids, label, coordinates (N x 2), value)
read_places <- function(x, unit, coordinates, value, type, metric) {
  unit <- column_argument(unit, x, "unit", 1L)
  id <- code_id(.subset2(x, unit), unit)
  if (anyNA(id$code)) {
    abort("identifier", c("Every row must name its unit.",
      x = "{.field {unit}} is missing in {sum(is.na(id$code))} row{?s}."
    ))
  }
  out <- list(ids = id$values, label = unit)
  if (type == "economic") {
    out$value_name <- column_argument(value, x, "value", 1L)
    out$value <- unit_means(.subset2(x, out$value_name), out$value_name, id)
  }
  if (type == "economic" && is.null(coordinates)) return(out)
  columns <- column_argument(coordinates, x, "coordinates", 2L)
  out$coordinates <- vapply(columns, function(name) unit_constant(.subset2(x, name), name, id), numeric(length(id$values)))
  dim(out$coordinates) <- c(length(id$values), 2L)
  check_coordinates(out, metric)
  if (type %in% c("knn", "band")) warn_same_place(out)
  out
}

unit_constant <- function(x, name, id) {
  first <- x[match(seq_along(id$values) - 1L, id$code)]
  if (!is.numeric(x) || !all(is.finite(x))) {
    abort("coordinates", c("Coordinates must be finite numbers.",
      x = if (is.numeric(x)) "{.field {name}} is not in {sum(!is.finite(x))} row{?s}: {first_few(which(!is.finite(x)))}."
      else "{.field {name}} is {.obj_type_friendly {x}}."
    ))
  }
  moved <- which(x != first[id$code + 1L])
  if (length(moved)) {
    where <- format_id(id$values[id$code[moved[1L]] + 1L])
    abort("coordinates", c("A unit must stay where it is.",
      x = "{.field {name}} changes within {.field {id$label}} = {.val {where}}, first in row {moved[1L]}."
    ))
  }
  as.numeric(first)
}

unit_means <- function(x, name, id) {
  if (!is.numeric(x)) {
    abort("argument", c("{.arg value} must be a numeric column.", x = "{.field {name}} is {.obj_type_friendly {x}}."))
  }
  means <- as.vector(tapply(x, factor(id$code, levels = seq_along(id$values) - 1L), mean, na.rm = TRUE))
  unknown <- which(!is.finite(means))
  if (length(unknown)) {
    abort("weights_value", c("Every unit must have a value.",
      x = "{.field {name}} has no finite mean for {length(unknown)} unit{?s}: {first_few(format_id(id$values[unknown]))}."
    ))
  }
  means
}

check_coordinates <- function(places, metric) {
  if (metric != "great_circle") return(invisible())
  outside <- which(abs(places$coordinates[, 1L]) > 360 | abs(places$coordinates[, 2L]) > 90)
  if (!length(outside)) return(invisible())
  names <- format_id(places$ids[outside])
  abort("coordinates", c("Longitude and latitude must be degrees, in this order.",
    x = "A latitude beyond 90 or a longitude beyond 360 degrees: {length(outside)} unit{?s}, {first_few(names)}.",
    i = "For projected coordinates use {.code metric = \"euclidean\"}."
  ))
}

same_place <- function(coordinates) {
  key <- complex(real = coordinates[, 1L], imaginary = coordinates[, 2L])
  which(duplicated(key) | duplicated(key, fromLast = TRUE))
}

warn_same_place <- function(places) {
  same <- same_place(places$coordinates)
  if (!length(same)) return(invisible())
  names <- format_id(places$ids[same])
  warn("duplicated_coordinates", c("Some units share their coordinates.",
    x = "{length(same)} units: {first_few(names)}.",
    i = "Each is the nearest neighbor of the other; check that they are not the same unit."
  ))
}

# -> list(start, column, distance, tied)
find_links <- function(places, type, k, cutoff, metric) {
  n <- length(places$ids)
  if (n < 2L) abort("weights_size", c("At least two units are needed.", x = "There is {n}."))
  globe <- metric == "great_circle"
  if (type == "knn") {
    check_count(k, "k")
    if (k >= n) abort("argument", c("{.arg k} must be below the number of units.", x = "It is {k}; there are {n} units."))
    return(cpp_nearest_neighbors(places$coordinates, as.integer(k), globe))
  }
  if (type == "band" && !is.finite(cutoff)) abort("argument", "{.code type = \"band\"} needs a {.arg cutoff}, the largest distance.")
  if (!identical(cutoff, Inf)) check_number(cutoff, "cutoff", 0, open = TRUE)
  # 2e8 links are 3 GB of weights: a cut-off is meant.
  if (!is.finite(cutoff) && as.numeric(n)^2 > 2e8) {
    abort("weights_size", c("All {n} units as neighbors of each other are too many.",
      i = "Set a {.arg cutoff}: what lies beyond hardly counts, and the matrix becomes sparse."
    ))
  }
  links <- if (type == "economic") {
    cpp_neighbors_within(as.matrix(places$value), cutoff, FALSE)
  } else {
    cpp_neighbors_within(places$coordinates, cutoff, globe)
  }
  if (links$too_many) abort("weights_size", c("There are more than 2^31 links.", i = "Use a smaller {.arg cutoff}."))
  links
}

link_values <- function(links, places, type, power, min_distance) {
  if (type %in% c("knn", "band")) return(rep(1, length(links$column)))
  distance <- links$distance
  if (!is.null(min_distance)) {
    check_number(min_distance, "min_distance", 0, open = TRUE)
    distance <- pmax(distance, min_distance)
  }
  zero <- which(distance == 0)
  if (length(zero)) {
    from <- rep.int(seq_along(places$ids), diff(links$start))[zero]
    to <- links$column[zero] + 1L
    once <- from < to
    pairs <- paste(format_id(places$ids[from[once]]), "and", format_id(places$ids[to[once]]))
    what <- if (type == "economic") "the same value" else "the same coordinates"
    abort(if (type == "economic") "ties" else "duplicated_coordinates", c(
      "An inverse distance of zero is infinite.",
      x = "{length(pairs)} pair{?s} of units {?has/have} {what}: {first_few(pairs, 3L)}.",
      i = "Set {.arg min_distance}, the distance that such pairs are given, or correct the data."
    ))
  }
  distance^-power
}

weights_label <- function(type, k, cutoff, power, metric, value_name) {
  reach <- if (is.finite(cutoff)) paste0(" up to ", format(cutoff), if (metric == "great_circle" && type != "economic") " km") else ""
  exponent <- if (power == 1) "" else paste0(" to the power ", format(power))
  switch(type,
    knn = paste(k, if (k == 1) "nearest neighbor" else "nearest neighbors"),
    band = paste0("neighbors", reach),
    inverse = paste0("inverse distance", exponent, reach),
    economic = paste0("inverse difference of ", value_name, exponent, reach)
  )
}

# "x", c("x", "y"), ~ x + y -> names that stand in the data.
column_argument <- function(x, data, name, length) {
  if (inherits(x, "formula")) x <- vapply(as_exprs(x, name), expr_label, "")
  if (!is.character(x) || length(x) != length) {
    abort("argument", c("{.arg {name}} must name {length} column{?s}, quoted or as a one-sided formula.",
      x = "It is {.obj_type_friendly {x}}."
    ))
  }
  check_columns(x, data)
  x
}

check_standardize <- function(x) check_choice(x, c("row", "spectral", "none"), "standardize")

# Names as text, the same for 110000 and 110000L, never in scientific notation.
format_id <- function(x) {
  if (is.numeric(x) && !is.object(x)) format(x, scientific = FALSE, trim = TRUE, digits = 15L) else as.character(x)
}
