# The wild restricted efficient bootstrap of 2SLS (see inst/include/pilotdid/wild_iv.hpp): residuals of
# any null are combinations of outcome, endogenous variable and instruments, all partialled out, so
# one set of sums by cluster and one set of draws serve the test and its inversion.

refuse_wild_iv <- function(fit) {
  check_fit(fit)
  if (fit$method == "2sls" && length(fit$root$d) == 1L && length(names(fit$design$endogenous)) == 1L) return(invisible())
  abort("estimator", c("The wild bootstrap of instrumental variables is that of 2SLS with one endogenous variable.",
    x = "This fit has {length(fit$design$endogenous)} and {.code method = \"{fit$method}\"}.",
    i = "{.fn anderson_rubin} gives a set that is robust to weak instruments."
  ))
}

wild_iv <- function(out, fit, clusters) {
  if (!identical(out$names, names(fit$design$endogenous))) {
    abort("parameter", c("With instruments only the endogenous variable can be tested.",
      x = "{.arg parameter} is {.field {out$names}}.", i = "Use {.field {names(fit$design$endogenous)}}."
    ))
  }
  variance <- hypothesis_variance(fit, match(out$names, names(fit$coefficients)), clusters)[1L, 1L]
  if (!(variance > 0)) refuse_no_variance(out$names)
  problem <- wild_iv_problem(fit, clusters)
  seed <- if (out$enumerated) 0 else out$seed
  problem$products <- cpp_wild_products(problem$forms, wild_codes[[out$type]], as.integer(out$draws), seed, out$enumerated)
  out$std.error <- sqrt(variance)
  out$statistic <- (out$estimate - out$null) / out$std.error
  out$draw_statistics <- wild_iv_draws(problem, if (out$impose_null) out$null else out$estimate)
  p <- function(null) {
    drawn <- if (!out$impose_null || null == out$null) out$draw_statistics else wild_iv_draws(problem, null)
    share_beyond(sum(abs(drawn) >= abs(out$estimate - null) / out$std.error * tie), out)
  }
  out$p.value <- p(out$null)
  if (!is.null(out$conf.level)) out$pieces <- wild_set(out, p)
  out
}

# Columns e: outcome, endogenous variable, instruments q (orthonormal), all with effects and controls
# taken off. forms: sums of q_l e_b by cluster of the weights, then for each way the sums over its clusters
# of q_l M(w e_b), M partialling out again.
wild_iv_problem <- function(fit, clusters) {
  r <- fit$root
  columns <- cpp_partialled_out(fit$absorbed_by, fit_columns(fit), fit$effects)
  q <- columns %*% basis_map(r, r$z, r$x)
  x <- columns %*% column_map(r, r$x)
  e <- cbind(columns %*% residual_map(r, c(r$y, r$d), r$x), q)
  root <- r$root[r$x, r$x, drop = FALSE]
  rows <- computation_rows(fit)
  sums <- list(
    e = e, x = x, rows = rows, boot = clusters$boot$code[rows] + 1L,
    bread = if (length(r$x)) chol2inv(root) else matrix(0, 0L, 0L)
  )
  crossing <- !all(vapply(clusters$ways, function(way) weights_nest_units(fit, way$by), TRUE))
  sums$nested <- weights_nest_units(fit, clusters$boot) && !(crossing && length(fit$absorbed_by$group_slopes))
  sums <- if (sums$nested) add_shared_sums(sums, fit, clusters$boot) else add_kernel_rows(sums, fit, clusters$boot)

  each <- expand.grid(l = seq_len(ncol(q)), b = seq_len(ncol(e)))
  top <- t(group_sums(q[, each$l, drop = FALSE] * e[, each$b, drop = FALSE], sums$boot, clusters$boot$levels))
  kernels <- lapply(clusters$ways, function(way) {
    do.call(rbind, lapply(seq_len(nrow(each)), function(i) {
      way_kernel(sums, way, clusters$boot, q[, each$l[i]], each$b[i])
    }))
  })
  pairs <- expand.grid(l = seq_len(ncol(q)), m = seq_len(ncol(q)))
  first <- nrow(top) + cumsum(c(0, vapply(kernels, nrow, 1L)))
  ways <- lapply(seq_along(kernels), function(w) {
    by <- clusters$ways[[w]]$by
    list(
      factor = clusters$ways[[w]]$factor, first = first[w],
      squares = group_sums(q[, pairs$l, drop = FALSE] * q[, pairs$m, drop = FALSE], by$code[rows] + 1L, by$levels)
    )
  })
  list(forms = unname(rbind(top, do.call(rbind, kernels))), ways = ways, e = e, q = q)
}

# t statistics of draws that are made under `null`: the first stage is efficient given the structural residuals.
wild_iv_draws <- function(problem, null) {
  d <- problem$e[, 2L]
  u <- problem$e[, 1L] - null * d
  qu <- crossprod(problem$q, u)
  qd <- crossprod(problem$q, d)
  slope <- (sum(u * d) - sum(qu * qd)) / (sum(u^2) - sum(qu^2))
  cpp_wild_iv_statistics(problem$products, problem$ways, null, as.vector(qd - slope * qu))
}
