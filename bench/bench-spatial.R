# Spatial Durbin model with two-way effects, effects and standard errors, against spatialreg with explicit
# dummies; then 3,000 units.
library(pilotdid)
source("bench/harness.R")
pilot_threads(2)

f <- resilience ~ status + fdi + log_wage | code + year
W <- spatial_weights(pilot_cities, "code", ~ longitude + latitude, k = 10)
ours <- function() {
  fit <- spatial_did(f, pilot_cities, W, bias_correction = "none")
  list(fit = fit, effects = effects(fit))
}
if (requireNamespace("splm", quietly = TRUE)) {
  study <- as.data.frame(pilot_cities)[c("code", "year", "resilience", "status", "fdi", "log_wage")]
  list_of_weights <- spdep::mat2listw(as.matrix(W), style = "W")
  for (name in c("status", "fdi", "log_wage")) study[[paste0("w_", name)]] <- ave(study[[name]], study$year, FUN = function(x) as.vector(as.matrix(W) %*% x))
  peer <- function() {
    fit <- splm::spml(resilience ~ status + fdi + log_wage + w_status + w_fdi + w_log_wage, study, c("code", "year"),
      listw = list_of_weights, model = "within", effect = "twoways", lag = TRUE, spatial.error = "none")
    list(fit = fit, effects = splm:::impacts.splm_ML(fit, listw = list_of_weights, time = 12))
  }
  report(compare("SDM two-way ML with effects, 283 x 12", nrow(study), ours, peer,
    function() coef(ours()$fit)[["rho"]] - coef(peer()$fit)[["lambda"]], times = 3L))
} else {
  cat(sprintf("SDM two-way ML with effects and standard errors, 283 x 12: %.3f s (splm is not installed)\n", time_of(ours)))
}

set.seed(1)
units <- 3000L
places <- data.frame(id = seq_len(units), longitude = runif(units, 100, 120), latitude = runif(units, 25, 40))
near <- spatial_weights(places, "id", ~ longitude + latitude, k = 8)
data <- places[rep(seq_len(units), each = 12L), ]
data$year <- rep(2012:2023, units)
data$status <- as.integer(data$id %% 4 == 0 & data$year >= 2016)
data$x <- rnorm(nrow(data))
data$y <- data$status + data$x + rnorm(nrow(data))
large <- function() effects(spatial_did(y ~ status + x | id + year, data, near))
cat(sprintf("SDM, 3,000 x 12, with effects: %.1f s, %.0f MB beyond the data\n", time_of(large), peak_memory(large)))
