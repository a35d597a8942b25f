# Weights from matrices, maps and other packages; the object itself; combination and alignment.

#' @rdname spatial_weights
#' @export
spatial_weights.matrix <- function(x, ids = NULL, standardize = c("none", "row", "spectral"), ...) {
  standardize <- check_choice(standardize, c("none", "row", "spectral"), "standardize")
  if (!is.numeric(x)) abort("weights_value", c("Weights must be numbers.", x = "The matrix is of type {typeof(x)}."))
  check_square(dim(x))
  linked <- which(t(x) != 0 | is.na(t(x)), arr.ind = TRUE)
  from_triplets(linked[, 2L], linked[, 1L], t(x)[linked], nrow(x), ids %||% matrix_ids(dimnames(x)), standardize)
}

#' @rdname spatial_weights
#' @export
spatial_weights.Matrix <- function(x, ids = NULL, standardize = c("none", "row", "spectral"), ...) {
  standardize <- check_choice(standardize, c("none", "row", "spectral"), "standardize")
  rlang::check_installed("Matrix", "to read a sparse matrix")
  check_square(dim(x))
  names <- matrix_ids(dimnames(x))
  n <- nrow(x)
  x <- Matrix::summary(methods::as(methods::as(x, "generalMatrix"), "CsparseMatrix"))
  from_triplets(x$i, x$j, if (is.null(x$x)) rep(1, length(x$i)) else as.numeric(x$x), n, ids %||% names, standardize)
}

#' @rdname spatial_weights
#' @export
spatial_weights.nb <- function(x, ids = NULL, standardize = c("row", "spectral", "none"), ...) {
  standardize <- check_standardize(standardize)
  # spdep marks a place without neighbors by a single zero.
  neighbors <- lapply(x, function(j) j[j > 0L])
  from <- rep.int(seq_along(neighbors), lengths(neighbors))
  from_triplets(from, unlist(neighbors), rep(1, length(from)), length(x), ids %||% attr(x, "region.id"), standardize, label = "contiguity")
}

#' @rdname spatial_weights
#' @export
spatial_weights.listw <- function(x, ids = NULL, standardize = c("none", "row", "spectral"), ...) {
  standardize <- check_choice(standardize, c("none", "row", "spectral"), "standardize")
  linked <- lapply(x$neighbours, function(j) j[j > 0L])
  from <- rep.int(seq_along(linked), lengths(linked))
  from_triplets(from, unlist(linked), unlist(x$weights), length(linked), ids %||% attr(x$neighbours, "region.id"), standardize)
}

#' @rdname spatial_weights
#' @export
spatial_weights.sf <- function(x, unit, type = c("queen", "rook", "knn", "band", "inverse"),
                               standardize = c("row", "spectral", "none"), ...) {
  rlang::check_installed("sf", "to read a map")
  type <- check_choice(type, c("queen", "rook", "knn", "band", "inverse"), "type")
  unit <- column_argument(unit, x, "unit", 1L)
  ids <- x[[unit]]
  if (anyDuplicated(ids)) {
    abort("duplicates", c("A map must hold each unit once.",
      x = "Repeated: {.val {format_id(unique(ids[duplicated(ids)]))}}."
    ))
  }
  if (type %in% c("queen", "rook")) {
    rlang::check_installed("spdep", "for neighbors on a map")
    nb <- spdep::poly2nb(x, queen = type == "queen")
    return(spatial_weights(nb, ids = ids, standardize = check_standardize(standardize)))
  }
  centers <- suppressWarnings(sf::st_centroid(sf::st_geometry(x)))
  degrees <- isTRUE(sf::st_is_longlat(x))
  points <- sf::st_coordinates(centers)
  places <- list(ids, points[, 1L], points[, 2L])
  names(places) <- c(unit, "x coordinate", "y coordinate")
  spatial_weights(tibble::as_tibble(places),
    unit = unit, coordinates = names(places)[2:3], type = type, standardize = standardize,
    metric = if (degrees) "great_circle" else "euclidean", ...
  )
}

#' @rdname spatial_weights
#' @export
spatial_weights.pilot_weights <- function(x, with = NULL, type = c("product", "convex"), share = 0.5,
                                          standardize = c("row", "spectral", "none"), ...) {
  standardize <- check_standardize(standardize)
  if (is.null(with)) return(restandardize(x, standardize))
  type <- check_choice(type, c("product", "convex"), "type")
  check_number(share, "share", 0, 1)
  other <- align_weights(as_weights(with), list(values = x$ids, label = x$unit))
  both <- merge_links(x, other)
  both$value <- if (type == "product") both$first * both$second else share * both$first + (1 - share) * both$second
  out <- from_triplets(both$from, both$to, both$value, length(x$ids), x$ids, standardize,
    label = if (type == "product") paste(x$label, "times", other$label)
    else paste0(format(share), " x ", x$label, " + ", format(1 - share), " x ", other$label)
  )
  out[c("unit", "coordinates", "metric")] <- x[c("unit", "coordinates", "metric")]
  out
}

#' @rdname spatial_weights
#' @export
spatial_weights.default <- function(x, ...) {
  abort("weights", c("Spatial weights cannot be made of {.obj_type_friendly {x}}.",
    i = "Pass a data frame with coordinates, a matrix, an {.cls sf} map, or an {.cls nb} or {.cls listw} of {.pkg spdep}."
  ))
}

as_weights <- function(W) if (inherits(W, "pilot_weights")) W else spatial_weights(W)

check_square <- function(dim) {
  if (dim[1L] == dim[2L]) return(invisible())
  abort("weights_size", c("A weights matrix must be square, one row and one column a unit.", x = "It is {dim[1L]} x {dim[2L]}."))
}

# Names on rows and on columns must agree.
matrix_ids <- function(names) {
  rows <- names[[1L]]
  columns <- names[[2L]]
  if (!is.null(rows) && !is.null(columns) && !identical(rows, columns)) {
    first <- which(rows != columns)[1L]
    abort("alignment", c("Rows and columns of a weights matrix must name the same units in the same order.",
      x = "Place {first}: row {.val {rows[first]}}, column {.val {columns[first]}}."
    ))
  }
  rows %||% columns
}

# i, j from 1; repeated pairs are added up, zeros left out.
from_triplets <- function(i, j, x, n, ids, standardize, label = "matrix of weights") {
  bad <- which(is.na(x) | is.infinite(x) | x < 0)
  if (length(bad)) {
    abort("weights_value", c("Weights must be finite and not negative.",
      x = "Row {i[bad[1L]]}, column {j[bad[1L]]} holds {x[bad[1L]]}{if (length(bad) > 1) paste0('; so do ', length(bad) - 1, ' more')}."
    ))
  }
  if (any(i == j & x != 0)) {
    own <- i[i == j & x != 0]
    abort("weights_diagonal", c("No unit is its own neighbor: the diagonal must be zero.",
      x = "It is not in {length(own)} row{?s}: {first_few(own)}.",
      i = "Set {.code diag(W) <- 0}."
    ))
  }
  keep <- x != 0
  ordered <- order(i[keep], j[keep])
  i <- as.integer(i[keep])[ordered]
  j <- as.integer(j[keep])[ordered]
  x <- as.numeric(x[keep])[ordered]
  new_pair <- if (length(i)) c(TRUE, diff(i) != 0L | diff(j) != 0L) else logical()
  links <- list(
    start = c(0L, cumsum(tabulate(i[new_pair], n))), column = j[new_pair] - 1L,
    value = as.vector(rowsum(x, cumsum(new_pair)))
  )
  if (!is.null(ids) && length(ids) != n) {
    abort("weights_size", c("Every row of the weights needs one name.", x = "{length(ids)} name{?s} for {n} row{?s}."))
  }
  new_weights(links, ids, standardize, label = label, unit = "unit")
}

new_weights <- function(links, ids, standardize, label, unit, coordinates = NULL, metric = NULL, ties = 0L) {
  out <- list(
    start = as.integer(links$start), column = as.integer(links$column), value = as.numeric(links$value), ids = ids,
    label = label, unit = unit, coordinates = coordinates, metric = metric, ties = ties
  )
  if (!length(out$column)) {
    abort("weights_empty", c("Nobody has a neighbor.", i = "Use a larger {.arg cutoff} or {.arg k}."))
  }
  if (anyDuplicated(format_id(ids))) {
    twice <- unique(format_id(ids)[duplicated(format_id(ids))])
    abort("alignment", c("The names of the units must differ.", x = "Repeated: {.val {first_few(twice)}}."))
  }
  class(out) <- "pilot_weights"
  warn_islands(out)
  restandardize(out, standardize)
}

restandardize <- function(w, standardize) {
  row <- link_rows(w)
  if (standardize == "row") {
    w$value <- w$value / as.vector(rowsum(w$value, row))[match(row, unique(row))]
  } else if (standardize == "spectral") {
    radius <- cpp_spectral_radius(w)
    if (!radius$converged) {
      warn("spectral", c("The largest eigenvalue is only approximate.",
        x = "The power iteration stopped at {radius$value}."
      ))
    }
    w$value <- w$value / radius$value
  }
  w[c("symmetrizable", "row_standardized")] <- cpp_weights_traits(w)
  # A matrix whose rows sum to one stays one when units are left out.
  w$standardize <- if (w$row_standardized) "row" else standardize
  w$cache <- new.env(parent = emptyenv())
  w
}

# The row (from 1) of each link.
link_rows <- function(w) rep.int(seq_len(length(w$start) - 1L), diff(w$start))

islands <- function(w) which(diff(w$start) == 0L)

warn_islands <- function(w) {
  alone <- islands(w)
  if (!length(alone)) return(invisible())
  names <- if (is.null(w$ids)) alone else format_id(w$ids[alone])
  warn("islands", c("{length(alone)} unit{?s} {?has/have} no neighbor: {first_few(names)}.",
    i = "{cli::qty(length(alone))}{?Its/Their} spatial lag is zero. With a larger {.arg cutoff}, or with {.code type = \"knn\"}, everybody has neighbors."
  ), units = names)
}

# The links of either set, with both values (0 where one has none).
merge_links <- function(a, b) {
  n <- length(a$start) - 1
  key <- function(w) (link_rows(w) - 1) * n + w$column
  all <- sort(unique(c(key(a), key(b))))
  first <- second <- numeric(length(all))
  first[match(key(a), all)] <- a$value
  second[match(key(b), all)] <- b$value
  list(from = all %/% n + 1, to = all %% n + 1, first = first, second = second)
}

# The weights in the order of the panel's units: all of them must be there.
align_weights <- function(w, unit) {
  wanted <- format_id(unit$values)
  n <- length(w$start) - 1L
  known <- if (!is.null(w$ids)) format_id(w$ids)
  # Names 1, 2, ... that no unit has are those that spdep gives when it is told none.
  unnamed <- is.null(known) || (identical(known, as.character(seq_len(n))) && !any(wanted %in% known))
  if (unnamed) return(align_unnamed(w, unit, n))
  at <- match(wanted, known)
  if (anyNA(at)) {
    absent <- wanted[is.na(at)]
    abort("alignment", c("The weights must know every unit of the panel.",
      x = "{cli::qty(length(absent))}Without weights: {length(absent)} of {length(wanted)} unit{?s} ({.field {unit$label}}): {first_few(absent)}.",
      i = "Units of the weights are named, for example, {first_few(known, 3L)}."
    ), units = absent)
  }
  if (identical(at, seq_len(n))) return(w)
  reordered <- select_units(w, at)
  reordered$ids <- unit$values
  if (length(at) == n) {
    # The order of the units does not change eigenvalues.
    reordered$cache <- w$cache
    return(reordered)
  }
  inform("alignment", c("{n - length(at)} unit{?s} of the weights {?is/are} not in the panel and left out.",
    i = if (w$standardize != "none") "The weights of the others were standardized again."
  ))
  warn_islands(reordered)
  restandardize(reordered, w$standardize)
}

align_unnamed <- function(w, unit, n) {
  if (n != length(unit$values)) {
    abort("weights_size", c("The weights must have one row a unit.",
      x = "They have {n}, the panel has {length(unit$values)} unit{?s} ({.field {unit$label}}).",
      i = "Name the rows, and units are matched by name."
    ))
  }
  inform("alignment", c("The weights have no names: their rows are taken for the units in ascending order.",
    i = "First {first_few(format_id(unit$values), 3L)}"
  ))
  w$ids <- unit$values
  w
}

# Rows and columns `at` (from 1), in that order.
select_units <- function(w, at) {
  position <- integer(length(w$start) - 1L)
  position[at] <- seq_along(at)
  from <- position[link_rows(w)]
  to <- position[w$column + 1L]
  keep <- which(from > 0L & to > 0L)
  keep <- keep[order(from[keep], to[keep])]
  w$column <- to[keep] - 1L
  w$value <- w$value[keep]
  w$start <- c(0L, cumsum(tabulate(from[keep], length(at))))
  w$ids <- w$ids[at]
  if (!is.null(w$coordinates)) w$coordinates <- w$coordinates[at, , drop = FALSE]
  w
}
