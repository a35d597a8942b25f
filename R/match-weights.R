# score + buckets -> weights (and pairs where there are any), one function a family of methods.

match_weights <- function(design, score, bucket, settings) {
  switch(settings$method,
    nearest = , mahalanobis = neighbor_weights(design, score, bucket, settings),
    psmatch2 = psmatch2_weights(design, score, bucket, settings),
    radius = , kernel = , local_linear = kernel_weights(design, score, bucket, settings),
    ipw = cpp_odds_weights(score$probability, design$treated, bucket$id, bucket$count),
    entropy = entropy_weights(design, bucket, settings)
  )
}

tie_codes <- c(adjacent = 0L, first = 1L, random = 1L, all = 2L)
order_codes <- c(data = 0L, largest = 1L, smallest = 2L, closest = 3L, random = 4L)
kernel_codes <- c(uniform = 0L, epanechnikov = 1L, biweight = 2L, tricube = 3L, gaussian = 4L)

neighbor_weights <- function(design, score, bucket, settings) {
  check_ratio(design, bucket, settings)
  caliper <- score_caliper(design, score, bucket, settings)
  covariates <- caliper_columns(design, names(settings$covariate_calipers))
  X <- if (settings$method == "mahalanobis") {
    Z <- score_matrix(design)
    Z[, colnames(Z) != "(Intercept)", drop = FALSE]
  } else {
    matrix(0, length(design$rows), 0L)
  }
  found <- cpp_match_nearest(
    score$score, design$treated, bucket$id, bucket$count, as.integer(settings$ratio),
    settings$replace, tie_codes[[settings$ties]], settings$ties == "random",
    order_codes[[settings$order]], FALSE, settings$seed %||% 0, caliper$scale, caliper$limits,
    covariates, unname(settings$covariate_calipers) %||% numeric(), X
  )
  list(weight = found$weight, pairs = found[c("treated", "control", "rank", "distance", "share")])
}

psmatch2_weights <- function(design, score, bucket, settings) {
  limit <- if (length(settings$score_caliper)) settings$score_caliper else Inf
  found <- cpp_match_psmatch2(
    score$probability, design$treated, bucket$id, bucket$count, as.integer(settings$ratio),
    settings$ties == "all", limit
  )
  list(weight = found$weight, pairs = found[c("treated", "control", "rank", "distance", "share")])
}

# One limit a bucket, on the scale it is meant on; none: an empty scale.
score_caliper <- function(design, score, bucket, settings) {
  if (!length(settings$score_caliper)) return(list(scale = numeric(), limits = numeric()))
  limits <- rep(settings$score_caliper, bucket$count)
  if (settings$caliper_scale == "probability") {
    return(list(scale = score$probability, limits = limits))
  }
  inside <- bucket$id >= 0L
  group <- ifelse(inside, bucket$group[pmax(bucket$id, 0L) + 1L], -1L)
  sd <- linear_sd(score$linear, group, max(bucket$group) + 1L)
  list(scale = score$linear, limits = limits * sd[bucket$group + 1L])
}

caliper_columns <- function(design, names) {
  X <- matrix(0, length(design$rows), length(names), dimnames = list(NULL, names))
  check_columns(names, design$data)
  for (name in names) {
    column <- .subset2(design$data, name)
    if (!is.numeric(column) && !is.logical(column)) {
      abort("argument", c("A {.arg caliper} needs a numeric column.",
        x = "{.field {name}} is {.obj_type_friendly {column}}.", i = "Use {.arg exact} for categories."
      ))
    }
    X[, name] <- as.numeric(column)[design$rows]
  }
  # A distance to a missing value is no distance: it would neither pass nor fail.
  unknown <- colSums(is.na(X))
  if (any(unknown > 0)) {
    abort("missing_covariates", c("Columns with a {.arg caliper} must be known in all rows that are matched.",
      x = "Missing: {count_text(unknown[unknown > 0])}.",
      i = "Drop these rows, or put the column into {.arg formula}, which drops and reports them."
    ))
  }
  X
}

# More controls asked for than there are.
check_ratio <- function(design, bucket, settings) {
  inside <- bucket$id >= 0L
  ones <- tabulate(bucket$id[inside & design$treated == 1L] + 1L, bucket$count)
  zeros <- tabulate(bucket$id[inside & design$treated == 0L] + 1L, bucket$count)
  needed <- if (settings$replace) rep(settings$ratio, length(ones)) else ones * settings$ratio
  short <- which(ones > 0L & zeros < needed)
  if (!length(short)) return(invisible())
  text <- sprintf("%s: %d treated, %d untreated", bucket$labels[short], ones[short], zeros[short])
  if (all(zeros[ones > 0L] < settings$ratio)) {
    abort("ratio", c("{.arg ratio} is larger than the number of controls.",
      x = "It is {settings$ratio}; there are {first_few(text)}."
    ))
  }
  strata <- if (bucket$count > max(bucket$group) + 1L) "strata" else "periods"
  warn("ratio", c(
    "There are not {settings$ratio} control{?s} for every treated unit in {length(short)} of {bucket$count} {strata}.",
    x = "{first_few(text)}.",
    i = "A smaller {.arg ratio}{if (settings$replace) '' else ', or replace = TRUE,'} asks for fewer."
  ))
}

kernel_weights <- function(design, score, bucket, settings) {
  radius <- settings$method == "radius"
  kernel <- if (radius) "uniform" else settings$kernel
  width <- if (radius) settings$score_caliper else settings$bandwidth
  cpp_match_kernel(
    score$score, design$treated, bucket$id, bucket$count, kernel_codes[[kernel]], width,
    settings$method == "local_linear"
  )
}

entropy_weights <- function(design, bucket, settings) {
  X <- score_matrix(design)
  X <- X[, colnames(X) != "(Intercept)", drop = FALSE]
  if (settings$moments == 2) {
    centered <- sweep(X, 2L, colMeans(X))
    several <- apply(X, 2L, function(x) length(unique(x)) > 2L)
    X <- cbind(X, centered[, several, drop = FALSE]^2)
  }
  found <- cpp_entropy_balance(X, design$treated, bucket$id, bucket$count)
  ones <- tabulate(bucket$id[design$treated == 1L & bucket$id >= 0L] + 1L, bucket$count)
  bad <- which(!found$converged & ones > 0L)
  if (length(bad)) {
    label <- unique(bucket$labels[bad])
    gap <- format(max(found$imbalance[bad]), digits = 2L)
    abort("infeasible", c("No weights of the controls reproduce the means of the treated.",
      x = "In {length(label)} period{?s}: {first_few(label, 12L)}; the best try leaves {gap} standard deviations.",
      i = "The treated lie outside the range of the controls: balance fewer covariates or moments, or drop rows with {.arg support}."
    ), periods = label)
  }
  found["weight"]
}

# Treated units without a match, and none at all.
report_unmatched <- function(design, sample, bucket, found, settings) {
  treated <- design$treated == 1L
  if (!any(found$weight[treated] > 0)) {
    abort("no_match", c("No treated unit has a match.",
      x = "{sum(bucket$id >= 0L & treated)} treated and {sum(bucket$id >= 0L & !treated)} untreated rows were compared.",
      i = "A wider {.arg caliper}, another {.arg support} or fewer {.arg exact} columns leave more candidates."
    ))
  }
  missed <- treated & bucket$id >= 0L & found$weight == 0
  if (!any(missed)) return(invisible())
  when <- count_by(factor(sample$labels[sample$group[missed] + 1L], sample$labels))
  limit <- if (!is.null(settings$caliper)) " within the caliper" else ""
  warn("unmatched", c(
    "{sum(missed)} treated row{?s} of {sum(treated & sample$group >= 0L)} found no match{limit}.",
    x = if (sample$groups > 1L) "By period: {when}.",
    i = "They are off the support of the matched sample, which speaks for the others only."
  ), rows = design$rows[missed])
}
