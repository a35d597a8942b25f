# From `~ gdp + savings - unemployment`, or a named list of such formulas, to a table of
# indicators: label, dimension, direction (+1 or -1), expression and environment.

parse_indicators <- function(formula, data) {
  formulas <- dimension_formulas(formula)
  parts <- lapply(names(formulas), function(dimension) {
    f <- formulas[[dimension]]
    terms <- signed_terms(f[[2]], 1)
    list(
      indicator = vapply(terms, function(t) term_label(t$expr), ""),
      dimension = rep(dimension, length(terms)),
      direction = vapply(terms, function(t) t$sign, 0),
      expr = lapply(terms, function(t) t$expr),
      env = rep(list(environment(f)), length(terms))
    )
  })
  terms <- lapply(set_names(names(parts[[1]])), function(field) {
    do.call(c, lapply(parts, function(part) part[[field]]))
  })
  check_indicators(terms, data)
  terms
}

dimension_formulas <- function(formula) {
  if (inherits(formula, "formula")) formula <- list(all = formula)
  good <- is.list(formula) && length(formula) > 0L &&
    all(vapply(formula, function(f) inherits(f, "formula") && length(f) == 2L, NA))
  if (!good) {
    abort("formula", c(
      "{.arg formula} must be one-sided, or a named list of one-sided formulas.",
      x = "It is {.obj_type_friendly {formula}}.",
      i = "For example {.code ~ gdp + savings - unemployment}."
    ))
  }
  names <- names(formula)
  if (is.null(names) || anyNA(names) || any(!nzchar(names)) || anyDuplicated(names)) {
    abort("formula", c("A list of formulas needs one name a dimension, each different.",
      x = if (is.null(names)) "None has a name." else "The names are {.val {names}}.",
      i = "For example {.code list(resistance = ~ gdp + savings, recovery = ~ wage - debt)}."
    ))
  }
  formula
}

# `terms()` would drop what stands behind a minus; here the minus is the direction.
signed_terms <- function(expr, sign) {
  if (is.call(expr) && identical(expr[[1]], quote(`(`))) return(signed_terms(expr[[2]], sign))
  is_plus <- is.call(expr) && identical(expr[[1]], quote(`+`))
  is_minus <- is.call(expr) && identical(expr[[1]], quote(`-`))
  if (is_plus || is_minus) {
    last <- signed_terms(expr[[length(expr)]], if (is_minus) -sign else sign)
    return(if (length(expr) == 3L) c(signed_terms(expr[[2]], sign), last) else last)
  }
  check_term(expr)
  list(list(expr = expr, sign = sign))
}

check_term <- function(expr) {
  shown <- deparse1(expr)
  if (!is.name(expr) && !is.call(expr)) {
    abort("formula", c("An index formula holds indicators only, no constants.", x = "Found {.code {shown}}."))
  }
  if (identical(expr, quote(.))) {
    abort("formula", c("An index formula names its indicators one by one.",
      x = "Found {.code .}, whose directions are not known."
    ))
  }
  operators <- c("*", "/", ":", "^", "|", "%in%")
  if (is.call(expr) && is.name(expr[[1]]) && as.character(expr[[1]]) %in% operators) {
    abort("formula", c("Arithmetic in an index formula must stand inside {.fun I} or a function.",
      x = "Found {.code {shown}}.", i = "Write {.code I({shown})}."
    ))
  }
}

term_label <- function(expr) if (is.name(expr)) as.character(expr) else deparse1(expr)

check_indicators <- function(terms, data, name = "data") {
  known <- function(name, env) name %in% names(data) || exists(name, envir = env)
  needed <- unlist(Map(function(expr, env) {
    if (is.name(expr)) return(as.character(expr))
    Filter(function(name) !known(name, env), all.vars(expr))
  }, terms$expr, terms$env))
  check_columns(unique(needed), data, name)
  twice <- unique(terms$indicator[duplicated(terms$indicator)])
  if (length(twice)) {
    where <- vapply(twice, function(name) {
      toString(unique(terms$dimension[terms$indicator == name]))
    }, "")
    found <- sprintf("%s (in %s)", twice, where)
    abort("duplicate_indicator", c("An indicator can enter the index once, in one dimension.",
      x = "Found more than once: {.field {found}}."
    ), columns = twice)
  }
  if (length(terms$indicator) < 2L) {
    abort("too_few_indicators", c("An index needs at least two indicators.",
      x = "The formula has {length(terms$indicator)}: {.field {terms$indicator}}."
    ))
  }
}

# The columns, as they lie in the data; only terms that are calls are computed.
indicator_columns <- function(terms, data) {
  columns <- Map(function(expr, env, label) {
    x <- if (is.name(expr)) data[[as.character(expr)]] else eval(expr, data, env)
    if (inherits(x, "AsIs")) x <- unclass(x)
    if (length(x) == nrow(data)) return(x)
    abort("formula", c("Every term of an index formula must be one column.",
      x = "{.code {label}} has {length(x)} value{?s} for {nrow(data)} row{?s}."
    ))
  }, terms$expr, terms$env, terms$indicator)
  names(columns) <- terms$indicator
  check_numeric_columns(terms$indicator, columns, "formula")
  columns
}
