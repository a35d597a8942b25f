# Matching: nearest neighbor with a caliper, exact on year, against MatchIt; kernel matching against the
# plain sum over all pairs. psm_did() at the size of a study is timed alone.
library(pilotdid)
library(MatchIt)
source("bench/harness.R")
pilot_threads(2)

annual_panel <- function(rows, years = 12) {
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

# One score for all years on both sides: that is what exact = ~year means to MatchIt.
model <- treat ~ x1 + x2 + x3 + x4 + x5
nearest <- function(rows, times) {
  d <- annual_panel(rows)
  ours <- function() {
    suppressWarnings(match_panel(model, d, "id", "year", scheme = "pooled", exact = "year", caliper = 0.05))
  }
  peer <- function() suppressWarnings(matchit(model, d, exact = ~year, caliper = 0.05, std.caliper = FALSE))
  different_pairs <- function() {
    theirs <- peer()
    mine <- ours()
    pairs <- match(theirs$match.matrix[, 1L], names(theirs$weights))
    at <- match(which(d$treat == 1), mine$pairs$treated)
    sum(!(pairs %in% NA & at %in% NA) & !(pairs == mine$pairs$control[at]) %in% TRUE)
  }
  compare(sprintf("nearest neighbor, caliper, exact on year, %d rows", rows), rows, ours, peer, different_pairs, times)
}
out <- rbind(nearest(1e5, 5L), nearest(1e6, 3L))

k <- annual_panel(1.2e5)[seq_len(1e5), ]
k$p <- predict(glm(model, binomial, k), type = "response")
controls <- which(k$treat == 0)
plain <- function(treated) {
  weight <- numeric(nrow(k))
  for (i in treated) {
    w <- pmax(1 - ((k$p[controls] - k$p[i]) / 0.06)^2, 0)
    weight[controls] <- weight[controls] + w / sum(w)
  }
  weight
}
kernel <- function(data) suppressWarnings(match_panel(treat ~ 1, data, score = "p", method = "kernel"))
# The plain sum is linear in the treated rows: it is timed on every fiftieth and scaled up.
ones <- which(k$treat == 1)
part <- ones[seq(1L, length(ones), 50L)]
kernel(k)
slow <- time_of(function() plain(part)) * length(ones) / length(part)
fast <- stats::median(replicate(5L, time_of(function() kernel(k))))
rows_in <- c(part, controls)
gap <- kernel(k[rows_in, ])$weight[-seq_along(part)] - plain(part)[controls]
out <- rbind(out, data.frame(
  work = "Epanechnikov kernel, 100,000 rows, plain O(n^2)", rows = nrow(k), ratio = fast / slow,
  memory.ratio = NA, memory.bound = NA, agreement = max(abs(gap)), ours = fast, peer = slow
))
report(out)

study <- function() {
  suppressWarnings(psm_did(resilience ~ status | code + year, pilot_cities,
    match = ~ economic_density + infrastructure + government_intervention + fdi + log_wage,
    ratio = 2, replace = TRUE, caliper = 0.05
  ))
}
study()
cat(sprintf("psm_did(), 283 x 12, three samples: %.0f ms\n", 1000 * stats::median(replicate(5L, time_of(study)))))
