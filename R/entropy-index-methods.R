# The result of entropy_index() and what can be asked of it.

new_index <- function(fit, terms, spec, data, time, columns, sample, periods, keep, call) {
  dimensions <- unique(terms$dimension)
  scores <- cpp_composite_scores(columns, sample, fit$rule)
  colnames(scores) <- if (ncol(scores) == 1L) "score" else c("score", dimensions)
  yearly <- spec$scope == "yearly"
  structure(list(
    scores = scores, weights = weight_table(fit, terms, if (yearly) periods$values),
    dimensions = dimensions, terms = terms, spec = spec, rule = fit$rule,
    bounds = fit$moments[c("min", "max", "mean")], pca = fit$pca,
    periods = periods$values, time = time, data = data, rows = nrow(data),
    dropped = if (is.null(keep)) 0L else sum(!keep), call = call
  ), class = "pilot_index")
}

weight_table <- function(fit, terms, periods) {
  groups <- ncol(fit$weight)
  repeated <- function(x) rep(x, groups)
  out <- tibble::tibble(
    indicator = repeated(terms$indicator), dimension = repeated(terms$dimension),
    direction = repeated(as.integer(terms$direction)), entropy = as.vector(fit$entropy),
    divergence = 1 - as.vector(fit$entropy), weight = as.vector(fit$weight),
    weight.within = as.vector(within_weights(fit, terms))
  )
  if (!is.null(periods)) out$time <- rep(periods, each = length(terms$indicator))
  out
}

within_weights <- function(fit, terms) {
  split_weights(fit$weight, match(terms$dimension, unique(terms$dimension)))$within
}

#' Methods for composite indices
#'
#' @param x,object An index from [entropy_index()].
#' @param data The data to which scores are added: by default the rows the
#'   index was made from.
#' @param name The name of the score column; dimension scores are called
#'   `<name>_<dimension>`.
#' @param digits Digits printed.
#' @param ... Not used.
#' @return `tidy()`, `glance()` and `augment()` return tibbles, see
#'   [entropy_index()]; `print()` and `summary()` their argument.
#' @name pilot_index-methods
#' @examples
#' data <- data.frame(a = runif(50), b = rexp(50), c = rnorm(50))
#' index <- entropy_index(~ a + b - c, data)
#' tidy(index)
#' glance(index)
#' names(augment(index, name = "resilience"))
NULL

#' @rdname pilot_index-methods
#' @export
tidy.pilot_index <- function(x, ...) x$weights

#' @rdname pilot_index-methods
#' @export
glance.pilot_index <- function(x, ...) {
  score <- x$scores[, 1]
  out <- tibble::tibble(
    nobs = x$rows - x$dropped, dropped = x$dropped, indicators = length(x$terms$indicator),
    dimensions = length(x$dimensions),
    periods = if (is.null(x$periods)) NA_integer_ else length(x$periods),
    method = x$spec$method, scope = x$spec$scope, normalize = x$spec$normalize, zero = x$spec$zero,
    largest.weight = max(x$weights$weight), mean = mean(score, na.rm = TRUE),
    sd = stats::sd(score, na.rm = TRUE), min = min(score, na.rm = TRUE), max = max(score, na.rm = TRUE)
  )
  if (length(x$pca) == 1L) {
    out$components <- x$pca[[1]]$components
    out$share <- x$pca[[1]]$share
    out[names(x$pca[[1]]$adequacy)] <- as.list(x$pca[[1]]$adequacy)
  }
  out
}

#' @rdname pilot_index-methods
#' @export
augment.pilot_index <- function(x, data = NULL, name = ".score", ...) {
  scores <- if (is.null(data)) x$scores else index_scores(x, data)
  if (is.null(data)) data <- x$data
  columns <- lapply(seq_len(ncol(scores)), function(j) scores[, j])
  names(columns) <- c(name, if (ncol(scores) > 1L) paste0(name, "_", x$dimensions))
  clash <- intersect(names(columns), names(data))
  if (length(clash)) {
    abort("name_clash", c("{.arg data} must not have columns of the names to be added.",
      x = "Already there: {.field {clash}}.", i = "Choose another {.arg name}."
    ))
  }
  as_plain_tibble(data, columns)
}

#' @rdname pilot_index-methods
#' @export
print.pilot_index <- function(x, digits = 4, ...) {
  used <- format(x$rows - x$dropped, big.mark = ",")
  cat(index_title(x), "\n", sep = "")
  cat(sprintf("%s rows used%s; %s indicators%s\n", used,
    if (x$dropped) sprintf(", %s dropped", format(x$dropped, big.mark = ",")) else "",
    length(x$terms$indicator),
    if (length(x$dimensions) > 1L) sprintf(" in %s dimensions", length(x$dimensions)) else ""
  ))
  shown <- mean_weights(x)
  for (dimension in x$dimensions) {
    rows <- shown[shown$dimension == dimension, ]
    if (length(x$dimensions) > 1L) {
      cat(sprintf("\n%s: weight %s\n", dimension, format(round(sum(rows$weight), digits), nsmall = digits)))
    } else {
      cat("\n")
    }
    print_weights(rows, digits, length(x$dimensions) > 1L)
  }
  if (!all(is.na(shown$divergence))) {
    cat("\ndivergence = 1 - entropy, the information utility (redundancy) of an indicator\n")
  }
  invisible(x)
}

index_title <- function(x, language = "en") {
  s <- x$spec
  detail <- c(
    say_value(language, s$scope), if (s$method != "pca") say_value(language, s$normalize),
    if (s$zero != "none") say(language, "index_zeros", s$zero, format(s$eps)), if (s$k == "T") say(language, "index_T")
  )
  say(language, paste0("index_", s$method), paste(detail, collapse = say(language, "comma")))
}

print_weights <- function(rows, digits, within) {
  rows$direction <- ifelse(rows$direction > 0, "+", "-")
  columns <- c(
    "indicator", "direction", if (!all(is.na(rows$divergence))) c("entropy", "divergence"),
    "weight", if (within) "weight.within"
  )
  print_text_table(rows[columns], digits)
}

# Weights by indicator; of a yearly index their means over the periods.
mean_weights <- function(x) {
  if (!"time" %in% names(x$weights)) return(x$weights)
  means <- lapply(c("entropy", "divergence", "weight", "weight.within"), function(column) {
    rowMeans(matrix(x$weights[[column]], nrow = length(x$terms$indicator)))
  })
  out <- x$weights[seq_along(x$terms$indicator), ]
  out[c("entropy", "divergence", "weight", "weight.within")] <- means
  out
}

#' @rdname pilot_index-methods
#' @export
summary.pilot_index <- function(object, ...) {
  print(object, ...)
  cat("\nScores\n")
  print(summary(as.data.frame(object$scores), digits = 4))
  for (g in seq_along(object$pca)) {
    p <- object$pca[[g]]
    cat(sprintf("\n%s%d components hold %.1f%% of the variance; KMO %.3f, Bartlett chi2(%d) = %.1f\n",
      if (length(object$pca) > 1L) paste0(object$periods[g], ": ") else "",
      p$components, 100 * p$share, p$adequacy[["kmo"]], as.integer(p$adequacy[["bartlett.df"]]),
      p$adequacy[["bartlett.statistic"]]
    ))
  }
  invisible(object)
}
