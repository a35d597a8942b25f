# From a formula and a panel to what matching needs: who is treated, which rows
# may be compared, the columns of the score's model, and what was dropped.

# treatment ~ covariates. Returns vectors over the rows of `data` that can be
# used, `rows` being their numbers.
match_design <- function(formula, data, unit, time, exact, score, treated, quiet = FALSE) {
  check_data(data)
  if (!inherits(formula, "formula") || length(formula) != 3L) {
    abort("formula", c("{.arg formula} must read {.code treatment ~ covariates}.",
      x = "It is {.obj_type_friendly {formula}} without a left-hand side."
    ))
  }
  unit <- column_name(unit, "unit")
  time <- column_name(time, "time")
  exact <- column_names(exact, "exact")
  check_columns(c(unit, time, exact), data)
  status <- treatment_status(formula, data)
  X <- covariate_matrix(formula, data)
  period <- if (is.null(time)) rep("all", nrow(data)) else data[[time]]
  strata <- if (length(exact)) interaction(as.list(data)[exact], drop = TRUE, lex.order = TRUE)
  id <- if (is.null(unit)) seq_len(nrow(data)) else data[[unit]]
  score <- user_score(score, data)
  ever <- ever_treated(status, id, treated, formula, quiet)
  bad <- missing_by(list(treatment = ever, unit = id, time = period), X, strata, score)
  keep <- which(!bad$any)
  if (!length(keep)) {
    spoiled <- sprintf("%s (%d)", names(bad$counts), bad$counts)
    abort("empty", c("Every row has missing or infinite values in some variable.",
      x = "Missing: {spoiled}."
    ))
  }
  labels <- sort(unique(period[keep]))
  design <- list(
    rows = keep, treated = as.integer(ever[keep]), unit = id[keep],
    period = match(period[keep], labels), labels = as.character(labels),
    strata = if (length(exact)) as.integer(droplevels(strata[keep])),
    X = X[keep, , drop = FALSE], intercept = match("(Intercept)", colnames(X), nomatch = 0L),
    score = score[keep], formula = formula, time = time, id = unit, exact = exact,
    dropped = bad$counts
  )
  if (any(bad$any) && !quiet) report_missing(bad, period)
  design
}

# A column by its name or as `~ name`.
column_names <- function(x, name) {
  if (inherits(x, "formula")) x <- all.vars(x)
  if (!is.null(x) && !is.character(x)) {
    abort("argument", c("{.arg {name}} must name columns, as text or as {.code ~ name}.",
      x = "It is {.obj_type_friendly {x}}."
    ))
  }
  x
}

column_name <- function(x, name) {
  x <- column_names(x, name)
  if (length(x) > 1L) {
    abort("argument", c("{.arg {name}} must name one column.", x = "It names {length(x)}."))
  }
  x
}

# The left-hand side as 0/1, NA where it is missing.
treatment_status <- function(formula, data) {
  if (is.name(formula[[2L]])) check_columns(as.character(formula[[2L]]), data)
  status <- eval(formula[[2L]], data, environment(formula))
  if (is.logical(status)) status <- as.integer(status)
  values <- unique(status[!is.na(status)])
  if (!is.numeric(status) || !all(values %in% 0:1) || length(status) != nrow(data)) {
    shown <- first_few(values)
    abort("treatment", c("The treatment must be 0 or 1 (or {.code FALSE} or {.code TRUE}).",
      x = "Its values are {shown}."
    ))
  }
  if (length(values) < 2L) {
    abort("treatment", c("Matching needs treated and untreated rows.",
      x = "The treatment is {.val {values}} in every row."
    ))
  }
  status
}

# Ever-treated by unit, or the status as it stands.
ever_treated <- function(status, id, treated, formula, quiet) {
  if (treated == "current") return(status)
  code <- match(id, unique(id))
  some <- tabulate(code[which(status == 1)], max(code)) > 0
  none <- tabulate(code[which(status == 0)], max(code)) > 0
  varying <- sum(some & none)
  if (varying && !quiet) {
    name <- deparse1(formula[[2L]])
    warn("varying_treatment", c(
      "{.field {name}} changes within {varying} of {length(some)} units: they count as treated in
       every period, before the pilot too.",
      i = "That is how annual matching compares ever-treated with never-treated units. Use
           {.code treated = \"current\"} to match on the status of each row."
    ))
  }
  ifelse(is.na(status), NA, as.integer(some[code]))
}

# n x k with the intercept. Terms that are columns as they stand are bound
# directly: model.frame() takes seconds on a million rows.
covariate_matrix <- function(formula, data) {
  tt <- stats::delete.response(stats::terms(formula, data = data))
  unknown <- setdiff(all.vars(tt), names(data))
  unknown <- unknown[!vapply(unknown, exists, TRUE, envir = environment(formula))]
  check_columns(unknown, data)
  variables <- as.list(attr(tt, "variables"))[-1L]
  plain <- all(vapply(variables, function(v) {
    is.name(v) && (is.numeric(data[[as.character(v)]]) || is.logical(data[[as.character(v)]])) &&
      is.null(dim(data[[as.character(v)]]))
  }, TRUE)) && all(attr(tt, "order") == 1L) && is.null(attr(tt, "offset"))
  if (!plain) return(model_columns(tt, data))
  names <- vapply(variables, as.character, "")
  X <- matrix(1, nrow(data), attr(tt, "intercept") + length(names),
    dimnames = list(NULL, c(if (attr(tt, "intercept")) "(Intercept)", names))
  )
  for (name in names) X[, name] <- data[[name]]
  X
}

model_columns <- function(tt, data) {
  frame <- stats::model.frame(tt, data, na.action = stats::na.pass)
  X <- stats::model.matrix(tt, frame)
  # A column called `my var` in the formula is called that in the tables too.
  colnames(X) <- gsub("`", "", colnames(X), fixed = TRUE)
  attr(X, "assign") <- attr(X, "contrasts") <- NULL
  rownames(X) <- NULL
  X
}

# As `X` without the intercept, but with a column for every level of a factor:
# a balance table has no base level.
balance_columns <- function(formula, data, rows) {
  tt <- stats::delete.response(stats::terms(formula, data = data))
  variables <- as.list(attr(tt, "variables"))[-1L]
  factors <- Filter(function(v) {
    x <- eval(v, data, environment(formula))
    is.factor(x) || is.character(x)
  }, variables)
  if (!length(factors)) {
    X <- covariate_matrix(formula, data)[rows, , drop = FALSE]
  } else {
    frame <- stats::model.frame(tt, data, na.action = stats::na.pass)[rows, , drop = FALSE]
    for (name in vapply(factors, deparse1, "")) {
      frame[[name]] <- droplevels(as.factor(frame[[name]]))
    }
    full <- lapply(Filter(is.factor, frame), stats::contrasts, contrasts = FALSE)
    X <- stats::model.matrix(tt, frame, contrasts.arg = full)
    colnames(X) <- gsub("`", "", colnames(X), fixed = TRUE)
  }
  X <- X[, colnames(X) != "(Intercept)", drop = FALSE]
  matrix(as.numeric(X), nrow(X), dimnames = list(NULL, colnames(X)))
}

# A score of the user's own: a column's name or one number a row.
user_score <- function(score, data) {
  if (is.null(score)) return(NULL)
  if (is.character(score) || inherits(score, "formula")) {
    name <- column_name(score, "score")
    check_columns(name, data)
    score <- data[[name]]
  }
  if (!is.numeric(score) || length(score) != nrow(data)) {
    abort("argument", c("{.arg score} must be a numeric column or one number a row.",
      x = "It has {length(score)} value{?s}; the data have {nrow(data)} rows."
    ))
  }
  as.numeric(score)
}

# Which rows cannot be used, and how many each variable spoils.
missing_by <- function(basics, X, strata, score) {
  spoiled <- lapply(basics, is.na)
  for (name in setdiff(colnames(X), "(Intercept)")) spoiled[[name]] <- !is.finite(X[, name])
  if (!is.null(strata)) spoiled[["exact strata"]] <- is.na(strata)
  if (!is.null(score)) spoiled[["score"]] <- !is.finite(score)
  counts <- vapply(spoiled, sum, 0L)
  counts <- counts[counts > 0L]
  list(any = Reduce(`|`, spoiled), counts = counts)
}

report_missing <- function(bad, period) {
  n <- sum(bad$any)
  where <- count_by(period[bad$any])
  variables <- sprintf("%s (%d)", names(bad$counts), bad$counts)
  warn("missing_covariates", c(
    "{n} row{?s} with missing or infinite values {?takes/take} no part in the matching.",
    x = "Variables: {variables}.",
    i = "By period: {where}."
  ), rows = which(bad$any))
}

# "2013: 4, 2015: 2", for messages; few enough to read.
count_by <- function(x, most = 12L) {
  counts <- table(x, useNA = "ifany")
  text <- sprintf("%s: %d", names(counts), as.integer(counts))
  paste0(paste(utils::head(text, most), collapse = ", "), if (length(text) > most) ", ...")
}
