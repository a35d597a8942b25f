# The same estimator on a changed design: another treatment or outcome, fewer rows. What a
# fit was asked to do is in `fit$request`; nothing is evaluated again from its call.

refit <- function(fit, design) {
  request <- fit$request
  new <- do.call(estimators()[[fit$estimator]], c(
    list(design, fit$data,
      vcov = portable_spec(fit), ssc = fit$ssc, solver = request$solver, call = fit$call,
      control_group = request$control_group, anticipation = request$anticipation
    ),
    request$options
  ), quote = TRUE)
  new$request <- request
  new
}

# A covariance matrix that the user typed in belongs to one fit.
portable_spec <- function(fit) {
  spec <- fit$vcov_spec
  if (spec$type != "user" || is.function(spec$value)) return(spec_as_vcov(spec))
  abort("vcov", c("The covariance of this fit is a matrix of the user's, which other fits cannot have.",
    i = "Fit with {.code vcov = ~ cluster}, a name, or a function of the fit."
  ))
}

# Estimates that are compared between draws, groups and outcomes: the treatment's coefficients, or the
# overall effect of an estimator that averages cells.
headline_terms <- function(fit) {
  if ("ATT" %in% names(fit$coefficients)) return("ATT")
  intersect(fit$design$treatment$names, names(fit$coefficients))
}

check_fit <- function(fit, name = "fit") {
  if (!inherits(fit, "pilot_fit")) {
    abort("argument", c("{.arg {name}} must be a fit of {.fn pilot_did}.",
      x = "It is {.obj_type_friendly {fit}}."
    ))
  }
  refuse_lean(fit)
}

# A seed for the core's streams, drawn from R's generator so that set.seed() works.
draw_seed <- function(seed) {
  if (is.null(seed)) return(floor(stats::runif(1) * 2^52))
  check_count(seed, "seed", min = 0)
  seed
}

used_flags <- function(design) {
  if (is.null(design$keep)) rep(TRUE, design$n_data) else design$keep == as.raw(1L)
}
