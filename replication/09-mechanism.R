# Mechanisms: the mediators on the status, and how much of the effect runs through them.
channels <- mechanism(main_fit, ~ talent_share + log_new_firms, seed = 2012)
print(channels)
save_table(tidy(channels), "mechanism")
for (outcome in c("talent_share", "log_new_firms")) {
  judge("mechanism", outcome, tidy(channels)[tidy(channels)$outcome == outcome, ], truth_of(outcome))
}
through <- c(talent_share = "talent", log_new_firms = "firms")
for (channel in names(through)) {
  split <- mediation(main_fit, channel, draws = 1000, seed = 2012)
  print(split)
  save_table(tidy(split), paste0("mediation-", channel))
  t <- tidy(split)
  judge("mediation", paste("indirect by", channel), t[t$term == "indirect", ], truth_of(paste0("indirect_", through[[channel]])))
}
