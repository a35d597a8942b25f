# Shared by the scripts of this folder; run from the root of the package.

read_utf8 <- function(file) {
  utils::read.csv(file, colClasses = "character", encoding = "UTF-8", check.names = FALSE)
}

# xz, the smallest; version 3 so that strings keep their UTF-8 mark.
save_data <- function(object) {
  name <- deparse(substitute(object))
  dir.create("data", showWarnings = FALSE)
  save(list = name, file = file.path("data", paste0(name, ".rda")),
    envir = parent.frame(), compress = "xz", version = 3)
}

# Great-circle distances in km (haversine, mean Earth radius 6371.0088 km):
# an n x n matrix.
distances_km <- function(longitude, latitude) {
  lon <- longitude * pi / 180
  lat <- latitude * pi / 180
  half <- sin(outer(lat, lat, "-") / 2)^2 +
    outer(cos(lat), cos(lat)) * sin(outer(lon, lon, "-") / 2)^2
  2 * 6371.0088 * asin(pmin(sqrt(half), 1))
}

# 1 / d with rows that sum to one, no cut-off: the field's usual matrix.
inverse_distance_weights <- function(longitude, latitude) {
  w <- 1 / distances_km(longitude, latitude)
  diag(w) <- 0
  w / rowSums(w)
}

# Stationary AR(1) paths with unit variance, one column a city: periods x n.
ar1_paths <- function(periods, n, rho) {
  path <- matrix(stats::rnorm(periods * n), periods)
  for (t in seq_len(periods)[-1]) {
    path[t, ] <- rho * path[t - 1, ] + sqrt(1 - rho^2) * path[t, ]
  }
  path
}

standardize <- function(x) (x - mean(x)) / stats::sd(x)

# Two-way demeaning of a balanced panel, one column a city: periods x n.
demean_two_way <- function(m) {
  m <- sweep(m, 2, colMeans(m))
  as.vector(m - rowMeans(m))
}

# What a two-way regression of `target` on `regressors` (a named list) gives
# when there is no noise: the estimand. All are periods x n; `z` takes the
# place of the first regressor as its instrument.
project <- function(target, regressors, cities = TRUE, z = NULL) {
  within <- function(m) demean_two_way(m[, cities, drop = FALSE])
  x <- vapply(regressors, within, within(target))
  instruments <- x
  if (!is.null(z)) instruments[, 1] <- within(z)
  drop(solve(crossprod(instruments, x), crossprod(instruments, within(target))))
}
