panel <- simulate_pilot(units = 40, covariates = 2, seed = 1)
fit <- pilot_did(y ~ status | unit + time, panel)
event <- event_study(fit)

test_that("colors become shades of gray that can be told apart", {
  colors <- c(treated = "#B2182B", untreated = "#2166AC")
  expect_identical(shade(colors), colors)
  withr::local_options(pilotdid.gray = TRUE)
  for (palette in list(shade(colors), shade(cluster_colors, 0.85), shade(status_colors, 0.85), shade(effect_colors), series_colors()[1:4])) {
    rgb <- grDevices::col2rgb(palette)
    expect_true(all(rgb[1, ] == rgb[2, ] & rgb[2, ] == rgb[3, ]))
    # An eighth of the range between any two.
    expect_gt(min(stats::dist(rgb[1, ])), 30)
  }
  expect_named(shade(colors), names(colors))
  expect_equal(unname(grDevices::col2rgb(shade("#0072B288"), alpha = TRUE)[4, 1]), 0x88)
})

test_that("font and size are those of the options, and par() is put back", {
  skip_if_not_installed("ggplot2")
  withr::local_pdf(NULL)
  before <- graphics::par("family", "mar")
  withr::local_options(pilotdid.base_family = "serif", pilotdid.base_size = 8)
  plots <- list(
    event, placebo(fit, draws = 29, seed = 1), twfe_weights(fit), bacon_decomposition(fit), vif_table(pilot_did(y ~ status + x1 | unit + time, panel)),
    wild_bootstrap(fit, draws = 99, seed = 1), leave_one_out(fit), mechanism(fit, ~x1, draws = 0), moderation(fit, ~x2, base_period = 1)
  )
  for (x in plots) {
    plot(x)
    expect_identical(graphics::par("family", "mar"), before, info = class(x)[1])
    theme <- ggplot2::ggplot_build(ggplot2::autoplot(x))$plot$theme
    expect_equal(theme$text$family, "serif", info = class(x)[1])
    expect_equal(theme$text$size, 8, info = class(x)[1])
  }
})

test_that("no color is left in a gray figure", {
  skip_if_not_installed("ggplot2")
  withr::local_options(pilotdid.gray = TRUE)
  both <- ggplot2::autoplot(event, Imputation = event_study(pilot_did(y ~ status | unit + time, panel, estimator = "bjs")))
  for (plot in list(both, ggplot2::autoplot(twfe_weights(fit)), ggplot2::autoplot(placebo(fit, draws = 29, seed = 1)))) {
    layers <- ggplot2::ggplot_build(plot)$data
    used <- stats::na.omit(unlist(lapply(layers, function(l) unlist(l[intersect(c("colour", "fill"), names(l))]))))
    rgb <- grDevices::col2rgb(used)
    expect_true(all(rgb[1, ] == rgb[2, ] & rgb[2, ] == rgb[3, ]))
  }
})
