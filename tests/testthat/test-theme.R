# Options of the figures, over one result of each kind of picture.
shown_results <- function() {
  panel <- simulate_pilot(seed = 1)
  fit <- pilot_did(y ~ status + x1 | unit + time, panel)
  plain <- pilot_did(y ~ status | unit + time, panel)
  cs <- pilot_did(y ~ status | unit + time, panel, estimator = "cs")
  list(
    fit, event_study(fit), cs, aggregate_effects(cs, "dynamic"), placebo(fit, draws = 50, seed = 1),
    bacon_decomposition(plain), twfe_weights(fit), leave_one_out(fit, "unit"), vif_table(fit),
    wild_bootstrap(fit, "status", draws = 199, seed = 1)
  )
}

is_gray <- function(colors) {
  parts <- grDevices::col2rgb(stats::na.omit(colors))
  all(parts[1L, ] == parts[2L, ] & parts[2L, ] == parts[3L, ])
}

figure_is_gray <- function(figure) {
  layers <- ggplot2::ggplot_build(figure)$data
  vapply(layers, function(layer) is_gray(c(layer$colour, layer$fill)), TRUE)
}

test_that("gray figures hold nothing but shades of gray, and the font is the one asked for", {
  skip_if_not_installed("ggplot2")
  grDevices::pdf(NULL)
  on.exit(grDevices::dev.off())
  results <- shown_results()
  colored <- vapply(results, function(x) all(figure_is_gray(ggplot2::autoplot(x))), TRUE)
  expect_false(all(colored))
  withr::local_options(pilotdid.gray = TRUE, pilotdid.base_family = "serif")
  for (x in results) {
    figure <- ggplot2::autoplot(x)
    expect_true(all(figure_is_gray(figure)), info = class(x)[1L])
    expect_identical(ggplot2::ggplot_build(figure)$plot$theme$text$family, "serif", info = class(x)[1L])
  }
})

test_that("plot() leaves the graphics parameters as they were", {
  grDevices::pdf(NULL)
  on.exit(grDevices::dev.off())
  withr::local_options(pilotdid.base_family = "serif")
  before <- graphics::par("mar", "family")
  for (x in shown_results()) {
    plot(x)
    expect_identical(graphics::par("mar", "family"), before, info = class(x)[1L])
  }
})

test_that("shades keep their order and colors of one gray stay apart", {
  withr::local_options(pilotdid.gray = TRUE)
  expect_identical(shade("#000000"), "#000000FF")
  expect_true(is_gray(shade(event_colors)))
  expect_length(unique(shade(event_colors)), length(event_colors))
  expect_identical(shade(c(a = "#b2182b", b = "#b2182b"))[["a"]], shade(c(a = "#b2182b", b = "#b2182b"))[["b"]])
})

test_that("no two grays of a palette are near each other, and lines stay dark", {
  withr::local_options(pilotdid.gray = TRUE)
  palettes <- list(shade(arm_colors), shade(effect_colors), shade(status_colors, 0.85), shade(cluster_colors, 0.85), series_colors()[1:4])
  # A twelfth of the range between any two.
  for (palette in palettes) expect_gt(min(stats::dist(grDevices::col2rgb(palette)[1L, ])), 21)
  expect_lte(max(grDevices::col2rgb(shade(arm_colors))), 0.65 * 255 + 1)
})
