# The steps from columns to weights. All tables are K indicators x G groups of rows: one group
# for a pooled index, one a period for a yearly one.

# What the methods need of the data, and nothing else does: ranges, means and, where a method
# asks for them, covariances.
index_moments <- function(columns, sample, second = FALSE, ranges = NULL) {
  moments <- if (is.null(ranges)) cpp_column_ranges(columns, sample) else ranges
  moments$constant <- is_constant(moments$min, moments$max)
  if (second) {
    cross <- cpp_cross_products(columns, sample, moments$mean)
    moments$covariance <- Map(function(m, n) m / (n - 1), cross, moments$weight[1, ])
    moments$sd <- vapply(moments$covariance, function(m) sqrt(diag(m)), numeric(length(columns)))
    dim(moments$sd) <- dim(moments$min)
  }
  moments
}

# A range of a few units in the last place is rounding, not variation: 0.1 + 0.2 beside 0.3.
is_constant <- function(min, max) {
  max - min <= 4 * .Machine$double.eps * pmax(abs(min), abs(max))
}

needs_second_moments <- function(spec) {
  spec$method %in% c("critic", "pca") || spec$normalize == "zscore"
}

# z = (x - center) / width: a negative width turns an indicator round without losing a digit.
# best and worst: z of the largest and the smallest value in the indicator's direction.
index_scaling <- function(moments, direction, spec) {
  negative <- matrix(direction < 0, nrow(moments$min), ncol(moments$min))
  range <- moments$max - moments$min
  low <- ifelse(negative, moments$max, moments$min)
  scaling <- if (spec$method == "pca") {
    list(center = moments$mean, size = moments$sd)
  } else {
    switch(spec$normalize,
      minmax = list(center = low, size = range),
      zscore = list(center = low, size = moments$sd),
      # A negative indicator is reflected within its own range before the division.
      max = list(center = ifelse(negative, moments$max + moments$min, 0), size = moments$max)
    )
  }
  # Nothing varies: the weight is 0, and the size only has to be a number.
  scaling$size[moments$constant] <- 1
  width <- ifelse(negative, -scaling$size, scaling$size)
  rule <- zero_rule(spec)
  z <- function(x) {
    value <- (x - scaling$center) / width
    ifelse(value == 0, rule$at_zero, value) + rule$shift
  }
  list(
    center = scaling$center, width = width, at_zero = rule$at_zero, shift = rule$shift,
    best = z(ifelse(negative, moments$min, moments$max)), worst = z(low)
  )
}

zero_rule <- function(spec) {
  list(
    at_zero = if (spec$zero == "replace") spec$eps else 0,
    shift = if (spec$zero == "add_z") spec$eps else 0
  )
}

# e_j = -sum p ln p / ln n with p = z / sum z. A constant column tells nothing: e = 1.
index_entropy <- function(columns, sample, scaling, moments, spec, log_n) {
  one <- matrix(1, nrow(moments$min), ncol(moments$min))
  log_n <- one * rep(log_n, each = nrow(one))
  entropy <- if (spec$zero == "add_p") {
    total <- moments$weight * (moments$mean - scaling$center) / scaling$width
    total[moments$constant] <- 1
    -cpp_entropy_sums(columns, sample, scaling, 1 / total, spec$eps)$total_log / log_n
  } else {
    sums <- cpp_entropy_sums(columns, sample, scaling, one, 0)
    (log(sums$total) - sums$total_log / sums$total) / log_n
  }
  entropy[moments$constant] <- 1
  entropy
}

divergence_weights <- function(entropy) {
  divergence <- 1 - entropy
  sweep(divergence, 2, colSums(divergence), `/`)
}

# CRITIC (Diakoulaki et al. 1995): contrast sigma_j times conflict sum_k (1 - r_jk).
critic_weights <- function(moments, scaling, direction) {
  information <- vapply(seq_len(ncol(moments$min)), function(g) {
    correlation <- directed_correlation(moments, direction, g)
    conflict <- rowSums(1 - correlation, na.rm = TRUE)
    ifelse(moments$constant[, g], 0, moments$sd[, g] / abs(scaling$width[, g]) * conflict)
  }, numeric(length(direction)))
  dim(information) <- dim(moments$min)
  sweep(information, 2, colSums(information), `/`)
}

# Correlations of the indicators in their own directions; NA in rows and columns of constants.
directed_correlation <- function(moments, direction, g) {
  sd <- ifelse(moments$constant[, g], NA, moments$sd[, g]) * direction
  correlation <- moments$covariance[[g]] / outer(sd, sd)
  correlation[cbind(seq_along(sd), seq_along(sd))] <- ifelse(is.na(sd), NA, 1)
  correlation
}

equal_weights <- function(moments) {
  used <- 1 - moments$constant
  sweep(used, 2, colSums(used), `/`)
}

# Weights of indicators and, within dimensions, of their members. `second`: the weights of the
# dimensions (D x G) when they are not the sums of their members' weights.
split_weights <- function(weight, dimension, second = NULL) {
  sums <- rowsum(weight, dimension, reorder = TRUE)
  share <- sums[dimension, , drop = FALSE]
  within <- ifelse(share == 0, 0, weight / share)
  if (is.null(second)) return(list(weight = weight, within = within, dimensions = unname(sums)))
  list(weight = within * second[dimension, , drop = FALSE], within = within, dimensions = second)
}

# Weights of the dimensions that do not follow from their members': equal, or the entropy of the
# dimension scores taken as indicators in their turn.
dimension_weights <- function(columns, sample, rule, spec, log_n) {
  groups <- sample$groups
  if (spec$dimension_weights == "equal") {
    used <- rule$dimension_sums > 0
    return(sweep(used, 2, colSums(used), `/`))
  }
  scores <- cpp_composite_scores(columns, sample, rule)
  levels <- lapply(seq_len(rule$dimensions), function(d) scores[, 1 + d])
  moments <- index_moments(levels, sample)
  plain <- list(method = "entropy", normalize = "minmax", zero = "none")
  scaling <- index_scaling(moments, rep(1, rule$dimensions), plain)
  divergence_weights(index_entropy(levels, sample, scaling, moments, plain, log_n))
}
