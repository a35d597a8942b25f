# What the report says about what was done, in English and Chinese.

panel <- simulate_pilot(units = 50, covariates = 2, seed = 1)
fit <- pilot_did(y ~ status + x1 + x2 | unit + time, panel)
plain <- pilot_did(y ~ status | unit + time, panel)
event <- event_study(fit, window = c(-3, 3), bin = FALSE)

test_that("the two languages have the same phrases with the same arguments", {
  expect_setequal(names(phrases_zh), names(phrases_en))
  expect_identical(anyDuplicated(names(phrases_en)), 0L)
  arguments <- function(phrase) lengths(regmatches(phrase, gregexpr("%([0-9]\\$)?s", phrase)))
  expect_identical(arguments(unlist(phrases_zh)[names(phrases_en)]), arguments(unlist(phrases_en)))
})

# The result, a part of its English and a part of its Chinese text.
expect_methods <- function(x, english, chinese) {
  en <- paste(methods_text(x), collapse = " ")
  zh <- paste(methods_text(x, "zh"), collapse = "")
  expect_match(en, english, fixed = TRUE)
  expect_match(zh, chinese, fixed = TRUE)
  expect_true(endsWith(en, "."))
  expect_true(endsWith(zh, "\u3002"))
  expect_false(grepl("NULL|character\\(0\\)|%s", paste(en, zh)))
}

test_that("parallel trends: sensitivity and power", {
  honest <- honest_did(event, bound = c(0.5, 1), draws = 200)
  expect_methods(honest, "bounds 0.5, 1, method hybrid_lf, 200 draws, seed 1", "\u5e73\u884c\u8d8b\u52bf\u654f\u611f\u6027\u5206\u6790")
  breakdown <- format(signif(glance(honest)$breakdown, 4))
  expect_methods(honest, paste("up to Mbar =", breakdown), breakdown)
  smooth <- honest_did(event, "smoothness", sign = "positive", target = "average", breakdown = FALSE)
  expect_methods(smooth, "target average effect after the pilot, violation change of slope at most M, positive", "\u7b26\u53f7\u4e3a\u6b63")
  power <- pretrend_power(event, trend = list(bend = function(t) 0.02 * t^2))
  size <- sprintf("%.3f", glance(power)$size)
  expect_methods(power, paste("with probability", size), paste("\u6982\u7387\u4e3a", size))
  expect_methods(power, sprintf("bend (power %.2f)", tidy(power)$power[3]), "\u529f\u6548")
})

test_that("what two-way fixed effects average", {
  bacon <- bacon_decomposition(plain)
  late <- sum(tidy(bacon)$weight[tidy(bacon)$type == "later vs earlier"])
  expect_methods(bacon, sprintf("%.1f %% of them on comparisons with units already treated", 100 * late), sprintf("\u5360 %.1f%%", 100 * late))
  weights <- twfe_weights(plain)
  rows <- glance(weights)
  expect_methods(weights, sprintf("%d treated rows", rows$positive + rows$negative), sprintf("\u5176\u4e2d %d \u4e2a\u6743\u91cd\u4e3a\u8d1f", rows$negative))
})

test_that("instruments", {
  withr::local_seed(1)
  panel$z <- panel$x1 + rnorm(nrow(panel))
  iv <- pilot_did(y ~ status | unit + time | x1 ~ z, panel)
  expect_methods(anderson_rubin(iv, level = 0.9), "Anderson-Rubin 90 % confidence set of x1, instruments z", "\u7f6e\u4fe1\u96c6\uff1a\u5185\u751f\u53d8\u91cf\u4e3a x1")
  expect_methods(weak_iv(iv), "instruments z, standard errors clustered by unit", "\u5f31\u5de5\u5177\u53d8\u91cf\u68c0\u9a8c")
  expect_methods(first_stage(iv), "First stages", "\u7b2c\u4e00\u9636\u6bb5")
  expect_methods(plausibly_exogenous(iv, lower = -0.1, upper = 0.1), "only plausibly exogenous", "\u8fd1\u4f3c\u5916\u751f")
})

test_that("omitted variables", {
  o <- oster_delta(fit)
  expect_methods(o, sprintf("%.4f without and %.4f with controls, maximum %.4f", o$table$r2.short, o$table$r2.full, o$table$r.max), "\u9057\u6f0f\u53d8\u91cf\u68c0\u9a8c")
  expect_methods(robustness_value(fit), "reduction by 100 %, level 0.05", "\u654f\u611f\u6027\u5206\u6790")
})

test_that("placebo tests, bootstrap and refits", {
  expect_methods(placebo(fit, draws = 29, seed = 77), "29 draws by scheme unit, seed 77", "\u5b89\u6170\u5242\u68c0\u9a8c")
  expect_methods(placebo_time(fit, 1:2), "dated 1, 2 periods early", "\u63d0\u524d 1\u30012 \u671f")
  expect_methods(leave_one_out(fit), "2 estimates", "\u9010\u4e00\u5254\u9664")
  expect_methods(wild_bootstrap(fit, draws = 99, seed = 3), "99 draws, rademacher weights by unit, null imposed, seed 3", "\u65bd\u52a0\u539f\u5047\u8bbe\uff0c\u968f\u673a\u79cd\u5b50 3")
})

test_that("spatial tests, rings and spillovers", {
  W <- spatial_weights(pilot_cities, "code", ~ longitude + latitude, k = 4)
  formula <- resilience ~ status | code + year
  expect_methods(moran_test(resilience ~ 1 | code + year, pilot_cities, W, draws = 19, seed = 2), "4 nearest neighbors, alternative: neighbors are alike", "\u83ab\u5170\u6307\u6570")
  expect_methods(
    local_moran(resilience ~ 1 | code + year, pilot_cities, W, period = 2023, draws = 99, seed = 1), "99 permutations, seed 1", "\u5c40\u90e8\u83ab\u5170\u6307\u6570"
  )
  expect_methods(ring_did(formula, pilot_cities, ~ longitude + latitude, rings = c(0, 100, 200)), "(0, 100], (100, 200] km; units never within 200 km", "\u73af\u5f62\u6ea2\u51fa\u68c0\u9a8c")
  slx <- spatial_did(formula, pilot_cities, W, model = "slx", lag = "status", vcov = "cluster")
  expect_methods(slx, "Estimated a model with spatial lags of the regressors of resilience", "4 \u4e2a\u6700\u8fd1\u90bb\uff0c\u884c\u6807\u51c6\u5316")
  expect_methods(spillovers(slx), "untreated: never joining", "\u4ece\u672a\u8fdb\u5165\u8bd5\u70b9")
  expect_methods(effects(slx), "by the delta method", "\u76f4\u63a5\u6548\u5e94\u3001\u95f4\u63a5\u6548\u5e94\u4e0e\u603b\u6548\u5e94")
  expect_methods(spatial_tests(spatial_did(formula, pilot_cities, W, model = "sar")), "centered for the time effects", "\u5df2\u5bf9\u65f6\u95f4\u6548\u5e94")
  all <- pilot_did(formula, pilot_cities)
  expect_methods(drop_neighbors(all, ~ longitude + latitude, c(50, 100)), "within 50, 100 km", "50\u3001100 km")
})

test_that("a fit, its dropped rows, its cohorts and its covariance in Chinese", {
  holes <- panel
  holes$x1[1:7] <- NA
  text <- paste(methods_text(pilot_did(y ~ status + x1 | unit + time, holes, vcov = ~ unit + time), "zh"), collapse = "")
  for (part in c(
    "\u591a\u671f\u53cc\u91cd\u5dee\u5206", "x1 \u7f3a\u5931 7 \u4e2a", "50 \u4e2a\u4e2a\u4f53\u4e2d\u6709 25 \u4e2a\u8fdb\u5165\u8bd5\u70b9",
    "\u805a\u7c7b\u5230 unit \u4e0e time \u5c42\u9762\u7684\u805a\u7c7b\u7a33\u5065\u6807\u51c6\u8bef\uff0850 x 10 \u4e2a\u805a\u7c7b\uff09"
  )) expect_match(text, part, fixed = TRUE)
  expect_equal(covariance_text("HC1", "zh"), "\u5f02\u65b9\u5dee\u7a33\u5065\uff08HC1\uff09")
  expect_equal(covariance_text("Driscoll-Kraay (lag 1)", "zh"), "Driscoll-Kraay (lag 1)")
  notes <- attr(pilot_table(fit, language = "zh"), "notes")
  expect_match(notes[1], "\u805a\u7c7b\u5230 unit \u5c42\u9762\u7684\u805a\u7c7b\u7a33\u5065\u6807\u51c6\u8bef", fixed = TRUE)
})

test_that("a Chinese report holds no English sentence on methods", {
  skip_if_not_installed("litedown")
  file <- withr::local_tempfile(fileext = ".html")
  pilot_report(baseline = fit, event = event, honest = honest_did(event, bound = 1, draws = 200), file = file, language = "zh", figures = FALSE)
  page <- paste(readLines(file, encoding = "UTF-8"), collapse = "\n")
  expect_match(page, "<title>\u653f\u7b56\u8bd5\u70b9\u8bc4\u4f30\u62a5\u544a</title>")
  expect_match(page, "\u5e73\u884c\u8d8b\u52bf\u68c0\u9a8c")
  for (phrase in c("Estimated", "Standard errors", "Sample:", "Sensitivity", "Computed with")) expect_false(grepl(phrase, page, fixed = TRUE))
})
