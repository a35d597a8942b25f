# The truth of pilot_cities: parameters of the model on the scale of the
# published index, and, where effects differ between cities and years, the
# average that each design estimates.

truth_table <- function(model, scale, frame, years, status, exposure, w, intensity, controls, traits, users) {
  own <- scale * model$effect * intensity
  received <- scale * model$spillover * exposure
  never <- is.na(frame$pilot_year)
  # What a comparison with the never-treated cities of the same year sees.
  contrast <- own + received - rowMeans(received[, never])
  treated <- status == 1
  since <- outer(years, frame$pilot_year, "-")
  in_cohort <- matrix(rep(frame$pilot_year, each = length(years)), length(years))

  row <- function(parameter, value, meaning) {
    tibble::tibble(parameter = parameter, value = unname(value), meaning = meaning)
  }
  rows <- list(
    row("att", mean(contrast[treated]), "resilience: mean effect over treated city-years against never-treated cities: own effect plus spillovers received, less the mean spillover that never-treated cities receive"),
    row("att_own", mean(own[treated]), "resilience: mean own effect over treated city-years, without spillovers"),
    row("twfe", project(own + received, c(list(status), controls))[1], "resilience on status and controls, city and year effects: what the regression estimates (its weights differ a little from those of att)"),
    row("twfe_no_controls", project(own + received + scale * control_part(model, controls), list(status))[1], "the same without controls: includes the bias from controls that grow faster in pilot cities"),
    do.call(rbind, lapply(c(2015, 2016), function(g) rbind(
      row(paste0("att_", g), mean(contrast[treated & in_cohort == g]), sprintf("att of the cohort of %d", g)),
      do.call(rbind, lapply(years[years >= g], function(y) {
        row(paste0("att_", g, "_", y), mean(contrast[years == y, frame$pilot_year %in% g]), sprintf("att of the cohort of %d in %d", g, y))
      }))
    ))),
    do.call(rbind, lapply(0:8, function(e) {
      row(paste0("att_event_", e), mean(contrast[treated & since == e]), sprintf("att %d years after the start, over the cohorts observed then", e))
    })),
    group_rows(own + received, status, controls, traits, row),
    control_rows(own + received, scale * control_part(model, controls), status, controls, row),
    row("talent_share", model$talent, "talent_share: effect of status"),
    row("log_new_firms", model$firms, "log_new_firms: effect of status"),
    row(c("through_talent", "through_firms"), scale * model$through, c("resilience: effect of one unit of talent_share", "resilience: effect of one unit of log_new_firms")),
    row(c("indirect_talent", "indirect_firms"), scale * model$through * c(model$talent, model$firms), c("resilience: part of the effect of status that runs through talent_share", "resilience: part of the effect of status that runs through log_new_firms")),
    row("intensity", scale * model$effect, "resilience: effect of one unit of pilot_intensity"),
    iv_rows(own + received, status, intensity, controls, traits, users, row),
    spatial_rows(own, received, status, scale * model$spillover, frame, w, controls, row),
    row("index_slope", scale, "resilience per unit of the structural score in data-raw (already applied to all rows)")
  )
  do.call(rbind, rows)
}

control_part <- function(model, controls) {
  Reduce(`+`, Map(`*`, controls, model$controls[names(controls)]))
}

# Where effects differ, the controls pick up a part of the differences.
control_rows <- function(systematic, from_controls, status, controls, row) {
  value <- project(systematic + from_controls, c(list(status = status), controls))[names(controls)]
  row(paste0("control_", names(controls)), value, "resilience: coefficient of the control in the regression of twfe")
}

group_rows <- function(systematic, status, controls, traits, row) {
  big <- traits$size %in% c("super", "mega")
  high <- function(x) x > stats::median(x)
  groups <- list(
    size_super_mega = big, size_other = !big,
    ip_high = high(traits$ip), ip_low = !high(traits$ip),
    policy_high = high(traits$policy), policy_low = !high(traits$policy)
  )
  value <- vapply(groups, function(cities) {
    project(systematic, c(list(status), controls), cities)[1]
  }, 0)
  row(paste0("twfe_", names(groups)), value, paste(
    "twfe within the group:", c(
      "super and mega cities", "all other cities", "ip_protection above its median over cities", "and not above",
      "policy_capacity above its median over cities", "and not above"
    )
  ))
}

iv_rows <- function(systematic, status, intensity, controls, traits, users, row) {
  z <- outer(users[-length(users)], traits$phones_1984)
  rbind(
    row("iv_intensity", project(systematic, c(list(intensity), controls), z = z)[1], "resilience on pilot_intensity, instrumented by phones_1984 x national_users_lag, controls, city and year effects: what 2SLS estimates (intensity plus the spillovers that the instrument picks up)"),
    row("iv_status", project(systematic, c(list(status), controls), z = z)[1], "the same with status in place of pilot_intensity: weights late years and cities with many telephones more than twfe does")
  )
}

spatial_rows <- function(own, received, status, spillover, frame, w, controls, row) {
  spatial <- project(own + received, c(list(status, status %*% t(w)), controls))
  never <- is.na(frame$pilot_year)
  treated <- status == 1
  post <- rowSums(treated[, frame$pilot_year %in% 2016]) > 0
  distance <- distances_km(frame$longitude, frame$latitude)
  nearest <- apply(distance[never, !never], 1, min)
  ring <- cut(nearest, c(0, 100, 200, 300, Inf))
  by_ring <- tapply(colMeans(received[post, never]), ring, mean)
  rbind(
    row("spillover", spillover, "resilience: coefficient of W x status, W = inverse great-circle distance, rows summing to one, no cut-off (also the mean indirect effect; the spatial autoregressive parameter is 0)"),
    row("spatial_direct", spatial[1], "resilience on status, W x status and controls: coefficient of status (the mean direct effect)"),
    row("spillover_on_treated", mean(received[treated]), "resilience: mean spillover received by treated city-years"),
    row("spillover_on_never", mean(received[post, never]), "resilience: mean spillover received by never-treated cities, 2016-2023"),
    row(paste0("spillover_ring_", c("0_100", "100_200", "200_300", "over_300")), by_ring, paste("resilience: mean spillover received in 2016-2023 by never-treated cities whose nearest pilot city is", c("within 100 km", "100 to 200 km", "200 to 300 km", "more than 300 km"), "away"))
  )
}
