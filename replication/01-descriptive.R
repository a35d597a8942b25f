# Descriptive statistics of the columns of the main regression.
variables <- c(
  "resilience", "status", "economic_density", "infrastructure", "government_intervention", "fdi", "log_wage"
)
descriptive <- do.call(rbind, lapply(variables, function(v) {
  x <- pilot_cities[[v]]
  data.frame(
    variable = v, n = sum(!is.na(x)), mean = mean(x, na.rm = TRUE), sd = sd(x, na.rm = TRUE),
    min = min(x, na.rm = TRUE), median = median(x, na.rm = TRUE), max = max(x, na.rm = TRUE)
  )
}))
save_table(descriptive, "descriptive")
