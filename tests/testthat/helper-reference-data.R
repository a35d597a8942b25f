# A slow, obvious two-way regression on a balanced panel: city and year means
# taken out, standard errors clustered by unit with the small-sample factors of
# `fixest` (unit effects are nested in the clusters, so only the years count).
# `instrument` takes the place of the first regressor.
reference_two_way <- function(data, outcome, regressors, unit, time, instrument = NULL) {
  within <- function(v) v - ave(v, data[[unit]]) - ave(v, data[[time]]) + mean(v)
  y <- within(data[[outcome]])
  x <- sapply(regressors, function(name) within(data[[name]]))
  z <- x
  if (!is.null(instrument)) z[, 1] <- within(instrument)
  bread <- solve(crossprod(z, x))
  estimate <- drop(bread %*% crossprod(z, y))
  scores <- rowsum(z * drop(y - x %*% estimate), data[[unit]])
  n <- nrow(x)
  clusters <- nrow(scores)
  absorbed <- length(unique(data[[time]]))
  factor <- clusters / (clusters - 1) * (n - 1) / (n - ncol(x) - absorbed)
  vcov <- factor * bread %*% crossprod(scores) %*% t(bread)
  data.frame(
    term = regressors, estimate = estimate, std.error = sqrt(diag(vcov)),
    half_width = stats::qt(.975, clusters - 1) * sqrt(diag(vcov))
  )
}

# Pooled entropy scores, step by step; `direction` is 1 or -1 for each column.
reference_entropy_score <- function(x, direction) {
  z <- sapply(seq_along(x), function(j) {
    v <- x[[j]]
    scaled <- (v - min(v)) / (max(v) - min(v))
    if (direction[j] < 0) 1 - scaled else scaled
  })
  p <- sweep(z, 2, colSums(z), "/")
  entropy <- -colSums(ifelse(p == 0, 0, p * log(p))) / log(nrow(z))
  drop(z %*% ((1 - entropy) / sum(1 - entropy)))
}

study_controls <- c("economic_density", "infrastructure", "government_intervention", "fdi", "log_wage")

study_indicators <- c(
  gdp_per_capita = 1, savings_per_capita = 1, disposable_income = 1, unemployment = -1,
  trade_dependence = -1, insurance_coverage = 1, fiscal_self_sufficiency = 1, financial_depth = 1,
  retail_per_capita = 1, fixed_investment = 1, industry_concentration = -1, energy_intensity = -1,
  patents = 1, science_spending = 1, university_students = 1, industrial_upgrading = 1,
  broadband_subscribers = 1, wastewater_intensity = -1
)

study_truth <- function(parameter) {
  truth <- attr(pilot_cities, "truth")
  truth$value[match(parameter, truth$parameter)]
}
