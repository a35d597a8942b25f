#' One report of a whole study
#'
#' Puts the results of a study into one file: the panel and its cohorts, the index, baseline, event study,
#' robustness, instruments, mechanisms, heterogeneity, spatial models and diagnostics, each with its table and
#' figure, a paragraph that states every choice that was made, and the code that made the results. The HTML
#' page holds its figures and asks nothing of the network; `.docx` gives the same for Word.
#'
#' The estimands are those of the results: the report computes nothing but the tables.
#'
#' @section The code:
#' Give the results as calls, `pilot_report(placebo = placebo(fit, seed = 1))`, and the report shows them. Of
#' a result that is given as an object it shows the recorded call, where the result has one; `code` takes a
#' script or lines of code instead.
#'
#' @section When not to use it: as the paper. It shows all results in one fixed order and interprets none.
#'
#' @param ... Results of this package, or lists of them, and tables of [pilot_table()]. Names become headings.
#' @param file The file to write: `.html` or `.docx`. An existing file is replaced.
#' @param title The title of the report; by default one in its language.
#' @param labels,language As in [pilot_table()], for headings, tables, figures and the paragraph on methods. A table that is
#'   made in the call, `pilot_report(baseline = pilot_table(fit), language = "zh")`, has them too.
#' @param note A remark shown under the title, such as where the data come from.
#' @param code The file name of an R script, or its lines; by default what the results know of their calls.
#' @param stepwise For the first two-way fixed effects fit a table without controls, then one block after
#'   the other: see [pilot_table()].
#' @param figures Draw figures?
#' @return The file name, invisibly. HTML needs the package `litedown`, Word `flextable` and `officer`.
#' @section Errors: classes `pilotdid_error_*`: `argument`, `output`; `no_table` for what cannot be shown. A
#'   figure that cannot be drawn is left out with a warning (`pilotdid_warning_figure`).
#' @examplesIf requireNamespace("litedown", quietly = TRUE)
#' panel <- simulate_pilot(seed = 1)
#' fit <- pilot_did(y ~ status | unit + time, panel)
#' file <- pilot_report(baseline = fit, event = event_study(fit), file = tempfile(fileext = ".html"))
#' @export
pilot_report <- function(..., file = "report.html", title = NULL, labels = getOption("pilotdid.labels"),
                         language = getOption("pilotdid.language", "en"), note = NULL, code = NULL, stepwise = NULL, figures = TRUE) {
  expressions <- as.list(substitute(list(...)))[-1L]
  language <- check_choice(language, c("en", "zh"), "language")
  check_flag(figures, "figures")
  labels <- check_labels(labels)
  type <- report_type(file)
  # For the figures, and for the tables that are made when `...` is evaluated.
  old <- options(pilotdid.language = language, pilotdid.labels = labels)
  on.exit(options(old))
  results <- report_results(list(...), expressions)
  words <- report_words(language)
  blocks <- c(
    list(block("title", title %||% words$title)), lapply(note, function(n) block("text", n)),
    study_blocks(results, labels, language, stepwise, figures, words),
    methods_blocks(results, words, language), code_blocks(results, code, words)
  )
  switch(type, html = report_html(blocks, file, title %||% words$title, language), docx = report_docx(blocks, file))
  invisible(file)
}

report_type <- function(file) {
  type <- if (is.character(file) && length(file) == 1L) tolower(tools::file_ext(file)) else ""
  if (!type %in% c("html", "docx")) {
    abort("output", c("{.arg file} must end in {.val .html} or {.val .docx}.", x = "It is {describe_value(file)}."))
  }
  if (type == "html") rlang::check_installed("litedown", "for HTML reports.")
  if (type == "docx") rlang::check_installed(c("flextable", "officer"), "for Word reports.")
  type
}

# -> list of list(value, name, expression, section)
report_results <- function(values, expressions) {
  names <- names(values) %||% rep("", length(values))
  out <- unlist(lapply(seq_along(values), function(i) {
    x <- values[[i]]
    if (is.list(x) && !is.object(x)) {
      inner <- names(x) %||% rep("", length(x))
      return(Map(function(value, name) list(value = value, name = name, expression = NULL), x, inner))
    }
    expression <- expressions[[i]]
    name <- if (nzchar(names[i])) names[i] else if (is.name(expression)) as.character(expression) else ""
    list(list(value = x, name = name, expression = expression))
  }), recursive = FALSE, use.names = FALSE)
  if (!length(out)) abort("argument", c("{.fn pilot_report} needs results.", i = "{.code pilot_report(baseline = fit)}"))
  lapply(out, function(r) {
    r$section <- report_section(r$value)
    r
  })
}

# The order of an empirical paper. The first class that matches decides.
report_sections <- function() {
  list(
    data = "pilot_description", index = "pilot_index",
    iv = c("pilot_iv", "pilot_first_stage", "pilot_weak_iv", "pilot_anderson_rubin", "pilot_plausible"),
    event = "pilot_event", baseline = "pilot_fit",
    robustness = c(
      "pilot_placebo", "pilot_wild", "pilot_comparison", "pilot_psm_did", "pilot_match", "pilot_balance", "pilot_bacon",
      "pilot_twfe_weights", "pilot_refits", "pilot_index_robustness", "pilot_oster", "pilot_robustness_value", "pilot_aggregate",
      "pilot_honest", "pilot_pretrend_power"
    ),
    mechanism = c("pilot_mechanism", "pilot_mediation", "pilot_moderation"), heterogeneity = "pilot_heterogeneity",
    spatial = c(
      "pilot_spatial", "pilot_spatial_effects", "pilot_moran", "pilot_local_moran", "pilot_spatial_tests", "pilot_spillovers",
      "pilot_rings", "pilot_drop_neighbors", "pilot_weights"
    ),
    diagnostics = "pilot_vif"
  )
}

section_order <- c("data", "index", "baseline", "event", "robustness", "iv", "mechanism", "heterogeneity", "spatial", "diagnostics", "other")

report_section <- function(x) {
  sections <- report_sections()
  # Averages of cells and rings are fits too, but not the baseline.
  if (inherits(x, "pilot_aggregate")) return("robustness")
  if (inherits(x, "pilot_fit") && !inherits(x, c("pilot_iv", "pilot_rings", "pilot_spillovers"))) return("baseline")
  if (inherits(x, c("pilot_rings", "pilot_spillovers"))) return("spatial")
  found <- vapply(sections, function(classes) inherits(x, classes), NA)
  if (any(found)) names(sections)[found][1L] else "other"
}

block <- function(kind, value, alt = NULL) list(kind = kind, value = value, alt = alt)

study_blocks <- function(results, labels, language, stepwise, figures, words) {
  section <- vapply(results, `[[`, "", "section")
  blocks <- list()
  for (s in intersect(section_order, section)) {
    own <- results[section == s]
    blocks <- c(blocks, list(block("heading", words$sections[[s]])))
    # Fits of one section stand side by side.
    fits <- s == "baseline"
    if (fits) {
      blocks <- c(blocks, baseline_blocks(own, labels, language, stepwise))
    } else {
      for (r in own) blocks <- c(blocks, result_blocks(r, labels, language, figures))
    }
  }
  blocks
}

baseline_blocks <- function(own, labels, language, stepwise) {
  values <- lapply(own, `[[`, "value")
  names(values) <- if (length(own) > 1L) relabel(vapply(own, `[[`, "", "name"), labels) else ""
  steps <- NULL
  first <- Position(function(x) x$estimator == "twfe", values)
  if (!is.null(stepwise) && !is.na(first)) {
    steps <- list(block("table", pilot_table(values[[first]], stepwise = stepwise, labels = labels, language = language)))
    values <- values[-first]
  }
  c(steps, if (length(values)) list(block("table", pilot_table(values, labels = labels, language = language))))
}

result_blocks <- function(r, labels, language, figures) {
  heading <- relabel(r$name, labels)
  table <- report_table(r$value, labels, language)
  figure <- if (figures) report_figure(r$value, heading)
  c(
    if (nzchar(heading)) list(block("subheading", heading)),
    lapply(table, function(t) block("table", t)),
    if (!is.null(figure)) list(block("figure", figure, alt = say(language, "figure", if (nzchar(heading)) heading else class(r$value)[1L])))
  )
}

# A long table is for tidy(): the report shows its beginning and says so.
report_table <- function(x, labels, language, most = 40L) {
  if (inherits(x, "pilot_table")) return(list(x))
  # Thousands of specifications: their summary, and the figure.
  if (inherits(x, "pilot_index_robustness")) return(list(pilot_table(as.data.frame(glance(x)), labels = labels, language = language)))
  # A figure says it better: hundreds of rows.
  if (inherits(x, c("pilot_local_moran", "pilot_weights"))) return(list())
  if (inherits(x, c("pilot_mechanism", "pilot_heterogeneity", "pilot_comparison"))) {
    terms <- if (inherits(x, "pilot_mechanism") && x$steps == "three") NULL else "treatment"
    return(list(pilot_table(x, labels = labels, language = language, terms = terms)))
  }
  table <- if (is_publishable(x)) {
    pilot_table(x, labels = labels, language = language)
  } else {
    pilot_table(result_frame(x), labels = labels, language = language)
  }
  if (attr(table, "kind") == "regression" || nrow(table) <= most) return(list(table))
  attr(table, "notes") <- c(attr(table, "notes"), say(language, "first_rows", most, big(nrow(table))))
  list(table[seq_len(most), ])
}

is_publishable <- function(x) {
  if (is_table_result(x)) return(TRUE)
  any(class(x) %in% sub("^table_columns[.]", "", ls(topenv(), pattern = "^table_columns[.]pilot")))
}

# A PNG of plot(); NULL where the result has none.
report_figure <- function(x, name) {
  methods <- paste0("plot.", class(x))
  if (!any(vapply(methods, exists, NA, envir = topenv(), mode = "function"))) return(NULL)
  file <- tempfile(fileext = ".png")
  # 144 dots per inch at 7 inches: sharp on paper and on small screens.
  grDevices::png(file, width = 7, height = figure_height(x), units = "in", res = 144, pointsize = 10)
  open <- grDevices::dev.cur()
  drawn <- tryCatch({
    suppressWarnings(plot(x))
    TRUE
  }, error = function(e) {
    reason <- conditionMessage(e)
    warn("figure", c("The figure of {.val {name}} could not be drawn.", x = "{reason}"))
    FALSE
  }, finally = grDevices::dev.off(open))
  if (drawn && file.exists(file)) file
}

# Dot plots are flat; the specification curve has a panel below.
figure_height <- function(x) {
  if (inherits(x, "pilot_index_robustness")) return(6.5)
  if (inherits(x, c("pilot_vif", "pilot_mechanism", "pilot_heterogeneity", "pilot_mediation", "pilot_comparison"))) 3.6 else 4.4
}
