# Matching side by side: nearest neighbor with a caliper, exact on year, against MatchIt; kernel matching
# against the plain sum over all pairs; psm_did() at the size of a study.
#   Rscript bench/bench-match.R [rows of the large panel, 1e6 by default]
suppressPackageStartupMessages(library(pilotdid))
rows <- as.numeric(c(commandArgs(TRUE), 1e6)[1L])

panel <- function(rows, years = 12) {
  set.seed(1)
  units <- rows %/% years
  u <- data.frame(id = seq_len(units), a = rnorm(units), b = rnorm(units))
  u$treat <- as.integer(u$a + u$b + 2 * rnorm(units) > 2.4)
  d <- u[rep(seq_len(units), years), ]
  d$year <- rep(2011 + seq_len(years), each = units)
  for (x in c("x1", "x2", "x3", "x4", "x5")) d[[x]] <- rnorm(nrow(d))
  d$x1 <- d$x1 / 3 + d$a
  d$x2 <- d$x2 / 3 + d$b
  rownames(d) <- NULL
  d
}

seconds <- function(code, times = 5L) {
  expression <- substitute(code)
  env <- parent.frame()
  median(vapply(seq_len(times), function(i) {
    gc()
    system.time(eval(expression, env))[["elapsed"]]
  }, 0))
}

report <- function(work, ours, peer, agreement) {
  cat(sprintf("%-58s ours %8.3f s  peer %8.3f s  ratio %.4f  %s\n", work, ours, peer, ours / peer, agreement))
}

model <- treat ~ x1 + x2 + x3 + x4 + x5
d <- panel(rows)
# One score for all years on both sides: the model with exact = ~year is MatchIt's annual matching.
ours <- suppressWarnings(match_panel(model, d, "id", "year", scheme = "pooled", exact = "year", caliper = 0.05))
time_ours <- seconds(suppressWarnings(match_panel(model, d, "id", "year", scheme = "pooled", exact = "year", caliper = 0.05)))
if (requireNamespace("MatchIt", quietly = TRUE)) {
  call <- quote(suppressWarnings(MatchIt::matchit(model, d, exact = ~year, caliper = 0.05, std.caliper = FALSE)))
  theirs <- eval(call)
  time_theirs <- seconds(eval(call), if (rows > 2e5) 3L else 5L)
  pairs <- match(theirs$match.matrix[, 1L], names(theirs$weights))
  at <- match(which(d$treat == 1), ours$pairs$treated)
  same <- mean(pairs == ours$pairs$control[at] | (is.na(pairs) & is.na(at)), na.rm = TRUE)
  report(sprintf("nearest, caliper, exact on year, %s rows", format(rows, big.mark = ",")), time_ours, time_theirs, sprintf("same pairs: %.4f", same))
}
time_annual <- seconds(suppressWarnings(match_panel(model, d, "id", "year", caliper = 0.05)))
cat(sprintf("%-58s ours %8.3f s\n", "the same with a logit for every year", time_annual))

k <- panel(1.2e5)[1:1e5, ]
kernel <- function() suppressWarnings(match_panel(treat ~ 1, k, score = "p", method = "kernel"))
k$p <- predict(glm(model, binomial, k), type = "response")
time_kernel <- seconds(kernel())
plain <- function(treated) {
  weight <- numeric(nrow(k))
  controls <- which(k$treat == 0)
  for (i in treated) {
    u <- (k$p[controls] - k$p[i]) / 0.06
    w <- pmax(1 - u^2, 0)
    weight[controls] <- weight[controls] + w / sum(w)
  }
  weight
}
# The plain sum is timed on a part of the treated rows, all controls, and scaled up: it is linear in them.
ones <- which(k$treat == 1)
part <- ones[seq_len(500L)]
time_plain <- seconds(plain(part), 1L) * length(ones) / length(part)
k_part <- k[c(part, which(k$treat == 0)), ]
gap <- max(abs(suppressWarnings(match_panel(treat ~ 1, k_part, score = "p", method = "kernel"))$weight[-seq_along(part)] - plain(part)[k$treat == 0]))
report("Epanechnikov kernel, 100,000 rows, plain O(n^2) in R", time_kernel, time_plain, sprintf("largest gap %.1e", gap))

study <- function() suppressWarnings(psm_did(resilience ~ status | code + year, pilot_cities,
  match = ~ economic_density + infrastructure + government_intervention + fdi + log_wage, ratio = 2, replace = TRUE, caliper = 0.05
))
cat(sprintf("%-58s ours %8.3f s\n", "psm_did(), 283 x 12, three samples", seconds(study())))
