# Are the effects equal? Wald and Chow tests on one covariance, and permutation of labels.

permutation_draws <- function(draws, fit) {
  treatments <- length(fit$design$treatment$names)
  possible <- fit$estimator == "twfe" && treatments == 1L && !length(fit$design$endogenous)
  if (is.null(draws)) return(if (possible) 1000L else 0L)
  check_count(draws, "draws", min = 0)
  if (draws > 0 && !possible) {
    abort("permutation", c("Labels are permuted for two-way fixed effects with one treatment.",
      x = "The fit is of {.val {fit$estimator}} with {length(fit$design$treatment$names)} treatment{?s}.",
      i = "Use {.code draws = 0} and the Wald test."
    ))
  }
  draws
}

# -> list(overall, pairs): each list(effects, draws, statistic, p.value, p.left, p.right, failed)
permute_labels <- function(base, groups, interaction, strata, draws, seed, se) {
  design <- base$design
  treatment <- design$treatment$names
  controls <- unname(design$regressors[setdiff(names(base$coefficients), treatment)])
  columns <- c(controls, list(design$outcome, design$regressors[[treatment]]))
  absorbed <- unit_absorption(design, "heterogeneity")
  cohort <- design$treatment$cohort
  stratum <- integer(length(groups$unit_code))
  if (strata == "cohort") stratum <- match(cohort, unique(cohort)) - 1L
  kind <- c(all = 0L, treatment = 1L)[[interaction]]
  run <- function(chosen) {
    label <- match(groups$unit_code, chosen - 1L, nomatch = 0L) - 1L
    cpp_permute_groups(
      absorbed, columns, label, length(chosen), stratum, max(stratum) + 1L, kind, draws, seed
    )
  }
  pairs <- utils::combn(length(groups$values), 2L, simplify = FALSE)
  by_pair <- lapply_progress(pairs, function(pair) difference_p(run(pair)), "Permutations")
  overall <- if (length(pairs) == 1L) by_pair[[1L]] else spread_p(run(seq_along(groups$values)), se)
  report_failed(overall$failed, draws)
  list(overall = overall, pairs = by_pair)
}

# Second less first group.
difference_p <- function(run) {
  d <- run$effects[2L] - run$effects[1L]
  star <- run$draws[, 2L] - run$draws[, 1L]
  failed <- is.na(star)
  star <- star[!failed]
  share <- function(hit) (1 + sum(hit)) / (1 + length(star))
  c(run, list(
    statistic = d, p.value = share(abs(star) >= abs(d)), p.left = share(star <= d),
    p.right = share(star >= d), failed = sum(failed)
  ))
}

# Weighted sum of squares between more than two groups.
spread_p <- function(run, se) {
  weight <- 1 / se^2
  spread <- function(b) {
    mean <- as.vector(b %*% weight) / sum(weight)
    as.vector((b - mean)^2 %*% weight)
  }
  q <- spread(matrix(run$effects, 1L))
  star <- spread(run$draws)
  failed <- is.na(star)
  star <- star[!failed]
  c(run, list(
    statistic = q, p.value = (1 + sum(star >= q)) / (1 + length(star)),
    p.left = NA_real_, p.right = NA_real_, failed = sum(failed)
  ))
}

report_failed <- function(failed, draws) {
  if (failed == 0) return(invisible())
  warn("permutation", c("In {failed} of {draws} permutations a group has no treated units or no controls.",
    x = "They say nothing and were not counted.",
    i = "{.code strata = \"cohort\"} keeps the treated units of each group."
  ))
}

equality_tests <- function(estimates, base, permuted) {
  joint <- estimates$joint
  wald <- equal_across(joint, matrix(estimates$at, nrow = length(estimates$term)))
  rows <- list(c(list(test = "wald"), wald))
  # Estimators that average cells have no coefficients of controls to compare.
  if (length(estimates$fits) > 1L && !is.null(base$rss)) {
    shared <- Reduce(intersect, lapply(estimates$fits, function(f) names(f$coefficients)))
    at <- vapply(unique(joint$group), position_in, integer(length(shared)), joint = joint, term = shared)
    rows <- c(rows, list(c(list(test = "chow"), equal_across(joint, matrix(at, nrow = length(shared))))))
    rows <- c(rows, list(c(list(test = "chow_f"), classical_chow(estimates$fits, base))))
  }
  if (!is.null(permuted)) {
    o <- permuted$overall
    rows <- c(
      rows,
      list(
        list(
          test = "permutation", statistic = o$statistic, df = NA_real_, df2 = NA_real_,
          p.value = o$p.value
        )
      )
    )
  }
  bind_lists(rows)
}

# at: terms x groups, positions of the coefficients that should be equal in all groups.
equal_across <- function(joint, at) {
  k <- length(joint$coefficients)
  contrasts <- lapply(seq_len(ncol(at))[-1L], function(g) {
    r <- matrix(0, nrow(at), k)
    r[cbind(seq_len(nrow(at)), at[, g])] <- 1
    r[cbind(seq_len(nrow(at)), at[, 1L])] <- -1
    r
  })
  r <- do.call(rbind, contrasts)
  test <- wald_test(as.vector(r %*% joint$coefficients), r %*% joint$matrix %*% t(r), joint$df)
  test[c("statistic", "df", "df2", "p.value")]
}

# Chow (1960) on sums of squares; all parameters, period effects too, may differ.
classical_chow <- function(fits, base) {
  split <- sum_over(fits, "rank") + sum_over(fits, "absorbed")
  df <- split - base$rank - base$absorbed
  df2 <- base$nobs - split
  rss <- sum_over(fits, "rss")
  statistic <- ((base$rss - rss) / df) / (rss / df2)
  list(statistic = statistic, df = df, df2 = df2, p.value = stats::pf(statistic, df, df2, lower.tail = FALSE))
}

# One row a pair of groups and term: second less first.
group_contrasts <- function(estimates, permuted) {
  joint <- estimates$joint
  terms <- length(estimates$term)
  names <- unique(estimates$table$group)
  pairs <- utils::combn(length(names), 2L, simplify = FALSE)
  rows <- lapply(seq_along(pairs), function(i) {
    pair <- pairs[[i]]
    at <- lapply(pair, function(g) estimates$at[seq_len(terms) + (g - 1L) * terms])
    difference <- unname(joint$coefficients[at[[2L]]] - joint$coefficients[at[[1L]]])
    v <- joint$matrix
    se <- sqrt(v[cbind(at[[1L]], at[[1L]])] + v[cbind(at[[2L]], at[[2L]])] - 2 * v[cbind(at[[1L]], at[[2L]])])
    half <- stats::qt(0.975, joint$df) * se
    row <- list(
      group = rep(names[pair[2L]], terms), reference = rep(names[pair[1L]], terms), term = estimates$term,
      estimate = difference, std.error = se, statistic = difference / se,
      p.value = 2 * stats::pt(
        -abs(difference / se), joint$df
      ), conf.low = difference - half, conf.high = difference + half
    )
    if (is.null(permuted)) return(row)
    p <- permuted$pairs[[i]]
    c(row, list(p.permutation = p$p.value, p.left = p$p.left, p.right = p$p.right))
  })
  bind_lists(rows)
}
