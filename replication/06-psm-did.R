# Annual matching 1:1 and 1:2 with caliper .05, balance, densities, and the difference-in-differences on
# the matched samples beside the baseline and the truth.
match_years <- function(ratio) {
  match_panel(status ~ economic_density + infrastructure + government_intervention + fdi + log_wage,
    pilot_cities,
    unit = "code", time = "year", ratio = ratio, replace = TRUE, caliper = 0.05, support = "minmax"
  )
}

# A pilot city is treated in every year here, and a few find no match within the caliper: both are meant.
matches <- suppressWarnings(list(`1-1` = match_years(1), `1-2` = match_years(2)))
psm_rows <- lapply(names(matches), function(ratio) {
  m <- matches[[ratio]]
  b <- balance(m)
  print(m)
  save_table(tidy(b)[tidy(b)$period == "pooled", ], paste0("psm-", ratio, "-balance"))
  utils::write.csv(tidy(b, "models"), file.path(results, paste0("psm-", ratio, "-logits.csv")), row.names = FALSE)
  grDevices::png(file.path(results, paste0("psm-", ratio, "-density.png")), 1600, 720, res = 190)
  plot(m)
  grDevices::dev.off()
  grDevices::png(file.path(results, paste0("psm-", ratio, "-bias.png")), 1300, 760, res = 190)
  plot(b)
  grDevices::dev.off()
  t <- tidy(psm_did(resilience ~ status | code + year, pilot_cities, match = m))
  data.frame(
    column = paste0("PSM-DID 1:", m$settings$ratio, ", ", t$sample), t[c("estimate", "std.error", "p.value")],
    rubin.b = glance(b)$rubin.b[2L], truth = truth_of("twfe")
  )
})

baseline_row <- function(formula, column, truth) {
  t <- tidy(pilot_did(formula, pilot_cities))[1L, ]
  data.frame(column = column, t[c("estimate", "std.error", "p.value")], rubin.b = NA, truth = truth_of(truth))
}
psm_table <- rbind(
  baseline_row(resilience ~ status | code + year, "all cities, no controls", "twfe_no_controls"),
  baseline_row(formula(main_fit), "all cities, controls", "twfe"), do.call(rbind, psm_rows)
)
save_table(psm_table, "psm-did")
