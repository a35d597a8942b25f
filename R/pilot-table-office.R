# Tables for Word, Excel and tinytable, each by its package.

table_tinytable <- function(table) {
  rlang::check_installed("tinytable", "for `output = \"tinytable\"`.")
  layout <- table_layout(table)
  k <- ncol(layout$body)
  body <- as.data.frame(layout$body)
  last <- nrow(layout$head)
  names(body) <- make.unique(layout$head[last, ], sep = " ")
  out <- tinytable::tt(body, caption = layout$title, notes = layout$note)
  for (i in rev(seq_len(last - 1L))) {
    runs <- head_runs(layout$head[i, -1L])
    ends <- cumsum(runs$lengths) + 1L
    groups <- Map(seq, ends - runs$lengths + 1L, ends)
    groups <- set_names(groups, runs$values)[nzchar(runs$values)]
    # Two groups may have one name; group_tt() takes names of a list.
    out <- tinytable::group_tt(out, j = groups)
  }
  tinytable::style_tt(out, j = seq_len(k), align = paste(substr(layout$align, 1L, 1L), collapse = ""))
}

table_flextable <- function(table) {
  rlang::check_installed(c("flextable", "officer"), "for Word tables.")
  layout <- table_layout(table)
  k <- ncol(layout$body)
  keys <- paste0("c", seq_len(k))
  out <- flextable::flextable(stats::setNames(as.data.frame(layout$body), keys))
  out <- flextable::delete_part(out, "header")
  for (i in rev(seq_len(nrow(layout$head)))) {
    out <- flextable::add_header_row(out, top = TRUE, values = layout$head[i, ], colwidths = rep(1L, k))
    out <- flextable::merge_h(out, i = 1L, part = "header")
  }
  thick <- officer::fp_border(width = 1.5)
  thin <- officer::fp_border(width = 0.75)
  out <- flextable::border_remove(out)
  out <- flextable::hline_top(out, border = thick, part = "header")
  out <- flextable::hline_bottom(out, border = thin, part = "header")
  if (!is.na(layout$rule) && layout$rule > 0L) out <- flextable::hline(out, i = layout$rule, border = thin, part = "body")
  out <- flextable::hline_bottom(out, border = thick, part = "body")
  for (side in unique(layout$align)) out <- flextable::align(out, j = which(layout$align == side), align = side, part = "all")
  out <- raise_marks(out, layout$body, keys)
  out <- flextable::fontsize(out, size = type_size(k), part = "all")
  if (!is.null(layout$note)) {
    out <- flextable::add_footer_lines(out, values = layout$note)
    out <- flextable::fontsize(out, size = 8, part = "footer")
    out <- flextable::border(out, border.bottom = officer::fp_border(width = 0), part = "footer")
  }
  # The title is a line of the table: a numbered caption would need a field that readers update.
  if (!is.null(layout$title)) {
    out <- flextable::add_header_lines(out, values = layout$title, top = TRUE)
    out <- flextable::border(out, i = 1L, border.top = officer::fp_border(width = 0), border.bottom = thick, part = "header")
    out <- flextable::align(out, i = 1L, align = "left", part = "header")
    out <- flextable::bold(out, i = 1L, part = "header")
  }
  # Part by part: for part = "all" font() forgets the family of Chinese text.
  for (part in c("header", "body", "footer")) {
    out <- flextable::font(out, fontname = "Times New Roman", part = part, eastasia.family = "SimSun")
  }
  out <- flextable::padding(out, padding.top = 1, padding.bottom = 1, part = "all")
  # A table that fits on a page stays on one.
  if (nrow(layout$body) <= 40L) {
    out <- flextable::set_table_properties(out, layout = "fixed", opts_word = list(split = FALSE, keep_with_next = TRUE))
  }
  # Not autofit(): it measures with the fonts of this machine, which may lack those of the reader.
  out <- flextable::width(out, width = text_widths(layout, type_size(k)))
  flextable::height_all(out, height = 1.35 * type_size(k) / 72)
}

# Stars and the 2 of R2 are superscript, as in LaTeX and HTML.
raise_marks <- function(out, body, keys) {
  for (j in seq_len(ncol(body))) {
    raised <- sub(raised_mark, "", body[, j], perl = TRUE)
    rows <- which(raised != body[, j])
    if (!length(rows)) next
    mark <- substring(body[rows, j], nchar(raised[rows]) + 1L)
    out <- flextable::compose(out, i = rows, j = keys[j],
      value = flextable::as_paragraph(flextable::as_chunk(raised[rows]), flextable::as_sup(mark)))
  }
  out
}

raised_mark <- "((?<=[0-9.])\\*+|(?<=\\bR)2)$"

# Points, by the number of columns.
type_size <- function(k) if (k > 8L) 8 else 9.5

# Inches: a character of a digit's width takes half the size of the type and a Chinese one all of it; bold heads
# and the padding get the rest. A head over several columns shares their width.
text_widths <- function(layout, size, padding = 0.2) {
  head <- layout$head
  for (i in seq_len(nrow(head))) {
    runs <- head_runs(head[i, -1L])
    head[i, -1L][rep(runs$lengths > 1L, runs$lengths)] <- ""
  }
  apply(nchar(rbind(head, layout$body), "width"), 2L, max) * 0.55 * size / 72 + padding
}

table_docx <- function(table, file) {
  flex <- table_flextable(table)
  # Landscape where the columns would not fit on an upright page.
  wide <- sum(dim(flex)$widths) > 6.3
  size <- officer::page_size(orient = if (wide) "landscape" else "portrait")
  section <- officer::prop_section(page_size = size)
  document <- officer::read_docx()
  document <- flextable::body_add_flextable(document, fit_page(flex, table_layout(table), if (wide) 9.5 else 6.3))
  document <- officer::body_set_default_section(document, section)
  print(document, target = file)
}

# Smaller type where the columns are wider than the page; fit_to_width() of flextable measures all text again
# for each size that it tries, which takes minutes for a report.
fit_page <- function(flex, layout, width) {
  normal <- type_size(ncol(layout$body))
  share <- width / sum(text_widths(layout, normal))
  if (share >= 1) return(flex)
  # Below 6 points nobody reads.
  size <- max(6, floor(2 * normal * share) / 2)
  flex <- flextable::fontsize(flex, size = size, part = "all")
  flex <- flextable::padding(flex, padding.left = 3, padding.right = 3, part = "all")
  flextable::height_all(flextable::width(flex, width = fitted_widths(layout, size, width)), height = 1.35 * size / 72)
}

# Heads are broken into lines before numbers are.
fitted_widths <- function(layout, size, width) {
  wanted <- text_widths(layout, size, padding = 0.12)
  layout$head <- layout$head[0L, , drop = FALSE]
  needed <- text_widths(layout, size, padding = 0.12)
  spare <- width - sum(needed)
  if (spare < 0 || sum(wanted) <= width) return(wanted * width / sum(wanted))
  needed + (wanted - needed) * spare / sum(wanted - needed)
}

#' @exportS3Method flextable::as_flextable
as_flextable.pilot_table <- function(x, ...) table_flextable(x)

table_xlsx <- function(table, file) {
  rlang::check_installed("openxlsx", "to write Excel files.")
  layout <- table_layout(table)
  all <- rbind(layout$head, layout$body)
  top <- if (is.null(layout$title)) 0L else 1L
  book <- openxlsx::createWorkbook()
  openxlsx::addWorksheet(book, "Table")
  write <- function(x, row) openxlsx::writeData(book, 1L, x, startRow = row, colNames = FALSE)
  style <- function(row, ..., cols = seq_len(ncol(all))) {
    openxlsx::addStyle(book, 1L, openxlsx::createStyle(...), rows = row, cols = cols, gridExpand = TRUE, stack = TRUE)
  }
  if (top) write(layout$title, 1L)
  write(as.data.frame(all), top + 1L)
  last <- top + nrow(all)
  for (j in seq_len(ncol(all))) style(top + seq_len(nrow(all)), cols = j, halign = layout$align[j])
  style(top + 1L, border = "top", borderStyle = "medium")
  style(top + nrow(layout$head), border = "bottom", borderStyle = "thin")
  if (!is.na(layout$rule) && layout$rule > 0L) style(top + nrow(layout$head) + layout$rule, border = "bottom", borderStyle = "thin")
  style(last, border = "bottom", borderStyle = "medium")
  if (!is.null(layout$note)) write(layout$note, last + 1L)
  openxlsx::setColWidths(book, 1L, cols = seq_len(ncol(all)), widths = apply(nchar(all, "width"), 2L, max) + 2)
  openxlsx::saveWorkbook(book, file, overwrite = TRUE)
}
