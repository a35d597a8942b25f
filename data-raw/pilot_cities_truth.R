# The truth of pilot_cities: parameters of the model on the scale of the
# published index, and, where effects differ between cities and years, the
# average that each design estimates.

truth_table <- function(model, scale, frame, years, status, exposure, w, intensity, controls, traits, users) {
  own <- scale * model$effect * intensity
  received <- scale * model$spillover * exposure
  systematic <- own + received
  from_controls <- scale * control_part(model, controls)
  # What a comparison with the never-treated cities of the same year sees.
  contrast <- systematic - rowMeans(received[, is.na(frame$pilot_year)])
  treated <- status == 1
  rbind(
    row(
      "att", mean(contrast[treated]),
      "resilience: mean effect over treated city-years against never-treated cities: own effect plus",
      "spillovers received, less the mean spillover that never-treated cities receive"
    ),
    row(
      "att_own", mean(own[treated]),
      "resilience: mean own effect over treated city-years, without spillovers"
    ),
    row(
      "twfe", project(systematic, c(list(status), controls))[1],
      "resilience on status and controls, city and year effects: what the regression estimates (its",
      "weights differ a little from those of att)"
    ),
    row(
      "twfe_no_controls", project(systematic + from_controls, list(status))[1],
      "the same without controls: includes the bias from controls that grow faster in pilot cities"
    ),
    cohort_rows(contrast, frame, years),
    event_rows(contrast, frame, years),
    group_rows(systematic, status, controls, traits),
    control_rows(systematic, from_controls, status, controls),
    mechanism_rows(model, scale),
    iv_rows(systematic, scale * model$effect, status, intensity, controls, traits, users),
    spatial_rows(own, received, status, scale * model$spillover, frame, w, controls),
    row(
      "index_slope", scale,
      "resilience per unit of the structural score in data-raw (already applied to all rows)"
    )
  )
}

# Rows of the table; the texts in `...` are the parts of one sentence.
row <- function(parameter, value, ...) {
  tibble::tibble(parameter = parameter, value = unname(value), meaning = paste(...))
}

control_part <- function(model, controls) {
  Reduce(`+`, Map(`*`, controls, model$controls[names(controls)]))
}

cohort_rows <- function(contrast, frame, years) {
  of_cohort <- function(g) {
    members <- frame$pilot_year %in% g
    after <- years[years >= g]
    rbind(
      row(paste0("att_", g), mean(contrast[years >= g, members]), "att of the cohort of", g),
      row(
        paste0("att_", g, "_", after), rowMeans(contrast[years >= g, members]),
        "att of the cohort of", g, "in", after
      )
    )
  }
  rbind(of_cohort(2015), of_cohort(2016))
}

event_rows <- function(contrast, frame, years) {
  since <- outer(years, frame$pilot_year, "-")
  event <- 0:max(since, na.rm = TRUE)
  value <- vapply(event, function(e) mean(contrast[which(since == e)]), 0)
  row(
    paste0("att_event_", event), value,
    "att", event, "years after the start, over the cohorts observed then"
  )
}

# Where effects differ, the controls pick up a part of the differences.
control_rows <- function(systematic, from_controls, status, controls) {
  fit <- project(systematic + from_controls, c(list(status = status), controls))
  row(
    paste0("control_", names(controls)), fit[names(controls)],
    "resilience: coefficient of the control in the regression of twfe"
  )
}

group_rows <- function(systematic, status, controls, traits) {
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
  row(paste0("twfe_", names(groups)), value, "twfe within the group:", c(
    "super and mega cities", "all other cities",
    "ip_protection above its median over cities", "ip_protection not above its median",
    "policy_capacity above its median over cities", "policy_capacity not above its median"
  ))
}

mechanism_rows <- function(model, scale) {
  through <- scale * model$through
  mediator <- c("talent_share", "log_new_firms")
  effect <- c(model$talent, model$firms)
  rbind(
    row(mediator, effect, mediator, "on status and controls: effect of status"),
    row(paste0("through_", names(through)), through, "resilience: effect of one unit of", mediator),
    row(
      paste0("indirect_", names(through)), through * effect,
      "resilience: part of the effect of status that runs through", mediator
    )
  )
}

iv_rows <- function(systematic, effect, status, intensity, controls, traits, users) {
  z <- outer(users[-length(users)], traits$phones_1984)
  instrumented <- function(x) project(systematic, c(list(x), controls), z = z)[1]
  rbind(
    row("intensity", effect, "resilience: effect of one unit of pilot_intensity"),
    row(
      "iv_intensity", instrumented(intensity),
      "resilience on pilot_intensity, instrumented by phones_1984 x national_users_lag, controls, city",
      "and year effects: what 2SLS estimates (intensity plus the spillovers that the instrument picks up)"
    ),
    row(
      "iv_status", instrumented(status),
      "the same with status in place of pilot_intensity: weights late years and cities with many",
      "telephones more than twfe does"
    )
  )
}

spatial_rows <- function(own, received, status, spillover, frame, w, controls) {
  spatial <- project(own + received, c(list(status, status %*% t(w)), controls))
  never <- is.na(frame$pilot_year)
  after <- rowSums(status[, frame$pilot_year %in% 2016]) > 0
  distance <- distances_km(frame$longitude, frame$latitude)
  nearest <- apply(distance[never, !never], 1, min)
  ring <- cut(nearest, c(0, 100, 200, 300, Inf))
  by_ring <- tapply(colMeans(received[after, never]), ring, mean)
  rbind(
    row(
      "spillover", spillover,
      "resilience: coefficient of W x status, W = inverse great-circle distance, rows summing to one, no",
      "cut-off (also the mean indirect effect; the spatial autoregressive parameter is 0)"
    ),
    row(
      "spatial_direct", spatial[1],
      "resilience on status, W x status and controls: coefficient of status (the mean direct effect)"
    ),
    row(
      "spillover_on_treated", mean(received[status == 1]),
      "resilience: mean spillover received by treated city-years"
    ),
    row(
      "spillover_on_never", mean(received[after, never]),
      "resilience: mean spillover received by never-treated cities, 2016-2023"
    ),
    row(
      paste0("spillover_ring_", c("0_100", "100_200", "200_300", "over_300")), by_ring,
      "resilience: mean spillover received in 2016-2023 by never-treated cities whose nearest pilot city is",
      c("up to 100 km", "100 to 200 km", "200 to 300 km", "more than 300 km"), "away"
    )
  )
}
