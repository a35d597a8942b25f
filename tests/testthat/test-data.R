test_that("the frame is 283 cities by 12 years, each once", {
  expect_identical(dim(pilot_cities)[1], 3396L)
  expect_identical(length(unique(pilot_cities$code)), 283L)
  expect_identical(sort(unique(pilot_cities$year)), 2012:2023)
  expect_identical(anyDuplicated(pilot_cities[c("code", "year")]), 0L)
  expect_identical(anyDuplicated(pilot_cities[c("city", "year")]), 0L)
  expect_identical(order(pilot_cities$code, pilot_cities$year), seq_len(3396L))
})

test_that("codes are GB/T 2260: a known province, a prefecture, county digits 00", {
  code <- unique(pilot_cities$code)
  expect_true(all(grepl("^[1-6][0-9]{3}00$", code)))
  one_province <- tapply(
    pilot_cities$province, substr(pilot_cities$code, 1, 2), function(p) length(unique(p))
  )
  expect_true(all(one_province == 1))
  # 31 provinces, regions and municipalities less Tibet.
  expect_length(one_province, 30)
  municipality <- substr(code, 3, 4) == "00"
  expect_setequal(code[municipality], c("110000", "120000", "310000", "500000"))
})

test_that("the rule of the frame holds", {
  outside <- c("520500", "520600", "460300", "630200", "460400", "650400", "650500", "370100")
  expect_false(any(outside %in% pilot_cities$code))
  expect_false("Tibet" %in% pilot_cities$province)
  # 293 prefecture-level cities and 4 municipalities: less 6 in Tibet and these 8.
  expect_identical(297L - 6L - length(outside), length(unique(pilot_cities$code)))
})

test_that("treated cities are those of the zones", {
  cities <- pilot_cities[!duplicated(pilot_cities$code), ]
  expect_identical(nrow(pilot_zones), 57L)
  expect_identical(anyDuplicated(pilot_zones$code), 0L)
  in_frame <- pilot_zones[pilot_zones$in_frame, ]
  treated <- cities[!is.na(cities$pilot_year), ]
  expect_identical(nrow(treated), 55L)
  at <- match(treated$code, in_frame$code)
  expect_setequal(treated$code, in_frame$code)
  expect_identical(treated$zone, in_frame$zone[at])
  expect_identical(treated$pilot_year, in_frame$pilot_year[at])
  expect_identical(treated$city, in_frame$city[at])
  expect_identical(treated$pinyin, in_frame$pinyin[at])
  expect_identical(sum(treated$pilot_year == 2015), 4L)
  size <- c(
    "Beijing-Tianjin-Hebei" = 13L, Guizhou = 6L, Henan = 17L, "Inner Mongolia" = 9L, "Pearl River Delta" = 9L,
    Shanghai = 1L, Chongqing = 1L, Shenyang = 1L
  )
  expect_identical(as.vector(table(pilot_zones$zone)[names(size)]), unname(size))
  expect_setequal(pilot_zones$pinyin[!pilot_zones$in_frame], c("Bijie", "Tongren"))
})

test_that("status follows from the pilot year", {
  expected <- !is.na(pilot_cities$pilot_year) & pilot_cities$year >= pilot_cities$pilot_year
  expect_identical(pilot_cities$status, as.integer(expected))
  expect_true(all((pilot_cities$pilot_intensity > 0) == expected))
  # By definition of its unit, up to the rounding of its four decimals.
  expect_lt(abs(mean(pilot_cities$pilot_intensity[expected]) - 1), 1e-4)
})

test_that("Chinese text is marked UTF-8 and is Chinese", {
  guiyang <- "\u8d35\u9633\u5e02"
  expect_identical(unique(pilot_cities$city[pilot_cities$code == "520100"]), guiyang)
  expect_true(all(Encoding(c(pilot_cities$city, pilot_cities$province_zh, pilot_zones$city)) == "UTF-8"))
  expect_true(all(endsWith(pilot_cities$city, "\u5e02")))
  expect_true(all(Encoding(unlist(Filter(is.character, castle))) == "unknown"))
})

test_that("coordinates are in China, cities apart from each other", {
  cities <- pilot_cities[!duplicated(pilot_cities$code), ]
  expect_true(all(cities$longitude > 73 & cities$longitude < 135.1))
  expect_true(all(cities$latitude > 18 & cities$latitude < 53.6))
  expect_identical(anyDuplicated(cities[c("longitude", "latitude")]), 0L)
  beijing <- cities[cities$pinyin == "Beijing", ]
  expect_equal(c(beijing$longitude, beijing$latitude), c(116.4, 39.9), tolerance = .001) # the city center
  # A city lies near others of its province: wrong namesakes would be far away.
  # 1,100 km: Inner Mongolia, the longest province, seat to center of the seats.
  center <- function(v) ave(v, cities$province)
  km <- 111 * sqrt((cities$latitude - center(cities$latitude))^2 +
    (cos(cities$latitude * pi / 180) * (cities$longitude - center(cities$longitude)))^2)
  expect_true(all(km < 1100))
})

test_that("the size classes are those of 2014", {
  bounds <- c(0, .5, 1, 3, 5, 10, Inf) * 1e6
  class <- findInterval(pilot_cities$urban_residents_2014, bounds)
  expect_identical(as.integer(pilot_cities$size_class), class)
  expect_identical(
    levels(pilot_cities$size_class), c("small", "medium", "large II", "large I", "super", "mega")
  )
  constant <- c(
    "urban_residents_2014", "ip_protection", "policy_capacity", "phones_1984", "pilot_year", "zone"
  )
  for (column in constant) {
    distinct <- tapply(pilot_cities[[column]], pilot_cities$code, function(v) length(unique(v)))
    expect_true(all(distinct == 1), label = column)
  }
})

test_that("gaps are 3 to 5 percent, inside the record, and only in indicators", {
  missing <- vapply(pilot_cities, function(v) mean(is.na(v)), 0)
  gaps <- missing[missing > 0 & !names(missing) %in% c("zone", "pilot_year")]
  expect_length(gaps, 10)
  expect_true(all(names(gaps) %in% names(study_indicators)))
  # The blanking stops at the first gap (at most 3 of 3,396 cells) past the share.
  expect_true(all(gaps >= .03 & gaps <= .05 + 3 / 3396))
  ends <- pilot_cities[pilot_cities$year %in% c(2012, 2023), names(gaps)]
  expect_false(anyNA(ends))
})

test_that("the truth is a table with values for every effect of the study", {
  truth <- attr(pilot_cities, "truth")
  expect_named(truth, c("parameter", "value", "meaning"))
  expect_identical(anyDuplicated(truth$parameter), 0L)
  expect_true(all(is.finite(truth$value)) && all(nzchar(truth$meaning)))
  expect_identical(study_truth("talent_share"), .011)
  expect_identical(study_truth("log_new_firms"), .204)
  expect_gt(study_truth("att_2015"), study_truth("att_2016"))
  expect_gt(study_truth("twfe_size_super_mega"), study_truth("twfe_size_other"))
  expect_gt(study_truth("twfe_ip_high"), study_truth("twfe_ip_low"))
  expect_gt(study_truth("twfe_policy_high"), study_truth("twfe_policy_low"))
  ring <- study_truth(paste0("spillover_ring_", c("0_100", "100_200", "200_300", "over_300")))
  expect_true(all(diff(ring) < 0))
  # An identity: what treated receive beyond the others is the difference of the
  # two averages. The others' average runs over 2016-2023 in equal years, the
  # treated one over treated city-years, which Guizhou's 2015 makes a little
  # different: 4 of 412 rows, 2 % of spillovers of about .02.
  expect_equal(
    study_truth("att"),
    study_truth("att_own") + study_truth("spillover_on_treated") - study_truth("spillover_on_never"),
    tolerance = .02
  )
  expect_match(attr(pilot_cities, "simulated"), "simulated")
})

# The intervals below cover because the shipped draw is an ordinary one, see the
# seed in data-raw/pilot_cities.R; they guard the data against a change of the
# script that moves truth and data apart.
covers <- function(fit, term, parameter) {
  row <- fit[fit$term == term, ]
  distance <- abs(row$estimate - study_truth(parameter))
  expect_lt(distance, row$half_width, label = paste(term, "against", parameter))
}

test_that("the baseline covers its truth, without, with some and with all controls", {
  two_way <- function(terms) reference_two_way(pilot_cities, "resilience", terms, "code", "year")
  covers(two_way("status"), "status", "twfe_no_controls")
  full <- two_way(c("status", study_controls))
  covers(full, "status", "twfe")
  for (control in study_controls) covers(full, control, paste0("control_", control))
  # Controls take away an upward bias that is larger than the standard error.
  expect_gt(two_way("status")$estimate[1] - full$estimate[1], full$std.error[1])
  latent <- reference_two_way(pilot_cities, "resilience_latent", c("status", study_controls), "code", "year")
  covers(latent, "status", "twfe")
})

test_that("leads are flat given the controls", {
  data <- pilot_cities
  since <- ifelse(is.na(data$pilot_year), -1, data$year - data$pilot_year)
  since <- pmax(pmin(since, 7), -4)
  bins <- setdiff(sort(unique(since)), -1)
  terms <- paste0("since", bins)
  for (k in seq_along(bins)) data[[terms[k]]] <- as.numeric(since == bins[k])
  fit <- reference_two_way(data, "resilience", c(terms, study_controls), "code", "year")
  leads <- fit[seq_along(bins)[bins < 0], ]
  expect_true(all(abs(leads$estimate) < leads$half_width))
  lags <- fit[seq_along(bins)[bins >= 0], ]
  expect_true(all(lags$estimate > lags$half_width))
})

test_that("mechanisms cover .011 and .204, and the paths to resilience", {
  for (mediator in c("talent_share", "log_new_firms")) {
    first <- reference_two_way(pilot_cities, mediator, c("status", study_controls), "code", "year")
    covers(first, "status", mediator)
    path <- c(talent_share = "through_talent", log_new_firms = "through_firms")[[mediator]]
    terms <- c(mediator, "status", study_controls)
    second <- reference_two_way(pilot_cities, "resilience", terms, "code", "year")
    covers(second, mediator, path)
  }
})

test_that("groups cover their truths", {
  cities <- pilot_cities[pilot_cities$year == 2012, ]
  groups <- list(
    size_super_mega = pilot_cities$size_class %in% c("super", "mega"),
    ip_high = pilot_cities$ip_protection > median(cities$ip_protection),
    policy_high = pilot_cities$policy_capacity > median(cities$policy_capacity)
  )
  other <- c(size_super_mega = "size_other", ip_high = "ip_low", policy_high = "policy_low")
  for (group in names(groups)) {
    for (inside in c(TRUE, FALSE)) {
      part <- pilot_cities[groups[[group]] == inside, ]
      fit <- reference_two_way(part, "resilience", c("status", study_controls), "code", "year")
      covers(fit, "status", paste0("twfe_", if (inside) group else other[[group]]))
    }
  }
})

test_that("least squares on the intensity is biased, the instrument is strong and covers", {
  terms <- c("pilot_intensity", study_controls)
  z <- pilot_cities$phones_1984 * pilot_cities$national_users_lag
  ols <- reference_two_way(pilot_cities, "resilience", terms, "code", "year")
  expect_gt(ols$estimate[1] - study_truth("iv_intensity"), ols$half_width[1])
  iv <- reference_two_way(pilot_cities, "resilience", terms, "code", "year", instrument = z)
  covers(iv, "pilot_intensity", "iv_intensity")
  covers(iv, "pilot_intensity", "intensity")
  data <- pilot_cities
  data$z <- z
  first <- reference_two_way(data, "pilot_intensity", c("z", study_controls), "code", "year")
  expect_gt((first$estimate[1] / first$std.error[1])^2, 30)
  terms <- c("status", study_controls)
  by_status <- reference_two_way(data, "resilience", terms, "code", "year", instrument = z)
  covers(by_status, "status", "iv_status")
})

test_that("spillovers cover their truth", {
  cities <- pilot_cities[pilot_cities$year == 2012, ]
  w <- nearness_matrix(cities$longitude, cities$latitude)
  data <- pilot_cities
  data$neighbors <- as.vector(matrix(data$status, 12) %*% t(w))
  fit <- reference_two_way(data, "resilience", c("status", "neighbors", study_controls), "code", "year")
  covers(fit, "status", "spatial_direct")
  covers(fit, "neighbors", "spillover")
})

test_that("an index of the raw indicators recovers the latent score", {
  filled <- lapply(pilot_cities[names(study_indicators)], function(v) {
    gaps <- is.na(v)
    # Gaps never touch the ends of a city, so neighbors in the file are of the city.
    v[gaps] <- stats::approx(which(!gaps), v[!gaps], which(gaps))$y
    v
  })
  index <- reference_entropy_score(filled, study_indicators)
  expect_gt(cor(index, pilot_cities$resilience_latent), .95)
  expect_gt(cor(index, pilot_cities$resilience), .999)
  data <- cbind(pilot_cities, index = index)
  fit <- reference_two_way(data, "index", c("status", study_controls), "code", "year")
  covers(fit, "status", "twfe")
})

test_that("collinearity is that of the field", {
  x <- as.matrix(pilot_cities[c("status", study_controls)])
  vif <- diag(solve(cor(x)))
  # About 2.7, as published studies of the zones report.
  expect_true(max(vif) > 2.5 && max(vif) < 2.9)
  expect_true(mean(vif) > 1.5 && mean(vif) < 2.2)
})

test_that("castle is the panel of Cheng and Hoekstra", {
  expect_identical(dim(castle), c(550L, 64L))
  expect_identical(sort(unique(castle$year)), 2000:2010)
  expect_identical(anyDuplicated(castle[c("sid", "year")]), 0L)
  expect_identical(sum(tapply(castle$post, castle$state, max)), 21)
  fit <- reference_two_way(castle, "l_homicide", "post", "sid", "year")
  # The two-way coefficient that bacondecomp decomposes: .0818116169 in ten digits.
  expect_lt(abs(fit$estimate - .0818116169), 1e-10)
})
