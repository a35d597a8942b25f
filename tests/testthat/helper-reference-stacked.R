# Slow and plain: the stacks written out one below the other and the weighted regression on them by lm(), with
# the covariance clustered by unit and the small-sample factor of fixest.
reference_stacked <- function(data, window, covariates) {
  events <- seq.int(window[1L], window[2L])
  stacks <- lapply(sort(setdiff(unique(data$g), 0)), function(a) {
    part <- data[(data$g == a | data$g == 0 | data$g > a + window[2L]) & (data$year - a) %in% events, ]
    part <- part[part$id %in% names(which(table(part$id) == length(events))), ]
    if (length(unique(part$g == a)) < 2L) return(NULL)
    part$event <- part$year - a
    part$treat <- as.integer(part$g == a)
    part$mass <- sum(part$treat == 1) / sum(part$treat == 0)
    part
  })
  stacks <- do.call(rbind, stacks)
  # Treated of a stack over its controls, times a constant that drops out.
  stacks$q <- ifelse(stacks$treat == 1, 1, stacks$mass)
  x <- sapply(setdiff(events, -1), function(e) stacks$treat * (stacks$event == e))
  colnames(x) <- setdiff(events, -1)
  X <- cbind(x, as.matrix(stacks[covariates]), stats::model.matrix(~ treat + factor(event), stacks))
  fit <- stats::lm.wfit(X, stacks$y, stacks$q)
  bread <- solve(crossprod(X * sqrt(stacks$q)))
  scores <- rowsum(X * stacks$q * fit$residuals, stacks$id)
  clusters <- nrow(scores)
  factor <- clusters / (clusters - 1) * (nrow(X) - 1) / (nrow(X) - ncol(X))
  list(estimate = fit$coefficients, se = sqrt(diag(bread %*% crossprod(scores) %*% bread) * factor))
}
