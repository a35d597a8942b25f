# The baseline: no controls, then one block after the other.
controls <- list("economic_density", "infrastructure", "government_intervention", "fdi", "log_wage")
baseline <- stepwise_table(pilot_cities, "resilience", "status", controls, "code", "year")
# Without all controls the regression answers another question; the truth of both is known.
baseline$truth <- c(truth_of("twfe_no_controls"), rep(NA, length(controls) - 1), truth_of("twfe"))
save_table(baseline, "baseline")

main_fit <- pilot_did(two_way_formula("resilience", "status", unlist(controls), "code", "year"), pilot_cities)
print(main_fit)
print(summary(main_fit, vcov = ~province))

beside <- tidy(main_fit)
beside$truth <- truth_of(c("twfe", paste0("control_", unlist(controls))))
beside$covered <- beside$conf.low <= beside$truth & beside$truth <= beside$conf.high
save_table(beside[c("term", "estimate", "std.error", "truth", "covered")], "estimate-against-truth")
