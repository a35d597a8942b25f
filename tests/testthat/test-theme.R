# Options of the figures, over one result of each class that has one.
shown_results <- function() {
  panel <- simulate_pilot(seed = 1)
  panel$x2 <- panel$x1^2
  panel$m <- panel$y + cos(seq_along(panel$y))
  panel$region <- ifelse(as.integer(panel$unit) %% 2L == 0L, "a", "b")
  fit <- pilot_did(y ~ status + x1 | unit + time, panel)
  plain <- pilot_did(y ~ status | unit + time, panel)
  cs <- pilot_did(y ~ status | unit + time, panel, estimator = "cs")
  event <- event_study(fit)
  few <- list(
    fit, event, cs, aggregate_effects(cs, "dynamic"), placebo(fit, draws = 50, seed = 1),
    bacon_decomposition(plain), twfe_weights(fit), leave_one_out(fit, "unit"), vif_table(fit),
    wild_bootstrap(fit, "status", draws = 199, seed = 1), compare_estimators(plain, c("twfe", "bjs")),
    pilot_did(y ~ status | unit + time, panel, estimator = "dcdh"),
    pilot_did(y ~ status | unit + time, panel, estimator = "sdid", draws = 20, seed = 1),
    honest_did(event, bound = c(0.5, 1)), pretrend_power(event)
  )
  c(few, study_results(fit, panel), place_results())
}

study_results <- function(fit, panel) {
  panel$up <- panel$x1 - min(panel$x1)
  index <- entropy_index(~ up + x2, panel)
  curve <- suppressWarnings(index_robustness(y ~ status + x1 | unit + time, panel, list(a = ~ up + m, b = ~ x2 + x1)))
  match <- suppressWarnings(match_panel(status ~ x1 + x2, panel, unit = "unit", time = "time"))
  effect <- suppressWarnings(match_effect(match, "y"))
  samples <- suppressWarnings(psm_did(y ~ status | unit + time, panel, match = match))
  list(
    index, curve, match, balance(match), effect, samples, heterogeneity(fit, "region", draws = 0), mechanism(fit, "m"),
    mediation(fit, "m", draws = 20, seed = 1), suppressWarnings(moderation(fit, "x2")),
    describe_panel(panel, c("y", "x1"), unit = "unit", time = "time", status = "status"),
    suppressWarnings(anderson_rubin(pilot_did(y ~ x2 | unit + time | x1 ~ m, panel)))
  )
}

place_results <- function() {
  W <- spatial_weights(pilot_cities, "code", ~ longitude + latitude, k = 5)
  durbin <- spatial_did(resilience ~ status | code + year, pilot_cities, W)
  list(
    W, moran_test(resilience ~ 1 | code + year, pilot_cities, W), effects(durbin), spillovers(durbin),
    local_moran(resilience ~ 1 | code + year, pilot_cities, W, period = 2020, draws = 99, seed = 1),
    ring_did(resilience ~ status | code + year, pilot_cities, ~ longitude + latitude, rings = c(0, 100, 200))
  )
}

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
  before <- graphics::par("mar", "family")
  for (x in shown) {
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
