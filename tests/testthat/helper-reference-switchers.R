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
  for (f in unique(first[used])) for (start in unique(d1[used])) {
    own <- used[first[used] == f & d1[used] == start]
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
