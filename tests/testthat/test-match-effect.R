fixture <- readRDS(test_path("fixtures", "match.rds"))
lalonde <- fixture$lalonde
model <- treat ~ age + educ + race + married + nodegree + re74 + re75

test_that("effects and standard errors are those of Stata's psmatch2", {
  s <- utils::read.csv(test_path("fixtures", "psmatch2.csv"))
  m <- match_psmatch2(d ~ x1 + x2, s, logit = TRUE)
  # Pairs and outcomes are the same numbers: rounding only.
  simple <- tidy(match_effect(m, "y", "simple"))
  expect_equal(c(simple$estimate, simple$std.error), c(3.758511605921656, 1.1675852016454364), tolerance = 1e-13)
  ai <- vapply(1:2, function(j) tidy(match_effect(m, "y", "sample", neighbors = j))$std.error, 0)
  expect_equal(ai, c(1.0397946967952247, 0.913432354262176), tolerance = 1e-13)
  kernel <- tidy(match_effect(match_panel(d ~ 1, s, score = "pscore", method = "kernel", bandwidth = 0.5), "y"))
  # The kernel is smooth in the score, and Stata's own score is right to 1e-9.
  expect_equal(c(kernel$estimate, kernel$std.error), c(3.617975292503206, 0.9245573977838009), tolerance = 1e-8)
  radius <- tidy(match_effect(suppressWarnings(match_panel(d ~ 1, s, score = "pscore", method = "radius", caliper = 0.1)), "y"))
  expect_equal(c(radius$estimate, radius$std.error), c(3.2232390828455704, 1.0247068078822834), tolerance = 1e-13)
})

test_that("effects and Abadie-Imbens errors are those of Matching", {
  for (case in c("one", "three", "sample")) {
    m <- match_panel(treat ~ x + z, fixture$free, replace = TRUE, ratio = if (case == "one") 1 else 3)
    t <- tidy(match_effect(m, ~y, if (case == "sample") "sample" else "ai2006", neighbors = 1))
    # The same pairs and formulas: rounding only.
    expect_equal(c(estimate = t$estimate, se = t$std.error), fixture$matching[[case]], tolerance = 1e-10)
  }
  tied <- match_panel(model, lalonde, replace = TRUE, ties = "all")
  expect_equal(tidy(match_effect(tied, "re78"))$estimate, fixture$tied, tolerance = 1e-10)
})

test_that("all three variances equal the formulas of the papers", {
  d <- fixture$free
  for (link in c("logit", "probit")) {
    for (M in c(1, 3)) {
      # On the linear score, so that neighbors of the same arm and of the other are nearest on one scale.
      m <- match_panel(treat ~ x + z, d, replace = TRUE, ratio = M, link = link, score_scale = "linear")
      p <- if (link == "logit") stats::plogis(m$linear) else stats::pnorm(m$linear)
      f <- if (link == "logit") p * (1 - p) else stats::dnorm(m$linear)
      for (J in c(2, 4)) {
        slow <- slow_abadie_imbens(m$linear, d$treat, d$y, cbind(1, d$x, d$z), m$propensity$covariance[[1]], f, p, M, J)
        ours <- vapply(c("ai2006", "sample", "ai2016"), function(s) tidy(match_effect(m, "y", s, neighbors = J))$std.error, 0)
        expect_equal(tidy(match_effect(m, "y"))$estimate, slow$tau, tolerance = 1e-12)
        expect_equal(unname(ours), c(slow$ai2006, slow$sample, slow$ai2016), tolerance = 1e-10)
        expect_false(isTRUE(all.equal(slow$ai2006, slow$ai2016, tolerance = 1e-3)))
      }
    }
  }
})

test_that("without replacement nothing is added for reused controls", {
  d <- match_data()
  m <- match_panel(treat ~ x + z, d, "city", "year")
  t <- tidy(match_effect(m, "y"))
  expect_identical(unique(t$se), "ai2006")
  for (year in 2015:2018) {
    p <- m$pairs[m$pairs$period == year, ]
    difference <- d$y[p$treated] - d$y[p$control]
    row <- t[t$period == year, ]
    expect_equal(row$estimate, mean(difference))
    expect_equal(row$std.error, sqrt(sum((difference - mean(difference))^2)) / length(difference))
  }
})

test_that("strata are added up, Mahalanobis neighbors are its own, and periods stand alone", {
  d <- match_data(units = 300)
  d$g <- d$city %% 2
  m <- suppressWarnings(match_panel(treat ~ x + z, d, "city", "year", exact = "g", replace = TRUE))
  t <- tidy(match_effect(m, "y"))
  expect_identical(unique(t$se), "ai2006")
  alone <- suppressWarnings(match_panel(treat ~ x + z, d[d$year == 2016, ], exact = "g", replace = TRUE))
  expect_equal(t$std.error[t$period == "2016"], tidy(match_effect(alone, "y"))$std.error)
  maha <- match_panel(treat ~ x, d[d$year == 2016, ], method = "mahalanobis", replace = TRUE)
  on_x <- match_panel(treat ~ 1, d[d$year == 2016, ], score = "x", replace = TRUE)
  # With one covariate the Mahalanobis distance is its distance.
  expect_equal(tidy(match_effect(maha, "y"))$std.error, tidy(match_effect(on_x, "y"))$std.error, tolerance = 1e-12)
})

test_that("what does not hold is refused", {
  d <- match_data()
  once <- match_panel(treat ~ x + z, d, "city", "year")
  expect_error(match_effect(once, "y", "ai2016"), class = "pilotdid_error_argument")
  kernel <- suppressWarnings(match_panel(treat ~ x + z, d, "city", "year", method = "kernel"))
  expect_error(match_effect(kernel, "y", "ai2006"), class = "pilotdid_error_argument")
  expect_identical(unique(tidy(match_effect(kernel, "y"))$se), "simple")
  expect_error(match_effect(once, "nothere"), class = "pilotdid_error_unknown_column")
  d$y[once$pairs$treated[1]] <- NA
  again <- match_panel(treat ~ x + z, d, "city", "year")
  expect_error(match_effect(again, "y"), class = "pilotdid_error_outcome")
  expect_error(match_effect(1, "y"), class = "pilotdid_error_argument")
})

test_that("tables have the columns of the contract", {
  m <- match_panel(treat ~ x + z, match_data(), "city", "year", replace = TRUE)
  e <- match_effect(m, ~ exp(y))
  expect_identical(names(tidy(e))[1:7], c("term", "estimate", "std.error", "statistic", "p.value", "conf.low", "conf.high"))
  expect_identical(unique(tidy(e)$outcome), "exp(y)")
  expect_identical(nrow(glance(e)), 1L)
  expect_output(print(e), "ai2016")
})
