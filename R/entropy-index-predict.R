#' Scores of new rows
#'
#' Applies the bounds and weights of an index to new rows: nothing is estimated
#' again, so the scores are comparable with those of the index. Values outside
#' the bounds are kept, give \eqn{z} below 0 or above 1, and are reported.
#'
#' @param object An index from [entropy_index()].
#' @param newdata Data with the same indicators (and, for a yearly index, the
#'   time column with periods that the index knows); `NULL` for the rows the
#'   index was made from.
#' @param type `"score"` for the index, `"dimension"` for the dimension scores.
#' @param ... Not used.
#' @return A numeric vector with one score a row, or a matrix with one column a
#'   dimension. Rows with a missing indicator are `NA`.
#' @examples
#' data <- data.frame(a = runif(50), b = rexp(50), c = rnorm(50))
#' index <- entropy_index(~ a + b - c, data)
#' predict(index, data.frame(a = .5, b = .1, c = 0))
#' @export
predict.pilot_index <- function(object, newdata = NULL, type = c("score", "dimension"), ...) {
  type <- check_choice(type, c("score", "dimension"), "type")
  scores <- if (is.null(newdata)) object$scores else index_scores(object, newdata)
  if (type == "score") return(unname(scores[, 1]))
  if (ncol(scores) == 1L) {
    colnames(scores) <- object$dimensions
    return(scores)
  }
  scores[, -1, drop = FALSE]
}

index_scores <- function(object, newdata) {
  check_data(newdata, "newdata")
  check_indicators(object$terms, newdata, "newdata")
  columns <- indicator_columns(object$terms, newdata)
  check_infinite(columns)
  keep <- cpp_scan(columns, nrow(newdata), NULL)$keep
  complete <- if (!is.null(keep)) keep == as.raw(1L)
  periods <- list(values = object$periods, code = known_periods(object, newdata))
  sample <- index_sample(nrow(newdata), complete, periods, object$spec)
  report_outside(object, columns, sample)
  scores <- cpp_composite_scores(columns, sample, object$rule)
  colnames(scores) <- colnames(object$scores)
  scores
}

known_periods <- function(object, newdata) {
  if (object$spec$scope != "yearly") return(NULL)
  check_columns(object$time, newdata, "newdata")
  x <- newdata[[object$time]]
  # By their text, so that a factor of years meets the years.
  code <- match(as.character(x), as.character(object$periods))
  unknown <- unique(as.character(x[is.na(code)]))
  if (length(unknown)) {
    shown <- first_few(unknown)
    abort("unknown_period", c("A yearly index has weights for the periods it was made from only.",
      x = "Not among them: {shown}."
    ))
  }
  code - 1L
}

report_outside <- function(object, columns, sample) {
  counts <- cpp_outside_counts(columns, sample, object$bounds$min, object$bounds$max)
  outside <- rowSums(counts$below + counts$above)
  if (!any(outside > 0)) return(invisible())
  bad <- which(outside > 0)
  found <- sprintf("%s in %s row(s)", object$terms$indicator[bad], outside[bad])
  warn("outside_bounds", c("Some values lie outside the bounds of the index; their scores are extrapolated.",
    x = "Outside: {found}."
  ), columns = object$terms$indicator[bad], counts = outside[bad])
}
