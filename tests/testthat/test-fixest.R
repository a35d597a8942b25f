fixture <- readRDS(test_path("fixtures", "fixest.rds"))

estimate <- function(seed) {
  data <- random_panel(seed)
  spec <- random_spec(seed)
  data$weight <- if (spec$weighted) data$w else 1
  suppressWarnings(pilot_did(random_formula(spec), data,
    panel = ~ id + year, weights = ~weight, vcov = spec$vcov, duplicates = "allow"
  ))
}

test_that("200 random panels give the estimates of fixest", {
  for (peer in fixture) {
    fit <- estimate(peer$seed)
    table <- tidy(fit)
    names(peer$coefficients) <- sub("^I[(](I[(].*[)])[)]$", "\\1", names(peer$coefficients))
    expect_setequal(table$term, names(peer$coefficients))
    at <- match(table$term, names(peer$coefficients))
    # 1e-8 of a standard error: fixest stops its iterations at 1e-11 on the effects.
    scale <- ifelse(is.finite(peer$se[at]), peer$se[at], 1)
    expect_lt(max(abs(table$estimate - peer$coefficients[at]) / scale), 1e-8, label = paste("seed", peer$seed))
    expect_identical(as.numeric(nobs(fit)), as.numeric(peer$nobs))
    expect_equal(1 - fit$rss / fit$tss, peer$r2, tolerance = 1e-9)
    # Residuals hold the effects themselves, with which fixest's iterations end at about 1e-7.
    expect_lt(max(abs(quantile(residuals(fit), c(0, 0.1, 0.5, 0.9, 1)) - peer$residuals)), 1e-7)
  }
})

test_that("standard errors and p-values are those of fixest where it counts the same parameters", {
  compared <- 0
  for (peer in fixture) {
    fit <- estimate(peer$seed)
    if (fit$rank + fit$absorbed != peer$parameters || anyNA(peer$se)) next
    table <- tidy(fit)
    at <- match(table$term, sub("^I[(](I[(].*[)])[)]$", "\\1", names(peer$coefficients)))
    # fixest lifts the eigenvalues of a covariance that clusters leave singular (by about 1e-8 of
    # the standard error); ours keeps it as it is. Elsewhere the agreement is 1e-10.
    singular <- rcond(stats::cov2cor(vcov(fit))) < 1e-9
    expect_lt(max(abs(table$std.error / peer$se[at] - 1)), if (singular) 1e-6 else 2e-8, label = paste("seed", peer$seed))
    expect_lt(max(abs(table$p.value - peer$p[at])), if (singular) 1e-6 else 1e-8)
    compared <- compared + 1
  }
  expect_gt(compared, 150)
})

test_that("absorbed parameters are the rank of the dummies, also where fixest counts too many", {
  differ <- 0
  for (peer in fixture) {
    spec <- random_spec(peer$seed)
    if (any(c("[") %in% all.names(spec$effects))) next
    fit <- estimate(peer$seed)
    frame <- as.data.frame(augment(fit))
    effects <- lapply(fit$design$effects, function(e) do.call(paste, frame[strsplit(e$label, "^", fixed = TRUE)[[1]]]))
    expect_equal(fit$absorbed, reference_parameters(effects, FALSE, 0), label = paste("seed", peer$seed))
    differ <- differ + (fit$rank + fit$absorbed != peer$parameters)
  }
  expect_gt(differ, 10)
})
