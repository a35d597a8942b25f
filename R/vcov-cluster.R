# Clustered covariances, one- and multi-way.

# One or several ways (Cameron, Gelbach and Miller 2011): intersections of the clusters enter with
# alternating sign, with the factor of the way that has the fewest clusters, or each with its own.
# single: codes of each way -> one list(by, factor) a nonempty set of ways.
cluster_ways <- function(single, ssc) {
  smallest <- min(vapply(single, `[[`, 1, "levels"))
  lapply(nonempty_subsets(length(single)), function(subset) {
    by <- Reduce(cross_codes, single[subset])
    sign <- if (length(subset) %% 2L == 1L) 1 else -1
    list(by = by, factor = sign * groups_factor(ssc, if (ssc$g == "min") smallest else by$levels))
  })
}

covariance_cluster <- function(fit, spec, ssc) {
  ways <- lapply(spec$by, cluster_codes, fit = fit)
  clusters <- vapply(ways, `[[`, 1, "levels")
  names(clusters) <- vapply(spec$by, expr_label, "")
  parameters <- count_parameters(fit, ssc, ways)
  total <- 0
  for (way in cluster_ways(ways, ssc)) total <- total + way$factor * clustered_square(fit, way$by)
  if (length(ways) > 1L) total <- nearest_psd(total)
  factor <- rows_factor(ssc, fit$nobs, parameters)
  list(matrix = total * factor, df = min(clusters) - 1, clusters = clusters)
}

# Codes of a clustering among the rows that the fit used -> list(code, levels, label).
cluster_codes <- function(expr, fit) {
  design <- fit$design
  label <- expr_label(expr)
  known <- c(list(design$unit, design$time), design$effects, design$clusters)
  for (id in known) {
    if (identical(id$label, label)) return(refuse_one_cluster(list(code = id$code, levels = length(id$values), label = label)))
  }
  if (is.null(fit$data)) {
    abort("lean", c("This fit no longer has its data.",
      x = "{.field {label}} was not among its effects.",
      i = "Fit again with {.code lean = FALSE}, or name the clusters at fit time."
    ))
  }
  check_variables(list(expr), fit$data, environment(fit$formula))
  id <- code_effect(expr, fit$data, environment(fit$formula))
  used <- if (is.null(design$keep)) id$code else id$code[design$keep == as.raw(1L)]
  if (anyNA(used)) {
    abort("cluster", c("The clusters must be known in every row used.",
      x = "{.field {label}} is missing in {sum(is.na(used))} of them.",
      i = "Pass {.code vcov = ~ {label}} at fit time: rows without a cluster are then dropped and counted."
    ))
  }
  if (!is.null(design$keep)) {
    compact <- cpp_compact(id$code, length(id$values), design$keep)
    id <- list(code = compact$code, values = compact$used)
  }
  refuse_one_cluster(list(code = id$code, levels = length(id$values), label = label))
}

refuse_one_cluster <- function(by) {
  if (by$levels > 1L) return(by)
  abort("one_cluster", c("Clustered standard errors need at least two clusters.",
    x = "{.field {by$label}} takes a single value in the rows used.",
    i = "Cluster by the unit, or use {.code vcov = \"HC1\"}."
  ))
}

cross_codes <- function(a, b) {
  pairs <- cpp_code_pairs(a$code, b$code, b$levels)
  list(code = pairs$code, levels = length(pairs$first), label = paste0(a$label, "^", b$label))
}

nonempty_subsets <- function(n) {
  if (n == 1L) return(list(1L))
  unlist(lapply(seq_len(n), function(size) utils::combn(n, size, simplify = FALSE)), recursive = FALSE)
}
