# Variance inflation factors, 10 regressors on 283 units x 12 periods, against car::vif().
# Rscript bench/bench-vif.R
library(pilotdid)

set.seed(20240602)
rows <- 283 * 12
data <- data.frame(unit = rep(1:283, each = 12), time = rep(2012:2023, 283))
for (j in 1:9) data[[paste0("x", j)]] <- stats::rnorm(rows) + data$unit / 100
data$status <- as.integer(data$unit <= 55 & data$time >= 2016)
data$y <- data$status + stats::rnorm(rows)
controls <- paste0("x", 1:9)

ours_formula <- y ~ status + x1 + x2 + x3 + x4 + x5 + x6 + x7 + x8 + x9 | unit + time
peer_formula <- y ~ status + x1 + x2 + x3 + x4 + x5 + x6 + x7 + x8 + x9

milliseconds <- function(f, times = 51, inner = 20) {
  1000 / inner * stats::median(replicate(times, system.time(for (i in seq_len(inner)) f())[["elapsed"]]))
}

fit <- pilot_did(ours_formula, data)
ours <- milliseconds(function() vif_table(fit))
both <- milliseconds(function() vif_table(pilot_did(ours_formula, data)))
cat(sprintf("pilotdid: vif_table(fit) %.2f ms; with the fit %.2f ms\n", ours, both))
if (requireNamespace("car", quietly = TRUE)) {
  model <- stats::lm(peer_formula, data)
  theirs <- milliseconds(function() car::vif(model))
  theirs_both <- milliseconds(function() car::vif(stats::lm(peer_formula, data)))
  cat(sprintf("car: vif(model) %.2f ms; with lm() %.2f ms; ratios %.2f and %.2f\n",
    theirs, theirs_both, ours / theirs, both / theirs_both
  ))
  cat(sprintf("largest difference %.1e\n", max(abs(car::vif(model) - tidy(vif_table(fit))$vif))))
}
