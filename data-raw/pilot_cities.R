# The study data: 283 real cities, real pilot zones, simulated economics.
# Everything that is not geography or the pilot itself is drawn below from a
# model whose parameters are the truth that the data set carries along.
#
# Convention: a panel variable is a matrix, one row a year, one column a city.
source("data-raw/functions.R")
source("data-raw/pilot_cities_draw.R")
source("data-raw/pilot_cities_truth.R")

# The design is checked over many seeds (estimates are centered on their truth,
# intervals cover as they should). This seed is one whose draw is ordinary: no
# estimate of the study is further than 1.5 standard errors from its truth, so
# that a reader who sees a difference can look for its cause.
set.seed(83, kind = "Mersenne-Twister", normal.kind = "Inversion", sample.kind = "Rejection")

frame <- read_utf8("data-raw/frame.csv")
frame <- frame[frame$excluded == "", ]
zones <- read_utf8("data-raw/zones.csv")
at <- match(frame$code, zones$code)
frame$zone <- zones$zone[at]
frame$pilot_year <- as.integer(zones$pilot_year[at])
frame$longitude <- as.numeric(frame$longitude)
frame$latitude <- as.numeric(frame$latitude)
years <- 2012:2023

# Effects are in units of the structural score; `index_scale()` below turns
# them into units of the published index.
model <- list(
  effect = .017,              # of one unit of pilot intensity
  spillover = .040,           # of having pilot cities only as neighbors (W x status = 1)
  ramp = c(.35, .7, .95, 1.1, 1.15, 1.2, 1.2, 1.2, 1.2),   # by years since the start
  cohort = c(`2015` = 1.35, `2016` = 1),
  depth = c(big_city = .7, ip = .25, policy = .25, phones = .2, shock = .5),
  confounder = .009,          # of one standard deviation of the unobserved shock
  controls = c(
    economic_density = .020, infrastructure = .003, government_intervention = -.15,
    fdi = .8, log_wage = .02
  ),
  talent = .011, firms = .204,           # effects of the pilot on the mediators
  through = c(talent = .35, firms = .02),  # effects of the mediators on resilience
  noise = .004
)

status <- outer(years, frame$pilot_year, ">=") + 0
status[is.na(status)] <- 0
w <- inverse_distance_weights(frame$longitude, frame$latitude)
exposure <- status %*% t(w)

traits <- draw_traits(frame)
users <- draw_national_users(years)
controls <- draw_controls(traits$development, years)
shock <- ar1_paths(length(years), nrow(frame), .5)
intensity <- pilot_intensity(model, frame, years, traits, shock)
mediators <- draw_mediators(model, traits$development, years, status, controls)

score <- draw_score(model, traits, years, controls, intensity, exposure, shock, mediators)
indicators <- draw_indicators(score, indicator_table())
index <- index_scale(indicators, indicator_table())
resilience <- index$score

pilot_cities <- assemble(
  frame, years, status, intensity, resilience, index$intercept + index$slope * score,
  blank_cells(indicators, indicator_table()), controls, mediators, traits, users
)
attr(pilot_cities, "truth") <- truth_table(
  model, index$slope, frame, years, status, exposure, w, intensity, controls, traits, users
)
attr(pilot_cities, "simulated") <- paste(
  "Codes, names, coordinates, zones and pilot years are facts.",
  "Every economic column is simulated: data-raw/pilot_cities.R."
)
save_data(pilot_cities)
