# Spatial Durbin model with two-way effects, direct and indirect effects and standard errors at the study's size;
# 3,000 and 50,000 units alone. SDPDmod gives the same effects; splm gives those of each column alone, a regressor and
# its spatial lag apart, and is timed as the fastest there is.
library(pilotdid)
source("bench/harness.R")
pilot_threads(2)

f <- resilience ~ status + fdi + log_wage | code + year
near <- function() spatial_weights(pilot_cities, "code", ~ longitude + latitude, k = 10)
# The weights are built in every call: nothing that is kept with them helps.
ours <- function() {
  fit <- spatial_did(f, pilot_cities, near(), bias_correction = "none")
  list(fit = fit, effects = effects(fit))
}
invisible(ours())
cat(sprintf("SDM two-way ML with effects and standard errors, 283 x 12: %.3f s\n", stats::median(replicate(9, time_of(ours)))))
if (requireNamespace("splm", quietly = TRUE)) {
  controls <- c("status", "fdi", "log_wage")
  study <- as.data.frame(pilot_cities)[c("code", "year", "resilience", controls)]
  W <- as.matrix(near())
  study <- study[order(study$year, match(study$code, rownames(W))), ]
  for (name in controls) study[[paste0("w_", name)]] <- ave(study[[name]], study$year, FUN = function(x) as.vector(W %*% x))
  links <- spdep::mat2listw(W, style = "W")
  peer <- function() {
    fit <- splm::spml(resilience ~ status + fdi + log_wage + w_status + w_fdi + w_log_wage, study, c("code", "year"),
      listw = links, model = "within", effect = "twoways", lag = TRUE, spatial.error = "none")
    # Its standard errors of effects are simulated; 200 draws, as its help takes.
    list(fit = fit, effects = summary(spatialreg::impacts(fit, listw = links, time = 12, R = 200), zstats = TRUE))
  }
  # In standard errors: splm's optimum of rho is good for four digits.
  agreement <- function() {
    a <- ours()$fit
    (a$coefficients[-1L] - coef(peer()$fit)[c(controls, paste0("w_", controls))]) / sqrt(diag(vcov(a)))[-1L]
  }
  report(compare("SDM two-way ML, 283 x 12; splm", nrow(study), ours, peer, agreement, times = 5L, inner = 5L))
  if (requireNamespace("SDPDmod", quietly = TRUE)) {
    same_effects <- function() {
      fit <- SDPDmod::SDPDm(resilience ~ status + fdi + log_wage, study, W, c("code", "year"), model = "sdm",
        effect = "twoways", LYtrans = FALSE, dynamic = FALSE)
      SDPDmod::impactsSDPDm(fit)
    }
    # Direct effects in standard errors: its rho is the best of a grid.
    agreement <- function() {
      a <- tidy(ours()$effects)
      a <- a[a$effect == "direct", ]
      theirs <- same_effects()
      (a$estimate - theirs[[grep("^DIRECT", names(theirs))[1L]]][, 1L]) / a$std.error
    }
    report(compare("SDM two-way ML, 283 x 12; SDPDmod", nrow(study), ours, same_effects, agreement, times = 1L))
  }
}

simulated <- function(units, periods, k) {
  set.seed(1)
  places <- data.frame(id = seq_len(units), longitude = runif(units, 100, 120), latitude = runif(units, 25, 40))
  data <- places[rep(seq_len(units), each = periods), ]
  data$year <- rep(seq_len(periods), units)
  data$status <- as.integer(data$id %% 4 == 0 & data$year > periods / 3)
  data$x <- rnorm(nrow(data))
  data$y <- data$status + data$x + rnorm(nrow(data))
  list(data = data, W = spatial_weights(places, "id", ~ longitude + latitude, k = k))
}
for (size in list(c(3000L, 12L), c(50000L, 5L))) {
  s <- simulated(size[1L], size[2L], 8L)
  for (determinant in if (size[1L] > 5000L) c("factor", "chebyshev") else "auto") {
    rho <- NULL
    large <- function() {
      fit <- spatial_did(y ~ status + x | id + year, s$data, s$W, determinant = determinant)
      rho <<- coef(fit)[["rho"]]
      effects(fit)
    }
    seconds <- time_of(large)
    cat(sprintf("SDM, %d x %d, %s, with effects and standard errors: %.1f s, %.0f MB beyond the data, rho %.8f\n",
      size[1L], size[2L], determinant, seconds, peak_memory(large), rho))
  }
}
