panel <- simulate_pilot(units = 60, covariates = 2, seed = 1)
fit <- pilot_did(y ~ status + x1 + x2 | unit + time, panel)

cell <- function(table, label, column, part = "estimate") {
  at <- which(table$label == label & table$part == part)
  table[[column]][at]
}

test_that("cells are the numbers of tidy(), with stars at the usual levels", {
  table <- pilot_table(fit, digits = 3)
  t <- tidy(fit)
  expect_s3_class(table, "tbl_df")
  shown <- as.numeric(gsub("*", "", cell(table, "status", "(1)"), fixed = TRUE))
  expect_equal(shown, round(t$estimate[1], 3))
  expect_equal(table$`(1)`[2], sprintf("(%.3f)", t$std.error[1]))
  expect_equal(star_marks(c(0.2, 0.1, 0.09, 0.05, 0.04, 0.009, NA), c(`*` = 0.1, `**` = 0.05, `***` = 0.01)),
    c("", "", "*", "*", "**", "***", ""))
  expect_equal(cell(table, "Observations", "(1)", "row"), format(nobs(fit), big.mark = ","))
  expect_equal(cell(table, "R2", "(1)", "row"), sprintf("%.3f", glance(fit)$r.squared))
  expect_equal(cell(table, "unit effects", "(1)", "row"), "Yes")
})

test_that("numbers that decimals would show as zero keep their size", {
  expect_equal(table_number(c(0.00001234, -1234.5, 0, NA), 3), c("1.2e-05", "-1,234.500", "0.000", ""))
})

test_that("the statistic below is the one asked for, under the covariance asked for", {
  t <- tidy(fit, vcov = "HC1")
  by_t <- pilot_table(fit, statistic = "statistic", vcov = "HC1", stars = NULL)
  expect_equal(by_t$`(1)`[2], sprintf("(%.2f)", t$statistic[1]))
  ci <- pilot_table(fit, statistic = "conf.int", vcov = "HC1", digits = 2)
  expect_equal(ci$`(1)`[2], sprintf("[%.2f, %.2f]", t$conf.low[1], t$conf.high[1]))
  expect_false(any(pilot_table(fit, statistic = "none")$part == "statistic"))
})

test_that("stepwise columns use the rows of the full model and equal separate fits", {
  holes <- panel
  holes$x2[1:40] <- NA
  full <- pilot_did(y ~ status + x1 + x2 | unit + time, holes)
  table <- pilot_table(full, stepwise = TRUE, digits = 6)
  expect_equal(setdiff(names(table), c("label", "part")), c("(1)", "(2)", "(3)"))
  alone <- pilot_did(y ~ status | unit + time, holes[-(1:40), ])
  expect_equal(gsub("*", "", cell(table, "status", "(1)"), fixed = TRUE), sprintf("%.6f", coef(alone)[["status"]]))
  expect_equal(cell(table, "x2", "(2)"), "")
  expect_length(unique(unlist(table[table$label == "Observations", -(1:2)])), 1)
  blocks <- pilot_table(full, stepwise = list(c("x1", "x2")))
  expect_equal(ncol(blocks), 4)
  expect_error(pilot_table(full, stepwise = list("x3")), class = "pilotdid_error_unknown_term")
})

test_that("factors count as one block of controls", {
  panel$region <- factor(as.integer(panel$unit) %% 3)
  panel$post_region <- factor(ifelse(panel$time > 5, as.character(panel$region), "0"))
  f <- pilot_did(y ~ status + post_region + x1 | unit + time, panel)
  expect_equal(ncol(pilot_table(f, stepwise = list("post_region", "x1"))), 5)
})

test_that("hidden controls are reported and labels merge rows", {
  table <- pilot_table(fit, pilot_did(y ~ status | unit + time, panel), terms = "treatment")
  expect_equal(unlist(table[table$label == "Controls", -(1:2)], use.names = FALSE), c("Yes", "No"))
  cs <- pilot_did(y ~ status | unit + time, panel, estimator = "cs")
  both <- pilot_table(fit, cs, terms = c("status", "ATT"), labels = c(status = "Pilot", ATT = "Pilot"))
  expect_equal(sum(both$label == "Pilot"), 1)
  expect_true(all(nzchar(unlist(both[both$label == "Pilot", -(1:2)]))))
})

test_that("instruments: both stages and the tests of weakness", {
  withr::local_seed(1)
  panel$z <- panel$x1 + rnorm(nrow(panel))
  iv <- pilot_did(y ~ status | unit + time | x1 ~ z, panel)
  table <- pilot_table(iv)
  expect_equal(attr(table, "heads")[[2]], c("First stage", "Second stage (2SLS)"))
  expect_equal(attr(table, "heads")[[3]], c("x1", "y"))
  w <- tidy(weak_iv(iv))
  expect_equal(cell(table, "Kleibergen-Paap rk Wald F", "(2)", "row"), formatC(w$statistic[w$test == "kp_f"], digits = 2, format = "f", big.mark = ","))
  expect_equal(ncol(pilot_table(iv, stages = FALSE)), 3)
})

test_that("spatial fits show coefficients, lags and the three effects", {
  W <- spatial_weights(pilot_cities, "code", ~ longitude + latitude, k = 5)
  sdm <- spatial_did(resilience ~ status + fdi | code + year, pilot_cities, W)
  table <- pilot_table(sdm)
  expect_equal(attr(table, "heads")[[2]], paste0("SDM: ", c("Main", "W x", "Direct", "Indirect", "Total")))
  e <- tidy(effects(sdm))
  expect_match(cell(table, "status", "(4)"), sprintf("^%.4f", e$estimate[e$term == "status" & e$effect == "indirect"]))
  expect_equal(ncol(pilot_table(sdm, effects = FALSE)), 3)
  expect_equal(ncol(pilot_table(spatial_did(resilience ~ status | code + year, pilot_cities, W, model = "sar"))), 6)
})

test_that("every kind of result has its table", {
  h <- heterogeneity(pilot_did(y ~ status | unit + time, simulate_pilot(group_gap = 1, seed = 1)), ~group, draws = 20, seed = 1)
  expect_true(any(pilot_table(h)$label == "Equal effects, p (permutation)"))
  expect_equal(ncol(pilot_table(mechanism(pilot_did(y ~ status | unit + time, panel), ~ x1 + x2))), 4)
  expect_equal(ncol(pilot_table(mechanism(pilot_did(y ~ status | unit + time, panel), ~x1, steps = "three"))), 5)
  expect_equal(ncol(pilot_table(compare_estimators(fit, c("twfe", "bjs")), terms = "status")), 4)
  psm <- suppressWarnings(psm_did(y ~ status | unit + time, panel, match = ~ x1 + x2, replace = TRUE))
  expect_equal(attr(pilot_table(psm), "heads")[[2]], c("Matched", "On support", "Frequency-weighted"))
  event <- event_study(fit)
  expect_true("-1" %in% pilot_table(event)$label)
  expect_equal(nrow(pilot_table(placebo(fit, draws = 19, seed = 1), placebo(fit, draws = 19, seed = 2))), 2)
  for (x in list(wild_bootstrap(fit, draws = 99, seed = 1), vif_table(fit), describe_panel(panel, unit = "unit", time = "time"),
    entropy_index(~ x1 + x2, panel), psm$match, balance(psm$match), aggregate_effects(pilot_did(y ~ status | unit + time, panel, estimator = "bjs")))) {
    expect_s3_class(pilot_table(x), "pilot_table")
  }
})

test_that("what has no table is refused", {
  expect_error(pilot_table(), class = "pilotdid_error_argument")
  expect_error(pilot_table(1:3), class = "pilotdid_error_no_table")
  expect_error(pilot_table(fit, vif_table(fit)), class = "pilotdid_error_mixed")
  expect_error(pilot_table(fit, terms = "statu"), class = "pilotdid_error_unknown_term")
  expect_error(pilot_table(fit, output = "table.pdf"), class = "pilotdid_error_output")
  expect_error(pilot_table(fit, rows = list(a = 1:2)), class = "pilotdid_error_argument")
  expect_error(pilot_table(fit, labels = "a"), class = "pilotdid_error_argument")
  expect_error(pilot_table(fit, file = "table.docx"), "output", class = "pilotdid_error_argument")
})

test_that("markdown, LaTeX and HTML escape what would be read as markup", {
  odd <- panel
  names(odd)[names(odd) == "x1"] <- "a_b & 50% <c> | d"
  f <- pilot_did(y ~ status + `a_b & 50% <c> | d` | unit + time, odd)
  name <- names(coef(f))[2]
  md <- pilot_table(f, output = "markdown")
  lines <- strsplit(md, "\n")[[1]]
  rows <- lines[startsWith(lines, "|")]
  bars <- lengths(regmatches(rows, gregexpr("(?<!\\\\)[|]", rows, perl = TRUE)))
  expect_equal(unique(bars), 3L)
  tex <- pilot_table(f, output = "latex")
  expect_match(tex, "a\\_b \\& 50\\% $<$c$>$", fixed = TRUE)
  expect_equal(lengths(regmatches(tex, gregexpr("\\\\(toprule|bottomrule)", tex))), 2L)
  html <- pilot_table(f, output = "html")
  expect_match(html, "a_b &amp; 50% &lt;c&gt; | d", fixed = TRUE)
})

test_that("Chinese labels and words", {
  chinese <- c(status = "\u8bd5\u9a8c\u533a", unit = "\u57ce\u5e02", time = "\u5e74\u4efd")
  table <- pilot_table(fit, labels = chinese, language = "zh", terms = "treatment")
  expect_true(all(c("\u8bd5\u9a8c\u533a", "\u57ce\u5e02\u56fa\u5b9a\u6548\u5e94", "\u89c2\u6d4b\u503c") %in% table$label))
  file <- withr::local_tempfile(fileext = ".csv")
  pilot_table(fit, labels = chinese, language = "zh", output = file)
  expect_match(readLines(file, encoding = "UTF-8")[3], "\u8bd5\u9a8c\u533a", fixed = TRUE)
})

test_that("notes, groups and estimators go by the caller's labels and in the table's language", {
  named <- c(unit = "City", time = "Year")
  both <- pilot_table(fit, pilot_did(y ~ status | unit + time, panel, vcov = ~ unit + time), labels = named)
  expect_match(attr(both, "notes")[2], "clustered by City; clustered by City and Year", fixed = TRUE)
  chinese <- pilot_table(fit, labels = c(unit = "\u57ce\u5e02"), language = "zh")
  # One kind of standard error: one sentence.
  expect_identical(attr(pilot_table(fit, labels = named), "notes")[1], "Standard errors in parentheses (clustered by City).")
  expect_match(attr(chinese, "notes")[1], "\u805a\u7c7b\u5230\u57ce\u5e02\u5c42\u9762", fixed = TRUE)
  panel$region <- ifelse(as.integer(panel$unit) %% 2 == 0, "a", "b")
  groups <- heterogeneity(pilot_did(y ~ status | unit + time, panel), "region", draws = 0)
  expect_equal(attr(pilot_table(groups, labels = c(region = "Region", a = "East")), "heads")[[2]], c("Region = East", "Region = b"))
  imputed <- pilot_did(y ~ status | unit + time, panel, estimator = "bjs")
  expect_match(attr(pilot_table(imputed, language = "zh"), "heads")[[2]], "\u63d2\u8865\u4f30\u8ba1", fixed = TRUE)
})

test_that("no Latin word but names and symbols is left in the Chinese tables of tests", {
  withr::local_seed(1)
  panel$z <- panel$x1 + rnorm(nrow(panel))
  iv <- pilot_did(y ~ status | unit + time | x1 ~ z, panel)
  W <- spatial_weights(pilot_cities, "code", ~ longitude + latitude, k = 5)
  durbin <- spatial_did(resilience ~ status + fdi | code + year, pilot_cities, W)
  names <- c(
    "Kleibergen", "Paap", "rk", "LM", "Wald", "F", "Anderson", "Cragg", "Donald", "Olea", "Pflueger", "tF", "Lee", "et", "al",
    "Rubin", "chi", "Stock", "Wright", "S", "Durbin", "Wu", "Hausman", "C", "Wooldridge", "Sargan", "Hansen", "J", "Yogo", "SLS", "LR", "SDM", "SAR", "SEM", "Mundlak", "theta", "rho", "beta", "p", "e"
  )
  for (x in list(weak_iv(iv), spatial_tests(durbin))) {
    table <- pilot_table(x, language = "zh")
    shown <- c(unlist(table[names(table) != "part"]), unlist(attr(table, "heads")), attr(table, "notes"), attr(table, "corner"))
    words <- unlist(regmatches(shown, gregexpr("[A-Za-z]+", shown)))
    expect_setequal(setdiff(words, names), character())
  }
})

test_that("an interaction takes the labels of its parts unless it has its own", {
  labels <- c(status = "Pilot", x1 = "Roads", `status:x2` = "Both")
  expect_identical(relabel_terms(c("status:x1", "status:x2", "W:x1", "x3:x4"), labels), c("Pilot:Roads", "Both", "W:Roads", "x3:x4"))
  moderated <- suppressWarnings(moderation(pilot_did(y ~ status | unit + time, panel), "x1"))
  expect_true("Pilot:Roads" %in% pilot_table(moderated, labels = labels)$label)
})

test_that("yes and no stand for logical values", {
  frame <- data.frame(city = c("a", "b", "c"), joined = c(TRUE, FALSE, NA))
  expect_identical(pilot_table(frame)$joined, c("Yes", "No", ""))
  expect_identical(pilot_table(frame, language = "zh")$joined, c("\u662f", "\u5426", ""))
})

test_that("the effects of a mediation, the rings, targets and violations are named", {
  fit <- pilot_did(y ~ status | unit + time, panel)
  through <- report_table(suppressWarnings(mediation(fit, "x1", draws = 20, seed = 1)), character(), "zh")[[1L]]
  expect_identical(attr(through, "corner"), "\u6548\u5e94")
  expect_identical(through$label[1:3], c("\u603b\u6548\u5e94", "\u8def\u5f84 a", "\u8def\u5f84 b"))
  rings <- ring_did(resilience ~ status | code + year, pilot_cities, ~ longitude + latitude, rings = c(0, 100, 200))
  table <- report_table(rings, c(status = "Pilot"), "en")[[1L]]
  expect_identical(table$label, c("Pilot", "0-100", "100-200"))
  expect_false(any(c("ring.low", "on.treated") %in% names(table)))
  expect_identical(attr(report_table(twfe_weights(fit), character(), "en")[[1L]], "corner"), "Cohort")
})

test_that("LaTeX: one rule below the heads, stars and indents are set, wide tables get smaller type", {
  tex <- pilot_table(fit, fit, labels = c(y = "Outcome"), output = "latex")
  expect_no_match(tex, "cmidrule", fixed = TRUE)
  expect_match(tex, "$^{***}$~p~$<$~0.01", fixed = TRUE)
  expect_match(tex, "tabular*}{\\linewidth}", fixed = TRUE)
  expect_no_match(tex, "\\small\n", fixed = TRUE)
  twice <- pilot_table(`Same name` = fit, `Same name` = fit, output = "latex")
  expect_equal(lengths(regmatches(twice, gregexpr("cmidrule", twice, fixed = TRUE))), 1L)
  expect_match(pilot_table(fit, stepwise = TRUE, statistic = "conf.int", digits = 8, output = "latex"), "\\(small|footnotesize|scriptsize)\n")
  expect_equal(latex_cell(c("  p-value", "-0.5***", "R2")), c("\\quad p-value", "$-$0.5$^{***}$", "$R^2$"))
  expect_equal(html_cell(c("  p-value", "-0.5***", "R2")), c("&emsp;p-value", "-0.5<sup>***</sup>", "R<sup>2</sup>"))
})

test_that("a Word column is as wide as its longest text, Chinese characters twice a digit", {
  layout <- list(head = rbind(c("", "(1)", "(2)"), c("", "long head over both", "long head over both")), body = cbind("abcd", "1.0", "2.0"))
  widths <- text_widths(layout, 10)
  expect_equal(widths[2], widths[3])
  expect_lt(widths[2], widths[1])
  layout$body[1] <- "\u57ce\u5e02\u56fa\u5b9a"
  expect_equal(text_widths(layout, 10)[1] - 0.2, 2 * (widths[1] - 0.2))
})

test_that("on a narrow page heads are broken before numbers", {
  layout <- list(head = rbind(c("", "a very long head of a column", "b")), body = cbind("label", "0.1234***", "0.1234***"))
  widths <- fitted_widths(layout, 6, 2)
  expect_equal(sum(widths), 2)
  # All columns have room for their cells; what is left goes to the long head.
  expect_true(all(widths >= nchar(c("label", "0.1234***", "0.1234***")) * 0.55 * 6 / 72))
  expect_gt(widths[2], widths[3])
  expect_equal(sum(fitted_widths(layout, 6, 0.5)), 0.5)
})

test_that("files are written in every format", {
  for (type in c("md", "tex", "html", "csv")) {
    file <- withr::local_tempfile(fileext = paste0(".", type))
    expect_invisible(pilot_table(fit, output = file))
    expect_match(paste(readLines(file), collapse = "\n"), "status")
  }
})

test_that("Word has three lines and the text, Excel the cells", {
  skip_if_not_installed("flextable")
  skip_if_not_installed("officer")
  file <- withr::local_tempfile(fileext = ".docx")
  pilot_table(fit, fit, title = "Baseline", output = file)
  found <- officer::docx_summary(officer::read_docx(file))
  expect_true(all(c("status", "Observations", "(2)") %in% found$text))
  expect_s3_class(pilot_table(fit, output = "flextable"), "flextable")
  skip_if_not_installed("openxlsx")
  file <- withr::local_tempfile(fileext = ".xlsx")
  pilot_table(fit, output = file)
  book <- openxlsx::read.xlsx(file, colNames = FALSE)
  expect_true(all(c("status", "Observations") %in% book[[1]]))
})

test_that("text is set from the left and numbers from the right in every format", {
  frame <- data.frame(city = c("a", "bb"), zone = c("east", "far west"), value = c(1.5, 22.25), year = 2015:2016, joined = c(TRUE, FALSE))
  table <- pilot_table(frame, digits = 2)
  expect_match(pilot_table(frame, digits = 2, output = "markdown"), "\\| :--+ \\| :--+ \\| --+: \\| --+: \\| :--+ \\|")
  expect_match(pilot_table(frame, digits = 2, output = "latex"), "{@{\\extracolsep{\\fill}}llrrl@{}}", fixed = TRUE)
  html <- pilot_table(frame, digits = 2, output = "html")
  expect_match(html, "<th class=\"text\">zone</th><th>value</th><th>Year|<th class=\"text\">zone</th><th>value</th><th>year</th>")
  expect_match(html, "<td>a</td><td class=\"text\">east</td><td>1.50</td><td>2015</td><td class=\"text\">Yes</td>", fixed = TRUE)
  expect_match(table_css(), ".pilot-table.plain .text{text-align:left}", fixed = TRUE)
  printed <- capture.output(print(table))
  expect_match(printed, "^a     east       1.50", all = FALSE)
  expect_match(printed, "^bb    far west  22.25", all = FALSE)
  # Columns of estimates stay centered.
  expect_match(pilot_table(fit, output = "latex"), "{@{\\extracolsep{\\fill}}lc@{}}", fixed = TRUE)
  skip_if_not_installed("flextable")
  flex <- pilot_table(frame, output = "flextable")
  expect_identical(flex$body$styles$pars$text.align$data[1L, ], c(c1 = "left", c2 = "left", c3 = "right", c4 = "right", c5 = "left"))
  skip_if_not_installed("openxlsx")
  file <- withr::local_tempfile(fileext = ".xlsx")
  pilot_table(frame, output = file)
  sides <- function(column) {
    styles <- Filter(function(s) column %in% s$cols && !is.null(s$style$halign), openxlsx::loadWorkbook(file)$styleObjects)
    unique(vapply(styles, function(s) s$style$halign, ""))
  }
  expect_identical(lapply(1:5, sides), as.list(c("left", "left", "right", "right", "left")))
})

test_that("in Word stars and the 2 of R2 are superscript, and Chinese text has a Chinese font", {
  skip_if_not_installed("flextable")
  skip_if_not_installed("officer")
  file <- withr::local_tempfile(fileext = ".docx")
  pilot_table(fit, title = "Baseline", language = "zh", output = file)
  connection <- unz(file, "word/document.xml", encoding = "UTF-8")
  lines <- paste(readLines(connection, warn = FALSE), collapse = "")
  close(connection)
  runs <- regmatches(lines, gregexpr("<w:r>.*?</w:r>", lines, perl = TRUE))[[1L]]
  text <- trimws(gsub("<[^>]*>", "", runs))
  raised <- grepl("superscript", runs)
  expect_setequal(text[raised], c("***", "2"))
  # Nothing but the notes has stars on the line.
  expect_false(any(grepl("[0-9]\\*", text[!raised])))
  expect_true(all(grepl("w:eastAsia=\"SimSun\"", runs[nzchar(text)])))
})

test_that("tinytable gets heads and notes", {
  skip_if_not_installed("tinytable")
  object <- pilot_table(fit, fit, output = "tinytable")
  expect_match(tinytable::save_tt(object, "latex"), "status", fixed = TRUE)
})

test_that("printing lines up the numbers", {
  out <- capture.output(print(pilot_table(fit)))
  expect_true(any(grepl("Observations", out)))
  expect_equal(as.vector(hang_stars(matrix(c("1.00***", "(0.20)", "2"), 3))), c("1.00***", "(0.20)  ", "2   "))
})

test_that("periods in the table of a decomposition are names, not quantities", {
  table <- pilot_table(bacon_decomposition(pilot_did(resilience ~ status | code + year, pilot_cities)))
  expect_false(any(grepl("2,01", unlist(table), fixed = TRUE)))
  expect_true("2016" %in% unlist(table))
})
