# formula + panel -> match_design(): who is treated, which rows may be compared, the columns of the
# score's model, and which rows were dropped. Vectors run over the used rows; `rows` are their
# numbers in the data.

match_design <- function(formula, data, unit = NULL, time = NULL, exact = NULL, score = NULL,
                         treated = "ever", quiet = FALSE) {
  check_data(data)
  if (!inherits(formula, "formula") || length(formula) != 3L) {
    abort("formula", c("{.arg formula} must read {.code treatment ~ covariates}.",
      x = if (inherits(formula, "formula")) "It has no left-hand side." else "It is {.obj_type_friendly {formula}}."
    ))
  }
  arguments <- list(unit = unit, time = time, exact = exact, score = score)
  env <- environment(formula) %||% globalenv()
  exact <- as_exprs(exact, "exact")
  ids <- c(one_expr(unit, "unit"), one_expr(time, "time"))
  check_variables(c(list(formula), ids, exact), data, env)
  n <- nrow(data)
  unit <- if (is.null(unit)) {
    list(code = seq_len(n) - 1L)
  } else {
    code_effect(one_expr(unit, "unit")[[1L]], data, env)
  }
  time <- if (is.null(time)) {
    list(code = rep(0L, n), values = "all")
  } else {
    code_effect(one_expr(time, "time")[[1L]], data, env)
  }
  status <- treatment_status(formula[[2L]], data, env)
  group <- status
  if (treated == "ever") group <- ever_treated(status, unit$code, expr_label(formula[[2L]]), quiet)
  columns <- build_columns(formula[[3L]], data, env, TRUE)
  strata <- if (length(exact)) code_effect(join_call(exact, "^"), data, env)$code
  score <- user_score(score, data)
  dropped <- unusable(group, unit, time, columns, strata, score)
  if (any(dropped$any) && !quiet) warn_dropped(dropped, time)
  rows <- which(!dropped$any)
  if (!quiet) warn_repeated(arguments, unit, time, rows)
  if (!length(rows)) {
    abort("empty", c("No row is left to match.",
      x = "Missing values by variable: {count_text(dropped$counts)}."
    ))
  }
  kept <- function(x) if (is.null(x)) NULL else x[rows]
  list(
    formula = formula, data = data, env = env, rows = rows, treated = as.integer(group[rows]),
    unit = unit$code[rows], period = time$code[rows], labels = as.character(time$values),
    strata = kept(strata), score = kept(score), columns = columns, dropped = dropped$counts,
    arguments = arguments
  )
}

# `unit = "city"` or `unit = ~ city`.
one_expr <- function(x, name) {
  exprs <- as_exprs(x, name)
  if (length(exprs) > 1L) {
    abort("argument", c("{.arg {name}} must name one column.", x = "It names {length(exprs)}."))
  }
  exprs
}

# The left-hand side as 0/1 integers, NA where it is missing.
treatment_status <- function(expr, data, env) {
  status <- eval_in(expr, data, env)
  label <- expr_label(expr)
  values <- unique(status[!is.na(status)])
  if (!(is.numeric(status) || is.logical(status)) || !all(values %in% 0:1) || length(status) != nrow(data)) {
    abort("treatment", c("The treatment must be 0 or 1 (or {.code FALSE} or {.code TRUE}).",
      x = "{.field {label}} has the values {first_few(values)}."
    ))
  }
  if (length(values) < 2L) {
    abort("treatment", c("Matching needs treated and untreated rows.",
      x = "{.field {label}} is {values} in every row."
    ))
  }
  as.integer(status)
}

ever_treated <- function(status, unit, label, quiet) {
  units <- max(unit, na.rm = TRUE) + 1L
  treated <- tabulate(unit[which(status == 1L)] + 1L, units) > 0L
  untreated <- tabulate(unit[which(status == 0L)] + 1L, units) > 0L
  varying <- sum(treated & untreated)
  if (varying > 0L && !quiet) {
    warn("varying_treatment", c(
      "{.field {label}} changes within {varying} of {units} unit{?s}: {cli::qty(varying)}{?it counts/they count} as treated in every period.",
      i = "Annual matching compares units that are ever treated with those that never are. {.code treated = \"current\"} matches on the status of each row instead."
    ))
  }
  group <- as.integer(treated[unit + 1L])
  group[is.na(status)] <- NA
  group
}

# The score's model: n x k with the intercept first. Collinear columns may stay, the fit drops them.
score_matrix <- function(design) {
  X <- vapply(design$columns, function(x) as.numeric(x[design$rows]), numeric(length(design$rows)))
  matrix(X, length(design$rows), dimnames = list(NULL, names(design$columns)))
}

# The covariates of a balance table: as in the model, but with a column for every level of a factor
# of more than two, because a table has no base level.
balance_matrix <- function(design, formula = design$formula) {
  data <- unclass_data(design$data)
  rows <- design$rows
  terms <- stats::terms(formula, keep.order = TRUE)
  labels <- as.list(attr(terms, "variables"))[-(1:2)]  # without `list` and the treatment
  used <- attr(terms, "factors")[-1L, , drop = FALSE] > 0
  single <- colSums(used) == 1L
  columns <- list()
  for (j in seq_along(single)) {
    expr <- join_call(labels[used[, j]], ":")
    value <- if (single[j]) eval_in(expr, data, design$env)
    if (is.character(value) || (is.factor(value) && nlevels(droplevels(value[rows])) > 2L)) {
      value <- droplevels(as.factor(value[rows]))
      made <- lapply(levels(value), function(level) as.numeric(value == level))
      names(made) <- paste0(expr_label(expr), levels(value))
    } else {
      made <- lapply(build_columns(expr, data, design$env, FALSE), function(x) as.numeric(x[rows]))
    }
    columns <- c(columns, made)
  }
  columns <- columns[!duplicated(names(columns))]
  matrix(unlist(columns, use.names = FALSE), length(rows), dimnames = list(NULL, names(columns)))
}

# A score of the user's own: a column or one number a row.
user_score <- function(score, data) {
  if (is.null(score)) return(NULL)
  if (is.character(score) || inherits(score, "formula")) {
    expr <- one_expr(score, "score")
    check_variables(expr, data, globalenv())
    score <- eval_in(expr[[1L]], data, globalenv())
  }
  if (!is.numeric(score) || length(score) != nrow(data)) {
    abort("argument", c("{.arg score} must be a numeric column or one number a row.",
      x = "It is {.obj_type_friendly {score}} of length {length(score)}; the data has {nrow(data)} row{?s}."
    ))
  }
  as.numeric(score)
}

# Rows that cannot be used, and how many each variable spoils.
unusable <- function(group, unit, time, columns, strata, score) {
  spoiled <- c(
    list(treatment = is.na(group), unit = is.na(unit$code), time = is.na(time$code)),
    lapply(columns[names(columns) != "(Intercept)"], function(x) !is.finite(x)),
    if (!is.null(strata)) list(exact = is.na(strata)),
    if (!is.null(score)) list(score = !is.finite(score))
  )
  counts <- vapply(spoiled, sum, 0L)
  list(any = Reduce(`|`, spoiled), counts = counts[counts > 0L])
}

warn_dropped <- function(dropped, time) {
  n <- sum(dropped$any)
  when <- count_by(time$values[time$code[dropped$any] + 1L])
  warn("missing_covariates", c(
    "{n} row{?s} with missing or infinite values {?takes/take} no part in the matching.",
    x = "By variable: {count_text(dropped$counts)}.",
    i = if (length(time$values) > 1L) "By period: {when}."
  ), rows = which(dropped$any))
}

# Several rows of a unit in a period are matched one by one: right for persons in cities, not for a bad merge.
warn_repeated <- function(arguments, unit, time, rows) {
  if (is.null(arguments$unit) || is.null(arguments$time)) return(invisible())
  repeated <- duplicated(unit$code[rows] * as.double(length(time$values)) + time$code[rows])
  if (!any(repeated)) return(invisible())
  when <- count_by(time$values[time$code[rows[repeated]] + 1L])
  warn("duplicates", c(
    "{sum(repeated)} row{?s} {?repeats/repeat} a unit in its period: every row is matched on its own.",
    i = "By period: {when}."
  ), rows = rows[repeated])
}

# c(gdp = 3, wage = 1) -> "gdp: 3, wage: 1"; the first dozen.
count_text <- function(counts, most = 12L) {
  text <- paste0(names(counts), ": ", format(counts, trim = TRUE, big.mark = ","))
  paste0(paste(utils::head(text, most), collapse = ", "), if (length(text) > most) ", ...")
}

count_by <- function(x) {
  counts <- table(x)
  counts <- counts[counts > 0L]
  count_text(set_names(as.integer(counts), names(counts)))
}
