fixture <- readRDS(test_path("fixtures", "match.rds"))
lalonde <- fixture$lalonde
model <- treat ~ age + educ + race + married + nodegree + re74 + re75

test_that("the lalonde balance table of the literature comes out", {
  b <- balance(match_panel(model, lalonde))
  after <- tidy(b)[tidy(b)$sample == "after", ]
  at <- function(v) round(after$std.difference[after$variable == v], 4)
  expect_equal(
    vapply(c("age", "educ", "raceblack", "married", "re74", "re75"), at, 0, USE.NAMES = FALSE),
    c(0.0718, -0.1290, 1.0259, -0.0552, -0.0505, -0.0257)
  )
  g <- glance(b)
  expect_identical(g$sample, c("before", "after"))
  expect_equal(round(g$rubin.b, 2), c(179.57, 88.74))
  expect_equal(round(g$rubin.r, 4), c(0.5425, 0.6602))
  expect_equal(round(g$pseudo.r2, 4), c(0.3531, 0.1245))
  expect_true(all(g$rubin.b.flag) && !any(g$rubin.r.flag))
})

test_that("standardized differences, variance ratios and KS are those of MatchIt", {
  b <- tidy(balance(match_panel(model, lalonde)))
  for (s in c("before", "after")) {
    theirs <- fixture[[if (s == "before") "summary_all" else "summary"]][-1, ]
    ours <- b[b$sample == s, ]
    expect_identical(ours$variable, rownames(theirs))
    expect_equal(ours$mean.treated, unname(theirs[, "Means Treated"]))
    expect_equal(ours$mean.control, unname(theirs[, "Means Control"]))
    expect_equal(ours$std.difference, unname(theirs[, "Std. Mean Diff."]))
    expect_equal(ours$ks, unname(theirs[, "eCDF Max"]))
    expect_equal(ours$variance.ratio, unname(theirs[, "Var. Ratio"]))
  }
})

test_that("bias, t and variance ratio equal those of rows repeated by their weights", {
  # Whole weights: with replacement, one neighbor.
  m <- match_panel(model, lalonde, replace = TRUE)
  b <- tidy(balance(m))
  for (v in c("age", "re75", "nodegree")) {
    slow <- slow_balance(lalonde[[v]], lalonde$treat, m$weight)
    ours <- b[b$variable == v, ]
    expect_equal(ours$bias, slow$bias)
    expect_equal(ours$statistic, slow$t)
    expect_equal(ours$p.value, slow$p)
    if (v != "nodegree") expect_equal(ours$variance.ratio, slow$ratio)
  }
  expect_true(is.na(b$variance.ratio[b$variable == "nodegree"][1]))
  expect_equal(b$reduction[b$variable == "age" & b$sample == "after"], 100 * (1 - abs(slow_balance(lalonde$age, lalonde$treat, m$weight)$bias[2]) / abs(slow_balance(lalonde$age, lalonde$treat, m$weight)$bias[1])))
  expect_equal(unique(b$variance.low[b$sample == "before"]), stats::qf(0.025, 184, 184))
})

test_that("the summary refits a probit with the weights", {
  m <- match_panel(model, lalonde, replace = TRUE)
  g <- glance(balance(m))
  data <- lalonde
  data$w <- m$weight
  fit <- suppressWarnings(stats::glm(model, stats::binomial("probit"), data[data$w > 0, ], weights = w, control = list(epsilon = 1e-15, maxit = 100)))
  # glm's probit stops at 1e-9 in the coefficients.
  expect_equal(g$pseudo.r2[2], 1 - fit$deviance / fit$null.deviance, tolerance = 1e-9)
  expect_equal(g$lr.statistic[2], fit$null.deviance - fit$deviance, tolerance = 1e-9)
  index <- rep(stats::predict(fit), data$w[data$w > 0])
  arm <- rep(data$treat[data$w > 0], data$w[data$w > 0])
  v <- tapply(index, arm, stats::var)
  expect_equal(g$rubin.b[2], unname(100 * diff(tapply(index, arm, mean)) / sqrt(mean(v))), tolerance = 1e-7, ignore_attr = TRUE)
  expect_equal(g$rubin.r[2], unname(v[2] / v[1]), tolerance = 1e-7, ignore_attr = TRUE)
})

test_that("periods and all periods together each have their rows", {
  d <- match_data()
  m <- match_panel(treat ~ x + z, d, "city", "year", replace = TRUE)
  b <- balance(m)
  t <- tidy(b)
  expect_identical(unique(t$period), c(as.character(2015:2018), "pooled"))
  alone <- tidy(balance(match_panel(treat ~ x + z, d[d$year == 2017, ], replace = TRUE)))
  expect_equal(t[t$period == "2017", -2], alone[-2], ignore_attr = TRUE)
  g <- glance(b, by = "period")
  expect_identical(sort(unique(g$period)), as.character(2015:2018))
  models <- tidy(b, "models")
  expect_identical(nrow(models), 3L * 4L * 2L)
  after <- models[models$sample == "after" & models$period == "2016", ]
  w <- ifelse(d$year == 2016, m$weight, 0)
  fit <- suppressWarnings(stats::glm(treat ~ x + z, stats::binomial(), d[w > 0, ], weights = w[w > 0], control = list(epsilon = 1e-15, maxit = 100)))
  expect_equal(after$estimate, unname(coef(fit)), tolerance = 1e-8)
})

test_that("other variables can be compared, and figures are drawn", {
  m <- match_panel(treat ~ x, match_data(), "city", "year")
  expect_identical(unique(tidy(balance(m, ~ z + I(z^2)))$variable), c("z", "I(z^2)"))
  expect_error(balance(1), class = "pilotdid_error_argument")
  expect_error(tidy(balance(m), "nothing"), class = "pilotdid_error_argument")
  file <- withr::local_tempfile(fileext = ".pdf")
  grDevices::pdf(file)
  withr::defer(grDevices::dev.off())
  expect_invisible(plot(m))
  expect_invisible(plot(m, "support", period = 2016))
  expect_invisible(plot(balance(m)))
  expect_error(plot(m, period = 1900), class = "pilotdid_error_argument")
  expect_output(print(balance(m)), "rubin.b")
  skip_if_not_installed("ggplot2")
  for (p in list(ggplot2::autoplot(m), ggplot2::autoplot(m, "support"), ggplot2::autoplot(balance(m)))) {
    expect_s3_class(ggplot2::ggplot_build(p), "ggplot_built")
  }
})

test_that("negative weights have means but no refitted model", {
  d <- match_data()
  m <- suppressWarnings(match_panel(treat ~ x + z, d, "city", "year", method = "local_linear", bandwidth = 0.03))
  expect_true(any(m$weight < 0))
  b <- balance(m)
  expect_true(all(is.na(glance(b)$rubin.b[2]), !is.na(glance(b)$rubin.b[1]), !is.na(tidy(b)$bias)))
  expect_identical(unique(tidy(b, "models")$sample), "before")
})

test_that("cobalt reads a matching", {
  skip_if_not_installed("cobalt")
  m <- match_panel(model, lalonde)
  t <- cobalt::bal.tab(m)$Balance
  b <- tidy(balance(m))
  expect_equal(t["re74", "Diff.Adj"], b$std.difference[b$variable == "re74" & b$sample == "after"])
})
