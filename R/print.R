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

estimand_text <- function(fit) {
  treatment <- paste(fit$design$treatment$names, collapse = ", ")
  switch(fit$estimator,
    twfe = paste0("average effect of ", treatment, " (two-way fixed effects)"),
    cs = , sa = , bjs = , gardner = , etwfe = , stacked = , lpdid = , dcdh = , efficient = , sdid = paste0(
      "average effect of ", treatment, " on the treated (", estimator_label(fit$estimator), ")"
    ),
    iv = iv_estimand_text(fit),
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
  ifelse(is.na(p), "p not defined", ifelse(p < 1e-4, "p < 0.0001", sprintf("p = %.4f", p)))
}

big <- function(n) format(n, big.mark = ",", trim = TRUE, scientific = FALSE)

dropped_text <- function(design) {
  if (!length(design$flow)) return("")
  paste0("; dropped: ", paste0(big(design$flow), " ", names(design$flow), collapse = ", "))
}

# "55 of 283 units: 4 in 2015, 51 in 2016"
cohort_text <- function(design) {
  cohort <- design$treatment$cohort
  joined <- cohort[cohort >= 0L]
  size <- table(joined)
  when <- format(design$time$values[as.integer(names(size)) + 1L], trim = TRUE)
  each <- paste0(size, " in ", when)
  most <- 6L
  if (length(each) > most) each <- c(utils::head(each, most), "...")
  notes <- c(
    if (design$treatment$always > 0) paste(big(design$treatment$always), "treated from their first period"),
    if (isTRUE(design$treatment$reversals > 0)) paste(big(design$treatment$reversals), "switch off again")
  )
  paste0(
    length(joined), " of ", big(length(cohort)), " units", if (length(each)) ": ",
    paste(each, collapse = ", "), if (length(notes)) paste0(" (", paste(notes, collapse = "; "), ")")
  )
}

effect_labels <- function(design) {
  vapply(design$effects, function(e) {
    slopes <- paste(names(e$slopes), collapse = ", ")
    if (!nzchar(slopes)) e$label else if (e$intercept) paste0(e$label, "[", slopes, "]") else paste0(e$label, "[[", slopes, "]]")
  }, "")
}

clusters_text <- function(x) {
  clusters <- x$covariance$clusters
  if (is.null(clusters)) return("")
  paste0(" (", paste(big(clusters), collapse = " x "), " clusters)")
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
