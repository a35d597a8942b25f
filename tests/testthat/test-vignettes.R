test_that("every block of the vignettes and of the README runs", {
  folder <- c("../../vignettes", "../../README.md")
  skip_if_not(all(file.exists(folder)), "the source folder is not here")
  skip_if_not_installed("litedown")
  skip_if_not_installed("ggplot2")
  blocks_of <- function(file) {
    lines <- readLines(file, encoding = "UTF-8")
    starts <- grep("^```(\\{r.*\\}|r)$", lines)
    lapply(starts, function(s) {
      end <- s + which(lines[(s + 1):length(lines)] == "```")[1]
      grep("^#>", lines[seq(s + 1, end - 1)], value = TRUE, invert = TRUE)
    })
  }
  grDevices::pdf(NULL)
  on.exit(grDevices::dev.off())
  for (file in c(list.files(folder[1], "[.]Rmd$", full.names = TRUE), folder[2])) {
    env <- new.env(parent = globalenv())
    for (block in blocks_of(file)) {
      code <- parse(text = block, keep.source = FALSE)
      result <- tryCatch(suppressWarnings(suppressMessages(utils::capture.output(for (e in code) eval(e, env)))), error = identity)
      said <- if (inherits(result, "error")) conditionMessage(result)
      expect_null(said, info = paste(c(basename(file), block), collapse = "\n"))
    }
  }
})
