# Covariance that allows for correlation between places within a distance of each other.

#' @rdname pilot_vcov
#' @export
conley_vcov <- function(cutoff = NULL, latitude = NULL, longitude = NULL, kernel = c("uniform", "bartlett"),
                        lag = 0, distance = c("haversine", "euclidean")) {
  kernel <- check_choice(kernel, c("uniform", "bartlett"), "kernel")
  distance <- check_choice(distance, c("haversine", "euclidean"), "distance")
  check_count(lag, "lag", min = 0)
  if (is.null(cutoff)) {
    abort("argument", c("{.arg cutoff} must be given for Conley's covariance.",
      i = "{.code vcov = conley_vcov(cutoff = 200)}: places farther apart than 200 km are taken as unrelated."
    ))
  }
  check_number(cutoff, "cutoff", 0, Inf, open = TRUE)
  unit <- if (distance == "haversine") " km" else ""
  label <- paste0("Conley (", format(cutoff), unit, ", ", kernel, if (lag > 0) paste0(", lag ", lag), ")")
  structure(list(
    type = "conley", cutoff = cutoff, latitude = latitude, longitude = longitude, kernel = kernel,
    lag = lag, distance = distance, label = label
  ), class = "pilot_vcov")
}

# Linear fits have scores by row. Estimators known by unit have one contribution a unit, whose sum
# over periods is already taken: the places of units are compared once.
covariance_conley <- function(fit, spec, ssc) {
  refuse_lean_data(fit, "Conley's covariance")
  linear <- !is.null(fit$maps)
  design <- fit$design
  rows <- if (is.null(design$rows)) seq_len(design$n_data) else design$rows + 1L
  if (!linear) rows <- rows[design$start[-length(design$start)] + 1L]
  at <- conley_coordinates(fit, spec, rows)
  place <- code_places(at$x, at$y)
  time <- if (linear && !is.null(design$time)) design$time$code[rows] else integer(length(rows))
  scores <- if (linear) panel_scores(fit) else influence(fit)
  meat <- cpp_spatial_covariance(
    scores, place$code, time, max(time) + 1L, place$x, place$y,
    match(spec$distance, c("haversine", "euclidean")) - 1L, spec$cutoff,
    match(spec$kernel, c("uniform", "bartlett")) - 1L
  )
  if (!linear) {
    if (spec$lag > 0) refuse_unit_lag(fit)
    return(list(matrix = nearest_psd(meat), df = Inf))
  }
  if (spec$lag > 0) {
    position <- time_positions(fit, "A lag")
    meat <- meat + cpp_serial_covariance(scores, design$start, position, as.integer(spec$lag))
  }
  df <- max(fit$nobs - count_parameters(fit, ssc), 1)
  factor <- if (ssc$k %in% c("none", "zero")) 1 else fit$nobs / df
  list(matrix = nearest_psd(fit$bread %*% meat %*% fit$bread) * factor, df = df)
}

refuse_unit_lag <- function(fit) {
  abort("vcov", c("Conley's covariance of {.code estimator = {.val {fit$estimator}}} takes no lag.",
    x = "It is known by the contributions of whole units, which allow for any correlation over time.",
    i = "Use {.code lag = 0}."
  ))
}

refuse_lean_data <- function(fit, what) {
  if (!is.null(fit$data)) return(invisible())
  abort("lean", c("This fit no longer has its data.",
    x = "{what} needs columns of it.",
    i = "Fit again with {.code lean = FALSE}."
  ))
}

# The coordinates of the rows: list(x = longitude, y = latitude).
conley_coordinates <- function(fit, spec, rows) {
  names <- list(
    y = spec$latitude %||% find_column(fit$data, c("latitude", "lat")),
    x = spec$longitude %||% find_column(fit$data, c("longitude", "lon", "lng", "long"))
  )
  if (is.null(names$x) || is.null(names$y)) {
    abort("coordinates", c("Conley's covariance needs the coordinates of each row.",
      x = "No columns called latitude and longitude were found.",
      i = "Name them: {.code conley_vcov({spec$cutoff}, latitude = \"...\", longitude = \"...\")}."
    ))
  }
  check_columns(c(names$y, names$x), fit$data)
  out <- lapply(names, function(name) {
    column <- .subset2(fit$data, name)
    if (!is.numeric(column)) {
      abort("coordinates", c("Coordinates must be numbers.", x = "{.field {name}} is {.obj_type_friendly {column}}."))
    }
    as.numeric(column)[rows]
  })
  check_row_coordinates(out, names, rows, spec$distance)
  out
}

check_row_coordinates <- function(at, names, rows, distance) {
  bad <- rows[!is.finite(at$x) | !is.finite(at$y)]
  if (length(bad)) {
    abort("coordinates", c("Coordinates must be known in every row used.",
      x = "{.field {names$y}} or {.field {names$x}} is missing in {length(bad)} of them: row{?s} {first_few(sort(bad))}.",
      i = "Fill them in, or drop these rows with {.arg subset}."
    ))
  }
  if (distance != "haversine") return(invisible())
  wrong <- rows[abs(at$y) > 90 | abs(at$x) > 360]
  if (length(wrong)) {
    abort("coordinates", c("Latitudes lie between -90 and 90 degrees, longitudes between -360 and 360.",
      x = "{.field {names$y}} or {.field {names$x}} does not in {length(wrong)} row{?s}: {first_few(sort(wrong))}.",
      i = "Are the two exchanged? Use {.code distance = \"euclidean\"} for projected coordinates."
    ))
  }
}

find_column <- function(data, candidates) {
  at <- match(candidates, tolower(names(data)))
  at <- at[!is.na(at)]
  if (length(at)) names(data)[at[1L]]
}

code_places <- function(x, y) {
  a <- cpp_code(x)
  b <- cpp_code(y)
  pairs <- cpp_code_pairs(a$code, b$code, length(b$values))
  list(code = pairs$code, x = a$values[pairs$first + 1L], y = b$values[pairs$second + 1L])
}
