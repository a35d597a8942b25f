# texreg's extract() is an S4 generic, so its methods are set when texreg is loaded. Without one texreg takes
# glance() and warns about each entry that is text.

register_texreg <- function(...) {
  where <- new.env()
  fits <- c(names(estimators()), "aggregate", "stage", "spatial", "event")
  # The generic looks at the first class alone.
  for (class in paste0("pilot_", fits)) {
    methods::setOldClass(class, where = where)
    methods::setMethod(texreg::extract, class, extract_pilot, where = where)
  }
}

# Now, or when somebody loads texreg.
watch_texreg <- function() {
  if (isNamespaceLoaded("texreg")) register_texreg()
  setHook(packageEvent("texreg", "onLoad"), register_texreg)
}

# Arguments of tidy() go through: `vcov = ~ province`. Of the estimators for staggered adoption the
# overall effect is shown, unless `cells = TRUE`.
extract_pilot <- function(model, vcov = NULL, cells = FALSE, ...) {
  t <- if (is.null(vcov)) tidy(model) else tidy(model, vcov = vcov)
  if (!cells && inherits(model, "pilot_effects")) t <- t[t$term %in% c("ATT", model$covariates), ]
  g <- texreg_statistics(model)
  texreg::createTexreg(
    coef.names = t$term, coef = t$estimate, se = t$std.error, pvalues = t$p.value,
    gof.names = names(g), gof = unname(g), gof.decimal = unname(g != round(g))
  )
}

texreg_statistics <- function(model) {
  g <- glance(model)
  names <- c(nobs = "Num. obs.", units = "Num. units", r.squared = "R^2", adj.r.squared = "Adj. R^2", within.r.squared = "Within R^2",
    rho = "rho", logLik = "Log Likelihood", pretrend.p.value = "Pre-trend p-value", post.average = "Mean effect after")
  # The likelihood of a regression says nothing that its R2 does not.
  if (!inherits(model, "pilot_spatial")) names <- names[names(names) != "logLik"]
  found <- intersect(names(names), names(g))
  values <- vapply(g[found], as.numeric, 1)
  names(values) <- names[found]
  values[!is.na(values)]
}
