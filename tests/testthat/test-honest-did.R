source(test_path("fixtures", "honest-events.R"), local = TRUE)

honest <- function(event, type = "relative_magnitudes", ...) {
  honest_did(event$estimate, type, vcov = event$vcov, event_time = event$time, ...)
}
rows <- function(x) tidy(x)[-1L, ]

test_that("the published intervals of the ehec event study are met", {
  # HonestDiD prints three digits; its folded quantiles are simulated (1e6 draws, some 1e-3 of an s.e.).
  smooth <- rows(honest(honest_events$ehec, "smoothness", bound = (0:5) / 100, breakdown = FALSE))
  expect_equal(smooth$conf.low, c(0.0259, 0.0132, 0.00286, -0.00714, -0.0171, -0.0271), tolerance = 1e-4 / 0.02)
  expect_equal(smooth$conf.high, c(0.0607, 0.0787, 0.0907, 0.101, 0.111, 0.121), tolerance = 5e-4 / 0.09)
  # There a grid of 4 hundredths of a standard error (3.7e-4) and 1000 draws of the critical value.
  relative <- rows(honest(honest_events$ehec, bound = c(0.5, 1, 1.5, 2), breakdown = FALSE))
  expect_lt(max(abs(relative$conf.low - c(0.0240, 0.0170, 0.00824, -0.000916))), 7e-4)
  expect_lt(max(abs(relative$conf.high - c(0.0672, 0.0720, 0.0797, 0.0881))), 7e-4)
})

test_that("fixed-length intervals are those of a general-purpose minimizer", {
  for (event in honest_events) {
    before <- sum(event$time < -1)
    after <- length(event$time) - before
    for (target in list(diag(after)[1, ], rep(1 / after, after))) {
      for (bound in c(0, 0.3, 2) * sqrt(event$vcov[1, 1])) {
        mine <- rows(honest(event, "smoothness", bound = bound, target = target, breakdown = FALSE))
        slow <- reference_flci(event$estimate, event$vcov, before, target, bound)
        # Nelder-Mead stops some 1e-5 above a kinked minimum, and never below it.
        half <- (mine$conf.high - mine$conf.low) / 2
        expect_equal(half, slow, tolerance = 2e-4)
        expect_lte(half, slow * (1 + 1e-8))
      }
    }
  }
})

test_that("the conditional test is that of all vertices", {
  event <- honest_events$ehec
  source <- pilotdid:::sensitivity_event(event$estimate, event$vcov, event$time, NULL)
  for (type in c("relative_magnitudes", "smoothness", "relative_smoothness")) {
    plan <- list(source = source, target = c(1, 0), type = type, sign = "none", monotone = "none", method = "conditional",
      alpha = 0.05, draws = 100L, seed = 1)
    for (problem in pilotdid:::honest_problems(plan, if (type == "smoothness") 0.005 else 1)[1]) {
      targets <- seq(-0.05, 0.12, length.out = 35)
      slow <- vapply(targets, function(t) reference_conditional(problem, t, 0.05), TRUE)
      expect_identical(as.vector(pilotdid:::cpp_honest_accepts(problem, targets)), slow)
      expect_true(any(slow) && !all(slow))
    }
  }
})

test_that("the restrictions are what they say, and shapes hold in the tests", {
  event <- honest_events$ehec
  source <- pilotdid:::sensitivity_event(event$estimate, event$vcov, event$time, NULL)
  shapes <- expand.grid(sign = c("none", "positive", "negative"), monotone = c("none", "increasing", "decreasing"), stringsAsFactors = FALSE)
  withr::local_seed(1)
  for (type in c("relative_magnitudes", "smoothness", "relative_smoothness")) for (k in seq_len(nrow(shapes))) {
    sign <- shapes$sign[k]
    monotone <- shapes$monotone[k]
    # Multiples of 1/1024, so that both ways of adding are exact.
    violations <- replicate(200, round(1024 * stats::rnorm(7, 0, c(rep(1, 5), rep(0.5, 2)))) / 1024)
    inside <- apply(violations, 2L, function(delta) {
      path <- c(delta[1:5], 0, delta[6:7])
      moves <- diff(path, differences = if (type == "relative_magnitudes") 1L else 2L)
      n <- length(moves)
      largest <- if (type == "smoothness") 1 else max(abs(moves[seq_len(n - 2L)]))
      all(abs(moves[n - 1:0]) <= largest) &&
        switch(sign, none = TRUE, positive = all(delta[6:7] >= 0), negative = all(delta[6:7] <= 0)) &&
        switch(monotone, none = TRUE, increasing = all(diff(path[6:8]) >= 0), decreasing = all(diff(path[6:8]) <= 0))
    })
    sets <- pilotdid:::violation_sets(source, type, 1, sign, monotone)
    held <- apply(violations, 2L, function(delta) any(vapply(sets, function(s) all(s$A %*% delta <= s$d), TRUE)))
    expect_identical(held, inside)
    if (type != "relative_magnitudes") next
    plan <- list(source = source, target = c(1, 0), type = "smoothness", sign = sign, monotone = monotone,
      method = "conditional", alpha = 0.05, draws = 100L, seed = 1)
    problem <- pilotdid:::honest_problems(plan, 0.005)[[1L]]
    targets <- seq(-0.05, 0.12, length.out = 35)
    slow <- vapply(targets, function(t) reference_conditional(problem, t, 0.05), TRUE)
    expect_identical(as.vector(pilotdid:::cpp_honest_accepts(problem, targets)), slow)
  }
})

test_that("results scale with the outcome and do not depend on the order of the estimates", {
  event <- honest_events$ehec
  base <- rows(honest(event, bound = 1, breakdown = FALSE))
  for (scale in c(1e-6, 1e6)) {
    scaled <- event
    scaled$estimate <- scale * event$estimate
    scaled$vcov <- scale^2 * event$vcov
    other <- rows(honest(scaled, bound = 1, breakdown = FALSE))
    # The ends are bisected to a millionth of the standard error.
    expect_equal(other$conf.low / scale, base$conf.low, tolerance = 1e-5)
    expect_equal(other$conf.high / scale, base$conf.high, tolerance = 1e-5)
  }
  turned <- rev(seq_along(event$time))
  mixed <- list(time = event$time[turned], estimate = event$estimate[turned], vcov = event$vcov[turned, turned])
  expect_identical(rows(honest(mixed, bound = 1, breakdown = FALSE)), base)
})

test_that("a mirrored event study has mirrored intervals, and shapes cut them", {
  event <- honest_events$ehec
  mirrored <- event
  mirrored$estimate <- -event$estimate
  for (m in c("conditional", "flci")) {
    base <- rows(honest(event, "smoothness", bound = 0.01, method = m, breakdown = FALSE))
    other <- rows(honest(mirrored, "smoothness", bound = 0.01, method = m, breakdown = FALSE))
    expect_equal(c(other$conf.low, other$conf.high), -c(base$conf.high, base$conf.low), tolerance = 1e-5)
  }
  positive <- rows(honest(event, "smoothness", bound = 0.02, sign = "positive", method = "conditional", breakdown = FALSE))
  free <- rows(honest(event, "smoothness", bound = 0.02, method = "conditional", breakdown = FALSE))
  # A bias that is not negative can only have pushed the estimate up.
  expect_lt(positive$conf.high, free$conf.high - 0.005)
})

test_that("the breakdown value is where the interval meets the null", {
  event <- honest_events$ehec
  for (type in c("smoothness", "relative_magnitudes")) {
    x <- honest(event, type, bound = 0)
    at <- glance(x)$breakdown
    ends <- rows(honest(event, type, bound = at * c(0.999, 1.001), breakdown = FALSE))$conf.low
    expect_true(ends[1] > 0 && ends[2] <= 0)
  }
  expect_identical(glance(honest(event, bound = 0, null = 0.045))$breakdown, 0)
})

test_that("open and empty sets are said to be so", {
  event <- honest_events$ehec
  # Relative bounds of a million: every effect is possible.
  wide <- rows(honest(event, bound = 1e9, breakdown = FALSE))
  expect_identical(wide$open, "both")
  expect_output(print(honest(event, bound = c(0.5, 1e9), breakdown = FALSE)), "Mbar = 0.5 .*unbounded")
  # After a steep fall before the pilot a linear trend cannot have a positive bias after it.
  steep <- event
  steep$estimate[1:5] <- -(5:1) / -0.5
  none <- rows(honest(steep, "smoothness", bound = 0, sign = "positive", breakdown = FALSE))
  expect_identical(none$open, "empty")
  expect_true(is.na(none$conf.low))
})

test_that("it follows the sets of HonestDiD", {
  peer <- utils::read.csv(test_path("fixtures", "honest-did.csv"))
  event <- honest_events$benzarti_carloni
  for (i in seq_len(nrow(peer))) {
    row <- peer[i, ]
    sign <- if (grepl("positive", row$type)) "positive" else "none"
    mine <- rows(honest(event, sub("_positive", "", row$type), bound = row$bound, sign = sign, method = row$method,
      target = if (row$target == "0") 0 else "average", breakdown = FALSE))
    # One step of its grid, and two where the simulated critical value matters.
    wide <- row$step * if (row$method == "hybrid_lf") 4 else 1.01
    expect_lt(abs(mine$conf.low - row$low), wide)
    expect_lt(abs(mine$conf.high - row$high), wide)
  }
})

test_that("what cannot be analyzed is refused", {
  event <- honest_events$ehec
  broken <- event
  broken$vcov[1, 2] <- broken$vcov[2, 1] <- 2e-4
  error <- expect_error(honest(broken), class = "pilotdid_error_honest_vcov")
  expect_lt(error$smallest, 0)
  expect_s3_class(honest(broken, bound = 1, nearest = TRUE, breakdown = FALSE), "pilot_honest")
  gap <- event
  gap$time[1] <- -9
  expect_error(honest(gap), "-8", class = "pilotdid_error_honest_event_time")
  late <- event
  late$time <- 0:6
  expect_error(honest(late), class = "pilotdid_error_honest_event_time")
  expect_error(honest(event, method = "flci"), class = "pilotdid_error_honest_method")
  expect_error(honest(event, target = 7), class = "pilotdid_error_argument")
  expect_error(honest(event, bound = -1), class = "pilotdid_error_argument")
  expect_error(honest_did("x"), class = "pilotdid_error_argument")
  panel <- simulate_pilot(seed = 1)
  two <- event_study(y ~ status | unit + time, panel, window = c(-4, 3), reference = c(-4, -1))
  expect_error(honest_did(two), "single", class = "pilotdid_error_honest_reference")
  remedy <- c(cs = "base_period = .universal", bjs = "all untreated periods.*estimator = .sa", gardner = "estimator = .sa", sdid = "weighted.*estimator = .sa")
  for (estimator in names(remedy)) {
    fit <- suppressWarnings(pilot_did(y ~ status | unit + time, panel, estimator = estimator))
    expect_error(honest_did(fit), remedy[[estimator]], class = "pilotdid_error_honest_reference")
  }
})

test_that("event studies of the package are taken as they are", {
  panel <- simulate_pilot(seed = 1)
  event <- event_study(y ~ status | unit + time, panel, window = c(-4, 3), bin = FALSE)
  x <- honest_did(event, "smoothness", bound = 0.05, breakdown = FALSE)
  keep <- names(coef(event))
  y <- honest_did(unname(coef(event)), "smoothness", bound = 0.05, vcov = unname(vcov(event)), event_time = as.numeric(keep),
    breakdown = FALSE)
  expect_identical(rows(x), rows(y))
  pdf(NULL)
  on.exit(dev.off())
  expect_silent(plot(x))
  skip_if_not_installed("ggplot2")
  expect_s3_class(ggplot2::autoplot(x), "ggplot")
})

test_that("estimates given as numbers are checked, and their reference may stand among them", {
  event <- honest_events$ehec
  numbers <- function(estimate = event$estimate, vcov = event$vcov, event_time = event$time, ...) {
    honest_did(estimate, bound = 1, vcov = vcov, event_time = event_time, breakdown = FALSE, ...)
  }
  expect_error(numbers(vcov = event$vcov[-1, ]), class = "pilotdid_error_argument")
  expect_error(numbers(event_time = event$time[-1]), class = "pilotdid_error_argument")
  expect_error(numbers(estimate = replace(event$estimate, 2, NA)), class = "pilotdid_error_argument")
  expect_error(numbers(event_time = replace(event$time, 1, event$time[2])), class = "pilotdid_error_honest_event_time")
  k <- length(event$estimate)
  wider <- rbind(cbind(event$vcov, 0), 0)
  with <- numbers(c(event$estimate, 0), wider, c(event$time, -1))
  expect_equal(tidy(with), tidy(numbers()))
})
