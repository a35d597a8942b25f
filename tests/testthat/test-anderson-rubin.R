# A test with given moments: g(b) = g0 - b g1 and Omega(b) = o0 - b o1 + b^2 o2.
made_test <- function(g0, g1, o0, o1, o2, chi2) {
  list(g0 = g0, g1 = g1, o0 = as.matrix(o0), o1 = as.matrix(o1), o2 = as.matrix(o2), chi2 = chi2, df = length(g0), df2 = Inf, scale = 1)
}

test_that("the five shapes come out by construction", {
  shape <- function(...) ar_shape(ar_set(made_test(...)))
  # (g0 - b g1)^2 <= c (1 + b^2), one instrument.
  expect_identical(shape(1, 3, 1, 0, 1, 4), "bounded")
  expect_identical(shape(4, 1, 1, 0, 1, 4), "disjoint")
  expect_identical(shape(1, 1, 1, 0, 1, 4), "line")
  # g1^2 = c: the root at infinity leaves 4 - 8 b <= 4 - ... a half-line.
  expect_identical(shape(4, 2, 1, 0, 1, 4), "ray")
  # Two instruments that contradict each other.
  expect_identical(shape(c(10, -10), c(5, 5), diag(2), 0 * diag(2), diag(2), 1), "empty")
  # Each instrument is precise near its own solution (0 and 2) and says nothing near the other's:
  # 16 b^2 / (.1 + 2 b^2) + 16 (b - 2)^2 / (.1 + 2 (b - 2)^2) <= 10 holds around 0 and around 2 only.
  pieces <- ar_set(made_test(c(0, -8), c(-4, -4), diag(c(0.1, 8.1)), diag(c(0, 8)), diag(c(2, 2)), 10))
  expect_identical(ar_shape(pieces), "disjoint")
  expect_true(all(is.finite(unlist(pieces))))
  expect_equal(rowMeans(pieces), c(0, 2), tolerance = 0.05)
})

test_that("a half-line has its end where the quadratic says", {
  # (4 - 2 b)^2 <= 4 (1 + b^2)  <=>  16 - 16 b <= 4  <=>  b >= 3/4.
  set <- ar_set(made_test(4, 2, 1, 0, 1, 4))
  expect_equal(set$conf.low, 0.75, tolerance = 1e-12)
  expect_identical(set$conf.high, Inf)
  other <- ar_set(made_test(-4, 2, 1, 0, 1, 4))
  expect_identical(other$conf.low, -Inf)
  expect_equal(other$conf.high, -0.75, tolerance = 1e-12)
})

test_that("with iid errors the set is that of the quadratic formula", {
  for (seed in 1:20) {
    data <- random_iv_panel(seed)
    # From strong to useless: the endogenous variable loses its first stage.
    data$weak <- data$d1 - (seed / 20) * (0.6 * data$z1 + 0.3 * data$z2)
    fit <- pilot_did(y ~ x1 | id + year | weak ~ z1 + z2, data, vcov = "iid")
    set <- anderson_rubin(fit)
    v <- reference_iv_data(~ factor(id) + factor(year), data, "y", "x1", "weak", c("z1", "z2"))
    z <- annihilate(v$x, v$z)
    both <- annihilate(v$x, cbind(v$y, v$d))
    left <- annihilate(z, both)
    df2 <- nrow(data) - qr(cbind(v$x, v$z))$rank
    c <- qf(0.95, 2, df2) * 2 / df2
    q <- crossprod(both) - (1 + c) * crossprod(left)
    # q22 b^2 - 2 q12 b + q11 <= 0
    disc <- q[1, 2]^2 - q[1, 1] * q[2, 2]
    roots <- if (disc > 0) sort((q[1, 2] + c(-1, 1) * sqrt(disc)) / q[2, 2])
    expected <- if (disc > 0) {
      if (q[2, 2] > 0) "bounded" else "disjoint"
    } else {
      if (q[2, 2] > 0) "empty" else "line"
    }
    expect_identical(set$shape, expected, info = seed)
    finite <- sort(Filter(is.finite, unlist(set$intervals)))
    # Dummies and cancellation in the discriminant of weak sets.
    expect_equal(unname(finite), roots %||% numeric(), tolerance = 1e-7, info = seed)
  }
})

test_that("robust and clustered sets are where a fine grid does not reject", {
  for (seed in c(1, 5, 9)) {
    data <- random_iv_panel(seed)
    data$weak <- data$d1 - 0.08 * seed * (0.6 * data$z1 + 0.3 * data$z2)
    fit <- pilot_did(y ~ x1 | id + year | weak ~ z1 + z2 + z3, data, vcov = ~region)
    for (statistic in c("wald", "score")) {
      set <- anderson_rubin(fit, statistic = statistic)
      grid <- sort(c(tan(seq(-1.57, 1.57, length.out = 4001)), seq(-3, 5, length.out = 2000)))
      inside <- predict(set, grid) >= 0.05
      covered <- rowSums(outer(grid, set$intervals$conf.low, ">=") & outer(grid, set$intervals$conf.high, "<=")) > 0
      expect_identical(inside, covered, info = paste(seed, statistic))
      ends <- Filter(is.finite, unlist(set$intervals))
      # An end point is a root to about 1e-10 of its size.
      if (length(ends)) expect_equal(unname(predict(set, ends)), rep(0.05, length(ends)), tolerance = 1e-7)
    }
  }
})

test_that("p-values are those of weak_iv() and of the textbook", {
  data <- random_iv_panel(2)
  fit <- pilot_did(y ~ x1 | id + year | d1 ~ z1 + z2, data)
  set <- anderson_rubin(fit)
  for (b in c(-0.5, 0, 1.2)) {
    w <- tidy(weak_iv(fit, beta0 = b))
    expect_equal(predict(set, b), w$p.value[w$test == "anderson_rubin"], tolerance = 1e-12)
  }
  expect_equal(glance(set)$p.value, predict(set, 0))
  v <- reference_iv_data(~ factor(id) + factor(year), data, "y", "x1", "d1", c("z1", "z2"))
  wald <- anderson_rubin(fit, statistic = "score")
  z <- annihilate(v$x, v$z)
  e <- annihilate(v$x, v$y - drop(v$d) * 0.7)
  g <- crossprod(z, e)
  score <- drop(crossprod(g, solve(reference_meat(z * drop(e), data$id), g)))
  expect_equal(predict(wald, 0.7), pchisq(score, 2, lower.tail = FALSE), tolerance = 1e-9)
})

test_that("the set moves with the outcome and scales with the variables", {
  data <- random_iv_panel(7)
  fit <- pilot_did(y ~ x1 | id + year | d1 ~ z1 + z2, data, vcov = ~region)
  set <- anderson_rubin(fit)$intervals
  moved <- data
  moved$y <- 1e4 * (data$y + 3 * data$d1)
  other <- anderson_rubin(pilot_did(y ~ x1 | id + year | d1 ~ z1 + z2, moved, vcov = ~region))$intervals
  expect_equal(as.numeric(unlist(other)) / 1e4, as.numeric(unlist(set)) + 3, tolerance = 1e-9)
})

test_that("bad input is refused and figures are drawn", {
  data <- random_iv_panel(1)
  two <- pilot_did(y ~ x1 | id + year | d1 + d2 ~ z1 + z3, data)
  expect_error(anderson_rubin(two), class = "pilotdid_error_several_endogenous")
  one <- pilot_did(y ~ x1 | id + year | d1 ~ z1, data)
  expect_error(anderson_rubin(one, level = 2), class = "pilotdid_error_argument")
  set <- anderson_rubin(one)
  expect_identical(names(tidy(set)), c("term", "estimate", "conf.low", "conf.high"))
  expect_output(print(set), "confidence set for d1")
  file <- withr::local_tempfile(fileext = ".pdf")
  grDevices::pdf(file)
  expect_invisible(plot(set))
  grDevices::dev.off()
  expect_gt(file.size(file), 1000)
  skip_if_not_installed("ggplot2")
  expect_s3_class(ggplot2::autoplot(set), "ggplot")
})
