# The table of tests and its usual reading.

#' @export
tidy.pilot_spatial_tests <- function(x, ...) x$table

#' @export
glance.pilot_spatial_tests <- function(x, ...) {
  tibble::tibble(tests = nrow(x$table), level = x$level, effects = x$effects, weights = x$weights, advice = advised_model(x))
}

#' @export
print.pilot_spatial_tests <- function(x, ...) {
  cat("Specification tests, ", x$weights, "\n\n", sep = "")
  table <- as.data.frame(x$table)
  shown <- data.frame(
    test = table$test, effects = table$effects, statistic = formatC(table$statistic, digits = 3, format = "f"), df = table$df,
    p.value = format.pval(table$p.value, digits = 3, eps = 1e-4)
  )
  print(shown, row.names = FALSE)
  notes <- unique(table[nzchar(table$note), c("test", "note")])
  if (nrow(notes)) cat("\n", paste0(notes$test, ": ", notes$note, "\n"), sep = "")
  cat("\n", paste0(strwrap(reading_of(x), 78), "\n"), sep = "")
  invisible(x)
}

p_of <- function(x, test, effects = x$effects) {
  p <- x$table$p.value[x$table$test == test & x$table$effects == effects]
  if (length(p)) p[1L] else NA_real_
}

rejects <- function(x, test) isTRUE(p_of(x, test) < x$level)

# Anselin's decision rule from the robust tests, then the restrictions of the Durbin model (Elhorst 2014).
reading_of <- function(x) {
  lag <- rejects(x, "lm_lag")
  error <- rejects(x, "lm_error")
  robust <- c(lag = rejects(x, "robust_lm_lag"), error = rejects(x, "robust_lm_error"))
  first <- if (!lag && !error && any(robust)) {
    paste(
      "The plain Lagrange multiplier tests do not reject but a robust one does: a lag and an error of opposite",
      "sign can hide each other, so look at the models with both (Durbin, sac)."
    )
  } else if (!lag && !error) {
    "The Lagrange multiplier tests find no spatial dependence in the residuals."
  } else if (robust[["lag"]] && robust[["error"]]) {
    "Both robust tests reject: there is dependence of both kinds, which speaks for the Durbin model."
  } else if (robust[["lag"]]) {
    "Of the robust tests only that of a lag rejects: a spatial lag."
  } else if (robust[["error"]]) {
    "Of the robust tests only that of an error rejects: a spatial error."
  } else {
    "There is dependence, but the robust tests do not tell a lag from an error."
  }
  paste(first, restriction_reading(x), effects_reading(x))
}

restriction_reading <- function(x) {
  sar <- rejects(x, "wald_sdm_sar") || rejects(x, "lr_sdm_sar")
  sem_known <- !is.na(p_of(x, "wald_sdm_sem"))
  sem <- rejects(x, "wald_sdm_sem") || rejects(x, "lr_sdm_sem")
  if (!sem_known) {
    return(if (sar) "The lags of the regressors matter: the Durbin model is not reduced to a spatial lag."
           else "The Durbin model can be reduced to a spatial lag.")
  }
  if (sar && sem) return("The Durbin model is reduced neither to a spatial lag nor to a spatial error: keep it.")
  if (sar) return("The Durbin model can be reduced to a spatial error, not to a spatial lag.")
  if (sem) return("The Durbin model can be reduced to a spatial lag, not to a spatial error.")
  "The Durbin model can be reduced to either simpler model."
}

effects_reading <- function(x) {
  fixed <- c(unit = rejects_lr(x, "lr_unit"), time = rejects_lr(x, "lr_time"))
  text <- if (all(fixed)) "Unit and time effects both belong in the model."
  else if (fixed[["unit"]]) "The unit effects belong in the model, the time effects are not significant."
  else if (fixed[["time"]]) "The time effects belong in the model, the unit effects are not significant."
  else "Neither unit nor time effects are significant."
  p <- p_of(x, "mundlak")
  if (is.na(p)) return(text)
  paste(text, if (p < x$level) "They are correlated with the regressors: fixed effects." else "Random unit effects are not rejected.")
}

rejects_lr <- function(x, test) isTRUE(p_of(x, test, "unit + time") < x$level)

advised_model <- function(x) {
  sar <- rejects(x, "wald_sdm_sar") || rejects(x, "lr_sdm_sar")
  sem <- is.na(p_of(x, "wald_sdm_sem")) || rejects(x, "wald_sdm_sem") || rejects(x, "lr_sdm_sem")
  if (sar && sem) "sdm" else if (sem) "sar" else if (sar) "sem" else if (rejects(x, "robust_lm_error") && !rejects(x, "robust_lm_lag")) "sem" else "sar"
}
