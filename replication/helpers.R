# Shared by the parts: writing tables, and the truth that the simulated columns were made with.

save_table <- function(table, name) {
  utils::write.csv(as.data.frame(table), file.path(results, paste0(name, ".csv")), row.names = FALSE, fileEncoding = "UTF-8")
  print(as.data.frame(table), row.names = FALSE, digits = 4)
  invisible(table)
}

truth_of <- function(parameter) {
  truth <- attr(pilot_cities, "truth")
  truth$value[match(parameter, truth$parameter)]
}

# y ~ status + controls | unit + time, from names.
two_way_formula <- function(outcome, treatment, controls, unit, time) {
  right <- Reduce(function(a, b) call("+", a, b), lapply(c(treatment, controls), as.name))
  effects <- call("+", as.name(unit), as.name(time))
  stats::as.formula(call("~", as.name(outcome), call("|", right, effects)), globalenv())
}

# No controls, then one block after the other: estimate, standard error, sample, fit.
stepwise_table <- function(data, outcome, treatment, blocks, unit, time, truth = NULL) {
  steps <- c(list(character()), lapply(seq_along(blocks), function(i) unlist(blocks[seq_len(i)])))
  rows <- lapply(seq_along(steps), function(i) {
    fit <- pilot_did(two_way_formula(outcome, treatment, steps[[i]], unit, time), data)
    row <- tidy(fit)[1, ]
    data.frame(
      column = i, controls = if (length(steps[[i]])) paste("+", paste(blocks[[i - 1]], collapse = ", ")) else "none",
      estimate = row$estimate, std.error = row$std.error, p.value = row$p.value,
      truth = if (is.null(truth)) NA else truth[min(i, length(truth))],
      conf.low = row$conf.low, conf.high = row$conf.high,
      within.r.squared = glance(fit)$within.r.squared, nobs = nobs(fit)
    )
  })
  table <- do.call(rbind, rows)
  if (is.null(truth)) table$truth <- NULL
  table
}
