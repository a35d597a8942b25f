# Spillovers: weights by inverse distance, tests, the spatial Durbin model and its effects.
W <- spatial_weights(pilot_cities, "code", ~ longitude + latitude, type = "inverse")
print(W)
moran <- moran_test(resilience ~ 1 | code + year, pilot_cities, W)
save_table(tidy(moran), "moran")
save_figure("moran-scatter", function() plot(moran, periods = c(2012, 2023)), 1400, 760)

durbin <- spatial_did(main_formula, pilot_cities, W, model = "sdm")
print(durbin)
save_table(tidy(durbin), "spatial-durbin")
save_table(tidy(effects(durbin)), "spatial-effects")
save_table(tidy(spatial_tests(durbin)), "spatial-tests")

# The same with another idea of who is near: the ten nearest cities.
nearest <- spatial_weights(pilot_cities, "code", ~ longitude + latitude, type = "knn", k = 10)
both <- lapply(list(`inverse distance` = W, `ten nearest` = nearest), function(w) {
  tidy(effects(spatial_did(main_formula, pilot_cities, w, model = "sdm")))
})
both <- do.call(rbind, lapply(names(both), function(w) data.frame(weights = w, both[[w]][both[[w]]$term == "status", ])))
save_table(both[c("weights", "effect", "estimate", "std.error", "p.value")], "spatial-two-weights")

# The truth has spillovers of the pilot alone: neighbors' status enters, nothing else is lagged.
local <- spatial_did(main_formula, pilot_cities, W, model = "slx", lag = "status", vcov = "cluster")
print(local)
t <- tidy(local)
judge("spatial", "W:status", t[t$term == "W:status", ], truth_of("spillover"))
judge("spatial", "status, direct", t[t$term == "status", ], truth_of("spatial_direct"))
print(spillovers(local))

rings <- ring_did(main_formula, pilot_cities, ~ longitude + latitude, rings = c(0, 100, 200, 300))
print(rings)
save_table(tidy(rings), "spatial-rings")
# Cities beyond 300 km are the controls and receive a little too: the rings show the difference.
for (low in c(0, 100, 200)) {
  t <- tidy(rings)[tidy(rings)$ring.low %in% low, ]
  judge("rings", paste(low, "to", low + 100, "km"), t,
    truth_of(paste0("spillover_ring_", low, "_", low + 100)) - truth_of("spillover_ring_over_300"))
}
save_figure("spatial-rings", function() plot(rings), 1300, 760)
