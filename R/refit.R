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
