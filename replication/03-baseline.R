# The baseline: no controls, then one block after the other.
baseline <- stepwise_table(pilot_cities, "resilience", "status", as.list(controls), "code", "year")
# Without all controls the regression answers another question; the truth of both is known.
baseline$truth <- c(truth_of("twfe_no_controls"), rep(NA, length(controls) - 1), truth_of("twfe"))
save_table(baseline, "baseline")

main_formula <- two_way_formula("resilience", "status", controls, "code", "year")
main_fit <- pilot_did(main_formula, pilot_cities)
print(main_fit)
print(summary(main_fit, vcov = ~province))
for (i in seq_len(nrow(tidy(main_fit)))) {
  row <- tidy(main_fit)[i, ]
  judge("baseline", row$term, row, truth_of(if (row$term == "status") "twfe" else paste0("control_", row$term)))
}

print(vif_table(main_fit))
save_table(tidy(vif_table(main_fit)), "vif")

# The same with the index of part 1 in place of the shipped outcome; in standard deviations, because
# an index has the scale of its weights.
from_raw <- pilot_did(two_way_formula("index", "status", controls, "code", "year"), raw)
save_table(data.frame(
  outcome = c("shipped resilience", "index from raw indicators"),
  effect.in.sd = c(coef(main_fit)[["status"]] / sd(pilot_cities$resilience), coef(from_raw)[["status"]] / sd(raw$index)),
  truth.in.sd = truth_of("twfe") / sd(pilot_cities$resilience_latent)
), "baseline-from-raw")
