fixture <- readRDS(test_path("fixtures", "mechanism.rds"))

test_that("split samples are separate regressions and share one covariance with the interacted one", {
  data <- mechanism_panel()
  for (v in names(fixture$interacted)) {
    ref <- fixture$interacted[[v]]
    vcov <- switch(v, unit = NULL, region = ~region, two = ~ id + region, hc1 = "HC1", iid = "iid")
    fit <- pilot_did(y ~ d + x1 | id + year, data, vcov = vcov)
    h <- heterogeneity(fit, "group", draws = 0)
    # fixest stopped at 1e-11 on the effects.
    expect_equal(h$table$estimate, unname(ref$coefficients[1:3]), tolerance = 1e-8)
    # A cohort of year^group may be small; here it is only a way to write the regression.
    interacted <- suppressWarnings(pilot_did(y ~ d:group + x1:group | id + year^group, data, vcov = vcov))
    expect_equal(h$table$std.error.joint, tidy(interacted)$std.error[1:3], tolerance = 1e-10)
    expect_equal(h$joint$df, df.residual(interacted))
    if (v %in% c("unit", "region", "two")) {
      # fixest counts one redundant level an effect, not one a group: compare without the count.
      plain <- heterogeneity(
        pilot_did(y ~ d + x1 | id + year, data, vcov = vcov, ssc = list(k = "none")), "group",
        draws = 0
      )
      expect_equal(plain$table$std.error.joint, as.vector(ref$se[1:3]), tolerance = 1e-8)
      expect_equal(plain$tests$statistic[plain$tests$test == "wald"], ref$wald, tolerance = 1e-7)
      expect_equal(plain$joint$df, ref$df)
    }
    for (g in c("large", "small", "super")) {
      alone <- suppressWarnings(pilot_did(y ~ d + x1 | id + year, data[data$group == g, ], vcov = vcov))
      expect_equal(coef(h$fits[[g]]), coef(alone), tolerance = 1e-11)
      expect_equal(h$table$std.error[h$table$group == g], tidy(alone)$std.error[1], tolerance = 1e-11)
    }
  }
})

test_that("only the treatment interacted equals fixest", {
  data <- mechanism_panel()
  fit <- pilot_did(y ~ d + x1 | id + year, data)
  h <- heterogeneity(fit, "group", interaction = "treatment", draws = 0)
  expect_equal(h$table$estimate, unname(fixture$treatment_only$coefficients[1:3]), tolerance = 1e-8)
  expect_equal(h$table$std.error, as.vector(fixture$treatment_only$se[1:3]), tolerance = 1e-8)
  expect_equal(h$tests$statistic, fixture$treatment_only$wald, tolerance = 1e-7)
})

test_that("the classical Chow test compares sums of squares", {
  data <- mechanism_panel()
  pooled <- lm(y ~ d + x1 + factor(id) + factor(year), data)
  split <- lm(y ~ (d + x1 + factor(year)) * group + factor(id), data)
  ref <- anova(pooled, split)
  h <- heterogeneity(pilot_did(y ~ d + x1 | id + year, data), "group", draws = 0)
  chow <- h$tests[h$tests$test == "chow_f", ]
  expect_equal(chow$statistic, ref$F[2], tolerance = 1e-9)
  expect_equal(c(chow$df, chow$df2), c(ref$Df[2], ref$Res.Df[2]))
})

permuted_by_hand <- function(data, fit, seed, draws, groups, stratum, interacted, controls) {
  units <- sort(unique(data$id))
  label <- match(data$group[match(units, data$id)], groups) - 1L
  label[is.na(label)] <- -1L
  labels <- pilotdid:::cpp_permuted_labels(label, stratum, max(stratum) + 1L, draws, seed)
  t(apply(labels, 2, function(l) {
    of <- l[match(data$id, units)]
    if (!interacted) return(
      sapply(seq_along(groups) - 1, function(g) reference_twfe(data[of == g, ], "y", c("d", controls))[["d"]])
    )
    used <- data[of >= 0, ]
    names <- paste0("d", seq_along(groups))
    used[names] <- lapply(seq_along(groups) - 1, function(g) used$d * (of[of >= 0] == g))
    unname(reference_twfe(used, "y", c(names, controls))[names])
  }))
}

test_that("permutation p values equal a plain loop under the same seed", {
  data <- mechanism_panel()
  data <- data[data$group != "super", ]
  groups <- c("large", "small")
  fit <- pilot_did(y ~ d + x1 | id + year, data)
  for (interaction in c("all", "treatment")) {
    h <- heterogeneity(fit, "group", interaction = interaction, draws = 40, seed = 5)
    units <- length(unique(data$id))
    star <- permuted_by_hand(data, fit, 5, 40, groups, integer(units), interaction == "treatment", "x1")
    # lm() on 40 dummies: about ten right digits.
    expect_equal(h$draws, star, tolerance = 1e-8, ignore_attr = TRUE)
    d <- diff(h$table$estimate)
    loop <- star[, 2] - star[, 1]
    g <- glance(h)
    expect_equal(g$permutation.p.value, (1 + sum(abs(loop) >= abs(d))) / 41)
    expect_equal(g$permutation.p.left, (1 + sum(loop <= d)) / 41)
    expect_equal(g$permutation.p.right, (1 + sum(loop >= d)) / 41)
    expect_equal(tidy(h, "contrasts")$p.permutation, g$permutation.p.value)
  }
})

test_that("labels dealt within cohorts, weights and three groups equal a plain loop", {
  data <- mechanism_panel()
  groups <- c("large", "small", "super")
  fit <- pilot_did(y ~ d + x1 | id + year, data)
  h <- heterogeneity(fit, "group", strata = "cohort", draws = 20, seed = 8)
  cohort <- fit$design$treatment$cohort
  stratum <- match(cohort, unique(cohort)) - 1L
  star <- permuted_by_hand(data, fit, 8, 20, groups, stratum, FALSE, "x1")
  expect_equal(h$draws, star, tolerance = 1e-8, ignore_attr = TRUE)
  weight <- 1 / h$table$std.error^2
  spread <- function(b) sum(weight * (b - sum(weight * b) / sum(weight))^2)
  expect_equal(
    glance(h)$permutation.p.value,
    (1 + sum(apply(star, 1, spread) >= spread(h$table$estimate))) / 21
  )
  pair <- data[data$group != "small", ]
  pair_fit <- heterogeneity(pilot_did(y ~ d + x1 | id + year, pair), "group", draws = 20, seed = 8)
  whole <- heterogeneity(fit, "group", draws = 20, seed = 8)
  expect_equal(tidy(whole, "contrasts")$p.permutation[2], glance(pair_fit)$permutation.p.value)

  weighted <- heterogeneity(
    pilot_did(y ~ d + x1 | id + year, data, weights = w), "group", draws = 3, seed = 8
  )
  units <- sort(unique(data$id))
  label <- match(data$group[match(units, data$id)], groups) - 1L
  first <- pilotdid:::cpp_permuted_labels(label, integer(length(units)), 1L, 1L, 8)[, 1]
  sub <- data[first[match(data$id, units)] == 1, ]
  expect_equal(
    weighted$draws[1, 2], reference_twfe(sub, "y", c("d", "x1"), weights = "w")[["d"]],
    tolerance = 1e-8
  )
})

test_that("the permutation test keeps its size", {
  p <- vapply(1:60, function(seed) {
    panel <- simulate_pilot(units = 40, periods = 6, cohorts = c(`3` = .25, `5` = .25), seed = seed)
    panel$side <- panel$unit %% 2
    glance(
      heterogeneity(pilot_did(y ~ status | unit + time, panel), "side", draws = 99, seed = seed)
    )$permutation.p.value
  }, 1)
  # Binomial(60, .1): one in a thousand beyond 14; Binomial(60, .5): one in a thousand below 19.
  expect_lte(sum(p <= 0.1), 14)
  expect_gte(sum(p <= 0.5), 19)
})

test_that("quantile groups use values from before the pilot", {
  data <- mechanism_panel()
  data <- data[data$year > 2011 | data$id != 7, ]
  fit <- pilot_did(y ~ d | id + year, data)
  h <- heterogeneity(fit, ~x1, quantiles = 2, draws = 0)
  first <- data[data$year == 2011, ]
  median <- median(first$x1)
  expect_identical(h$groups$values, c("low", "high"))
  expect_equal(h$groups$units, c(sum(first$x1 <= median), sum(first$x1 > median)))
  high <- data[data$id %in% first$id[first$x1 > median], ]
  expect_equal(h$table$estimate[2], coef(pilot_did(y ~ d | id + year, high))[["d"]], tolerance = 1e-11)
  expect_true("missing x1" %in% names(h$pooled$design$flow))
  expect_error(
    heterogeneity(fit, ~x1, quantiles = 2, base_period = 2016), class = "pilotdid_error_base_period"
  )
  expect_error(
    heterogeneity(fit, ~x1, quantiles = 2, base_period = 1999), class = "pilotdid_error_base_period"
  )
  data$same <- 1
  expect_error(
    heterogeneity(pilot_did(y ~ d | id + year, data), "same", quantiles = 3),
    class = "pilotdid_error_quantiles"
  )
  expect_error(heterogeneity(fit, "group", quantiles = 2), class = "pilotdid_error_quantiles")
})

test_that("groups that cannot be estimated are refused with their name", {
  data <- mechanism_panel()
  fit <- pilot_did(y ~ d | id + year, data)
  bad <- function(group) heterogeneity(pilot_did(y ~ d | id + year, cbind(data, g = group)), "g", draws = 0)
  never <- unique(data$id[ave(data$d, data$id, FUN = max) == 0])
  expect_error(bad(data$id %in% never), class = "pilotdid_error_group_no_treated")
  expect_error(bad(ifelse(data$id == 2, "one", "other")), "one", class = "pilotdid_error_group_size")
  expect_error(bad("all"), class = "pilotdid_error_group_size")
  expect_error(bad(data$year > 2014), class = "pilotdid_error_group_varies")
  same <- tapply(data$year[data$d == 1], data$id[data$d == 1], min)
  alike <- as.numeric(names(same)[same == 2013])
  expect_error(bad(data$id %in% alike), class = "pilotdid_error_group_no_controls")
  expect_warning(bad(data$id %in% c(3, 5, 4, 8, 12)), class = "pilotdid_warning_few_treated")
  expect_error(heterogeneity(fit, "nowhere"), class = "pilotdid_error_unknown_column")
})

test_that("permutations without treated units are counted, not hidden", {
  data <- mechanism_panel()
  data$d[!data$id %in% c(1, 2, 5, 6, 9, 11)] <- 0
  data$half <- data$id %% 2
  fit <- suppressWarnings(pilot_did(y ~ d | id + year, data))
  expect_warning(
    h <- withCallingHandlers(
      heterogeneity(fit, "half", draws = 300, seed = 1),
      pilotdid_warning_few_treated = function(w) invokeRestart("muffleWarning")
    ),
    class = "pilotdid_warning_permutation"
  )
  expect_gt(glance(h)$failed, 0)
  expect_identical(sum(is.na(h$draws[, 2] - h$draws[, 1])), as.integer(glance(h)$failed))
})

test_that("estimates do not depend on threads, labels or row order", {
  data <- mechanism_panel()
  run <- function(data) heterogeneity(pilot_did(y ~ d + x1 | id + year, data), "group", draws = 33, seed = 2)
  before <- pilot_threads(1)
  one <- run(data)
  pilot_threads(2)
  two <- run(data)
  pilot_threads(before)
  expect_identical(one$draws, two$draws)
  expect_identical(tidy(one), tidy(two))
  expect_equal(tidy(run(data[sample(nrow(data)), ])), tidy(one), tolerance = 1e-10)
  zh <- data
  zh$group <- c(small = "中小城市", large = "大城市", super = "超大城市")[zh$group]
  expect_setequal(round(tidy(run(zh))$estimate, 9), round(tidy(one)$estimate, 9))
  scaled <- transform(data, y = 1e6 * y + 3)
  expect_equal(tidy(run(scaled))$statistic, tidy(one)$statistic, tolerance = 1e-9)
  expect_equal(run(scaled)$draws / 1e6, one$draws, tolerance = 1e-9)
})

test_that("missing groups drop rows and are counted", {
  data <- mechanism_panel()
  data$group[data$id %in% c(4, 9)] <- NA
  h <- heterogeneity(pilot_did(y ~ d | id + year, data), "group", draws = 0)
  expect_equal(h$pooled$nobs, sum(!is.na(data$group)))
  expect_equal(h$pooled$design$flow[["missing group"]], sum(is.na(data$group)))
})

test_that("city size classes have the limits of the notice", {
  expect_identical(
    as.character(city_size_class(c(499999, 5e5, 1e6, 3e6, 5e6, 1e7, NA))),
    c("small", "medium", "large II", "large I", "super", "mega", NA)
  )
  expect_identical(
    levels(city_size_class(1, split_large = FALSE)), c("small", "medium", "large", "super", "mega")
  )
  expect_identical(
    as.character(city_size_class(c(99, 299.9), unit = 1e4, split_large = FALSE)),
    c("medium", "large")
  )
  expect_error(city_size_class(-1), class = "pilotdid_error_argument")
  expect_error(city_size_class("big"), class = "pilotdid_error_argument")
  expect_identical(city_size_class(pilot_cities$urban_residents_2014), pilot_cities$size_class)
})

test_that("estimators that average cells are compared by their overall effect", {
  skip_if_not("cs" %in% names(pilotdid:::estimators()))
  panel <- simulate_pilot(units = 120, group_gap = 1, seed = 1)
  fit <- pilot_did(y ~ status | unit + time, panel, estimator = "cs")
  h <- heterogeneity(fit, "group")
  for (g in c("a", "b")) {
    alone <- tidy(pilot_did(y ~ status | unit + time, panel[panel$group == g, ], estimator = "cs"))[1, ]
    row <- tidy(h)[tidy(h)$group == g, ]
    expect_equal(
      c(row$estimate, row$std.error, row$std.error.joint),
      c(alone$estimate, alone$std.error, alone$std.error), tolerance = 1e-10
    )
  }
  # Units of two groups are independent: the Wald test is that of two independent estimates.
  z <- diff(tidy(h)$estimate)^2 / sum(tidy(h)$std.error^2)
  expect_equal(glance(h)$statistic, z, tolerance = 1e-9)
  expect_error(heterogeneity(fit, "group", draws = 10), class = "pilotdid_error_permutation")
  expect_error(heterogeneity(fit, "group", interaction = "treatment"), class = "pilotdid_error_estimator")
  expect_error(mediation(fit, "y"), class = "pilotdid_error_estimator")
})

test_that("a variance of the estimator's own is compared as that of independent groups", {
  panel <- simulate_pilot(units = 80, periods = 6, cohorts = c(`4` = .25), group_gap = 1, seed = 1)
  for (options in list(list(estimator = "efficient"), list(estimator = "sdid", variance = "jackknife"))) {
    fit <- do.call(pilot_did, c(list(y ~ status | unit + time, panel), options))
    h <- heterogeneity(fit, "group")
    t <- tidy(h)
    alone <- lapply(c("a", "b"), function(g) {
      tidy(do.call(pilot_did, c(list(y ~ status | unit + time, panel[panel$group == g, ]), options)))[1L, ]
    })
    expect_equal(t$estimate, vapply(alone, `[[`, 1, "estimate"))
    expect_equal(t$std.error.joint, vapply(alone, `[[`, 1, "std.error"))
    expect_equal(glance(h)$statistic, diff(t$estimate)^2 / sum(t$std.error^2), tolerance = 1e-9)
  }
})
