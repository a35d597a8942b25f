# Several fits, one covariance: the influence of each cluster on the estimates of all of them,
# side by side. What Stata's `suest` does, on the currency of influence.R.

# Sums of influence over the clusters of `by` (list(code, levels, label), coded on the rows of a
# fit that contains those of `fit`), so that the rows of several fits' sums are the same clusters.
aligned_influence <- function(fit, by) {
  if (is.null(fit$unit_influence)) return(call_scores(fit, 2L, by)$sums %*% fit$bread)
  units <- unit_influence_sums(fit, list(label = fit$design$unit$label))
  sums <- rowsum(units, by$code[first_rows(fit$design)])
  out <- matrix(0, by$levels, ncol(sums))
  out[as.integer(rownames(sums)) + 1L, ] <- sums
  out
}

# fits: named list, on disjoint sets of rows of `base`. -> list(coefficients, matrix, df): the
# covariance that one regression with everything interacted with the groups would have.
joint_covariance <- function(fits, base) {
  spec <- base$vcov_spec
  by_rows <- c("iid", "HC0", "HC1", "HC2", "HC3")
  if (spec$type == "cluster") {
    out <- joint_clustered(fits, base, spec)
  } else if (spec$type %in% by_rows) {
    out <- joint_by_rows(fits, base, spec)
  } else if (spec$type == "simulated") {
    # A variance of the estimator's own is about units, and units of different groups are independent.
    out <- list(matrix = block_diagonal(lapply(fits, `[[`, "vcov")), df = Inf)
  } else {
    abort("vcov", c("Groups cannot be compared under {.val {spec$label}}.",
      i = "Cluster by the unit or by something that contains it."
    ))
  }
  if (isTRUE(base$normal)) out$df <- Inf
  out$coefficients <- unlist(unname(lapply(fits, `[[`, "coefficients")))
  out$group <- rep(names(fits), lengths(lapply(fits, `[[`, "coefficients")))
  out
}

sum_over <- function(fits, what) sum(vapply(fits, function(f) as.numeric(f[[what]]), 1))

joint_clustered <- function(fits, base, spec) {
  ways <- lapply(spec$by, cluster_codes, fit = base)
  smallest <- min(vapply(ways, `[[`, 1, "levels"))
  ssc <- base$ssc
  # Each fit's own constant is counted once in the interacted regression.
  own <- vapply(fits, function(f) {
    count_parameters(f, ssc, lapply(spec$by, cluster_codes, fit = f))
  }, 1)
  parameters <- if (ssc$k == "none") 0 else joint_parameters(fits, own)
  total <- 0
  for (way in cluster_ways(ways, ssc)) {
    total <- total + way$factor * crossprod(do.call(cbind, lapply(fits, aligned_influence, by = way$by)))
  }
  if (length(ways) > 1L) total <- nearest_psd(total)
  rows <- sum_over(fits, "nobs")
  factor <- rows_factor(ssc, rows, parameters)
  list(matrix = total * factor, df = smallest - 1)
}

# A fit whose unit effects are nested in the clusters counts one constant for them: the interacted
# regression has one in all.
joint_parameters <- function(fits, own) {
  nested <- own < vapply(fits, function(f) f$rank + f$absorbed, 1)
  sum(own) - max(sum(nested) - 1, 0)
}

# Rows of different groups are independent: blocks, with one count of parameters and one variance.
joint_by_rows <- function(fits, base, spec) {
  lapply(fits, refuse_without_rows, what = spec$type)
  rows <- sum_over(fits, "nobs")
  df <- max(rows - sum(vapply(fits, count_parameters, 1, ssc = base$ssc)), 1)
  blocks <- lapply(fits, function(f) {
    if (spec$type == "iid") return(f$bread * sum_over(fits, "rss") / df)
    own <- covariance_hc(f, spec, base$ssc)
    # HC1 alone has a factor: the count of all groups in place of the group's own.
    own$matrix * if (spec$type == "HC1") (rows / df) / (f$nobs / own$df) else 1
  })
  list(matrix = block_diagonal(blocks), df = df)
}

block_diagonal <- function(blocks) {
  size <- vapply(blocks, nrow, 1L)
  total <- matrix(0, sum(size), sum(size))
  end <- cumsum(size)
  for (i in seq_along(blocks)) {
    at <- seq_len(size[i]) + end[i] - size[i]
    total[at, at] <- blocks[[i]]
  }
  total
}
