# What was done, in sentences: one for each choice that changes a number. The sentences themselves are in
# phrases-en.R and phrases-zh.R.

methods_blocks <- function(results, words, language = "en") {
  sentences <- unlist(lapply(results, function(r) {
    text <- methods_text(r$value, language)
    if (!length(text)) return(NULL)
    paste0(if (nzchar(r$name)) paste0(r$name, say(language, "colon")), paste(text, collapse = if (language == "zh") "" else " "))
  }))
  versions <- say(language, "versions", format(utils::packageVersion("pilotdid")), format(getRversion()))
  list(block("heading", words$methods), block("list", c(unique(sentences), versions)))
}

# -> character vector of sentences
methods_text <- function(x, language = "en") UseMethod("methods_text")

#' @export
methods_text.default <- function(x, language = "en") character()

#' @export
methods_text.pilot_fit <- function(x, language = "en") {
  tell <- function(...) say(language, ...)
  d <- x$design
  c(
    tell("estimated", estimand_text(x, language), d$outcome_name, deparse1(x$formula)),
    tell("sample", paste0(
      tell("rows", big(x$nobs)), if (!is.null(d$unit)) tell("units", big(length(d$unit$values))),
      if (!is.null(d$time)) tell("periods", length(d$time$values)),
      if (length(d$flow)) dropped_text(d, language) else tell("none_dropped")
    )),
    if (!is.null(d$treatment$cohort)) tell("treated", cohort_text(d, language)),
    if (length(d$effects)) tell("effects", say_items(language, effect_labels(d))),
    if (!is.null(d$weights)) tell("weighted"),
    tell("errors", covariance_text(x$covariance$label, language), clusters_text(x, language),
      tell(if (isTRUE(x$normal)) "asymptotic" else paste0("ssc_", x$ssc$k))),
    options_text(x$options, language),
    if (length(x$aliased)) tell("aliased", say_items(language, x$aliased))
  )
}

# Options of an estimator by name and value.
options_text <- function(options, language) {
  plain <- Filter(function(o) is.atomic(o) && length(o) == 1L && !is.na(o), options)
  if (!length(plain)) return(NULL)
  say(language, "options", settings_text(plain, language))
}

settings_text <- function(values, language) {
  paste0(names(values), " = ", vapply(values, format, "", digits = 16), collapse = say(language, "comma"))
}

#' @export
methods_text.pilot_event <- function(x, language = "en") {
  tell <- function(...) say(language, ...)
  g <- glance(x)
  label <- if (identical(x$label, phrases_en$event_twfe)) tell("event_twfe") else say_word(language, x$label)
  reference <- if (is.null(x$references)) paste(x$reference, collapse = ", ") else tell("event_each")
  c(
    tell("event", label, x$outcome, reference, tell(if (any(x$binned)) "event_binned" else "event_plain"),
      if (x$anticipation > 0) tell("event_anticipation", format(x$anticipation)) else ""),
    tell("event_joint", fixed_digits(g$pretrend.p.value, 4)), tell("event_bands", say_seed(x$seed)),
    if (!is.null(x$vcov_label)) tell("errors", covariance_text(x$vcov_label, language), "", "")
  )
}

#' @export
methods_text.pilot_honest <- function(x, language = "en") {
  p <- x$plan
  drawn <- if (p$method == "hybrid_lf") say(language, "honest_draws", big(p$draws), say_seed(p$seed)) else ""
  c(
    say(language, "honest", target_text(x, language), honest_restriction(x, language),
      say_items(language, bound_text(x, 4L)), p$method, drawn, format(1 - p$alpha)),
    breakdown_text(x, language)
  )
}

#' @export
methods_text.pilot_pretrend_power <- function(x, language = "en") {
  t <- tidy(x)
  power <- fixed_digits(t$power, 2)
  linear <- !is.na(t$estimate)
  names <- say_word(language, t$term)
  each <- ifelse(linear, say(language, "power_slope", names, format(signif(t$estimate, 4L), trim = TRUE), power),
    say(language, "power_curve", names, power))
  say(language, "power", sum(x$source$pre), format(x$source$reference), format(1 - x$conf.level),
    fixed_digits(x$size, 3), paste(each, collapse = say(language, "semicolon")))
}

#' @export
methods_text.pilot_index <- function(x, language = "en") {
  tell <- function(...) say(language, ...)
  s <- x$spec
  negative <- x$terms$indicator[x$terms$direction < 0]
  several <- if (length(x$dimensions) > 1L) tell("index_dimensions", length(x$dimensions), say_items(language, x$dimensions)) else ""
  c(
    tell("index", index_title(x, language), length(x$terms$indicator), several),
    tell("index_negative", if (length(negative)) say_items(language, negative) else tell("none")),
    tell("index_choices", say_value(language, s$normalize), say_value(language, s$scope), say_value(language, s$zero)),
    tell("index_rows", big(x$rows - x$dropped), big(x$dropped))
  )
}

#' @export
methods_text.pilot_index_robustness <- function(x, language = "en") {
  drawn <- if (is.null(x$draws)) "" else say(language, "curve_draws", big(nrow(x$draws$estimates)), say_seed(x$seed))
  methods <- vapply(unique(as.character(x$table$method)), function(m) say_value(language, m, "method_"), "")
  say(language, "curve", big(nrow(x$table)), say_items(language, methods), say(language, if (x$standardize) "curve_sd" else "curve_raw"),
    covariance_text(x$labels$covariance, language), drawn)
}

#' @export
methods_text.pilot_description <- function(x, language = "en") say(language, "described", big(x$rows), nrow(x$summary))

#' @export
methods_text.pilot_vif <- function(x, language = "en") say(language, "vif")

#' @export
methods_text.pilot_comparison <- function(x, language = "en") {
  say(language, "comparison", say_items(language, vapply(names(x$fits), estimator_text, "", language)))
}

#' @export
methods_text.pilot_bacon <- function(x, language = "en") {
  late <- sum(x$comparisons$weight[x$comparisons$type %in% bacon_doubtful])
  say(language, "bacon", x$treatment, x$outcome, big(nrow(x$comparisons)), fixed_digits(100 * late, 1))
}

#' @export
methods_text.pilot_twfe_weights <- function(x, language = "en") {
  g <- glance(x)
  say(language, "twfe_weights", x$treatment, big(g$positive + g$negative), big(g$negative), format(signif(g$sum.negative, 3L)))
}

#' @export
methods_text.pilot_match <- function(x, language = "en") {
  s <- Filter(function(o) is.atomic(o) && length(o) == 1L && !is.na(o), x$settings)
  say(language, "match", deparse1(x$formula), settings_text(s, language))
}

#' @export
methods_text.pilot_psm_did <- function(x, language = "en") {
  samples <- vapply(x$samples, function(s) say_value(language, s, "sample_"), "")
  c(methods_text(x$match, language), say(language, "psm_did", say_items(language, samples), deparse1(x$formula)),
    if (!is.null(x$bootstrap)) say(language, "psm_bootstrap", big(nrow(x$bootstrap))))
}
