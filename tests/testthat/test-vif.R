car_values <- function(model) {
  values <- read.csv(test_path("fixtures", "vif.csv"))
  values[values$model == model, ]
}

test_that("pooled factors equal car::vif()", {
  models <- list(
    plain = pilot_did(mpg ~ wt + hp + disp + drat + qsec | 0, mtcars, vcov = "iid"),
    terms = pilot_did(mpg ~ wt + factor(cyl) + poly(disp, 2) + hp | 0, mtcars, vcov = "iid"),
    weighted = pilot_did(mpg ~ wt + hp + disp | 0, mtcars, vcov = "iid", weights = qsec)
  )
  for (model in names(models)) {
    car <- car_values(model)
    table <- tidy(vif_table(models[[model]]))
    expect_identical(table$term, car$term)
    expect_identical(table$df, as.integer(car$df))
    # Determinants of a correlation matrix with condition number 30: 15 digits less three.
    expect_equal(table$gvif, car$gvif, tolerance = 1e-11)
    expect_equal(table$vif, car$gvif^(1 / car$df), tolerance = 1e-11)
    expect_true(all(is.na(table$gvif.within)))
  }
})

test_that("effects do not change the pooled factors; within ones are those of the residuals", {
  for (seed in c(1, 4, 5, 8)) {
    data <- random_panel(seed)
    data <- data[complete.cases(data), ]
    if (seed != 5) data$w <- 1
    fit <- suppressWarnings(pilot_did(y ~ d + x1 + x2 + firm | id + year, data, weights = w))
    data <- data[used_flags(fit$design), ]
    w <- data$w
    table <- tidy(vif_table(fit))
    columns <- as.matrix(data[c("d", "x1", "x2", "firm")])
    expect_equal(table$vif, unname(diag(solve(cov.wt(columns, w, cor = TRUE)$cor))), tolerance = 1e-10)
    left <- apply(columns, 2, function(x) {
      resid(lm(x ~ factor(id) + factor(year), data, weights = w)) * sqrt(w)
    })
    scaled <- sweep(left, 2, sqrt(colSums(left^2)), `/`)
    # lm() leaves residuals right to about twelve digits.
    expect_equal(table$vif.within, unname(diag(solve(crossprod(scaled)))), tolerance = 1e-9)
    glanced <- glance(vif_table(fit))
    raw <- cbind(1, columns) * sqrt(w)
    raw <- sweep(raw, 2, sqrt(colSums(raw^2)), `/`)
    expect_equal(glanced$condition.number, kappa(raw, exact = TRUE), tolerance = 1e-8)
    expect_equal(glanced$condition.number.within, kappa(scaled, exact = TRUE), tolerance = 1e-8)
  }
})

test_that("dropped rows, collinear controls and the order of terms", {
  data <- random_panel(2)
  data$copy <- 2 * data$x2
  fit <- suppressWarnings(pilot_did(y ~ sector + d + x1 + x2 + copy | id + year, data))
  table <- tidy(vif_table(fit))
  expect_identical(table$term, c("sector", "d", "x1", "x2"))
  expect_identical(table$df, c(4L, 1L, 1L, 1L))
  kept <- suppressWarnings(pilot_did(y ~ sector + d + x1 + x2 | id + year, data[used_flags(fit$design), ]))
  expect_equal(table, tidy(vif_table(kept)), tolerance = 1e-10)
  scaled <- suppressWarnings(pilot_did(y ~ sector + d + I(1e8 * x1) + I(1e-8 * x2) | id + year, data))
  expect_equal(tidy(vif_table(scaled))$gvif, table$gvif, tolerance = 1e-9)
})

test_that("what has no factors is refused", {
  expect_error(vif_table(lm(mpg ~ wt, mtcars)), class = "pilotdid_error_argument")
  data <- random_panel(1)
  robust <- suppressWarnings(pilot_did(y ~ status | id + year, event_panel(1), estimator = "cs"))
  expect_error(vif_table(robust), class = "pilotdid_error_estimator")
  lean <- suppressWarnings(pilot_did(y ~ d | id + year, data, lean = TRUE))
  expect_error(vif_table(lean), class = "pilotdid_error_lean")
  alone <- vif_table(suppressWarnings(pilot_did(y ~ d | id + year, data)))
  expect_equal(c(tidy(alone)$vif, tidy(alone)$vif.within), c(1, 1))
})

test_that("tables and figures", {
  fit <- suppressWarnings(pilot_did(y ~ d + sector + x2 | id + year, random_panel(1)))
  vif <- vif_table(fit)
  expect_output(print(vif), "gvif.within")
  pdf(NULL)
  on.exit(dev.off())
  expect_identical(plot(vif), vif)
  skip_if_not_installed("ggplot2")
  drawn <- ggplot2::layer_data(ggplot2::autoplot(vif), 2L)
  expect_equal(sort(drawn$x), sort(c(tidy(vif)$vif, tidy(vif)$vif.within)))
})
