# Small-sample conventions: how parameters and clusters are counted.

# k: "nested" (effects nested in the clusters are not counted: fixest, reghdfe, xtreg), "full"
# (all absorbed parameters: areg) or "none"; g: G/(G-1) with the "min" of the ways, with each
# way's own ("conventional") or "none". ivreg2 divides by the number of rows throughout.
small_sample <- function(ssc) {
  presets <- list(
    fixest = list(k = "nested", g = "min"), reghdfe = list(k = "nested", g = "min"),
    xtreg = list(k = "nested", g = "min"), areg = list(k = "full", g = "min"),
    none = list(k = "none", g = "none"), ivreg2 = list(k = "zero", g = "none")
  )
  if (is.character(ssc)) return(presets[[check_choice(ssc, names(presets), "ssc")]])
  if (is.list(ssc) && length(names(ssc)) == length(ssc) && all(names(ssc) %in% c("k", "g"))) {
    out <- utils::modifyList(presets$fixest, ssc)
    out$k <- check_choice(out$k, c("nested", "full", "none", "zero"), "ssc$k")
    out$g <- check_choice(out$g, c("min", "conventional", "none"), "ssc$g")
    return(out)
  }
  abort("argument", c("{.arg ssc} must be one of {.or {.val {names(presets)}}}, or a list with {.field k} and {.field g}.",
    x = "It is {describe_value(ssc)}."
  ))
}

# Factors of clustered covariances: (n - 1) / (n - K) and G / (G - 1).
rows_factor <- function(ssc, rows, parameters) {
  if (ssc$k %in% c("none", "zero")) 1 else (rows - 1) / max(rows - parameters, 1)
}

groups_factor <- function(ssc, groups) if (ssc$g == "none") 1 else groups / (groups - 1)

# Coefficients plus absorbed parameters. Where effects are nested in the clusters, what is left is
# (rank of all effects) - (rank of the nested ones) + 1, the one for the constant. This equals
# fixest's count on connected panels; fixest's own exact count forgets the nesting.
count_parameters <- function(fit, ssc, ways = list()) {
  k <- fit$rank
  if (ssc$k == "zero") return(0)
  if (ssc$k == "none") return(if (length(ways)) 0 else k)
  if (ssc$k == "full" || !length(ways)) return(k + fit$absorbed)
  nested <- nested_effects(fit$design, ways)
  if (!any(nested)) return(k + fit$absorbed)
  max(k + fit$absorbed - nested_rank(fit, nested) + 1, k + 1)
}

nested_effects <- function(design, ways) {
  vapply(design$effects, function(e) {
    e$intercept && any(vapply(ways, function(w) {
      identical(e$label, w$label) || cpp_is_nested(design$rows, design$start, e$code, length(e$values), w$code)
    }, TRUE))
  }, TRUE)
}

# Parameters of the nested effects taken together; slopes on them still count, as in fixest.
nested_rank <- function(fit, nested) {
  effects <- lapply(fit$design$effects[nested], function(e) {
    e$slopes <- list()
    e
  })
  if (length(effects) == 1L) return(length(effects[[1L]]$values))
  moments <- cpp_moments(absorption(fit$design, effects), list(), solver_options())
  moments$local_rank + moments$reduced_rank
}
