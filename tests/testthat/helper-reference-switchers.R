# Slow and plain: de Chaisemartin and D'Haultfoeuille's effects unit by unit, with the U of their variance
# written as sums over groups (as the documentation of DIDmultiplegtDYN has it). Balanced panels.

# y, d: units x periods. event: effect l is event l - 1, placebo l is event -1 - l.
reference_switchers <- function(y, d, event) {
  n <- nrow(y)
  periods <- ncol(y)
  d1 <- d[, 1]
  first <- sapply(seq_len(n), function(i) {
    moved <- which(d[i, ] != d1[i])
    if (length(moved)) moved[1] else Inf
  })
  sign <- sapply(seq_len(n), function(i) if (is.finite(first[i])) sign(d[i, first[i]] - d1[i]) else 0)
  ahead <- if (event >= 0) event else -2 - event
  effect <- did <- rep(NA_real_, n)
  controls <- vector("list", n)
  for (i in which(is.finite(first))) {
    f <- first[i]
    if (f < 2 || f + ahead > periods || f + event < 1) next
    controls[[i]] <- which(d1 == d1[i] & first > f + ahead)
    if (!length(controls[[i]])) next
    did[i] <- y[i, f + event] - y[i, f - 1] - mean(y[controls[[i]], f + event] - y[controls[[i]], f - 1])
    effect[i] <- sign[i] * did[i]
  }
  used <- which(!is.na(effect))
  if (!length(used)) return(NULL)
  dose <- sum(sapply(used, function(i) abs(d[i, first[i] + ahead] - d1[i])))
  total <- sum(sapply(used, function(i) sum(abs(d[i, first[i] + 0:ahead] - d1[i]))))
  u <- numeric(n)
  for (f in unique(first[used])) for (start in unique(d1[used])) for (up in c(-1, 1)) {
    own <- used[first[used] == f & d1[used] == start & sign[used] == up]
    if (!length(own)) next
    change <- y[, f + event] - y[, f - 1]
    con <- controls[[own[1]]]
    pooled <- c(own, con)
    centered <- function(i, group) {
      if (length(group) > 1) return(sqrt(length(group) / (length(group) - 1)) * (change[i] - mean(change[group])))
      sqrt(length(pooled) / (length(pooled) - 1)) * (change[i] - mean(change[pooled]))
    }
    for (i in own) u[i] <- u[i] + sign[i] * n / length(used) * centered(i, own[d[own, f] == d[i, f]])
    for (i in con) u[i] <- u[i] - n / length(used) * sum(sign[own]) / length(con) * centered(i, con)
  }
  list(
    estimate = mean(effect[used]), se = sqrt(sum(u^2)) / n, switchers = length(used),
    normalized = sum(effect[used]) / total, dose = dose, sum = sum(effect[used])
  )
}

# A balanced panel whose treatment is on and off (levels = 0:1), has several values, or is continuous in
# what it becomes.
switching_panel <- function(seed, levels = 0:1, units = 60, periods = 7) {
  withr::local_seed(seed, .rng_kind = "Mersenne-Twister", .rng_normal_kind = "Inversion", .rng_sample_kind = "Rejection")
  first <- sample(c(3:periods, Inf), units, TRUE, prob = c(rep(1, periods - 2), 3))
  initial <- sample(levels, units, TRUE)
  data <- expand.grid(year = seq_len(periods), id = seq_len(units))
  later <- sapply(initial, function(v) sample(c(setdiff(levels, v), setdiff(levels, v)), 1))
  data$d <- ifelse(data$year >= first[data$id], later[data$id], initial[data$id])
  back <- runif(units) < 0.3
  data$d <- ifelse(back[data$id] & data$year >= first[data$id] + 2, initial[data$id], data$d)
  data$x <- rnorm(nrow(data))
  data$province <- data$id %% 13
  data$y <- rnorm(units)[data$id] + 0.3 * data$year + data$d + 0.5 * data$x + rnorm(nrow(data))
  data
}
wide <- function(data, column) t(matrix(data[[column]], ncol = length(unique(data$id))))

# The panels on which DIDmultiplegtDYN was run, and which of the 30 seeds for each kind.
peer_seeds <- function(spec) if (spec == "plain") 1:30 else 1:6
peer_switching_panel <- function(seed, spec) {
  data <- switching_panel(seed, if (seed %% 2) 0:1 else 0:3, units = if (seed %% 5) 60 else 30)
  withr::local_seed(seed, .rng_kind = "Mersenne-Twister", .rng_normal_kind = "Inversion", .rng_sample_kind = "Rejection")
  data$x2 <- stats::rnorm(nrow(data))
  data$w <- stats::runif(60, 0.5, 2)[data$id]
  if (spec == "missing") data <- data[-sample(nrow(data), 20), ]
  data
}
