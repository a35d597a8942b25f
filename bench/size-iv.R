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
  few_statistics(fit)
}
# The rows of weak_iv() that are asked for: its critical values take most of its time.
few_statistics <- function(fit) {
  s <- pilotdid:::iv_scores(fit)
  small <- pilotdid:::small_sample_scale(fit, s$spec)
  tf <- pilotdid:::tf_interval(fit, s, small)
  ar <- pilotdid:::robust_rows(fit, s, small, 0)[[1L]]
  kp <- pilotdid:::identification_rows(fit, s, small)[[3L]]
  c(t = tf$statistic > qnorm(0.975), tF = tf$statistic > tf$critical, AR = ar$p.value < 0.05, F = kp$statistic)
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
