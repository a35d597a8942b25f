#' Methods for panel descriptions
#'
#' @param x,object A description from [describe_panel()].
#' @param what Which table: `"summary"`, `"correlation"`, `"balance"`,
#'   `"patterns"` or `"cohorts"`.
#' @param digits Decimals shown.
#' @param ... Not used.
#' @return `tidy()` and `glance()` return tibbles, `print()` and `summary()`
#'   their argument.
#' @name pilot_description-methods
#' @examples
#' panel <- data.frame(city = rep(1:5, each = 4), year = 2012:2015, gdp = rnorm(20), wage = rnorm(20))
#' tidy(describe_panel(panel, unit = "city", time = "year"), "correlation")
NULL

#' @rdname pilot_description-methods
#' @export
tidy.pilot_description <- function(x, what = "summary", ...) {
  what <- check_choice(what, c("summary", "correlation", "balance", "patterns", "cohorts"), "what")
  if (is.null(x[[what]])) {
    needs <- switch(what,
      correlation = "two columns",
      cohorts = "a unit, a time, and a status or cohort",
      "a unit and a time"
    )
    abort("argument", c("This description has no table {.val {what}}.", i = "It needs {needs}."))
  }
  x[[what]]
}

#' @rdname pilot_description-methods
#' @export
glance.pilot_description <- function(x, ...) {
  cohort <- x$paths$cohort
  balance <- if (is.null(x$balance)) list() else as.list(set_names(x$balance$value, x$balance$statistic))
  number <- function(name) if (is.null(balance[[name]])) NA_real_ else balance[[name]]
  tibble::tibble(
    rows = x$rows, variables = nrow(x$summary), units = number("units"), periods = number("periods"),
    balanced = number("share of unit-periods present") == 1 & number("repeated unit-periods") == 0,
    treated.units = if (is.null(cohort)) NA_integer_ else sum(cohort >= 0L),
    never.treated = if (is.null(cohort)) NA_integer_ else sum(cohort < 0L),
    reversals = if (is.null(cohort)) NA_real_ else x$paths$reversals
  )
}

#' @rdname pilot_description-methods
#' @export
print.pilot_description <- function(x, digits = 3, ...) {
  shown <- x$summary
  if (all(is.na(shown$sd.between))) shown[c("sd.between", "sd.within")] <- NULL
  if (!any(shown$missing > 0)) shown$missing <- NULL
  cat("Variables\n")
  print_text_table(shown, digits)
  if (!is.null(x$correlation)) {
    cat("\nCorrelations (*** p < .01, ** p < .05, * p < .1)\n")
    print_text_table(correlation_triangle(x, digits))
  }
  if (!is.null(x$balance)) {
    cat("\nPanel\n")
    value <- vapply(x$balance$value, short_numbers, "", digits = digits)
    print_text_table(list(` ` = x$balance$statistic, `  ` = pad_left(value, max(nchar(value)))))
  }
  if (!is.null(x$cohorts)) {
    cat("\nCohorts\n")
    print_text_table(x$cohorts, digits)
    if (x$paths$reversals > 0) cat("  units that switch off again: ", big(x$paths$reversals), "\n", sep = "")
  }
  invisible(x)
}

#' @rdname pilot_description-methods
#' @export
summary.pilot_description <- function(object, ...) {
  print(object, ...)
  if (!is.null(object$patterns)) {
    cat("\nPeriods present\n")
    print_text_table(object$patterns, 3)
  }
  invisible(object)
}

significance_stars <- function(p) {
  ifelse(is.na(p), "", ifelse(p < .01, "***", ifelse(p < .05, "**", ifelse(p < .1, "*", ""))))
}

# The lower triangle with numbered columns, as journals print it.
correlation_triangle <- function(x, digits) {
  columns <- x$summary$variable
  k <- length(columns)
  cells <- matrix("", k, k)
  at <- cbind(match(x$correlation$variable1, columns), match(x$correlation$variable2, columns))
  # Stars in columns of their own width, so that the numbers line up.
  cells[at] <- paste0(fixed_digits(x$correlation$estimate, digits),
    pad_right(significance_stars(x$correlation$p.value), 3))
  diag(cells) <- paste0(fixed_digits(1, digits), "   ")
  numbers <- sprintf("(%d)", seq_len(k))
  body <- lapply(seq_len(k), function(j) pad_left(cells[, j], max(nchar(cells[, j]))))
  names(body) <- numbers
  c(list(` ` = paste(numbers, columns)), body)
}
