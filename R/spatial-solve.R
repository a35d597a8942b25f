# The likelihood's maximum and what follows from it: one call of the core, its conditions, the covariance.

solve_spatial <- function(fit, vcov) {
  raw <- if (fit$spec$method == "gmm") spatial_gmm(fit, vcov) else spatial_ml(fit, vcov)
  if (any(raw$standing != 0L)) {
    fit$panel <- drop_spatial_columns(fit, raw)
    fit$dropped <- c(fit$dropped, raw$dropped)
    return(solve_spatial(fit, vcov))
  }
  if (raw$at_border) refuse_border(raw, fit)
  if (!raw$converged) {
    abort("not_converged", c("The likelihood did not reach its maximum.", x = "It stopped after {raw$evaluations} evaluation{?s}.",
      i = "Scale the regressors, or use {.code method = \"gmm\"}."
    ))
  }
  spatial_result(fit, raw, vcov)
}

spatial_ml <- function(fit, vcov) {
  spec <- fit$spec
  method <- determinant_method(fit)
  eigenvalues <- if (method == 0L) weights_eigenvalues(fit$weights)
  options <- list(
    rho = spec$terms[["rho"]], lambda = spec$terms[["lambda"]], bias = bias_corrections[[spec$bias]], method = method,
    covariance = c(classical = 0L, qml = 1L, cluster = 2L)[[vcov$type]], cluster = vcov$codes %||% integer(),
    clusters = vcov$levels %||% 0L, exact_limit = 5000L, seed = spec$seed
  )
  raw <- cpp_spatial_fit(fit$panel, options, eigenvalues)
  if (!raw$determinant_converged) {
    warn("determinant", c("The Chebyshev interpolant of the determinant is less exact than it should be.",
      i = "Use {.code determinant = \"factor\"}."
    ))
  }
  raw
}

# 0 eigenvalues, 1 factor, 2 Chebyshev. Real spectra of a dense W up to 3,000 units are found in seconds, once; a
# sparse factor is quicker from some hundred units on. Both spatial parameters together ask for many values.
determinant_method <- function(fit) {
  chosen <- fit$spec$determinant
  if (chosen != "auto") return(match(chosen, c("eigenvalues", "factor", "chebyshev")) - 1L)
  W <- fit$weights
  n <- length(W$start) - 1
  dense <- length(W$column) > 0.1 * n^2
  if (!is.null(W$cache$eigenvalues)) return(0L)
  if (W$symmetrizable && n <= if (dense) 3000 else 400) return(0L)
  if (fit$spec$terms[["rho"]] && fit$spec$terms[["lambda"]]) 2L else 1L
}

weights_eigenvalues <- function(W) {
  if (is.null(W$cache$eigenvalues)) W$cache$eigenvalues <- cpp_spatial_eigenvalues(W)
  W$cache$eigenvalues
}

refuse_border <- function(raw, fit) {
  name <- if (fit$spec$terms[["rho"]]) "rho" else "lambda"
  value <- if (name == "rho") raw$rho else raw$lambda
  abort("spatial_range", c("The likelihood has no maximum inside the range of {name}.",
    x = "It still rises at {format(value, digits = 4)}; the range is {format(raw$range[1L], digits = 4)} to {format(raw$range[2L], digits = 4)}.",
    i = "A common trend that the effects leave, or weights that join nearly all units, are the usual causes: add time effects, or use fewer neighbors.",
    i = "{.code model = \"slx\"} has no such parameter."
  ))
}

# Columns that the effects absorb or that repeat others: a control goes with a warning, the treatment is an error.
drop_spatial_columns <- function(fit, raw) {
  panel <- fit$panel
  names <- colnames(panel$x)
  lost <- which(raw$standing != 0L)
  reasons <- vapply(lost, function(j) spatial_reason(j, raw, fit), "")
  treatment <- lost[names[lost] %in% fit$design$treatment$names]
  if (length(treatment)) {
    reason <- reasons[match(treatment[1L], lost)]
    abort(if (raw$standing[treatment[1L]] == 1L) "treatment_absorbed" else "treatment_collinear", c(
      "The effect of {.field {names[treatment[1L]]}} cannot be estimated.", x = "It is {reason}."
    ))
  }
  warn("collinear", c("{length(lost)} column{?s} {?was/were} dropped as collinear: {.field {names[lost]}}.",
    set_names_i(paste0(names[lost], ": ", reasons))
  ), dropped = names[lost])
  panel$x <- panel$x[, -lost, drop = FALSE]
  panel$base <- panel$base[-lost]
  panel$lagged <- panel$lagged[-lost]
  panel
}

spatial_reason <- function(j, raw, fit) {
  panel <- fit$panel
  if (raw$standing[j] == 2L) return(combination_text(raw$combination[, j], colnames(panel$x)))
  if (!panel$lagged[j]) return(absorbed_reason(fit$design$regressors[[panel$base[j]]], fit$design))
  paste0("absorbed by the effects of ", paste(names(fit$design$effects), collapse = " and "))
}

# -> list(type, label, codes = cluster of each unit from 0, levels)
spatial_vcov_spec <- function(vcov, fit) {
  if (is.null(vcov)) return(list(type = "classical", label = "information matrix"))
  if (is.character(vcov) && length(vcov) == 1L) {
    known <- spatial_vcov_aliases[tolower(vcov)]
    if (!is.na(known)) {
      if (known == "classical") return(spatial_vcov_spec(NULL, fit))
      if (known == "qml") return(list(type = "qml", label = "quasi maximum likelihood (robust to non-normality)"))
      return(spatial_clusters(as.name(fit$design$unit$label), fit))
    }
  }
  exprs <- if (inherits(vcov, "formula")) split_call(vcov[[length(vcov)]], "+")
  else if (is.character(vcov) && all(vcov %in% names(fit$data))) lapply(vcov, as.name)
  if (length(exprs) == 1L) return(spatial_clusters(exprs[[1L]], fit))
  abort("vcov", c("{.arg vcov} is not known.",
    x = if (length(exprs)) "Spatial models cluster in one way only." else "It is {describe_value(vcov)}.",
    i = "Use {.val iid}, {.val qml}, {.val cluster}, or one grouping of units, {.code ~ province}."
  ))
}

spatial_vcov_aliases <- c(
  iid = "classical", classical = "classical", standard = "classical", qml = "qml", robust = "qml", hc1 = "qml", cluster = "cluster"
)

spatial_clusters <- function(expr, fit) {
  by <- cluster_codes(expr, fit)
  design <- fit$design
  rows <- fit$panel$rows
  unit <- design$unit$code[rows] + 1L
  of_unit <- integer(length(design$unit$values))
  of_unit[unit] <- by$code[rows]
  moving <- unique(unit[of_unit[unit] != by$code[rows]])
  if (length(moving)) {
    abort("cluster", c("Clusters of a spatial model must hold whole units.",
      x = "{.field {by$label}} changes within {length(moving)} unit{?s}: {first_few(format_id(design$unit$values[moving]))}."
    ))
  }
  list(type = "cluster", label = paste("clustered by", by$label), codes = of_unit, levels = by$levels)
}

spatial_result <- function(fit, raw, vcov) {
  terms <- fit$spec$terms
  fit$coefficients <- c(if (terms[["rho"]]) c(rho = raw$rho), if (terms[["lambda"]]) c(lambda = raw$lambda), set_names(raw$beta, colnames(fit$panel$x)))
  k <- length(fit$coefficients)
  fit$vcov <- raw$covariance[seq_len(k), seq_len(k), drop = FALSE]
  dimnames(fit$vcov) <- list(names(fit$coefficients), names(fit$coefficients))
  fit$covariance <- list(label = vcov$label, type = vcov$type, df = Inf, clusters = if (vcov$type == "cluster") vcov$levels)
  fit$sigma2 <- raw$sigma2
  fit$sigma2_se <- if (nrow(raw$covariance) > k) sqrt(raw$covariance[k + 1L, k + 1L]) else NA_real_
  fit[c("log_likelihood", "sse", "multipliers", "range", "within_total", "exact_traces")] <-
    raw[c("log_likelihood", "sse", "multipliers", "range", "within_total", "exact_traces")]
  fit$residual <- raw$residual
  fit$rank <- length(raw$beta)
  fit
}

# Another covariance of the same estimates.
with_spatial_vcov <- function(fit, vcov) {
  if (is.null(vcov)) return(fit)
  if (is.matrix(vcov)) {
    k <- length(fit$coefficients)
    if (!is.numeric(vcov) || !identical(dim(vcov), c(k, k))) {
      abort("vcov", "A covariance matrix must be {k} x {k}, one row a coefficient.")
    }
    fit$vcov <- vcov
    fit$covariance$label <- "supplied by the user"
    return(fit)
  }
  solve_spatial(fit, spatial_vcov_spec(vcov, fit))
}
