# Columns of results -> the tibble of text, with its heads and notes as attributes.

new_table <- function(cells, heads, title, notes, kind) {
  structure(tibble::as_tibble(cells, .name_repair = "minimal"),
    class = c("pilot_table", "tbl_df", "tbl", "data.frame"), heads = heads, title = title, notes = notes, kind = kind
  )
}

regression_table <- function(columns, options, rows = NULL) {
  words <- table_words(options$language)
  shown <- shown_terms(columns, options$terms)
  columns <- lapply(columns, function(column) {
    column$table <- lapply(column$table, `[`, column$table$term %in% shown)
    column$hides <- setdiff(column$controls, shown)
    column
  })
  # Terms that share a label share a row.
  labels <- unique(relabel_terms(shown, options$labels))
  numbers <- sprintf("(%d)", seq_along(columns))
  body <- lapply(set_names(columns, numbers), column_cells, labels = labels, options = options)
  lines <- if (options$statistic == "none") 1L else 2L
  foot <- foot_rows(columns, rows, words)
  cells <- c(
    list(
      label = c(as.vector(rbind(labels, rep("", length(labels)))[seq_len(lines), ]), names(foot)),
      part = c(rep(c("estimate", "statistic")[seq_len(lines)], length(labels)), rep("row", length(foot)))
    ),
    Map(function(cell, j) c(cell, unlist(lapply(foot, `[`, j), use.names = FALSE)), body, seq_along(body))
  )
  new_table(cells, column_heads(columns, numbers, options), options$title, table_notes(columns, options, words), "regression")
}

# In the order of the first result that has them; "treatment" where it is no term of its own.
shown_terms <- function(columns, terms) {
  known <- unique(unlist(lapply(columns, function(column) column$table$term)))
  if (is.null(terms)) {
    main <- unique(unlist(lapply(columns, `[[`, "main")))
    # A first-stage instrument is the point of its column; controls and the intercept come last.
    return(c(intersect(known, main), setdiff(known, c(main, "(Intercept)")), intersect(known, "(Intercept)")))
  }
  if (identical(terms, "treatment") && !"treatment" %in% known) {
    return(intersect(known, unlist(lapply(columns, `[[`, "main"))))
  }
  unknown <- setdiff(terms, known)
  if (length(unknown)) refuse_unknown_terms(unknown, known, "terms")
  terms
}

column_cells <- function(column, labels, options) {
  t <- column$table
  at <- match(labels, relabel_terms(t$term, options$labels))
  stars <- star_marks(t$p.value[at], options$stars)
  estimate <- ifelse(is.na(at) | is.na(t$estimate[at]), "", paste0(table_number(t$estimate[at], options$digits), stars))
  if (options$statistic == "none") return(estimate)
  below <- if (options$statistic == "conf.int") {
    interval(t$conf.low[at], t$conf.high[at], options$digits)
  } else {
    value <- t[[options$statistic]][at]
    digits <- if (options$statistic == "statistic") min(options$digits, 2L) else options$digits
    ifelse(is.na(value), "", paste0("(", table_number(value, digits), ")"))
  }
  as.vector(rbind(estimate, below))
}

interval <- function(low, high, digits) {
  ifelse(is.na(low), "", paste0("[", table_number(low, digits), ", ", table_number(high, digits), "]"))
}

# Fixed decimals; what they would show as zero gets two significant digits.
table_number <- function(x, digits) {
  lost <- !is.na(x) & x != 0 & abs(x) < 0.5 * 10^-digits
  out <- fixed_digits(x, digits)
  out[lost] <- formatC(x[lost], digits = 1, format = "e")
  out
}

star_marks <- function(p, stars) {
  out <- rep("", length(p))
  for (mark in names(stars)) out[!is.na(p) & p < stars[[mark]]] <- mark
  out
}

# The rows below: hidden controls, what the columns report, what the caller adds.
foot_rows <- function(columns, rows, words) {
  names <- unique(unlist(lapply(columns, function(column) names(column$foot))))
  foot <- lapply(set_names(names), function(name) {
    vapply(columns, function(column) column$foot[[name]] %||% "", "")
  })
  # An effect that a column lacks is a "No", a statistic that it lacks is blank.
  effects <- endsWith(names, trimws(words$effects))
  foot[effects] <- lapply(foot[effects], function(x) ifelse(nzchar(x), x, words$no))
  hides <- lapply(columns, `[[`, "hides")
  if (any(lengths(hides) > 0L)) {
    foot <- c(list2(words$controls, ifelse(lengths(hides) > 0L, words$yes, words$no)), foot)
  }
  c(lapply(rows, function(row) {
    if (length(row) != length(columns)) {
      abort("argument", c("{.arg rows} must hold one value a column.", x = "{length(row)} for {length(columns)} columns."))
    }
    as.character(row)
  }), foot)
}

# Number, name where there is one, outcome.
column_heads <- function(columns, numbers, options) {
  outcome <- relabel(vapply(columns, `[[`, "", "outcome"), options$labels)
  name <- relabel(vapply(columns, `[[`, "", "name"), options$labels)
  c(list(numbers), if (any(nzchar(name))) list(name), if (any(nzchar(outcome))) list(outcome))
}

table_notes <- function(columns, options, words) {
  if (!identical(options$notes, NA)) return(options$notes)
  se <- unique(unlist(lapply(columns, `[[`, "se")))
  marks <- if (length(options$stars)) paste0(names(options$stars), " p < ", format(unname(options$stars), drop0trailing = TRUE, trim = TRUE))
  said <- paste(vapply(se, covariance_text, "", language = options$language, labels = options$labels), collapse = say(options$language, "semicolon"))
  sentence <- if (options$statistic != "none") paste0(words[[options$statistic]], if (options$language == "zh") "\u3002" else ".")
  c(
    if (length(se) == 1L && options$statistic == "std.error") sprintf(words$together, said) else c(
      sentence, if (length(se)) sprintf(if (length(se) == 1L) words$se else words$varies, said)
    ),
    if (length(marks)) paste(marks, collapse = ", ")
  )
}

# Results that are tables themselves -----------------------------------------------------------

is_table_result <- function(x) {
  if (inherits(x, "pilot_fit")) return(FALSE)
  inherits(x, c(
    "pilot_description", "pilot_index", "pilot_vif", "pilot_weak_iv", "pilot_placebo", "pilot_wild", "pilot_balance",
    "pilot_moran", "pilot_spatial_tests", "pilot_bacon", "pilot_twfe_weights", "pilot_refits", "pilot_index_robustness", "pilot_honest",
    "pilot_oster", "pilot_robustness_value", "pilot_spatial_effects", "pilot_match"
  )) || (is.data.frame(x) && !inherits(x, "pilot_table"))
}

stacked_table <- function(results, options) {
  tables <- lapply(results, result_frame)
  remarks <- unique(unlist(lapply(tables, function(t) table_remarks(attr(t, "remarks"), options))))
  if (length(unique(lapply(tables, names))) > 1L) refuse_stack(results)
  names <- names(results)
  if (length(tables) > 1L) {
    names <- ifelse(nzchar(names), names, paste0("(", seq_along(names), ")"))
    tables <- Map(function(t, name) c(list(result = rep(name, length(t[[1L]]))), as.list(t)), tables, names)
  }
  all <- bind_lists(lapply(unname(tables), as.list))
  empty <- vapply(all, function(column) all(is.na(column)), NA)
  all <- all[!empty]
  text <- lapply(set_names(names(all)), function(name) {
    column <- all[[name]]
    # A year is a name, not a quantity.
    if (is.logical(column)) return(yes_or_no(column, options))
    if (!is.numeric(column) || name %in% name_columns) return(table_name(format_text(column), name, options))
    if (grepl("^p[.]", name)) p_text(column, options$digits) else whole_or_fixed(column, options$digits)
  })
  # The caller's labels go before ours.
  columns <- relabel(names(text), options$labels)
  own <- columns == names(text)
  columns[own] <- relabel(columns[own], column_words(options$language))
  cells <- c(list(label = text[[1L]], part = rep("row", nrow(all))), text[-1L])
  out <- new_table(cells, list(columns[-1L]), options$title, if (identical(options$notes, NA)) remarks else options$notes, "plain")
  attr(out, "corner") <- columns[1L]
  # Text from the left, numbers from the right.
  attr(out, "align") <- ifelse(vapply(all[-1L], is.numeric, NA), "right", "left")
  out
}

yes_or_no <- function(x, options) {
  words <- table_words(options$language)
  ifelse(is.na(x), "", ifelse(x, words$yes, words$no))
}

p_text <- function(p, digits) {
  least <- 10^-digits
  ifelse(is.na(p), "", ifelse(p < least, paste0("<", fixed_digits(least, digits)), fixed_digits(p, digits)))
}

whole_or_fixed <- function(x, digits) {
  seen <- x[!is.na(x)]
  if (all(is.finite(seen)) && all(seen == round(seen))) return(fixed_digits(x, 0))
  ifelse(is.na(x), "", ifelse(is.finite(x), table_number(x, digits), format(x, trim = TRUE)))
}

result_frame <- function(x) {
  if (is.data.frame(x) && !inherits(x, "pilot_spatial_effects")) return(as.data.frame(x))
  if (inherits(x, "pilot_match")) x <- balance(x)
  table <- if (is_table_result(x)) as.data.frame(tidy(x)) else foreign_tidy(x)
  own <- intersect(class(x), names(term_heads))
  if (length(own)) names(table)[names(table) == "term"] <- term_heads[[own]]
  if (inherits(x, "pilot_balance")) return(balance_frame(table))
  if (inherits(x, "pilot_weak_iv")) return(tests_frame(table, c("test", "statistic", "df", "df2", "p.value", "critical"), "note"))
  if (inherits(x, "pilot_spatial_tests")) return(tests_frame(table, c("test", "effects", "statistic", "df", "p.value"), c("hypothesis", "note")))
  # First treated periods are names.
  if (inherits(x, "pilot_bacon")) table[c("treated", "control")] <- lapply(table[c("treated", "control")], format_text)
  if (inherits(x, "pilot_twfe_weights")) names(table)[names(table) == "group"] <- "cohort"
  if (inherits(x, "pilot_rings")) table <- rings_frame(table)
  if (inherits(x, "pilot_index")) table$direction <- ifelse(table$direction > 0, "+", "-")
  table[vapply(table, is.atomic, NA)]
}

# What a term is where it is no coefficient.
term_heads <- c(
  pilot_mediation = "effect", pilot_spillovers = "effect", pilot_pretrend_power = "violation", pilot_honest = "target",
  pilot_rings = "ring"
)

# The name of a ring holds its distances.
rings_frame <- function(table) {
  table$ring <- sub("^(treated, )?ring ", "", table$ring)
  table[setdiff(names(table), c("ring.low", "ring.high", if (!any(table$on.treated %in% TRUE)) "on.treated"))]
}

balance_frame <- function(table) {
  if ("pooled" %in% table$period) table <- table[table$period == "pooled", ]
  table[intersect(c(
    "variable", "sample", "mean.treated", "mean.control", "bias", "reduction", "statistic", "p.value", "variance.ratio"
  ), names(table))]
}

name_columns <- c("period", "time", "year", "cohort", "group", "event_time", "moderator")

# Columns of which the values are words of ours.
worded_columns <- c("test", "sample", "effect", "effects", "type", "method", "open", "violation", "target")

# The caller's labels go before ours here too.
table_name <- function(x, column, options) {
  out <- relabel_terms(x, options$labels)
  if (!column %in% worded_columns) return(out)
  own <- out == x
  out[own] <- relabel(out[own], unlist(value_words(options$language)))
  out
}

tests_frame <- function(table, columns, remarks) {
  table <- table[!is.na(table$statistic), ]
  structure(table[columns], remarks = table[c("test", remarks)])
}

# Remarks on a test are sentences: they go below the table, once where several tests share them.
table_remarks <- function(remarks, options) {
  unlist(lapply(setdiff(names(remarks), "test"), function(column) {
    said <- remarks[[column]]
    said <- factor(said, setdiff(unique(said), ""))
    tests <- tapply(table_name(remarks$test, "test", options), said, function(test) paste(unique(test), collapse = say(options$language, "items")))
    zh <- options$language == "zh"
    if (length(tests)) paste0(tests, if (zh) "\uff1a" else ": ", remark_text(names(tests), options$language), if (zh) "\u3002" else ".")
  }))
}

remark_text <- function(x, language) {
  words <- remark_words(language)
  for (piece in names(words)) x <- gsub(piece, words[[piece]], x, fixed = TRUE)
  x
}

refuse_stack <- function(results) {
  abort("mixed", c("Results that are stacked in one table must be of one kind.",
    x = "They are {.cls {unique(vapply(results, function(x) class(x)[1L], ''))}}.",
    i = "Call {.fn pilot_table} for each kind."
  ))
}
