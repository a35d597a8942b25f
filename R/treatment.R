# The treatment: which column it is, what each unit's path looks like, and the cohort, derived
# from the status itself so that no coding of "never" (0, NA, Inf) can go wrong.

# -> design$treatment = list(names, kind, cohort, ...); aborts where no effect can be estimated.
resolve_treatment <- function(design, treatment, cohort, data) {
  if (!is.null(cohort)) design <- cohort_from_column(design, cohort, data)
  names <- treatment_names(design, treatment)
  design$treatment <- c(design$treatment, list(names = names, kind = "none"))
  if (!length(names)) return(design)
  if (length(names) > 1L) {
    design$treatment$kind <- "several"
    return(design)
  }
  column <- c(design$endogenous, design$regressors)[[names]]
  time <- if (is.null(design$time)) integer(design$n_data) else design$time$code
  paths <- cpp_treatment_paths(design$rows, design$start, time, column)
  refuse_constant(paths, names)
  # People seen once, with the date of their cohort: their status cannot vary, and no effect of theirs is fitted.
  cross_sections <- !is.null(cohort) && design$n == length(design$unit$values)
  absorbed_by_unit <- !paths$varies_within && has_unit_effects(design) && !cross_sections
  if (absorbed_by_unit) refuse_absorbed(names, design$unit$label, design$time$label)
  if (!paths$binary) {
    design$treatment$kind <- "continuous"
    return(design)
  }
  design$treatment$kind <- "binary"
  if (is.null(design$time) || !is.null(design$treatment$cohort)) return(design)
  design$treatment[c("cohort", "always", "reversals", "gaps")] <-
    paths[c("cohort", "always", "reversals", "gaps")]
  warn_thin_cohorts(design)
  design
}

# The first term on the right, or the endogenous variable, or what the user names.
treatment_names <- function(design, treatment) {
  known <- names(c(design$regressors, design$endogenous))
  if (is.null(treatment)) {
    first <- if (length(design$endogenous)) names(design$endogenous) else attr_first(design$regressors)
    return(first)
  }
  if (inherits(treatment, "formula")) treatment <- vapply(as_exprs(treatment, "treatment"), expr_label, "")
  absent <- setdiff(treatment, known)
  if (length(absent)) {
    near <- unlist(lapply(absent, nearest_names, choices = known, most = 1L))
    abort("treatment", c("{.arg treatment} must name terms of the formula.",
      x = "Not among them: {.field {absent}}.",
      i = if (length(near)) "Did you mean {.field {near}}?"
    ))
  }
  treatment
}

# The columns that the first term made: several for a factor.
attr_first <- function(columns) {
  attr(columns, "first") %||% utils::head(setdiff(names(columns), "(Intercept)"), 1L)
}

has_unit_effects <- function(design) {
  effect <- design$effects[[design$unit$label %||% ""]]
  isTRUE(effect$intercept)
}

refuse_constant <- function(paths, name) {
  if (paths$smallest < paths$largest) return(invisible())
  if (paths$smallest == 0) {
    abort("no_treated", c("Nobody is treated.",
      x = "{.field {name}} is 0 in every row kept.",
      i = "Check the pilot dates against the years of the panel, and the row flow of {.fn panel_design}."
    ))
  }
  abort("all_treated", c("Everybody is treated in every period: there is nothing to compare with.",
    x = "{.field {name}} is {paths$smallest} in every row kept.",
    i = "Keep periods before the pilot, or units that never join it."
  ))
}

refuse_absorbed <- function(name, unit, time) {
  abort("treatment_absorbed", c(
    "The effect of {.field {name}} cannot be estimated.",
    x = "{.field {name}} is constant within {.field {unit}} for all {.field {time %||% 'period'}}s kept: it is absorbed by the {.field {unit}} effects.",
    i = "A pilot status switches from 0 to 1 when the unit joins; an ever-treated dummy does not."
  ), effect = unit)
}

# A cohort of one or two units tells little: what is estimated for it is those units' own story.
warn_thin_cohorts <- function(design) {
  cohort <- design$treatment$cohort
  size <- tabulate(cohort + 1L, length(design$time$values))
  thin <- which(size > 0L & size < 3L)
  if (!length(thin)) return(invisible())
  label <- format_id(design$time$values[thin])
  shown <- paste0(label, " (", size[thin], ")")
  warn("thin_cohort", c("{length(thin)} cohort{?s} {?has/have} fewer than three units.",
    x = "First treated in: {shown}.",
    i = "{cli::qty(length(thin))}What is said of {?this cohort/these cohorts} rests on very few units."
  ), cohorts = label)
}

# cohort = "name": first treated period of each unit; 0, NA and infinite values mean never.
# The status it implies is the treatment; a first term that equals it is that same treatment.
cohort_from_column <- function(design, cohort, data) {
  if (is.null(design$time)) {
    abort("cohort", c("{.arg cohort} needs a unit and a time.",
      i = "Write {.code | unit + time} or {.code panel = ~ unit + time}."
    ))
  }
  first <- .subset2(data, cohort)
  first <- if (is.factor(first)) as.character(first) else first
  values <- if (is.character(first)) suppressWarnings(as.numeric(first)) else as.numeric(first)
  values[is.na(values) | values == 0] <- Inf
  times <- as.numeric(if (is.factor(design$time$values)) as.character(design$time$values) else design$time$values)
  used <- (if (is.null(design$rows)) seq_len(design$n_data) - 1L else design$rows) + 1L
  if (!is_constant_within(design, design$unit, values)) {
    abort("cohort", c("The cohort must be the same in all rows of a unit.",
      x = "{.field {cohort}} changes within {.field {design$unit$label}}.",
      i = "It holds the first treated period of the unit, not a status."
    ))
  }
  status <- as.integer(times[design$time$code + 1L] >= values)
  per_unit <- values[used[design$start[-length(design$start)] + 1L]]
  code <- findInterval(per_unit, times, left.open = TRUE)
  code[code >= length(times)] <- -1L
  design$treatment <- list(
    cohort = as.integer(code), cohort_value = per_unit,
    always = sum(per_unit <= times[1L]), reversals = 0, gaps = NA
  )
  given <- attr_first(design$regressors)
  same <- length(given) == 1L &&
    isTRUE(all(as.numeric(design$regressors[[given]][used]) == status[used]))
  if (!same) {
    design$regressors <- c(list(status = status), design$regressors)
    attr(design$regressors, "first") <- "status"
  }
  design
}
