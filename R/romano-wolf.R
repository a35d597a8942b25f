# Step-down adjustment for several outcomes on a wild cluster bootstrap that all of them share.

# -> one adjusted p an outcome and term, in the order of outcome_table().
romano_wolf <- function(fits, base, term, draws, weights, seed) {
  boot <- shared_clusters(base)
  enumerate <- enumerates(weights, boot, draws)
  setting <- list(
    type = weights, draws = if (enumerate) 2^boot$levels else draws, enumerated = enumerate,
    seed = if (enumerate) 0 else seed
  )
  drawn <- unlist(lapply(fits, function(fit) lapply(term, term_draws, fit = fit, boot = boot, setting = setting)),
    recursive = FALSE
  )
  statistic <- vapply(drawn, `[[`, 1, "statistic")
  star <- vapply(drawn, `[[`, numeric(setting$draws), "draws")
  step_down(abs(statistic), abs(star), enumerate)
}

# t of one coefficient and of its draws, each with the standard error of its own: the weights of the
# draws are the same for all outcomes.
term_draws <- function(term, fit, boot, setting) {
  # Aliased, or an outcome that the effects explain: no statistic.
  if (!isTRUE(term_rows(fit, term)$std.error > 0)) {
    return(list(statistic = NA_real_, draws = rep(NA_real_, setting$draws)))
  }
  if (!has_wild_bootstrap(fit)) {
    psi <- aligned_influence(fit, boot)[, match(term, names(fit$coefficients)), drop = FALSE]
    star <- cpp_wild_statistics(psi, wild_codes[[setting$type]], as.integer(setting$draws), setting$seed, setting$enumerated)
    return(list(statistic = term_rows(fit, term)$statistic, draws = as.vector(star)))
  }
  clusters <- wild_clusters(fit, NULL, NULL)
  clusters$boot <- boot
  hypothesis <- list(names = term, null = 0)
  out <- c(setting, hypothesis, list(impose_null = TRUE, conf.level = NULL, estimate = fit$coefficients[[term]]))
  out <- if (fit$estimator == "iv") {
    wild_iv(out, fit, clusters)
  } else {
    wild_scalar(out, wild_sums(fit, hypothesis, clusters, TRUE), clusters)
  }
  list(statistic = out$statistic, draws = out$draw_statistics)
}

has_wild_bootstrap <- function(fit) {
  if (fit$estimator == "iv") return(fit$method == "2sls" && length(fit$root$d) == 1L)
  fit$estimator == "twfe" && !is.null(fit$maps)
}

has_contributions <- function(fit) !is.null(fit$maps) || !is.null(fit$unit_influence)

# Who shares a weight: as in wild_bootstrap(); for other estimators the fit's own clusters when it has one
# clustering, else its units.
shared_clusters <- function(fit) {
  if (has_wild_bootstrap(fit)) return(wild_clusters(fit, NULL, NULL)$boot)
  by <- fit$vcov_spec$by
  if (length(by) == 1L) return(cluster_codes(by[[1L]], fit))
  resolve_by(fit, NULL)
}

# Romano and Wolf (2016), equations 4.2-4.3: from the largest statistic down, the share of draws in
# which the largest of those that are left is at least as large; p values never decrease.
step_down <- function(statistic, star, enumerated = FALSE) {
  order <- order(statistic, decreasing = TRUE, na.last = TRUE)
  p <- rep(NA_real_, length(statistic))
  largest <- rep(-Inf, nrow(star))
  for (j in rev(order)) {
    if (is.na(statistic[j])) next
    largest <- pmax(largest, star[, j])
    beyond <- sum(largest >= statistic[j] * tie)
    p[j] <- if (enumerated) beyond / nrow(star) else (1 + beyond) / (1 + nrow(star))
  }
  known <- order[!is.na(statistic[order])]
  p[known] <- cummax(p[known])
  p
}
