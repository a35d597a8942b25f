# Where the clusters are: the local Moran statistic of each unit.

#' Local Moran statistic and clusters
#'
#' For each unit, \deqn{I_i = \frac{z_i}{m_2}\sum_j w_{ij} z_j, \qquad m_2 = \sum_i z_i^2 / n,}
#' large where a unit and its neighbors lie on the same side of the mean, negative where they
#' differ. Inference is conditional on the unit's own value: analytic moments, and permutations of
#' the other units' values. A significant unit belongs to a cluster, high-high or low-low, or is an
#' outlier among its neighbors, high-low or low-high.
#'
#' With hundreds of units some are significant by chance: `p.adjusted` controls the false discovery
#' rate (Benjamini and Hochberg), and `clusters = "adjusted"` uses it.
#'
#' @inheritParams moran_test
#' @param period The period, where the data hold several.
#' @param level Units with a p-value below it are put into clusters.
#' @param clusters Which p-value decides: `"permutation"`, `"normal"` or `"adjusted"` (of the permutation).
#' @param x A formula `variable ~ 1 | unit + time`, or a numeric vector in the order of the weights.
#' @param ... Not used.
#' @return A list of class `pilot_local_moran`. `tidy()`: one row a unit with `unit`, `period`, `estimate`,
#'   `expected`, `variance`, `statistic`, `p.value`, `p.permutation`, `p.adjusted` (both two-sided), `value`,
#'   `lag`, `quadrant`, `cluster`. `plot()`, `autoplot()`: a map where the weights have coordinates.
#' @references
#' Anselin (1995), Local indicators of spatial association, *Geographical Analysis* 27.
#'
#' Sokal, Oden and Thomson (1998), Local spatial autocorrelation in a biological model, *Geographical Analysis* 30.
#' @examples
#' W <- spatial_weights(pilot_cities, "code", ~ longitude + latitude, k = 5)
#' local <- local_moran(resilience ~ 1 | code + year, pilot_cities, W, period = 2023, seed = 1)
#' local
#' plot(local)
#' @export
local_moran <- function(x, data = NULL, W, period = NULL, draws = 999, seed = NULL, level = 0.05,
                        clusters = c("permutation", "normal", "adjusted"), ...) {
  clusters <- check_choice(clusters, c("permutation", "normal", "adjusted"), "clusters")
  check_number(level, "level", 0, 1, open = TRUE)
  check_count(draws, "draws", min = 0)
  if (draws == 0 && clusters != "normal") clusters <- "normal"
  seed <- stream_seed(seed)
  W <- as_weights(W)
  values <- local_values(x, data, W, period)
  if (is.null(W$ids) && is.numeric(x)) W$ids <- values$unit$values
  w <- align_weights(W, values$unit)
  announce("Permutations of neighbors", draws * length(w$column))
  raw <- cpp_local_moran(w, values$x, as.integer(draws), seed)
  table <- local_table(raw, values, draws)
  p <- switch(clusters, permutation = table$p.permutation, normal = table$p.value, adjusted = table$p.adjusted)
  table$cluster <- ifelse(!is.na(p) & p < level, table$quadrant, "not significant")
  structure(list(
    table = table, weights = w, level = level, clusters = clusters, draws = draws, seed = seed, variable = values$name
  ), class = "pilot_local_moran")
}

local_values <- function(x, data, W, period) {
  if (is.numeric(x)) {
    n <- length(W$start) - 1L
    if (length(x) != n) abort("weights_size", c("There must be one value a unit, in the order of the weights.", x = "{length(x)} value{?s}, {n} unit{?s}."))
    # Unnamed weights are in the order of the values.
    return(list(x = as.numeric(x), unit = list(values = W$ids %||% seq_len(n), label = W$unit), period = NA, name = "x"))
  }
  check_data(data)
  parsed <- parse_formula(x)
  env <- parsed$environment
  if (length(parsed$effects) < 1L) abort("formula", "Write {.code variable ~ 1 | unit + time}, or {.code | unit} for one period.")
  check_variables(c(list(parsed$outcome), lapply(parsed$effects, `[[`, "expr")), data, env)
  wide <- spread_panel(
    eval_in(parsed$outcome, data, env), code_effect(parsed$effects[[1L]]$expr, data, env),
    if (length(parsed$effects) > 1L) code_effect(parsed$effects[[2L]]$expr, data, env)
  )
  at <- if (is.null(period) && ncol(wide$x) == 1L) 1L else match(period, wide$periods)
  if (length(at) != 1L || is.na(at)) {
    abort("argument", c("{.arg period} must be one period of the data.",
      x = if (is.null(period)) "There are {ncol(wide$x)}: {first_few(format(wide$periods))}." else "{.val {format(period)}} is not."
    ))
  }
  seen <- !is.na(wide$x[, at])
  refuse_constant_periods(wide, at, which(seen), expr_label(parsed$outcome))
  list(
    x = wide$x[seen, at], unit = list(values = wide$unit$values[seen], label = wide$unit$label),
    period = wide$periods[at], name = expr_label(parsed$outcome)
  )
}

local_table <- function(raw, values, draws) {
  statistic <- (raw$estimate - raw$expected) / sqrt(raw$variance)
  permuted <- if (draws > 0) pmin(1, (2 * pmin(raw$above, raw$below) + 1) / (draws + 1)) else rep(NA_real_, length(statistic))
  z <- values$x - mean(values$x)
  # Without neighbors there is nothing to compare with.
  alone <- raw$variance == 0
  permuted[alone] <- NA_real_
  tibble::tibble(
    unit = values$unit$values, period = values$period, estimate = raw$estimate, expected = raw$expected, variance = raw$variance,
    statistic = ifelse(alone, NA_real_, statistic), p.value = ifelse(alone, NA_real_, 2 * stats::pnorm(-abs(statistic))),
    p.permutation = permuted, p.adjusted = stats::p.adjust(permuted, "BH"), value = values$x, lag = raw$lag,
    quadrant = quadrant(z, raw$lag)
  )
}

cluster_levels <- c("high-high", "low-low", "high-low", "low-high", "not significant")
cluster_colors <- c(
  `high-high` = "red", `low-low` = "blue", `high-low` = "light_red", `low-high` = "light_blue", `not significant` = "grey80"
)

#' @export
print.pilot_local_moran <- function(x, ...) {
  period <- x$table$period[1L]
  cat("Local Moran statistic of ", x$variable, if (!is.na(period)) paste0(", ", format(period)), "\n", sep = "")
  cat("Weights:  ", x$weights$label, "\n", sep = "")
  cat("Clusters: p < ", format(x$level), " (", switch(x$clusters,
    permutation = paste(big(x$draws), "conditional permutations"), normal = "normal approximation",
    adjusted = paste(big(x$draws), "conditional permutations, false discovery rate")
  ), ")\n\n", sep = "")
  counts <- table(factor(x$table$cluster, levels = cluster_levels))
  for (name in cluster_levels) {
    members <- x$table$unit[x$table$cluster == name]
    cat(sprintf("%-16s%4d", name, counts[[name]]), if (name != "not significant" && length(members)) paste0("   ", first_few(format_id(members))), "\n", sep = "")
  }
  invisible(x)
}

#' @export
tidy.pilot_local_moran <- function(x, ...) x$table

#' @export
glance.pilot_local_moran <- function(x, ...) {
  counts <- table(factor(x$table$cluster, levels = cluster_levels))
  tibble::tibble(
    units = nrow(x$table), high.high = counts[[1L]], low.low = counts[[2L]], high.low = counts[[3L]], low.high = counts[[4L]],
    level = x$level, draws = x$draws
  )
}

local_map <- function(x) {
  points <- x$weights$coordinates
  if (is.null(points)) {
    abort("coordinates", c("A map needs coordinates.", i = "Make the weights from coordinates with {.fn spatial_weights}."))
  }
  data.frame(x = points[, 1L], y = points[, 2L], cluster = factor(x$table$cluster, levels = cluster_levels))
}

local_title <- function(x) {
  period <- x$table$period[1L]
  if (is.na(period)) return(figure_word("Clusters of %s", figure_name(x$variable)))
  figure_word("Clusters of %s, %s", figure_name(x$variable), format(period))
}

#' Map of local clusters
#'
#' @param x,object A result of [local_moran()] with weights made from coordinates.
#' @param ... Further graphical parameters.
#' @return `plot()`: `x`, invisibly. `autoplot()`: a ggplot.
#' @export
plot.pilot_local_moran <- function(x, ...) {
  old <- figure_par()
  on.exit(graphics::par(old))
  map <- local_map(x)
  degrees <- identical(x$weights$metric, "great_circle")
  axes <- map_axes(degrees)
  map <- map[order(map$cluster, decreasing = TRUE), ]
  figure_plot(list(...), x = map$x, y = map$y,
    asp = if (degrees) 1 / cos(mean(range(map$y)) * pi / 180) else 1, pch = 19, col = shade(cluster_colors, 0.85)[as.character(map$cluster)],
    xlab = axes[1L], ylab = axes[2L], main = local_title(x)
  )
  graphics::legend("bottomleft", legend = figure_word(cluster_levels), pch = 19, col = shade(cluster_colors, 0.85)[cluster_levels], bty = "n", cex = 0.85)
  invisible(x)
}

#' @rdname plot.pilot_local_moran
#' @exportS3Method ggplot2::autoplot
autoplot.pilot_local_moran <- function(object, ...) {
  map <- local_map(object)
  degrees <- identical(object$weights$metric, "great_circle")
  axes <- map_axes(degrees)
  ggplot2::ggplot(map[order(map$cluster, decreasing = TRUE), ], ggplot2::aes(x = .data$x, y = .data$y, color = .data$cluster)) +
    ggplot2::geom_point(size = 1.6) +
    ggplot2::scale_color_manual(values = shade(cluster_colors, 0.85), labels = figure_word, drop = FALSE, name = NULL) +
    ggplot2::coord_fixed(if (degrees) 1 / cos(mean(range(map$y)) * pi / 180) else 1) +
    ggplot2::labs(x = axes[1L], y = axes[2L], title = local_title(object)) +
    figure_theme()
}
