# What the two-way fixed effects coefficient is made of: comparisons of two cohorts in two windows.

#' Goodman-Bacon decomposition of the two-way fixed effects estimate
#'
#' In a balanced panel without covariates the coefficient is a weighted mean of all comparisons of two
#' cohorts before and after one of them joins:
#' \deqn{\hat\beta = \sum_{k \ne l} s_{kl} \hat\beta_{kl}, \quad \sum s_{kl} = 1.}
#' Comparisons of later joiners with units that have already joined are the ones that can mislead when
#' effects grow or differ. The weights times the estimates add up to the coefficient exactly.
#'
#' Not for panels with covariates, further effects or missing rows, whose coefficient is no such
#' mean: they are refused, and [twfe_weights()] applies.
#'
#' @param fit A fit of [pilot_did()] with `estimator = "twfe"`, or of another estimator on the same panel.
#' @param x,object A result of `bacon_decomposition()`.
#' @param xlab,ylab,main Labels.
#' @param ... For `plot()`: further arguments of [graphics::plot.default()], as `ylim`; otherwise not used.
#' @return A list of class `pilot_bacon`. `tidy()`: one row a comparison: `type` (`"earlier vs later"`,
#'   `"later vs earlier"`, `"treated vs never"`, `"treated vs always"`), `treated` and `control` (first
#'   treated period; `NA` for the never treated), `weight`, `estimate`. `glance()`: the coefficient and
#'   the weight and mean estimate of each type.
#' @section Errors: `pilotdid_error_unbalanced`, `pilotdid_error_covariates`, `pilotdid_error_effects`,
#'   `pilotdid_error_weights`, `pilotdid_error_reversal`.
#' @references
#' Goodman-Bacon (2021), Difference-in-differences with variation in treatment timing, *Journal of
#' Econometrics* 225, theorem 1.
#' @examples
#' fit <- pilot_did(y ~ status | unit + time, simulate_pilot(seed = 1))
#' bacon <- bacon_decomposition(fit)
#' bacon
#' plot(bacon)
#' @export
bacon_decomposition <- function(fit) {
  design <- decomposable(fit)
  slots <- cohort_slots(design)
  periods <- length(design$time$values)
  sums <- cpp_code_sums(design$rows, design$start, cell_codes(design, slots), length(slots$code) * periods,
    list(design$outcome), design$weights)
  mean <- matrix(sums[, 2L] / sums[, 1L], periods)
  size <- colSums(matrix(sums[, 1L], periods))
  pairs <- bacon_pairs(slots$code, periods, mean, size / sum(size))
  pairs$weight <- pairs$weight / sum(pairs$weight)
  pairs$treated <- time_label(design, pairs$treated)
  # Always treated: their first period; never treated: NA.
  pairs$control <- time_label(design, ifelse(pairs$control < 0L, NA, pairs$control))
  structure(
    list(comparisons = tibble::as_tibble(pairs), coefficient = sum(pairs$weight * pairs$estimate),
         outcome = design$outcome_name, treatment = design$treatment$names),
    class = "pilot_bacon"
  )
}

decomposable <- function(fit) {
  if (!inherits(fit, "pilot_fit")) {
    abort("argument", c("{.arg fit} must be a result of {.fn pilot_did}.", x = "It is {.obj_type_friendly {fit}}."))
  }
  refuse_lean(fit)
  design <- staggered_design(fit$design, "twfe", what = "{.fn bacon_decomposition}")
  covariates <- names(design$covariates)
  if (length(covariates)) {
    abort("covariates", c("The decomposition is for regressions without covariates.",
      x = "The formula has {.field {covariates}}.",
      i = "Drop them for the decomposition, or use {.fn twfe_weights}, which allows them."
    ))
  }
  refuse_extra_effects(design, "twfe", what = "{.fn bacon_decomposition}")
  if (!is_balanced(design)) {
    full <- length(design$unit$values) * length(design$time$values)
    abort("unbalanced", c("The decomposition needs a balanced panel: only then are cohort means all that counts.",
      x = "{design$n} of {full} unit-periods are there.",
      i = "Keep the units that are seen in every period, or use {.fn twfe_weights}."
    ))
  }
  if (!constant_weights(design)) {
    abort("weights", c("The decomposition needs weights that do not change over time.",
      i = "Use {.fn twfe_weights}."
    ))
  }
  design$cohort <- design$treatment$cohort
  design
}

# k joins before l. share: of the sample; treated: share of treated periods of a cohort.
bacon_pairs <- function(code, periods, mean, share) {
  never <- code < 0L
  # Never and always treated units are controls only.
  first <- ifelse(never, periods, code)
  treated <- 1 - first / periods
  out <- list()
  window <- function(cohort, from, to) mean(mean[from:to, cohort])
  add <- function(type, k, l, weight, estimate) {
    out[[length(out) + 1L]] <<- data.frame(type = type, treated = code[k], control = code[l], weight = weight, estimate = estimate)
  }
  for (k in which(!never & code > 0L)) for (l in seq_along(code)[-k]) {
    n <- share[k] + share[l]
    mix <- share[k] / n * share[l] / n
    if (never[l] || code[l] == 0L) {
      effect <- window(k, first[k] + 1, periods) - window(k, 1, first[k]) -
        window(l, first[k] + 1, periods) + window(l, 1, first[k])
      add(if (never[l]) "treated vs never" else "treated vs always", k, l, n^2 * mix * treated[k] * (1 - treated[k]), effect)
    } else if (first[k] < first[l]) {
      # Before l joins.
      effect <- window(k, first[k] + 1, first[l]) - window(k, 1, first[k]) -
        window(l, first[k] + 1, first[l]) + window(l, 1, first[k])
      gap <- treated[k] - treated[l]
      add("earlier vs later", k, l, n^2 * mix * gap * (1 - treated[k]), effect)
      # After k has joined: l is the treated one.
      effect <- window(l, first[l] + 1, periods) - window(l, first[k] + 1, first[l]) -
        window(k, first[l] + 1, periods) + window(k, first[k] + 1, first[l])
      add("later vs earlier", l, k, n^2 * mix * treated[l] * gap, effect)
    }
  }
  do.call(rbind, out)
}

#' @rdname bacon_decomposition
#' @export
tidy.pilot_bacon <- function(x, ...) x$comparisons

#' @rdname bacon_decomposition
#' @export
glance.pilot_bacon <- function(x, ...) {
  types <- bacon_types(x)
  out <- list(estimate = x$coefficient, comparisons = nrow(x$comparisons))
  for (i in seq_len(nrow(types))) {
    name <- gsub(" ", ".", types$type[i], fixed = TRUE)
    out[[paste0("weight.", name)]] <- types$weight[i]
    out[[paste0("estimate.", name)]] <- types$estimate[i]
  }
  tibble::as_tibble(out)
}

# Comparisons with units already treated.
bacon_doubtful <- c("later vs earlier", "treated vs always")

# The weight and the mean estimate of each type of comparison.
bacon_types <- function(x) {
  parts <- split(x$comparisons, x$comparisons$type)
  tibble::tibble(
    type = names(parts),
    comparisons = vapply(parts, nrow, 1L, USE.NAMES = FALSE),
    weight = vapply(parts, function(p) sum(p$weight), 1, USE.NAMES = FALSE),
    estimate = vapply(parts, function(p) sum(p$weight * p$estimate) / sum(p$weight), 1, USE.NAMES = FALSE)
  )
}

#' @rdname bacon_decomposition
#' @param digits Digits to show.
#' @export
print.pilot_bacon <- function(x, digits = 4L, ...) {
  cat("Two-way fixed effects estimate of ", x$treatment, " on ", x$outcome, ": ", format(x$coefficient, digits = digits),
    "\n= weighted mean of ", nrow(x$comparisons), " comparisons of two cohorts\n\n", sep = "")
  types <- bacon_types(x)
  print(data.frame(types[1:2], weight = round(types$weight, digits), estimate = signif(types$estimate, digits)), row.names = FALSE)
  doubtful <- sum(types$weight[types$type %in% bacon_doubtful])
  if (doubtful > 0) cat(sprintf("\n%.1f %% of the weight is on comparisons with units already treated\n", 100 * doubtful))
  invisible(x)
}

#' @rdname bacon_decomposition
#' @export
plot.pilot_bacon <- function(x, xlab = figure_word("Weight"), ylab = figure_word("Estimate"), main = NULL, ...) {
  old <- figure_par_y(main)
  on.exit(graphics::par(old))
  table <- x$comparisons
  types <- unique(table$type)
  k <- match(table$type, types)
  figure_plot(list(...), x = table$weight, y = table$estimate, pch = event_symbols[k], col = series_colors()[k], xlab = xlab, ylab = "",
    main = main, xlim = range(0, table$weight), ylim = with_headroom(c(table$estimate, x$coefficient), 0.3))
  figure_ylab(ylab)
  graphics::abline(h = x$coefficient, lty = 2, col = "grey40")
  graphics::legend("topright", figure_word(types), pch = event_symbols[seq_along(types)], col = series_colors()[seq_along(types)], bty = "n", cex = 0.9)
  invisible(table)
}

#' @rdname bacon_decomposition
#' @exportS3Method ggplot2::autoplot
autoplot.pilot_bacon <- function(object, xlab = figure_word("Weight"), ylab = figure_word("Estimate"), ...) {
  rlang::check_installed("ggplot2")
  types <- unique(object$comparisons$type)
  ggplot2::ggplot(object$comparisons, ggplot2::aes(x = .data$weight, y = .data$estimate, colour = .data$type, shape = .data$type)) +
    ggplot2::geom_hline(yintercept = object$coefficient, linetype = "dashed", colour = "grey40") +
    ggplot2::geom_point(size = 2.2) +
    ggplot2::scale_colour_manual(values = series_colors()[seq_along(types)], breaks = types, labels = figure_word) +
    ggplot2::scale_shape_manual(values = event_symbols[seq_along(types)], breaks = types, labels = figure_word) +
    ggplot2::labs(x = xlab, y = ylab, colour = NULL, shape = NULL) +
    figure_theme() + ggplot2::theme(legend.position = "bottom")
}
