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
  2 * 6371.0088 * asin(pmin(1, sqrt(half)))
}

# 1 / d with rows that sum to one, no cut-off: the field's usual matrix.
inverse_distance_weights <- function(longitude, latitude) {
  w <- 1 / distances_km(longitude, latitude)
  diag(w) <- 0
  w / rowSums(w)
}

# Stationary AR(1) paths with unit variance: n x periods.
ar1_paths <- function(n, periods, rho) {
  shocks <- matrix(stats::rnorm(n * periods), n)
  for (t in seq_len(periods)[-1]) {
    shocks[, t] <- rho * shocks[, t - 1] + sqrt(1 - rho^2) * shocks[, t]
  }
  shocks
}

# Balanced two-way demeaning of a vector stored city by city (year fastest).
demean_two_way <- function(x, periods) {
  m <- matrix(x, nrow = periods)
  m <- sweep(m, 2, colMeans(m))
  as.vector(m - rowMeans(m))
}
