# From raw indicators to the index: fill gaps inside each city, winsorize, weight by entropy.
dimensions <- list(
  resistance = ~ gdp_per_capita + savings_per_capita + disposable_income - unemployment -
    trade_dependence + insurance_coverage,
  adaptation = ~ fiscal_self_sufficiency + financial_depth + retail_per_capita + fixed_investment -
    industry_concentration - energy_intensity,
  innovation = ~ patents + science_spending + university_students + industrial_upgrading +
    broadband_subscribers - wastewater_intensity
)
indicators <- unlist(lapply(dimensions, all.vars), use.names = FALSE)
raw <- interpolate_panel(pilot_cities, indicators, "code", "year", extrapolate = "nearest", lower = 0)
raw <- winsorize(raw, indicators)
index <- entropy_index(dimensions, raw, time = "year")
print(index)
save_table(tidy(index), "index-weights")
save_figure("index-weights", function() plot(index))
raw$index <- predict(index)
cat("Correlation of the index with the latent resilience:", format(cor(raw$index, raw$resilience_latent), digits = 3), "\n")
