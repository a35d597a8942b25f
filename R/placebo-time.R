# Two more ways to ask whether the estimate could be an accident: pilots dated too early, and samples
# without one cohort, province or unit. Both fit again on a restricted design.

#' Placebo in time
#'
#' Treated rows are dropped and every unit that joins is taken to have joined `lead` periods before it
#' did. With parallel trends before the pilot the estimates are zero up to noise; a unit without a
#' period before its fake date says nothing and is dropped as well.
#'
#' @param fit A fit of [pilot_did()] with a 0/1 treatment that stays on.
#' @param leads How many periods early, one fit each.
#' @return A list of class `pilot_placebo_time` with `tidy()`, `plot()` and `autoplot()`: one row a lead with
#'   the columns of [tidy.pilot_fit()], `lead` and `nobs`. A lead that cannot be fitted has missing
#'   estimates and its reason in `problem`.
#' @examples
#' fit <- pilot_did(y ~ status | unit + time, simulate_pilot(seed = 1))
#' placebo_time(fit, leads = 1:2)
#' @export
placebo_time <- function(fit, leads = 1:3) {
  check_fit(fit)
  term <- placebo_term(fit)
  if (!is.numeric(leads) || !length(leads) || anyNA(leads) || any(leads < 1 | leads != round(leads))) {
    abort("argument", c("{.arg leads} must be whole numbers from 1.", x = "It is {.val {format(leads)}}."))
  }
  rows <- lapply_progress(leads, function(lead) {
    cbind(refit_row(fit, term, function() early_design(fit$design, lead)), lead = lead)
  }, "Placebo dates")
  new_refits(fit, term, rows, "lead", "pilot_placebo_time")
}

early_design <- function(design, lead) {
  cohort <- design$treatment$cohort
  early <- ifelse(cohort < 0L, -1L, cohort - as.integer(lead))
  joined <- cohort[design$unit$code + 1L]
  has_before <- (cohort < 0L | early > 0L)[design$unit$code + 1L]
  before <- joined < 0L | design$time$code < joined
  fake <- fake_design(design, pmax(early, -1L))
  restrict_design(fake, before & has_before, "treated, or without a period before the fake date")
}

#' Leave one out
#'
#' The model is fitted again without each cohort, province or unit in turn: an estimate that rests on one
#' of them shows.
#'
#' @param fit A fit of [pilot_did()].
#' @param by `"cohort"`, `"unit"`, or a one-sided formula or column name: what is left out, one group at a time.
#' @return A list of class `pilot_leave_out` with `tidy()`, `plot()` and `autoplot()`: one row a group with the
#'   columns of [tidy.pilot_fit()], `left.out` and `nobs`; groups whose absence cannot be fitted have
#'   missing estimates and the reason in `problem`.
#' @examples
#' fit <- pilot_did(y ~ status | unit + time, simulate_pilot(seed = 1))
#' leave_one_out(fit, by = "cohort")
#' @export
leave_one_out <- function(fit, by = "cohort") {
  check_fit(fit)
  term <- headline_terms(fit)[1L]
  groups <- leave_out_groups(fit, by)
  rows <- lapply_progress(seq_along(groups$labels), function(g) {
    row <- refit_row(fit, term, function() {
      restrict_design(fit$design, !(groups$code %in% g), paste("without", groups$labels[g]))
    })
    cbind(row, left.out = groups$labels[g])
  }, "Left out")
  new_refits(fit, term, rows, "left.out", "pilot_leave_out")
}

# -> list(code = 1-based by data row, labels)
leave_out_groups <- function(fit, by) {
  design <- fit$design
  if (identical(by, "cohort")) {
    cohort <- design$treatment$cohort
    if (is.null(cohort)) {
      abort("placebo_treatment", c("There are no cohorts to leave out.", x = "The treatment is {design$treatment$kind}."))
    }
    levels <- sort(unique(cohort[cohort >= 0L]))
    return(list(code = match(cohort, levels)[design$unit$code + 1L], labels = format(design$time$values[levels + 1L], trim = TRUE)))
  }
  if (identical(by, "unit")) by <- design$unit$label
  expr <- as_exprs(by, "by")[[1L]]
  label <- expr_label(expr)
  for (id in c(list(design$unit, design$time), design$effects, design$clusters)) {
    if (identical(id$label, label)) return(list(code = id$code + 1L, labels = value_text(id$values)))
  }
  check_variables(list(expr), fit$data, environment(fit$formula))
  id <- code_effect(expr, fit$data, environment(fit$formula))
  seen <- sort(unique(used_values(id$code, design)))
  list(code = match(id$code, seen), labels = value_text(id$values[seen + 1L]))
}

# format() would pad text with blanks.
value_text <- function(values) if (is.numeric(values)) format(values, trim = TRUE) else as.character(values)

# One fit on the design that `make` gives -> one row; a fit that is refused has its reason.
refit_row <- function(fit, term, make) {
  refitted <- tryCatch(quietly(refuse_explained_outcome(refit(fit, make()))), pilotdid_error = function(e) conditionMessage(e))
  failed <- is.character(refitted) || !term %in% names(refitted$coefficients)
  if (failed) {
    reason <- if (is.character(refitted)) cli::ansi_strip(strsplit(refitted, "\n", fixed = TRUE)[[1L]][1L]) else "not estimated"
    none <- data.frame(term = term, estimate = NA_real_, std.error = NA_real_, statistic = NA_real_, p.value = NA_real_,
      conf.low = NA_real_, conf.high = NA_real_)
    return(cbind(none, nobs = NA_real_, problem = reason))
  }
  table <- as.data.frame(coefficient_table(refitted))
  cbind(table[table$term == term, ], nobs = refitted$nobs, problem = NA_character_)
}

new_refits <- function(fit, term, rows, key, class) {
  table <- tibble::as_tibble(do.call(rbind, rows))
  first <- c("term", "estimate", "std.error", "statistic", "p.value", "conf.low", "conf.high", key, "nobs", "problem")
  original <- as.data.frame(coefficient_table(fit))
  structure(list(
    table = table[first], key = key, term = term, outcome = fit$design$outcome_name, original = original[original$term == term, ],
    vcov_label = fit$covariance$label
  ), class = c(class, "pilot_refits"))
}

#' @export
tidy.pilot_refits <- function(x, ...) x$table

#' @export
glance.pilot_refits <- function(x, ...) {
  known <- x$table$estimate[!is.na(x$table$estimate)]
  tibble::tibble(
    term = x$term, estimate = x$original$estimate, smallest = if (length(known)) min(known) else NA_real_,
    largest = if (length(known)) max(known) else NA_real_, fits = nrow(x$table), failed = sum(is.na(x$table$estimate)),
    vcov.type = x$vcov_label
  )
}

#' @export
print.pilot_refits <- function(x, digits = 4L, ...) {
  what <- if (x$key == "lead") "pilots dated early, treated rows dropped" else "one group left out at a time"
  cat(x$term, " on ", x$outcome, ": ", what, "\n", sep = "")
  cat(sprintf("Estimate on all rows: %.5g (%.4g); SE %s\n\n", x$original$estimate, x$original$std.error, x$vcov_label))
  shown <- as.data.frame(x$table[c(x$key, "estimate", "std.error", "p.value", "conf.low", "conf.high", "nobs")])
  print(utils::head(shown, 20L), digits = digits, row.names = FALSE)
  if (nrow(shown) > 20L) cat("... and", nrow(shown) - 20L, "more\n")
  failed <- which(!is.na(x$table$problem))
  for (i in utils::head(failed, 5L)) cat("Not fitted: ", as.character(x$table[[x$key]][i]), ": ", x$table$problem[i], "\n", sep = "")
  invisible(x)
}

# Leads count down to the pilot; groups are sorted by what their absence does.
refits_order <- function(x) {
  table <- x$table[!is.na(x$table$estimate), ]
  if (x$key == "lead") table[order(-table$lead), ] else table[order(table$estimate), ]
}

#' @export
plot.pilot_refits <- function(x, xlab = NULL, ylab = figure_word("Estimate"), main = NULL, ...) {
  table <- refits_order(x)
  shown <- labeled_refits(nrow(table))
  labels <- figure_name(table[[x$key]])[shown]
  # Upright where they would not find room side by side.
  upright <- sum(figure_width(paste0(labels, "mm"))) > 0.8 * graphics::par("fin")[1L]
  # Labels that stand upright take the room of the longest.
  room <- if (upright && length(labels)) 0.5 * max(nchar(labels, "width")) else 0
  old <- figure_par_y(main, bottom = 4.5 + max(room - 1.5, 0))
  on.exit(graphics::par(old))
  at <- seq_len(nrow(table))
  figure_plot(list(...), x = range(at) + c(-0.5, 0.5), y = range(0, table$conf.low, table$conf.high, x$original$estimate),
    type = "n", xaxt = "n", main = main, ylab = "", xlab = "")
  figure_ylab(ylab)
  graphics::title(xlab = xlab %||% refits_xlab(x), line = 3 + max(room - 1.5, 0))
  graphics::abline(h = 0, col = "grey40", lwd = 0.8)
  graphics::abline(h = x$original$estimate, lty = 2, col = shade("red"))
  figure_intervals(at, table$conf.low, table$conf.high, shade("ink"))
  graphics::points(at, table$estimate, pch = 16, col = shade("ink"))
  graphics::axis(1, at = shown, labels = labels, las = if (upright) 2 else 1)
  invisible(x)
}

refits_xlab <- function(x) figure_word(if (x$key == "lead") "Periods before the true date" else "Left out")

#' @exportS3Method ggplot2::autoplot
autoplot.pilot_refits <- function(object, xlab = NULL, ylab = figure_word("Estimate"), ...) {
  rlang::check_installed("ggplot2")
  table <- refits_order(object)
  table$label <- figure_factor(table[[object$key]])
  ggplot2::ggplot(table, ggplot2::aes(.data$label, .data$estimate)) +
    ggplot2::geom_hline(yintercept = 0, colour = "grey40", linewidth = 0.3) +
    ggplot2::geom_hline(yintercept = object$original$estimate, linetype = "dashed", colour = shade("red")) +
    ggplot2::geom_linerange(ggplot2::aes(ymin = .data$conf.low, ymax = .data$conf.high)) +
    ggplot2::geom_point(size = 1.6) +
    ggplot2::scale_x_discrete(breaks = levels(table$label)[labeled_refits(nrow(table))]) +
    ggplot2::labs(x = xlab %||% refits_xlab(object), y = ylab) +
    figure_theme() +
    ggplot2::theme(axis.text.x = ggplot2::element_text(angle = if (object$key == "lead") 0 else 90, hjust = if (object$key == "lead") 0.5 else 1))
}

# Positions of the refits that get a label: at most forty fit; else the lowest and the highest estimate.
labeled_refits <- function(n) if (n <= 40L) seq_len(n) else c(1L, n)
