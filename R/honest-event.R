# What the sensitivity analyses take: estimates by event time with their covariance, split at the one
# reference period. From an event study of this package or from the user's own numbers.

# -> list(estimate, vcov, event_time, reference, pre, post (logical), nearest (moved or NULL), label)
sensitivity_event <- function(event, vcov, event_time, reference, nearest = FALSE) {
  source <- if (is.numeric(event)) {
    numbers_as_event(event, vcov, event_time, reference)
  } else {
    study_as_event(event, vcov, event_time, reference)
  }
  refuse_gaps(source$event_time, source$reference)
  order <- order(source$event_time)
  source$event_time <- source$event_time[order]
  source$estimate <- source$estimate[order]
  source$vcov <- source$vcov[order, order, drop = FALSE]
  source$pre <- source$event_time < source$reference
  source$post <- source$event_time > source$reference
  refuse_one_sided(source)
  checked <- semidefinite_covariance(source$vcov, nearest)
  source$vcov <- checked$matrix
  source$moved <- checked$moved
  source
}

study_as_event <- function(event, vcov, event_time, reference) {
  if (inherits(event, "pilot_fit") || inherits(event, "pilot_aggregate")) event <- event_study(event)
  if (!inherits(event, "pilot_event")) {
    abort("argument", c("{.arg event} must be an event study or a vector of estimates.",
      x = "It is {.obj_type_friendly {event}}."
    ))
  }
  if (!is.null(event_time) || !is.null(reference)) {
    abort("argument", c("{.arg event_time} and {.arg reference} belong to a vector of estimates.",
      x = "The event study has its own.",
      i = "Choose the reference in {.fn event_study}."
    ))
  }
  event <- event_with_vcov(event, vcov)
  if (length(event$reference) != 1L) {
    refuse_varying_reference(event)
  }
  if (any(event$binned) || any(event$reference_binned)) {
    warn("honest_binned", c("A bin of several event times is taken for a single one.",
      x = "Binned: {.val {names(event$coefficients)[event$binned]}}.",
      i = "Use {.code bin = FALSE}, or a window that drops the ends."
    ))
  }
  list(
    estimate = unname(event$coefficients), vcov = unname(event$vcov), event_time = event$event_time,
    reference = event$reference, label = event$label, outcome = event$outcome
  )
}

# Restrictions link neighboring periods, so that all effects must be differences from one and the same.
refuse_varying_reference <- function(event) {
  several <- length(event$reference) > 1L
  found <- if (several) {
    "The references are {.val {event$reference}}."
  } else if (event$estimator %in% c("bjs", "gardner", "sdid")) {
    "The effects of {.val {event$estimator}} are differences from {if (event$estimator == 'sdid') 'weighted' else 'all untreated'} periods together."
  } else {
    "Here the reference differs between event times."
  }
  remedy <- if (several) {
    "Use {.fn event_study} with a single {.arg reference}."
  } else if (event$estimator == "cs") {
    "Fit with {.code base_period = \"universal\"}."
  } else {
    "Use {.code estimator = \"sa\"}, or {.val cs} with {.code base_period = \"universal\"}."
  }
  abort("honest_reference", c("All effects must be compared with one reference period.", x = found, i = remedy))
}

numbers_as_event <- function(estimate, vcov, event_time, reference) {
  estimate <- as.vector(estimate)
  k <- length(estimate)
  if (!is.matrix(vcov) || !is.numeric(vcov) || !identical(dim(vcov), c(k, k))) {
    abort("argument", c("{.arg vcov} must be the {k} by {k} covariance matrix of the estimates.",
      x = "It is {describe_value(vcov)}."
    ))
  }
  if (!is.numeric(event_time) || length(event_time) != k || anyNA(event_time) || any(event_time != round(event_time))) {
    abort("argument", c("{.arg event_time} must be a whole number for each of the {k} estimates.",
      x = "It is {.obj_type_friendly {event_time}} of length {length(event_time)}."
    ))
  }
  if (!all(is.finite(estimate)) || !all(is.finite(vcov))) {
    abort("argument", c("Estimates and covariance must be finite.",
      x = "{sum(!is.finite(estimate))} estimate{?s} and {sum(!is.finite(vcov))} covariance{?s} {?is/are} not."
    ))
  }
  reference <- reference %||% -1
  check_number(reference, "reference")
  # A reference that stands among the estimates, as zero without variance, is left out.
  zero <- event_time == reference & estimate == 0 & diag(vcov) == 0
  list(
    estimate = estimate[!zero], vcov = unname(vcov[!zero, !zero, drop = FALSE]), event_time = event_time[!zero],
    reference = reference, label = NULL, outcome = NULL
  )
}

refuse_gaps <- function(event_time, reference) {
  all <- c(event_time, reference)
  if (anyDuplicated(all)) {
    abort("honest_event_time", c("Every event time must occur once, the reference not among them.",
      x = "Twice: {.val {unique(all[duplicated(all)])}}."
    ))
  }
  lost <- setdiff(seq(min(all), max(all)), all)
  if (length(lost)) {
    abort("honest_event_time", c("The event times must be consecutive: restrictions compare neighbors.",
      x = "Not estimated: {.val {lost}}.",
      i = "Use a window without gaps."
    ))
  }
}

refuse_one_sided <- function(source) {
  if (any(source$pre) && any(source$post)) return(invisible())
  abort("honest_event_time", c("There must be estimates on both sides of the reference.",
    x = "The reference is {source$reference}, the event times run from {min(source$event_time)} to {max(source$event_time)}."
  ))
}

# Rounding leaves eigenvalues of some k * 2e-16 of the largest below zero; a covariance that was
# printed and typed in again has six digits. 1e-10 lies between: beyond, the matrix is not one.
semidefinite_covariance <- function(v, nearest) {
  check_flag(nearest, "nearest")
  gap <- max(abs(v - t(v)))
  if (gap > 1e-8 * max(abs(v))) {
    abort("honest_vcov", c("{.arg vcov} must be symmetric.",
      x = "Mirrored entries differ by up to {signif(gap, 3)}."
    ))
  }
  v <- (v + t(v)) / 2
  values <- eigen(v, symmetric = TRUE, only.values = TRUE)$values
  if (min(values) >= -1e-10 * max(values)) return(list(matrix = v, moved = NULL))
  near <- quietly(nearest_psd(v))
  moved <- max(abs(near - v))
  shift <- max(abs(sqrt(diag(near) / pmax(diag(v), 0)) - 1))
  if (!nearest) {
    abort("honest_vcov", c("The covariance matrix must be positive semi-definite.",
      x = "Its smallest eigenvalue is {signif(min(values), 3)}, the largest {signif(max(values), 3)}.",
      i = "{.code nearest = TRUE} takes the nearest one: it changes entries by up to {signif(moved, 3)}, standard errors by up to {signif(100 * shift, 2)} %."
    ), smallest = min(values), nearest = near)
  }
  list(matrix = near, moved = moved)
}
