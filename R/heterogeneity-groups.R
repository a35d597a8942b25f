# Which group each unit belongs to, and whether each group can be estimated.

# -> list(code: by data row from 0, NA unknown; values: labels; label)
unit_groups <- function(fit, by, quantiles, base_period) {
  refuse_no_panel(fit$design)
  exprs <- as_exprs(by, "by")
  if (length(exprs) != 1L) {
    abort("argument", c("{.arg by} must name one grouping.", i = "Combine columns as {.code ~ a^b}."))
  }
  env <- environment(fit$formula)
  check_variables(exprs, fit$data, env)
  label <- expr_label(exprs[[1L]])
  if (!is.null(quantiles)) {
    return(quantile_groups(eval_in(exprs[[1L]], fit$data, env), fit, quantiles, base_period, label))
  }
  coded <- code_effect(exprs[[1L]], fit$data, env)
  code <- coded$code
  if (!is.null(base_period)) code <- baseline_values(code, fit, base_period)
  used <- code[used_flags(fit$design)]
  present <- sort(unique(used))
  refuse_changing_groups(fit$design, code, label)
  list(code = match(code, present) - 1L, values = as.character(coded$values)[present + 1L], label = label)
}

refuse_no_panel <- function(design) {
  if (!is.null(design$unit) && !is.null(design$time)) return(invisible())
  abort("no_panel", c("Groups of units need a unit and a time.",
    i = "Fit with {.code | unit + time} or {.code panel = ~ unit + time}."
  ))
}

quantile_groups <- function(column, fit, quantiles, base_period, label) {
  check_count(quantiles, "quantiles", min = 2)
  if (!is_plain_column(column)) {
    abort(
      "quantiles",
      c("{.arg quantiles} needs a numeric column.", x = "{.field {label}} is {.obj_type_friendly {column}}.")
    )
  }
  value <- baseline_values(column, fit, base_period %||% fit$design$time$values[1L])
  unit_value <- value[first_rows(fit$design)]
  cuts <- stats::quantile(unit_value, seq_len(quantiles - 1) / quantiles, names = FALSE, na.rm = TRUE)
  code <- findInterval(value, cuts, left.open = TRUE)
  code[is.na(value)] <- NA
  size <- tabulate(code[first_rows(fit$design)] + 1L, quantiles)
  if (any(size == 0L)) {
    abort("quantiles", c("{.field {label}} cannot be cut into {quantiles} groups.",
      x = "Too many units share a value: group sizes would be {size}.",
      i = "Use fewer {.arg quantiles}, or groups of your own."
    ))
  }
  values <- if (quantiles == 2) c("low", "high") else paste0("Q", seq_len(quantiles))
  list(code = as.integer(code), values = values, label = label)
}

refuse_changing_groups <- function(design, code, label) {
  if (constant_within_units(design, ifelse(is.na(code), -1L, code))) return(invisible())
  abort("group_varies", c("A group must be the same in all rows of a unit.",
    x = "{.field {label}} changes within {.field {design$unit$label}}.",
    i = "{.code base_period = } takes its value before the pilot; {.fn moderation} takes a number that varies."
  ))
}

# Units, ever-treated units and cohorts (never counts as one) of each group.
count_groups <- function(design, groups) {
  rows <- first_rows(design)
  of_unit <- groups$code[rows] + 1L
  k <- length(groups$values)
  treated <- treated_units(design)
  groups$unit_code <- of_unit - 1L
  groups$units <- tabulate(of_unit, k)
  groups$treated <- tabulate(of_unit[treated], k)
  cohort <- design$treatment$cohort
  groups$cohorts <- if (is.null(cohort)) rep(2L, k) else vapply(
    seq_len(k), function(g) length(unique(cohort[of_unit == g])), 1L
  )
  groups
}

treated_units <- function(design) {
  status <- c(design$endogenous, design$regressors)[design$treatment$names]
  on <- Reduce(`|`, lapply(status, function(x) x != 0)) & used_flags(design)
  tabulate(design$unit$code[which(on)] + 1L, length(design$unit$values)) > 0
}

refuse_groups <- function(groups, design) {
  unit <- design$unit$label
  name <- function(bad) groups$values[bad]
  if (length(groups$values) < 2L) {
    abort("group_size", c("At least two groups are needed.",
      x = "{.field {groups$label}} is {.val {groups$values}} in every row used."
    ))
  }
  small <- groups$units < 2L
  if (any(small)) {
    abort("group_size", c("A group needs at least two units.",
      x = "{.field {groups$label}} = {.val {name(small)}} holds {groups$units[small]} {.field {unit}}.",
      i = "Merge it with a neighboring group, or leave it out with {.arg subset}."
    ), groups = name(small))
  }
  untreated <- groups$treated == 0L
  if (any(untreated)) {
    abort("group_no_treated", c("Every group needs treated units.",
      x = "Nobody is treated in {.field {groups$label}} = {.val {name(untreated)}}.",
      i = "Merge it with another group, or leave it out with {.arg subset}."
    ), groups = name(untreated))
  }
  alone <- groups$cohorts < 2L
  if (any(alone)) {
    abort("group_no_controls", c("Every group needs units to compare the treated with.",
      x = "All {.field {unit}}s join at the same time in {.field {groups$label}} = {.val {name(alone)}}.",
      i = "Merge it with another group, or leave it out with {.arg subset}."
    ), groups = name(alone))
  }
  few <- groups$treated < 5L
  if (any(few)) {
    shown <- paste0(name(few), " (", groups$treated[few], ")")
    warn("few_treated", c("{sum(few)} group{?s} {?has/have} fewer than five treated units.",
      x = "{.field {groups$label}}: {shown}.",
      i = "Clustered standard errors say little there; look at the permutation test."
    ), groups = name(few))
  }
}
