# Confidence sets for one bound: fixed length, or the hull of all targets that the conditional or
# hybrid tests do not reject, over the polyhedra of the restriction.

# plan: list(source, target (weights over the periods after the reference), type, sign, monotone,
#   method, alpha, draws, seed, points, path). -> list(low, high, empty)
honest_interval <- function(plan, bound) {
  if (plan$method == "flci") {
    best <- flci_at(plan$path, plan$source, bound, plan$alpha)
    return(list(low = best$estimate - best$half_length, high = best$estimate + best$half_length, empty = FALSE))
  }
  scale <- target_sd(plan)
  parts <- lapply(honest_problems(plan, bound), cpp_honest_interval, points = plan$points, scale = scale)
  parts <- do.call(rbind, parts)
  full <- parts[parts[, 3L] == 0, , drop = FALSE]
  if (!nrow(full)) return(list(low = NA_real_, high = NA_real_, empty = TRUE))
  list(low = min(full[, 1L]), high = max(full[, 2L]), empty = FALSE)
}

honest_accepts <- function(plan, bound, value) {
  if (plan$method == "flci") {
    interval <- honest_interval(plan, bound)
    return(value >= interval$low && value <= interval$high)
  }
  for (problem in honest_problems(plan, bound)) {
    if (cpp_honest_accepts(problem, value)) return(TRUE)
  }
  FALSE
}

target_sd <- function(plan) {
  v <- plan$source$vcov[plan$source$post, plan$source$post, drop = FALSE]
  sqrt(sum(plan$target * (v %*% plan$target)))
}

honest_problems <- function(plan, bound) {
  sets <- violation_sets(plan$source, plan$type, bound, plan$sign, plan$monotone)
  first <- NULL
  if (plan$method == "hybrid_flci") first <- flci_at(plan$path, plan$source, bound, plan$alpha / 10)
  lapply(sets, honest_problem, plan = plan, first = first)
}

# E[A estimate - d] <= A_post tau, and tau is the target and free directions. Moments are scaled to
# variance one, so that the linear program has entries of order one whatever the outcome's unit.
honest_problem <- function(set, plan, first) {
  source <- plan$source
  after <- sum(source$post)
  root <- set$A %*% semidefinite_root(source$vcov)
  sd <- sqrt(rowSums(root^2))
  # A moment without variance (singular covariance) gets that of rounding: it binds all the same.
  sd <- pmax(sd, 1e-9 * max(sd))
  moved <- set$A[, source$post, drop = FALSE] %*% target_basis(plan$target)
  list(
    moments = as.vector(set$A %*% source$estimate - set$d) / sd, slope = moved[, 1L] / sd,
    nuisance = (moved[, -1L, drop = FALSE] / sd) * max(sd), root = root / sd,
    alpha = plan$alpha, kappa = if (plan$method == "conditional") 0 else plan$alpha / 10,
    first_stage = match(plan$method, c("conditional", "hybrid_lf", "hybrid_flci")) - 1L,
    draws = plan$draws, seed = plan$seed,
    center = first$estimate %||% 0, half_length = first$half_length %||% 0,
    cross = if (is.null(first)) numeric() else as.vector(set$A %*% source$vcov %*% first$weights) / sd
  )
}

# First column: the effects that make the target one; the others leave it alone.
target_basis <- function(target) {
  q <- qr.Q(qr(target), complete = TRUE)
  cbind(target / sum(target^2), q[, -1L, drop = FALSE])
}

# The smallest bound at which `value` is no longer rejected: Inf where it always is.
breakdown_value <- function(plan, value, unit) {
  if (honest_accepts(plan, 0, value)) return(0)
  low <- 0
  high <- unit
  # 2^10 units: violations a thousand times those before the pilot, or a thousand standard errors.
  for (doubling in 1:11) {
    if (honest_accepts(plan, high, value)) break
    if (doubling == 11L) return(Inf)
    low <- high
    high <- 2 * high
  }
  # To four digits: the critical value behind it is simulated.
  while (high - low > 1e-4 * high) {
    middle <- (low + high) / 2
    if (honest_accepts(plan, middle, value)) high <- middle else low <- middle
  }
  (low + high) / 2
}
