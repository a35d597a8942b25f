# The same table on a real panel: castle-doctrine laws and log homicide, 50 states, 2000-2010
# (Cheng and Hoekstra 2013). No truth is known here.
castle_controls <- list(c("unemployrt", "poverty"), c("l_income"), c("l_prisoner"))
real <- suppressWarnings(
  stepwise_table(castle, "l_homicide", "post", castle_controls, "state", "year"),
  classes = "pilotdid_warning_thin_cohort"
)
save_table(real, "castle")
castle_fit <- suppressWarnings(pilot_did(l_homicide ~ post | state + year, castle), classes = "pilotdid_warning_thin_cohort")
print(castle_fit)
