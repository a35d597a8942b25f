# What was done, in sentences: one for each choice that changes a number.

methods_blocks <- function(results, words) {
  sentences <- unlist(lapply(results, function(r) {
    text <- methods_text(r$value)
    if (!length(text)) return(NULL)
    paste0(if (nzchar(r$name)) paste0(r$name, ": "), paste(text, collapse = " "))
  }))
  versions <- sprintf("Computed with pilotdid %s and R %s.", utils::packageVersion("pilotdid"), getRversion())
  list(block("heading", words$methods), block("list", c(unique(sentences), versions)))
}

# -> character vector of sentences
methods_text <- function(x) UseMethod("methods_text")

#' @export
methods_text.default <- function(x) character()

sentence <- function(...) paste0(..., ".")

#' @export
methods_text.pilot_fit <- function(x) {
  d <- x$design
  ssc <- c(nested = "effects nested in the clusters not counted as parameters", full = "all absorbed effects counted as parameters",
    none = "no correction for parameters", zero = "variances divided by the number of rows")[[x$ssc$k]]
  c(
    sentence("Estimated ", estimand_text(x), " on ", d$outcome_name, ": ", deparse1(x$formula)),
    sentence("Sample: ", big(x$nobs), " rows", if (!is.null(d$unit)) paste0(", ", big(length(d$unit$values)), " units"),
      if (!is.null(d$time)) paste0(", ", length(d$time$values), " periods"), if (length(d$flow)) dropped_text(d) else "; none dropped"),
    if (!is.null(d$treatment$cohort)) sentence("Treated: ", cohort_text(d)),
    if (length(d$effects)) sentence("Effects absorbed exactly: ", paste(effect_labels(d), collapse = ", ")),
    if (!is.null(d$weights)) "Rows are weighted.",
    sentence("Standard errors ", x$covariance$label, clusters_text(x), if (isTRUE(x$normal)) ", asymptotic" else paste0(", ", ssc)),
    options_text(x$options),
    if (length(x$aliased)) sentence("Dropped as collinear: ", paste(x$aliased, collapse = ", "))
  )
}

# Options of an estimator by name and value.
options_text <- function(options) {
  plain <- Filter(function(o) is.atomic(o) && length(o) == 1L && !is.na(o), options)
  if (!length(plain)) return(NULL)
  sentence("Options: ", paste0(names(plain), " = ", vapply(plain, format, ""), collapse = ", "))
}

#' @export
methods_text.pilot_event <- function(x) {
  g <- glance(x)
  c(
    sentence("Event study (", x$label, ") of ", x$outcome, "; reference period ",
      if (is.null(x$references)) paste(x$reference, collapse = ", ") else "the period before each",
      if (any(x$binned)) "; the ends of the window stand for all periods beyond" else "; no period binned",
      if (x$anticipation > 0) paste0("; ", x$anticipation, " periods of anticipation allowed")),
    sentence("Joint test of the periods before the pilot: p = ", fixed_digits(g$pretrend.p.value, 4)),
    sentence("Simultaneous bands by the largest |t|, seed ", format(x$seed, digits = 16)),
    if (!is.null(x$vcov_label)) sentence("Standard errors ", x$vcov_label)
  )
}

#' @export
methods_text.pilot_index <- function(x) {
  s <- x$spec
  c(
    sentence(index_title(x), " of ", length(x$terms$indicator), " indicators",
      if (length(x$dimensions) > 1L) paste0(" in ", length(x$dimensions), " dimensions (", paste(x$dimensions, collapse = ", "), ")")),
    sentence("Negative direction: ", if (any(x$terms$direction < 0)) paste(x$terms$indicator[x$terms$direction < 0], collapse = ", ") else "none"),
    sentence("Normalization ", s$normalize, ", weights ", s$scope, ", zeros ", s$zero),
    sentence(big(x$rows - x$dropped), " rows used, ", big(x$dropped), " dropped")
  )
}

#' @export
methods_text.pilot_description <- function(x) sentence("Described: ", big(x$rows), " rows, ", nrow(x$summary), " variables; quantiles of type 2")

#' @export
methods_text.pilot_placebo <- function(x) {
  sentence("Placebo: ", big(sum(x$valid)), " draws by scheme ", x$scheme, if (any(!x$valid)) paste0(" (", sum(!x$valid), " failed)"),
    ", seed ", format(x$seed, digits = 16), "; p-values count the estimate as one draw")
}

#' @export
methods_text.pilot_wild <- function(x) {
  sentence("Wild cluster bootstrap: ", big(x$draws), if (x$enumerated) " sign patterns, all there are" else " draws", ", ", x$type,
    " weights by ", x$weights_by, if (x$impose_null) ", null imposed" else ", null not imposed",
    if (!x$enumerated) paste0(", seed ", format(x$seed, digits = 16)))
}

#' @export
methods_text.pilot_match <- function(x) {
  s <- Filter(function(o) is.atomic(o) && length(o) == 1L && !is.na(o), x$settings)
  sentence("Matching on ", deparse1(x$formula), ": ", paste0(names(s), " = ", vapply(s, format, "", digits = 16), collapse = ", "))
}

#' @export
methods_text.pilot_psm_did <- function(x) {
  c(methods_text(x$match), sentence("Difference-in-differences on the samples ", paste(x$samples, collapse = ", "), ": ", deparse1(x$formula)),
    if (!is.null(x$bootstrap)) sentence("Bootstrap over units, ", nrow(x$bootstrap), " draws"))
}

#' @export
methods_text.pilot_comparison <- function(x) {
  sentence("Compared on the same rows: ", paste(vapply(names(x$fits), estimator_label, ""), collapse = ", "))
}

#' @export
methods_text.pilot_mechanism <- function(x) {
  sentence("Mechanisms in ", x$steps, " steps (", x$estimator, "), standard errors ", x$covariance$label,
    if (x$draws > 0) paste0("; Romano-Wolf p-values from ", big(x$draws), " draws, ", x$weights, " weights, seed ", format(x$seed, digits = 16)))
}

#' @export
methods_text.pilot_mediation <- function(x) {
  sentence("Mediation through ", x$mediator, ": ", if (is.null(x$draws)) "no bootstrap" else paste0(
    NROW(x$draws), " bootstrap draws by ", x$resampled, ", ", x$failed, " failed, seed ", format(x$seed, digits = 16)
  ))
}

#' @export
methods_text.pilot_moderation <- function(x) {
  sentence("Moderation by ", x$moderator, ", centered at ", format(x$center, digits = 4),
    if (!is.null(x$base_period)) paste0(", its value in ", format(x$base_period)))
}

#' @export
methods_text.pilot_heterogeneity <- function(x) {
  draws <- NROW(x$draws)
  sentence("Groups by ", x$by, ", ", if (x$interaction == "all") "all coefficients differ" else "only the treatment differs",
    if (draws > 0) paste0("; permutation of labels, ", big(draws), " draws, strata ", x$strata, ", seed ", format(x$seed, digits = 16)))
}

#' @export
methods_text.pilot_spatial <- function(x) {
  d <- x$design
  c(
    sentence(spatial_titles[[x$spec$model]], " of ", d$outcome_name, " (", if (x$spec$method == "gmm") "moments" else "maximum likelihood", "): ", deparse1(x$formula)),
    sentence("Weights: ", x$weights$label, ", ", if (x$weights$row_standardized) "rows sum to one" else x$weights$standardize),
    sentence("Effects: ", if (length(d$effects)) paste(effect_labels(d), collapse = " + ") else "none", bias_text(x)),
    sentence("Standard errors from ", x$covariance$label, clusters_text(x)),
    sentence("Sample: ", big(x$nobs), " rows", dropped_text(d))
  )
}

#' @export
methods_text.pilot_weak_iv <- function(x) sentence("Tests of the instruments ", paste(x$instruments, collapse = ", "), " under ", x$covariance)

#' @export
methods_text.pilot_vif <- function(x) "Variance inflation factors from pooled regressions, and within the effects."
