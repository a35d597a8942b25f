# The study's instrumental-variables columns, with the truth beside them (economic data are simulated).
#   Rscript replication/iv.R
# Instrument: fixed telephones per 100 people in 1984, which do not change, times the country's internet
# users of the year before, which are the same for all: only their product survives the effects.
library(pilotdid)
truth <- attr(pilot_cities, "truth")
true_value <- truth$value[truth$parameter == "iv_intensity"]
cat(attr(pilot_cities, "simulated"), "\n\n")

fit <- pilot_did(
  resilience ~ economic_density + infrastructure + government_intervention + fdi + log_wage |
    code + year | pilot_intensity ~ phones_1984:national_users_lag,
  pilot_cities
)
stages <- summary(fit)$stages
beside <- rbind(
  `first stage` = tidy(stages$pilot_intensity)[1, 2:5],
  `reduced form` = tidy(stages$`reduced form`)[1, 2:5],
  OLS = tidy(stages$OLS)[1, 2:5], `2SLS` = tidy(fit)[1, 2:5]
)
cat("Both stages, OLS for comparison\n")
print(data.frame(row = c("first stage", "reduced form", "OLS", "2SLS"), beside), row.names = FALSE, digits = 4)
cat(sprintf("\nTruth of the instrumented effect %.4f: 2SLS off by %+.4f, OLS by %+.4f\n\n", true_value,
  coef(fit)[[1]] - true_value, coef(stages$OLS)[["pilot_intensity"]] - true_value))

print(weak_iv(fit))
set <- anderson_rubin(fit)
print(set)
cat("The truth is", if (predict(set, true_value) > 0.05) "inside" else "outside", "the Anderson-Rubin set\n\n")

cat("The instrument by lag() in the formula: the first year has none\n")
print(tidy(pilot_did(
  resilience ~ economic_density + infrastructure + government_intervention + fdi + log_wage |
    code + year | pilot_intensity ~ phones_1984 * lag(national_users),
  pilot_cities
))[1, 1:5])

cat("\nOther estimators and covariances\n")
for (method in c("liml", "fuller", "gmm")) {
  other <- update(fit, method = method)
  cat(sprintf("  %-7s %.4f (%.4f)\n", method, coef(other)[[1]], sqrt(vcov(other)[1, 1])))
}
for (vcov in list("iid", "HC1", ~province, ~ code + year)) {
  t <- tidy(fit, vcov = vcov)[1, ]
  cat(sprintf("  %-24s SE %.4f\n", if (is.character(vcov)) vcov else deparse(vcov), t$std.error))
}

cat("\nA direct effect of the instrument of up to a tenth of the reduced form\n")
direct <- 0.1 * coef(stages$`reduced form`)[[1]]
print(plausibly_exogenous(fit, lower = -direct, upper = direct))
