# Step-down adjustment for several outcomes on a wild cluster bootstrap that all of them share.

wild_weights <- c(rademacher = 0L, webb = 1L, mammen = 2L)

# -> one adjusted p an outcome and term, in the order of outcome_table().
romano_wolf <- function(fits, base, term, draws, weights, seed) {
  by <- shared_clusters(base)
  psi <- do.call(cbind, lapply(fits, function(f) {
    aligned_influence(f, by)[, match(term, names(f$coefficients)), drop = FALSE]
  }))
  star <- cpp_wild_statistics(psi, wild_weights[[weights]], draws, seed)
  statistic <- unlist(lapply(fits, function(f) term_rows(f, term)$statistic))
  step_down(abs(statistic), abs(star))
}

# The fit's own clusters when it has one clustering, else its units.
shared_clusters <- function(fit) {
  by <- fit$vcov_spec$by
  if (length(by) == 1L) return(cluster_codes(by[[1L]], fit))
  resolve_by(fit, NULL)
}

# Romano and Wolf (2016), equations 4.2-4.3: from the largest statistic down, the share of draws in
# which the largest of those that are left is at least as large; p values never decrease.
step_down <- function(statistic, star) {
  order <- order(statistic, decreasing = TRUE, na.last = TRUE)
  p <- rep(NA_real_, length(statistic))
  largest <- rep(-Inf, nrow(star))
  for (j in rev(order)) {
    if (is.na(statistic[j])) next
    largest <- pmax(largest, star[, j])
    p[j] <- (1 + sum(largest >= statistic[j])) / (1 + nrow(star))
  }
  known <- order[!is.na(statistic[order])]
  p[known] <- cummax(p[known])
  p
}
