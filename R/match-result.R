# The result of every matching: class `pilot_match`.

# The result. Baseline matches are carried to all rows of the unit.
new_match <- function(design, sample, score, region, bucket, found, settings, call) {
  n <- nrow(design$data)
  used <- sample$group >= 0L
  support <- region & !(design$treated == 1L & found$weight == 0)
  carry <- function(x, blank) {
    x[!used] <- blank
    if (settings$scheme == "baseline") x <- x[used][match(design$unit, design$unit[used])]
    full <- rep(blank, n)
    full[design$rows] <- x
    full
  }
  pairs <- found$pairs
  if (!is.null(pairs)) {
    pairs <- tibble::tibble(
      period = sample$labels[sample$group[pairs$treated] + 1L],
      treated = design$rows[pairs$treated], control = design$rows[pairs$control],
      rank = pairs$rank, distance = pairs$distance, share = pairs$share
    )
  }
  out <- list(
    weight = carry(found$weight, NA_real_), support = carry(support, NA),
    score = carry(score$score, NA_real_), linear = carry(score$linear, NA_real_),
    treated = carry(design$treated, NA_integer_), pairs = pairs,
    periods = match_counts(design, sample, region, found, score), propensity = score$models,
    formula = design$formula, data = design$data, call = call, settings = settings,
    design = design, sample = sample, bucket = bucket, seed = settings$seed
  )
  class(out) <- "pilot_match"
  out
}

match_counts <- function(design, sample, region, found, score) {
  groups <- sample$groups
  treated <- design$treated == 1L
  count <- function(which) tabulate(sample$group[which] + 1L, groups)
  controls <- which(!treated & found$weight != 0)
  total <- function(x) {
    sums <- rowsum(x, sample$group[controls] + 1L)
    out <- numeric(groups)
    out[as.integer(rownames(sums))] <- sums
    out
  }
  columns <- list(
    period = sample$labels, treated = count(treated), controls = count(!treated),
    off.support = count(!region), matched.treated = count(treated & found$weight > 0),
    matched.controls = count(controls), unmatched = count(treated & region & found$weight == 0),
    # Kish: how many equally weighted controls say as much.
    effective.controls = total(found$weight[controls])^2 / total(found$weight[controls]^2)
  )
  tibble::as_tibble(columns)
}
