# Identifiers -> integer codes 0 .. levels-1 (missing: NA), in ascending order of their values.

# -> list(code, values, label); `values` has the type of the column.
code_id <- function(x, label) {
  # What indexing a result of tapply() leaves.
  if (is.atomic(x) && length(dim(x)) == 1L) x <- as.vector(x)
  if (is.null(x) || !is.atomic(x) || !is.null(dim(x)) || is.complex(x)) {
    abort("identifier", c("{.field {label}} cannot identify groups.",
      x = "It is {.obj_type_friendly {x}}.",
      i = "Use a number, a text, a factor or a date."
    ))
  }
  if (is.factor(x)) {
    coded <- cpp_code(unclass_vector(x))
    values <- factor(levels(x)[coded$values], levels = levels(x)[coded$values])
    return(list(code = coded$code, values = values, label = label))
  }
  coded <- cpp_code(x)
  values <- coded$values
  if (is.character(x)) {
    # Ascending in the C locale, whatever the user's; strings that differ only in encoding are one.
    sorted <- sort(unique(values), method = "radix")
    cpp_recode(coded$code, match(values, sorted) - 1L)
    values <- sorted
  } else if (is.object(x)) {
    attributes(values) <- attributes(x)[setdiff(names(attributes(x)), "names")]
  }
  list(code = coded$code, values = values, label = label)
}

unclass_vector <- function(x) {
  attributes(x) <- NULL
  x
}

# `a^b^c`: the combinations that occur. -> list(code, values, label, expr)
code_effect <- function(expr, data, env) {
  factors <- split_call(expr, "^")
  label <- expr_label(expr)
  coded <- code_id(eval_in(factors[[1L]], data, env), expr_label(factors[[1L]]))
  for (other in factors[-1L]) {
    second <- code_id(eval_in(other, data, env), expr_label(other))
    pairs <- cpp_code_pairs(coded$code, second$code, length(second$values))
    coded <- list(code = pairs$code, values = paste(
      as.character(coded$values)[pairs$first + 1L],
      as.character(second$values)[pairs$second + 1L],
      sep = "_"
    ))
  }
  coded$label <- label
  coded$expr <- expr
  coded
}
