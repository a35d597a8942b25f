fixture <- readRDS(test_path("fixtures", "iv.rds"))
card <- fixture$card
just <- lwage ~ exper + expersq + black + south | 0 | educ ~ nearc4
over <- lwage ~ exper + expersq + black + south | 0 | educ ~ nearc2 + nearc4

# Published numbers, some of them cut off rather than rounded: right to a unit of their last digit.
expect_printed <- function(object, printed, digits) expect_lt(abs(object - printed), 10^-digits)

test_that("Card's returns to schooling are those that ivreg2 prints", {
  one <- pilot_did(just, card, vcov = "iid")
  two <- pilot_did(over, card, vcov = "iid")
  robust <- pilot_did(over, card, vcov = "HC1")
  se <- function(fit, ...) unname(sqrt(diag(vcov(fit, ...)))[1])
  expect_printed(coef(one)[["educ"]], .2213902, 7)
  expect_printed(coef(two)[["educ"]], .2403153, 7)
  expect_printed(se(one, ssc = "ivreg2"), .0408605, 7)
  expect_printed(se(two, ssc = "ivreg2"), .0405293, 7)
  expect_printed(se(robust, ssc = "ivreg2"), .0402514, 7)
  expect_printed(se(one), .0409013368, 10)
  expect_printed(se(two), .0405697227, 10)
  liml <- pilot_did(over, card, vcov = "iid", method = "liml")
  expect_printed(liml$kappa, 1.000605709, 9)
  expect_printed(coef(liml)[["educ"]], .2482702, 7)
})

test_that("coefficients and covariances equal ivreg's", {
  for (name in c("one", "two")) {
    fit <- pilot_did(if (name == "one") just else over, card, vcov = "iid")
    known <- fixture$ivreg[[name]]
    order <- names(known$coefficients)
    # Cross-products of exper, expersq and a constant lose five of sixteen digits.
    expect_equal(coef(fit)[order], known$coefficients, tolerance = 1e-9)
    expect_equal(vcov(fit)[order, order], known$vcov, tolerance = 1e-9)
    expect_equal(vcov(fit, vcov = "HC1")[order, order], known$hc1, tolerance = 1e-9)
  }
})

test_that("2SLS with effects equals fixest on 100 random panels", {
  for (known in fixture$panels) {
    data <- random_iv_panel(known$seed)
    spec <- iv_spec(known$seed)
    # A slope variable among the controls is dropped, and some two-way covariances are indefinite.
    fit <- suppressWarnings(
      pilot_did(iv_formula(spec), data, vcov = spec$vcov, weights = if (spec$weighted) data$w)
    )
    names <- names(known$coefficients)
    expect_equal(fit$nobs, known$nobs)
    # fixest stops at 1e-11 of its effects.
    expect_equal(coef(fit)[names], known$coefficients, tolerance = 1e-8, info = known$seed)
    expect_equal(sqrt(diag(vcov(fit)))[names], known$se, tolerance = 1e-8, info = known$seed)
  }
})

test_that("every method equals explicit dummies", {
  data <- random_iv_panel(3)
  v <- reference_iv_data(~ factor(id) + factor(year), data, "y", "x1", c("d1", "d2"), c("z1", "z2", "z3"))
  formula <- y ~ x1 | id + year | d1 + d2 ~ z1 + z2 + z3
  names <- c("d1", "d2", "x1")
  liml <- pilot_did(formula, data, method = "liml")
  full <- cbind(v$d, v$y)
  eigenvalues <- eigen(solve(
    crossprod(annihilate(cbind(v$x, v$z), full)), crossprod(annihilate(v$x, full))
  ), only.values = TRUE)$values
  # The dummies leave about ten digits.
  expect_equal(liml$kappa, min(Re(eigenvalues)), tolerance = 1e-10)
  expect_equal(coef(liml)[names], reference_kclass(v, liml$kappa)[names], tolerance = 1e-10)
  expect_equal(coef(pilot_did(formula, data, method = "kclass", kappa = 0.4))[names], reference_kclass(v, 0.4)[names], tolerance = 1e-10)
  fuller <- pilot_did(formula, data, method = "fuller", fuller = 4)
  dof <- nrow(data) - qr(cbind(v$x, v$z))$rank
  expect_equal(fuller$kappa, liml$kappa - 4 / dof, tolerance = 1e-10)
  for (cluster in list(NULL, data$region)) {
    gmm <- pilot_did(formula, data, method = "gmm", vcov = if (is.null(cluster)) "HC1" else ~region)
    if (is.null(cluster)) {
      # All moments at once; with nine regions they would be singular, the package needs those of z only.
      known <- reference_gmm(v, cluster)
      expect_equal(coef(gmm)[names], known$coefficients[names], tolerance = 1e-10)
      expect_equal(weak_iv(gmm)$table$statistic[12], known$j, tolerance = 1e-9)
    }
    expect_true(all(is.finite(vcov(gmm))))
  }
})

test_that("k-class runs from OLS to 2SLS, and methods agree when just identified", {
  data <- random_iv_panel(5)
  ols <- pilot_did(y ~ d1 + x1 | id + year, data)
  expect_equal(
    coef(pilot_did(y ~ x1 | id + year | d1 ~ z1 + z2, data, method = "kclass", kappa = 0))[c("d1", "x1")],
    coef(ols)[c("d1", "x1")], tolerance = 1e-12
  )
  tsls <- pilot_did(y ~ x1 | id + year | d1 ~ z1, data)
  for (method in c("liml", "gmm")) {
    other <- pilot_did(y ~ x1 | id + year | d1 ~ z1, data, method = method)
    expect_equal(coef(other), coef(tsls), tolerance = 1e-11)
    expect_equal(vcov(other), vcov(tsls), tolerance = 1e-9)
  }
  # Ratio of the reduced form to the first stage.
  r <- summary(tsls)$stages
  expect_equal(coef(r$`reduced form`)[["z1"]] / coef(r$d1)[["z1"]], coef(tsls)[["d1"]], tolerance = 1e-11)
  expect_equal(coef(summary(tsls)$stages$OLS)[c("d1", "x1")], coef(ols)[c("d1", "x1")], tolerance = 1e-11)
  expect_equal(vcov(r$OLS)[c("d1", "x1"), c("d1", "x1")], vcov(ols)[c("d1", "x1"), c("d1", "x1")], tolerance = 1e-10)
})

test_that("results do not depend on rows, labels, units of measure or threads", {
  data <- random_iv_panel(8)
  formula <- y ~ x1 | id + year | d1 + d2 ~ z1 + z2 + z3
  fit <- pilot_did(formula, data)
  shuffled <- data[rev(seq_len(nrow(data))), ]
  shuffled$id <- paste("unit", 100 - shuffled$id)
  expect_equal(coef(pilot_did(formula, shuffled)), coef(fit), tolerance = 1e-11)
  expect_equal(tidy(weak_iv(pilot_did(formula, shuffled)))$statistic, tidy(weak_iv(fit))$statistic, tolerance = 1e-9)
  scaled <- data
  scaled$z1 <- scaled$z1 * 1e-7
  scaled$d2 <- scaled$d2 * 1e6
  other <- pilot_did(formula, scaled)
  # Powers of ten are not exact in binary.
  expect_equal(coef(other)[["d2"]] * 1e6, coef(fit)[["d2"]], tolerance = 1e-10)
  expect_equal(tidy(weak_iv(other))$statistic, tidy(weak_iv(fit))$statistic, tolerance = 1e-8)
  before <- pilot_threads(1)
  one <- weak_iv(pilot_did(formula, data))$table
  pilot_threads(2)
  two <- weak_iv(pilot_did(formula, data))$table
  pilot_threads(before)
  expect_identical(one, two)
})

test_that("integer weights are repeated rows", {
  data <- random_iv_panel(2)
  data$copies <- 1 + seq_len(nrow(data)) %% 3
  repeated <- data[rep(seq_len(nrow(data)), data$copies), ]
  formula <- y ~ x1 | id + year | d1 ~ z1 + z2
  expect_equal(
    coef(pilot_did(formula, data, weights = copies)),
    coef(pilot_did(formula, repeated, duplicates = "allow")), tolerance = 1e-11
  )
  # Clustered sums of scores are the same too, so is everything computed from them.
  expect_equal(
    tidy(weak_iv(pilot_did(formula, data, weights = copies)))$statistic[c(1, 9, 12, 15)],
    tidy(weak_iv(pilot_did(formula, repeated, duplicates = "allow")))$statistic[c(1, 9, 12, 15)], tolerance = 1e-9
  )
})

test_that("ill-conditioned columns take the orthogonal path", {
  data <- random_iv_panel(4)
  # A level of 1e6 beside a variation of 1 costs the cross-products twelve digits.
  data$far <- data$z2 + 1e6
  plain <- pilot_did(y ~ x1 | 0 | d1 ~ z1 + z2, data, panel = ~ id + year)
  far <- pilot_did(y ~ x1 | 0 | d1 ~ z1 + far, data, panel = ~ id + year)
  expect_true(far$solver$orthogonal)
  expect_equal(coef(far), coef(plain), tolerance = 1e-8)
})

test_that("bad input is refused with its cause", {
  data <- random_iv_panel(1)
  data$fixed <- data$id / 7
  data$copy <- data$d1
  data$sum <- data$z1 + data$x1
  bad <- function(formula, class, ...) expect_error(pilot_did(formula, data, ...), class = paste0("pilotdid_error_", class))
  bad(y ~ x1 | id + year | d1 + d2 ~ z1, "underidentified")
  bad(y ~ x1 + z1 | id + year | d1 ~ sum, "underidentified")
  bad(y ~ x1 | id + year | d1 ~ fixed, "instrument_absorbed")
  bad(y ~ x1 | id + year | d1 ~ z1 + fixed, "instrument_absorbed")
  bad(y ~ d1 | id + year | d1 ~ z1, "endogenous_exogenous")
  bad(y ~ x1 | id + year | d1 ~ d1 + z1, "endogenous_exogenous")
  bad(y ~ copy | id + year | d1 ~ z1, "endogenous_exogenous")
  bad(y ~ x1 | id + year | fixed ~ z1, "treatment_absorbed")
  data$three <- data$id %% 3
  bad(y ~ x1 | id + year | d1 ~ z1 + z2 + z3, "few_clusters", vcov = ~three)
  bad(y ~ x1 | id + year | d1 ~ z1, "argument", method = "3sls")
  bad(y ~ x1 | id + year | d1 ~ z1, "argument", kappa = 1)
  bad(y ~ d1 | id + year, "instruments", estimator = "iv")
  expect_error(first_stage(pilot_did(y ~ d1 | id + year, data)), class = "pilotdid_error_no_instruments")
  expect_warning(
    fit <- pilot_did(y ~ x1 | id + year | d1 ~ z1 + sum, data),
    class = "pilotdid_warning_instrument_collinear"
  )
  expect_equal(coef(fit), coef(pilot_did(y ~ x1 | id + year | d1 ~ z1, data)), tolerance = 1e-9)
  matrix <- pilot_did(y ~ x1 | id + year | d1 ~ z1, data, vcov = diag(2))
  expect_error(weak_iv(matrix), class = "pilotdid_error_vcov")
})

test_that("main terms of an interaction may be absorbed", {
  data <- random_iv_panel(6)
  data$place <- sin(data$id * 3)
  data$national <- cos(data$year)
  data$d1 <- data$d1 + 2 * data$place * data$national
  expect_message(
    product <- pilot_did(y ~ x1 | id + year | d1 ~ place * national, data),
    class = "pilotdid_message_instrument_absorbed"
  )
  expect_equal(coef(product), coef(pilot_did(y ~ x1 | id + year | d1 ~ place:national, data)), tolerance = 1e-10)
})

test_that("a fit answers the generics", {
  data <- random_iv_panel(9)
  names(data)[names(data) == "d1"] <- "互 联"
  fit <- pilot_did(y ~ x1 | id + year | `互 联` ~ z1 + z2, data)
  expect_s3_class(fit, c("pilot_iv", "pilot_fit"), exact = TRUE)
  expect_identical(tidy(fit)$term, c("互 联", "x1"))
  expect_equal(fitted(fit) + residuals(fit), data$y, tolerance = 1e-12)
  expect_equal(predict(fit, data), fitted(fit), tolerance = 1e-10)
  expect_identical(dim(model.matrix(fit)), c(nrow(data), 2L))
  # Scores of projected regressors sum to zero: the first-order condition.
  expect_lt(max(abs(colSums(influence(fit)))), 1e-10)
  g <- glance(fit)
  expect_identical(g$method, "2sls")
  expect_equal(g$first.stage.f, glance(first_stage(fit))$statistic)
  expect_output(print(summary(fit)), "Reduced form")
  expect_error(weak_iv(pilot_did(y ~ x1 | id + year | `互 联` ~ z1, data, lean = TRUE)), class = "pilotdid_error_lean")
})

test_that("an instrument that is a control too is named as such", {
  data <- random_iv_panel(9)
  expect_error(pilot_did(y ~ x1 + z1 | id + year | d1 ~ z1, data), "z1: stands among the controls too", class = "pilotdid_error_underidentified")
})
