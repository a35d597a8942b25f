# The event study of a robust estimator: its dynamic averages in the container that all share.

#' @rdname event_study
#' @param shares Is the sampling error of the cohorts' shares part of the variance? See
#'   [aggregate_effects()].
#' @param balance For the robust estimators, see [aggregate_effects()].
#' @export
event_study.pilot_cells <- function(x, window = NULL, bin = TRUE, balance = NULL,
                                    shares = c("default", "sampled", "fixed"), vcov = NULL, seed = 1, ...) {
  refuse_event_options(x, ...)
  shares <- check_choice(shares, c("default", "sampled", "fixed"), "shares")
  check_flag(bin, "bin")
  check_window(window)
  check_count(seed, "seed", min = 0)
  refuse_empty_window(window, c(x$cells$event_time, x$leads$event_time))
  x <- with_vcov(x, vcov)
  if (shares != "default") x$shares$random <- shares == "sampled"
  x$leads <- leads_in_window(x$leads, window)
  groups <- aggregation_groups(x, "dynamic", if (!bin) window, balance)
  if (bin && !is.null(window)) groups <- bin_groups(groups, window)
  result <- aggregate_groups(x, "dynamic", groups)
  a <- result$averages
  used <- which(a$estimated)
  events <- a$label[used]
  reference <- as.numeric(a$label[a$reference])
  # Sun-Abraham and the regressions omit their reference cells; a varying base differs by term.
  if (!length(reference)) reference <- x$options$reference %||% numeric()
  # The cells of each term; a lead of a separate regression has none.
  cells <- lapply(events, function(e) if (e %in% names(groups)) groups[[as.character(e)]])
  references <- if (!length(reference)) term_references(x, cells)
  binned <- vapply(cells, function(at) length(unique(x$cells$event_time[at])) > 1L, TRUE)
  event <- new_event_study(events, result$coefficients[-1L], result$vcov[-1L, -1L, drop = FALSE],
    df = result$covariance$df, reference = reference, references = references, binned = binned,
    influence = influence(result)[, -1L, drop = FALSE],
    anticipation = x$options$anticipation %||% 0, estimator = x$estimator, label = estimator_label(x$estimator),
    outcome = x$design$outcome_name, nobs = x$nobs, units = length(x$design$unit$values),
    vcov_label = result$covariance$label, seed = seed
  )
  event
}

leads_in_window <- function(leads, window) {
  if (is.null(leads) || is.null(window)) return(leads)
  inside <- leads$event_time >= window[1L]
  if (!any(inside)) return(NULL)
  leads$influence <- combine_influence(leads$influence, diag(length(inside))[inside, , drop = FALSE])
  leads$event_time <- leads$event_time[inside]
  leads$estimate <- leads$estimate[inside]
  leads
}

# Event times beyond the window join its end points.
bin_groups <- function(groups, window) {
  at <- as.integer(names(groups))
  end <- pmin(pmax(at, window[1L]), window[2L])
  lapply(split(seq_along(groups), end), function(j) unlist(groups[j], use.names = FALSE))
}

# The event time with which each term is compared: text where it differs within the term.
term_references <- function(fit, groups) {
  base <- base_event_time(fit)
  vapply(groups, function(at) {
    from <- unique(base[at])
    from <- from[!is.na(from)]
    if (!length(from)) "untreated" else paste(sort(from), collapse = ", ")
  }, "")
}

estimator_label <- function(estimator) {
  labels <- c(
    twfe = "TWFE", cs = "Callaway-Sant'Anna", sa = "Sun-Abraham", bjs = "Imputation (BJS)",
    gardner = "Two-stage (Gardner)", etwfe = "Extended TWFE",
    stacked = "Stacked", lpdid = "Local projections", dcdh = "de Chaisemartin-D'Haultfoeuille",
    efficient = "Efficient (Roth-Sant'Anna)", sdid = "Synthetic DID"
  )
  if (estimator %in% names(labels)) labels[[estimator]] else estimator
}
