# The columns of the main regression, and who is treated when.
controls <- c("economic_density", "infrastructure", "government_intervention", "fdi", "log_wage")
description <- describe_panel(pilot_cities, c("resilience", "status", controls),
  unit = "code", time = "year", status = "status"
)
print(description)
save_table(tidy(description), "descriptive")
save_figure("treatment-status", function() plot(description), 1300, 1000)
