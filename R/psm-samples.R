# What psm_did() estimates on: the matching, the three samples it gives, and the fit on one of them.

# Named arguments go where a formal of that name is; what neither knows is pilot_did()'s to refuse.
split_arguments <- function(dots, matched) {
  given <- names(dots) %||% rep("", length(dots))
  if (any(!nzchar(given))) {
    abort("argument", c("Arguments in {.arg ...} must be named.", x = "{sum(!nzchar(given))} {?is/are} not."))
  }
  ours <- intersect(given, c("weights", "subset"))
  if (length(ours)) {
    abort("argument", c("{.fn psm_did} sets {.arg {ours}} itself: the sample is what matching found.",
      i = "Pass the rows that are meant as {.arg data}."
    ))
  }
  for_match <- setdiff(names(formals(match_panel)), c("formula", "data", "unit", "time"))
  at <- given %in% for_match
  if (matched && any(at)) {
    abort("argument", c("{.arg match} is already matched.",
      x = "{.arg {given[at]}} would be ignored.", i = "Give them to {.fn match_panel}."
    ))
  }
  list(match = dots[at], did = dots[!at])
}

# The expressions of the unit, the time and the treatment, as pilot_did() will read them.
did_panel <- function(formula, data, did) {
  parsed <- parse_formula(formula)
  ids <- if (is.null(did$panel)) lapply(parsed$effects, `[[`, "expr") else as_exprs(did$panel, "panel")
  if (length(ids) < 2L) {
    abort("no_panel", c("{.arg formula} must name the unit and the time.",
      i = "Write {.code y ~ treated | unit + time}, or give {.arg panel}."
    ))
  }
  treatment <- if (!is.null(did$cohort)) {
    call("&", call("is.finite", as.name(did$cohort)), call(">", as.name(did$cohort), 0))
  } else if (is.character(did$treatment)) {
    as.name(did$treatment[1L])
  } else if (!is.null(parsed$endogenous)) {
    split_call(parsed$endogenous, "+")[[1L]]
  } else {
    split_call(parsed$regressors, "+")[[1L]]
  }
  list(unit = ids[[1L]], time = ids[[2L]], treatment = treatment, env = parsed$environment)
}

did_match <- function(match, formula, data, panel, arguments) {
  if (inherits(match, "pilot_match")) {
    if (length(match$weight) != nrow(data)) {
      abort("data", c("{.arg match} must come from the same rows as {.arg data}.",
        x = "It has {length(match$weight)} rows, {.arg data} has {nrow(data)}."
      ))
    }
    return(match)
  }
  if (!inherits(match, "formula")) {
    abort("argument", c("{.arg match} must be the result of {.fn match_panel} or a formula {.code ~ covariates}.",
      x = "It is {.obj_type_friendly {match}}."
    ))
  }
  model <- stats::as.formula(call("~", panel$treatment, match[[length(match)]]), environment(match))
  # That the status changes within units is the point of the design here, not news.
  withCallingHandlers(
    do.call(match_panel, c(list(model, data,
      unit = make_formula(panel$unit, panel$env), time = make_formula(panel$time, panel$env)
    ), arguments), quote = TRUE),
    pilotdid_warning_varying_treatment = function(w) rlang::cnd_muffle(w)
  )
}

# One vector of weights a sample; zero: not in it.
sample_weights <- function(match, samples, multiplier) {
  w <- match$weight
  w[is.na(w)] <- 0
  treated <- match$treated == 1L & !is.na(match$treated)
  if ("frequency" %in% samples && any(w < 0)) {
    warn("negative_weights", c("There is no frequency-weighted sample: {sum(w < 0)} control{?s} {?has/have} a negative weight.",
      i = "Local linear matching gives such weights; {.val kernel} does not."
    ))
    samples <- setdiff(samples, "frequency")
  }
  all <- list(
    matched = as.numeric(w != 0), support = as.numeric(match$support %in% TRUE),
    frequency = ifelse(treated, 1, multiplier) * w, all = rep(1, length(w))
  )
  all[samples]
}

# A unit's cohort is when it joined, not the first treated row that found a match: it is read off all
# rows and handed on as a column of a (shallow) copy.
keep_cohorts <- function(formula, data, arguments) {
  unchanged <- list(data = data, arguments = arguments)
  if (!is.null(arguments$cohort)) return(unchanged)
  design <- panel_design(formula, data,
    treatment = arguments$treatment, panel = arguments$panel, drop_singletons = FALSE
  )
  treatment <- design$treatment
  times <- design$time$values
  if (is.null(treatment$cohort) || isTRUE(treatment$reversals > 0) || !is.numeric(times)) return(unchanged)
  name <- utils::tail(make.unique(c(names(data), ".cohort")), 1L)
  joined <- c(NA, times)[pmax(treatment$cohort, -1L) + 2L]
  data <- unclass_data(data)
  data[[name]] <- joined[design$unit$code + 1L]
  arguments$cohort <- name
  list(data = tibble::as_tibble(data), arguments = arguments)
}

fit_sample <- function(formula, data, weights, arguments) {
  # A sample of whole rows is a subset: estimators that take no weights can be asked for it.
  whole <- all(weights %in% 0:1)
  sample <- if (whole) list(subset = weights == 1) else list(weights = weights)
  # Rows that are alone in their unit after matching are part of the row flow of the fit.
  withCallingHandlers(
    do.call(pilot_did, c(list(formula, data), sample, arguments), quote = TRUE),
    pilotdid_warning_singletons = function(w) rlang::cnd_muffle(w)
  )
}

# A fit a sample; a sample whose weights the estimator does not take is left out.
fit_samples <- function(formula, data, weights, arguments) {
  fits <- lapply(weights, function(w) {
    tryCatch(fit_sample(formula, data, w, arguments), pilotdid_error_weights = identity)
  })
  refused <- vapply(fits, inherits, TRUE, "pilotdid_error_weights")
  if (!any(refused)) return(fits)
  reason <- fits[[which(refused)[1L]]]
  if (all(refused)) rlang::cnd_signal(reason)
  why <- cli::ansi_strip(reason$message)
  warn("weights", c("There is no {.val {names(weights)[refused]}} sample: the estimator does not take its weights.",
    x = "{why}", i = "Matches carried from one period, {.code scheme = \"baseline\"}, give one weight a unit."
  ))
  fits[!refused]
}
