#' Collinearity of the regressors
#'
#' Variance inflation factors of a fit, pooled and within its fixed effects,
#' generalized ones for terms with several columns (factors, polynomials), and
#' condition numbers.
#'
#' With \eqn{R} the correlation matrix of the regressors and \eqn{R_{11}},
#' \eqn{R_{22}} its blocks for the columns of a term and for all others,
#' \deqn{GVIF = \frac{\det R_{11} \det R_{22}}{\det R},}
#' which for one column is \eqn{VIF_j = 1 / (1 - R_j^2)}. Pooled, correlations
#' are those of the raw columns (what `car::vif()` gives for a regression
#' without effects); within, those of the columns from which the fixed effects
#' have been partialled out. The second is the inflation that the variance of
#' the estimate in fact suffers.
#'
#' @param fit A fit of [pilot_did()].
#' @return An object of class `pilot_vif`. `tidy()` gives one row a term:
#'   `term`, `vif` (\eqn{GVIF^{1/df}}, comparable between terms), `gvif`, `df`,
#'   and the same within the effects, `vif.within` and `gvif.within`.
#'   `glance()`: the largest and the mean factors and two condition numbers,
#'   `condition.number` of the raw columns with the constant, scaled to unit
#'   length (Belsley, Kuh and Welsch), and `condition.number.within` of the
#'   partialled-out columns. `plot()` and `autoplot()` draw the factors.
#' @section Errors: a fit made with `lean = TRUE`, without regressors, or by
#'   another estimator than least squares or 2SLS.
#' @section When not to use it: to drop controls. A large factor of a control
#'   that is not of interest does no harm; one of the treatment means that the
#'   data say little about it, and no other specification changes that.
#' @references Fox and Monette (1992), Generalized collinearity diagnostics,
#'   *Journal of the American Statistical Association* 87, eq. 10. Belsley, Kuh
#'   and Welsch (1980), *Regression diagnostics*, ch. 3.
#' @examples
#' panel <- data.frame(city = rep(1:30, each = 6), year = 2012:2017)
#' panel$pilot <- as.integer(panel$city <= 10 & panel$year >= 2015)
#' panel$gdp <- rnorm(180)
#' panel$wage <- panel$gdp + rnorm(180)
#' panel$y <- panel$pilot + rnorm(180)
#' vif_table(pilot_did(y ~ pilot + gdp + wage | city + year, panel))
#' @export
vif_table <- function(fit) {
  check_fit(fit)
  if (!fit$estimator %in% c("twfe", "iv")) {
    abort("estimator", c("Variance inflation belongs to a regression.",
      x = "This is a fit with {.code estimator = \"{fit$estimator}\"}, whose coefficients are effects.",
      i = "Judge the same formula with {.code estimator = \"twfe\"}."
    ))
  }
  terms <- regressor_terms(fit)
  columns <- c(fit$design$regressors, fit$design$endogenous)[unlist(terms, use.names = FALSE)]
  df <- lengths(terms, use.names = FALSE)
  block <- rep(seq_along(terms), df)

  pooled <- pooled_products(fit$design, columns)
  within <- if (length(fit$design$effects)) within_products(fit, columns)
  gvif <- generalized_vif(pooled$centered, block)
  gvif_within <- if (is.null(within)) rep(NA_real_, length(df)) else generalized_vif(within, block)
  structure(list(
    table = tibble::new_tibble(list(
      term = names(terms), vif = gvif^(1 / df), gvif = gvif, df = df,
      vif.within = gvif_within^(1 / df), gvif.within = gvif_within
    ), nrow = length(terms)),
    raw = pooled$raw, within = within
  ), class = "pilot_vif")
}

# Cross-products of the partialled-out columns (k x k). Least squares has inverted them already.
within_products <- function(fit, columns) {
  at <- match(names(columns), names(fit$coefficients))
  if (fit$estimator == "twfe" && !length(fit$design$endogenous)) {
    return(chol2inv(chol(fit$bread[at, at, drop = FALSE])))
  }
  cpp_moments(absorption(fit$design), columns, solver_options())$gram
}

# Cross-products of the columns over the rows used: around their means (k x k), and as they are
# with the constant before them (k + 1 x k + 1).
pooled_products <- function(design, columns) {
  used <- list(n = design$n_data, group = NULL, groups = 1L, weight = NULL)
  if (!is.null(design$keep)) used$group <- ifelse(used_flags(design), 0L, -1L)
  if (!is.null(design$weights)) used$weight <- as.numeric(design$weights)
  ranges <- cpp_column_ranges(columns, used)
  centered <- cpp_cross_products(columns, used, ranges$mean)[[1L]]
  mean <- ranges$mean[, 1L]
  n <- ranges$weight[1L, 1L]
  list(
    centered = centered,
    raw = rbind(c(n, n * mean), cbind(n * mean, centered + n * tcrossprod(mean)))
  )
}

# term -> names of its columns, those that were not dropped as collinear. Without a recipe every
# column is a term of its own.
regressor_terms <- function(fit) {
  kept <- setdiff(names(fit$coefficients), "(Intercept)")
  if (!length(kept)) abort("no_regressors", "The fit has no regressors whose collinearity could be judged.")
  recipe <- attr(fit$design$regressors, "recipe")
  if (is.null(recipe$terms)) return(set_names(as.list(kept), kept))
  terms <- recipe_terms(recipe, fit$data)
  alone <- setdiff(kept, unlist(terms))
  terms <- c(terms, set_names(as.list(alone), alone))
  terms <- Filter(length, lapply(terms, intersect, kept))
  terms[order(vapply(terms, function(columns) match(columns[1L], kept), 1L))]
}

# The names that the model matrix gives to the columns of each term; a few rows show them.
recipe_terms <- function(recipe, data) {
  frame <- stats::model.frame(recipe$terms, utils::head(as.data.frame(data), 2L),
    na.action = stats::na.pass, xlev = recipe$xlev
  )
  matrix <- stats::model.matrix(recipe$terms, frame)
  assign <- attr(matrix, "assign")
  labels <- attr(recipe$terms, "term.labels")
  used <- assign > 0L
  split(colnames(matrix)[used], factor(labels[assign[used]], unique(labels[assign[used]])))
}

# Generalized variance inflation of each block of columns, from their cross-products (k x k).
generalized_vif <- function(gram, block) {
  # One column a term: 1 / (1 - R^2) is its sum of squares times the diagonal of the inverse.
  if (!anyDuplicated(block)) return(diag(gram) * diag(chol2inv(chol(gram))))
  scale <- sqrt(diag(gram))
  correlation <- gram / outer(scale, scale)
  all <- log_determinant(correlation)
  vapply(seq_len(max(block)), function(b) {
    inside <- block == b
    exp(log_determinant(correlation[inside, inside, drop = FALSE]) +
      log_determinant(correlation[!inside, !inside, drop = FALSE]) - all)
  }, 0)
}

log_determinant <- function(matrix) {
  if (!nrow(matrix)) return(0)
  as.numeric(determinant(matrix)$modulus)
}

# Root of the ratio of the eigenvalues of the scaled cross-products. These are known to about
# machine precision, so a ratio of their roots cannot be told from infinity beyond 7e7.
condition_number <- function(gram) {
  if (is.null(gram)) return(NA_real_)
  scale <- sqrt(diag(gram))
  values <- eigen(gram / outer(scale, scale), symmetric = TRUE, only.values = TRUE)$values
  smallest <- values[length(values)]
  if (smallest <= .Machine$double.eps * values[1]) Inf else sqrt(values[1] / smallest)
}

#' Methods for collinearity tables
#'
#' @param x,object The result of [vif_table()].
#' @param digits Decimals shown.
#' @param ... Passed to [graphics::dotchart()] by `plot()`, otherwise not used.
#' @return `tidy()` and `glance()`: tibbles; `print()` and `plot()` their
#'   argument; `autoplot()` a ggplot object.
#' @name pilot_vif-methods
#' @examples
#' # Economic columns of pilot_cities are simulated.
#' fit <- pilot_did(resilience ~ status + fdi + log_wage | code + year, pilot_cities)
#' plot(vif_table(fit))
#' glance(vif_table(fit))
NULL

#' @rdname pilot_vif-methods
#' @export
tidy.pilot_vif <- function(x, ...) x$table

#' @rdname pilot_vif-methods
#' @export
glance.pilot_vif <- function(x, ...) {
  tibble::tibble(
    largest.vif = max(x$table$vif), mean.vif = mean(x$table$vif),
    largest.vif.within = max(x$table$vif.within), mean.vif.within = mean(x$table$vif.within),
    condition.number = condition_number(x$raw), condition.number.within = condition_number(x$within)
  )
}

#' @rdname pilot_vif-methods
#' @export
print.pilot_vif <- function(x, digits = 3, ...) {
  shown <- x$table
  if (all(shown$df == 1L)) shown[c("gvif", "gvif.within", "df")] <- NULL
  empty <- vapply(shown, function(column) all(is.na(column)), NA)
  cat("Variance inflation factors\n")
  print_text_table(shown[!empty], digits)
  cat(sprintf("\nCondition number %s", format(condition_number(x$raw), digits = digits)))
  if (!is.null(x$within)) {
    cat(sprintf(", within the effects %s", format(condition_number(x$within), digits = digits)))
  }
  cat("\n")
  invisible(x)
}

vif_kinds <- c("pooled", "within the effects")

#' @rdname pilot_vif-methods
#' @export
plot.pilot_vif <- function(x, ...) {
  shown <- x$table[rev(seq_len(nrow(x$table))), ]
  both <- cbind(shown$vif, shown$vif.within)
  old <- figure_par()
  on.exit(graphics::par(old))
  graphics::dotchart(shown$vif,
    labels = figure_name(shown$term), xlab = figure_word("Variance inflation factor"), pch = 19,
    xlim = c(1, max(both, na.rm = TRUE)), ...
  )
  graphics::points(shown$vif.within, seq_along(shown$term), pch = 1)
  # Above the lines, where it hides no point.
  graphics::legend(graphics::grconvertX(0.5, "npc"), graphics::par("usr")[4L],
    xjust = 0.5, yjust = 0, legend = figure_word(vif_kinds), pch = c(19, 1), bty = "n", horiz = TRUE, xpd = NA
  )
  invisible(x)
}

#' @rdname pilot_vif-methods
#' @exportS3Method ggplot2::autoplot
autoplot.pilot_vif <- function(object, ...) {
  table <- object$table
  shown <- tibble::tibble(
    term = figure_factor(rep(table$term, 2L), rev(table$term)), kind = rep(vif_kinds, each = nrow(table)),
    value = c(table$vif, table$vif.within)
  )
  shown <- shown[!is.na(shown$value), ]
  ggplot2::ggplot(shown, ggplot2::aes(x = .data$value, y = .data$term, shape = .data$kind)) +
    ggplot2::geom_vline(xintercept = 1, color = "gray60") +
    ggplot2::geom_point(size = 2.5, color = shade("blue")) +
    ggplot2::scale_shape_manual(values = c(19, 1), labels = figure_word, name = NULL) +
    ggplot2::labs(x = figure_word("Variance inflation factor"), y = NULL) +
    figure_theme() +
    ggplot2::theme(legend.position = "bottom")
}
