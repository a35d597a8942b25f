# What the two-way regression averages, and the estimators that do not compare with treated cities.
plain_fit <- pilot_did(resilience ~ status | code + year, pilot_cities)
save_table(tidy(bacon_decomposition(plain_fit)), "bacon")
print(twfe_weights(plain_fit))

comparison <- suppressWarnings(compare_estimators(main_fit, seed = 1), classes = "pilotdid_warning_thin_cohort")
print(comparison)
save_table(tidy(comparison), "estimators")
save_figure("estimators", function() plot(comparison))
