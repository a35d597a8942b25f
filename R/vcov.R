# Covariance matrices, written once on the influence currency: influence(fit, by) gives the sums
# of the contributions to the coefficients over any grouping (see influence.R).

# What `vcov =` may be: a name, `~ cluster + cluster`, column names, a matrix or a function.
# -> list(type, by = list of expressions, label)
vcov_spec <- function(vcov, fit) {
  if (is.null(vcov)) {
    if (is.null(fit$design$unit)) return(list(type = "iid", label = "iid"))
    return(cluster_spec(list(as.name(fit$design$unit$label))))
  }
  if (inherits(vcov, "formula")) return(cluster_spec(split_call(vcov[[length(vcov)]], "+")))
  if (is.matrix(vcov) || is.function(vcov)) return(list(type = "user", value = vcov, label = "supplied by the user"))
  if (is.character(vcov) && length(vcov) == 1L) {
    type <- vcov_aliases[tolower(vcov)]
    if (!is.na(type)) {
      if (type == "cluster") return(vcov_spec(NULL, fit))
      return(list(type = unname(type), label = unname(type)))
    }
  }
  if (is.character(vcov) && all(vcov %in% names(fit$data))) return(cluster_spec(lapply(vcov, as.name)))
  abort("vcov", c("{.arg vcov} is not known.",
    x = "It is {describe_value(vcov)}.",
    i = "Use {.or {.val {unique(unname(vcov_aliases))}}}, a formula {.code ~ cluster}, column names, a matrix or a function of the fit."
  ))
}

vcov_aliases <- c(
  iid = "iid", standard = "iid", hc1 = "HC1", hetero = "HC1", robust = "HC1", cluster = "cluster"
)

cluster_spec <- function(exprs) {
  labels <- vapply(exprs, expr_label, "")
  list(type = "cluster", by = exprs, label = paste("clustered by", paste(labels, collapse = " and ")))
}

# -> list(matrix, df, label, clusters): df is that of the t distribution.
compute_vcov <- function(fit, spec, ssc = fit$ssc) {
  out <- switch(spec$type,
    iid = vcov_iid(fit, ssc),
    HC1 = vcov_hc1(fit, ssc),
    cluster = vcov_cluster(fit, spec, ssc),
    user = vcov_user(fit, spec, ssc)
  )
  # Estimators whose inference is asymptotic (`normal`) use the normal distribution throughout.
  if (isTRUE(fit$normal)) out$df <- Inf
  dimnames(out$matrix) <- list(names(fit$coefficients), names(fit$coefficients))
  out$label <- spec$label
  out$type <- spec$type
  out
}

vcov_iid <- function(fit, ssc) {
  refuse_without_rows(fit, "iid")
  parameters <- count_parameters(fit, ssc)
  df <- max(fit$nobs - parameters, 1)
  # Estimators whose scores are not those of least squares bring their own bread for iid errors.
  list(matrix = (fit$homoskedastic %||% fit$bread) * fit$rss / df, df = df)
}

# n / (n - K) as fixest, Stata and sandwich's HC1.
vcov_hc1 <- function(fit, ssc) {
  refuse_without_rows(fit, "HC1")
  parameters <- count_parameters(fit, ssc)
  meat <- row_meat(fit)
  df <- max(fit$nobs - parameters, 1)
  list(matrix = fit$bread %*% meat %*% fit$bread * (fit$nobs / df), df = df)
}

# Covariances by row need row scores; estimators built from unit-level moments have none.
refuse_without_rows <- function(fit, type) {
  if (!is.null(fit$maps)) return(invisible())
  abort("vcov", c("{.code vcov = \"{type}\"} does not exist for {.code estimator = \"{fit$estimator}\"}.",
    i = "Its influence is known by unit: cluster by the unit or by groups of units."
  ))
}

# One or several ways (Cameron, Gelbach and Miller 2011): intersections of the clusters enter with
# alternating sign, all with the factor of the way that has the fewest clusters.
vcov_cluster <- function(fit, spec, ssc) {
  ways <- lapply(spec$by, cluster_codes, fit = fit)
  clusters <- vapply(ways, `[[`, 1, "levels")
  names(clusters) <- vapply(spec$by, expr_label, "")
  smallest <- min(clusters)
  parameters <- count_parameters(fit, ssc, ways)
  total <- 0
  for (subset in nonempty_subsets(length(ways))) {
    by <- Reduce(cross_codes, ways[subset])
    groups <- if (ssc$g == "min") smallest else by$levels
    factor <- if (ssc$g == "none") 1 else groups / (groups - 1)
    sign <- if (length(subset) %% 2L == 1L) 1 else -1
    total <- total + sign * factor * clustered_square(fit, by)
  }
  if (length(ways) > 1L) total <- nearest_psd(total)
  factor <- if (ssc$k %in% c("none", "zero")) 1 else (fit$nobs - 1) / max(fit$nobs - parameters, 1)
  list(matrix = total * factor, df = smallest - 1, clusters = clusters)
}

vcov_user <- function(fit, spec, ssc) {
  value <- if (is.function(spec$value)) spec$value(fit) else spec$value
  k <- length(fit$coefficients)
  if (!is.matrix(value) || !is.numeric(value) || !identical(dim(value), c(k, k))) {
    abort("vcov", c("A covariance matrix must be {k} x {k}, one row a coefficient.",
      x = "It is {.obj_type_friendly {value}}{if (is.matrix(value)) paste0(' of ', nrow(value), ' x ', ncol(value))}."
    ))
  }
  list(matrix = value, df = max(fit$nobs - count_parameters(fit, ssc), 1))
}

# Codes of a clustering among the rows that the fit used -> list(code, levels, label).
cluster_codes <- function(expr, fit) {
  design <- fit$design
  label <- expr_label(expr)
  known <- c(list(design$unit, design$time), design$effects, design$clusters)
  for (id in known) {
    if (identical(id$label, label)) return(refuse_one_cluster(list(code = id$code, levels = length(id$values), label = label)))
  }
  if (is.null(fit$data)) {
    abort("lean", c("This fit no longer has its data.",
      x = "{.field {label}} was not among its effects.",
      i = "Fit again with {.code lean = FALSE}, or name the clusters at fit time."
    ))
  }
  check_variables(list(expr), fit$data, environment(fit$formula))
  id <- code_effect(expr, fit$data, environment(fit$formula))
  used <- if (is.null(design$keep)) id$code else id$code[design$keep == as.raw(1L)]
  if (anyNA(used)) {
    abort("cluster", c("The clusters must be known in every row used.",
      x = "{.field {label}} is missing in {sum(is.na(used))} of them.",
      i = "Pass {.code vcov = ~ {label}} at fit time: rows without a cluster are then dropped and counted."
    ))
  }
  if (!is.null(design$keep)) {
    compact <- cpp_compact(id$code, length(id$values), design$keep)
    id <- list(code = compact$code, values = compact$used)
  }
  refuse_one_cluster(list(code = id$code, levels = length(id$values), label = label))
}

refuse_one_cluster <- function(by) {
  if (by$levels > 1L) return(by)
  abort("one_cluster", c("Clustered standard errors need at least two clusters.",
    x = "{.field {by$label}} takes a single value in the rows used.",
    i = "Cluster by the unit, or use {.code vcov = \"HC1\"}."
  ))
}

cross_codes <- function(a, b) {
  pairs <- cpp_code_pairs(a$code, b$code, b$levels)
  list(code = pairs$code, levels = length(pairs$first), label = paste0(a$label, "^", b$label))
}

nonempty_subsets <- function(n) {
  if (n == 1L) return(list(1L))
  unlist(lapply(seq_len(n), function(size) utils::combn(n, size, simplify = FALSE)), recursive = FALSE)
}

# A difference of cluster sums can have negative eigenvalues: they are set to zero, as Cameron,
# Gelbach and Miller propose.
nearest_psd <- function(v) {
  e <- eigen(v, symmetric = TRUE)
  # Rounding alone leaves eigenvalues of this size around zero: they are not worth a word.
  if (min(e$values) >= -1e-12 * max(abs(e$values))) return(v)
  warn("not_psd", c("The multi-way clustered covariance was not positive semi-definite.",
    i = "Its negative eigenvalues were set to zero (Cameron, Gelbach and Miller 2011)."
  ))
  e$vectors %*% (pmax(e$values, 0) * t(e$vectors))
}
