# The two figures of the README: Rscript data-raw/figures.R, with the package installed.
library(pilotdid)
fit <- pilot_did(
  resilience ~ status + economic_density + infrastructure + government_intervention + fdi + log_wage | code + year,
  pilot_cities
)
draw <- function(name, plot) {
  grDevices::png(file.path("man", "figures", paste0(name, ".png")), 1100, 700, res = 150)
  plot
  grDevices::dev.off()
}
draw("event-study", plot(event_study(fit, window = c(-4, 7)), intervals = "both"))
draw("placebo", plot(placebo(fit, draws = 500, seed = 2016)))
