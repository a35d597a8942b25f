# One result of each class that has a figure.
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

