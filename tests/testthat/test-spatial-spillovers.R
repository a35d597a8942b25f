
dense_spillovers <- function(fit, w, b, untreated = "never") {
  n <- nrow(w)
  status <- matrix(fit$panel$x[, "d"], n)
  rho <- if ("rho" %in% names(b)) b[["rho"]] else 0
  inverse <- solve(diag(n) - rho * w)
  split <- fit$spec$spillover == "split"
  on_treated <- if (split) b[["W:d on treated"]] else b[["W:d"]]
  on_untreated <- if (split) b[["W:d on untreated"]] else b[["W:d"]]
  response <- function(d) as.vector(inverse %*% (b[["d"]] * d + on_treated * d * (w %*% d) + on_untreated * (1 - d) * (w %*% d)))
  total <- apply(status, 2, response)
  own <- status * 0
  for (i in seq_len(n)) {
    alone <- numeric(n)
    alone[i] <- 1
    own[i, ] <- response(alone)[i]
  }
  other <- (1 - status) * rep(colSums(status) > 0, each = n)
  if (untreated == "never") other <- other * (rowSums(status) == 0)
  mean_of <- function(v, cells) sum(v * cells) / sum(cells)
  treated <- mean_of(total, status)
  c(mean_of(own, status), treated - mean_of(own, status), treated, mean_of(total, other), treated - mean_of(total, other))
}

test_that("spillovers against the model's response written out; standard errors against differences", {
  for (standardize in c("row", "spectral")) {
    w <- toy_weights(15, 2, standardize, FALSE)
    d <- toy_spatial_panel(w, 6, 2)
    for (model in c("sdm", "slx")) {
      for (spillover in c("pooled", "split")) {
        fit <- spatial_did(y ~ d + x | unit + time, d, w, model, spillover = spillover, bias_correction = "none")
        for (untreated in c("never", "notyet")) {
          table <- tidy(spillovers(fit, untreated))
          expect_equal(table$estimate, dense_spillovers(fit, w, coef(fit), untreated), tolerance = 1e-9)
          gradient <- vapply(seq_along(coef(fit)), function(j) {
            h <- 1e-5
            up <- down <- coef(fit)
            up[j] <- up[j] + h
            down[j] <- down[j] - h
            (dense_spillovers(fit, w, up, untreated) - dense_spillovers(fit, w, down, untreated)) / (2 * h)
          }, numeric(5))
          # Central differences: ten digits.
          expect_equal(table$std.error, unname(sqrt(diag(gradient %*% vcov(fit) %*% t(gradient)))), tolerance = 1e-6)
        }
      }
    }
  }
})

test_that("split spillovers add up to the pooled exposure, and effects() leaves the treatment out", {
  w <- toy_weights(15, 3)
  d <- toy_spatial_panel(w, 6, 3)
  pooled <- spatial_did(y ~ d + x | unit + time, d, w)
  split <- spatial_did(y ~ d + x | unit + time, d, w, spillover = "split")
  parts <- model.matrix(split)[, c("W:d on treated", "W:d on untreated")]
  expect_equal(rowSums(parts), model.matrix(pooled)[, "W:d"])
  expect_true(all(parts[d$d == 0, 1] == 0) && all(parts[d$d == 1, 2] == 0))
  expect_equal(unique(effects(split)$term), "x")
  expect_error(spatial_did(y ~ x + d | unit + time, d, w, spillover = "split"), class = "pilotdid_error_argument")
  expect_error(spillovers(spatial_did(y ~ x + d | unit + time, d, w)), class = "pilotdid_error_argument")
  expect_output(print(spillovers(split)), "split by receiver")
})

line_panel <- function() {
  withr::local_seed(8)
  d <- expand.grid(unit = 1:40, time = 1:6)
  # Places on a line, a degree apart on the equator (111.2 km); units 1, 11, 21, 31 join.
  d$lon <- d$unit
  d$lat <- 0
  d$d <- as.integer(d$unit %% 10 == 1 & d$time >= 4)
  gap <- pmin((d$unit - 1) %% 10, 10 - (d$unit - 1) %% 10)
  gap[d$unit > 31] <- d$unit[d$unit > 31] - 31
  d$gap <- gap
  d$y <- 2 * d$d + (d$time >= 4) * (1 * (gap == 1) + 0.5 * (gap == 2)) + d$unit / 10 + d$time + rnorm(240, sd = 0.01)
  d
}

test_that("rings find each distance's spillover, the treated effect is free of them", {
  d <- line_panel()
  rings <- ring_did(y ~ d | unit + time, d, ~ lon + lat, c(0, 150, 250))
  table <- tidy(rings)
  # Noise of 0.01 over hundreds of cells.
  expect_equal(table$estimate, c(2, 1, 0.5), tolerance = 0.01)
  expect_equal(table$cells[2], sum(d$gap == 1 & d$time >= 4))
  expect_equal(table$units[3], length(unique(d$unit[d$gap == 2])))
  plain <- coef(pilot_did(y ~ d | unit + time, d))[["d"]]
  expect_lt(plain, 1.9)
  # Another order of rows, other names, another unit of the same distances.
  withr::local_seed(1)
  other <- d[sample(nrow(d)), ]
  names(other)[names(other) == "lon"] <- "经 度"
  again <- ring_did(y ~ d | unit + time, other, c("经 度", "lat"), c(0, 1.35, 2.25), metric = "euclidean")
  expect_equal(tidy(again)$estimate, table$estimate, tolerance = 1e-10)
})

test_that("rings of treated units look at the other treated ones", {
  d <- line_panel()
  d$d[d$unit == 2 & d$time >= 5] <- 1L
  # One unit joins later than the rest.
  rings <- thin_cohorts(ring_did(y ~ d | unit + time, d, ~ lon + lat, c(0, 150), on_treated = TRUE))
  table <- tidy(rings)
  expect_equal(table$cells[table$on.treated %in% TRUE], 4)
})

test_that("rings that cannot be are refused", {
  d <- line_panel()
  expect_error(ring_did(y ~ d | unit + time, d, ~ lon + lat, c(0, 100, 50)), class = "pilotdid_error_argument")
  expect_error(ring_did(y ~ d | unit + time, d, ~ lon + lat, c(0, 5000)), class = "pilotdid_error_empty")
  expect_error(ring_did(y ~ d | unit + time, d, ~ lon + lat, c(0, 10)), class = "pilotdid_error_empty")
  expect_error(ring_did(y ~ unit | time, d, ~ lon + lat, c(0, 10)))
})

test_that("dropping neighbors: counts, and the same as a subset by hand", {
  d <- line_panel()
  fit <- pilot_did(y ~ d | unit + time, d)
  check <- tidy(drop_neighbors(fit, ~ lon + lat, c(150, 250)))
  expect_equal(check$distance, c(0, 150, 250))
  expect_equal(check$units.dropped, c(0, length(unique(d$unit[d$gap == 1])), length(unique(d$unit[d$gap %in% 1:2]))))
  expect_equal(check$estimate[1], coef(fit)[["d"]])
  by_hand <- pilot_did(y ~ d | unit + time, d[!d$gap %in% 1:2, ])
  expect_equal(check$estimate[3], coef(by_hand)[["d"]])
  expect_equal(check$std.error[3], sqrt(vcov(by_hand)[1, 1]))
  expect_error(drop_neighbors(fit, ~ lon + lat, 1e5), class = "pilotdid_error_empty")
  # A fit on a subset stays on it.
  subset <- pilot_did(y ~ d | unit + time, d, subset = time > 1)
  expect_equal(tidy(drop_neighbors(subset, ~ lon + lat, 150))$nobs[1], 200)
})

test_that("figures draw", {
  withr::local_pdf(NULL)
  d <- line_panel()
  rings <- ring_did(y ~ d | unit + time, d, ~ lon + lat, c(0, 150, 250))
  expect_invisible(plot(rings))
  w <- toy_weights(15, 3)
  fit <- spatial_did(y ~ d + x | unit + time, toy_spatial_panel(w, 6, 3), w)
  expect_invisible(plot(effects(fit)))
  expect_invisible(plot(spillovers(fit)))
  skip_if_not_installed("ggplot2")
  for (object in list(rings, effects(fit), effects(fit, orders = 1), spillovers(fit))) {
    expect_s3_class(ggplot2::ggplot_build(ggplot2::autoplot(object)), "ggplot_built")
  }
})
