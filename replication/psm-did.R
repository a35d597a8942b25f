# PSM-DID of the study: annual matching 1:1 and 1:2 with caliper .05, balance, densities, and the
# difference-in-differences on the matched samples beside the baseline and the truth.
# All economic columns of pilot_cities are simulated: no number says anything about a real city.
library(pilotdid)

covariates <- ~ economic_density + infrastructure + government_intervention + fdi + log_wage
baseline <- resilience ~ status + economic_density + infrastructure + government_intervention + fdi + log_wage | code + year
without <- resilience ~ status | code + year
truth <- attr(pilot_cities, "truth")
truth <- setNames(truth$value, truth$parameter)

match_years <- function(ratio) {
  match_panel(status ~ economic_density + infrastructure + government_intervention + fdi + log_wage,
    pilot_cities,
    unit = "code", time = "year", ratio = ratio, replace = TRUE, caliper = 0.05, support = "minmax"
  )
}

run_psm_did <- function(results = "results") {
  dir.create(results, showWarnings = FALSE)
  matches <- suppressWarnings(list(`1:1` = match_years(1), `1:2` = match_years(2)))
  rows <- list()
  for (ratio in names(matches)) {
    m <- matches[[ratio]]
    b <- balance(m)
    name <- paste0("psm-", sub(":", "-", ratio))
    write.csv(tidy(b), file.path(results, paste0(name, "-balance.csv")), row.names = FALSE)
    write.csv(tidy(b, "models"), file.path(results, paste0(name, "-logits.csv")), row.names = FALSE)
    grDevices::png(file.path(results, paste0(name, "-density.png")), 1600, 720, res = 190)
    plot(m)
    grDevices::dev.off()
    grDevices::png(file.path(results, paste0(name, "-bias.png")), 1300, 760, res = 190)
    plot(b)
    grDevices::dev.off()
    t <- tidy(suppressWarnings(psm_did(without, pilot_cities, match = m)))
    rows[[ratio]] <- data.frame(sample = paste("matched", ratio, t$sample), t[c("estimate", "std.error", "p.value")])
  }
  plain <- function(formula, sample) {
    t <- tidy(suppressWarnings(pilot_did(formula, pilot_cities)))[1L, ]
    data.frame(sample = sample, t[c("estimate", "std.error", "p.value")])
  }
  table <- rbind(plain(without, "all, no controls"), plain(baseline, "all, controls (baseline)"), do.call(rbind, rows))
  table$truth <- c(truth[["twfe_no_controls"]], rep(truth[["twfe"]], nrow(table) - 1L))
  rownames(table) <- NULL
  write.csv(table, file.path(results, "psm-did.csv"), row.names = FALSE)
  list(did = table, balance = lapply(matches, function(m) glance(balance(m))))
}

if (sys.nframe() == 0L) {
  out <- run_psm_did()
  print(out$did, digits = 4)
  print(lapply(out$balance, as.data.frame), digits = 4)
}
