# Mechanisms and heterogeneity of the study, on the shipped data. Its economic columns are
# simulated: the truth of the simulation stands beside every estimate.
library(pilotdid)

truth <- function(parameter) {
  table <- attr(pilot_cities, "truth")
  table$value[match(parameter, table$parameter)]
}
beside <- function(table, parameters) {
  table$truth <- truth(parameters)
  table$inside <- table$conf.low <= table$truth & table$truth <= table$conf.high
  print(as.data.frame(table), row.names = FALSE, digits = 3)
}

baseline <- pilot_did(
  resilience ~ status + economic_density + infrastructure + government_intervention + fdi +
    log_wage | code + year,
  pilot_cities
)

cat("\nMechanisms: mediators on the status\n")
channels <- mechanism(baseline, ~ talent_share + log_new_firms, seed = 2012)
beside(
  tidy(channels)[c("outcome", "estimate", "std.error", "conf.low", "conf.high", "p.romano.wolf")],
  c("talent_share", "log_new_firms")
)

cat("\nHow much runs through them\n")
through <- list(
  talent_share = c("through_talent", "indirect_talent"), log_new_firms = c("through_firms", "indirect_firms")
)
for (channel in names(through)) {
  split <- mediation(baseline, channel, draws = 1000, seed = 2012)
  table <- tidy(split)
  cat(channel, "\n")
  beside(
    table[table$term %in% c("path_b", "indirect"), c(
      "term", "estimate", "std.error", "conf.low", "conf.high", "bc.low", "bc.high"
    )],
    through[[channel]]
  )
}

# Fixed before the pilot: cities at or above five million, scores above their median.
cities <- pilot_cities
first <- cities[!duplicated(cities$code), ]
classes <- city_size_class(cities$urban_residents_2014)
cities$size <- ifelse(classes %in% c("super", "mega"), "super and mega", "other")
cities$ip <- ifelse(cities$ip_protection > median(first$ip_protection), "high", "low")
cities$policy <- ifelse(cities$policy_capacity > median(first$policy_capacity), "high", "low")
grouped <- pilot_did(formula(baseline), cities)

parameters <- list(
  size = c(other = "twfe_size_other", `super and mega` = "twfe_size_super_mega"),
  ip = c(high = "twfe_ip_high", low = "twfe_ip_low"),
  policy = c(high = "twfe_policy_high", low = "twfe_policy_low")
)
for (by in names(parameters)) {
  cat("\nEffects by", by, "\n")
  h <- heterogeneity(grouped, by, draws = 1000, strata = "cohort", seed = 2012)
  beside(
    tidy(h)[c("group", "estimate", "std.error", "conf.low", "conf.high", "treated")],
    parameters[[by]][tidy(h)$group]
  )
  print(as.data.frame(tidy(h, "tests")), row.names = FALSE, digits = 3)
}

cat("\nAll size classes\n")
print(suppressWarnings(heterogeneity(baseline, "size_class", draws = 1000, strata = "cohort", seed = 2012)))

cat("\nAn omitted variable\n")
print(robustness_value(baseline, c("economic_density", "log_wage"), 1:2))
print(oster_delta(baseline))
