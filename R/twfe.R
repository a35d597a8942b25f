# estimator = "twfe": least squares with absorbed effects.
#   design -> absorption -> moments, solution, scores -> covariance -> fit

fit_twfe <- function(design, data, vcov, ssc, solver, call, control_group, anticipation) {
  fit_linear(design, data, vcov, ssc, solver, call)
}

# cells: see solve_least_squares().
fit_linear <- function(design, data, vcov, ssc, solver, call, cells = NULL) {
  absorbed_by <- absorption(design)
  shell <- list(design = design, data = data, formula = design$formula)
  spec <- vcov_spec(vcov, shell)
  by <- first_clustering(spec, shell, absorbed_by)
  solved <- solve_least_squares(design, absorbed_by, by$codes, solver, cells)
  solved_fit(design, data, solved, absorbed_by, by$label, spec, ssc, solver, call)
}

# What the core solved -> the fit. by: the clustering of the score sums that came with it.
solved_fit <- function(design, data, solved, absorbed_by, by, spec, ssc, solver, call) {
  kept <- which(solved$standing == 0L)
  k <- length(design$regressors)
  moments <- solved$moments
  fit <- new_fit(
    estimator = "twfe", call = call, design = design, data = data,
    coefficients = solved$coefficients[kept],
    bread = solved$inverse[kept, kept, drop = FALSE],
    aliased = names(design$regressors)[-kept][seq_len(k - length(kept))],
    absorbed_by = absorbed_by, effects = moments$effects,
    maps = list(
      residual = c(1, -unname(solved$coefficients)),
      regressors = rbind(0, diag(k))[, kept, drop = FALSE]
    ),
    absorbed = absorbed_count(design, moments),
    rss = solved$rss, tss = moments$total[1L], within_tss = moments$gram[1L, 1L],
    scores = list(label = by, sums = if (length(kept) == k) solved$scores else solved$scores[, kept, drop = FALSE]),
    solver = list(iterations = moments$iterations, exact_rank = moments$exact_rank,
                  orthogonal = solved$orthogonal, options = solver),
    ssc = ssc
  )
  set_vcov(fit, spec)
}

# The clustering whose sums come with the fit: one pass less for the usual covariance.
first_clustering <- function(spec, shell, absorbed_by) {
  if (spec$type != "cluster" || length(spec$by) > 1L) return(list(label = absorbed_by$eliminated))
  label <- expr_label(spec$by[[1L]])
  if (identical(label, absorbed_by$eliminated)) return(list(label = label))
  list(label = label, codes = cluster_codes(spec$by[[1L]], shell))
}
