# Covariance matrices, written once on the influence currency: influence(fit, by) gives the sums
# of the contributions to the coefficients over any grouping (see influence.R). One file a family,
# one table to dispatch.

# Each takes (fit, spec, ssc) and gives list(matrix, df, clusters, label): df is that of the t
# distribution, label replaces that of the spec where the data decide a part of it.
covariance_families <- list(
  iid = function(...) covariance_iid(...),
  HC0 = function(...) covariance_hc(...),
  HC1 = function(...) covariance_hc(...),
  HC2 = function(...) covariance_hc(...),
  HC3 = function(...) covariance_hc(...),
  cluster = function(...) covariance_cluster(...),
  newey_west = function(...) covariance_newey_west(...),
  driscoll_kraay = function(...) covariance_driscoll_kraay(...),
  conley = function(...) covariance_conley(...),
  user = function(...) covariance_user(...),
  simulated = function(...) covariance_simulated(...)
)

vcov_aliases <- c(
  iid = "iid", standard = "iid", hc0 = "HC0", hc1 = "HC1", hetero = "HC1", robust = "HC1", white = "HC1",
  hc2 = "HC2", hc3 = "HC3", cluster = "cluster", newey_west = "newey_west", nw = "newey_west",
  driscoll_kraay = "driscoll_kraay", dk = "driscoll_kraay", conley = "conley"
)

# What `vcov =` may be: a name, `~ cluster + cluster`, `NW(2) ~ unit + time`, column names, a spec of
# conley_vcov() and its like, a matrix or a function.
# -> list(type, label, ...)
vcov_spec <- function(vcov, fit) {
  if (is.null(vcov)) {
    if (is.null(fit$design$unit)) return(list(type = "iid", label = "iid"))
    return(cluster_spec(list(as.name(fit$design$unit$label))))
  }
  if (is.list(vcov) && !is.null(vcov$type)) return(vcov)
  if (inherits(vcov, "formula")) {
    if (length(vcov) == 3L) return(family_formula(vcov))
    return(cluster_spec(split_call(vcov[[length(vcov)]], "+")))
  }
  if (is.matrix(vcov) || is.function(vcov)) return(list(type = "user", value = vcov, label = "supplied by the user"))
  if (is.character(vcov) && length(vcov) == 1L) {
    type <- vcov_aliases[tolower(vcov)]
    if (!is.na(type)) return(named_spec(unname(type), fit))
  }
  if (is.character(vcov) && all(vcov %in% names(fit$data))) return(cluster_spec(lapply(vcov, as.name)))
  abort("vcov", c("{.arg vcov} is not known.",
    x = "It is {describe_value(vcov)}.",
    i = "Use {.or {.val {unique(unname(vcov_aliases))}}}, a formula {.code ~ cluster}, column names, a matrix or a function of the fit."
  ))
}

named_spec <- function(type, fit) {
  switch(type,
    cluster = vcov_spec(NULL, fit),
    newey_west = newey_west_vcov(),
    driscoll_kraay = driscoll_kraay_vcov(),
    conley = conley_vcov(),
    list(type = type, label = type)
  )
}

# `NW(2) ~ unit + time`, `DK(2) ~ time`, `conley(100) ~ lat + lon`, as in fixest.
family_formula <- function(formula) {
  left <- formula[[2L]]
  head <- if (is.call(left)) left[[1L]] else left
  makers <- list(
    newey_west = newey_west_vcov, driscoll_kraay = driscoll_kraay_vcov, conley = conley_vcov,
    cluster = function() cluster_spec(split_call(formula[[3L]], "+"))
  )
  type <- if (is.name(head)) vcov_aliases[tolower(as.character(head))] else NA
  if (is.na(type) || is.null(makers[[type]])) {
    abort("vcov", c("The left side of {.code vcov = {expr_label(formula)}} is not known.",
      i = "Write {.code NW(lag) ~ unit + time}, {.code DK(lag) ~ time} or {.code conley(cutoff) ~ latitude + longitude}."
    ))
  }
  options <- if (is.call(left)) lapply(as.list(left)[-1L], eval, environment(formula)) else list()
  by <- vapply(split_call(formula[[3L]], "+"), expr_label, "")
  where <- switch(type,
    newey_west = list(unit = if (length(by) > 1L) by[1L], time = by[length(by)]),
    driscoll_kraay = list(time = by[length(by)]),
    conley = list(latitude = by[1L], longitude = by[2L])
  )
  do.call(makers[[type]], c(options, where))
}

cluster_spec <- function(exprs) {
  labels <- vapply(exprs, expr_label, "")
  list(type = "cluster", by = exprs, label = paste("clustered by", paste(labels, collapse = " and ")))
}

# -> list(matrix, df, label, type, clusters)
compute_vcov <- function(fit, spec, ssc = fit$ssc) {
  out <- covariance_families[[spec$type]](fit, spec, ssc)
  # Estimators whose inference is asymptotic (`normal`) use the normal distribution throughout.
  if (isTRUE(fit$normal)) out$df <- Inf
  dimnames(out$matrix) <- list(names(fit$coefficients), names(fit$coefficients))
  out$label <- out$label %||% spec$label
  out$type <- spec$type
  out
}

covariance_user <- function(fit, spec, ssc) {
  value <- if (is.function(spec$value)) spec$value(fit) else spec$value
  k <- length(fit$coefficients)
  if (!is.matrix(value) || !is.numeric(value) || !identical(dim(value), c(k, k))) {
    abort("vcov", c("A covariance matrix must be {k} x {k}, one row a coefficient.",
      x = "It is {.obj_type_friendly {value}}{if (is.matrix(value)) paste0(' of ', nrow(value), ' x ', ncol(value))}."
    ))
  }
  # Symmetric up to the rounding of a product of matrices.
  if (!all(is.finite(value)) || any(diag(value) < 0) || !isSymmetric(unname(value), tol = 1e-8)) {
    abort("vcov", c("A covariance matrix must be symmetric and finite, with no negative variance.",
      x = "It holds {.val {signif(as.vector(value)[seq_len(min(k * k, 6L))], 4)}}{if (k > 2) ', ...'}."
    ))
  }
  list(matrix = value, df = max(fit$nobs - count_parameters(fit, ssc), 1))
}

# A difference of cluster sums, or a spatial kernel, can leave negative eigenvalues: they are set to
# zero, as Cameron, Gelbach and Miller propose.
nearest_psd <- function(v) {
  e <- eigen(v, symmetric = TRUE)
  # Rounding alone leaves eigenvalues of this size around zero: they are not worth a word.
  if (min(e$values) >= -1e-12 * max(abs(e$values))) return(v)
  warn("not_psd", c("The covariance was not positive semi-definite.",
    i = "Its negative eigenvalues were set to zero (Cameron, Gelbach and Miller 2011)."
  ))
  e$vectors %*% (pmax(e$values, 0) * t(e$vectors))
}
