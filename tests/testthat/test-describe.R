described_panel <- function() {
  withr::local_seed(3)
  panel <- expand.grid(year = 2012:2019, city = paste0("城市", 1:30), stringsAsFactors = FALSE)
  id <- match(panel$city, unique(panel$city))
  panel$gdp <- rnorm(240) + id / 5
  panel$wage <- panel$gdp + rnorm(240)
  panel$pilot <- as.integer(id <= 9 & panel$year >= 2014 + id %% 3)
  panel$pilot[id == 4 & panel$year == 2019] <- 0L
  panel$gdp[c(3, 77)] <- NA
  panel[-c(21, 200:202), ]
}

test_that("the descriptive table equals plain R, column by column", {
  panel <- described_panel()
  table <- tidy(describe_panel(panel, unit = "city", time = "year"))
  expect_identical(table$variable, c("gdp", "wage", "pilot"))
  for (j in 1:3) {
    x <- panel[[table$variable[j]]]
    city <- panel$city[!is.na(x)]
    x <- x[!is.na(x)]
    expect_identical(table$n[j], as.numeric(length(x)))
    expect_identical(table$missing[j], as.numeric(nrow(panel) - length(x)))
    plain <- c(mean(x), sd(x), quantile(x, c(0, .25, .5, .75, 1), type = 2, names = FALSE))
    ours <- table[j, c("mean", "sd", "min", "p25", "median", "p75", "max")]
    expect_equal(unlist(ours, use.names = FALSE), plain)
    # xtsum: unit means, and deviations from them.
    means <- tapply(x, city, mean)
    expect_equal(table$sd.between[j], sd(means), tolerance = 1e-12)
    expect_equal(table$sd.within[j], sqrt(sum((x - means[city])^2) / (length(x) - 1)), tolerance = 1e-12)
  }
})

test_that("correlations are cor.test()'s", {
  panel <- described_panel()
  table <- tidy(describe_panel(panel, ~ gdp + wage + pilot), "correlation")
  for (r in seq_len(nrow(table))) {
    test <- cor.test(panel[[table$variable1[r]]], panel[[table$variable2[r]]])
    expect_equal(table$estimate[r], unname(test$estimate), tolerance = 1e-12)
    expect_equal(table$p.value[r], test$p.value, tolerance = 1e-9)
    expect_identical(table$n[r], test$parameter[["df"]] + 2)
  }
  text <- capture.output(print(describe_panel(panel, ~ gdp + wage)))
  expect_match(text, "\\(2\\) wage +0\\.[0-9]+\\*\\*\\*", all = FALSE)
})

test_that("balance, patterns and cohorts count what is there", {
  panel <- described_panel()
  description <- describe_panel(panel, unit = ~city, time = ~year, status = "pilot")
  balance <- tidy(description, "balance")
  value <- setNames(balance$value, balance$statistic)
  sizes <- table(panel$city)
  expect_identical(value[["rows"]], 236)
  expect_identical(value[["rows a unit, smallest"]], as.numeric(min(sizes)))
  expect_identical(value[["units with all periods"]], as.numeric(sum(sizes == 8)))
  expect_equal(value[["share of unit-periods present"]], 236 / 240)
  # Row 21 is the third city's fifth year; rows 200 to 202 end one city and begin the next.
  expect_identical(value[["units with gaps"]], 1)
  expect_identical(sum(tidy(description, "patterns")$units), 30L)
  expect_true("1111.111" %in% tidy(description, "patterns")$pattern)

  cohorts <- tidy(description, "cohorts")
  expect_identical(cohorts$cohort, c("2014", "2015", "2016", "never treated"))
  expect_identical(cohorts$units, c(3L, 3L, 3L, 21L))
  expect_equal(sum(cohorts$share), 1)
  expect_identical(sum(cohorts$treated.rows), sum(panel$pilot))
  expect_identical(glance(description)$reversals, 1)
  expect_output(print(description), "units that switch off again: 1")

  always <- transform(panel, pilot = as.integer(pilot | city == "城市30"))
  with_always <- describe_panel(always, unit = "city", time = "year", status = "pilot")
  expect_identical(tidy(with_always, "cohorts")$cohort[1], "treated from the first row")

  first <- ifelse(panel$city %in% paste0("城市", 1:5), 2015, 0)
  by_cohort <- describe_panel(cbind(panel, first), unit = "city", time = "year", cohort = "first")
  expect_identical(tidy(by_cohort, "cohorts")$units, c(5L, 25L))
  expect_false("first" %in% tidy(by_cohort)$variable)
})

test_that("the picture has a cell a row, in the right state", {
  panel <- described_panel()
  description <- describe_panel(panel, unit = "city", time = "year", status = "pilot")
  pdf(NULL)
  on.exit(dev.off())
  # The null device has no Chinese font; the labels are not what is tested here.
  cells <- suppressWarnings(plot(description))
  expect_identical(nrow(cells), nrow(panel))
  at <- match(paste(cells$unit, cells$time), paste(panel$city, panel$year))
  expect_identical(cells$state == "treated", panel$pilot[at] == 1L)
  expect_identical(as.vector(cells$state[cells$unit == "城市4" & cells$time == 2019]), "switched off")
  expect_identical(sum(cells$state == "never treated"), sum(!panel$city %in% paste0("城市", 1:9)))
  first <- tapply(panel$year[panel$pilot == 1], panel$city[panel$pilot == 1], min)
  lines <- tapply(cells$line, cells$unit, unique)[names(sort(first))]
  expect_false(is.unsorted(first[names(sort(lines))]))
  few <- suppressWarnings(plot(description, most = 7))
  expect_identical(length(unique(few$unit)), 7L)
  skip_if_not_installed("ggplot2")
  expect_identical(nrow(ggplot2::layer_data(ggplot2::autoplot(description))), nrow(panel))
})

test_that("what is missing for a table is said", {
  panel <- described_panel()
  refused <- function(class, ...) {
    expect_error(describe_panel(panel, ...), class = paste0("pilotdid_error_", class))
  }
  refused("argument", status = "pilot")
  refused("status", unit = "city", time = "year", status = "gdp")
  refused("unknown_column", unit = "cty", time = "year")
  refused("not_numeric", columns = "city")
  endless <- panel
  endless$gdp[4] <- Inf
  w <- expect_warning(describe_panel(endless), class = "pilotdid_warning_infinite")
  expect_identical(w$rows, 4L)
  panel <- rbind(panel, panel[1, ])
  refused("duplicates", unit = "city", time = "year", status = "pilot")
  expect_identical(tidy(describe_panel(panel, unit = "city", time = "year"), "balance")$value[10], 1)
  expect_error(plot(describe_panel(panel)), class = "pilotdid_error_argument")
  expect_error(tidy(describe_panel(panel), "cohorts"), class = "pilotdid_error_argument")
  expect_error(describe_panel(panel["city"]), class = "pilotdid_error_not_numeric")
})
