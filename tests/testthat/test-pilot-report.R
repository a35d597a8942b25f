panel <- simulate_pilot(units = 50, covariates = 2, seed = 1)
fit <- pilot_did(y ~ status + x1 + x2 | unit + time, panel)

test_that("the page holds everything and asks nothing of the network", {
  skip_if_not_installed("litedown")
  file <- withr::local_tempfile(fileext = ".html")
  out <- expect_invisible(pilot_report(
    panel = describe_panel(panel, unit = "unit", time = "time", status = "status"), baseline = fit,
    event = event_study(fit), placebo = placebo(fit, draws = 29, seed = 1), vif = vif_table(fit),
    file = file, title = "Cities & <zones>", note = "Simulated data.", stepwise = TRUE
  ))
  expect_equal(out, file)
  page <- paste(readLines(file, encoding = "UTF-8"), collapse = "\n")
  expect_match(page, "Cities &amp; &lt;zones&gt;", fixed = TRUE)
  links <- unlist(regmatches(page, gregexpr("(src|href)=\"[^\"]{0,12}", page)))
  expect_true(all(grepl("=\"data:", links)))
  expect_false(grepl("@import|url\\(|<script", page))
  expect_false(grepl("data-slot", page))
  # A picture of status paths, event study, placebo, VIF; and four tables beside the stepwise one.
  expect_equal(lengths(regmatches(page, gregexpr("<img ", page))), 4L)
  expect_equal(lengths(regmatches(page, gregexpr("<table ", page))), 5L)
  headings <- c("Data and cohorts", "Baseline", "Event study and parallel trends", "Robustness", "Diagnostics", "What was done", "Code")
  at <- vapply(headings, function(h) regexpr(paste0("<h2[^>]*>", h), page)[1], 1)
  expect_false(is.unsorted(at, strictly = TRUE))
  expect_true(all(at > 0))
})

test_that("wide tables scroll in boxes of their own", {
  expect_match(table_css(), ".pilot-table-box{overflow-x:auto", fixed = TRUE)
  expect_match(pilot_table(fit, output = "html"), "<div class=\"pilot-table-box\"", fixed = TRUE)
})

test_that("the paragraph on methods states what was chosen", {
  text <- paste(methods_text(fit), collapse = " ")
  for (part in c("y ~ status \\+ x1 \\+ x2 \\| unit \\+ time", "500 rows", "none dropped", "clustered by unit", "50 clusters")) expect_match(text, part)
  holes <- panel
  holes$x1[1:7] <- NA
  expect_match(paste(methods_text(pilot_did(y ~ status + x1 | unit + time, holes)), collapse = " "), "dropped: 7 missing")
  expect_match(methods_text(placebo(fit, draws = 29, seed = 77)), "29 draws by scheme unit, seed 77")
  expect_match(methods_text(wild_bootstrap(fit, draws = 99, type = "webb", seed = 3)), "99 draws, webb weights by unit, null imposed, seed 3")
  expect_match(paste(methods_text(event_study(fit, window = c(-2, 2))), collapse = " "), "reference period -1; the ends of the window")
  expect_match(paste(methods_text(pilot_did(y ~ status | unit + time, panel, estimator = "cs", control_group = "notyet")), collapse = " "), "control_group = notyet")
  expect_match(paste(methods_text(entropy_index(~ x1 - x2, panel)), collapse = " "), "Negative direction: x2")
  psm <- suppressWarnings(psm_did(y ~ status | unit + time, panel, match = ~ x1 + x2, caliper = 0.2, replace = TRUE))
  expect_match(paste(methods_text(psm), collapse = " "), "caliper = 0.2")
  expect_match(methods_text(heterogeneity(fit, ~ as.integer(unit) %% 2, draws = 19, seed = 5)), "19 draws, strata none, seed 5")
})

test_that("every section's results have text on their methods", {
  withr::local_seed(1)
  panel$z <- panel$x1 + rnorm(nrow(panel))
  iv <- pilot_did(y ~ status | unit + time | x1 ~ z, panel)
  W <- spatial_weights(pilot_cities, "code", ~ longitude + latitude, k = 4)
  sar <- spatial_did(resilience ~ status | code + year, pilot_cities, W, model = "sar")
  plain <- pilot_did(y ~ status | unit + time, panel)
  for (x in list(
    iv, weak_iv(iv), sar, mechanism(plain, ~x1, draws = 0), mediation(plain, "x1", draws = 20, seed = 1), suppressWarnings(moderation(plain, "x1")), compare_estimators(fit, c("twfe", "bjs")),
    vif_table(fit), describe_panel(panel, unit = "unit", time = "time")
  )) {
    text <- methods_text(x)
    expect_gt(length(text), 0)
    expect_true(all(endsWith(text, ".")))
  }
})

test_that("the code that is shown gives the results again", {
  formula <- y ~ status + x1 | unit + time
  model <- pilot_did(formula, panel, vcov = "HC1")
  results <- report_results(
    list(model, placebo = placebo(model, draws = 19, seed = 3)), expression(model, placebo(model, draws = 19, seed = 3))
  )
  code <- recorded_code(results)
  space <- new.env(parent = environment())
  rm_model <- model
  eval(parse(text = code), space)
  expect_identical(coef(space$model), coef(rm_model))
  expect_identical(vcov(space$model), vcov(rm_model))
  expect_identical(tidy(space$placebo), tidy(placebo(rm_model, draws = 19, seed = 3)))
  expect_match(paste(code, collapse = "\n"), "y ~ status + x1 | unit + time", fixed = TRUE)
})

test_that("a script is shown as it is, an object without a call is named", {
  expect_equal(script_lines(c("a <- 1", "b")), c("a <- 1", "b"))
  file <- withr::local_tempfile(lines = c("x <- 1", "````"))
  expect_equal(script_lines(file), c("x <- 1", "````"))
  vif <- vif_table(fit)
  expect_match(recorded_code(report_results(list(vif), expression(vif))), "made outside of the report", all = FALSE)
})

test_that("the heads of a Chinese report's tables are Chinese", {
  fit <- pilot_did(y ~ status + x1 + x2 | unit + time, panel)
  more <- list(
    oster_delta(fit), robustness_value(fit), placebo_time(fit, 1:2),
    drop_neighbors(pilot_did(resilience ~ status | code + year, pilot_cities), ~ longitude + latitude, c(50, 100))
  )
  names <- c(
    "p", "P", "t", "b", "e", "R", "VIF", "GVIF", "SDM", "W", "x", "y", "m", "ATT", "delta", "beta", "resilience", "BJS", "Callaway",
    "Sant", "Anna", "de", "Chaisemartin", "D", "Haultfoeuille", "SLS", "region", "a"
  )
  for (x in c(suppressMessages(shown_results()), more)) {
    for (table in report_table(x, character(), "zh")) {
      heads <- c(unlist(attr(table, "heads")), attr(table, "corner"))
      words <- unlist(regmatches(heads, gregexpr("[A-Za-z.]+", heads)))
      expect_identical(setdiff(words, names), character(), info = class(x)[1L])
    }
  }
})

test_that("Word holds headings, tables and figures", {
  skip_if_not_installed("flextable")
  skip_if_not_installed("officer")
  file <- withr::local_tempfile(fileext = ".docx")
  pilot_report(list(baseline = fit, event = event_study(fit)), file = file, language = "zh", labels = c(status = "\u8bd5\u9a8c\u533a"))
  found <- officer::docx_summary(officer::read_docx(file))
  expect_true(all(c("\u57fa\u51c6\u56de\u5f52", "\u8bd5\u9a8c\u533a") %in% found$text))
  parts <- utils::unzip(file, list = TRUE)$Name
  expect_length(grep("media/.*png$", parts), 1)
})

test_that("names that look like markup stay text", {
  expect_equal(markdown_text("a_b*[c]"), "a\\_b\\*\\[c\\]")
  skip_if_not_installed("litedown")
  file <- withr::local_tempfile(fileext = ".html")
  pilot_report(`<b>_x_</b>` = event_study(fit), file = file, figures = FALSE)
  expect_match(paste(readLines(file), collapse = ""), "&lt;b&gt;_x_&lt;/b&gt;", fixed = TRUE)
})

test_that("what cannot be reported is refused", {
  expect_error(pilot_report(fit, file = "report.pdf"), class = "pilotdid_error_output")
  skip_if_not_installed("litedown")
  expect_error(pilot_report(file = "report.html"), class = "pilotdid_error_argument")
  expect_error(pilot_report(1:3, file = withr::local_tempfile(fileext = ".html")), class = "pilotdid_error_no_table")
})

test_that("a figure that fails is left out with a warning", {
  x <- structure(list(), class = c("pilot_vif"))
  expect_warning(expect_null(report_figure(x, "vif")), class = "pilotdid_warning_figure")
})
