quiet <- function(expr) suppressMessages(suppressWarnings(expr))

test_that("castle gives the numbers of bacondecomp", {
  castle <- staggered_fixture()$castle
  fit <- quiet(pilot_did(l_homicide ~ post | state + year, castle))
  bacon <- bacon_decomposition(fit)
  expect_equal(round(coef(fit)[["post"]], 10), .0818116169)
  expect_equal(bacon$coefficient, coef(fit)[["post"]], tolerance = 1e-12)
  table <- tidy(bacon)
  expect_equal(sum(table$weight), 1, tolerance = 1e-14)
  by_type <- function(value) as.vector(tapply(value, table$type, sum)[c("earlier vs later", "later vs earlier", "treated vs never")])
  expect_equal(round(by_type(table$weight), 8), c(.05976325, .03189818, .90833857))
  expect_equal(round(by_type(table$weight * table$estimate), 10), c(-.0003312067, .0022431001, .0798997235))
  peer <- staggered_fixture()$bacon
  # Never treated: a large number there, NA here.
  control <- ifelse(is.na(table$control), max(peer$untreated), table$control)
  at <- match(paste(table$treated, control), paste(peer$treated, peer$untreated))
  expect_equal(table$weight, peer$weight[at], tolerance = 1e-8)
  expect_equal(table$estimate, peer$estimate[at], tolerance = 1e-8)
})

test_that("weights times estimates are the coefficient, also with always-treated units and weights", {
  for (seed in 1:6) {
    data <- staggered_panel(seed)
    if (seed %% 2) data$status[data$id %% 7 == 0] <- 1L
    fit <- quiet(pilot_did(y ~ status | id + year, data, weights = if (seed %% 3) data$w))
    bacon <- bacon_decomposition(fit)
    expect_equal(bacon$coefficient, coef(fit)[["status"]], tolerance = 1e-10)
    expect_identical(any(bacon$comparisons$type == "treated vs always"), seed %% 2 == 1)
  }
})

test_that("what has no decomposition is refused with the reason", {
  data <- staggered_panel(3)
  expect_error(bacon_decomposition(quiet(pilot_did(y ~ status + x | id + year, data))), class = "pilotdid_error_covariates")
  expect_error(bacon_decomposition(quiet(pilot_did(y ~ status | id + year, data[-1, ]))), class = "pilotdid_error_unbalanced")
  expect_error(bacon_decomposition(quiet(pilot_did(y ~ status | id + year + province^year, data))), class = "pilotdid_error_effects")
  expect_error(bacon_decomposition(1), class = "pilotdid_error_argument")
  # The regression itself takes a status that switches off.
  data$status[data$year == max(data$year)] <- 0
  expect_error(bacon_decomposition(quiet(pilot_did(y ~ status | id + year, data))), "bacon_decomposition.* stay on", class = "pilotdid_error_reversal")
})

test_that("print, plot and glance", {
  bacon <- bacon_decomposition(quiet(pilot_did(y ~ status | id + year, staggered_panel(3))))
  expect_output(print(bacon), "weighted mean")
  expect_equal(glance(bacon)$estimate, bacon$coefficient)
  grDevices::pdf(NULL)
  on.exit(grDevices::dev.off())
  expect_no_error(plot(bacon))
})
