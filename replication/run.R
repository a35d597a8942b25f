# The study on the shipped data: big data pilot zones and the resilience of 283 cities, 2012-2023.
# `make replicate` runs it; tables and figures go to results/. The economic columns of pilot_cities are simulated
# with known truth, so every estimate is printed beside the truth it should find.
library(pilotdid)

results <- "results"
dir.create(results, showWarnings = FALSE)
source("replication/helpers.R")
verdicts <- list()
for (part in sort(list.files("replication", "^[0-9]{2}-.*[.]R$", full.names = TRUE))) {
  message("\n== ", sub("^[0-9]{2}-(.*)[.]R$", "\\1", basename(part)))
  source(part)
}
message("\n== estimates and truths")
save_table(do.call(rbind, verdicts), "estimate-against-truth")
message("\nTables and figures are in ", normalizePath(results))
