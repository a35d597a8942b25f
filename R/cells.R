# Fits of the estimators for staggered adoption: effects by cohort and period ("cells"), their
# tabular influence, and the shares with which they are averaged. Class `pilot_cells`.

# Why a level of a cohort and period of its own cannot be told from the effects.
unlinked_reason <-
  "its periods hold no controls, or the cohort has too few units for covariate slopes of its own"

# cells: data frame with cohort, time, base (codes from 0; NA where there is no single base), estimate,
#   reason (why an effect is NA), size.
# influence: of all cells, in their order.
# shares: sampled_shares() or fixed_shares(), see below.
# normal: inference by the normal distribution and without a small-sample factor.
# covariates: list(coefficients, influence (units x covariates)) of the estimators that estimate such.
new_cell_fit <- function(estimator, design, data, call, cells, influence, shares, ssc, normal,
                         rank = NULL, absorbed = 0, options = list(), covariates = NULL, ...) {
  cells$event_time <- event_time_of(design, cells$cohort, cells$time)
  cells$term <- paste0("ATT(", time_label(design, cells$cohort), ",", time_label(design, cells$time), ")")
  known <- !is.na(cells$estimate)
  refuse_no_cell(cells, known)
  warn_unknown_cells(cells)
  # The base period itself: zero by definition, no estimate.
  estimated <- known & (is.na(cells$base) | cells$base != cells$time)
  cells$kept <- estimated
  picked <- combine_influence(influence, diag(nrow(cells))[estimated, , drop = FALSE])
  fit <- new_fit(estimator,
    call = call, design = design, data = data, cells = cells, shares = shares,
    cell_influence = picked, normal = normal, ssc = ssc, absorbed = absorbed, options = options, ...
  )
  class(fit) <- c(paste0("pilot_", estimator), "pilot_cells", "pilot_effects", "pilot_fit")
  overall <- average_cells(fit, list(which(cells$kept & cells$event_time >= 0)))
  k <- sum(estimated)
  fit$coefficients <- c(ATT = overall$estimate, set_names(cells$estimate[estimated], cells$term[estimated]))
  whole <- combine_influence(picked, rbind(overall$weights, diag(k)))
  fit$unit_influence <- add_influence(whole, pad_terms(overall$terms, k))
  fit <- append_coefficients(fit, covariates)
  fit$rank <- rank %||% length(fit$coefficients)
  fit
}

refuse_no_cell <- function(cells, known) {
  if (any(known & cells$time >= cells$cohort)) return(invisible())
  reasons <- unique(stats::na.omit(cells$reason))
  abort("no_effect", c("No effect can be estimated.", set_names_i(reasons)))
}

warn_unknown_cells <- function(cells) {
  lost <- which(is.na(cells$estimate))
  if (!length(lost)) return(invisible())
  count <- table(cells$reason[lost])
  shown <- paste0(names(count), ": ", vapply(names(count), function(r) {
    first_few(cells$term[lost][cells$reason[lost] == r], 4L)
  }, ""))
  warn("unknown_cells", c("{length(lost)} effect{?s} by cohort and period cannot be estimated; {?it is/they are} {.code NA} and left out of averages.",
    set_names_i(shown)
  ), cells = cells$term[lost])
}

# Coefficients of covariates come last; their influence is a block by unit.
append_coefficients <- function(fit, more) {
  p <- length(more$coefficients)
  if (!p) return(fit)
  k <- length(fit$coefficients)
  psi <- combine_influence(fit$unit_influence, rbind(diag(k), matrix(0, p, k)))
  fit$unit_influence <- add_influence(psi, dense = list(
    dense_term(more$influence, rbind(matrix(0, k, p), diag(p)))
  ))
  fit$coefficients <- c(fit$coefficients, more$coefficients)
  fit$covariates <- names(more$coefficients)
  fit
}

# Terms that only concern the first effect, with zeros for k more.
pad_terms <- function(terms, k) {
  lapply(terms, function(t) {
    t$table <- rbind(t$table, matrix(0, k, ncol(t$table)))
    t
  })
}

# The mass with which effects are averaged. by = "cohort": a cohort has the same mass in all its cells;
# by = "cell": each cell its own. value: mass by data row. random: is the sampling error of the
# shares part of the variance?
sampled_shares <- function(design, value, slots, by, random = TRUE, code = cell_codes(design, slots)) {
  periods <- length(design$time$values)
  sums <- cpp_code_sums(design$rows, design$start, code, length(slots$code) * periods, list(value), NULL)[, 2L]
  list(
    by = by, random = random, value = value, code = code, periods = periods, slots = slots,
    cell = sums, cohort = colSums(matrix(sums, periods))
  )
}

# Mass of each cell, and the columns of the tables that make it up.
cell_mass <- function(shares, cells) {
  slot <- match(cells$cohort, shares$slots$code)
  if (shares$by == "cohort") return(shares$cohort[slot])
  shares$cell[(slot - 1L) * shares$periods + cells$time + 1L]
}

mass_codes <- function(shares, cell) {
  slot <- match(cell$cohort, shares$slots$code)
  if (shares$by == "cohort") return((slot - 1L) * shares$periods + seq_len(shares$periods))
  (slot - 1L) * shares$periods + cell$time + 1L
}

# Averages of cells with their shares: groups is a list of cell numbers. equal: the plain mean.
# -> list(estimate, weights (groups x kept cells), terms: what the sampling of the shares adds).
average_cells <- function(fit, groups, equal = FALSE) {
  cells <- fit$cells
  column <- cumsum(cells$kept)
  mass <- cell_mass(fit$shares, cells)
  weights <- matrix(0, length(groups), sum(cells$kept))
  estimate <- numeric(length(groups))
  share_table <- matrix(0, length(groups), length(fit$shares$cell))
  for (j in seq_along(groups)) {
    at <- groups[[j]]
    w <- if (equal) rep(1 / length(at), length(at)) else mass[at] / sum(mass[at])
    estimate[j] <- if (length(at)) sum(w * cells$estimate[at]) else NA_real_
    kept <- cells$kept[at]
    weights[j, column[at[kept]]] <- w[kept]
    if (equal || !fit$shares$random) next
    for (i in at) {
      codes <- mass_codes(fit$shares, cells[i, ])
      share_table[j, codes] <- share_table[j, codes] + (cells$estimate[i] - estimate[j]) / sum(mass[at])
    }
  }
  terms <- if (any(share_table != 0)) list(influence_term(fit$shares$value, fit$shares$code, share_table))
  list(estimate = estimate, weights = weights, terms = terms)
}

#' @rdname pilot_tidiers
#' @export
tidy.pilot_cells <- function(x, conf.int = TRUE, conf.level = 0.95, vcov = NULL, ssc = NULL, ...) {
  x <- with_vcov(x, vcov, ssc)
  table <- coefficient_table(x, conf.level)
  cells <- x$cells
  # The overall effect first, then every cell, also those without an estimate.
  # Covariates come last.
  names <- c("ATT", cells$term, x$covariates)
  out <- tibble::as_tibble(lapply(table, function(column) column[match(names, table$term)]))
  out$term <- names
  at <- c(NA, seq_len(nrow(cells)), rep(NA, length(x$covariates)))
  out$estimate <- ifelse(is.na(at), out$estimate, cells$estimate[at])
  out$group <- time_label(x$design, cells$cohort)[at]
  out$time <- time_label(x$design, cells$time)[at]
  out$event_time <- cells$event_time[at]
  # The event time that the cell is compared with.
  out$reference <- base_event_time(x)[at]
  out$reason <- cells$reason[at]
  if (!isTRUE(conf.int)) out[c("conf.low", "conf.high")] <- NULL
  out
}

base_event_time <- function(fit) {
  base <- fit$cells$base
  base[!is.na(base) & base < 0L] <- NA
  event_time_of(fit$design, fit$cells$cohort, base)
}

#' @rdname pilot_tidiers
#' @export
glance.pilot_cells <- function(x, ...) {
  test <- cell_pretest(x)
  tibble::tibble(
    nobs = x$nobs, units = length(x$design$unit$values), periods = length(x$design$time$values),
    treated.units = sum(x$design$cohort >= 0L), cohorts = length(unique(x$cells$cohort)),
    effects = sum(x$cells$kept), effects.unknown = sum(is.na(x$cells$estimate)),
    pretrend.statistic = test$statistic, pretrend.df = test$df, pretrend.p.value = test$p.value,
    estimator = x$estimator, control.group = x$options$control_group %||% NA_character_,
    vcov.type = x$covariance$label
  )
}

# H0: all cells before the pilot are zero. Estimators that test by a regression of their own carry it.
cell_pretest <- function(fit) {
  if (!is.null(fit$leads)) {
    k <- length(fit$leads$estimate)
    shell <- fit[c("design", "data", "formula", "nobs", "ssc", "normal", "absorbed")]
    shell$coefficients <- set_names(fit$leads$estimate, format(fit$leads$event_time))
    shell$unit_influence <- fit$leads$influence
    shell$rank <- k
    return(wald_test(fit$leads$estimate, compute_vcov(shell, fit$vcov_spec)$matrix, fit$covariance$df))
  }
  pre <- fit$cells$term[fit$cells$kept & fit$cells$event_time < 0]
  wald_test(fit$coefficients[pre], fit$vcov[pre, pre, drop = FALSE], fit$covariance$df)
}

#' @export
print.pilot_cells <- function(x, digits = 4L, most = 20L, ...) {
  print_header(x)
  print_effect_table(x, tidy(x), cell_pretest(x), sum(is.na(x$cells$estimate)), digits, most)
  invisible(x)
}

# What fits with many effects print after the header.
print_effect_table <- function(fit, table, test, lost, digits, most) {
  shown <- utils::head(table, most + 1L)
  body <- cbind(shown$estimate, shown$std.error, shown$statistic, shown$p.value)
  letter <- if (is.finite(fit$covariance$df)) "t" else "z"
  dimnames(body) <- list(shown$term, c("Estimate", "Std. Error", paste(letter, "value"), paste0("Pr(>|", letter, "|)")))
  stats::printCoefmat(body, digits = digits, signif.legend = TRUE, cs.ind = 1:2, tst.ind = 3L, na.print = "")
  if (nrow(table) > nrow(shown)) cat("... and", nrow(table) - nrow(shown), "more effects: see tidy()\n")
  if (lost) cat(lost, "effects cannot be estimated: tidy() says why\n")
  if (is.na(test$statistic)) return(invisible())
  cat(sprintf("No effect before the pilot: %s(%d) = %.3f, %s\n",
    if (is.finite(fit$covariance$df)) "F" else "chi-squared", test$df, test$statistic, p_statement(test$p.value)))
}

# Values by row belong to estimators that fit rows.
refuse_rows <- function(fit, what) {
  abort("not_available", c("{.fn {what}} does not exist for {.code estimator = {.val {fit$estimator}}}.",
    i = "It estimates effects; it fits no value for a row."
  ))
}

#' @export
residuals.pilot_effects <- function(object, ...) refuse_rows(object, "residuals")
#' @export
fitted.pilot_effects <- function(object, ...) refuse_rows(object, "fitted")
#' @export
predict.pilot_effects <- function(object, ...) refuse_rows(object, "predict")
#' @export
logLik.pilot_effects <- function(object, ...) refuse_rows(object, "logLik")
#' @export
fixef.pilot_effects <- function(object, ...) refuse_rows(object, "fixef")
