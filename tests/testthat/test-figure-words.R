# Words and names of figures: options(pilotdid.language, pilotdid.labels).

shown <- suppressMessages(shown_results())

# Texts that a base figure draws, by the places of text among the arguments of the graphics engine's calls.
plot_texts <- function(x, ...) {
  # A family with Chinese characters; nothing is written.
  grDevices::pdf(NULL, family = "GB1")
  on.exit(grDevices::dev.off())
  grDevices::dev.control("enable")
  plot(x, ...)
  places <- list(C_title = 1:4, C_text = 2L, C_mtext = 1L, C_axis = 3L)
  calls <- lapply(grDevices::recordPlot()[[1L]], `[[`, 2L)
  texts <- lapply(calls, function(call) Filter(is.character, as.list(call)[-1L][places[[call[[1L]]$name]]]))
  unique(unlist(texts))
}

# Texts that a ggplot draws, from the graphical objects that it is built of.
autoplot_texts <- function(x, ...) {
  skip_if_not_installed("ggplot2")
  grDevices::pdf(NULL, family = "GB1")
  on.exit(grDevices::dev.off())
  collect <- function(grob) {
    c(if (is.character(grob$label)) grob$label, unlist(lapply(c(grob$grobs, grob$children), collect)))
  }
  unique(collect(ggplot2::ggplotGrob(ggplot2::autoplot(x, ...))))
}

# Names of data and of people, symbols, units.
known_names <- c(
  "y", "x", "m", "up", "a", "b", "unit", "time", "code", "year", "region", "resilience", "fdi", "I", "p", "t", "M", "km", "VIF", "ATT",
  "BJS", "DID", "Callaway", "Sant", "Anna", "Anderson", "Rubin", "CRITIC", "TOPSIS", "add", "z", "replace"
)

latin_words <- function(texts) setdiff(unlist(regmatches(texts, gregexpr("[A-Za-z]+", texts))), known_names)

# Further figures of some results.
further_texts <- function(draw) {
  of <- function(class) Filter(function(x) inherits(x, class), shown)[[1L]]
  c(draw(of("pilot_match"), type = "support"), draw(of("pilot_index"), type = "scores"), draw(of("pilot_sdid"), what = "event"))
}

test_that("figures in Chinese hold no English word", {
  withr::local_options(pilotdid.language = "zh", pilotdid.labels = c(status = "\u653f\u7b56"))
  for (x in shown) expect_identical(latin_words(plot_texts(x)), character(), info = class(x)[1L])
  expect_identical(latin_words(further_texts(plot_texts)), character())
  skip_if_not_installed("ggplot2")
  for (x in shown) expect_identical(latin_words(autoplot_texts(x)), character(), info = class(x)[1L])
  expect_identical(latin_words(further_texts(autoplot_texts)), character())
})

test_that("every word of a figure has a translation with the same places for names and numbers", {
  # The texts in the first argument of every call of figure_word().
  texts <- function(expression) {
    if (!is.call(expression) && !is.pairlist(expression)) return(NULL)
    own <- if (identical(expression[[1L]], quote(figure_word))) strings(expression[[2L]])
    c(own, unlist(lapply(as.list(expression), texts)))
  }
  # "a", c("a", "b"), if (test) "a" else "b".
  strings <- function(expression) {
    if (is.character(expression)) return(expression)
    if (!is.call(expression)) return(NULL)
    switch(as.character(expression[[1L]])[1L], c = unlist(lapply(as.list(expression)[-1L], strings)),
      `if` = unlist(lapply(as.list(expression)[-(1:2)], strings))
    )
  }
  functions <- Filter(is.function, as.list(asNamespace("pilotdid")))
  used <- unique(unlist(lapply(functions, function(f) c(texts(formals(f)), texts(body(f))))))
  expect_gt(length(used), 60L)
  expect_true("Effect" %in% used)
  sets <- c(names(status_colors), cluster_levels, effect_names, power_legend, unname(curve_legend), unname(sdid_kinds), vif_kinds)
  words <- c(figure_words_zh(), value_words_zh(), estimator_words_zh())
  expect_setequal(setdiff(c(used, sets), names(words)), character())
  places <- function(text) lengths(regmatches(text, gregexpr("%([0-9]\\$)?s", text)))
  expect_identical(places(unname(figure_words_zh())), places(names(figure_words_zh())))
  expect_identical(anyDuplicated(names(words)), 0L)
})

test_that("labels name terms, outcomes and units; what the caller gives stays", {
  withr::local_options(pilotdid.labels = c(status = "Pilot zone", y = "Outcome", x1 = "Density of roads", time = "Year", `1` = "First city"))
  fit <- shown[[1L]]
  expect_true(all(c("Pilot zone", "Outcome", "Density of roads") %in% plot_texts(fit)))
  expect_true(all(c("Pilot zone", "Outcome", "Density of roads") %in% autoplot_texts(fit)))
  described <- Filter(function(x) inherits(x, "pilot_description"), shown)[[1L]]
  expect_true(all(c("Year", "First city") %in% plot_texts(described)))
  event <- shown[[2L]]
  withr::local_options(pilotdid.language = "zh")
  expect_true(all(c("Effect", "status") %in% plot_texts(event, xlab = "Effect", ylab = "status")))
  expect_true(all(c("Effect", "status") %in% autoplot_texts(event, xlab = "Effect", ylab = "status")))
})

test_that("names that share a label share a line", {
  withr::local_options(pilotdid.labels = c(status = "Same", x1 = "Same", x2 = "Same", up = "Same", a = "Same", b = "Same"))
  skip_if_not_installed("ggplot2")
  for (x in shown) expect_silent(suppressWarnings(autoplot_texts(x)))
})

test_that("without options figures have their English words and the names of the data", {
  expect_true(all(c("Effect", "Periods since the pilot") %in% plot_texts(shown[[2L]])))
  expect_true(all(c("status", "Estimate and 95 % interval") %in% autoplot_texts(shown[[1L]])))
})

test_that("blanks stand around Latin names alone", {
  withr::local_options(pilotdid.language = "zh", pilotdid.labels = c(status = "\u653f\u7b56"))
  expect_identical(figure_word("Effect of %s", figure_name("status")), "\u653f\u7b56\u7684\u6548\u5e94")
  expect_identical(figure_word("Effect of %s", figure_name("did")), "did \u7684\u6548\u5e94")
})

test_that("options that cannot be meant are refused", {
  withr::local_options(pilotdid.language = "fr")
  expect_error(plot_texts(shown[[1L]]), "options\\(pilotdid.language\\)", class = "pilotdid_error_argument")
  expect_error(pilot_table(shown[[1L]]), class = "pilotdid_error_argument")
  withr::local_options(pilotdid.language = "en", pilotdid.labels = "Pilot zone")
  expect_error(autoplot_texts(shown[[1L]]), "options\\(pilotdid.labels\\)", class = "pilotdid_error_argument")
})

test_that("tables and reports follow the options, and a report gives its figures its language and labels", {
  withr::local_options(pilotdid.language = "zh", pilotdid.labels = c(status = "\u653f\u7b56"))
  table <- pilot_table(shown[[1L]])
  expect_true(all(c("\u653f\u7b56", "\u89c2\u6d4b\u503c") %in% table$label))
  expect_true("Observations" %in% pilot_table(shown[[1L]], language = "en")$label)
  expect_true("Observations" %in% pilot_table(shown[[1L]], language = c("en", "zh"))$label)
  skip_if_not_installed("litedown")
  withr::local_options(pilotdid.language = NULL, pilotdid.labels = NULL)
  said <- character()
  # What the options are when a figure is begun.
  setHook("before.plot.new", function() said <<- c(figure_language(), figure_name("x1")), "replace")
  withr::defer(setHook("before.plot.new", NULL, "replace"))
  vif <- Filter(function(x) inherits(x, "pilot_vif"), shown)[[1L]]
  file <- withr::local_tempfile(fileext = ".html")
  pilot_report(vif = vif, own = pilot_table(vif), file = file, language = "zh", labels = c(x1 = "\u9053\u8def"))
  expect_identical(said, c("zh", "\u9053\u8def"))
  expect_null(getOption("pilotdid.language"))
  expect_null(getOption("pilotdid.labels"))
  page <- paste(readLines(file, encoding = "UTF-8"), collapse = "\n")
  expect_equal(lengths(regmatches(page, gregexpr("<th>\u53d8\u91cf</th>", page))), 2L)
})
