# Options of the figures, over one result of each class that has one.
shown <- suppressMessages(shown_results())

is_gray <- function(colors) {
  parts <- grDevices::col2rgb(stats::na.omit(colors))
  all(parts[1L, ] == parts[2L, ] & parts[2L, ] == parts[3L, ])
}

figure_is_gray <- function(figure) {
  layers <- ggplot2::ggplot_build(figure)$data
  vapply(layers, function(layer) is_gray(c(layer$colour, layer$fill)), TRUE)
}

test_that("every class with a figure is drawn below", {
  drawn <- unique(unlist(lapply(shown, class)))
  figures <- sub("^autoplot[.]", "", ls(asNamespace("pilotdid"), pattern = "^autoplot[.]"))
  expect_setequal(setdiff(figures, drawn), character())
})

test_that("gray figures hold nothing but shades of gray, and the font is the one asked for", {
  skip_if_not_installed("ggplot2")
  grDevices::pdf(NULL)
  on.exit(grDevices::dev.off())
  colored <- vapply(shown, function(x) all(figure_is_gray(ggplot2::autoplot(x))), TRUE)
  expect_false(all(colored))
  withr::local_options(pilotdid.gray = TRUE, pilotdid.base_family = "serif")
  for (x in shown) {
    figure <- ggplot2::autoplot(x)
    expect_true(all(figure_is_gray(figure)), info = class(x)[1L])
    expect_identical(ggplot2::ggplot_build(figure)$plot$theme$text$family, "serif", info = class(x)[1L])
  }
})

test_that("plot() leaves the graphics parameters as they were", {
  grDevices::pdf(NULL)
  on.exit(grDevices::dev.off())
  withr::local_options(pilotdid.base_family = "serif")
  held <- c("mar", "family", "bty", "las", "font.main", "cex.main")
  before <- graphics::par(held)
  for (x in shown) {
    plot(x)
    expect_identical(graphics::par(held), before, info = class(x)[1L])
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

test_that("what the caller gives stands in place of what a figure would take", {
  # The region that was drawn tells which limits were taken.
  drawn <- function(x, ...) {
    plot(x, ...)
    graphics::par("usr")
  }
  grDevices::pdf(NULL)
  on.exit(grDevices::dev.off())
  classes <- c("pilot_aggregate", "pilot_bacon", "pilot_rings", "pilot_mediation", "pilot_moderation", "pilot_placebo", "pilot_honest")
  for (x in Filter(function(x) inherits(x, classes), shown)) {
    # 4 % more on each side, unless the figure asks for exact limits.
    exact <- inherits(x, "pilot_placebo")
    expect_equal(drawn(x, ylim = c(-7, 9))[3:4], c(-7, 9) + (if (exact) 0 else 0.04 * 16) * c(-1, 1), info = class(x)[1L])
  }
})
