# A formula with a third part: instrumental variables.
#   design -> absorption -> triangular root -> coefficients -> covariance -> fit

fit_iv <- function(design, data, vcov, ssc, solver, call, control_group, anticipation,
                   method = "2sls", kappa = NULL, fuller = 1) {
  method <- check_choice(method, c("2sls", "liml", "fuller", "kclass", "gmm"), "method")
  check_number(fuller, "fuller", 0)
  if (method == "kclass") check_number(kappa, "kappa") else refuse_kappa(kappa)
  check_identification(design)
  absorbed_by <- absorption(design)
  spec <- vcov_spec(vcov, list(design = design, data = data, formula = design$formula))
  r <- iv_root(design, absorbed_by, solver)
  absorbed <- absorbed_count(design, r$moments)
  r$denominator <- design$n - length(r$x) - length(r$z) - absorbed
  solved <- solve_iv(r, method, kappa, fuller)
  fit <- new_fit(
    estimator = "iv", call = call, design = design, data = data,
    coefficients = solved$coefficients, method = method, fuller = fuller, root = r,
    aliased = setdiff(names(design$regressors), r$names[r$x]),
    absorbed_by = absorbed_by, effects = r$moments$effects, absorbed = absorbed,
    tss = r$moments$total[1L], within_tss = r$moments$gram[1L, 1L], weight = r$moments$weight,
    solver = list(iterations = r$moments$iterations, exact_rank = r$moments$exact_rank,
                  orthogonal = r$orthogonal, options = solver),
    ssc = ssc
  )
  fit <- set_solution(fit, solved)
  refuse_few_clusters(fit, spec)
  if (method == "gmm" && spec$type != "iid") {
    moments <- basis_map(r, c(r$x, r$z))
    solved <- solve_iv(r, method, kappa, fuller, joint_scores(fit, moments, solved$residual, spec))
    fit <- set_solution(fit, solved)
  }
  set_vcov(fit, spec)
}

# Coefficients and what inference needs of them: two maps of fit_columns() and the bread.
set_solution <- function(fit, solved) {
  fit$coefficients <- solved$coefficients
  fit[c("bread", "homoskedastic", "kappa")] <- solved[c("bread", "homoskedastic", "kappa")]
  fit$maps <- list(residual = as.vector(solved$residual), regressors = solved$regressors)
  fit$rss <- sum(coordinates(fit$root, solved$residual)^2)
  fit
}

refuse_kappa <- function(kappa) {
  if (is.null(kappa)) return(invisible())
  abort("argument", c("{.arg kappa} belongs to {.code method = \"kclass\"}.",
    i = "{.val liml} and {.val fuller} compute it from the data."
  ))
}

# What can be seen before anything is computed.
check_identification <- function(design) {
  endogenous <- names(design$endogenous)
  instruments <- names(design$instruments)
  both <- c(intersect(endogenous, names(design$regressors)), intersect(endogenous, instruments))
  if (length(both)) {
    where <- if (both[1L] %in% instruments) "instruments" else "controls"
    abort("endogenous_exogenous", c("A variable is either endogenous or exogenous.",
      x = "{.field {both[1L]}} is endogenous and stands among the {where}.",
      i = "Take it out of one of the two parts of the formula."
    ))
  }
  if (length(instruments) >= length(endogenous)) return(invisible())
  abort("underidentified", c("There must be at least as many instruments as endogenous variables.",
    x = "{length(endogenous)} endogenous: {.field {endogenous}}; {length(instruments)} instrument{?s}{if (length(instruments)) ': '}{.field {instruments}}.",
    i = "Add instruments, or treat a variable as exogenous: {.code y ~ x | unit + time | endogenous ~ instruments}."
  ))
}

# 0 kept, 1 absorbed by the effects, 2 a combination of columns before it in (x, z, d).
report_iv_standing <- function(core, place, names, design) {
  x <- place$x
  report_standing(list(standing = core$standing[x], combination = core$combination[x, x, drop = FALSE]), design)
  report_instruments(core, place, names, design)
  lost <- place$d[core$standing[place$d] != 0L]
  if (length(lost)) {
    name <- names[lost[1L]]
    if (core$standing[lost[1L]] == 1L) {
      reason <- absorbed_reason(design$endogenous[[name]], design)
      abort("treatment_absorbed", c("The effect of {.field {name}} cannot be estimated.",
        x = "{.field {name}} is {reason}.",
        i = "Drop the effects that take away its variation, or use a variable that varies beyond them."
      ))
    }
    reason <- combination_text(core$combination[, lost[1L]], names)
    abort("endogenous_exogenous", c("{.field {name}} cannot be endogenous: other columns of the formula give it exactly.",
      x = "Given the effects, it is {reason}.",
      i = "Drop it, or the column that repeats it."
    ))
  }
  refuse_no_first_stage(core, place, names)
}

report_instruments <- function(core, place, names, design) {
  standing <- core$standing[place$z]
  gone <- names[place$z[standing == 1L]]
  # `a * b` means a + b + a:b, and with effects the main terms often are absorbed: that is how
  # such an instrument works, and no error.
  margins <- is_margin(gone, design$formula)
  refuse_absorbed_instrument(gone[!margins], design)
  if (any(margins)) {
    inform("instrument_absorbed", "The effects absorb the main term{?s} {.field {gone[margins]}} of the instruments; {?its/their} interaction is used.")
  }
  lost <- place$z[standing == 2L]
  if (!length(lost)) return(invisible())
  controls <- names[setdiff(seq_along(names), c(place$d, place$z))]
  reasons <- vapply(lost, function(j) {
    own <- if (names[j] %in% controls) "stands among the controls too" else combination_text(core$combination[, j], names)
    paste0(names[j], ": ", own)
  }, "")
  left <- sum(standing == 0L)
  if (left < length(place$d)) {
    abort("underidentified", c("Too few instruments are left: {left} for {length(place$d)} endogenous variable{?s}.",
      set_names_i(reasons),
      i = "An instrument that controls or other instruments give exactly adds nothing: replace it."
    ), instruments = names[lost])
  }
  warn("instrument_collinear", c("{length(lost)} instrument{?s} {?was/were} dropped as collinear: {.field {names[lost]}}.",
    set_names_i(reasons)
  ), dropped = names[lost])
}

refuse_absorbed_instrument <- function(names, design) {
  if (!length(names)) return(invisible())
  name <- names[1L]
  reason <- absorbed_reason(design$instruments[[name]], design)
  abort("instrument_absorbed", c("The instrument {.field {name}} has no variation of its own.",
    x = "{.field {name}} is {reason}.",
    i = "Interact it with something that varies beyond the effects, e.g. {.code {name} * lag(national_series)}."
  ), instruments = names)
}

# Is a column the main term of a variable that also stands in an interaction of the instruments?
is_margin <- function(columns, formula) {
  if (!length(columns)) return(logical())
  terms <- stats::terms(make_formula(parse_formula(formula)$instruments, environment(formula)))
  used <- attr(terms, "factors") > 0
  labels <- vapply(as.list(attr(terms, "variables"))[-1L], expr_label, "")
  interacted <- labels[rowSums(used[, colSums(used) > 1L, drop = FALSE]) > 0]
  # The columns of a factor carry its name and a level.
  vapply(columns, function(column) any(startsWith(column, interacted)), TRUE)
}

# The rank condition: canonical correlations of instruments and endogenous variables. Below 1e-10
# the first stage is rounding error: correlations of pure noise are of the order 1/sqrt(n).
refuse_no_first_stage <- function(core, place, names) {
  kept <- lapply(place, function(at) at[core$standing[at] == 0L])
  correlation <- canonical_correlations(core$root, kept$z, kept$d)
  if (min(correlation) > 1e-10) return(invisible())
  abort("underidentified", c("The rank condition fails: the instruments do not move the endogenous variable{?s} {.field {names[kept$d]}}{cli::qty(length(kept$d))}{? / independently of each other}.",
    x = "The smallest canonical correlation is {format(min(correlation), digits = 2)}.",
    i = "Add an instrument that is correlated with them given the controls and effects."
  ))
}

canonical_correlations <- function(root, z, d) {
  svd(first_stage_shape(root, z, d), 0L, 0L)$d
}

# Theta = Z-orthonormal first stage, endogenous variables scaled to an orthonormal basis: L1 x K1.
first_stage_shape <- function(root, z, d) {
  both <- c(z, d)
  own <- chol(crossprod(root[both, d, drop = FALSE]))
  root[z, d, drop = FALSE] %*% backsolve(own, diag(length(d)))
}

# Clustered moments of L1 instruments have rank at most clusters - 1.
refuse_few_clusters <- function(fit, spec) {
  if (spec$type != "cluster") return(invisible())
  clusters <- min(vapply(spec$by, function(e) cluster_codes(e, fit)$levels, 1))
  instruments <- length(fit$root$z)
  if (clusters > instruments) return(invisible())
  abort("few_clusters", c("There are too few clusters for the number of instruments.",
    x = "{clusters} cluster{?s}, {instruments} instrument{?s}: the clustered covariance of the moments is singular.",
    i = "Use fewer instruments, smaller clusters, or {.code vcov = \"HC1\"}."
  ))
}
