fixture <- readRDS(test_path("fixtures", "match.rds"))
lalonde <- fixture$lalonde
model <- treat ~ age + educ + race + married + nodegree + re74 + re75

pair_matrix <- function(m) {
  ones <- which(m$treated == 1L)
  out <- matrix(NA_integer_, length(ones), max(m$pairs$rank))
  out[cbind(match(m$pairs$treated, ones), m$pairs$rank)] <- m$pairs$control
  out
}

test_that("the score is the maximum-likelihood fit of glm, logit and probit", {
  for (link in c("logit", "probit")) {
    m <- match_panel(model, lalonde, link = link)
    g <- fixture[[link]]
    # Both are maxima of the same concave function to rounding: 1e-10 is the contract.
    expect_equal(coef(m)[, 1], g$coef, tolerance = 1e-10)
    expect_equal(m$score, unname(g$fitted), tolerance = 1e-10)
    expect_equal(m$propensity$covariance[[1]], g$vcov, tolerance = 1e-10)
    expect_equal(-2 * m$propensity$log_likelihood, g$deviance, tolerance = 1e-12)
    expect_equal(-2 * m$propensity$null_log_likelihood, g$null, tolerance = 1e-12)
    expect_true(m$propensity$converged)
  }
})

test_that("periods have models of their own, pooled and baseline schemes one", {
  d <- match_data()
  by_year <- match_panel(treat ~ x + log(z^2 + 1), d, "city", "year")
  for (year in 2015:2018) {
    g <- stats::glm(treat ~ x + log(z^2 + 1), stats::binomial(), d[d$year == year, ], control = list(epsilon = 1e-15, maxit = 100))
    expect_equal(coef(by_year)[, as.character(year)], coef(g), tolerance = 1e-9)
  }
  pooled <- match_panel(treat ~ x + z, d, "city", "year", scheme = "pooled")
  expect_equal(unname(coef(pooled)[, 1]), unname(coef(stats::glm(treat ~ x + z, stats::binomial(), d))), tolerance = 1e-7)
  base <- match_panel(treat ~ x + z, d, "city", "year", scheme = "baseline", baseline = 2016)
  alone <- match_panel(treat ~ x + z, d[d$year == 2016, ])
  expect_equal(base$weight[d$year == 2016], alone$weight)
  expect_equal(base$weight[d$year == 2018], alone$weight)
  expect_error(match_panel(treat ~ x, d, "city", "year", scheme = "baseline", baseline = 1999), class = "pilotdid_error_argument")
})

test_that("pairs are those of MatchIt", {
  f <- fixture$matchit$lalonde
  with_score <- function(case, ...) match_panel(treat ~ 1, lalonde, score = f[[case]]$distance, ...)
  expect_identical(pair_matrix(match_panel(model, lalonde)), f$largest$pairs)
  expect_identical(pair_matrix(with_score("smallest", order = "smallest")), f$smallest$pairs)
  expect_identical(pair_matrix(with_score("data", order = "data")), f$data$pairs)
  expect_identical(pair_matrix(with_score("ratio", ratio = 2)), f$ratio$pairs)
  expect_identical(pair_matrix(with_score("replace", replace = TRUE)), f$replace$pairs)
  expect_identical(pair_matrix(suppressWarnings(with_score("caliper", caliper = 0.05))), f$caliper$pairs)
  expect_identical(pair_matrix(suppressWarnings(with_score("covariate", caliper = c(0.1, age = 3)))), f$covariate$pairs)
  expect_identical(pair_matrix(suppressWarnings(with_score("exact", exact = "race"))), f$exact$pairs)
  expect_identical(pair_matrix(with_score("exact_replace", exact = ~race, replace = TRUE)), f$exact_replace$pairs)
})

test_that("pairs are those of MatchIt where no scores are equal", {
  f <- fixture$matchit$free
  d <- fixture$free
  run <- function(...) pair_matrix(suppressWarnings(match_panel(treat ~ x + z, d, ...)))
  expect_identical(run(order = "closest"), f$closest$pairs)
  expect_identical(run(order = "closest", ratio = 2), f$closest_ratio$pairs)
  expect_identical(run(replace = TRUE, ratio = 3), f$replace_ratio$pairs)
  expect_identical(run(score_scale = "linear", caliper = 0.1, caliper_scale = "sd"), f$sd$pairs)
  expect_identical(run(method = "mahalanobis", order = "data"), f$mahalanobis$pairs)
  expect_identical(run(method = "mahalanobis", replace = TRUE, ratio = 2), f$mahalanobis_replace$pairs)
  expect_identical(run(exact = "g", ratio = 2), f$exact_ratio$pairs)
})

test_that("the lalonde figures of the literature come out", {
  m <- match_panel(model, lalonde)
  expect_equal(sum(m$weight == 0), 244)
  expect_equal(round(mean(m$score[m$treated == 1]), 4), 0.5774)
  expect_equal(round(mean(m$score[m$treated == 0 & m$weight > 0]), 4), 0.3629)
})

test_that("ties follow the rule that is asked for", {
  d <- data.frame(treat = c(1, 0, 0, 0, 0, 1), p = c(0.5, 0.4, 0.625, 0.375, 0.4, 0.5))
  d$p[c(2, 5)] <- 0.375 # rows 2, 4, 5 are as far from .5 as row 3 at .625, exactly in binary
  first <- match_panel(treat ~ 1, d, score = "p", ties = "first", order = "data")
  expect_equal(first$pairs$control, c(2, 3))
  adjacent <- match_panel(treat ~ 1, d, score = "p", order = "data")
  expect_equal(adjacent$pairs$control, c(5, 4)) # next to the treated row in the order by (score, row)
  all <- match_panel(treat ~ 1, d, score = "p", replace = TRUE, ties = "all")
  expect_setequal(all$pairs$control[all$pairs$treated == 1], 2:5)
  expect_identical(nrow(all$pairs), 8L)
  expect_equal(all$weight, c(1, 0.5, 0.5, 0.5, 0.5, 1))
  draw <- function(seed) match_panel(treat ~ 1, d, score = "p", ties = "random", seed = seed)$pairs$control
  expect_identical(draw(3), draw(3))
  expect_setequal(unique(vapply(1:40, function(s) draw(s)[1], 1L)), 2:5)
})

test_that("the search agrees with a slow one on scores full of ties", {
  set.seed(5)
  for (case in 1:6) {
    n <- 60
    p <- sample(seq(0.125, 0.875, 0.0625), n, TRUE)
    d <- data.frame(treat = rbinom(n, 1, 0.3), p = p)
    replace <- case %% 2 == 0
    ratio <- 1 + case %% 3
    caliper <- if (case > 3) 0.0625 else NULL
    m <- suppressWarnings(match_panel(treat ~ 1, d, score = "p", ratio = ratio, replace = replace, ties = "first", order = "data", caliper = caliper))
    slow <- slow_nearest(d$p, d$treat, ratio, replace, which(d$treat == 1), if (is.null(caliper)) Inf else caliper)
    expect_equal(as.data.frame(m$pairs[c("treated", "control", "rank")]), slow, ignore_attr = TRUE)
  }
})

test_that("kernel, radius and local linear weights equal the sums over all pairs", {
  set.seed(2)
  n <- 500
  d <- data.frame(treat = rbinom(n, 1, 0.3), p = c(round(runif(n / 2), 2), runif(n / 2)))
  d$p <- pmin(pmax(d$p, 0.001), 0.999)
  for (kernel in names(slow_kernels)) {
    for (h in c(0.06, 0.4)) {
      for (method in c("kernel", "local_linear")) {
        m <- suppressWarnings(match_panel(treat ~ 1, d, score = "p", method = method, kernel = kernel, bandwidth = h))
        # 1e-12 is asked for; the sums are exact to a few units in the last place.
        expect_equal(m$weight, slow_kernel(d$p, d$treat, kernel, h, method == "local_linear"), tolerance = 1e-12)
      }
    }
  }
  radius <- suppressWarnings(match_panel(treat ~ 1, d, score = "p", method = "radius", caliper = 0.01))
  expect_equal(radius$weight, slow_kernel(d$p, d$treat, "uniform", 0.01), tolerance = 1e-12)
})

test_that("a control at the very edge of the only window keeps its weight", {
  # Sums would cancel here: K = 1e-13 is the difference of numbers of order one.
  d <- data.frame(treat = c(1, 0, 1, 0), p = c(0.2, 0.2 + 0.06 * (1 - 5e-14), 0.7, 0.7))
  m <- match_panel(treat ~ 1, d, score = "p", method = "kernel")
  expect_equal(m$weight, rep(1, 4), tolerance = 1e-15)
})

test_that("weights of controls add up to the matched treated in every period", {
  d <- match_data()
  for (method in c("nearest", "mahalanobis", "radius", "kernel", "local_linear", "ipw", "entropy")) {
    m <- suppressWarnings(match_panel(treat ~ x + z, d, "city", "year", method = method, caliper = if (method == "radius") 0.1))
    total <- tapply(ifelse(d$treat == 1, -1, 1) * m$weight, d$year, sum)
    expect_equal(as.numeric(total), rep(0, 4), tolerance = 1e-10)
  }
})

test_that("entropy balancing equates means, and squares if asked", {
  d <- match_data()
  m <- match_panel(treat ~ x + z, d, "city", "year", method = "entropy")
  gap <- function(v) vapply(split(seq_len(nrow(d)), d$year), function(i) {
    stats::weighted.mean(v[i][d$treat[i] == 1], m$weight[i][d$treat[i] == 1]) - stats::weighted.mean(v[i][d$treat[i] == 0], m$weight[i][d$treat[i] == 0])
  }, 0)
  # The solver stops at 1e-10 standard deviations.
  expect_true(all(abs(gap(d$x)) < 1e-9) && all(abs(gap(d$z)) < 1e-9))
  expect_true(any(abs(gap(d$x^2)) > 1e-3))
  m <- match_panel(treat ~ x, d, "city", "year", method = "entropy", moments = 2)
  expect_true(all(abs(gap(d$x^2)) < 1e-8))
  far <- data.frame(treat = rep(1:0, each = 5), x = c(11:15, 1:5))
  expect_error(suppressWarnings(match_panel(treat ~ x, far, method = "entropy")), class = "pilotdid_error_infeasible")
})

test_that("ipw weights are the odds, normalized", {
  m <- match_panel(model, lalonde, method = "ipw")
  odds <- m$score / (1 - m$score)
  controls <- lalonde$treat == 0
  expect_equal(m$weight[controls], odds[controls] / sum(odds[controls]) * 185, tolerance = 1e-12)
})

test_that("common support is what it says", {
  m <- suppressWarnings(match_panel(model, lalonde, replace = TRUE, support = "minmax"))
  range1 <- range(m$score[lalonde$treat == 1])
  range0 <- range(m$score[lalonde$treat == 0])
  inside <- m$score >= max(range1[1], range0[1]) & m$score <= min(range1[2], range0[2])
  expect_identical(m$support, inside)
  expect_true(all(m$weight[!inside] == 0))
  trimmed <- suppressWarnings(match_panel(model, lalonde, replace = TRUE, support = "trim", trim = 0.2))
  expect_identical(trimmed$support, trimmed$score >= 0.2 & trimmed$score <= 0.8)
  one_side <- suppressWarnings(match_panel(model, lalonde, replace = TRUE, support = "treated"))
  expect_identical(one_side$support, lalonde$treat == 0 | (m$score >= range0[1] & m$score <= range0[2]))
})

test_that("results do not depend on threads, on row order, on labels or on the kind of data frame", {
  d <- match_data()
  run <- function(d, ...) suppressWarnings(match_panel(treat ~ x + z, d, "city", "year", caliper = 0.1, ...))
  before <- pilot_threads(1)
  one <- lapply(c("nearest", "radius"), function(m) run(d, method = m))
  pilot_threads(2)
  two <- lapply(c("nearest", "radius"), function(m) run(d, method = m))
  pilot_threads(before)
  for (i in 1:2) expect_identical(one[[i]]$weight, two[[i]]$weight)
  set.seed(1)
  shuffled <- sample(nrow(d))
  expect_equal(run(d[shuffled, ])$weight, run(d)$weight[shuffled])
  relabelled <- d
  relabelled$city <- paste("city", rev(seq_len(max(d$city)))[d$city])
  relabelled$year <- factor(d$year, levels = rev(unique(d$year)))
  expect_equal(run(relabelled)$weight, run(d)$weight)
  tbl <- tibble::as_tibble(d)
  expect_equal(run(tbl)$weight, run(d)$weight)
})

test_that("Chinese names, spaces and our own names are columns like any other", {
  d <- match_data()
  names(d)[names(d) == "x"] <- "\u4eba\u5747 GDP"
  names(d)[names(d) == "z"] <- "weight"
  names(d)[names(d) == "city"] <- "\u57ce\u5e02"
  formula <- stats::as.formula(call("~", quote(treat), call("+", as.name("\u4eba\u5747 GDP"), quote(weight))))
  m <- match_panel(formula, d, unit = "\u57ce\u5e02", time = ~year)
  expect_equal(m$weight, match_panel(treat ~ x + z, match_data(), "city", "year")$weight)
  expect_setequal(unique(tidy(balance(m))$variable), c("\u4eba\u5747 GDP", "weight"))
})

test_that("tables have the columns of the contract", {
  m <- match_panel(treat ~ x + z, match_data(), "city", "year")
  expect_identical(names(tidy(m))[1:7], c("term", "estimate", "std.error", "statistic", "p.value", "conf.low", "conf.high"))
  expect_identical(nrow(tidy(m)), 12L)
  expect_identical(nrow(glance(m)), 1L)
  expect_true(all(c(".treated", ".score", ".support", ".weight") %in% names(augment(m))))
  expect_identical(weights(m), m$weight)
  expect_output(print(m), "1:1 nearest neighbor")
  expect_output(print(summary(m)), "effective.controls")
  given <- match_panel(treat ~ 1, lalonde, score = fixture$matchit$lalonde$largest$distance)
  expect_identical(nrow(tidy(given)), 0L)
})

# ---- bad input ----

test_that("separation is found, proved and named", {
  d <- match_data()
  d$w <- d$treat * 2 + d$x / 100
  expect_error(match_panel(treat ~ x + w, d, "city", "year"), "4 of 4 periods.*w", class = "pilotdid_error_separation")
  d$q <- as.integer(d$treat == 1 & d$year == 2016 & d$x > 0.8)
  expect_warning(match_panel(treat ~ z + q, d, "city", "year"), "1 of 4 periods: 2016", class = "pilotdid_warning_separation")
  # Separation does not stop methods that do not use the score.
  expect_s3_class(suppressWarnings(match_panel(treat ~ x + w, d, "city", "year", method = "mahalanobis")), "pilot_match")
})

test_that("nearly separated data are not called separated", {
  set.seed(9)
  x <- rnorm(400)
  d <- data.frame(treat = rbinom(400, 1, plogis(9 * x)), x = x)
  m <- match_panel(treat ~ x, d, replace = TRUE)
  g <- stats::glm(treat ~ x, stats::binomial(), d, control = list(epsilon = 1e-15, maxit = 100))
  expect_equal(unname(coef(m)[, 1]), unname(coef(g)), tolerance = 1e-9)
})

test_that("collinear covariates are dropped from the score, as glm does", {
  d <- match_data()
  d$twice <- d$x * 2 + 1
  m <- match_panel(treat ~ x + twice + z, d, "city", "year")
  expect_true(all(is.na(coef(m)["twice", ])))
  expect_equal(m$weight, match_panel(treat ~ x + z, d, "city", "year")$weight)
})

test_that("bad periods, missing values and varying treatment are reported with their numbers", {
  d <- match_data()
  d$treat[d$year == 2016] <- 0L
  expect_warning(match_panel(treat ~ x + z, d, "city", "year", treated = "current"), "2016 \\(0 treated, 120 untreated\\)", class = "pilotdid_warning_empty_period")
  d <- match_data()
  d$x[d$year == 2015][1:3] <- NA
  d$z[7] <- Inf
  expect_warning(m <- match_panel(treat ~ x + z, d, "city", "year"), "4 rows", class = "pilotdid_warning_missing_covariates")
  expect_identical(sum(is.na(m$weight)), 4L)
  treated <- length(unique(d$city[d$treat == 1]))
  expect_warning(match_panel(status ~ x, match_data(), "city", "year"), paste0("within ", treated, " of 120 units"), class = "pilotdid_warning_varying_treatment")
  ever <- suppressWarnings(match_panel(status ~ x + z, match_data(), "city", "year"))
  expect_equal(ever$weight, match_panel(treat ~ x + z, match_data(), "city", "year")$weight)
  d <- match_data()
  d$treat <- 0L
  expect_error(match_panel(treat ~ x, d), class = "pilotdid_error_treatment")
  d$treat <- as.integer(d$year > 2016)
  expect_error(match_panel(treat ~ x, d, time = "year"), class = "pilotdid_error_no_overlap")
})

test_that("calipers need numbers that are known, repeated rows are said", {
  d <- match_data()
  d$word <- "a"
  d$gap <- replace(d$x, c(2, 9), NA)
  expect_error(match_panel(treat ~ x, d, "city", "year", caliper = c(0.1, word = 1)), "word", class = "pilotdid_error_argument")
  expect_error(match_panel(treat ~ x, d, "city", "year", caliper = c(0.1, gap = 1)), "gap: 2", class = "pilotdid_error_missing_covariates")
  again <- rbind(d, d[d$city == 3 & d$year > 2016, ])
  expect_warning(match_panel(treat ~ x, again, "city", "year"), "2 rows.*2017: 1, 2018: 1", class = "pilotdid_warning_duplicates")
  expect_warning(match_panel(treat ~ x, d, "city", "year"), NA, class = "pilotdid_warning_duplicates")
  one_arm <- d[!(d$treat == 0L & d$year == 2016), ]
  expect_warning(match_panel(treat ~ x, one_arm, "city", "year"), "1 of 4 periods has only one arm", class = "pilotdid_warning_empty_period")
})

test_that("a random order is that of its seed and uses every control once at most", {
  d <- match_data()
  draw <- function(seed) match_panel(treat ~ x + z, d, "city", "year", order = "random", seed = seed)
  expect_identical(draw(1)$pairs, draw(1)$pairs)
  expect_false(identical(draw(1)$pairs, draw(2)$pairs))
  expect_false(anyDuplicated(draw(1)$pairs$control) > 0)
})

test_that("too few controls and no match within the caliper are said", {
  d <- match_data()
  expect_error(match_panel(treat ~ x + z, d, "city", "year", ratio = 500), class = "pilotdid_error_ratio")
  expect_warning(match_panel(treat ~ x + z, d, "city", "year", ratio = 50), "2015", class = "pilotdid_warning_ratio")
  expect_error(match_panel(treat ~ x + z, d, "city", "year", caliper = 1e-15), class = "pilotdid_error_no_match")
  m <- expect_warning(match_panel(treat ~ x + z, d, "city", "year", caliper = 0.001), "within the caliper", class = "pilotdid_warning_unmatched")
  expect_identical(sum(m$periods$unmatched), sum(d$treat == 1 & m$weight == 0))
})

test_that("arguments are checked", {
  d <- match_data()
  expect_error(match_panel(treat ~ nothere, d), class = "pilotdid_error_unknown_column")
  expect_error(match_panel(~x, d), class = "pilotdid_error_formula")
  expect_error(match_panel(x ~ z, d), class = "pilotdid_error_treatment")
  expect_error(match_panel(treat ~ x, d, method = "neerest"), class = "pilotdid_error_argument")
  expect_error(match_panel(treat ~ x, d, caliper = -1), class = "pilotdid_error_argument")
  expect_error(match_panel(treat ~ x, d, method = "kernel", caliper = 0.1), class = "pilotdid_error_argument")
  expect_error(match_panel(treat ~ x, d, method = "radius"), class = "pilotdid_error_argument")
  expect_error(match_panel(treat ~ x, d, ties = "all"), class = "pilotdid_error_argument")
  expect_error(match_panel(treat ~ x, d, score = 1:3), class = "pilotdid_error_argument")
  expect_error(match_panel(treat ~ x, d, method = "ipw", score = d$x), class = "pilotdid_error_argument")
  expect_error(match_panel(treat ~ x, 1), class = "pilotdid_error_data")
})

# ---- psmatch2 ----

test_that("weights, support, identifiers and neighbors are Stata's", {
  s <- utils::read.csv(test_path("fixtures", "psmatch2.csv"))
  a <- augment(match_psmatch2(d ~ x1 + x2, s, logit = TRUE))
  # Stata's logit stops at 1e-7 in the coefficients.
  expect_equal(a$`_pscore`, s$pscore, tolerance = 1e-7)
  expect_equal(a$`_weight`, as.numeric(s$weight))
  expect_identical(a$`_id`, s$id)
  expect_identical(a$`_n1`, s$n1)
  expect_equal(a$`_pdif`, s$pdif, tolerance = 1e-5)
  kernel <- match_panel(d ~ 1, s, score = "pscore", method = "kernel", bandwidth = 0.5)
  expect_equal(kernel$weight, s$kernel_weight, tolerance = 1e-13)
})

test_that("neighbors, ties and caliper of psmatch2 agree with its rules spelled out", {
  set.seed(4)
  for (k in 1:3) {
    for (ties in c(FALSE, TRUE)) {
      for (caliper in c(0.0625, 2)) {
        d <- data.frame(treat = rbinom(60, 1, 0.3), p = sample(seq(0.125, 0.875, 0.0625), 60, TRUE))
        m <- suppressWarnings(match_psmatch2(treat ~ 1, d, score = "p", neighbor = k, ties = ties, caliper = caliper))
        controls <- which(d$treat == 0)
        weight <- numeric(60)
        for (i in which(d$treat == 1)) {
          found <- controls[slow_psmatch2(d$p[i], d$p[controls], k, ties, caliper)]
          for (j in found) weight[j] <- weight[j] + 1 / length(found)
          weight[i] <- as.integer(length(found) > 0)
          expect_equal(m$pairs$control[m$pairs$treated == i], found)
        }
        expect_equal(m$weight, weight)
      }
    }
  }
})

test_that("common of psmatch2 trims treated rows only", {
  m <- suppressWarnings(match_psmatch2(model, lalonde, common = TRUE))
  a <- augment(m)
  off <- lalonde$treat == 1 & (m$score > max(m$score[lalonde$treat == 0]) | m$score < min(m$score[lalonde$treat == 0]))
  expect_identical(a$`_support`, as.integer(!off))
  expect_true(all(is.na(a$`_weight`[off])))
})
