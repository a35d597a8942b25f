# The draws behind pilot_cities, in the order in which the model uses them.

# Census classes that any reader would check: the seven megacities and the
# thirteen super cities of the frame. All other sizes are drawn.
mega_cities <- c("110000", "120000", "310000", "440100", "440300", "500000", "510100")
super_cities <- c(
  "420100", "441900", "610100", "330100", "440600", "320100", "210100", "370200",
  "430100", "230100", "410100", "530100", "210200"
)
# Capitals of provinces and the like: larger than the rest.
regional_centers <- c(
  "130100", "140100", "150100", "220100", "340100", "350100", "350200", "360100",
  "450100", "460100", "520100", "620100", "630100", "640100", "650100", "330200",
  "320500", "320200", "330300", "370300", "130200"
)

draw_residents <- function(code) {
  n <- length(code)
  persons <- exp(stats::rnorm(n, log(.85e6), .65))
  persons <- pmin(pmax(persons, .13e6), 4.6e6)
  center <- code %in% regional_centers
  persons[center] <- stats::runif(sum(center), 1.6e6, 4.7e6)
  big <- code %in% super_cities
  persons[big] <- stats::runif(sum(big), 5.2e6, 8.8e6)
  huge <- code %in% mega_cities
  persons[huge] <- stats::runif(sum(huge), 10.4e6, 21e6)
  signif(persons, 4)
}

# 2014 State Council classes, lower bounds in persons.
size_class <- function(persons) {
  cut(persons, c(0, .5e6, 1e6, 3e6, 5e6, 10e6, Inf), right = FALSE,
    labels = c("small", "medium", "large II", "large I", "super", "mega"))
}

# Pilot cities are drawn more developed, with more telephones in 1984:
# selection on observables.
draw_traits <- function(frame) {
  n <- nrow(frame)
  pilot <- !is.na(frame$pilot_year)
  residents <- draw_residents(frame$code)
  region <- c(east = .5, central = 0, west = -.4, northeast = -.1)[frame$region]
  development <- standardize(
    .45 * standardize(log(residents)) + region + .35 * pilot + .6 * stats::rnorm(n)
  )
  phones <- standardize(.2 * development + .95 * pilot + .75 * stats::rnorm(n))
  province <- match(frame$province, unique(frame$province))
  list(
    residents = residents, size = size_class(residents), development = development,
    phones = phones, phones_1984 = signif(exp(log(.45) + .35 * phones), 3),
    ip = standardize(.45 * development + stats::rnorm(n)),
    policy = standardize(.3 * development + stats::rnorm(n)),
    province_level = stats::rnorm(max(province), 0, .018)[province],
    pilot = pilot
  )
}

# Millions of internet users, of the year before the first to the last.
draw_national_users <- function(years) {
  t <- seq_along(c(0, years)) - 1
  round(1180 / (1 + 1.3 * exp(-.16 * t)) + stats::rnorm(length(t), 0, 4), 1)
}

# Growth rises with development, so the pilot cities' controls pull away: a
# regression without controls is biased, matching on their levels is not.
draw_controls <- function(development, years) {
  n <- length(development)
  t <- seq_along(years) - 1
  draw <- function(mean, level, city, year, growth, noise, floor = -Inf) {
    fixed <- mean + level * development + city * stats::rnorm(n)
    x <- outer(year * t, fixed, "+") + outer(t, growth * development) +
      noise * ar1_paths(length(t), n, .5)
    pmax(x, floor)
  }
  list(
    economic_density = draw(7.3, .71, .49, .055, .020, .060),
    infrastructure = draw(12.5, 1.4, 2.6, .35, .110, .80, floor = 1),
    government_intervention = draw(.240, -.030, .034, .004, -.0025, .010, floor = .06),
    fdi = draw(.024, .0050, .0070, -.0004, .0005, .0026, floor = .0005),
    log_wage = draw(10.65, .12, .09, .082, .008, .030)
  )
}

# How far a pilot is carried: by the years since its start, by the city, and
# with an eye on a shock to resilience that nobody records. The shock has mean
# zero among pilot cities, so it biases what is regressed on the intensity,
# not what is regressed on the status.
pilot_intensity <- function(model, frame, years, traits, shock) {
  depth <- 1 + model$depth[["big_city"]] * (traits$size %in% c("super", "mega")) +
    model$depth[["ip"]] * traits$ip + model$depth[["policy"]] * traits$policy +
    model$depth[["phones"]] * traits$phones
  depth <- depth * ifelse(frame$pilot_year %in% 2015, model$cohort[["2015"]], model$cohort[["2016"]])
  since <- outer(years, frame$pilot_year, "-")
  ramp <- matrix(model$ramp[pmax(since, 0) + 1], nrow(since))
  intensity <- ramp * pmax(sweep(model$depth[["shock"]] * shock, 2, depth, "+"), .05)
  intensity[is.na(since) | since < 0] <- 0
  treated <- intensity > 0
  round(intensity / mean(intensity[treated]), 4)
}

draw_mediators <- function(model, development, years, status, controls) {
  n <- length(development)
  t <- seq_along(years) - 1
  noise <- list(
    talent = .011 * ar1_paths(length(t), n, .4),
    firms = .24 * ar1_paths(length(t), n, .4)
  )
  city <- list(
    talent = .085 + .016 * development + .012 * stats::rnorm(n),
    firms = 5.2 + .8 * development + .4 * stats::rnorm(n)
  )
  talent <- outer(.0022 * t, city$talent, "+") + .004 * controls$economic_density +
    model$talent * status + noise$talent
  firms <- outer(.11 * t, city$firms, "+") + .08 * controls$economic_density +
    .10 * controls$log_wage + model$firms * status + noise$firms
  list(talent_share = talent, log_new_firms = firms, noise = noise)
}

# The structural score. The mediators' own variation moves it; what the pilot
# does through them is part of the total effect `effect * intensity`.
draw_score <- function(model, traits, years, controls, intensity, exposure, shock, mediators) {
  n <- ncol(intensity)
  city <- .050 * exp(.5 * (.75 * traits$development + .65 * stats::rnorm(n))) + traits$province_level
  year <- .0045 * (seq_along(years) - 1) + stats::rnorm(length(years), 0, .002)
  from_controls <- Reduce(`+`, Map(`*`, controls, model$controls[names(controls)]))
  outer(year, city, "+") + from_controls - mean(from_controls) + .11 +
    model$effect * intensity + model$spillover * exposure +
    model$through[["talent"]] * mediators$noise$talent +
    model$through[["firms"]] * mediators$noise$firms +
    model$confounder * shock + model$noise * ar1_paths(nrow(intensity), n, .3)
}

# Name, dimension, direction, value at score 0 and slope, standard deviation of
# the city's own level (in units of the score), floor, share of cells blanked,
# digits, meaning.
indicator_table <- function() {
  utils::read.csv("data-raw/indicators.csv", stringsAsFactors = FALSE)
}

# Each indicator is linear in the score, plus what is peculiar to the
# dimension, the city and the year.
draw_indicators <- function(score, table) {
  periods <- nrow(score)
  n <- ncol(score)
  own <- function(city, year) {
    sweep(year * ar1_paths(periods, n, .4), 2, city * stats::rnorm(n), "+")
  }
  dimension <- sapply(unique(table$dimension), function(d) score + own(.015, .003), simplify = FALSE)
  out <- lapply(seq_len(nrow(table)), function(j) {
    value <- dimension[[table$dimension[j]]] + own(table$own[j], .010)
    round(pmax(table$at_zero[j] + table$slope[j] * value, table$floor[j]), table$digits[j])
  })
  rlang::set_names(out, table$indicator)
}

# The pooled entropy score of the complete indicators, and the line that takes
# the structural score to it: each step of the index is linear in its
# indicators once the weights and the bounds are given.
index_scale <- function(indicators, table) {
  x <- vapply(indicators, as.vector, as.vector(indicators[[1]]))
  low <- apply(x, 2, min)
  range <- apply(x, 2, max) - low
  z <- sweep(sweep(x, 2, low), 2, range, "/")
  negative <- table$direction < 0
  z[, negative] <- 1 - z[, negative]
  p <- sweep(z, 2, colSums(z), "/")
  entropy <- -colSums(ifelse(p > 0, p * log(p), 0)) / log(nrow(x))
  weight <- (1 - entropy) / sum(1 - entropy)
  unit <- abs(table$slope) / range
  zero <- ifelse(negative, (low + range - table$at_zero) / range, (table$at_zero - low) / range)
  list(
    score = matrix(z %*% weight, nrow(indicators[[1]])),
    intercept = sum(weight * zero), slope = sum(weight * unit), weight = weight
  )
}

# Gaps of one to three years inside a city's record, never at its ends, until
# the share of the table is reached.
blank_cells <- function(indicators, table) {
  Map(function(x, share) {
    while (mean(is.na(x)) < share) {
      first <- sample(2:(nrow(x) - 1), 1)
      gap <- seq(first, min(first + sample(0:2, 1), nrow(x) - 1))
      x[gap, sample(ncol(x), 1)] <- NA
    }
    x
  }, indicators, table$missing)
}

assemble <- function(frame, years, status, intensity, resilience, latent, indicators,
                     controls, mediators, traits, users) {
  each <- function(x) rep(x, each = length(years))
  cities <- tibble::tibble(
    code = each(frame$code), city = each(frame$city), pinyin = each(frame$pinyin),
    province = each(frame$province), province_zh = each(frame$province_zh),
    region = factor(each(frame$region), c("east", "central", "west", "northeast")),
    longitude = each(frame$longitude), latitude = each(frame$latitude),
    zone = each(frame$zone), pilot_year = each(frame$pilot_year),
    year = rep(years, nrow(frame)), status = as.integer(status),
    pilot_intensity = as.vector(intensity),
    resilience = round(as.vector(resilience), 5),
    resilience_latent = round(as.vector(latent), 5)
  )
  digits <- c(economic_density = 4, infrastructure = 3, government_intervention = 4, fdi = 5, log_wage = 4)
  cities[names(indicators)] <- lapply(indicators, as.vector)
  cities[names(controls)] <- Map(function(x, d) round(as.vector(x), d), controls, digits[names(controls)])
  cities$talent_share <- round(as.vector(mediators$talent_share), 5)
  cities$log_new_firms <- round(as.vector(mediators$log_new_firms), 4)
  cities$urban_residents_2014 <- each(traits$residents)
  cities$size_class <- each(traits$size)
  cities$ip_protection <- round(each(.45 + .12 * traits$ip), 4)
  cities$policy_capacity <- round(each(50 + 11 * traits$policy), 2)
  cities$phones_1984 <- each(traits$phones_1984)
  cities$national_users <- rep(users[-1], nrow(frame))
  cities$national_users_lag <- rep(users[-length(users)], nrow(frame))
  cities$other_policy <- draw_other_policy(years, traits$development)
  cities
}

# A fictitious second programme, independent of the pilot, without effect.
draw_other_policy <- function(years, development) {
  joins <- stats::runif(length(development)) < stats::plogis(-.6 + .5 * development)
  first <- ifelse(joins, sample(2013:2017, length(development), replace = TRUE), Inf)
  as.integer(outer(years, first, ">="))
}
