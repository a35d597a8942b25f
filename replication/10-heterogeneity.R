# Groups fixed before the pilot: cities at or above five million, scores above their median.
cities <- pilot_cities
first <- cities[!duplicated(cities$code), ]
classes <- city_size_class(cities$urban_residents_2014)
cities$size <- ifelse(classes %in% c("super", "mega"), "super_mega", "other")
cities$ip <- ifelse(cities$ip_protection > median(first$ip_protection), "high", "low")
cities$policy <- ifelse(cities$policy_capacity > median(first$policy_capacity), "high", "low")
grouped <- pilot_did(main_formula, cities)

groups <- lapply(c(size = "size", ip = "ip", policy = "policy"), function(by) {
  heterogeneity(grouped, by, draws = 1000, strata = "cohort", seed = 2012)
})
for (by in names(groups)) {
  print(groups[[by]])
  t <- tidy(groups[[by]])
  save_table(t, paste0("heterogeneity-", by))
  for (i in seq_len(nrow(t))) judge("heterogeneity", paste(by, t$group[i]), t[i, ], truth_of(paste0("twfe_", by, "_", t$group[i])))
}
save_figure("heterogeneity-size", function() plot(groups$size), 1300, 700)

print(robustness_value(main_fit, c("economic_density", "log_wage"), 1:2))
print(oster_delta(main_fit))
