# The other packages themselves, where they are installed.

panel <- simulate_pilot(units = 60, covariates = 2, seed = 1)
panel$region <- as.integer(panel$unit) %% 12
fit <- pilot_did(y ~ status + x1 + x2 | unit + time, panel)
# The same regression with the effects as columns.
dummies <- lm(y ~ status + x1 + x2 + factor(unit) + factor(time), panel)
shared <- names(coef(fit))

test_that("broom's generics are ours", {
  expect_identical(generics::tidy(fit), tidy(fit))
  skip_if_not_installed("broom")
  expect_identical(broom::tidy(fit), tidy(fit))
  expect_identical(broom::glance(fit), glance(fit))
})

test_that("insight finds what it looks for", {
  skip_if_not_installed("insight")
  expect_equal(insight::find_statistic(fit), "t-statistic")
  expect_equal(insight::find_response(fit), "y")
  expect_equal(insight::get_df(fit), df.residual(fit))
  expect_equal(insight::n_obs(fit), nobs(fit))
  expect_equal(insight::get_statistic(fit)$Statistic, tidy(fit)$statistic)
  expect_equal(insight::get_varcov(fit, vcov = "vcovCL", vcov_args = list(cluster = ~region)), vcov(fit, vcov = ~region))
  expect_equal(insight::get_varcov(fit, vcov = "HC1"), vcov(fit, vcov = "HC1"))
  expect_equal(insight::get_varcov(fit, vcov = diag(3)), diag(3))
  cs <- pilot_did(y ~ status | unit + time, panel, estimator = "cs")
  expect_equal(insight::find_statistic(cs), "z-statistic")
})

test_that("parameters makes its table of ours", {
  skip_if_not_installed("parameters")
  p <- parameters::model_parameters(fit, ci = 0.9)
  t <- tidy(fit, conf.level = 0.9)
  expect_equal(p$Coefficient, t$estimate)
  expect_equal(p$CI_low, t$conf.low)
  clustered <- parameters::model_parameters(fit, vcov = "HC1")
  expect_equal(clustered$SE, tidy(fit, vcov = "HC1")$std.error)
})

test_that("modelsummary shows every fit, and the covariance that it is asked for", {
  skip_if_not_installed("modelsummary")
  iv_panel <- transform(panel, z = x1 + cos(seq_along(x1)))
  fits <- list(
    fit, pilot_did(y ~ status | unit + time | x1 ~ z, iv_panel), pilot_did(y ~ status | unit + time, panel, estimator = "bjs"),
    event_study(fit)
  )
  for (f in fits) {
    out <- modelsummary::modelsummary(f, output = "data.frame", fmt = 6)
    first <- out[out$part == "estimates", ][1, ]
    expect_equal(as.numeric(first[["(1)"]]), tidy(f)$estimate[tidy(f)$term == first$term], tolerance = 1e-5) # six decimals shown
  }
  out <- modelsummary::modelsummary(list(fit, fit), vcov = list(~region, "HC1"), output = "data.frame", fmt = 6)
  se <- out[out$term == "status" & out$statistic == "std.error", c("(1)", "(2)")]
  ours <- c(tidy(fit, vcov = ~region)$std.error[1], tidy(fit, vcov = "HC1")$std.error[1])
  expect_equal(unlist(se, use.names = FALSE), sprintf("(%.6f)", ours))
  expect_true("FE: unit" %in% out$term)
  # One row of standard errors, and it says what was asked for.
  errors <- function(...) {
    out <- modelsummary::modelsummary(fit, output = "data.frame", ...)
    out[["(1)"]][out$term == "Std.Errors"]
  }
  expect_equal(errors(vcov = ~region), "by: region")
  expect_equal(errors(), "clustered by unit")
})

test_that("marginaleffects: slopes, contrasts and hypotheses, but no standard errors of levels", {
  skip_if_not_installed("marginaleffects")
  # It uses an operator that R has since 4.4.
  if (getRversion() < "4.4.0") {
    assign("%||%", rlang::`%||%`, globalenv())
    withr::defer(rm("%||%", envir = globalenv()))
  }
  t <- tidy(fit)
  slope <- marginaleffects::avg_slopes(fit, variables = "x1", newdata = panel)
  # Numerical derivatives.
  expect_equal(slope$estimate, t$estimate[t$term == "x1"], tolerance = 1e-6)
  expect_equal(slope$std.error, t$std.error[t$term == "x1"], tolerance = 1e-6)
  effect <- marginaleffects::avg_comparisons(fit, variables = "status", newdata = panel, vcov = ~region)
  expect_equal(effect$std.error, tidy(fit, vcov = ~region)$std.error[1], tolerance = 1e-6)
  difference <- marginaleffects::hypotheses(fit, "x1 = x2")
  v <- vcov(fit)
  expect_equal(difference$std.error, sqrt(v["x1", "x1"] + v["x2", "x2"] - 2 * v["x1", "x2"]), tolerance = 1e-6)
  expect_error(marginaleffects::predictions(fit, newdata = panel[1:3, ]), class = "pilotdid_error_not_available")
  expect_equal(marginaleffects::predictions(fit, newdata = panel[1:3, ], vcov = FALSE)$estimate, unname(predict(fit, panel[1:3, ])))
})

test_that("sandwich and lmtest", {
  skip_if_not_installed("sandwich")
  for (type in c("HC0", "HC1", "HC2", "HC3")) {
    expect_equal(sandwich::vcovHC(fit, type = type), sandwich::vcovHC(dummies, type = type)[shared, shared], tolerance = 1e-8) # two solvers
  }
  expect_error(sandwich::vcovHC(fit, type = "HC4"), class = "pilotdid_error_argument")
  # Clusters as a vector, one value a row used; factors of small samples aside it is our covariance.
  gone <- simulate_pilot(units = 30, seed = 2)
  gone$region <- as.integer(gone$unit) %% 6
  gone$y[c(5, 77)] <- NA
  fewer <- pilot_did(y ~ status | unit + time, gone[rev(seq_len(nrow(gone))), ])
  plain <- sandwich::vcovCL(fewer, augment(fewer)$region, type = "HC0", cadjust = FALSE)
  expect_equal(plain, vcov(fewer, ~region, ssc = "none"), tolerance = 1e-12)
  skip_if_not_installed("lmtest")
  table <- lmtest::coeftest(fit)
  expect_equal(unname(table[, 2]), tidy(fit)$std.error)
  expect_equal(unname(table[, 4]), tidy(fit)$p.value)
})

test_that("lmtest compares nested fits and gives intervals", {
  skip_if_not_installed("lmtest")
  small <- pilot_did(y ~ status + x1 | unit + time, panel)
  test <- lmtest::waldtest(small, fit, test = "F")
  # One restriction: the square of its t.
  expect_equal(test$F[2], tidy(fit)$statistic[3]^2)
  expect_equal(unname(lmtest::coefci(fit)), unname(confint(fit)), ignore_attr = TRUE)
})

test_that("car tests linear hypotheses", {
  skip_if_not_installed("car")
  test <- car::linearHypothesis(fit, c("x1 = 0", "x2 = 0"), test = "F")
  b <- coef(fit)[c("x1", "x2")]
  expect_equal(test$F[2], sum(b * solve(vcov(fit)[c("x1", "x2"), c("x1", "x2")], b)) / 2)
  expect_equal(car::deltaMethod(fit, "x1 / x2")$Estimate, unname(b[1] / b[2]))
})

test_that("clubSandwich corrects for few clusters as in the regression with dummies", {
  skip_if_not_installed("clubSandwich")
  for (type in c("CR0", "CR1", "CR2")) {
    ours <- clubSandwich::vcovCR(fit, cluster = panel$region, type = type)
    theirs <- clubSandwich::vcovCR(dummies, cluster = panel$region, type = type)
    # Matrix roots of two bases of the same space.
    expect_equal(as.matrix(ours)[shared, shared], as.matrix(theirs)[shared, shared], tolerance = 1e-6, ignore_attr = TRUE)
  }
  cs <- pilot_did(y ~ status | unit + time, panel, estimator = "cs")
  expect_error(clubSandwich::vcovCR(cs, cluster = panel$unit, type = "CR0"), class = "pilotdid_error_not_available")
})

test_that("emmeans: contrasts and trends are the coefficients", {
  skip_if_not_installed("emmeans")
  t <- tidy(fit)
  means <- suppressMessages(emmeans::emmeans(fit, ~status))
  gap <- as.data.frame(summary(pairs(means, reverse = TRUE)))
  expect_equal(gap$estimate, t$estimate[1])
  expect_equal(gap$SE, t$std.error[1])
  trend <- as.data.frame(summary(suppressMessages(emmeans::emtrends(fit, ~1, var = "x1"))))
  expect_equal(trend$x1.trend, t$estimate[2])
})

test_that("texreg shows fits, event studies and spatial models without a warning", {
  skip_if_not_installed("texreg")
  cs <- pilot_did(y ~ status | unit + time, panel, estimator = "cs")
  W <- spatial_weights(pilot_cities, "code", ~ longitude + latitude, k = 4)
  sar <- spatial_did(resilience ~ status | code + year, pilot_cities, W, model = "sar")
  expect_silent(text <- texreg::screenreg(list(fit, cs, event_study(fit), sar), digits = 4))
  shown <- c(coef(fit)[["status"]], coef(cs)[["ATT"]], coef(event_study(fit))[["2"]], coef(sar)[["rho"]], glance(fit)$within.r.squared)
  for (value in shown) expect_match(text, sprintf("%.4f", value), fixed = TRUE)
  expect_false(grepl("ATT(", text, fixed = TRUE))
  expect_match(texreg::screenreg(cs, cells = TRUE), "ATT(", fixed = TRUE)
  clustered <- texreg::extract(fit, vcov = ~region)
  expect_equal(clustered@se, tidy(fit, vcov = ~region)$std.error)
  expect_equal(clustered@pvalues, tidy(fit, vcov = ~region)$p.value)
  expect_match(texreg::texreg(fit), "Num. obs.", fixed = TRUE)
})

test_that("performance measures fits", {
  skip_if_not_installed("performance")
  expect_equal(unname(unlist(performance::r2(fit))[1]), glance(fit)$r.squared)
  expect_silent(measures <- performance::model_performance(fit))
  expect_equal(measures$R2_within, glance(fit)$within.r.squared)
  expect_equal(measures$AIC, AIC(fit))
  expect_match(capture.output(print(measures)), "AIC", all = FALSE)
  cs <- pilot_did(y ~ status | unit + time, panel, estimator = "cs")
  expect_error(performance::model_performance(cs), class = "pilotdid_error_not_available")
})

test_that("gtsummary", {
  skip_if_not_installed("gtsummary")
  # It finds no terms() object, says so, and takes the variables from the coefficients.
  table <- suppressMessages(gtsummary::tbl_regression(fit, include = "status", tidy_fun = function(x, ...) tidy(x)))
  expect_equal(table$table_body$estimate[!is.na(table$table_body$estimate)], tidy(fit)$estimate[1])
  plain <- suppressMessages(gtsummary::tbl_regression(fit))$table_body
  expect_equal(plain$std.error[plain$variable == "status"], tidy(fit)$std.error[1])
})

test_that("tinyplot draws an event study", {
  skip_if_not_installed("tinyplot")
  withr::local_pdf(NULL)
  expect_no_error(tinyplot::tinyplot(event_study(fit)))
})

test_that("knitr and litedown print a table as markdown", {
  table <- pilot_table(fit)
  skip_if_not_installed("knitr")
  expect_equal(as.character(knitr::knit_print(table)), pilot_table(fit, output = "markdown"))
  skip_if_not_installed("flextable")
  expect_s3_class(flextable::as_flextable(table), "flextable")
})

test_that("other packages' fits stand in our tables", {
  skip_if_not_installed("broom")
  loadNamespace("broom")
  table <- pilot_table(fit, dummies, terms = "status")
  cells <- unlist(table[table$label == "status", -(1:2)], use.names = FALSE)
  expect_equal(cells[1], cells[2])
})
