# Bias and coverage with effects that differ between cohorts and grow with time since joining: the mean
# effect on the treated, 100 units x 8 periods; draws by the first argument.
# Cohort sizes are the same in each draw, so that standard errors that know the shares of the cohorts
# ("fixed") are the right ones; those that count the sampling error of the shares ("sampled", the default of
# "cs" and "gardner") are for cohorts drawn at random, and too wide here.
library(pilotdid)
draws <- as.integer(c(commandArgs(TRUE), 1000)[1])
options(pilotdid.quiet = TRUE)

one <- function(seed) {
  set.seed(seed)
  units <- 100L
  g <- rep(c(0L, 3L, 5L, 7L), length.out = units)
  id <- rep(seq_len(units), each = 8L)
  time <- rep(1:8, units)
  gi <- g[id]
  status <- as.integer(gi > 0 & time >= gi)
  # Earlier cohorts gain more, and more each period.
  effect <- status * (1 + 0.5 * (time - gi)) * (9 - gi) / 4
  error <- as.vector(vapply(seq_len(units), function(i) as.numeric(stats::arima.sim(list(ar = 0.3), 8)), numeric(8)))
  data <- data.frame(id, time, status, y = rnorm(units)[id] + 0.3 * time + effect + error)
  truth <- mean(effect[status == 1])
  vapply(specs, function(s) {
    fit <- pilot_did(y ~ status | id + time, data, estimator = s[1], control_group = s[2])
    row <- tidy(if (s[1] == "twfe") fit else aggregate_effects(fit, shares = s[3]))[1L, ]
    c(row$estimate - truth, row$conf.low <= truth && truth <= row$conf.high, row$std.error)
  }, numeric(3))
}
specs <- list(
  twfe = c("twfe", "never"), `cs, never` = c("cs", "never", "fixed"), `cs, notyet` = c("cs", "notyet", "fixed"),
  sa = c("sa", "never", "fixed"), bjs = c("bjs", "never", "fixed"), gardner = c("gardner", "never", "fixed"),
  etwfe = c("etwfe", "notyet", "fixed"), `cs, never, shares sampled` = c("cs", "never", "sampled"),
  `gardner, shares sampled` = c("gardner", "never", "sampled")
)
results <- vapply(seq_len(draws), one, matrix(0, 3L, length(specs)))
table <- data.frame(
  bias = rowMeans(results[1L, , ]), coverage = 100 * rowMeans(results[2L, , ]),
  sd = apply(results[1L, , ], 1L, stats::sd), mean.se = rowMeans(results[3L, , ])
)
rownames(table) <- names(specs)
print(round(table, 3))
