test_that("the 3 x 3 example worked by hand", {
  x <- data.frame(a = c(1, 2, 3), b = c(4, 4, 9), c = c(2, 8, 5))
  index <- entropy_index(~ a + b - c, x)
  # a: z = 0, 1/2, 1; p = 0, 1/3, 2/3; c reversed: z = 1, 0, 1/2; b: z = 0, 0, 1, p = 0, 0, 1.
  e <- (log(3) / 3 + 2 / 3 * log(3 / 2)) / log(3)
  w <- c(1 - e, 1, 1 - e) / (3 - 2 * e)
  # A handful of roundings in numbers of order one.
  expect_equal(tidy(index)$entropy, c(e, 0, e), tolerance = 1e-15)
  expect_equal(tidy(index)$weight, w, tolerance = 1e-15)
  expect_equal(augment(index)$.score, c(w[3], w[1] / 2, w[1] + w[2] + w[3] / 2), tolerance = 1e-15)
})

test_that("weights and scores equal plain R, for every normalization and rule for zeros", {
  rules <- list(none = 0, replace = 1e-5, add_z = 1e-4, add_p = 1e-10)
  for (seed in 1:5) {
    data <- index_data(seed)
    x <- index_matrix(data)
    for (normalize in c("minmax", "zscore", "max")) for (zero in names(rules)) {
      index <- entropy_index(index_formula, data, normalize = normalize, zero = zero)
      z <- reference_scaled(x, index_direction, normalize, zero, rules[[zero]])
      e <- reference_entropy(z, zero, rules[[zero]])
      # 1 - e is of order .01 and carries the rounding of e: 14 digits, less two.
      expect_equal(tidy(index)$entropy, unname(e), tolerance = 1e-12)
      expect_equal(tidy(index)$weight, reference_weights(e), tolerance = 1e-12)
      expect_equal(predict(index), drop(unname(z %*% reference_weights(e))), tolerance = 1e-12)
    }
  }
})

test_that("eps is the user's", {
  data <- index_data(1)
  z <- reference_scaled(index_matrix(data), index_direction, zero = "add_z", eps = 0.01)
  index <- entropy_index(index_formula, data, zero = "add_z", eps = 0.01)
  expect_equal(tidy(index)$weight, reference_weights(reference_entropy(z)), tolerance = 1e-12)
})

test_that("TOPSIS, CRITIC and equal weights equal plain R", {
  for (seed in 1:3) {
    data <- index_data(seed)
    z <- reference_scaled(index_matrix(data), index_direction)
    w <- reference_weights(reference_entropy(z))
    topsis <- entropy_index(index_formula, data, method = "entropy_topsis")
    expect_equal(tidy(topsis)$weight, w, tolerance = 1e-12)
    expect_equal(predict(topsis), reference_topsis(z, w), tolerance = 1e-12)

    critic <- entropy_index(index_formula, data, method = "critic")
    expect_equal(tidy(critic)$weight, reference_critic(z), tolerance = 1e-12)
    expect_equal(predict(critic), drop(unname(z %*% reference_critic(z))), tolerance = 1e-12)
    scaled <- reference_scaled(index_matrix(data), index_direction, "zscore")
    expect_equal(
      tidy(entropy_index(index_formula, data, method = "critic", normalize = "zscore"))$weight,
      reference_critic(scaled),
      tolerance = 1e-12
    )
    equal <- entropy_index(index_formula, data, method = "equal")
    expect_equal(tidy(equal)$weight, rep(.2, 5))
    expect_equal(predict(equal), unname(rowMeans(z)), tolerance = 1e-12)
  }
})

test_that("principal components are those of prcomp()", {
  data <- index_data(2)
  x <- sweep(index_matrix(data), 2, index_direction, `*`)
  p <- prcomp(x, scale. = TRUE)
  for (kept in 1:5) {
    index <- suppressWarnings(entropy_index(index_formula, data, method = "pca", components = kept))
    sign <- ifelse(colSums(p$rotation) < 0, -1, 1)[seq_len(kept)]
    share <- p$sdev[seq_len(kept)]^2 / sum(p$sdev[seq_len(kept)]^2)
    expect_equal(predict(index), unname(drop(p$x[, seq_len(kept), drop = FALSE] %*% (sign * share))), tolerance = 1e-10)
    expect_equal(sum(tidy(index)$weight), 1)
    expect_equal(glance(index)$share, sum(p$sdev[seq_len(kept)]^2) / 5, tolerance = 1e-12)
  }
  expect_identical(glance(entropy_index(index_formula, data, method = "pca"))$components, sum(p$sdev^2 > 1))
  two <- which(cumsum(p$sdev^2) / 5 >= .7)[1]
  expect_identical(glance(entropy_index(index_formula, data, method = "pca", components = .7))$components, two)
  # Kaiser, Meyer and Olkin; Bartlett: from the inverse, as their definitions.
  r <- cor(x)
  s <- solve(r)
  partial <- -s / sqrt(outer(diag(s), diag(s)))
  off <- row(r) != col(r)
  g <- glance(entropy_index(index_formula, data, method = "pca"))
  expect_equal(g$kmo, sum(r[off]^2) / (sum(r[off]^2) + sum(partial[off]^2)), tolerance = 1e-10)
  chi2 <- -(nrow(x) - 1 - (2 * 5 + 5) / 6) * log(det(r))
  expect_equal(g$bartlett.statistic, chi2, tolerance = 1e-10)
  expect_equal(g$bartlett.p.value, pchisq(chi2, 10, lower.tail = FALSE))
})

test_that("weights do not change with the units of an indicator", {
  data <- index_data(3)
  changed <- transform(data, gdp = 1e-8 * gdp, wage = 1e6 + 1e8 * wage, jobless = 7 * jobless - 100)
  for (method in c("entropy", "entropy_topsis", "critic", "pca", "equal")) {
    a <- entropy_index(index_formula, data, method = method)
    b <- entropy_index(index_formula, changed, method = method)
    # The shift of 1e6 against a spread of 1e11 costs no more than five digits of rounding.
    expect_equal(tidy(b)$weight, tidy(a)$weight, tolerance = 1e-11)
    expect_equal(predict(b), predict(a), tolerance = 1e-11)
  }
})

test_that("a flipped direction mirrors the indicator", {
  data <- index_data(4)
  mirrored <- transform(data, jobless = 11 - jobless)
  for (method in c("entropy", "entropy_topsis", "critic", "pca", "equal")) {
    a <- entropy_index(index_formula, data, method = method)
    b <- entropy_index(~ gdp + beds + large + wage + jobless, mirrored, method = method)
    expect_equal(predict(a), predict(b), tolerance = 1e-12)
    expect_equal(tidy(a)$weight, tidy(b)$weight, tolerance = 1e-12)
  }
  # The normalized indicator and its mirror add up to one.
  up <- predict(entropy_index(~ gdp + wage, data, method = "equal"))
  down <- predict(entropy_index(~ -gdp - wage, data, method = "equal"))
  expect_equal(up + down, rep(1, nrow(data)), tolerance = 1e-15)
})

test_that("a minus reaches everything in its parentheses", {
  data <- index_data(4)
  expect_identical(tidy(entropy_index(~ gdp - (beds - wage), data))$direction, c(1L, -1L, 1L))
  expect_identical(tidy(entropy_index(~ -gdp + (-(wage)), data))$direction, c(-1L, -1L))
})

test_that("a yearly index is a pooled index of each year, and says that it is", {
  data <- index_data(5)
  for (method in c("entropy", "entropy_topsis", "critic", "pca", "equal")) {
    expect_warning(
      yearly <- entropy_index(index_formula, data, time = ~year, method = method, scope = "yearly"),
      class = "pilotdid_warning_yearly"
    )
    for (year in unique(data$year)) {
      rows <- data$year == year
      one <- suppressWarnings(entropy_index(index_formula, data[rows, ], method = method))
      expect_equal(predict(yearly)[rows], predict(one), tolerance = 1e-12)
      part <- tidy(yearly)[tidy(yearly)$time == year, ]
      expect_equal(part[names(tidy(one))], tidy(one), tolerance = 1e-12)
    }
  }
})

test_that("the index is the weighted mean of its dimensions", {
  data <- index_data(6)
  formulas <- list(economy = ~ gdp + wage - jobless, services = ~ beds + large)
  z <- reference_scaled(index_matrix(data), index_direction)
  for (method in c("entropy", "critic", "equal")) for (levels in c("sum", "entropy", "equal")) {
    index <- entropy_index(formulas, data, method = method, dimension_weights = levels)
    t <- tidy(index)
    expect_equal(sum(t$weight), 1)
    expect_equal(as.vector(tapply(t$weight.within, t$dimension, sum)), c(1, 1))
    a <- augment(index)
    share <- tapply(t$weight, t$dimension, sum)
    expect_equal(a$.score, share[["economy"]] * a$.score_economy + share[["services"]] * a$.score_services, tolerance = 1e-13)
    members <- t$indicator[t$dimension == "economy"]
    expect_equal(a$.score_economy, drop(unname(z[, members] %*% t$weight.within[t$dimension == "economy"])), tolerance = 1e-12)
    if (levels == "equal") expect_equal(as.vector(share), c(.5, .5))
    if (levels == "entropy") {
      d <- reference_scaled(cbind(a$.score_economy, a$.score_services), c(1, 1))
      expect_equal(as.vector(share), reference_weights(reference_entropy(d)), tolerance = 1e-12)
    }
  }
  flat <- entropy_index(~ gdp + wage - jobless + beds + large, data)
  expect_equal(predict(entropy_index(formulas, data)), predict(flat), tolerance = 1e-13)
  # TOPSIS within a dimension is TOPSIS of its members alone, their weights renormalized.
  topsis <- entropy_index(formulas, data, method = "entropy_topsis")
  own <- tidy(topsis)$weight.within[4:5]
  expect_equal(augment(topsis)$.score_services, reference_topsis(z[, c("beds", "large")], own), tolerance = 1e-12)
  # Components: what the dimensions add sums to the score.
  pca <- augment(suppressWarnings(entropy_index(formulas, data, method = "pca")))
  expect_equal(pca$.score_economy + pca$.score_services, pca$.score, tolerance = 1e-12)
})

test_that("an indicator that counts against its direction is named", {
  data <- index_data(7)
  expect_warning(
    entropy_index(~ gdp + wage + beds + jobless, data, method = "pca"),
    "jobless",
    class = "pilotdid_warning_negative_weight"
  )
})

test_that("k = \"T\" replicates the error and warns", {
  data <- index_data(7)
  expect_warning(index <- entropy_index(index_formula, data, "year", k = "T"), class = "pilotdid_warning_k")
  z <- reference_scaled(index_matrix(data), index_direction)
  e <- reference_entropy(z, log_n = log(8))
  expect_equal(tidy(index)$entropy, unname(e), tolerance = 1e-12)
  expect_true(all(tidy(index)$divergence < 0))
  right <- tidy(entropy_index(index_formula, data))$weight
  expect_identical(order(tidy(index)$weight), rev(order(right)))
})

test_that("nothing depends on threads, row order, the kind of table or of column", {
  data <- index_data(8, n = 80000)
  formulas <- list(a = ~ gdp + beds - jobless, b = ~ large + wage)
  before <- pilot_threads(1)
  on.exit(pilot_threads(before))
  one <- lapply(c("entropy", "entropy_topsis", "critic", "pca"), function(m) entropy_index(formulas, data, method = m))
  yearly <- suppressWarnings(entropy_index(formulas, data, "year", scope = "yearly"))
  pilot_threads(2)
  two <- lapply(c("entropy", "entropy_topsis", "critic", "pca"), function(m) entropy_index(formulas, data, method = m))
  for (i in seq_along(one)) {
    expect_identical(one[[i]]$scores, two[[i]]$scores)
    expect_identical(one[[i]]$weights, two[[i]]$weights)
  }
  expect_identical(yearly$scores, suppressWarnings(entropy_index(formulas, data, "year", scope = "yearly"))$scores)

  withr::local_seed(1)
  order <- sample(nrow(data))
  shuffled <- entropy_index(formulas, data[order, ])
  # Sums in another order: rounding of 1e5 terms.
  expect_equal(tidy(shuffled)$weight, tidy(one[[1]])$weight, tolerance = 1e-12)
  expect_equal(predict(shuffled), predict(one[[1]])[order], tolerance = 1e-12)

  doubles <- data
  doubles[] <- lapply(data, as.numeric)
  expect_identical(entropy_index(formulas, doubles)$scores, one[[1]]$scores)
  expect_identical(entropy_index(formulas, tibble::as_tibble(data))$scores, one[[1]]$scores)
  skip_if_not_installed("data.table")
  table <- data.table::as.data.table(data)
  expect_identical(entropy_index(formulas, table)$scores, one[[1]]$scores)
  expect_identical(names(table), names(data))
  expect_s3_class(augment(entropy_index(formulas, table)), "tbl_df")
})

test_that("Chinese names, spaces and names of ours are only names", {
  data <- index_data(9)
  odd <- setNames(data, c("id", "年 份", "人均 GDP", "weight", "dimension", "x'y", "失业率"))
  index <- entropy_index(
    list(`抵抗` = ~ `人均 GDP` + weight - `失业率`, indicator = ~ dimension + `x'y`), odd,
    time = "年 份"
  )
  plain <- entropy_index(list(a = ~ gdp + beds - jobless, b = ~ large + wage), data)
  expect_identical(unname(index$scores), unname(plain$scores))
  expect_identical(names(augment(index))[8:10], c(".score", ".score_抵抗", ".score_indicator"))
  expect_output(print(index), "失业率")
})

test_that("calls are computed among the columns", {
  data <- index_data(10)
  data$log_gdp <- log(data$gdp)
  data$ratio <- data$beds / data$wage
  a <- entropy_index(~ log(gdp) + I(beds / wage) - jobless, data)
  b <- entropy_index(~ log_gdp + ratio - jobless, data)
  expect_identical(a$scores, b$scores)
  expect_identical(tidy(a)$indicator, c("log(gdp)", "I(beds/wage)", "jobless"))
  expect_identical(predict(a, data[5:1, ]), predict(a)[5:1])
})

test_that("predict() uses the stored bounds and weights, and reports what lies outside", {
  data <- index_data(11)
  for (method in c("entropy", "entropy_topsis", "critic", "pca")) {
    index <- suppressWarnings(entropy_index(list(a = ~ gdp + beds, b = ~ wage - jobless), data, method = method))
    expect_identical(predict(index, data), predict(index))
    expect_identical(predict(index, data[3:1, ]), predict(index)[3:1])
    expect_identical(predict(index, data, type = "dimension"), index$scores[, c("a", "b")])
  }
  index <- entropy_index(index_formula, data)
  new <- data[1:3, ]
  new$gdp[2] <- 2 * max(data$gdp) - min(data$gdp)
  new$wage[3] <- NA
  expect_warning(scores <- predict(index, new), class = "pilotdid_warning_outside_bounds")
  expect_true(is.na(scores[3]))
  z <- (new$gdp[2] - data$gdp[2]) / diff(range(data$gdp))
  expect_equal(scores[2] - predict(index)[2], tidy(index)$weight[1] * z, tolerance = 1e-12)
  outside <- tryCatch(predict(index, new), warning = identity)
  expect_identical(outside$columns, "gdp")
  expect_identical(outside$counts, 1)

  yearly <- suppressWarnings(entropy_index(index_formula, data, "year", scope = "yearly"))
  expect_identical(predict(yearly, data[20:11, ]), predict(yearly)[20:11])
  expect_identical(predict(yearly, transform(data, year = factor(year))), predict(yearly))
  expect_error(predict(yearly, transform(data, year = year + 1)), class = "pilotdid_error_unknown_period")
  expect_error(predict(index, data["gdp"]), class = "pilotdid_error_unknown_column")
})

test_that("augment() adds scores and dimension scores, and overwrites nothing", {
  data <- index_data(12)
  index <- entropy_index(list(a = ~ gdp + beds, b = ~ wage - jobless), data)
  added <- augment(index)
  expect_identical(as.list(added)[names(data)], as.list(data))
  expect_identical(names(added)[8:10], c(".score", ".score_a", ".score_b"))
  expect_error(augment(index, added), class = "pilotdid_error_name_clash")
  expect_identical(names(augment(index, added, name = "second"))[11:13], c("second", "second_a", "second_b"))
})

test_that("constant indicators get weight 0 and a warning that names them", {
  data <- index_data(13)
  data$flat <- 0.1 + 0.2
  data$flat[2] <- 0.3
  for (method in c("entropy", "entropy_topsis", "critic", "pca", "equal")) {
    caught <- NULL
    index <- withCallingHandlers(entropy_index(~ gdp + flat + wage - jobless, data, method = method),
      pilotdid_warning_constant = function(w) {
        caught <<- w
        rlang::cnd_muffle(w)
      }
    )
    expect_identical(caught$columns, "flat")
    expect_identical(tidy(index)$weight[2], 0)
    without <- entropy_index(~ gdp + wage - jobless, data, method = method)
    expect_equal(predict(index), predict(without), tolerance = 1e-14)
  }
  expect_error(entropy_index(~ gdp + flat, data), class = "pilotdid_error_too_few_indicators")
  data$late <- ifelse(data$year == 2014, 1, data$gdp)
  warned <- capture_warnings(yearly <- entropy_index(~ gdp + wage + late, data, "year", scope = "yearly"))
  expect_match(warned[1], "late \\(in 2014\\)")
  expect_identical(tidy(yearly)$weight[tidy(yearly)$indicator == "late" & tidy(yearly)$time == 2014], 0)
})

test_that("rows with missing indicators are an error, or dropped and counted", {
  data <- index_data(14)
  data$gdp[c(3, 9)] <- NA
  data$beds[9] <- NA
  e <- expect_error(entropy_index(index_formula, data), class = "pilotdid_error_missing")
  expect_identical(e$columns, c("gdp", "beds"))
  expect_identical(e$rows, c(3L, 9L))
  expect_match(conditionMessage(e), "gdp in 2 \\(rows 3, 9\\)")
  expect_message(index <- entropy_index(index_formula, data, na = "complete"), class = "pilotdid_message_dropped")
  expect_identical(which(is.na(predict(index))), c(3L, 9L))
  full <- entropy_index(index_formula, data[-c(3, 9), ])
  expect_equal(tidy(index), tidy(full), tolerance = 1e-13)
  expect_equal(predict(index)[-c(3, 9)], predict(full), tolerance = 1e-13)
  expect_identical(glance(index)$dropped, 2L)
  yearly <- suppressMessages(suppressWarnings(entropy_index(index_formula, data, "year", scope = "yearly", na = "complete")))
  expect_identical(which(is.na(predict(yearly))), c(3L, 9L))
  # A missing integer is stored as the smallest integer: not a value.
  whole <- data.frame(a = c(1L, NA, 3L, 4L), b = c(2L, 5L, 1L, 1L))
  expect_error(entropy_index(~ a + b, whole), class = "pilotdid_error_missing")
})

test_that("what cannot be an index is refused, naming columns and rows", {
  data <- index_data(15)
  data$empty <- NA_real_
  data$text <- "a"
  data$day <- Sys.Date()
  data$bad <- data$gdp
  data$bad[c(4, 7)] <- c(Inf, -Inf)
  data$minus <- -data$gdp
  refused <- function(class, formula, ...) {
    e <- expect_error(entropy_index(formula, data, ...), class = paste0("pilotdid_error_", class))
    expect_s3_class(e, "pilotdid_error")
    e
  }
  expect_identical(refused("infinite", ~ gdp + bad)$rows, c(4L, 7L))
  expect_identical(refused("all_missing", ~ gdp + empty)$columns, "empty")
  refused("all_missing", ~ gdp + empty, na = "complete")
  expect_identical(refused("not_numeric", ~ gdp + text + day)$columns, c("text", "day"))
  expect_identical(refused("unknown_column", ~ gdp - joblss)$columns, "joblss")
  refused("unknown_column", ~ gdp + log(absent))
  refused("too_few_indicators", ~gdp)
  expect_identical(refused("duplicate_indicator", list(a = ~ gdp + wage, b = ~ beds - gdp))$columns, "gdp")
  refused("duplicate_indicator", ~ gdp + wage + gdp)
  refused("formula", gdp ~ wage + beds)
  refused("formula", ~ gdp + 1)
  refused("formula", ~ gdp + .)
  refused("formula", ~ gdp + beds / wage)
  refused("formula", list(~ gdp + beds, ~wage))
  refused("formula", list(a = ~ gdp + beds, a = ~wage))
  refused("formula", "gdp")
  refused("formula", ~ gdp + poly(wage, 2))
  refused("negative_values", ~ gdp + minus, normalize = "max")
  refused("argument", ~ gdp + wage, scope = "yearly")
  refused("argument", ~ gdp + wage, method = "entopy")
  refused("argument", ~ gdp + wage, "year", scope = "yearly", k = "T")
  refused("argument", ~ gdp + wage, eps = 2, zero = "add_z")
  refused("unknown_column", ~ gdp + wage, time = "yaer")
  data$one <- seq_len(nrow(data))
  refused("too_few_rows", ~ gdp + wage, time = "one", scope = "yearly")
})

test_that("integer64 columns are refused, not read as doubles", {
  data <- data.frame(a = 1:4, b = c(2, 5, 1, 1))
  data$a <- structure(c(1, 2, 3, 4) * 4.9e-324, class = "integer64")
  expect_error(entropy_index(~ a + b, data), class = "pilotdid_error_not_numeric")
})

test_that("the index of simulated indicators finds the latent outcome", {
  panel <- simulate_pilot(units = 100, indicators = 9, seed = 4)
  index <- entropy_index(
    ~ indicator_1 + indicator_2 - indicator_3 + indicator_4 + indicator_5 - indicator_6 + indicator_7 +
      indicator_8 - indicator_9, panel
  )
  expect_gt(cor(predict(index), panel$y), .95)
})

test_that("figures are drawn from weights and scores", {
  data <- index_data(16)
  index <- entropy_index(list(a = ~ gdp + beds, b = ~ wage - jobless), data, "year")
  pdf(NULL)
  on.exit(dev.off())
  expect_invisible(plot(index))
  expect_identical(plot(index, "scores"), index)
  bars <- weight_bars(index)
  expect_equal(sum(bars$weight), 1)
  expect_identical(sum(startsWith(bars$label, "- ")), 1L)
  skip_if_not_installed("ggplot2")
  figure <- ggplot2::autoplot(index)
  expect_s3_class(figure, "ggplot")
  expect_equal(sum(ggplot2::layer_data(figure)$x), 1)
  expect_identical(nrow(ggplot2::layer_data(ggplot2::autoplot(index, "scores"))), 8L)
})

test_that("print() shows weights by dimension", {
  index <- entropy_index(list(a = ~ gdp + beds, b = ~ wage - jobless), index_data(17))
  text <- capture.output(print(index))
  expect_match(text, "a: weight 0\\.", all = FALSE)
  expect_match(text, "jobless +-", all = FALSE)
  expect_match(capture.output(summary(entropy_index(index_formula, index_data(17), method = "pca"))), "KMO", all = FALSE)
})
