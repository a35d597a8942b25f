square <- function() {
  data.frame(place = c("甲 city", "b", "c", "d"), lon = c(0, 1, 0, 1), lat = c(0, 0, 1, 1), income = c(1, 2, 4, 8))
}

test_that("great-circle neighbors are those of spdep", {
  stored <- readRDS(test_path("fixtures", "spatial.rds"))
  d <- data.frame(id = 1:40, lon = stored$places[, 1], lat = stored$places[, 2])
  w <- spatial_weights(d, "id", ~ lon + lat, k = 4, standardize = "none")
  found <- split(tidy(w)$to, tidy(w)$from)
  # spdep measures on the ellipsoid: a neighbor differs only where two are equally far to half a percent.
  same <- mapply(function(a, b) length(intersect(a, b)), found, asplit(stored$knn, 1))
  expect_gt(mean(same == 4), 0.9)
  expect_true(all(same >= 3))
})

test_that("distances are those of the haversine formula, by brute force", {
  withr::local_seed(2)
  d <- data.frame(id = 1:80, lon = runif(80, -180, 180), lat = runif(80, -89, 89))
  haversine <- function(i, j) {
    rad <- pi / 180
    h <- sin((d$lat[i] - d$lat[j]) * rad / 2)^2 + cos(d$lat[i] * rad) * cos(d$lat[j] * rad) * sin((d$lon[i] - d$lon[j]) * rad / 2)^2
    2 * 6371.0088 * asin(pmin(1, sqrt(h)))
  }
  distance <- outer(1:80, 1:80, haversine)
  diag(distance) <- Inf
  w <- as.matrix(spatial_weights(d, "id", ~ lon + lat, type = "inverse", cutoff = 4000, standardize = "none"))
  # Sines and arc sines of angles: 1e-12 of a distance, less near the antipodes.
  expect_equal(unname(w), ifelse(distance <= 4000, 1 / distance, 0), tolerance = 1e-12)
  nearest <- spatial_weights(d, "id", ~ lon + lat, k = 6, standardize = "none")
  expected <- t(apply(distance, 1, function(x) x <= sort(x)[6])) * 1
  expect_equal(unname(as.matrix(nearest)), expected)
})

test_that("power, minimum distance, band and the plane", {
  d <- square()
  w <- as.matrix(spatial_weights(d, ~place, c("lon", "lat"), type = "inverse", power = 2, metric = "euclidean", standardize = "none"))
  expect_equal(w["甲 city", c("b", "c", "d")], c(b = 1, c = 1, d = 0.5))
  w <- as.matrix(spatial_weights(d, ~place, ~ lon + lat, type = "inverse", min_distance = 2, metric = "euclidean", standardize = "none"))
  expect_true(all(w[row(w) != col(w)] == 0.5))
  w <- as.matrix(spatial_weights(d, ~place, ~ lon + lat, type = "band", cutoff = 1, metric = "euclidean"))
  expect_equal(unname(rowSums(w)), rep(1, 4))
  expect_equal(w["d", c("b", "c")], c(b = 0.5, c = 0.5))
})

test_that("economic distance uses means by unit; product and convex combination are elementwise", {
  d <- rbind(square(), transform(square(), income = income + 2))
  w <- spatial_weights(d, "place", value = "income", type = "economic", standardize = "none")
  expect_equal(as.matrix(w)["甲 city", "d"], 1 / 7)
  near <- spatial_weights(d, "place", ~ lon + lat, type = "band", cutoff = 1, metric = "euclidean", standardize = "none")
  both <- as.matrix(spatial_weights(near, with = w, type = "product", standardize = "none"))
  expect_equal(both, as.matrix(near) * as.matrix(w))
  mixed <- as.matrix(spatial_weights(near, with = w, type = "convex", share = 0.3, standardize = "row"))
  sum <- 0.3 * as.matrix(near) + 0.7 * as.matrix(w)
  expect_equal(mixed, sum / rowSums(sum))
})

test_that("ties are broken by order and counted", {
  d <- data.frame(id = 1:9, x = rep(1:3, 3), y = rep(1:3, each = 3))
  w <- spatial_weights(d, "id", ~ x + y, k = 3, metric = "euclidean", standardize = "none")
  # The middle has four neighbors at distance one: units 2, 4, 6, 8.
  expect_equal(unname(which(as.matrix(w)[5, ] == 1)), c(2, 4, 6))
  expect_gt(w$ties, 0)
  expect_output(print(w), "equally distant")
  # Of three units on a line only the middle one has a choice.
  line <- spatial_weights(data.frame(id = 1:3, x = 1:3, y = 0), "id", ~ x + y, k = 1, metric = "euclidean")
  expect_output(print(line), "1 unit chooses")
})

test_that("standardization: rows sum to one, the largest eigenvalue is one", {
  m <- toy_weights(12, 3, "none")
  w <- spatial_weights(m, standardize = "row")
  expect_equal(unname(rowSums(as.matrix(w))), rep(1, 12))
  s <- spatial_weights(m, standardize = "spectral")
  expect_equal(max(Mod(eigen(as.matrix(s))$values)), 1)
  # A bipartite map has the eigenvalue -1 as well; an asymmetric one has complex ones.
  ring <- matrix(0, 6, 6)
  ring[cbind(1:6, c(2:6, 1))] <- 2
  ring[cbind(c(2:6, 1), 1:6)] <- 2
  expect_equal(max(as.matrix(spatial_weights(ring, standardize = "spectral"))), 0.5)
  a <- toy_weights(12, 4, "none", symmetric = FALSE)
  expect_equal(max(Mod(eigen(as.matrix(spatial_weights(a, standardize = "spectral")))$values)), 1)
})

test_that("a matrix survives the round trip, dense and sparse, and so does spdep's list", {
  m <- toy_weights(15, 5, symmetric = FALSE)
  expect_equal(as.matrix(spatial_weights(m)), m)
  skip_if_not_installed("Matrix")
  expect_equal(as.matrix(spatial_weights(Matrix::Matrix(m, sparse = TRUE))), m)
  expect_equal(as.matrix(spatial_weights(methods::as(Matrix::Matrix(pmax(m, t(m)) > 0, sparse = TRUE) * 1, "CsparseMatrix"))), (pmax(m, t(m)) > 0) * 1)
  listw <- structure(list(
    neighbours = structure(lapply(1:15, function(i) unname(which(m[i, ] > 0))), region.id = rownames(m), class = "nb"),
    weights = lapply(1:15, function(i) m[i, m[i, ] > 0]), style = "W"
  ), class = c("listw", "nb"))
  expect_equal(as.matrix(spatial_weights(listw)), m)
  expect_equal(as.matrix(spatial_weights(listw$neighbours)), (m > 0) / rowSums(m > 0))
})

test_that("a symmetric matrix that was row-standardized is recognized", {
  expect_true(spatial_weights(toy_weights(20, 1))$symmetrizable)
  expect_false(spatial_weights(toy_weights(20, 1, symmetric = FALSE))$symmetrizable)
  # Symmetric pattern, but no diagonal matrix makes it symmetric.
  m <- matrix(1, 3, 3) - diag(3)
  m[1, 2] <- 2
  expect_false(spatial_weights(m)$symmetrizable)
})

test_that("bad weights are refused with the cause", {
  expect_error(spatial_weights(matrix(1, 3, 2)), class = "pilotdid_error_weights_size")
  expect_error(spatial_weights(diag(3) + 1), class = "pilotdid_error_weights_diagonal")
  m <- matrix(1, 3, 3) - diag(3)
  m[2, 3] <- -1
  expect_error(spatial_weights(m), class = "pilotdid_error_weights_value")
  m[2, 3] <- NA
  expect_error(spatial_weights(m), class = "pilotdid_error_weights_value")
  expect_error(spatial_weights(matrix(0, 3, 3)), class = "pilotdid_error_weights_empty")
  expect_error(spatial_weights(matrix(0, 3, 3) + 1 - diag(3), ids = c("a", "a", "b")), class = "pilotdid_error_alignment")
  expect_error(spatial_weights("W"), class = "pilotdid_error_weights")
  m <- toy_weights(4, 1)
  colnames(m) <- rev(colnames(m))
  expect_error(spatial_weights(m), class = "pilotdid_error_alignment")
})

test_that("bad coordinates are refused with the cause", {
  d <- square()
  d[2, 2:3] <- d[1, 2:3]
  expect_error(spatial_weights(d, "place", ~ lon + lat, type = "inverse"), class = "pilotdid_error_duplicated_coordinates")
  expect_warning(spatial_weights(d, "place", ~ lon + lat, k = 2), class = "pilotdid_warning_duplicated_coordinates")
  d$income[2] <- d$income[1]
  expect_error(spatial_weights(d, "place", value = "income", type = "economic"), class = "pilotdid_error_ties")
  d <- square()
  d$lat[3] <- 100
  expect_error(spatial_weights(d, "place", ~ lon + lat, k = 2), class = "pilotdid_error_coordinates")
  d$lat[3] <- NA
  expect_error(spatial_weights(d, "place", ~ lon + lat, k = 2), class = "pilotdid_error_coordinates")
  expect_error(spatial_weights(rbind(square(), transform(square(), lon = lon + 1)), "place", ~ lon + lat, k = 2), class = "pilotdid_error_coordinates")
  expect_error(spatial_weights(square(), "place", ~ lon + lat, type = "band"), class = "pilotdid_error_argument")
  expect_error(spatial_weights(square(), "place", ~ lon + lat, k = 4), class = "pilotdid_error_argument")
  expect_error(spatial_weights(square(), "plac", ~ lon + lat), class = "pilotdid_error_unknown_column")
})

test_that("islands are reported and keep a row of zeros", {
  d <- rbind(square(), data.frame(place = "far", lon = 90, lat = 40, income = 3))
  expect_warning(w <- spatial_weights(d, "place", ~ lon + lat, type = "band", cutoff = 200), class = "pilotdid_warning_islands")
  expect_equal(unname(rowSums(as.matrix(w))["far" == rownames(as.matrix(w))]), 0)
  expect_false(w$row_standardized)
  expect_output(print(w), "Islands: +1: far")
})

test_that("units are matched by name, whatever their order and type", {
  m <- toy_weights(6, 2)
  dimnames(m) <- list(110000 + 1:6, 110000 + 1:6)
  shuffled <- m[c(3, 1, 6, 2, 5, 4), c(3, 1, 6, 2, 5, 4)]
  aligned <- pilotdid:::align_weights(spatial_weights(shuffled), list(values = 110000L + 1:6, label = "code"))
  expect_equal(unname(as.matrix(aligned)), unname(m))
  expect_error(
    pilotdid:::align_weights(spatial_weights(shuffled), list(values = c(110001:110006, 5), label = "code")),
    class = "pilotdid_error_alignment"
  )
  # Units that the panel does not have: the others are standardized again.
  expect_message(
    fewer <- pilotdid:::align_weights(spatial_weights(m, standardize = "row"), list(values = 110001:110005, label = "code")),
    class = "pilotdid_message_alignment"
  )
  expect_equal(unname(rowSums(as.matrix(fewer))), rep(1, 5))
  expect_error(pilotdid:::align_weights(spatial_weights(unname(m)), list(values = 1:7, label = "id")), class = "pilotdid_error_weights_size")
  expect_message(pilotdid:::align_weights(spatial_weights(unname(m)), list(values = letters[1:6], label = "id")), class = "pilotdid_message_alignment")
})

test_that("tibbles and data.tables are read and not changed", {
  d <- square()
  w <- spatial_weights(d, "place", ~ lon + lat, k = 2)
  expect_equal(spatial_weights(tibble::as_tibble(d), "place", ~ lon + lat, k = 2)$value, w$value)
  expect_identical(d, square())
  skip_if_not_installed("data.table")
  expect_equal(spatial_weights(data.table::as.data.table(d), "place", ~ lon + lat, k = 2)$column, w$column)
})

test_that("plots draw, and say why they cannot", {
  withr::local_pdf(NULL)
  w <- spatial_weights(square(), "place", ~ lon + lat, k = 2)
  expect_invisible(plot(w))
  expect_error(plot(spatial_weights(toy_weights(5, 1))), class = "pilotdid_error_coordinates")
  skip_if_not_installed("ggplot2")
  expect_s3_class(ggplot2::ggplot_build(ggplot2::autoplot(w)), "ggplot_built")
})

test_that("neighbors do not depend on the threads", {
  withr::local_seed(1)
  d <- data.frame(id = 1:2000, lon = runif(2000, 80, 130), lat = runif(2000, 20, 50))
  before <- pilot_threads(1)
  withr::defer(pilot_threads(before))
  one <- spatial_weights(d, "id", ~ lon + lat, k = 7)
  pilot_threads(2)
  two <- spatial_weights(d, "id", ~ lon + lat, k = 7)
  expect_identical(one[c("start", "column", "value")], two[c("start", "column", "value")])
})

test_that("a map gives the neighbors that share a border, and the distances of its centers", {
  skip_if_not_installed("sf")
  skip_if_not_installed("spdep")
  # A board of three by three squares: queens meet at corners, rooks do not.
  board <- expand.grid(x = 0:2, y = 0:2)
  square <- function(x, y) sf::st_polygon(list(cbind(x + c(0, 1, 1, 0, 0), y + c(0, 0, 1, 1, 0))))
  map <- sf::st_sf(id = letters[1:9], geometry = sf::st_sfc(Map(square, board$x, board$y)))
  steps <- function(f) outer(1:9, 1:9, Vectorize(function(i, j) f(abs(board$x[i] - board$x[j]), abs(board$y[i] - board$y[j]))))
  dense <- function(W) unname(as.matrix(W))
  expect_equal(dense(spatial_weights(map, "id", "queen", "none")), 1 * (steps(pmax) == 1))
  expect_equal(dense(spatial_weights(map, "id", "rook", "none")), 1 * (steps(`+`) == 1))
  inverse <- 1 / steps(function(a, b) sqrt(a^2 + b^2))
  diag(inverse) <- 0
  # Centers are the mean of corners: rounding alone.
  expect_equal(dense(spatial_weights(map, "id", "inverse", "none")), inverse, tolerance = 1e-12)
  expect_error(spatial_weights(rbind(map, map[1, ]), "id", "rook"), class = "pilotdid_error_duplicates")
})
