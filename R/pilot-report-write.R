# Blocks -> one HTML file without any request to the network, or a Word document.

report_html <- function(blocks, file, title, language) {
  markdown <- vapply(blocks, block_markdown, "")
  body <- litedown::mark(text = paste(markdown, collapse = "\n\n"), output = "html", meta = list(), options = "-auto_identifiers-smart-superscript-subscript-latex_math")
  # Figures and tables are put in after the conversion: markdown must not read their content.
  page <- c(
    "<!DOCTYPE html>", paste0("<html lang=\"", language, "\">"), "<head>", "<meta charset=\"utf-8\">",
    "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">",
    paste0("<title>", html_escape(title), "</title>"), "<link rel=\"icon\" href=\"data:,\">",
    "<style>", table_css(), report_css(), "</style>", "</head>", "<body>", "<main>",
    fill_slots(paste(body, collapse = "\n"), blocks), "</main>", "</body>", "</html>"
  )
  write_utf8(page, file)
}


block_markdown <- function(block) {
  switch(block$kind,
    title = paste("#", markdown_text(block$value)), heading = paste("##", markdown_text(block$value)),
    subheading = paste("###", markdown_text(block$value)), text = markdown_text(block$value),
    list = paste("-", markdown_text(block$value), collapse = "\n"),
    # Four backticks: code may hold three.
    code = paste(c("````r", block$value, "````"), collapse = "\n"),
    "<div data-slot=\"next\"></div>"
  )
}

# Names of columns are text, not markup.
markdown_text <- function(x) gsub("([\\\\`*_{}\\[\\]<>#+!|$~^-])", "\\\\\\1", enc2utf8(as.character(x)), perl = TRUE)

fill_slots <- function(html, blocks) {
  held <- Filter(function(b) b$kind %in% c("table", "figure"), blocks)
  pieces <- strsplit(html, "<div data-slot=\"next\"></div>", fixed = TRUE)[[1L]]
  # strsplit drops an empty end.
  pieces <- c(pieces, rep("", max(0L, length(held) + 1L - length(pieces))))
  filled <- vapply(held, function(b) if (b$kind == "table") table_html(b$value) else figure_html(b), "")
  paste0(c(rbind(pieces, c(filled, ""))), collapse = "")
}

figure_html <- function(block) {
  paste0("<figure><img src=\"", xfun_base64(block$value), "\" alt=\"", gsub("\"", "&quot;", html_escape(block$alt), fixed = TRUE), "\"></figure>")
}

# xfun is a dependency of litedown.
xfun_base64 <- function(file) xfun::base64_uri(file)

report_css <- function() {
  paste(
    "body{font-family:Georgia,'Noto Serif CJK SC','Songti SC',SimSun,serif;line-height:1.5;color:#1b1b1b;background:#fff;margin:0}",
    "main{max-width:900px;margin:0 auto;padding:1.5rem 1rem 4rem;box-sizing:border-box}",
    "h1{font-size:1.7rem;line-height:1.2}", "h2{font-size:1.25rem;margin:2.2rem 0 .6rem;border-bottom:1px solid #ddd;padding-bottom:.2rem}",
    "h3{font-size:1.05rem;margin:1.4rem 0 .4rem}", "p,li{overflow-wrap:anywhere}", "figure{margin:1rem 0}",
    "img{max-width:100%;height:auto;display:block}", "ul{padding-left:1.2rem}",
    "pre{overflow-x:auto;background:#f6f6f6;padding:.8rem;font-size:.85rem;line-height:1.35}",
    "code{font-family:ui-monospace,Menlo,Consolas,monospace}",
    paste0("@media print{main{max-width:none;padding:0}h2,h3{break-after:avoid}figure,tr{break-inside:avoid}",
      ".pilot-table-box{overflow:visible}.pilot-table{font-size:.8em}.pilot-table.wide{font-size:.62em}.pilot-table th,.pilot-table td{padding:.1em .3em;position:static}.pilot-table th{white-space:normal}",
      "pre{white-space:pre-wrap}}"),
    sep = "\n"
  )
}

report_docx <- function(blocks, file) {
  document <- officer::read_docx()
  for (b in blocks) document <- block_docx(document, b)
  print(document, target = file)
}

block_docx <- function(document, b) {
  paragraph <- function(text, style) {
    Reduce(function(to, line) officer::body_add_par(to, line, style = style), text, document)
  }
  switch(b$kind,
    # The headings of the template are numbered: the title is none.
    title = officer::body_add_fpar(document, title_paragraph(b$value)),
    heading = paragraph(b$value, "heading 1"), subheading = paragraph(b$value, "heading 2"), text = paragraph(b$value, "Normal"),
    list = Reduce(function(to, line) officer::body_add_fpar(to, list_paragraph(line)), b$value, document),
    code = officer::body_add_fpar(document, code_paragraph(b$value)),
    table = {
      # The headings of the template are underlined: without a line between them that would be the first of the table.
      document <- officer::body_add_par(document, "")
      document <- flextable::body_add_flextable(document, fit_page(table_flextable(b$value), table_layout(b$value), 6.3))
      officer::body_add_par(document, "")
    },
    figure = officer::body_add_img(document, b$value, width = 6, height = 6 * image_ratio(b$value))
  )
}

title_paragraph <- function(title) {
  officer::fpar(officer::ftext(title, officer::fp_text_lite(bold = TRUE, font.size = 18)),
    fp_p = officer::fp_par(padding.bottom = 6, line_spacing = 1.15))
}

list_paragraph <- function(line) {
  officer::fpar(officer::ftext(paste("\u2022", line)), fp_p = officer::fp_par(padding.top = 3, padding.bottom = 3, line_spacing = 1.15))
}

# One paragraph: a paragraph a line takes minutes for a long script.
code_paragraph <- function(lines) {
  small <- officer::fp_text(font.family = "Courier New", font.size = 8.5)
  runs <- lapply(lines, function(line) list(officer::ftext(line, small), officer::run_linebreak()))
  do.call(officer::fpar, unlist(runs, recursive = FALSE))
}

# Height over width, from the header of the PNG file.
image_ratio <- function(file) {
  header <- readBin(file, "raw", 24L)
  size <- readBin(header[17:24], "integer", 2L, endian = "big")
  size[2L] / size[1L]
}

report_words <- function(language) {
  if (language == "zh") {
    return(list(
      title = "\u653f\u7b56\u8bd5\u70b9\u8bc4\u4f30\u62a5\u544a",
      methods = "\u65b9\u6cd5\u8bf4\u660e", code = "\u590d\u73b0\u4ee3\u7801",
      sections = list(
        data = "\u6570\u636e\u4e0e\u8bd5\u70b9\u6279\u6b21", index = "\u7efc\u5408\u6307\u6570", baseline = "\u57fa\u51c6\u56de\u5f52",
        event = "\u4e8b\u4ef6\u7814\u7a76\u4e0e\u5e73\u884c\u8d8b\u52bf\u68c0\u9a8c", robustness = "\u7a33\u5065\u6027\u68c0\u9a8c",
        iv = "\u5de5\u5177\u53d8\u91cf", mechanism = "\u673a\u5236\u68c0\u9a8c", heterogeneity = "\u5f02\u8d28\u6027\u5206\u6790",
        spatial = "\u7a7a\u95f4\u6ea2\u51fa\u6548\u5e94", diagnostics = "\u8bca\u65ad", other = "\u5176\u4ed6\u7ed3\u679c"
      )
    ))
  }
  list(
    title = "Policy pilot: report", methods = "What was done", code = "Code",
    sections = list(
      data = "Data and cohorts", index = "Index", baseline = "Baseline", event = "Event study and parallel trends",
      robustness = "Robustness", iv = "Instrumental variables", mechanism = "Mechanisms", heterogeneity = "Heterogeneity",
      spatial = "Spatial models", diagnostics = "Diagnostics", other = "Other results"
    )
  )
}
