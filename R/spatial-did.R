# Spatial panel models: the outcome, the regressors or the disturbances of neighbors matter.
#   design -> weights aligned -> panel (time-major, with W x) -> likelihood -> covariance -> fit

#' Difference-in-differences with spatial spillovers
#'
#' Spatial panel models with unit and time effects, in which a pilot can act beyond the unit that
#' joins it:
#' \deqn{y_t = \rho W y_t + X_t\beta + W X_t\theta + \alpha + \delta_t 1 + u_t, \qquad u_t = \lambda W u_t + \varepsilon_t.}
#' | model | \eqn{\rho} | \eqn{\theta} | \eqn{\lambda} |
#' | --- | --- | --- | --- |
#' | `"sdm"` spatial Durbin | yes | yes | |
#' | `"sar"` spatial lag | yes | | |
#' | `"sem"` spatial error | | | yes |
#' | `"sdem"` Durbin error | | yes | yes |
#' | `"slx"` lags of the regressors | | yes | |
#' | `"sac"` lag and error | yes | | yes |
#'
#' With \eqn{\rho} the coefficients are not effects: see [effects.pilot_spatial()] for direct,
#' indirect and total effects, and [spillovers()] for what the pilot did to treated and to untreated units.
#'
#' Which fixed effects the model has is said by the formula: `| unit + time` for both, `| unit` or `| time`
#' with `panel = ~ unit + time` for one, `| 0` with `panel` for none.
#'
#' @section How it is estimated:
#' `method = "ml"`: exact maximum likelihood. Spatial lags are taken first and the effects removed afterwards.
#' The likelihood is concentrated on \eqn{\rho} and \eqn{\lambda}; \eqn{\ln|I - \rho W|} comes from the eigenvalues of
#' \eqn{W} (up to some 3,000 units, found once for each set of weights), from a sparse factorization for each
#' value of \eqn{\rho}, or from a Chebyshev interpolant of such values; all three agree to 1e-8 and no N x N matrix
#' is formed for a sparse \eqn{W}.
#'
#' Estimating the effects themselves biases \eqn{\sigma^2}, and with time effects \eqn{\rho} too (Lee and Yu 2010):
#' - `bias_correction = "transformation"`: the likelihood of the data free of the effects,
#'   \eqn{(N-1)(T-1)} observations and \eqn{(T-1)[\ln|I - \rho W| - \ln(1-\rho)]}. With time effects it needs weights
#'   whose rows sum to one; where they do not, `"correction"` is used and said.
#' - `"correction"`: the direct estimates plus the analytical correction.
#' - `"none"`: the direct estimates, those of a model with a dummy for every unit and period.
#'
#' `method = "gmm"`: for `"sar"` and `"sdm"` two-stage least squares with \eqn{W X, W^2 X, \ldots} as instruments
#' (Kelejian and Prucha 1998), for `"sem"` and `"sdem"` generalized moments (Kelejian and Prucha 1999), for
#' `"sac"` both in turn. It needs no determinant and no normality, and is less precise.
#'
#' @section Covariance:
#' `vcov = NULL` or `"iid"`: the inverse information matrix. `"qml"` (or `"robust"`): valid without normality.
#' `"cluster"` or `~ province`: any dependence within the clusters, which must be groups of whole units; inference by
#' the normal distribution.
#'
#' @inheritParams pilot_did
#' @param formula `outcome ~ treatment + controls | unit + time`.
#' @param W Spatial weights: the result of [spatial_weights()], or what it takes without further arguments. They are matched to the
#'   units of the panel by name.
#' @param model Which spatial terms the model has.
#' @param lag Regressors whose spatial lag enters (`"sdm"`, `"sdem"`, `"slx"`), as names or a one-sided formula; by default all.
#' @param bias_correction What is done about the effects, see below.
#' @param method `"ml"` or `"gmm"`.
#' @param spillover `"pooled"`: one coefficient on \eqn{W D}. `"split"`: one for treated and one for untreated receivers,
#'   \eqn{D \circ W D} and \eqn{(1 - D) \circ W D} (Chagas, Azzoni and Almeida 2016).
#' @param vcov The covariance, see below.
#' @param determinant `"auto"`, `"eigenvalues"`, `"factor"` or `"chebyshev"`.
#' @param seed For more than 5,000 units a trace of the information matrix is estimated with random signs;
#'   this is their seed.
#' @return A list of class `pilot_spatial` with methods for `print`, `summary`, `tidy`, `glance`, `augment`, `coef`, `vcov`,
#'   `confint`, `logLik`, `residuals`, `fitted`, `update`, `effects`. `tidy()`: `rho` and / or `lambda` first, then the
#'   coefficients, spatially lagged columns as `W:name`.
#' @section When not to use it: \eqn{W} is assumed, not estimated, and must be independent of the outcome (weights made
#'   from the outcome's own past are not). With effects that differ between cohorts, a spatial model inherits the weights
#'   of two-way fixed effects. Unbalanced panels are refused: with units missing in some periods the spatial lag of
#'   the others is unknown.
#' @section Errors: classes `pilotdid_error_*`: those of [panel_design()] and [spatial_weights()]; `unbalanced`,
#'   `spatial_effects`, `spatial_range` (the estimate lies at the border of its range), `row_standardized`, `not_converged`.
#' @references
#' Lee and Yu (2010), Estimation of spatial autoregressive panel data models with fixed effects, *Journal of Econometrics* 154.
#'
#' LeSage and Pace (2009), *Introduction to Spatial Econometrics*.
#'
#' Elhorst (2014), *Spatial Econometrics*.
#'
#' Delgado and Florax (2015), Difference-in-differences techniques for spatial data, *Economics Letters* 137.
#'
#' Chagas, Azzoni and Almeida (2016), A spatial difference-in-differences analysis, *Regional Science and Urban Economics* 59.
#' @examples
#' W <- spatial_weights(pilot_cities, "code", ~ longitude + latitude, type = "inverse")
#' fit <- spatial_did(resilience ~ status + fdi + log_wage | code + year, pilot_cities, W,
#'   lag = "status")
#' fit
#' effects(fit)
#' @export
spatial_did <- function(formula, data, W, model = c("sdm", "sar", "sem", "sdem", "slx", "sac"), lag = NULL,
                        bias_correction = c("transformation", "correction", "none"), method = c("ml", "gmm"),
                        spillover = c("pooled", "split"), vcov = NULL, treatment = NULL, panel = NULL, subset = NULL,
                        determinant = c("auto", "eigenvalues", "factor", "chebyshev"), seed = 1) {
  call <- match.call()
  by_default <- missing(bias_correction)
  model <- check_choice(model, names(spatial_models), "model")
  bias_correction <- check_choice(bias_correction, names(bias_corrections), "bias_correction")
  method <- check_choice(method, c("ml", "gmm"), "method")
  spillover <- check_choice(spillover, c("pooled", "split"), "spillover")
  determinant <- check_choice(determinant, c("auto", "eigenvalues", "factor", "chebyshev"), "determinant")
  check_count(seed, "seed", min = 0)
  check_data(data)
  design <- panel_design(formula, data,
    treatment = treatment, panel = panel, cluster = clusters_named(vcov, data),
    subset = eval_argument(substitute(subset), data, parent.frame())
  )
  check_spatial_design(design)
  if (outcome_is_absorbed(design)) refuse_absorbed_outcome(design)
  W <- align_weights(as_weights(W), design$unit)
  spec <- list(
    model = model, terms = spatial_models[[model]], method = method, spillover = spillover, determinant = determinant, seed = seed
  )
  x <- spatial_columns(design, W, spec, lag)
  spec$bias <- usable_correction(bias_correction, by_default, design, W)
  fit <- list(call = call, formula = formula, design = design, data = data, weights = W, spec = spec, nobs = design$n)
  class(fit) <- "pilot_spatial"
  fit$panel <- spatial_panel(design, W, x)
  solve_spatial(fit, spatial_vcov_spec(vcov, fit))
}

# Which spatial parameters a model has, and whether regressors are lagged.
spatial_models <- list(
  sdm = c(rho = TRUE, lambda = FALSE, lag = TRUE), sar = c(rho = TRUE, lambda = FALSE, lag = FALSE),
  sem = c(rho = FALSE, lambda = TRUE, lag = FALSE), sdem = c(rho = FALSE, lambda = TRUE, lag = TRUE),
  slx = c(rho = FALSE, lambda = FALSE, lag = TRUE), sac = c(rho = TRUE, lambda = TRUE, lag = FALSE)
)
spatial_title <- function(model, language = "en") say(language, paste0("spatial_", model))
# The numbers are those of the core.
bias_corrections <- c(transformation = 0L, correction = 1L, none = 2L)

check_spatial_design <- function(design) {
  if (length(design$endogenous)) {
    abort("spatial_effects", c("Spatial models with instruments are not supported.", i = "Leave out the third part of the formula."))
  }
  if (is.null(design$unit) || is.null(design$time)) {
    abort("no_panel", c("A spatial panel needs a unit and a time.", i = "Write {.code | unit + time}, or say {.code panel = ~ unit + time}."))
  }
  known <- c(design$unit$label, design$time$label)
  other <- setdiff(names(design$effects), known)
  slopes <- lengths(lapply(design$effects, `[[`, "slopes")) > 0L
  if (length(other) || any(slopes)) {
    other <- c(other, names(design$effects)[slopes])
    abort("spatial_effects", c("A spatial model takes effects of the unit and of the time only.",
      x = "The formula also has {.field {unique(other)}}.",
      i = "Add dummies such as {.code factor(region):factor(year)} to the regressors and exclude them from {.arg lag}."
    ))
  }
  refuse_unbalanced(design)
}

refuse_unbalanced <- function(design) {
  n <- length(design$unit$values)
  periods <- length(design$time$values)
  if (design$n == n * periods) return(invisible())
  rows <- diff(design$start)
  short <- which(rows < periods)
  names <- format_id(design$unit$values[short])
  abort("unbalanced", c("A spatial panel must be balanced: without a unit, the spatial lag of its neighbors is unknown.",
    x = "{length(short)} of {n} units {cli::qty(length(short))}{?lacks/lack} periods: {first_few(names)}.",
    if (length(design$flow)) set_names_i(paste0(names(design$flow), ": ", design$flow, " rows dropped")),
    i = "Fill the gaps with {.fn interpolate_panel}, or keep the units that are complete with {.arg subset}."
  ), units = names)
}

# Lee and Yu's transformation with time effects needs W 1 = 1.
usable_correction <- function(bias, by_default, design, W) {
  if (bias != "transformation" || W$row_standardized || !spatial_effects(design)[["time"]]) return(bias)
  if (!by_default) {
    alone <- islands(W)
    abort("row_standardized", c("The transformation with time effects needs weights whose rows sum to one.",
      x = if (length(alone)) "These do not: {length(alone)} unit{?s} {?has/have} no neighbor: {first_few(islands_names(W))}." else "These do not.",
      i = if (length(alone)) "Give {cli::qty(length(alone))}{?it/them} neighbors (a larger {.arg cutoff}, {.code type = \"knn\"}), leave {cli::qty(length(alone))}{?it/them} out with {.arg subset}, or use {.code bias_correction = \"correction\"}."
      else "Use {.code standardize = \"row\"} in {.fn spatial_weights}, or {.code bias_correction = \"correction\"}."
    ))
  }
  inform("row_standardized", c("The rows of the weights do not sum to one: {.code bias_correction = \"correction\"} is used.",
    i = "The transformation of Lee and Yu with time effects needs rows that do."
  ))
  "correction"
}

spatial_effects <- function(design) {
  has <- function(id) isTRUE(design$effects[[id$label]]$intercept)
  c(unit = has(design$unit), time = has(design$time))
}

# The regressors and their spatial lags -> list(columns = full-length vectors, base = the term each
# belongs to, lagged = logical). The lags themselves are made in spatial_panel().
spatial_columns <- function(design, W, spec, lag) {
  names <- names(design$regressors)
  candidates <- setdiff(names, "(Intercept)")
  if (!length(candidates)) abort("formula", "The formula must have at least one regressor.")
  lagged <- character()
  if (spec$terms[["lag"]]) {
    lagged <- if (is.null(lag)) candidates else unlist(lapply(as_exprs(lag, "lag"), lagged_names, design = design))
  } else if (!is.null(lag)) {
    abort("argument", c("{.code model = \"{spec$model}\"} has no lags of regressors.", i = "{.val sdm}, {.val sdem} and {.val slx} have."))
  }
  split <- spec$spillover == "split"
  if (split) check_split(design, spec)
  list(
    columns = design$regressors, base = c(names, lagged), lagged = rep(c(FALSE, TRUE), c(length(names), length(lagged))),
    split = if (split) design$treatment$names
  )
}

# A name of a column, or of a term that makes several (a factor).
lagged_names <- function(expr, design) {
  label <- expr_label(expr)
  names <- setdiff(names(design$regressors), "(Intercept)")
  if (label %in% names) return(label)
  made <- names[startsWith(names, label)]
  if (length(made)) return(made)
  near <- nearest_names(label, names, 1L)
  abort("argument", c("{.arg lag} must name regressors of the formula.",
    x = "{.field {label}} is not one.", i = if (length(near)) "Did you mean {.field {near}}?"
  ))
}

check_split <- function(design, spec) {
  if (design$treatment$kind == "binary" && spec$terms[["lag"]]) return(invisible())
  abort("argument", c("{.code spillover = \"split\"} needs a 0/1 treatment and a model with lags of regressors.",
    x = "The model is {.val {spec$model}}, the treatment is {design$treatment$kind}."
  ))
}

# Time-major: all units in the first period, all in the second, ... -> what the core reads.
spatial_panel <- function(design, W, x) {
  n <- length(design$unit$values)
  rows <- if (is.null(design$rows)) seq_len(design$n_data) else design$rows + 1L
  position <- design$unit$code[rows] + n * design$time$code[rows] + 1L
  wide <- function(column) {
    out <- numeric(design$n)
    out[position] <- column[rows]
    out
  }
  plain <- vapply(x$columns, wide, numeric(design$n))
  lags <- x$base[x$lagged]
  if (length(lags)) {
    lag <- cpp_spatial_lag(W, matrix(plain[, lags], n))
    dim(lag) <- c(design$n, length(lags))
    colnames(lag) <- paste0("W:", lags)
  } else {
    lag <- matrix(0, design$n, 0L)
  }
  base <- x$base
  lagged <- x$lagged
  if (!is.null(x$split) && x$split %in% lags) {
    at <- match(x$split, lags)
    status <- plain[, x$split]
    both <- cbind(status * lag[, at], (1 - status) * lag[, at])
    colnames(both) <- paste0(colnames(lag)[at], c(" on treated", " on untreated"))
    before <- sum(!lagged) + at
    lag <- cbind(lag[, seq_len(at - 1L), drop = FALSE], both, lag[, -seq_len(at), drop = FALSE])
    base <- append(base, x$split, after = before)
    lagged <- append(lagged, TRUE, after = before)
  }
  effects <- spatial_effects(design)
  list(
    weights = W, y = wide(design$outcome), x = cbind(plain, lag), base = base, lagged = lagged,
    unit_effects = effects[["unit"]], time_effects = effects[["time"]], rows = rows, position = position
  )
}
