# Event study against fixest, placebo against a loop over feols, wild cluster bootstrap against the
# dense G x B algorithm written in R.
library(pilotdid)
library(fixest)
source("bench/harness.R")
setFixest_nthreads(2)
setFixest_notes(FALSE)
pilot_threads(2)

study <- as.data.frame(pilot_cities)
study$start <- ifelse(is.na(study$pilot_year), 0, study$pilot_year)
study$since <- ifelse(study$start > 0, study$year - study$start, -1)
controls <- c("economic_density", "infrastructure", "government_intervention", "fdi", "log_wage")
f <- resilience ~ status + economic_density + infrastructure + government_intervention + fdi + log_wage | code + year
fit <- pilot_did(f, study)

# Event study with five controls, clustered, one coefficient an event time.
ours <- function() event_study(fit)
peer <- function() {
  feols(resilience ~ i(since, ref = -1) + economic_density + infrastructure + government_intervention + fdi + log_wage |
    code + year, study, vcov = ~code)
}
estimates <- function() {
  a <- tidy(ours())
  b <- coef(peer())
  a <- a[!is.na(a$std.error), ]
  (a$estimate - b[paste0("since::", a$event_time)]) / a$std.error
}
out <- compare("event study, 283 x 12, 5 controls", nrow(study), ours, peer, estimates, times = 11L, inner = 5L)

# 500 placebo draws: coefficient and clustered t; the peer fits each draw again.
draws <- 500L
ours <- function() placebo(fit, draws = draws, seed = 1)
cities <- unique(study$code)
start_of <- study$start[match(cities, study$code)]
peer <- function() {
  set.seed(1)
  replicate(draws, {
    start <- sample(start_of)[match(study$code, cities)]
    study$status <- as.integer(start > 0 & study$year >= start)
    again <- feols(f, study, vcov = ~code)
    c(coef(again)[["status"]], se(again)[["status"]])
  })
}
# Two sets of random draws agree in their spread only.
estimates <- function() sd(ours()$drawn$estimate) / sd(peer()[1L, ]) - 1
out <- rbind(out, compare("500 placebo draws, 283 x 12, 5 controls", nrow(study), ours, peer, estimates, times = 3L))

# Wild cluster bootstrap, null imposed: t of each draw by the dense G x B matrix of weights.
draws <- 99999L
ours <- function() wild_bootstrap(fit, "status", draws = draws, seed = 1)
dense <- function() {
  set.seed(1)
  x <- demean(study[c("resilience", "status", controls)], study[c("code", "year")])
  y <- x[[1L]]
  d <- residuals(lm.fit(as.matrix(x[controls]), x$status))
  y <- residuals(lm.fit(as.matrix(x[controls]), y))
  g <- match(study$code, cities)
  cross <- drop(rowsum(d * y, g))
  # Under the null y is its own residual. Scores of a draw: own part less what the estimate takes.
  z <- as.matrix(x[c("status", controls)])
  projection <- rowsum(z * d, g) %*% solve(crossprod(z))
  zy <- rowsum(z * y, g)
  kernel <- diag(cross) - projection %*% t(zy)
  t_of <- function(v) colSums(v * cross) / sqrt(colSums((kernel %*% v)^2))
  observed <- sum(cross) / sqrt(sum((kernel %*% rep(1, length(cross)))^2))
  drawn <- unlist(lapply(split(seq_len(draws), ceiling(seq_len(draws) / 10000)), function(part) {
    t_of(matrix(sample(c(-1, 1), length(cross) * length(part), TRUE), length(cross)))
  }))
  mean(abs(drawn) >= abs(observed))
}
estimates <- function() tidy(ours())$p.value - dense()
out <- rbind(out, compare("wild cluster bootstrap, 283 clusters, 99,999 draws", nrow(study), ours, dense, estimates, times = 3L))
report(out)
saveRDS(out, "bench/inference.rds")
