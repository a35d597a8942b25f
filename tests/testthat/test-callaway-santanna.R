quiet <- function(expr) suppressMessages(suppressWarnings(expr))
mpdta <- staggered_fixture()$mpdta

cs_mpdta <- function(right = quote(1), ...) {
  formula <- eval(bquote(lemp ~ .(right) | countyreal + year))
  pilot_did(formula, mpdta, estimator = "cs", cohort = "first.treat", ...)
}

# Values that did 2.5 prints, to the digits printed.
test_that("mpdta without covariates gives the numbers of did", {
  expected <- list(
    never = rbind(simple = c(-.0399513, .0120340), dynamic = c(-.0772398, .0199650), group = c(-.0310183, .0124461), calendar = c(-.0417004, .0159719)),
    notyet = rbind(simple = c(-.0397636, .0120524), dynamic = c(-.0773993, .0195602), group = c(-.0304622, .0125751), calendar = c(-.0442671, .0155709))
  )
  for (control in names(expected)) {
    fit <- cs_mpdta(control_group = control)
    for (type in rownames(expected[[control]])) {
      got <- tidy(aggregate_effects(fit, type))[1, ]
      expect_equal(round(c(got$estimate, got$std.error), 7), expected[[control]][type, ], info = paste(control, type))
    }
  }
  expect_equal(tidy(cs_mpdta())$estimate[1], -.0399513, tolerance = 1e-6)
  g <- glance(cs_mpdta())
  expect_equal(round(c(g$pretrend.statistic, g$pretrend.df, g$pretrend.p.value), 5), c(7.79124, 5, .16812))
})

test_that("mpdta with a covariate gives the numbers of did and DRDID", {
  expected <- rbind(dr = c(-.0417518, .0115028, -.0803539, .0189576), or = c(-.0419686, .0114448, -.0807817, .0187459), ipw = c(-.0417771, .0114997, -.0803769, .0189543))
  for (method in rownames(expected)) {
    fit <- cs_mpdta(quote(lpop), method = method)
    dynamic <- tidy(aggregate_effects(fit, "dynamic"))[1, ]
    got <- c(tidy(fit)$estimate[1], tidy(fit)$std.error[1], dynamic$estimate, dynamic$std.error)
    expect_equal(round(got, 7), unname(expected[method, ]), info = method)
  }
  cells <- tidy(cs_mpdta(quote(lpop)))[-1, ]
  expect_equal(round(cells$estimate, 10), c(
    -.0145296683, -.0764218817, -.1404483368, -.1069038981, -.0004721461, -.0062025246, .0009605737, -.0412938656,
    .0267277962, -.0045765708, -.0284474872, -.0287813610
  ))
  expect_equal(round(cells$std.error, 8), c(
    .02212916, .02867131, .03537815, .03288649, .02222344, .01849570, .01940020, .01972114, .01406566, .01571776, .01818088, .01623895
  ))
  expect_equal(round(glance(cs_mpdta(quote(lpop)))$pretrend.p.value, 5), .23267)
})

# Both programs solve the same estimating equations; did's logit stops at 1e-8 of the deviance, which
# leaves its scores right to about 1e-7.
test_that("fifty random panels agree with did, cell by cell and averaged", {
  stored <- staggered_fixture()$did
  compared <- 0
  for (seed in seq_along(stored)) {
    spec <- staggered_spec(seed)
    data <- staggered_panel(seed, spec$missing)
    fit <- quiet(pilot_did(
      if (spec$covariates) y ~ z + x | id + year else y ~ 1 | id + year, data,
      estimator = "cs", cohort = "g", control_group = spec$control_group, anticipation = spec$anticipation,
      weights = if (spec$weights) data$w, method = spec$method, base_period = spec$base_period, drop_singletons = FALSE
    ))
    peer <- stored[[seed]]
    cells <- tidy(fit)
    at <- match(paste(peer$cells$group, peer$cells$time), paste(cells$group, cells$time))
    known <- !is.na(peer$cells$estimate) & !is.na(at) & !is.na(cells$estimate[at])
    compared <- compared + sum(known)
    expect_gt(mean(known), 0.6)
    expect_equal(cells$estimate[at][known], peer$cells$estimate[known], tolerance = 1e-6, info = seed)
    ses <- known & !is.na(peer$cells$se) & !is.na(cells$std.error[at])
    expect_equal(cells$std.error[at][ses], peer$cells$se[ses], tolerance = 1e-6, info = seed)
    # Cells that only one program estimates would enter one average only.
    if (!all(is.na(peer$cells$estimate) == is.na(cells$estimate[at]))) next
    for (type in names(peer$averages)) {
      got <- tidy(aggregate_effects(fit, type))
      expect_equal(c(got$estimate[1], got$std.error[1]), peer$averages[[type]]$overall, tolerance = 1e-6, info = paste(seed, type))
    }
  }
  expect_gt(compared, 500)
})

test_that("without covariates the three methods are one, and covariates enter by their earlier period", {
  data <- staggered_panel(4)
  one <- function(method) coef(quiet(pilot_did(y ~ 1 | id + year, data, estimator = "cs", cohort = "g", method = method)))
  expect_identical(one("dr"), one("ipw"))
  expect_identical(one("dr"), one("or"))
})

test_that("covariates that never change share their models over periods and give what changing ones give", {
  for (control in c("never", "notyet"))
    for (method in c("dr", "or", "ipw")) {
      changed <- mpdta
      # The last period is never the earlier one of a comparison: its covariate enters nowhere.
      last <- changed$year == max(changed$year)
      changed$lpop[last] <- changed$lpop[last] + seq_len(sum(last))
      fit <- cs_mpdta(quote(lpop), method = method, control_group = control)
      other <- pilot_did(lemp ~ lpop | countyreal + year, changed, estimator = "cs", cohort = "first.treat", method = method, control_group = control)
      expect_identical(tidy(fit), tidy(other), info = paste(control, method))
    }
})

test_that("the order of rows, labels of units, shifts of the outcome and threads do not matter", {
  data <- staggered_panel(7)
  run <- function(data) quiet(pilot_did(y ~ z | id + year, data, estimator = "cs", cohort = "g", control_group = "notyet"))
  fit <- run(data)
  again <- run(data[sample(nrow(data)), ])
  # Sums over rows in another order: rounding only.
  expect_equal(coef(again), coef(fit), tolerance = 1e-12)
  renamed <- data
  renamed$id <- paste0("\u5e02", 1000 - renamed$id)
  expect_equal(coef(run(renamed)), coef(fit), tolerance = 1e-12)
  moved <- data
  moved$y <- 100 - 3 * moved$y
  expect_equal(coef(run(moved)), -3 * coef(fit), tolerance = 1e-10)
  scaled <- data
  scaled$z <- scaled$z * 1e8 - 5
  expect_equal(coef(run(scaled)), coef(fit), tolerance = 1e-8)
  # Levels of units a million times the changes: the outcome itself then has nine digits of them left.
  plain <- function(data) quiet(pilot_did(y ~ 1 | id + year, data, estimator = "cs", cohort = "g"))
  large <- data
  large$y <- large$y + 1e5 * large$id
  expect_equal(coef(plain(large)), coef(plain(data)), tolerance = 1e-8)
  expect_equal(vcov(plain(large)), vcov(plain(data)), tolerance = 1e-7)
  before <- pilot_threads(1)
  single <- run(data)
  pilot_threads(2)
  expect_identical(coef(run(data)), coef(single))
  expect_identical(vcov(run(data)), vcov(single))
  pilot_threads(before)
})

test_that("the square of the tabular influence is the square of the influence by unit", {
  fit <- cs_mpdta()
  expect_equal(crossprod(influence(fit)), vcov(fit), tolerance = 1e-12)
  expect_equal(max(abs(colSums(influence(fit)))), 0, tolerance = 1e-10)
})

test_that("clusters above the unit sum the influence", {
  data <- staggered_panel(3)
  fit <- quiet(pilot_did(y ~ 1 | id + year, data, estimator = "cs", cohort = "g", vcov = ~province))
  psi <- influence(quiet(pilot_did(y ~ 1 | id + year, data, estimator = "cs", cohort = "g")))
  province <- data$province[match(sort(unique(data$id)), data$id)]
  expect_equal(unname(vcov(fit)), unname(crossprod(rowsum(psi, province))), tolerance = 1e-12)
})

test_that("pairs and dropping incomplete units agree on a balanced panel and differ on others", {
  full <- staggered_panel(8)
  run <- function(data, how) coef(quiet(pilot_did(y ~ 1 | id + year, data, estimator = "cs", cohort = "g", incomplete = how)))
  expect_equal(run(full, "pairs"), run(full, "cross_section"), tolerance = 1e-12)
  holes <- staggered_panel(8, 0.05)
  complete <- holes[holes$id %in% names(which(table(holes$id) == length(unique(holes$year)))), ]
  expect_equal(run(holes, "drop"), run(complete, "pairs"), tolerance = 1e-12)
  expect_false(isTRUE(all.equal(run(holes, "pairs"), run(holes, "drop"))))
})

test_that("bad input is named", {
  data <- staggered_panel(2)
  joined <- data[data$g > 0, ]
  expect_error(pilot_did(y ~ 1 | id + year, joined, estimator = "cs", cohort = "g"), class = "pilotdid_error_no_never")
  warnings <- capture_warnings(pilot_did(y ~ 1 | id + year, joined, estimator = "cs", cohort = "g", control_group = "notyet"))
  expect_match(warnings[1], "No unit is never treated: there are no controls in")
  expect_error(pilot_did(y ~ status | id + year, data, estimator = "cs", metod = "or"), class = "pilotdid_error_argument")
  off <- data
  off$status[off$year == max(off$year)] <- 0
  expect_error(quiet(pilot_did(y ~ status | id + year, off, estimator = "cs")), class = "pilotdid_error_reversal")
  expect_error(quiet(pilot_did(y ~ x | id + year, data, estimator = "cs")), class = "pilotdid_error_treatment_kind")
  expect_error(quiet(pilot_did(y ~ status | id + year + province^year, data, estimator = "cs")), class = "pilotdid_error_effects")
  expect_error(quiet(residuals(pilot_did(y ~ status | id + year, data, estimator = "cs"))), class = "pilotdid_error_not_available")
})

test_that("effects that cannot be estimated are NA with their reason", {
  data <- staggered_panel(2)
  data$twice <- 2 * data$z
  collinear <- expect_error(
    quiet(pilot_did(y ~ z + twice | id + year, data, estimator = "cs", cohort = "g")),
    class = "pilotdid_error_no_effect"
  )
  expect_match(conditionMessage(collinear), "twice")
  # Only the second cohort has no spread in its own column: the cells around it keep theirs, and the name is right.
  own <- sort(setdiff(unique(data$g), 0))[2]
  data$apart <- as.integer(data$g == own)
  data$noise <- data$z^2
  apart <- tidy(quiet(pilot_did(y ~ z + noise + apart | id + year, data, estimator = "cs", cohort = "g", method = "or", control_group = "notyet")))
  unknown <- which(!is.na(apart$reason))
  expect_gt(length(unknown), 0)
  expect_lt(length(unknown), nrow(apart) - 1)
  expect_false(any(is.nan(apart$estimate)))
  expect_true(all(grepl("collinear in this comparison: apart|no treated|no control", apart$reason[unknown])))
  fit <- quiet(pilot_did(y ~ 1 | id + year, data[data$g > 0, ], estimator = "cs", cohort = "g", control_group = "notyet"))
  cells <- tidy(fit)
  expect_true(anyNA(cells$estimate))
  expect_identical(is.na(cells$estimate[-1]), !is.na(cells$reason[-1]))
  expect_match(cells$reason[is.na(cells$estimate)], "no control")
})

test_that("a cohort of one unit has no variance of its own: said by every estimator for it", {
  data <- staggered_panel(2)
  # The first unit of the second cohort alone.
  cohort <- sort(setdiff(unique(data$g), 0))[2]
  data <- data[data$g != cohort | data$id == min(data$id[data$g == cohort]), ]
  for (estimator in c("cs", "sa", "etwfe", "bjs", "gardner")) {
    warnings <- testthat::capture_warnings(suppressMessages(pilot_did(y ~ 1 | id + year, data, estimator = estimator, cohort = "g")))
    expect_true(any(grepl(paste("single unit .*", cohort), warnings)), info = estimator)
  }
})

test_that("a status and a cohort column are the same panel", {
  data <- staggered_panel(5)
  one <- quiet(pilot_did(y ~ status + z | id + year, data, estimator = "cs"))
  two <- quiet(pilot_did(y ~ z | id + year, data, estimator = "cs", cohort = "g"))
  expect_identical(coef(one), coef(two))
  data$g[data$g == 0] <- NA
  expect_identical(coef(quiet(pilot_did(y ~ z | id + year, data, estimator = "cs", cohort = "g"))), coef(two))
})

# People seen once: rows as units of their own, as did with panel = FALSE. The logit converges to 1e-8 in did.
test_that("repeated cross-sections agree with did", {
  stored <- readRDS(test_path("fixtures/cross-sections.rds"))
  data <- staggered_fixture()$mpdta
  data$person <- seq_len(nrow(data))
  for (spec in names(stored)) {
    formula <- if (spec == "plain") lemp ~ 1 | person + year else lemp ~ lpop | person + year
    fit <- pilot_did(formula, data, estimator = "cs", cohort = "first.treat")
    cells <- stored[[spec]]$cells
    ours <- tidy(fit)[match(paste0("ATT(", cells$group, ",", cells$time, ")"), tidy(fit)$term), ]
    expect_equal(ours$estimate, cells$estimate, tolerance = 1e-7, info = spec)
    expect_equal(ours$std.error, cells$se, tolerance = 1e-6, info = spec)
    overall <- tidy(aggregate_effects(fit, "dynamic"))[1, ]
    expect_equal(c(overall$estimate, overall$std.error), stored[[spec]]$overall, tolerance = 1e-6, info = spec)
  }
  expect_error(quiet(pilot_did(lemp ~ 1 | person + year, data, cohort = "first.treat")), class = "pilotdid_error_empty")
})

test_that("the multipliers of every type have mean zero and the covariance of the influence", {
  withr::local_seed(11)
  psi <- matrix(rnorm(120), 60, 2) %*% matrix(c(1, 0.5, 0, 1), 2)
  for (type in c("mammen", "rademacher", "normal")) {
    drawn <- multiplier_bootstrap(psi, 20000, type, seed = 3)
    # Twenty thousand draws: a variance is known to sqrt(2 / 20000) = 1 %, a mean to 0.7 % of the spread.
    expect_equal(crossprod(drawn$draws) / 20000, crossprod(psi), tolerance = 0.04)
    expect_lt(max(abs(colMeans(drawn$draws)) / sqrt(colSums(psi^2))), 0.03)
    expect_identical(multiplier_bootstrap(psi, 20000, type, seed = 3)$draws, drawn$draws)
    expect_equal(drawn$std.error, sqrt(colSums(psi^2)), tolerance = 0.05)
  }
})
