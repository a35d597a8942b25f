# Mechanisms and heterogeneity against loops over fixest::feols().
#   Rscript bench/bench-mechanism.R [threads]
library(pilotdid)
formula <- resilience ~ status + economic_density + infrastructure + government_intervention + fdi +
  log_wage | code + year
with_mediator <- resilience ~ status + talent_share + economic_density + infrastructure +
  government_intervention + fdi + log_wage | code + year
of_outcome <- function(name) {
  formula[[2]] <- as.name(name)
  formula
}
threads <- as.integer(c(commandArgs(TRUE), 2)[1])
fixest::setFixest_nthreads(threads)
pilot_threads(threads)
cities <- as.data.frame(pilot_cities)
cities$size <- ifelse(cities$size_class %in% c("super", "mega"), "large", "other")
fit <- pilot_did(formula, cities)

elapsed <- function(expr, times = 5L) {
  expr <- substitute(expr)
  env <- parent.frame()
  stats::median(vapply(seq_len(times), function(i) system.time(eval(expr, env))[["elapsed"]], 1))
}
line <- function(work, ours, peer, agreement) {
  cat(
    sprintf(
      "%-48s ours %8.4f s  peer %8.3f s  ratio %.4f  difference %.1e\n", work, ours, peer,
      ours / peer, agreement
    )
  )
}

units <- unique(cities$code)
label <- as.integer(cities$size[match(units, cities$code)] == "other")
by_feols <- function(draws) {
  labels <- pilotdid:::cpp_permuted_labels(label, integer(length(units)), 1L, draws, 1)
  t(apply(labels, 2, function(l) {
    of <- l[match(cities$code, units)]
    vapply(0:1, function(g) coef(fixest::feols(formula, cities[of == g, ], notes = FALSE))[[1]], 1)
  }))
}
loop <- NULL
peer <- elapsed(loop <- by_feols(50), 1L) * 20
ours <- elapsed(h <- suppressWarnings(heterogeneity(fit, "size", draws = 1000, seed = 1)))
line(
  "permutation of groups, 283 x 12, 1,000 draws", ours, peer,
  max(abs(loop - h$draws[1:50, ]), na.rm = TRUE)
)

resampled <- function(draws) {
  times <- vapply(seq_len(draws) - 1, function(draw) pilotdid:::cpp_resample_counts(length(units), 1, draw), integer(length(units)))
  rows <- split(seq_len(nrow(cities)), factor(cities$code, levels = sort(units)))
  apply(times, 2, function(k) {
    chosen <- rep(seq_along(rows), k)
    sample <- cities[unlist(rows[chosen]), ]
    sample$code <- rep(seq_along(chosen), lengths(rows[chosen]))
    a <- coef(fixest::feols(of_outcome("talent_share"), sample, notes = FALSE))[["status"]]
    b <- coef(fixest::feols(with_mediator, sample, notes = FALSE))[["talent_share"]]
    a * b
  })
}
peer <- elapsed(loop <- resampled(50), 1L) * 20
ours <- elapsed(m <- mediation(fit, "talent_share", draws = 1000, seed = 1))
line("mediation bootstrap, 283 x 12, 1,000 resamples", ours, peer, max(abs(loop - m$draws[1:50, "indirect"])))

outcomes <- c(
  "talent_share", "log_new_firms", "gdp_per_capita", "savings_per_capita", "disposable_income",
  "trade_dependence",
  "financial_depth", "patents", "science_spending", "university_students"
)
complete <- cities[stats::complete.cases(cities[outcomes]), ]
fit <- pilot_did(formula, complete)
one_by_one <- function() {
  lapply(outcomes, function(y) fixest::feols(of_outcome(y), complete, cluster = ~code, notes = FALSE))
}
peer <- elapsed(est <- one_by_one())
ours <- elapsed(m <- mechanism(fit, outcomes, draws = 0))
line(
  "10 outcomes, clustered", ours, peer,
  max(abs(tidy(m)$std.error / vapply(est, function(e) fixest::se(e)[[1]], 1) - 1))
)
