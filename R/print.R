# What a reader of the paper wants to know first: what is estimated, on what, and how certain.

#' @export
print.pilot_fit <- function(x, digits = 4L, ...) {
  print_header(x)
  print_coefficients(x, digits)
  print_footer(x)
  invisible(x)
}

#' @export
summary.pilot_fit <- function(object, vcov = NULL, ssc = NULL, ...) {
  object <- with_vcov(object, vcov, ssc)
  class(object) <- c("summary_pilot_fit", class(object))
  object
}

#' @export
print.summary_pilot_fit <- function(x, digits = 4L, ...) {
  class(x) <- setdiff(class(x), "summary_pilot_fit")
  print(x, digits = digits)
  cat("\nRows\n")
  print_flow(x$design)
  invisible(x)
}

estimand_text <- function(fit, language = "en") {
  treatment <- say_items(language, fit$design$treatment$names)
  switch(fit$estimator,
    twfe = say(language, if (length(unique(fit$design$treatment$cohort)) > 2L) "effect_staggered" else "effect_twfe", treatment),
    cs = , sa = , bjs = , gardner = , etwfe = , stacked = , lpdid = , dcdh = , efficient = , sdid =
      say(language, "effect_treated", treatment, estimator_text(fit$estimator, language)),
    iv = iv_estimand_text(fit, language),
    fit$estimator
  )
}

print_header <- function(x) {
  d <- x$design
  cat("Estimand: ", estimand_text(x), "\n", sep = "")
  cat("Outcome:  ", d$outcome_name, "\n", sep = "")
  counts <- paste0(big(x$nobs), " rows")
  if (!is.null(d$unit)) counts <- c(counts, paste0(big(length(d$unit$values)), " units (", d$unit$label, ")"))
  if (!is.null(d$time)) counts <- c(counts, paste0(length(d$time$values), " periods (", d$time$label, ")"))
  cat("Sample:   ", paste(counts, collapse = ", "), dropped_text(d), "\n", sep = "")
  if (!is.null(d$treatment$cohort)) cat("Treated:  ", cohort_text(d), "\n", sep = "")
  if (length(d$effects)) cat("Effects:  ", paste(effect_labels(d), collapse = " + "), "\n", sep = "")
  cat("SE:       ", x$covariance$label, clusters_text(x), "\n\n", sep = "")
}

# What a p-value says: nothing is ever exactly impossible.
p_statement <- function(p) {
  text <- p_text(p, 4L)
  ifelse(is.na(p), "p not defined", paste("p", ifelse(startsWith(text, "<"), sub("<", "< ", text), paste("=", text))))
}

big <- function(n) format(n, big.mark = ",", trim = TRUE, scientific = FALSE)

dropped_text <- function(design, language = "en") {
  if (!length(design$flow)) return("")
  each <- say(language, "dropped_step", big(design$flow), flow_words(names(design$flow), language))
  say(language, "dropped", paste(each, collapse = say(language, "dropped_comma")))
}

# The steps of the row flow: "missing gdp", "subset", ...
flow_words <- function(step, language) {
  plain <- c(subset = "step_subset", `zero weight` = "step_zero", singletons = "step_single")
  vapply(step, function(s) {
    if (startsWith(s, "missing ")) return(say(language, "step_missing", substring(s, 9L)))
    if (s %in% names(plain)) say(language, plain[[s]]) else s
  }, "", USE.NAMES = FALSE)
}

# "55 of 283 units: 4 in 2015, 51 in 2016"
cohort_text <- function(design, language = "en") {
  cohort <- design$treatment$cohort
  joined <- cohort[cohort >= 0L]
  size <- table(joined)
  when <- format_id(design$time$values[as.integer(names(size)) + 1L])
  each <- if (length(size)) say(language, "cohort", format(as.vector(size), trim = TRUE), when)
  most <- 6L
  if (length(each) > most) each <- c(utils::head(each, most), "...")
  notes <- c(
    if (design$treatment$always > 0) say(language, "always", big(design$treatment$always)),
    if (isTRUE(design$treatment$reversals > 0)) say(language, "reversals", big(design$treatment$reversals))
  )
  dates <- paste0(if (length(each)) say(language, "cohorts_colon"), paste(each, collapse = say(language, "comma")))
  noted <- if (length(notes)) say(language, "brackets", paste(notes, collapse = say(language, "semicolon"))) else ""
  say(language, "cohorts", format(length(joined)), big(length(cohort)), dates, noted)
}

effect_labels <- function(design) {
  vapply(design$effects, function(e) {
    slopes <- paste(names(e$slopes), collapse = ", ")
    if (!nzchar(slopes)) e$label else if (e$intercept) paste0(e$label, "[", slopes, "]") else paste0(e$label, "[[", slopes, "]]")
  }, "")
}

clusters_text <- function(x, language = "en") {
  clusters <- x$covariance$clusters
  if (is.null(clusters)) return("")
  say(language, "clusters", paste(big(clusters), collapse = " x "))
}

print_coefficients <- function(x, digits) {
  table <- coefficient_table(x)
  if (!length(table$term)) {
    cat("No coefficients\n")
    return(invisible())
  }
  body <- cbind(
    Estimate = table$estimate, `Std. Error` = table$std.error, `t value` = table$statistic,
    `Pr(>|t|)` = table$p.value
  )
  rownames(body) <- table$term
  stats::printCoefmat(body, digits = digits, signif.legend = TRUE, cs.ind = 1:2, tst.ind = 3L)
}

print_footer <- function(x) {
  r2 <- r_squared(x)
  cat(sprintf("\nR2 %.4f", r2$r2), if (!is.na(r2$within)) sprintf(", within R2 %.4f", r2$within), "\n", sep = "")
  if (length(x$aliased)) cat("Dropped as collinear: ", paste(x$aliased, collapse = ", "), "\n", sep = "")
}
