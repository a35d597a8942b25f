# Size of tests at 5 % with no effect: clustered t, wild cluster bootstrap, placebo by coefficient and by t.
#   Rscript bench/size-inference.R [panels]
# 80 units x 8 periods, serial correlation .5 within units, two cohorts and units that never join.
library(pilotdid)
options(pilotdid.quiet = TRUE)
panels <- as.integer(c(commandArgs(TRUE), 2000))[1]

one <- function(seed) {
  data <- simulate_pilot(
    units = 80, periods = 8, effect = 0, dynamics = 0, serial = 0.5, covariates = 0, seed = seed
  )
  fit <- pilot_did(y ~ status | unit + time, data)
  random <- tidy(placebo(fit, draws = 199, seed = seed))
  c(
    t = tidy(fit)$p.value[1L], wild = tidy(wild_bootstrap(fit, "status", draws = 399, seed = seed))$p.value,
    placebo = random$p.value, `placebo by t` = random$p.statistic
  )
}
p <- vapply(seq_len(panels), one, numeric(4))
share <- rowMeans(p <= 0.05)
print(data.frame(
  test = names(share), rejected = round(100 * share, 2), error = round(100 * sqrt(0.05 * 0.95 / panels), 2), panels = panels
), row.names = FALSE)
