# Spillovers: weights by inverse distance, tests, the spatial Durbin model and its effects.
W <- spatial_weights(pilot_cities, "code", ~ longitude + latitude, type = "inverse")
print(W)
moran <- moran_test(resilience ~ 1 | code + year, pilot_cities, W)
save_table(tidy(moran), "moran")

durbin <- spatial_did(main_formula, pilot_cities, W, model = "sdm")
print(durbin)
save_table(tidy(durbin), "spatial-durbin")
save_table(tidy(effects(durbin)), "spatial-effects")
save_table(tidy(spatial_tests(durbin)), "spatial-tests")

# The truth has spillovers of the pilot alone: neighbors' status enters, nothing else is lagged.
local <- spatial_did(main_formula, pilot_cities, W, model = "slx", lag = "status", vcov = "cluster")
print(local)
t <- tidy(local)
judge("spatial", "W:status", t[t$term == "W:status", ], truth_of("spillover"))
judge("spatial", "status, direct", t[t$term == "status", ], truth_of("spatial_direct"))
print(spillovers(local))

rings <- ring_did(main_formula, pilot_cities, ~ longitude + latitude, rings = c(100, 200, 300))
print(rings)
save_table(tidy(rings), "spatial-rings")
