# The sums by cluster that the wild bootstrap is made of. With Z = what is left of outcome and
# regressors, h_j = Z-row times row j of the bread (so that sum h_j e = estimate - null), and e the
# residuals of the draws as e0 + r e1 (r the value under the null):
#   numerator  n_g = sum over cluster g of h e
#   t's variance: sum over clusters c of (h_c' M (v e))^2,  M = everything partialled out again
#     = |S v - L R v|^2, S = sums of h e over c and g, R = sums of x e and of e by period over g,
#     L = the same sums of h over c, times the bread and the inverse of the system of periods.
# That needs weights that are constant within units; else M(v e) is computed cluster by cluster.

wild_sums <- function(fit, hypothesis, clusters, impose_null) {
  columns <- cpp_partialled_out(fit$absorbed_by, fit_columns(fit), fit$effects)
  x <- columns %*% fit$maps$regressors
  h <- x %*% fit$bread[, match(hypothesis$names, names(fit$coefficients)), drop = FALSE]
  e0 <- as.vector(columns %*% fit$maps$residual)
  e1 <- numeric(length(e0))
  at <- match(hypothesis$names, names(fit$coefficients))
  inverse <- solve(fit$bread[at, at, drop = FALSE])
  if (impose_null && length(at) == 1L) {
    e0 <- e0 + as.vector(h %*% inverse) * fit$coefficients[[at]]
    e1 <- -as.vector(h %*% inverse)
  } else if (impose_null) {
    e0 <- e0 + as.vector(h %*% inverse %*% (fit$coefficients[at] - hypothesis$null))
  }
  rows <- computation_rows(fit)
  out <- list(
    h = h, e = cbind(e0, e1), x = x, rows = rows, boot = clusters$boot$code[rows] + 1L,
    bread = fit$bread, variance = hypothesis_variance(fit, at, clusters)
  )
  out$numerator <- group_sums(h * e0, out$boot, clusters$boot$levels)
  out$numerator_slope <- group_sums(h * e1, out$boot, clusters$boot$levels)
  # Slopes by unit together with a way that crosses units: no sums by cluster are enough.
  crossing <- !all(vapply(clusters$ways, function(way) weights_nest_units(fit, way$by), TRUE))
  out$nested <- weights_nest_units(fit, clusters$boot) && !(crossing && length(fit$absorbed_by$group_slopes))
  if (out$nested) add_shared_sums(out, fit, clusters$boot) else add_kernel_rows(out, fit, clusters$boot)
}

computation_rows <- function(fit) {
  if (is.null(fit$absorbed_by$rows)) seq_len(fit$design$n_data) else fit$absorbed_by$rows + 1L
}

# groups x columns, also for groups without rows.
group_sums <- function(x, group, groups) {
  x <- as.matrix(x)
  out <- matrix(0, groups, ncol(x))
  sums <- rowsum(x, group)
  out[as.integer(rownames(sums)), ] <- sums
  out
}

# The covariance of the tested coefficients, with the factors of the draws.
hypothesis_variance <- function(fit, at, clusters) {
  total <- 0
  for (way in clusters$ways) total <- total + way$factor * clustered_square(fit, way$by)[at, at, drop = FALSE]
  as.matrix(total)
}

weights_nest_units <- function(fit, boot) {
  absorbed <- fit$absorbed_by
  if (is.null(absorbed$eliminated)) return(TRUE)
  e <- fit$design$effects[[absorbed$eliminated]]
  cpp_is_nested(absorbed$rows, absorbed$start, e$code, length(e$values), boot$code)
}

# R: sums of x e and of e by level of the other effects, rank x clusters.
add_shared_sums <- function(sums, fit, boot) {
  levels <- level_list(fit, sums$rows)
  sums$right <- lapply(seq_len(ncol(sums$e)), function(j) {
    t(cbind(
      group_sums(sums$x * sums$e[, j], sums$boot, boot$levels),
      level_sums(sums$e[, j], sums$boot, boot$levels, levels)
    ))
  })
  sums$levels <- levels
  sums$units <- unit_sums(fit, sums$rows, levels)
  sums$system <- if (length(levels)) cpp_reduced_inverse(fit$absorbed_by) else matrix(0, 0L, 0L)
  sums
}

# Codes (1-based) and values of each further effect in the order of the computation. The partialled
# out columns come times the root of the weight, and so do the effects.
level_list <- function(fit, rows) {
  root <- if (is.null(fit$design$weights)) 1 else sqrt(fit$design$weights[rows])
  lapply(fit$absorbed_by$effects, function(e) {
    slope <- if (is.null(e$slope)) 1 else as.numeric(e$slope[rows])
    list(code = e$code[rows] + 1L, levels = e$levels, value = root * slope)
  })
}

level_sums <- function(z, group, groups, levels) {
  parts <- lapply(levels, function(e) {
    cell <- group + groups * (e$code - 1L)
    matrix(group_sums(z * e$value, cell, groups * e$levels), groups)
  })
  if (length(parts)) do.call(cbind, parts) else matrix(0, groups, 0L)
}

# What the means of the eliminated groups share with the levels: root weights, P = D'W 1 / W by group.
unit_sums <- function(fit, rows, levels) {
  absorbed <- fit$absorbed_by
  if (!absorbed$group_means) return(NULL)
  sizes <- diff(absorbed$start)
  group <- rep(seq_along(sizes), sizes)
  root <- if (is.null(fit$design$weights)) rep(1, length(rows)) else sqrt(fit$design$weights[rows])
  total <- as.vector(group_sums(root^2, group, length(sizes)))
  list(group = group, root = root, shares = level_sums(root, group, length(sizes), levels) / total)
}

# Sums of h over the clusters of a way by level, groups eliminated: where the way's clusters hold
# whole groups h sums to zero in each, and nothing is taken off.
eliminated_level_sums <- function(sums, h, group, groups) {
  raw <- level_sums(h, group, groups, sums$levels)
  if (is.null(sums$units)) return(raw)
  cell <- unique_pairs(sums$units$group, group, nrow(sums$units$shares))
  inner <- as.vector(rowsum(h * sums$units$root, cell$code, reorder = FALSE))
  raw - group_sums(sums$units$shares[cell$first, , drop = FALSE] * inner, cell$second, groups)
}

# Weights that change within units: e of each cluster is partialled out again, a column a cluster.
add_kernel_rows <- function(sums, fit, boot) {
  cells <- as.numeric(boot$levels) * length(sums$boot)
  # Two matrices of this many doubles are made: 1.6 GB at most.
  if (cells > 1e8) {
    abort("weights_by", c("Clusters that share a weight must contain whole units, or be few.",
      x = "{.field {boot$label}} has {boot$levels} and changes within {.field {fit$absorbed_by$eliminated}}.",
      i = "Set {.arg weights_by} to the unit or to groups of units."
    ))
  }
  root <- if (is.null(fit$design$weights)) 1 else sqrt(fit$design$weights[sums$rows])
  bread <- sums$bread
  sums$again <- lapply(seq_len(ncol(sums$e)), function(j) {
    columns <- lapply(seq_len(boot$levels), function(g) {
      full <- numeric(fit$design$n_data)
      full[sums$rows] <- ifelse(sums$boot == g, sums$e[, j] / root, 0)
      full
    })
    if (!any(sums$e[, j] != 0)) return(matrix(0, length(sums$boot), boot$levels))
    moments <- cpp_moments(fit$absorbed_by, columns, fit$solver$options)
    z <- cpp_partialled_out(fit$absorbed_by, columns, moments$effects)
    z - sums$x %*% (bread %*% crossprod(sums$x, z))
  })
  sums
}

# One way of the variance for one parameter: S and L of way$by (clusters of the way in rows).
way_left <- function(sums, way, h) {
  group <- way$by$code[sums$rows] + 1L
  groups <- way$by$levels
  cbind(
    group_sums(sums$x * h, group, groups) %*% sums$bread,
    eliminated_level_sums(sums, h, group, groups) %*% sums$system
  )
}

# The full kernel, way's clusters x clusters of the weights.
way_kernel <- function(sums, way, boot, h, j = 1L) {
  group <- way$by$code[sums$rows] + 1L
  groups <- way$by$levels
  if (!sums$nested) return(group_sums(h * sums$again[[j]], group, groups))
  cell <- group + groups * (sums$boot - 1L)
  both <- matrix(group_sums(h * sums$e[, j], cell, groups * boot$levels), groups)
  both - way_left(sums, way, h) %*% sums$right[[j]]
}

joint_kernels <- function(sums, clusters) {
  lapply(clusters$ways, function(way) {
    lapply(seq_len(ncol(sums$h)), function(p) way_kernel(sums, way, clusters$boot, sums$h[, p]))
  })
}

# The forms and ways of the scalar bootstrap: see inst/include/pilotdid/wild_bootstrap.hpp.
scalar_problem <- function(sums, clusters) {
  boot <- clusters$boot
  h <- sums$h[, 1L]
  rank <- if (sums$nested) nrow(sums$right[[1L]]) else 0L
  parts <- lapply(clusters$ways, function(way) {
    if (sums$nested) way_parts(sums, way, boot, h, rank) else kernel_parts(sums, way, boot, h)
  })
  forms <- rbind(
    t(sums$numerator), t(sums$numerator_slope),
    if (sums$nested) rbind(sums$right[[1L]], sums$right[[2L]]),
    do.call(rbind, lapply(parts, `[[`, "forms"))
  )
  list(forms = unname(forms), rank = rank, ways = lapply(parts, `[[`, "way"))
}

kernel_parts <- function(sums, way, boot, h) {
  s <- lapply(1:2, function(j) way_kernel(sums, way, boot, h, j))
  s <- square_root_rows(s[[1L]], s[[2L]])
  list(forms = do.call(rbind, s), way = list(
    factor = way$factor, roots = nrow(s[[1L]]), diagonal = matrix(0, 0L, 0L)
  ))
}

way_parts <- function(sums, way, boot, h, rank) {
  group <- way$by$code[sums$rows] + 1L
  left <- way_left(sums, way, h)
  cell <- unique_pairs(group, sums$boot, way$by$levels)
  # Sums over the cells that occur: way's cluster, weight's cluster, values for e0 and e1.
  values <- rowsum(h * sums$e, cell$code, reorder = FALSE)
  g <- cell$second
  c <- cell$first
  m <- lapply(1:2, function(j) {
    t(group_sums(left[c, , drop = FALSE] * values[, j], g, boot$levels)) - crossprod(left) %*% sums$right[[j]] / 2
  })
  if (anyDuplicated(c)) {
    s <- lapply(1:2, function(j) {
      dense <- matrix(0, way$by$levels, boot$levels)
      dense[cbind(c, g)] <- values[, j]
      dense
    })
    s <- square_root_rows(s[[1L]], s[[2L]])
    diagonal <- matrix(0, 0L, 0L)
  } else {
    # Each cluster of the way lies in one cluster of the weights: S'S is diagonal.
    s <- list(matrix(0, 0L, boot$levels), matrix(0, 0L, boot$levels))
    diagonal <- group_sums(cbind(values[, 1L]^2, values[, 1L] * values[, 2L], values[, 2L]^2), g, boot$levels)
  }
  list(
    forms = rbind(do.call(rbind, s), m[[1L]], m[[2L]]),
    way = list(factor = way$factor, roots = nrow(s[[1L]]), diagonal = diagonal)
  )
}

unique_pairs <- function(first, second, levels) {
  code <- first + levels * (second - 1)
  once <- which(!duplicated(code))
  list(code = match(code, code[once]), first = first[once], second = second[once])
}

# Fewer rows with the same products: (S0, S1) -> Q'(S0, S1) where there are more clusters of the way
# than columns.
square_root_rows <- function(s0, s1) {
  both <- cbind(s0, s1)
  if (nrow(both) <= ncol(both)) return(list(s0, s1))
  q <- qr(both)
  r <- qr.R(q)[, order(q$pivot), drop = FALSE]
  list(r[, seq_len(ncol(s0)), drop = FALSE], r[, ncol(s0) + seq_len(ncol(s1)), drop = FALSE])
}
