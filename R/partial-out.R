# What is absorbed, in the form the core takes it, and its calls. One factor is eliminated within
# its groups; everything else goes into one reduced system (inst/include/pilotdid/).

# design -> list(rows, start, group_means, group_slopes, effects, weights, eliminated, levels)
# first: the label of the factor to eliminate; by default the one with the most levels.
absorption <- function(design, effects = design$effects, first = NULL) {
  levels <- vapply(effects, function(e) length(e$values), 1L)
  out <- list(
    rows = design$rows, start = design$start, group_means = FALSE, group_slopes = list(),
    effects = list(), weights = design$weights, eliminated = NULL
  )
  if (!length(effects)) {
    # Nothing to eliminate: groups are mere blocks of rows.
    out$start <- unique(c(seq.int(0L, design$n, by = 512L), as.integer(design$n)))
    out["rows"] <- list(used_rows(design))
    return(out)
  }
  first <- if (is.null(first)) which.max(levels) else match(first, names(effects))
  main <- effects[[first]]
  out$eliminated <- main$label
  out$group_means <- main$intercept
  out$group_slopes <- unname(main$slopes)
  if (!identical(main$label, design$unit$label)) {
    index <- cpp_index(design$keep, design$n_data, main$code, length(main$values), NULL, 0L)
    out["rows"] <- list(index$rows)
    out$start <- index$start
  }
  out$effects <- unlist(lapply(unname(effects[-first]), level_effects), recursive = FALSE)
  out$effects <- out$effects %||% list()
  out
}

# One factor -> its levels, and its levels times each slope.
level_effects <- function(e) {
  levels <- length(e$values)
  c(
    if (e$intercept) list(list(code = e$code, levels = levels, slope = NULL, label = e$label)),
    lapply(seq_along(e$slopes), function(j) {
      list(code = e$code, levels = levels, slope = e$slopes[[j]],
           label = paste0(e$label, "[[", names(e$slopes)[j], "]]"))
    })
  )
}

# tolerance: relative gradient at which the iterative solver stops. 1e-10 leaves coefficients
# right to nine digits on well-posed problems; the exact solver (up to 3,000 further levels) has none.
solver_options <- function(tolerance = 1e-10, max_iterations = 10000L, direct_limit = 3000L) {
  check_number(tolerance, "tolerance", 0, 1, open = TRUE)
  check_count(max_iterations, "max_iterations")
  check_count(direct_limit, "direct_limit", min = 0)
  list(tolerance = tolerance, max_iterations = as.integer(max_iterations), direct_limit = as.integer(direct_limit))
}

refuse_not_converged <- function(moments, options) {
  if (moments$converged) return(invisible())
  abort("not_converged", c("The fixed effects could not be partialled out.",
    x = "The solver stopped after {moments$iterations} iteration{?s} above the tolerance {options$tolerance}.",
    i = "Raise {.code solver = list(max_iterations = )}, or relax {.code solver = list(tolerance = )} and say so.",
    i = "Two nearly collinear effects are the usual cause: drop one of them."
  ))
}

# Parameters that the absorbed effects use up. Exact for levels (the rank of the system); with
# slopes or a very large system the usual bound, as fixest counts: all slopes, and one redundant
# level for each further effect.
absorbed_count <- function(design, moments) {
  effects <- design$effects
  if (!length(effects)) return(0)
  has_slopes <- any(lengths(lapply(effects, `[[`, "slopes")) > 0L)
  if (!has_slopes) return(moments$local_rank + moments$reduced_rank)
  levels <- vapply(effects, function(e) length(e$values), 1L)
  intercepts <- vapply(effects, `[[`, TRUE, "intercept")
  slopes <- sum(levels * lengths(lapply(effects, `[[`, "slopes")))
  sum(levels[intercepts]) - max(sum(intercepts) - 1, 0) + slopes
}
