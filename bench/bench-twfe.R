# Two-way fixed effects against fixest: small and whole, large and unbalanced, worker-firm-year.
library(pilotdid)
library(fixest)
source("bench/harness.R")
setFixest_nthreads(2)
setFixest_notes(FALSE)
pilot_threads(2)

regressors <- function(data, k) {
  for (j in seq_len(k)) data[[paste0("x", j)]] <- rnorm(nrow(data))
  data
}
agreement <- function(ours, peer) {
  function() {
    a <- ours()
    b <- peer()
    (coef(a) - coef(b)[names(coef(a))]) / sqrt(diag(vcov(a)))
  }
}

set.seed(1)
small <- regressors(expand.grid(year = 2012:2023, city = 1:283), 5)
small$d <- as.integer(small$city <= 57 & small$year >= 2016)
small$y <- small$d + rnorm(nrow(small))
f <- y ~ d + x1 + x2 + x3 + x4 + x5 | city + year
ours <- function() pilot_did(f, small)
peer <- function() feols(f, small, vcov = ~city)
report(compare("TWFE, 283 x 12, 5 controls, clustered, whole call", nrow(small), ours, peer,
  agreement(ours, peer), times = 21L, inner = 20L
))

big <- data.frame(city = rep(seq_len(5e5), each = 20L), year = rep(2001:2020, 5e5))
big <- regressors(big[runif(nrow(big)) < 0.9, ], 5)
big$d <- as.integer(big$city %% 3 == 0 & big$year >= 2010)
big$y <- big$d + big$x1 + rnorm(nrow(big))
ours <- function() pilot_did(f, big)
peer <- function() feols(f, big, vcov = ~city, lean = TRUE)
peer_tight <- function() feols(f, big, vcov = ~city, lean = TRUE, fixef.tol = 1e-11)
report(compare("TWFE, 500k x 20, 10 % of rows missing, 5 controls, clustered", nrow(big), ours, peer,
  agreement(ours, peer_tight), bytes = nrow(big) * (6 * 8 + 3 * 4)
))
rm(big)

workers <- 3e5
jobs <- data.frame(worker = rep(seq_len(workers), each = 10L), year = rep(1:10, workers))
home <- sample(3e4, workers, TRUE)
moves <- runif(nrow(jobs)) < 0.03
jobs$firm <- ifelse(ave(as.integer(moves), jobs$worker, FUN = cumsum) %% 2 == 0, home[jobs$worker], pmin(home[jobs$worker] + sample(5, nrow(jobs), TRUE), 3e4))
jobs <- regressors(jobs, 2)
jobs$d <- as.integer(jobs$worker %% 4 == 0 & jobs$year > 5)
jobs$y <- jobs$d + jobs$x1 + sin(jobs$firm) + rnorm(nrow(jobs))
g <- y ~ d + x1 + x2 | worker + firm + year
ours <- function() pilot_did(g, jobs, panel = ~ worker + year)
# The peer at its default tolerance of 1e-6; at 1e-9, where its coefficients are as right as ours, it takes more than ten minutes.
fitted <- NULL
peer <- function() {
  fitted <<- feols(g, jobs, vcov = ~worker, lean = TRUE, fixef.rm = "singletons", fixef.iter = 1e6)
}
report(compare("worker + firm + year, 3M rows, sparse moves", nrow(jobs), ours, peer,
  agreement(ours, function() fitted), bytes = nrow(jobs) * (4 * 8 + 3 * 4), slow = TRUE
))
