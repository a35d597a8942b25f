# The facts of the National Big Data Comprehensive Pilot Zones, one row a city.
source("data-raw/functions.R")

zones <- read_utf8("data-raw/zones.csv")
frame <- read_utf8("data-raw/frame.csv")
pilot_zones <- tibble::tibble(
  zone = zones$zone,
  batch = as.integer(zones$batch),
  province = zones$province,
  code = zones$code,
  city = zones$city,
  pinyin = frame$pinyin[match(zones$code, frame$code)],
  started = zones$started,
  approved = zones$approved,
  pilot_year = as.integer(zones$pilot_year),
  in_frame = zones$code %in% frame$code[frame$excluded == ""]
)
save_data(pilot_zones)
