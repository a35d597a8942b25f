# The code that made the results.

code_blocks <- function(results, code, words) {
  lines <- if (is.null(code)) recorded_code(results) else script_lines(code)
  if (!length(lines)) return(list())
  list(block("heading", words$code), block("code", lines))
}

script_lines <- function(code) {
  if (!is.character(code)) abort("argument", "{.arg code} must be a file name or lines of code.")
  if (length(code) == 1L && file.exists(code)) readLines(code, encoding = "UTF-8", warn = FALSE) else code
}

# A call typed into pilot_report() is shown as it is. An object shows the call that it recorded, with the
# formula itself in place of the variable that held it.
recorded_code <- function(results) {
  named <- make.unique(vapply(results, function(r) if (nzchar(r$name)) r$name else "result", ""))
  lines <- unlist(Map(function(r, name) {
    call <- if (is.call(r$expression)) r$expression else recorded_call(r$value)
    # A result passed under its own name needs no second definition.
    target <- if (is.name(r$expression)) as.character(r$expression) else name
    if (is.null(call)) return(sprintf("# %s: made outside of the report (class %s)", target, class(r$value)[1L]))
    deparse(call("<-", as.name(target), call), width.cutoff = 90L)
  }, results, named), use.names = FALSE)
  c("library(pilotdid)", lines)
}

recorded_call <- function(x) {
  call <- x$call
  if (!is.call(call) || inherits(x, "pilot_event")) return(NULL)
  formula <- x$formula
  if (inherits(formula, "formula") && "formula" %in% names(call)) call$formula <- plain_formula(formula)
  call
}

# Without its environment and class, so that it deparses as typed.
plain_formula <- function(formula) {
  attributes(formula) <- NULL
  formula
}
