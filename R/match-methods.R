# What can be asked of a `pilot_match`.

#' @export
print.pilot_match <- function(x, ...) {
  s <- x$settings
  p <- x$periods
  cat("Matching: ", method_text(s), "\n", sep = "")
  cat("Score:    ", score_text(x), "\n", sep = "")
  cat("Scheme:   ", scheme_text(x), "\n", sep = "")
  cat("Treated:  ", big(sum(p$matched.treated)), " of ", big(sum(p$treated)), " rows matched",
    unmatched_text(p), "\n",
    sep = ""
  )
  cat("Controls: ", big(sum(p$matched.controls)), " of ", big(sum(p$controls)), " rows used",
    " (effective number ", big(round(sum(p$effective.controls, na.rm = TRUE), 1L)), ")\n",
    sep = ""
  )
  dropped <- nrow(x$data) - length(x$design$rows)
  if (dropped) cat("Dropped:  ", big(dropped), " rows with missing values\n", sep = "")
  invisible(x)
}

method_text <- function(s) {
  replace <- if (s$replace) " with replacement" else paste0(" without replacement, ", s$order, " first")
  ties <- if (s$ties == "adjacent") "" else paste0(", ties: ", s$ties)
  caliper <- if (length(s$score_caliper)) {
    unit <- if (s$caliper_scale == "sd") " SD of the linear score" else ""
    paste0(", caliper ", format(s$score_caliper), unit)
  } else {
    ""
  }
  more <- if (length(s$covariate_calipers)) {
    each <- paste(names(s$covariate_calipers), format(s$covariate_calipers, trim = TRUE))
    paste0(", calipers ", paste(each, collapse = ", "))
  } else {
    ""
  }
  switch(s$method,
    psmatch2 = paste0("1:", s$ratio, " nearest neighbor as psmatch2", if (s$ties == "all") ", ties", caliper),
    nearest = paste0("1:", s$ratio, " nearest neighbor", replace, caliper, more, ties),
    mahalanobis = paste0("1:", s$ratio, " Mahalanobis distance", replace, caliper, more),
    radius = paste0("radius ", format(s$score_caliper)),
    kernel = paste0(s$kernel, " kernel, bandwidth ", format(s$bandwidth)),
    local_linear = paste0("local linear, ", s$kernel, " kernel, bandwidth ", format(s$bandwidth)),
    ipw = "inverse probability weights (odds of the score)",
    entropy = paste0("entropy balancing of ", if (s$moments == 1) "means" else "means and squares")
  )
}

score_text <- function(x) {
  text <- if (is.null(x$propensity)) "given" else x$settings$link
  covariates <- setdiff(names(x$design$columns), "(Intercept)")
  if (length(covariates)) text <- paste0(text, " on ", first_few(covariates, 8L))
  text
}

scheme_text <- function(x) {
  labels <- x$sample$labels
  if (length(labels) == 1L) {
    if (x$settings$scheme == "baseline") return(paste0("in ", labels, ", carried to all periods"))
    return("one sample")
  }
  paste0("by period, ", length(labels), " periods")
}

unmatched_text <- function(p) {
  parts <- c(
    if (sum(p$unmatched)) paste0(big(sum(p$unmatched)), " without a match"),
    if (sum(p$off.support)) paste0(big(sum(p$off.support)), " rows of both arms off the support")
  )
  if (length(parts)) paste0(" (", paste(parts, collapse = ", "), ")") else ""
}

#' @export
summary.pilot_match <- function(object, ...) {
  class(object) <- c("summary_pilot_match", class(object))
  object
}

#' @export
print.summary_pilot_match <- function(x, ...) {
  print.pilot_match(x)
  cat("\n")
  print(as.data.frame(x$periods), row.names = FALSE, digits = 4L)
  invisible(x)
}

#' @rdname match_panel
#' @param x A `pilot_match`.
#' @param conf.int,conf.level Intervals of the score's coefficients.
#' @param ... Not used.
#' @export
tidy.pilot_match <- function(x, conf.int = TRUE, conf.level = 0.95, ...) {
  model_table(x$propensity, conf.int, conf.level)
}

# Models of the score as one table: a row a coefficient and period.
model_table <- function(models, conf.int = TRUE, conf.level = 0.95) {
  if (is.null(models)) {
    return(tibble::tibble(
      term = character(), estimate = numeric(), std.error = numeric(), statistic = numeric(),
      p.value = numeric(), period = character()
    ))
  }
  estimate <- as.vector(models$coefficients)
  error <- as.vector(vapply(models$covariance, function(v) sqrt(diag(v)), numeric(nrow(models$coefficients))))
  z <- estimate / error
  out <- tibble::tibble(
    term = rep(rownames(models$coefficients), length(models$labels)),
    estimate = estimate, std.error = error, statistic = z, p.value = 2 * stats::pnorm(-abs(z))
  )
  if (conf.int) {
    q <- stats::qnorm((1 + conf.level) / 2)
    out$conf.low <- estimate - q * error
    out$conf.high <- estimate + q * error
  }
  out$period <- rep(models$labels, each = nrow(models$coefficients))
  out
}

#' @rdname match_panel
#' @export
glance.pilot_match <- function(x, ...) {
  p <- x$periods
  m <- x$propensity
  tibble::tibble(
    method = x$settings$method, scheme = x$settings$scheme, periods = nrow(p),
    treated = sum(p$treated), controls = sum(p$controls),
    matched.treated = sum(p$matched.treated), matched.controls = sum(p$matched.controls),
    off.support = sum(p$off.support), unmatched = sum(p$unmatched),
    effective.controls = sum(p$effective.controls, na.rm = TRUE),
    pseudo.r2 = if (is.null(m)) NA_real_ else 1 - sum(m$log_likelihood) / sum(m$null_log_likelihood),
    nobs = length(x$design$rows)
  )
}

#' @rdname match_panel
#' @param data The data that were matched, or rows in the same order.
#' @export
augment.pilot_match <- function(x, data = x$data, ...) {
  if (nrow(data) != length(x$weight)) {
    abort("data", c("{.arg data} must have the rows that were matched.",
      x = "It has {nrow(data)}; {length(x$weight)} were matched."
    ))
  }
  out <- tibble::as_tibble(unclass_data(data))
  out$.treated <- x$treated
  out$.score <- x$score
  out$.support <- x$support
  out$.weight <- x$weight
  if (x$settings$method == "psmatch2") {
    stata <- psmatch2_columns(x)
    out[names(stata)] <- stata
  }
  out
}

#' @export
weights.pilot_match <- function(object, ...) object$weight

#' @export
nobs.pilot_match <- function(object, ...) sum(object$weight != 0, na.rm = TRUE)

#' @export
formula.pilot_match <- function(x, ...) x$formula

#' @export
coef.pilot_match <- function(object, ...) {
  if (is.null(object$propensity)) return(NULL)
  out <- object$propensity$coefficients
  colnames(out) <- object$propensity$labels
  out
}

#' @exportS3Method cobalt::bal.tab
bal.tab.pilot_match <- function(x, ...) {
  used <- x$sample$group >= 0L
  covariates <- balance_matrix(x$design)[used, , drop = FALSE]
  rows <- x$design$rows[used]
  cluster <- if (x$sample$groups > 1L) list(cluster = x$sample$labels[x$sample$group[used] + 1L])
  weighting <- x$settings$method %in% c("ipw", "entropy", "kernel", "radius", "local_linear")
  arguments <- utils::modifyList(c(
    list(
      x = as.data.frame(covariates, check.names = FALSE), treat = x$design$treated[used],
      weights = match_weight(x)[used], method = if (weighting) "weighting" else "matching",
      s.d.denom = "treated"
    ),
    if (!anyNA(x$score[rows])) list(distance = data.frame(score = x$score[rows])),
    cluster
  ), list(...))
  do.call(cobalt::bal.tab, arguments)
}

check_match <- function(match) {
  if (!inherits(match, "pilot_match")) {
    abort("argument", c("{.arg match} must come from {.fn match_panel}.",
      x = "It is {.obj_type_friendly {match}}."
    ))
  }
}

# The weights of the design's rows where the matching itself took place.
match_weight <- function(x) {
  w <- x$weight[x$design$rows]
  w[x$sample$group < 0L] <- 0
  w
}
