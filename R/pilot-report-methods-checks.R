# What was done, in sentences: placebo tests, instruments, mechanisms, sensitivity, spatial models.

#' @export
methods_text.pilot_placebo <- function(x, language = "en") {
  failed <- if (any(!x$valid)) say(language, "placebo_failed", big(sum(!x$valid))) else ""
  say(language, "placebo", big(sum(x$valid)), say_value(language, x$scheme, "placebo_"), failed, say_seed(x$seed))
}

#' @export
methods_text.pilot_refits <- function(x, language = "en") {
  errors <- covariance_text(x$vcov_label, language)
  if (x$key == "lead") return(say(language, "placebo_time", say_items(language, x$table$lead), errors))
  say(language, "leave_out", big(nrow(x$table)), errors)
}

#' @export
methods_text.pilot_wild <- function(x, language = "en") {
  drawn <- say(language, if (x$enumerated) "wild_all" else "wild_draws", big(x$draws))
  say(language, "wild", drawn, x$type, x$weights_by, say(language, if (x$impose_null) "wild_null" else "wild_free"),
    if (x$enumerated) "" else say(language, "seed", say_seed(x$seed)))
}

#' @export
methods_text.pilot_weak_iv <- function(x, language = "en") {
  say(language, "weak_iv", say_items(language, x$instruments), covariance_text(x$covariance, language))
}

#' @export
methods_text.pilot_first_stage <- function(x, language = "en") {
  say(language, "first_stage", say_items(language, x$instruments), covariance_text(x$fit_label, language))
}

#' @export
methods_text.pilot_anderson_rubin <- function(x, language = "en") {
  say(language, "anderson_rubin", format(100 * x$level), x$term, say_items(language, x$instruments), x$statistic,
    covariance_text(x$covariance, language))
}

#' @export
methods_text.pilot_plausible <- function(x, language = "en") {
  say(language, "plausible", say_items(language, x$instruments), say_word(language, x$table$method[1L]), format(x$level), covariance_text(x$covariance, language))
}

#' @export
methods_text.pilot_mechanism <- function(x, language = "en") {
  adjusted <- if (x$draws > 0) say(language, "romano_wolf", big(x$draws), x$weights, say_seed(x$seed)) else ""
  say(language, "mechanism", say_value(language, x$steps, "steps_"), estimator_text(x$estimator, language), covariance_text(x$covariance$label, language), adjusted)
}

#' @export
methods_text.pilot_mediation <- function(x, language = "en") {
  drawn <- if (is.null(x$draws)) {
    say(language, "no_bootstrap")
  } else {
    say(language, "mediation_draws", big(NROW(x$draws)), x$resampled, big(x$failed), say_seed(x$seed))
  }
  say(language, "mediation", x$mediator, drawn)
}

#' @export
methods_text.pilot_moderation <- function(x, language = "en") {
  base <- if (is.null(x$base_period)) "" else say(language, "moderation_base", format(x$base_period))
  say(language, "moderation", x$moderator, format(x$center, digits = 4L), base)
}

#' @export
methods_text.pilot_heterogeneity <- function(x, language = "en") {
  draws <- NROW(x$draws)
  permuted <- if (draws > 0) say(language, "permutation", big(draws), say_value(language, x$strata, "strata_"), say_seed(x$seed)) else ""
  say(language, "heterogeneity", x$by, say(language, if (x$interaction == "all") "all_differ" else "treatment_differs"), permuted)
}

#' @export
methods_text.pilot_oster <- function(x, language = "en") {
  t <- x$table
  number <- function(v) fixed_digits(v, 4)
  say(language, "oster", t$term, number(t$r2.short), number(t$r2.full), number(t$r.max), format(x$beta), format(x$delta))
}

#' @export
methods_text.pilot_robustness_value <- function(x, language = "en") {
  t <- x$table
  say(language, "robustness_value", say_items(language, t$term), big(t$df[1L]), format(100 * x$q), format(x$alpha))
}

# Spatial models --------------------------------------------------------------------------------

weights_text <- function(label, language) {
  if (language == "en") return(label)
  words <- weights_words_zh()
  for (piece in names(words)) label <- sub(piece, words[[piece]], label)
  label
}

#' @export
methods_text.pilot_spatial <- function(x, language = "en") {
  tell <- function(...) say(language, ...)
  d <- x$design
  rows <- if (x$weights$row_standardized) tell("rows_to_one") else standardization_text(x$weights, language)
  c(
    tell("spatial", spatial_title(x$spec$model, language), d$outcome_name,
      tell(if (x$spec$method == "gmm") "moments" else "likelihood"), deparse1(x$formula)),
    tell("spatial_weights", weights_text(x$weights$label, language), rows),
    tell("spatial_effects", if (length(d$effects)) paste(effect_labels(d), collapse = " + ") else tell("none"), bias_text(x, language)),
    tell("spatial_errors", covariance_text(x$covariance$label, language), clusters_text(x, language)),
    tell("sample", paste0(tell("rows", big(x$nobs)), dropped_text(d, language)))
  )
}

#' @export
methods_text.pilot_spatial_effects <- function(x, language = "en") {
  how <- if (attr(x, "inference") == "delta") "by_delta" else "by_simulation"
  say(language, "decomposition", spatial_title(attr(x, "model"), language), weights_text(attr(x, "weights"), language), say(language, how))
}

#' @export
methods_text.pilot_moran <- function(x, language = "en") {
  drawn <- if (x$draws > 0) say(language, "moran_draws", big(x$draws), say_seed(x$seed)) else ""
  say(language, "moran", say(language, paste0("moran_", x$statistic)), x$variable, weights_text(x$weights$label, language),
    say(language, paste0("moran_", x$alternative)), drawn)
}

#' @export
methods_text.pilot_local_moran <- function(x, language = "en") {
  say(language, "local_moran", x$variable, weights_text(x$weights$label, language), say_value(language, x$clusters, "clusters_"), format(x$level), big(x$draws), say_seed(x$seed))
}

#' @export
methods_text.pilot_spatial_tests <- function(x, language = "en") {
  say(language, "spatial_tests", weights_text(x$weights, language), say_word(language, x$effects), say(language, if (x$center) "centered" else "not_centered"))
}

#' @export
methods_text.pilot_rings <- function(x, language = "en") {
  rings <- paste0("(", x$rings[-length(x$rings)], ", ", x$rings[-1L], "]")
  unit <- if (nzchar(x$unit)) paste0(" ", x$unit) else ""
  c(say(language, "rings", say_items(language, rings), unit, format(max(x$rings)), unit), methods_text(x$fit, language))
}

#' @export
methods_text.pilot_spillovers <- function(x, language = "en") {
  who <- say_items(language, say(language, paste0("untreated_", x$untreated)))
  say(language, "spillovers", spatial_title(x$model, language), weights_text(x$weights, language), who)
}

#' @export
methods_text.pilot_drop_neighbors <- function(x, language = "en") {
  at <- setdiff(x$table$distance, 0)
  say(language, "drop_neighbors", say_items(language, format(at, trim = TRUE)), if (nzchar(x$unit)) paste0(" ", x$unit) else "")
}
