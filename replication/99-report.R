# Everything in one page, and the baseline as a table for Word, LaTeX and Excel.
parts <- sort(list.files("replication", "^[0-9]{2}-.*[.]R$", full.names = TRUE))
parts <- c("replication/helpers.R", setdiff(parts, "replication/99-report.R"))
script <- unlist(lapply(parts, function(f) c(paste0("# ", f), readLines(f, encoding = "UTF-8"), "")))
simulated <- attr(pilot_cities, "simulated")
printed <- c(
  status = "Pilot zone", ATT = "Pilot zone", resilience = "Resilience", economic_density = "Economic density",
  infrastructure = "Infrastructure", government_intervention = "Government intervention", fdi = "FDI", log_wage = "Log wage",
  pilot_intensity = "Pilot intensity", `phones_1984:national_users_lag` = "Phones in 1984 x users", talent_share = "Talent share",
  log_new_firms = "Log new firms", code = "City", year = "Year", province = "Province", part = "Part", what = "Estimate of",
  truth = "Truth", covered = "Covered"
)
whole_study <- function(file, ...) {
  pilot_report(
    panel = description, index = index, baseline = main_fit, `event study` = event, `random treatment` = random,
    `placebo dates` = early, `cohorts left out` = without, `wild bootstrap by province` = wild,
    `matching 1:2` = matches[["1-2"]], `other estimators` = comparison, `index robustness` = curve,
    `two-stage least squares` = iv_fit, `weak instruments` = weak_iv(iv_fit), `Anderson-Rubin set` = set,
    mechanisms = channels, `city size` = groups$size, `protection of intellectual property` = groups$ip,
    `policy capacity` = groups$policy, `Moran's I` = moran, `spatial Durbin model` = durbin,
    rings = rings, collinearity = vif_table(main_fit),
    `estimates and truths` = pilot_table(do.call(rbind, verdicts)),
    file = file, title = "Big data pilot zones and the resilience of cities",
    note = c(simulated, "Made by make replicate."), code = script, labels = printed, stepwise = TRUE, ...
  )
}
if (requireNamespace("litedown", quietly = TRUE)) whole_study(file.path(results, "report.html"))
if (requireNamespace("flextable", quietly = TRUE) && requireNamespace("officer", quietly = TRUE)) {
  whole_study(file.path(results, "report.docx"))
  pilot_table(main_fit, stepwise = TRUE, title = "Baseline", labels = printed, output = file.path(results, "baseline.docx"))
}
pilot_table(main_fit, stepwise = TRUE, title = "Baseline", labels = printed, output = file.path(results, "baseline.tex"))
