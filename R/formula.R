# The formula of fixest, read once into expressions:
#   outcome ~ treatment + controls | unit + time + ... | endogenous ~ instruments
# Nothing is evaluated here, and no code is ever made by pasting text.

parse_formula <- function(formula) {
  if (!inherits(formula, "formula")) {
    abort("formula", c("{.arg formula} must be a formula.",
      x = "It is {.obj_type_friendly {formula}}.",
      i = "For example {.code y ~ treated + x | unit + time}."
    ))
  }
  split <- formula_parts(formula)
  if (is.null(split)) {
    abort("formula", c("{.arg formula} needs an outcome on its left.",
      i = "For example {.code y ~ treated + x | unit + time}."
    ))
  }
  parts <- split$parts
  instruments <- split$instruments
  endogenous <- NULL
  if (!is.null(instruments)) {
    endogenous <- parts[[length(parts)]]
    parts <- parts[-length(parts)]
  }
  if (length(parts) > 2L) {
    abort("formula", c("{.arg formula} has too many parts.",
      i = "The third part has a tilde: {.code y ~ x | unit + time | endogenous ~ instrument}."
    ))
  }
  list(
    outcome = split$outcome,
    regressors = if (length(parts)) parts[[1L]],
    effects = if (length(parts) > 1L) read_effects(parts[[2L]]),
    has_effects_part = length(parts) > 1L,
    endogenous = endogenous,
    instruments = instruments,
    environment = environment(formula) %||% globalenv()
  )
}

# The parts between bars; NULL where there is no left side. R parses `y ~ x | fe | d ~ z` as
# `(y ~ x | fe | d) ~ z`.
formula_parts <- function(formula) {
  instruments <- NULL
  if (length(formula) == 3L && is.call(formula[[2L]]) && identical(formula[[2L]][[1L]], quote(`~`))) {
    instruments <- formula[[3L]]
    formula <- formula[[2L]]
  }
  if (length(formula) != 3L) return(NULL)
  list(outcome = formula[[2L]], parts = split_call(formula[[3L]], "|"), instruments = instruments)
}

# a + b + c -> list(a, b, c), for any left-associative operator.
split_call <- function(expr, operator) {
  out <- list()
  while (is.call(expr) && length(expr) == 3L && identical(expr[[1L]], as.name(operator))) {
    out <- c(list(expr[[3L]]), out)
    expr <- expr[[2L]]
  }
  c(list(expr), out)
}

is_zero <- function(expr) is.numeric(expr) && length(expr) == 1L && expr == 0

# Terms of the second part: `f`, `f^g`, `f[x]` (levels and slopes), `f[[x]]` (slopes only).
# -> list of list(expr, label, intercept, slopes), one for each factor, in order.
read_effects <- function(expr) {
  if (is_zero(expr)) return(list())
  effects <- list()
  for (term in split_call(expr, "+")) {
    slopes <- list()
    intercept <- TRUE
    if (is.call(term) && (identical(term[[1L]], quote(`[`)) || identical(term[[1L]], quote(`[[`)))) {
      slopes <- as.list(term)[-(1:2)]
      intercept <- identical(term[[1L]], quote(`[`))
      term <- term[[2L]]
    }
    label <- expr_label(term)
    before <- effects[[label]]
    effects[[label]] <- list(
      expr = term, label = label,
      intercept = intercept || isTRUE(before$intercept),
      slopes = c(before$slopes, slopes)
    )
  }
  effects
}

# One line, a bare name without backticks: how a term is shown and matched.
expr_label <- function(expr) {
  if (is.name(expr)) return(as.character(expr))
  if (is.character(expr)) return(expr)
  paste(trimws(deparse(expr, width.cutoff = 500L)), collapse = " ")
}

# Every variable of the expressions stands in the data or is a vector the formula can see.
check_variables <- function(exprs, data, env) {
  names_used <- unique(unlist(lapply(exprs, all.vars)))
  absent <- setdiff(names_used, names(data))
  found <- vapply(absent, function(v) {
    value <- get0(v, envir = env, inherits = TRUE)
    !is.null(value) && !is.function(value)
  }, TRUE)
  check_columns(c(names_used[names_used %in% names(data)], absent[!found]), data)
}

# The value of an expression among the columns; `.subset2` reads a column of any kind of data
# frame without dispatch and without a copy.
eval_in <- function(expr, data, env) {
  if (is.name(expr)) {
    column <- .subset2(data, as.character(expr))
    if (!is.null(column)) return(column)
  }
  eval(expr, unclass_data(data), env)
}

unclass_data <- function(data) {
  attributes(data) <- list(names = names(data))
  data
}

# Names given as `~ a + b`, `c("a", "b")` or NULL -> list of expressions.
as_exprs <- function(x, name) {
  if (is.null(x)) return(list())
  if (inherits(x, "formula")) return(split_call(x[[length(x)]], "+"))
  if (is.character(x)) return(lapply(x, as.name))
  abort("argument", c("{.arg {name}} must be a one-sided formula or column names.",
    x = "It is {.obj_type_friendly {x}}."
  ))
}
