# The bootstrap of psm_did(): units are drawn, and the matching is redone where that is valid.

smooth_methods <- c("kernel", "radius", "local_linear", "ipw", "entropy")

bootstrap_psm <- function(run, weights, draws) {
  redo <- run$match$settings$method %in% smooth_methods
  if (!redo) {
    warn("bootstrap", c(
      "Bootstrapping nearest-neighbor matching is not valid: the matches are kept in all draws.",
      i = "The interval does not hold the uncertainty of the matching. Use {.code method = \"kernel\"}, or the Abadie-Imbens errors of {.fn match_effect}."
    ))
  }
  if (!is.name(run$panel$unit)) {
    abort("argument", c("The bootstrap needs the unit to be a column.",
      x = "It is {.code {expr_label(run$panel$unit)}}."
    ))
  }
  name <- as.character(run$panel$unit)
  unit <- code_id(.subset2(run$data, name), name)$code
  rows <- split(seq_along(unit), unit)
  treated <- vapply(rows, function(i) any(run$match$treated[i] %in% 1L), TRUE)
  estimates <- matrix(NA_real_, draws, length(weights), dimnames = list(NULL, names(weights)))
  tick <- progress_ticker(draws, "Bootstrap of the matching")
  for (b in seq_len(draws)) {
    tick()
    drawn <- c(resample(which(treated)), resample(which(!treated)))
    estimates[b, ] <- tryCatch(
      suppressWarnings(estimate_draw(run, weights, rows[drawn], name, redo)),
      pilotdid_error = function(e) NA_real_
    )
  }
  failed <- sum(is.na(estimates[, 1L]))
  if (failed) {
    warn("bootstrap_failed", c("{failed} of {draws} bootstrap draws could not be estimated and are left out.",
      i = "Usually a period of a draw has no match; a wider {.arg bandwidth} or {.arg caliper} helps."
    ))
  }
  estimates
}

resample <- function(x) x[sample.int(length(x), replace = TRUE)]

# Every drawn unit is a unit of its own, also when it is drawn twice.
estimate_draw <- function(run, weights, rows, unit, redo) {
  at <- unlist(rows, use.names = FALSE)
  data <- as.data.frame(lapply(unclass_data(run$data), `[`, at), optional = TRUE)
  data[[unit]] <- rep(seq_along(rows), lengths(rows))
  if (redo) {
    matched <- rematch(run$match, data)
    weights <- sample_weights(matched, names(weights), run$multiplier)
  } else {
    weights <- lapply(weights, `[`, at)
  }
  vapply(weights, function(w) tidy(fit_sample(run$formula, data, w, run$arguments$did))$estimate[1L], 0)
}

# The same matching on other data of the same columns.
rematch <- function(match, data) {
  again <- match$design$arguments
  if (is.numeric(again$score)) {
    abort("argument", c("A score given as numbers does not follow the rows into a draw.",
      i = "Give it as a column."
    ))
  }
  design <- match_design(match$formula, data, again$unit, again$time, again$exact, again$score,
    match$settings$treated,
    quiet = TRUE
  )
  run_match(design, match$settings, again$baseline, match$call)
}

# Normal p-value, percentile interval.
bootstrapped <- function(row, draws, level) {
  draws <- draws[!is.na(draws)]
  row$std.error <- stats::sd(draws)
  row$statistic <- row$estimate / row$std.error
  row$p.value <- 2 * stats::pnorm(-abs(row$statistic))
  if (!is.null(row$conf.low)) {
    tail <- (1 - level) / 2
    row$conf.low <- unname(stats::quantile(draws, tail))
    row$conf.high <- unname(stats::quantile(draws, 1 - tail))
  }
  row
}
