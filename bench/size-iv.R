# Size of tests of the true coefficient with weak instruments: the t test, tF and Anderson-Rubin.
#   Rscript bench/size-iv.R [draws]
# One instrument, correlation .95 of the errors (near the worst case), first-stage strength from none to strong; the
# true coefficient is 0, nominal size 5 %. Rows are printed as they are done.
library(pilotdid)
options(pilotdid.quiet = TRUE)
# Panels are small: a second thread costs more than it does.
pilot_threads(1)
draws <- c(as.integer(commandArgs(TRUE)), 2000L)[1]
units <- 100
periods <- 5
rejects <- function(strength, rho, clustered) {
  n <- units * periods
  id <- rep(seq_len(units), each = periods)
  common <- function() if (clustered) rep(rnorm(units), each = periods) * rep_len(c(-1, 1, 0.5, -0.5, 0), n) else 0
  z <- rnorm(n) + common()
  u <- rnorm(n) + common()
  v <- rho * u + sqrt(1 - rho^2) * (rnorm(n) + common())
  data <- data.frame(id, year = rep(seq_len(periods), units), z, d = strength / sqrt(n) * z + v, y = u)
  fit <- pilot_did(y ~ 1 | id + year | d ~ z, data, vcov = if (clustered) "cluster" else "iid")
  w <- tidy(weak_iv(fit))
  row <- function(test) w[w$test == test, ]
  c(
    t = row("tf")$statistic > qnorm(0.975), tF = row("tf")$statistic > row("tf")$critical,
    AR = row("anderson_rubin")$p.value < 0.05, F = row("kp_f")$statistic
  )
}
cat("| errors | mean F | t | tF | Anderson-Rubin |\n| --- | --- | --- | --- | --- |\n")
set.seed(1)
for (clustered in c(FALSE, TRUE)) {
  for (strength in c(0, 1, 2, 4, 8)) {
    found <- replicate(draws, rejects(strength, 0.95, clustered))
    cat(sprintf("| %s | %.1f | %.1f | %.1f | %.1f |\n", if (clustered) "clustered" else "iid", mean(found["F", ]),
      100 * mean(found["t", ]), 100 * mean(found["tF", ]), 100 * mean(found["AR", ])))
    flush(stdout())
  }
}
