# Which rows are compared with which: periods with both arms, cut into exact strata.

# The group of each used row (0 .. groups - 1; -1: takes no part): a period with both arms.
match_sample <- function(design, settings, baseline) {
  period <- design$period
  labels <- design$labels
  if (settings$scheme == "pooled") {
    period <- rep(0L, length(period))
    labels <- "pooled"
  }
  if (settings$scheme == "baseline") {
    at <- baseline_period(design, baseline)
    period[period != at] <- -1L
  }
  ones <- tabulate(period[design$treated == 1L] + 1L, length(labels))
  zeros <- tabulate(period[design$treated == 0L] + 1L, length(labels))
  usable <- ones > 0L & zeros > 0L
  if (!any(usable)) {
    abort("no_overlap", c("No period has treated and untreated units.",
      x = "Treated by period: {count_text(set_names(ones, labels))}.",
      x = "Untreated: {count_text(set_names(zeros, labels))}."
    ))
  }
  empty <- !usable & ones + zeros > 0L
  if (any(empty)) {
    text <- sprintf("%s (%d treated, %d untreated)", labels[empty], ones[empty], zeros[empty])
    warn("empty_period", c(
      "{sum(empty)} of {length(labels)} periods {cli::qty(sum(empty))}{?has/have} only one arm and {?is/are} left out.",
      x = "{first_few(text)}."
    ), periods = labels[empty])
  }
  number <- cumsum(usable) - 1L
  number[!usable] <- -1L
  group <- c(-1L, number)[period + 2L]
  list(group = group, labels = labels[usable], groups = sum(usable))
}

baseline_period <- function(design, baseline) {
  if (is.null(baseline)) return(min(design$period))
  at <- match(as.character(baseline), design$labels) - 1L
  if (length(at) != 1L || is.na(at) || !any(design$period == at)) {
    abort("argument", c("{.arg baseline} must be a period of the data.",
      x = "It is {.val {baseline}}.", i = "Periods: {first_few(design$labels, 12L)}."
    ))
  }
  at
}

# Period x exact stratum; rows off the support are in none.
match_buckets <- function(design, sample, region) {
  group <- sample$group
  group[!region] <- -1L
  if (is.null(design$strata)) {
    each <- seq_len(sample$groups) - 1L
    return(list(id = group, count = sample$groups, group = each, labels = sample$labels))
  }
  strata <- max(design$strata) + 1L
  key <- ifelse(group < 0L, NA, group * strata + design$strata)
  present <- sort(unique(key))
  id <- match(key, present) - 1L
  id[is.na(id)] <- -1L
  in_group <- as.integer(present %/% strata)
  list(id = id, count = length(present), group = in_group, labels = sample$labels[in_group + 1L])
}
