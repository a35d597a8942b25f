# Instrument: fixed telephones per 100 people in 1984, which do not change, times the country's internet
# users of the year before, which are the same for all: only their product survives the effects.
iv_fit <- pilot_did(
  resilience ~ economic_density + infrastructure + government_intervention + fdi + log_wage |
    code + year | pilot_intensity ~ phones_1984:national_users_lag,
  pilot_cities
)
print(iv_fit)
stages <- summary(iv_fit)$stages
save_table(data.frame(
  stage = c("first stage", "reduced form", "OLS", "2SLS"),
  rbind(
    tidy(stages$pilot_intensity)[1, ], tidy(stages$`reduced form`)[1, ], tidy(stages$OLS)[1, ], tidy(iv_fit)[1, ]
  )[c("term", "estimate", "std.error", "p.value")],
  # OLS is off by what moves both the intensity and the outcome.
  truth = c(NA, NA, rep(truth_of("iv_intensity"), 2))
), "iv")
judge("2SLS", "pilot_intensity", tidy(iv_fit)[1, ], truth_of("iv_intensity"))

print(first_stage(iv_fit))
save_table(tidy(weak_iv(iv_fit)), "iv-tests")
set <- anderson_rubin(iv_fit)
print(set)
save_figure("anderson-rubin", function() plot(set))

others <- lapply(c(liml = "liml", fuller = "fuller", gmm = "gmm"), function(m) update(iv_fit, method = m))
save_table(do.call(rbind, lapply(names(others), function(m) data.frame(method = m, tidy(others[[m]])[1, 2:5]))), "iv-methods")
