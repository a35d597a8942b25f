# Shared by the parts: writing tables, and the truth that the simulated columns were made with.

save_table <- function(table, name) {
  utils::write.csv(as.data.frame(table), file.path(results, paste0(name, ".csv")), row.names = FALSE, fileEncoding = "UTF-8")
  print(utils::head(as.data.frame(table), 40L), row.names = FALSE, digits = 4)
  if (nrow(table) > 40L) cat("and", nrow(table) - 40L, "further rows in the file\n")
  invisible(table)
}

save_figure <- function(name, draw, width = 1300, height = 860) {
  grDevices::png(file.path(results, paste0(name, ".png")), width, height, res = 170)
  on.exit(grDevices::dev.off())
  draw()
}

# One line of the table that ends the study: an estimate and the truth it should find.
judge <- function(part, what, row, truth) {
  line <- data.frame(
    part = part, what = what, row[c("estimate", "std.error", "conf.low", "conf.high")], truth = truth,
    covered = row$conf.low <= truth & truth <= row$conf.high
  )
  verdicts[[length(verdicts) + 1L]] <<- line
  invisible(line)
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
