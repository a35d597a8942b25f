# Spatial Durbin model with unit and time effects: bias and coverage of rho and of the effects, without correction,
# with the analytical correction and with the transformation of Lee and Yu.
#   Rscript bench/monte-carlo-spatial.R [draws] [first row]
# y_t = .4 W y_t + x_t + .5 W x_t + effects + e, five nearest neighbors, x related to the unit effects. e is normal, or a
# centered chi-squared with one degree of freedom (skewness 2.8, excess kurtosis 12). Rows are printed as they are done.
library(pilotdid)
options(pilotdid.quiet = TRUE)
asked <- as.integer(commandArgs(TRUE))
draws <- c(asked, 500L)[1L]
first_row <- if (length(asked) > 1L) asked[2L] else 1L
# Panels are small: a second thread costs more than it does.
pilot_threads(1)
rho <- 0.4
beta <- 1
theta <- 0.5

place <- function(units) {
  set.seed(units)
  places <- data.frame(id = seq_len(units), longitude = runif(units, 100, 120), latitude = runif(units, 25, 40))
  W <- spatial_weights(places, "id", ~ longitude + latitude, k = 5)
  S <- solve(diag(units) - rho * as.matrix(W))
  response <- S %*% (beta * diag(units) + theta * as.matrix(W))
  direct <- mean(diag(response))
  total <- mean(rowSums(response))
  list(units = units, W = W, S = S, lag = as.matrix(W), truth = c(rho = rho, direct = direct, indirect = total - direct, total = total))
}

draw_panel <- function(place, periods, normal) {
  n <- place$units
  alpha <- rnorm(n)
  x <- matrix(rnorm(n * periods), n) + alpha
  e <- if (normal) rnorm(n * periods) else (rnorm(n * periods)^2 - 1) / sqrt(2)
  shift <- alpha + rep(rnorm(periods), each = n)
  y <- place$S %*% (beta * x + theta * place$lag %*% x + shift + matrix(e, n))
  data.frame(id = rep(seq_len(n), periods), year = rep(seq_len(periods), each = n), x = as.vector(x), y = as.vector(y))
}

one <- function(place, periods, normal, correction, vcov) {
  fit <- spatial_did(y ~ x | id + year, draw_panel(place, periods, normal), place$W,
    bias_correction = correction, vcov = vcov, treatment = "x"
  )
  found <- rbind(tidy(fit)[1L, c("estimate", "conf.low", "conf.high", "std.error")],
    tidy(effects(fit))[, c("estimate", "conf.low", "conf.high", "std.error")])
  truth <- place$truth
  c(found$estimate - truth, found$conf.low <= truth & truth <= found$conf.high, found$std.error, glance(fit)$sigma)
}

settings <- rbind(
  expand.grid(correction = c("none", "correction", "transformation"), vcov = "iid", errors = "normal", units = c(50, 200)),
  expand.grid(correction = "transformation", vcov = c("iid", "qml", "cluster"), errors = "skewed", units = 200)
)
for (column in c("correction", "vcov", "errors")) settings[[column]] <- as.character(settings[[column]])
cat("|", paste(c("units x periods", "errors", "correction", "covariance", "bias of rho", "its SD", "mean SE", "cover rho", "direct",
  "indirect", "total", "bias of indirect", "sigma"), collapse = " | "), "|\n")
cat("|", paste(rep("---", 13L), collapse = " | "), "|\n")
for (s in first_row:nrow(settings)) {
  at <- settings[s, ]
  ground <- place(at$units)
  # The same panels for every correction.
  set.seed(1000 + at$units)
  r <- replicate(draws, one(ground, 4L, at$errors == "normal", at$correction, at$vcov))
  cover <- 100 * rowMeans(r[5:8, ])
  cells <- c(
    paste(at$units, "x 4"), at$errors, at$correction, at$vcov,
    sprintf("%.4f", c(mean(r[1L, ]), sd(r[1L, ]), mean(r[9L, ]))), sprintf("%.1f", cover),
    sprintf("%.4f", mean(r[3L, ])), sprintf("%.3f", mean(r[13L, ]))
  )
  cat("|", paste(cells, collapse = " | "), "|\n")
  flush(stdout())
}
