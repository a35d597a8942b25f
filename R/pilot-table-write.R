# From the tibble of text to markdown, LaTeX, HTML and the console: no package needed.

table_formats <- c("markdown", "latex", "html", "tinytable", "flextable")
table_files <- c("md", "tex", "html", "docx", "xlsx", "csv")

check_output <- function(output) {
  if (is.null(output)) return(invisible())
  if (is.character(output) && length(output) == 1L) {
    if (output %in% table_formats || tolower(tools::file_ext(output)) %in% table_files) return(invisible())
  }
  abort("output", c("{.arg output} must be {.or {.val {table_formats}}}, or a file name.",
    x = "It is {describe_value(output)}.", i = "Files end in {.or {.val {paste0('.', table_files)}}}."
  ))
}

write_table <- function(table, output) {
  if (is.null(output)) return(table)
  if (output %in% table_formats) {
    return(switch(output,
      markdown = table_markdown(table), latex = table_latex(table), html = table_html(table),
      tinytable = table_tinytable(table), flextable = table_flextable(table)
    ))
  }
  switch(tolower(tools::file_ext(output)),
    md = write_utf8(table_markdown(table), output), tex = write_utf8(table_latex(table), output),
    html = write_utf8(html_page(table_html(table), attr(table, "title") %||% "Table"), output),
    docx = table_docx(table, output), xlsx = table_xlsx(table, output),
    # A mark of the byte order: spreadsheet programs read Chinese by it.
    csv = write_utf8(c(paste0("\ufeff", csv_lines(table)[1L]), csv_lines(table)[-1L]), output)
  )
  invisible(table)
}

write_utf8 <- function(text, file) {
  connection <- base::file(file, open = "wb")
  on.exit(close(connection))
  writeLines(enc2utf8(text), connection, useBytes = TRUE)
}

# The parts every writer lays out: a matrix of heads (rows x (1 + columns)), the body, where rules go, the side from
# which each column is set.
table_layout <- function(table) {
  heads <- attr(table, "heads")
  columns <- setdiff(names(table), c("label", "part"))
  # Grouped heads come above those that name single columns.
  body <- cbind(table$label, do.call(cbind, unname(as.list(table)[columns])))
  dimnames(body) <- NULL
  corner <- attr(table, "corner") %||% ""
  head <- do.call(rbind, lapply(seq_along(heads), function(i) c(if (i == length(heads)) corner else "", heads[[i]])))
  list(
    head = head, body = body, rule = which(table$part == "row")[1L] - 1L,
    title = attr(table, "title"), note = note_text(attr(table, "notes")),
    align = c("left", attr(table, "align") %||% rep("center", length(columns)))
  )
}

# The notes in one line; no blank follows a Chinese full stop.
note_text <- function(notes) if (length(notes)) gsub("\u3002 ", "\u3002", paste(notes, collapse = " "), fixed = TRUE)

csv_lines <- function(table) {
  layout <- table_layout(table)
  all <- rbind(layout$head, layout$body)
  quoted <- matrix(paste0("\"", gsub("\"", "\"\"", all, fixed = TRUE), "\""), nrow(all))
  c(apply(quoted, 1L, paste, collapse = ","), if (!is.null(layout$note)) paste0("\"", gsub("\"", "\"\"", layout$note), "\""))
}

table_markdown <- function(table) {
  layout <- table_layout(table)
  escape <- function(x) gsub("^  ", "\\&emsp;", gsub("([\\\\`*|<>])", "\\\\\\1", x))
  head <- matrix(escape(layout$head), nrow(layout$head))
  body <- matrix(escape(layout$body), nrow(layout$body))
  width <- pmax(apply(nchar(rbind(head, body), "width"), 2L, max), 3L)
  line <- function(cells) paste0("| ", paste(pad_cells(cells, width, layout$align), collapse = " | "), " |")
  dashes <- strrep("-", width - 1L)
  rule <- paste0("| ", paste(ifelse(layout$align == "left", paste0(":", dashes), paste0(dashes, ":")), collapse = " | "), " |")
  out <- c(
    if (!is.null(layout$title)) c(paste0("**", escape(layout$title), "**"), ""),
    line(head[1L, ]), rule, apply(head[-1L, , drop = FALSE], 1L, line), apply(body, 1L, line),
    if (!is.null(layout$note)) c("", escape(layout$note))
  )
  paste0(paste(out, collapse = "\n"), "\n")
}

latex_escape <- function(x) {
  x <- gsub("\\", "\001", x, fixed = TRUE)
  x <- gsub("([&%$#_{}])", "\\\\\\1", x)
  x <- gsub("~", "\\textasciitilde{}", x, fixed = TRUE)
  x <- gsub("^", "\\textasciicircum{}", x, fixed = TRUE)
  x <- gsub("<", "$<$", x, fixed = TRUE)
  x <- gsub(">", "$>$", x, fixed = TRUE)
  gsub("\001", "\\textbackslash{}", x, fixed = TRUE)
}

# Text of a cell in a language of markup: superscript stars, R squared, indents, and in LaTeX a minus sign (on a
# page a hyphen can be copied into a spreadsheet).
marked_cell <- function(x, marks) {
  x <- marks$escape(x)
  x <- gsub("^  ", marks$indent, x)
  x <- gsub("([0-9.])(\\*+)$", paste0("\\1", marks$stars), x)
  x <- gsub("(^|[[(, ])-([0-9.])", paste0("\\1", marks$minus, "\\2"), x)
  gsub("\\bR2\\b", marks$r2, x)
}

latex_cell <- function(x) {
  marked_cell(x, list(escape = latex_escape, indent = "\\\\quad ", stars = "$^{\\2}$", minus = "$-$", r2 = "$R^2$"))
}

html_cell <- function(x) {
  marked_cell(x, list(escape = html_escape, indent = "\\&emsp;", stars = "<sup>\\2</sup>", minus = "-", r2 = "R<sup>2</sup>"))
}

# Levels of significance stay on one line.
latex_note <- function(note) gsub("(\\*+) p \\$<\\$ ", "$^{\\1}$~p~$<$~", latex_cell(note))

# Characters of the longest cells side by side.
layout_width <- function(layout) {
  sum(apply(nchar(rbind(layout$head, layout$body), "width"), 2L, max)) + 2L * ncol(layout$body)
}

# As wide as the text, in smaller type where the cells would not fit: the text of an article has about 72
# characters in normal size. Columns spread over what is left, so that they need little space of their own.
latex_size <- function(layout) {
  size <- c("", "\\small", "\\footnotesize", "\\scriptsize")[findInterval(layout_width(layout), c(72, 79, 90)) + 1L]
  c(if (nzchar(size)) size, "\\setlength{\\tabcolsep}{2pt}")
}

table_latex <- function(table) {
  layout <- table_layout(table)
  last <- nrow(layout$head)
  # The rule below the last head runs through the table: one under a part of it would double it.
  head <- vapply(seq_len(last), function(i) latex_head(layout$head[i, ], rules = i < last), "")
  body <- apply(matrix(latex_cell(layout$body), nrow(layout$body)), 1L, paste, collapse = " & ")
  lines <- paste0(body, " \\\\")
  if (!is.na(layout$rule) && layout$rule > 0L) lines[layout$rule] <- paste0(lines[layout$rule], "\n\\midrule")
  columns <- paste(substr(layout$align, 1L, 1L), collapse = "")
  out <- c(
    "% \\usepackage{booktabs}; with Chinese text also \\usepackage{ctex}",
    "\\begin{table}[htbp]", "\\centering",
    if (!is.null(layout$title)) c(paste0("\\caption{", latex_escape(layout$title), "}"), "\\smallskip"),
    latex_size(layout), paste0("\\begin{tabular*}{\\linewidth}{@{\\extracolsep{\\fill}}", columns, "@{}}"),
    "\\toprule", head, "\\midrule", lines, "\\bottomrule", "\\end{tabular*}",
    if (!is.null(layout$note)) {
      c("\\par\\smallskip", paste0("\\begin{minipage}{\\linewidth}\\footnotesize ", latex_note(layout$note), "\\end{minipage}"))
    },
    "\\end{table}"
  )
  paste0(paste(out, collapse = "\n"), "\n")
}

# Equal neighbors are one head over several columns.
latex_head <- function(cells, rules) {
  runs <- head_runs(cells[-1L])
  spans <- ifelse(runs$lengths > 1L,
    paste0("\\multicolumn{", runs$lengths, "}{c}{", latex_cell(runs$values), "}"), latex_cell(runs$values)
  )
  starts <- cumsum(c(2L, runs$lengths))[seq_along(runs$lengths)]
  wide <- runs$lengths > 1L
  rules <- if (rules && any(wide)) paste0("\\cmidrule(lr){", starts[wide], "-", (starts + runs$lengths - 1L)[wide], "}", collapse = " ")
  paste0(paste(c(latex_cell(cells[1L]), spans), collapse = " & "), " \\\\", if (!is.null(rules)) paste0(" ", rules))
}

# Runs of equal text; blanks stay apart.
head_runs <- function(x) {
  id <- cumsum(c(TRUE, !(x[-1L] == x[-length(x)] & nzchar(x[-1L]))))
  list(lengths = as.vector(table(id)), values = x[!duplicated(id)])
}

html_escape <- function(x) {
  x <- gsub("&", "&amp;", x, fixed = TRUE)
  x <- gsub("<", "&lt;", x, fixed = TRUE)
  gsub(">", "&gt;", x, fixed = TRUE)
}

table_html <- function(table) {
  layout <- table_layout(table)
  text <- ifelse(layout$align[-1L] == "left", " class=\"text\"", "")
  head <- apply(layout$head, 1L, function(cells) {
    runs <- head_runs(cells[-1L])
    span <- ifelse(runs$lengths > 1L, paste0(" colspan=\"", runs$lengths, "\""), text[cumsum(runs$lengths)])
    paste0("<tr><th>", html_cell(cells[1L]), "</th>", paste0("<th", span, ">", html_cell(runs$values), "</th>", collapse = ""), "</tr>")
  })
  body <- apply(matrix(html_cell(layout$body), nrow(layout$body)), 1L, function(cells) {
    paste0("<td", c("", text), ">", cells, "</td>", collapse = "")
  })
  class <- rep("", nrow(layout$body))
  if (!is.na(layout$rule) && layout$rule > 0L) class[layout$rule + 1L] <- " class=\"rule\""
  class[table$part == "statistic"] <- " class=\"below\""
  # On paper a wide table cannot scroll: it gets smaller type.
  kind <- c(attr(table, "kind"), if (layout_width(layout) > 94) "wide")
  out <- c(
    paste0("<div class=\"pilot-table-box\" tabindex=\"0\"><table class=\"pilot-table ", paste(kind, collapse = " "), "\">"),
    if (!is.null(layout$title)) paste0("<caption>", html_escape(layout$title), "</caption>"),
    "<thead>", head, "</thead>", "<tbody>", paste0("<tr", class, ">", body, "</tr>"), "</tbody>", "</table></div>",
    if (!is.null(layout$note)) paste0("<p class=\"pilot-table-note\">", html_cell(layout$note), "</p>")
  )
  paste0(paste(out, collapse = "\n"), "\n")
}

# Three lines, numbers in columns, and a box of its own in which a wide table scrolls.
table_css <- function() {
  paste(
    ".pilot-table-box{overflow-x:auto;max-width:100%;margin:1em 0 .3em}",
    ".pilot-table{border-collapse:collapse;border-top:2px solid;border-bottom:2px solid;font-variant-numeric:tabular-nums;font-size:.92em;margin:0}",
    ".pilot-table caption{text-align:left;font-weight:600;padding:.2em 0 .5em}",
    ".pilot-table th,.pilot-table td{border:0;background:none;padding:.12em .8em;text-align:center;white-space:nowrap}",
    ".pilot-table.plain th,.pilot-table.plain td{text-align:right}", ".pilot-table.plain .text{text-align:left}",
    ".pilot-table th:first-child,.pilot-table td:first-child{text-align:left;padding-left:.2em;position:sticky;left:0;background:#fff}",
    ".pilot-table.wide{font-size:.82em}.pilot-table.wide th,.pilot-table.wide td{padding:.12em .5em}",
    ".pilot-table.wide th{white-space:normal}",
    ".pilot-table th{font-weight:500}", ".pilot-table thead tr:last-child th{border-bottom:1px solid}",
    ".pilot-table tr.rule td{border-top:1px solid}", ".pilot-table sup{line-height:0;font-size:.75em}",
    ".pilot-table-note{font-size:.85em;color:#555;margin:.2em 0 1.5em}",
    sep = "\n"
  )
}

html_page <- function(body, title) {
  c(
    "<!DOCTYPE html>", "<html><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">",
    paste0("<title>", html_escape(title), "</title>"), "<style>body{font-family:serif;margin:1.5em}", table_css(), "</style></head><body>",
    body, "</body></html>"
  )
}

#' @export
print.pilot_table <- function(x, ...) {
  layout <- table_layout(x)
  all <- rbind(layout$head, layout$body)
  if (attr(x, "kind") == "regression") all[-seq_len(nrow(layout$head)), -1L] <- hang_stars(layout$body[, -1L, drop = FALSE])
  width <- apply(nchar(all, "width"), 2L, max)
  lines <- apply(all, 1L, function(cells) sub(" +$", "", paste(pad_cells(cells, width, layout$align), collapse = "  ")))
  rule <- strrep("-", sum(width) + 2L * (length(width) - 1L))
  heads <- seq_len(nrow(layout$head))
  body <- lines[-heads]
  if (!is.na(layout$rule) && layout$rule > 0L) body <- append(body, rule, layout$rule)
  cat(c(layout$title, rule, lines[heads], rule, body, rule, attr(x, "notes")), sep = "\n")
  invisible(x)
}

pad_cells <- function(cells, width, align) ifelse(align == "left", pad_right(cells, width), pad_left(cells, width))

# Stars and closing brackets hang over, so that the numbers of a column line up.
hang_stars <- function(cells) {
  after <- matrix(nchar(sub("^.*?([])*]*)$", "\\1", cells, perl = TRUE)), nrow(cells))
  most <- apply(after, 2L, max)
  cells[] <- paste0(cells, strrep(" ", rep(most, each = nrow(cells)) - after))
  cells
}

#' @exportS3Method knitr::knit_print
knit_print.pilot_table <- function(x, ...) structure(table_markdown(x), class = "knit_asis")

#' @exportS3Method xfun::record_print
record_print.pilot_table <- function(x, ...) structure(table_markdown(x), class = "record_asis")
