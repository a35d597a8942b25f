# The propensity score by group, and where both arms have it in common.

# -> list(score, linear, models): `score` is what matches are made on.
match_score <- function(design, sample, settings) {
  if (!is.null(design$score)) return(given_score(design, settings))
  fit <- fit_score(design, sample, settings$link)
  needs_score <- !settings$method %in% c("entropy", "mahalanobis")
  report_separation(fit, sample, design, needs_score)
  on <- if (settings$score_scale == "linear") fit$linear else fit$fitted
  list(score = on, probability = fit$fitted, linear = fit$linear, models = fit)
}

link_codes <- c(logit = 0L, probit = 1L)

fit_score <- function(design, sample, link, weights = numeric()) {
  X <- score_matrix(design)
  fit <- cpp_fit_binary(
    X, design$treated, weights, sample$group, sample$groups, link_codes[[link]],
    match("(Intercept)", colnames(X), nomatch = 0L) - 1L
  )
  rownames(fit$coefficients) <- rownames(fit$direction) <- colnames(X)
  fit$covariance <- lapply(fit$covariance, `dimnames<-`, list(colnames(X), colnames(X)))
  fit$labels <- sample$labels
  fit$rows <- tabulate(sample$group + 1L, sample$groups)
  fit$link <- link
  fit
}

# A probability keeps its logit as linear score; any other number is its own.
given_score <- function(design, settings) {
  x <- design$score
  probability <- all(x > 0 & x < 1)
  if (settings$method == "ipw" && !probability) {
    abort("argument", c("{.code method = \"ipw\"} needs scores strictly between 0 and 1.",
      x = "{sum(!(x > 0 & x < 1))} row{?s} of {.arg score} {?is/are} not."
    ))
  }
  linear <- if (probability) stats::qlogis(x) else x
  list(
    score = if (settings$score_scale == "linear") linear else x,
    probability = x, linear = linear, models = NULL
  )
}

# Complete separation leaves nothing to match on; quasi-complete separation leaves rows with
# probabilities of zero or one. A fit that merely did not converge is said to be one.
report_separation <- function(fit, sample, design, fatal) {
  for (kind in 2:1) {
    at <- which(fit$separation == kind)
    if (!length(at)) next
    strongest <- rownames(fit$direction)[unique(apply(abs(fit$direction[, at, drop = FALSE]), 2L, which.max))]
    text <- sprintf("%s (%d of %d rows)", sample$labels[at], fit$separated[at], fit$rows[at])
    if (kind == 2L && fatal) {
      abort("separation", c(
        "The covariates separate treated from untreated units completely: there is no score to match on.",
        x = "In {length(at)} of {sample$groups} period{?s}: {first_few(text)}.",
        x = "The separating combination rests mostly on {.field {strongest}}.",
        i = "Drop covariates that determine the treatment, or these periods, or pool periods."
      ), periods = sample$labels[at])
    }
    warn("separation", c(
      "Some units have a score of 0 or 1: the covariates separate them from the other arm.",
      x = "In {length(at)} of {sample$groups} period{?s}: {first_few(text)}.",
      x = "The separating combination rests mostly on {.field {strongest}}.",
      i = "They have no match on the common support: use {.code support = \"minmax\"}."
    ), periods = sample$labels[at])
  }
  slow <- which(!fit$converged & fit$separation == 0L)
  if (length(slow)) {
    warn("not_converged", c("The model of the score did not converge in {length(slow)} period{?s}: {first_few(sample$labels[slow], 12L)}.",
      i = "Rescale the covariates or drop nearly collinear ones."
    ), periods = sample$labels[slow])
  }
}

# TRUE for rows on the common support of their group.
support_region <- function(score, design, sample, settings) {
  used <- sample$group >= 0L
  if (settings$support == "none") return(used)
  if (settings$support == "trim") {
    return(used & score$probability >= settings$trim & score$probability <= 1 - settings$trim)
  }
  treated <- design$treated == 1L
  ranges <- function(which) {
    group <- factor(sample$group[which], seq_len(sample$groups) - 1L)
    ends <- function(f) as.numeric(tapply(score$score[which], group, f))
    list(min = ends(min), max = ends(max))
  }
  one <- ranges(used & treated)
  zero <- ranges(used & !treated)
  group <- sample$group + 1L
  inside <- function(low, high) {
    out <- used
    out[used] <- score$score[used] >= low[group[used]] & score$score[used] <= high[group[used]]
    out
  }
  if (settings$support == "treated") {
    return(used & (!treated | inside(zero$min, zero$max)))
  }
  inside(pmax(one$min, zero$min), pmin(one$max, zero$max))
}

# The standard deviation of the linear score in each group, both arms together, as MatchIt.
linear_sd <- function(linear, group, groups) {
  as.numeric(tapply(linear, factor(group, seq_len(groups) - 1L), stats::sd))
}
