# Tables for the console. Widths are those on the screen: a Chinese character takes two columns.

pad_left <- function(x, width) paste0(strrep(" ", pmax(0, width - nchar(x, "width"))), x)
pad_right <- function(x, width) paste0(x, strrep(" ", pmax(0, width - nchar(x, "width"))))

fixed_digits <- function(x, digits) {
  ifelse(is.na(x), "", formatC(x, digits = digits, format = "f", big.mark = ","))
}

# Whole numbers without decimals, others with `digits` of them; "" for missing.
short_numbers <- function(x, digits) {
  whole <- all(x == round(x), na.rm = TRUE)
  fixed_digits(x, if (whole) 0 else digits)
}

# Prints a data frame: text to the left, numbers to the right.
print_text_table <- function(table, digits = 4, indent = 2) {
  cells <- Map(function(column, head) {
    text <- if (is.numeric(column)) short_numbers(column, digits) else format_text(column)
    all <- c(head, text)
    (if (is.numeric(column)) pad_left else pad_right)(all, max(nchar(all, "width")))
  }, as.list(table), names(table))
  lines <- do.call(paste, c(unname(cells), sep = "  "))
  lines <- sub(" +$", "", paste0(strrep(" ", indent), lines))
  cat(lines[nzchar(lines)], sep = "\n")
}

format_text <- function(x) {
  x <- as.character(x)
  x[is.na(x)] <- ""
  x
}

# User text as bullets of a message: braces are not glue.
bullet_lines <- function(lines) set_names(set_names_i(lines), "*")
