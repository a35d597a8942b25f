# What each kind of result shows in a table: a list of columns, each with `head` (name of the column,
# outcome), `table` (term, estimate, std.error, statistic, p.value, conf.low, conf.high), `controls` (names
# that count as controls) and `foot` (named rows of text).

table_columns <- function(x, name, options) UseMethod("table_columns")

new_column <- function(name, outcome, table, foot, controls = character(), main = character(), se = NULL) {
  list(name = name %||% "", outcome = outcome %||% "", table = as.list(table), foot = foot, controls = controls, main = main, se = se)
}

#' @export
table_columns.pilot_fit <- function(x, name, options) list(fit_column(x, name, options))

fit_column <- function(x, name, options, foot = NULL, outcome = x$design$outcome_name, what = NULL) {
  x <- with_vcov(x, options$vcov)
  table <- coefficient_table(x)
  # A table of the cells of a staggered design is tidy()'s business; here the overall effect counts.
  if (inherits(x, c("pilot_cells", "pilot_effects"))) table <- lapply(table, `[`, table$term %in% c("ATT", x$covariates))
  name <- if (nzchar(name)) name else what %||% if (x$estimator %in% c("twfe", "iv")) "" else estimator_text(x$estimator, options$language)
  new_column(name, outcome, table, c(fit_foot(x, options), foot),
    controls = control_names(x), main = headline_names(x), se = x$covariance$label
  )
}

estimator_text <- function(estimator, language) say_word(language, estimator_label(estimator))

fit_foot <- function(x, options) {
  words <- table_words(options$language)
  design <- x$design
  # Only least squares has an R2; the residual sum of squares alone is none.
  r2 <- if (!is.null(x$rss) && !is.null(x$tss)) r_squared(x)
  c(
    effects_foot(design, options), list2(words$observations, big(x$nobs)),
    if (!is.null(design$unit)) list2(words$units, big(length(design$unit$values))),
    # The total of a stage is not its own; the row keeps its place for the second stage.
    if (!is.null(r2)) list2("R2", if (inherits(x, "pilot_stage") || !isTRUE(is.finite(r2$r2))) "" else fixed_digits(r2$r2, options$digits)),
    if (isTRUE(is.finite(r2$within))) list2(words$within, fixed_digits(r2$within, options$digits))
  )
}

effects_foot <- function(design, options) {
  words <- table_words(options$language)
  labels <- relabel(unlist(effect_labels(design)), options$labels)
  set_names(rep(list(words$yes), length(labels)), join_han(paste0(labels, words$effects)))
}

list2 <- function(name, value) set_names(list(value), name)

#' @export
table_columns.pilot_iv <- function(x, name, options) {
  x <- with_vcov(x, options$vcov)
  words <- table_words(options$language)
  if (!options$stages || isTRUE(x$lean) || is.null(x$root)) return(list(fit_column(x, name, options, what = iv_method_text(x))))
  first <- first_stage(x)
  tests <- tidy(weak_iv(x))
  value <- function(test, what = "statistic") tests[[what]][match(test, tests$test)]
  stages <- lapply(names(first$stages), function(d) {
    f <- first$table[first$table$endogenous == d, ]
    foot <- c(
      list2(words$first_f, fixed_digits(f$statistic, 2)),
      if (nrow(first$table) > 1L) list2(words$sw_f, fixed_digits(f$sw.statistic, 2))
    )
    column <- fit_column(first$stages[[d]], paste0(c(name[nzchar(name)], words$first_stage), collapse = ": "),
      utils::modifyList(options, list(vcov = NULL)), foot, outcome = d
    )
    column$controls <- setdiff(column$table$term, first$instruments)
    column$main <- first$instruments
    column
  })
  statistic <- function(test, digits = 2) fixed_digits(value(test), digits)
  foot <- c(
    list2(words$kp_lm, statistic("kp_lm")), list2(words$kp_lm_p, p_text(value("kp_lm", "p.value"), options$digits)),
    list2(words$kp_f, statistic("kp_f")), list2(words$cragg_donald, statistic("cragg_donald")),
    if (isTRUE(is.finite(value("hansen_j", "p.value")))) {
      list2(words$hansen_p, fixed_digits(value("hansen_j", "p.value"), options$digits))
    }
  )
  second <- paste0(c(name[nzchar(name)], sprintf(words$second_stage, iv_method_text(x))), collapse = ": ")
  c(stages, list(fit_column(x, second, utils::modifyList(options, list(vcov = NULL)), foot)))
}

#' @export
table_columns.pilot_spatial <- function(x, name, options) {
  x <- with_spatial_vcov(x, options$vcov)
  words <- table_words(options$language)
  table <- coefficient_table(x)
  foot <- spatial_foot(x, options)
  controls <- setdiff(colnames(x$panel$x)[!x$panel$lagged], x$design$treatment$names)
  title <- if (nzchar(name)) name else toupper(x$spec$model)
  column <- function(part, table) {
    new_column(if (is.null(part)) title else paste0(title, ": ", part), x$design$outcome_name, table, foot,
      controls = controls, main = c(x$design$treatment$names, "rho", "lambda"), se = x$covariance$label
    )
  }
  with_effects <- options$effects && x$spec$spillover == "pooled" && !inherits(x, "lean")
  if (!with_effects) return(list(column(NULL, table)))
  lagged <- startsWith(table$term, "W:") & table$term %in% colnames(x$panel$x)[x$panel$lagged]
  out <- list(column(words$main, lapply(table, `[`, !lagged)))
  if (any(lagged)) {
    lags <- lapply(table, `[`, lagged)
    lags$term <- substring(lags$term, 3L)
    out <- c(out, list(column("W x", lags)))
  }
  e <- as.list(tidy(effects(x)))
  parts <- c(direct = words$direct, indirect = words$indirect, total = words$total)
  out <- c(out, lapply(names(parts), function(part) column(parts[[part]], lapply(e, `[`, e$effect == part))))
  # One matrix for all columns: its name is long.
  lapply(seq_along(out), function(j) {
    if (j > 1L) out[[j]]$foot[[words$weights]] <- ""
    out[[j]]
  })
}

spatial_foot <- function(x, options) {
  words <- table_words(options$language)
  c(
    effects_foot(x$design, options), list2(words$weights, weights_text(x$weights$label, options$language)), list2(words$observations, big(x$nobs)),
    list2(words$units, big(length(x$design$unit$values))), list2("R2", fixed_digits(spatial_r_squared(x), options$digits)),
    if (is.finite(x$log_likelihood)) list2(words$loglik, fixed_digits(x$log_likelihood, 1))
  )
}

#' @export
table_columns.pilot_event <- function(x, name, options) {
  words <- table_words(options$language)
  g <- glance(x)
  table <- tidy(event_with_vcov(x, options$vcov))
  new <- new_column(if (nzchar(name)) name else if (x$estimator == "twfe") "" else estimator_text(x$estimator, options$language), x$outcome, table, c(
    list2(words$pretrend, fixed_digits(g$pretrend.p.value, options$digits)),
    list2(words$post, fixed_digits(g$post.average, options$digits)),
    list2(words$observations, if (is.na(x$nobs)) "" else big(x$nobs))
  ), main = table$term, se = x$vcov_label)
  list(new)
}

# Several fits under names of their own.
fit_columns_named <- function(fits, name, options, names = names(fits)) {
  unlist(Map(function(fit, own) {
    title <- paste0(c(name[nzchar(name)], own[nzchar(own)]), collapse = ": ")
    table_columns(fit, title, options)
  }, fits, names), recursive = FALSE, use.names = FALSE)
}

#' @export
table_columns.pilot_mechanism <- function(x, name, options) {
  if (x$steps == "two") return(fit_columns_named(x$fits, name, options, rep("", length(x$fits))))
  # Total, path to the mediator, and the outcome given it; "direct" is the same regression as "path_b".
  steps <- lapply(x$fits, function(f) f[c("total", "path_a", "path_b")])
  fits <- unlist(lapply(unname(steps), unname), recursive = FALSE)
  fit_columns_named(fits, name, options, rep(names(x$fits), each = 3L))
}

#' @export
table_columns.pilot_heterogeneity <- function(x, name, options) {
  words <- table_words(options$language)
  groups <- if (x$interaction == "all") paste0(relabel(x$by, options$labels), " = ", relabel(names(x$fits), options$labels)) else ""
  out <- fit_columns_named(x$fits, name, options, groups)
  p <- set_names(x$tests$p.value, x$tests$test)
  foot <- c(
    list2(words$equal_wald, fixed_digits(p[["wald"]], options$digits)),
    if ("permutation" %in% names(p)) list2(words$equal_permutation, fixed_digits(p[["permutation"]], options$digits))
  )
  out[[1L]]$foot <- c(out[[1L]]$foot, foot)
  out
}

#' @export
table_columns.pilot_psm_did <- function(x, name, options) {
  words <- table_words(options$language)
  samples <- c(matched = words$matched, support = words$support, frequency = words$frequency, all = words$all)
  fit_columns_named(x$fits, name, options, unname(samples[names(x$fits)]))
}

#' @export
table_columns.pilot_comparison <- function(x, name, options) {
  fits <- Filter(function(f) inherits(f, "pilot_fit"), x$fits)
  labels <- vapply(fits, function(f) estimator_text(f$estimator, options$language), "")
  out <- fit_columns_named(fits, name, options, labels)
  # The coefficient of the treatment and the overall effect of the others answer the same question.
  lapply(out, function(column) {
    treatment <- fits[[1L]]$design$treatment$names
    column$table$term[column$table$term == "ATT"] <- treatment[1L]
    column$main <- treatment[1L]
    column
  })
}

#' @export
table_columns.pilot_moderation <- function(x, name, options) table_columns(x$fit, name, options)

# Anything with tidy(): results of other verbs, fits of other packages.
#' @export
table_columns.default <- function(x, name, options) {
  words <- table_words(options$language)
  table <- foreign_tidy(x)
  if (is.null(table$conf.low) && !is.null(table$std.error)) {
    half <- stats::qnorm(0.975) * table$std.error
    table$conf.low <- table$estimate - half
    table$conf.high <- table$estimate + half
  }
  nobs <- tryCatch(stats::nobs(x), error = function(e) NULL)
  outcome <- tryCatch(deparse1(stats::formula(x)[[2L]]), error = function(e) "")
  glanced <- tryCatch(glance(x), error = function(e) NULL)
  foot <- c(
    if (length(nobs) == 1L) list2(words$observations, big(nobs)),
    if (is.numeric(glanced$r.squared)) list2("R2", fixed_digits(glanced$r.squared[1L], options$digits))
  )
  list(new_column(name, outcome, table, foot, main = table$term))
}

foreign_tidy <- function(x) {
  # broom tidies vectors too: those are no results.
  table <- if (!is.atomic(x)) tryCatch(as.data.frame(tidy(x)), error = function(e) NULL)
  if (is.null(table) || !all(c("term", "estimate") %in% names(table))) {
    abort("no_table", c("A result in a table needs {.fn tidy} with {.field term} and {.field estimate}.",
      x = "{.obj_type_friendly {x}} has none.",
      i = "For fits of other packages load the package that has their {.fn tidy}, such as {.pkg broom}."
    ))
  }
  for (name in c("std.error", "statistic", "p.value")) if (is.null(table[[name]])) table[[name]] <- NA_real_
  table
}

# An interaction without a label of its own takes those of its parts.
relabel_terms <- function(x, labels) {
  parts <- !x %in% names(labels) & grepl(":", x, fixed = TRUE)
  x[parts] <- vapply(strsplit(x[parts], ":", fixed = TRUE), function(part) paste(relabel(part, labels), collapse = ":"), "")
  relabel(x, labels)
}

relabel <- function(x, labels) {
  found <- x %in% names(labels)
  x[found] <- unname(labels[x[found]])
  x
}
