# 2SLS with unit and time effects and all weak-instrument diagnostics, 5 million rows:
# pilot_did() + weak_iv() against fixest's feols() + fitstat().
#   Rscript bench/bench-iv.R [units] [repetitions]
library(pilotdid)
library(fixest)
arguments <- as.integer(commandArgs(TRUE))
units <- if (length(arguments)) arguments[1] else 250000L
repetitions <- if (length(arguments) > 1) arguments[2] else 5L
periods <- 20L
set.seed(1)
n <- units * periods
u <- rnorm(n)
panel <- data.frame(
  id = rep(seq_len(units), each = periods), year = rep(seq_len(periods), units),
  z1 = rnorm(n), z2 = rnorm(n), x1 = rnorm(n), x2 = rnorm(n)
)
panel$d <- 0.3 * panel$z1 + 0.2 * panel$z2 + u + rnorm(n)
panel$y <- panel$d + 0.5 * panel$x1 + u + rnorm(n)
formula <- y ~ x1 + x2 | id + year | d ~ z1 + z2
setFixest_nthreads(2)
pilot_threads(2)

ours <- function() {
  fit <- pilot_did(formula, panel)
  list(fit = fit, tests = weak_iv(fit))
}
theirs <- function() {
  fit <- feols(formula, panel, cluster = ~id)
  list(fit = fit, tests = fitstat(fit, ~ ivf + ivwald + kpr + cd + wh + sargan))
}
time <- function(f) {
  gc()
  system.time(f())[["elapsed"]]
}
a <- ours()
b <- theirs()
cat("rows", n, "\n")
cat("coefficient of d: ours", format(coef(a$fit)[["d"]], digits = 12), "fixest", format(coef(b$fit)[["fit_d"]], digits = 12), "\n")
cat("largest relative difference of coefficients", format(max(abs(coef(a$fit) / coef(b$fit)[c("fit_d", "x1", "x2")] - 1)), digits = 2),
  ", of standard errors", format(max(abs(sqrt(diag(vcov(a$fit))) / se(b$fit)[c("fit_d", "x1", "x2")] - 1)), digits = 2), "\n")
# Interleaved, so that a busy machine slows both.
seconds <- replicate(repetitions, c(ours = time(ours), fixest = time(theirs)))
middle <- apply(seconds, 1, median)
cat("median seconds: ours", format(middle[["ours"]], digits = 3), "fixest", format(middle[["fixest"]], digits = 3),
  "ratio", format(median(seconds["ours", ] / seconds["fixest", ]), digits = 2), "\n")
