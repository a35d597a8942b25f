#' @rdname heterogeneity
#' @param x,object A result of `heterogeneity()`.
#' @param what `"groups"`, `"tests"` or `"contrasts"`.
#' @param ... Not used.
#' @export
tidy.pilot_heterogeneity <- function(x, what = c("groups", "tests", "contrasts"), ...) {
  switch(check_choice(what, c("groups", "tests", "contrasts"), "what"),
    groups = x$table, tests = x$tests, contrasts = x$contrasts
  )
}

#' @rdname heterogeneity
#' @export
glance.pilot_heterogeneity <- function(x, ...) {
  test <- function(name, what) {
    at <- match(name, x$tests$test)
    if (is.na(at)) NA_real_ else x$tests[[what]][at]
  }
  o <- x$permutation$overall
  tibble::tibble(
    statistic = test("wald", "statistic"), df = test("wald", "df"), df2 = test("wald", "df2"),
    p.value = test("wald", "p.value"), chow.statistic = test("chow", "statistic"),
    chow.p.value = test("chow", "p.value"), permutation.statistic = o$statistic %||% NA_real_,
    permutation.p.value = o$p.value %||% NA_real_, permutation.p.left = o$p.left %||% NA_real_,
    permutation.p.right = o$p.right %||% NA_real_, draws = NROW(x$draws), failed = o$failed %||% 0L,
    groups = length(x$groups$values), nobs = x$pooled$nobs, seed = x$seed %||% NA_real_,
    vcov.type = x$pooled$covariance$label
  )
}

#' @export
print.pilot_heterogeneity <- function(x, digits = 4L, ...) {
  cat(
    "Effects by ", x$by, " (",
    if (x$interaction == "all") "split samples" else "treatment interacted", ")\n", sep = ""
  )
  cat("Outcome: ", x$pooled$design$outcome_name, "; SE ", x$pooled$covariance$label, "\n\n", sep = "")
  shown <- c(
    "group", if (length(unique(x$table$term)) > 1L) "term", "estimate", "std.error", "p.value",
    "conf.low", "conf.high", count_columns
  )
  print_columns(x$table[shown], digits)
  cat("\nTests of equal effects\n")
  tests <- x$tests
  tests$meaning <- test_meaning[tests$test]
  print_columns(tests[c("meaning", "statistic", "df", "df2", "p.value")], digits)
  o <- x$permutation$overall
  if (!is.null(o)) {
    p <- function(p) format(p, digits = 3)
    cat("Permutation: ", big(nrow(x$draws)), " draws by unit", sep = "")
    if (x$strata == "cohort") cat(" within cohorts")
    if (o$failed > 0) cat(" (", o$failed, " without estimate)", sep = "")
    if (!is.na(o$p.left)) cat("; one-sided p ", p(o$p.left), " (left), ", p(o$p.right), " (right)", sep = "")
    cat(", seed ", format(x$seed, digits = 16), "\n", sep = "")
  }
  invisible(x)
}

test_meaning <- c(
  wald = "Wald, effects equal", chow = "Chow, all coefficients equal",
  chow_f = "Chow, classical, period effects too", permutation = "Permutation of groups"
)

#' @rdname heterogeneity
#' @export
plot.pilot_heterogeneity <- function(x, ...) plot_forest(heterogeneity_forest(x), ...)

#' @rdname heterogeneity
#' @exportS3Method ggplot2::autoplot
autoplot.pilot_heterogeneity <- function(object, ...) ggplot_forest(heterogeneity_forest(object), ...)

# The pooled estimate stands below the groups.
heterogeneity_forest <- function(x) {
  terms <- unique(x$table$term)
  pooled <- term_rows(x$pooled, terms)
  label <- c(figure_name(x$table$group), rep(figure_word("all"), length(terms)))
  if (length(terms) > 1L) label <- figure_word("%s: %s", label, figure_name(c(x$table$term, terms)))
  rows <- lapply(set_names(c("estimate", "conf.low", "conf.high")), function(n) c(x$table[[n]], pooled[[n]]))
  forest_data(
    label, rows,
    figure_word("Effect of %s by %s", figure_names(x$pooled$design$treatment$names), figure_name(x$by))
  )
}
