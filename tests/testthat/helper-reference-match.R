# Matching in plain R, slow and obvious: what the core is checked against.

# All controls by distance, ties by the smallest row; one treated row after the other.
slow_nearest <- function(score, treated, ratio, replace, queue, caliper = Inf) {
  free <- which(treated == 0)
  pairs <- NULL
  for (round in seq_len(ratio)) {
    for (i in queue) {
      taken <- if (replace) pairs$control[pairs$treated == i]
      pool <- setdiff(free, taken)
      d <- abs(score[i] - score[pool])
      pool <- pool[d <= caliper]
      if (!length(pool)) next
      d <- abs(score[i] - score[pool])
      j <- min(pool[d == min(d)])
      pairs <- rbind(pairs, data.frame(treated = i, control = j, rank = round))
      if (!replace) free <- setdiff(free, j)
    }
  }
  pairs[order(pairs$treated, pairs$rank), ]
}

slow_kernels <- list(
  uniform = function(u) (abs(u) <= 1) + 0,
  epanechnikov = function(u) ifelse(abs(u) <= 1, 1 - u^2, 0),
  biweight = function(u) ifelse(abs(u) <= 1, (1 - u^2)^2, 0),
  tricube = function(u) ifelse(abs(u) <= 1, (1 - abs(u)^3)^3, 0),
  gaussian = function(u) exp(-u^2 / 2)
)

# Every pair, O(n^2). Local linear: the intercept of a weighted line, as weights of the outcomes.
slow_kernel <- function(score, treated, kernel, h, linear = FALSE) {
  weight <- numeric(length(score))
  controls <- which(treated == 0)
  for (i in which(treated == 1)) {
    u <- (score[controls] - score[i]) / h
    k <- slow_kernels[[kernel]](u)
    if (!sum(k) > 0) next
    weight[i] <- 1
    share <- k / sum(k)
    if (linear) {
      center <- sum(share * u)
      spread <- sum(share * (u - center)^2)
      if (spread > 1e-24 * (1 + center^2)) share <- share * (1 - center * (u - center) / spread)
    }
    weight[controls] <- weight[controls] + share
  }
  weight
}

# psmatch2's search, read off its help and its manual, for one treated score.
slow_psmatch2 <- function(p, controls, k, ties, caliper) {
  o <- order(controls, seq_along(controls))
  s <- controls[o]
  d <- abs(p - s)
  first <- which(d == min(d))[1L]
  if (!d[first] < caliper) return(integer())
  found <- first
  if (ties) found <- c(found, setdiff(which(d == d[first]), first))
  low <- first - 1L
  high <- first + 1L
  while (k > 1L) {
    dl <- if (low >= 1L) d[low] else Inf
    dh <- if (high <= length(s)) d[high] else Inf
    if (!min(dl, dh) < caliper) break
    if (dl <= dh) {
      found <- c(found, low)
      low <- low - 1L
    } else {
      found <- c(found, high)
      high <- high + 1L
    }
    k <- k - 1L
  }
  o[found]
}

# Abadie and Imbens by the formulas of the papers, for matching with replacement without ties.
slow_abadie_imbens <- function(score, treated, y, X, V, f, p, M, J) {
  n <- length(y)
  near <- function(i, pool, k) pool[order(abs(score[pool] - score[i]), pool)][seq_len(k)]
  ones <- which(treated == 1)
  zeros <- which(treated == 0)
  matches <- lapply(ones, near, zeros, M)
  yhat <- vapply(matches, function(j) mean(y[j]), 0)
  tau <- mean(y[ones] - yhat)
  w <- tabulate(unlist(matches), n) / M
  s2 <- vapply(seq_len(n), function(i) {
    arm <- setdiff(which(treated == treated[i]), i)
    J / (J + 1) * (y[i] - mean(y[near(i, arm, J)]))^2
  }, 0)
  v2006 <- (sum((y[ones] - yhat - tau)^2) + sum(((w^2 - w / M) * s2)[zeros])) / length(ones)^2
  sample <- (sum(s2[ones]) + sum((w^2 * s2)[zeros])) / length(ones)^2
  a <- cov1 <- cov0 <- NULL
  parts <- lapply(seq_len(n), function(i) {
    lapply(0:1, function(arm) {
      pool <- which(treated == arm)
      # The row itself counts among the J nearest of its own arm.
      j <- if (treated[i] == arm) c(i, near(i, setdiff(pool, i), J - 1L)) else near(i, pool, J)
      list(mu = mean(y[j]), cov = colSums(scale(X[j, , drop = FALSE], scale = FALSE) * (y[j] - mean(y[j]))) / (J - 1))
    })
  })
  shift <- X * vapply(parts, function(q) q[[2L]]$mu - q[[1L]]$mu - tau, 0)
  c1 <- t(vapply(parts, function(q) q[[2L]]$cov, numeric(ncol(X))))
  c0 <- t(vapply(parts, function(q) q[[1L]]$cov, numeric(ncol(X))))
  cc <- colSums(f * (shift + c1 + p / (1 - p) * c0)) / length(ones)
  dd <- colSums(f * (shift + c1 - c0)) / length(ones)
  v2016 <- v2006 - drop(cc %*% V %*% cc) + drop(dd %*% V %*% dd)
  list(tau = tau, ai2006 = sqrt(v2006), sample = sqrt(sample), ai2016 = sqrt(v2016))
}

# One row of pstest: rows repeated by their (whole) weights, then lm().
slow_balance <- function(x, treated, weight) {
  whole <- rep(seq_along(x), weight)
  before <- summary(stats::lm(x ~ treated))$coefficients
  after <- summary(stats::lm(x[whole] ~ treated[whole]))$coefficients
  spread <- sqrt((stats::var(x[treated == 1]) + stats::var(x[treated == 0])) / 2)
  list(
    bias = 100 * c(before[2L, 1L], after[2L, 1L]) / spread, t = c(before[2L, 3L], after[2L, 3L]),
    p = c(before[2L, 4L], after[2L, 4L]),
    ratio = c(
      stats::var(x[treated == 1]) / stats::var(x[treated == 0]),
      stats::var(x[whole][treated[whole] == 1]) / stats::var(x[whole][treated[whole] == 0])
    )
  )
}

# A panel with selection on two covariates that move over time.
match_data <- function(units = 120, years = 2015:2018, seed = 1) {
  withr::local_seed(seed, .rng_kind = "Mersenne-Twister", .rng_normal_kind = "Inversion", .rng_sample_kind = "Rejection")
  u <- data.frame(city = seq_len(units), a = stats::rnorm(units), b = stats::rnorm(units))
  u$treat <- as.integer(u$a + u$b + stats::rnorm(units) > 1)
  d <- merge(u, data.frame(year = years))
  d <- d[order(d$city, d$year), ]
  d$x <- d$a + stats::rnorm(nrow(d)) / 3
  d$z <- d$b + stats::rnorm(nrow(d)) / 3
  d$status <- d$treat * (d$year >= 2017)
  d$y <- d$a + d$b + d$status + stats::rnorm(nrow(d))
  rownames(d) <- NULL
  d
}
