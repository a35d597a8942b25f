# tF of Lee, McCrary, Moreira and Porter (2022): one endogenous variable, one instrument. The critical
# value of |t| depends on the first-stage F so that the test has size 5 % whatever the strength of the
# instrument.
#
# In the worst case (correlation 1 between the errors) t is f (f - f0) / f0 with f ~ N(f0, 1) the root of
# F and f0 its mean. A critical value c(F) makes the test reject for f above U(f0) and below -x(f0), where
#   c(U^2) = U (U - f0) / f0,   c(x^2) = x (x + f0) / f0,
# and size alpha for every f0 is
#   1 - Phi(U(f0) - f0) + Phi(-x(f0) - f0) = alpha.
# x(f0) lies on the same curve, at the smaller mean f0 x / (x + 2 f0). From 1.96 downwards c is infinite, and
# it is flat where 1.96 alone has the right one-sided size: from F = 104.7 for 5 %.

# -> list(mean = f0, root = U(f0), quantile): the curve up to where it is flat.
tf_curve <- function(level = 0.05) {
  q <- stats::qnorm(1 - level / 2)
  one_sided <- stats::qnorm(1 - level)
  top <- one_sided^2 / (q - one_sided)
  # 600 points, denser towards zero where the curve is steepest: six digits of c from F = 4 on.
  mean <- top * seq(0, 1, length.out = 600L)^2
  root <- sqrt(q^2 + q * mean)
  for (iteration in seq_len(200L)) {
    curve <- stats::splinefun(mean, root, method = "natural")
    x <- root
    # The lower boundary belongs to a smaller mean of the same curve: a contraction.
    for (inner in seq_len(30L)) x <- curve(mean * x / (x + 2 * mean))
    updated <- mean + stats::qnorm(level - stats::pnorm(-x - mean), lower.tail = FALSE)
    change <- max(abs(updated - root))
    # Averaged: near zero the two tails trade places and the plain update would oscillate.
    root <- (root + updated) / 2
    if (change < 1e-12) break
  }
  list(mean = mean, root = root, quantile = q)
}

# Curves already found, by level: each takes some hundredths of a second.
tf_known <- new.env(parent = emptyenv())

# Critical values of |t| for first-stage F.
tf_critical <- function(f, level = 0.05) {
  key <- format(level, digits = 15)
  if (is.null(tf_known[[key]])) tf_known[[key]] <- tf_curve(level)
  curve <- tf_known[[key]]
  u <- sqrt(f)
  out <- rep(Inf, length(u))
  out[u >= max(curve$root)] <- curve$quantile
  inside <- u > curve$quantile & u < max(curve$root)
  if (any(inside)) {
    mean <- stats::spline(curve$root, curve$mean, xout = u[inside], method = "natural")$y
    out[inside] <- u[inside] * (u[inside] - mean) / mean
  }
  out
}
