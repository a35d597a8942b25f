# The sets of violations of parallel trends, as unions of polyhedra {delta: A delta <= d}.
# delta runs over the estimated event times, in order; it is zero in the reference period.

# bound: M or Mbar. -> list of list(A, d), one a polyhedron. Only rows that involve the periods after
# the reference are kept: the others restrict what is seen, not the target (as HonestDiD does).
violation_sets <- function(source, type, bound, sign, monotone) {
  before <- sum(source$pre)
  after <- sum(source$post)
  shape <- shape_rows(before, after, sign, monotone)
  sets <- switch(type,
    smoothness = list(within_bound(post_differences(before, after, 2L), bound)),
    relative_magnitudes = relative_sets(before, after, 1L, bound),
    relative_smoothness = relative_sets(before, after, 2L, bound)
  )
  lapply(sets, function(set) list(A = rbind(set$A, shape), d = c(set$d, rep(0, nrow(shape)))))
}

# Differences of the given order over all periods, the column of the reference dropped.
trend_differences <- function(before, after, order) {
  all <- diff(diag(before + 1L + after), differences = order)
  all[, -(before + 1L), drop = FALSE]
}

post_differences <- function(before, after, order) {
  trend_differences(before, after, order)[-seq_len(before + 1L - order), , drop = FALSE]
}

within_bound <- function(rows, bound) {
  list(A = rbind(rows, -rows), d = rep(bound, 2L * nrow(rows)))
}

# The largest violation before the pilot is at one place, with one sign: a polyhedron for each.
relative_sets <- function(before, after, order, bound) {
  all <- trend_differences(before, after, order)
  first <- before + 1L - order
  rows <- all[-seq_len(first), , drop = FALSE]
  places <- expand.grid(sign = c(1, -1), place = seq_len(first))
  Map(function(sign, place) {
    largest <- matrix(bound * sign * all[place, ], nrow(rows), ncol(rows), byrow = TRUE)
    list(A = rbind(rows - largest, -rows - largest), d = rep(0, 2L * nrow(rows)))
  }, places$sign, places$place)
}

# sign of the bias after the reference; direction of the violation from there on.
shape_rows <- function(before, after, sign, monotone) {
  n <- before + after
  out <- matrix(0, 0L, n)
  if (sign != "none") {
    post <- diag(n)[before + seq_len(after), , drop = FALSE]
    out <- rbind(out, if (sign == "positive") -post else post)
  }
  if (monotone != "none") {
    steps <- post_differences(before, after, 1L)
    out <- rbind(out, if (monotone == "increasing") -steps else steps)
  }
  out
}
