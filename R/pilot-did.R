#' Difference-in-differences for a policy pilot
#'
#' Estimates what joining a pilot did to an outcome in a panel of units that join at different
#' dates. The formula is that of `fixest`, so that a `feols()` formula runs unchanged:
#' `outcome ~ treatment + controls | unit + time [+ more effects]`.
#'
#' With `estimator = "twfe"` the estimand is the coefficient \eqn{\beta} in
#' \deqn{y_{it} = \beta D_{it} + x_{it}'\gamma + \alpha_i + \lambda_t + \varepsilon_{it}.}
#' It is an average of the pilot's effects over units and periods when effects do not differ
#' between cohorts or with time since joining; otherwise some effects can enter with negative
#' weight (Goodman-Bacon 2021; de Chaisemartin and D'Haultfoeuille 2020), and it should not be
#' the only estimate that is shown.
#'
#' @section Estimators for staggered adoption:
#' They estimate effects \eqn{ATT(g,t)} of cohorts \eqn{g} in periods \eqn{t}, without comparing with units
#' already treated; [aggregate_effects()] and [event_study()] average them, [compare_estimators()] shows
#' them side by side. The average over all treated periods is the row `ATT`.
#' * `"cs"` (Callaway and Sant'Anna 2021): \eqn{E[Y_t - Y_b | G = g] - E[Y_t - Y_b | C]}, controls \eqn{C}
#'   by `control_group`. Options: `method` of the covariates, which enter by their value in the earlier
#'   period: `"dr"` (doubly robust), `"ipw"`, `"or"` (outcome regression); `base_period`: `"varying"` (each
#'   period before the pilot against the one before it) or `"universal"`; `incomplete`: units that miss
#'   periods count as repeated cross-sections (`"cross_section"`), in the comparisons that see both of
#'   their periods (`"pairs"`), or not at all (`"drop"`). Repeated cross-sections are people
#'   seen once (`y ~ 1 | person + year` with `cohort = `), or rows of regions with `duplicates = "allow"`. It fits no
#'   effects of units: rows that are alone in theirs stay unless `drop_singletons = TRUE` is given.
#' * `"sa"` (Sun and Abraham 2021): the saturated regression; never-treated (or last-treated) units are the
#'   controls. Options: `shares = "fixed"` or `"sampled"` (is their sampling error part of the variance of
#'   averages?), `reference`.
#' * `"bjs"` (Borusyak, Jaravel and Spiess 2024): imputation from untreated rows. Options: `leave_out`
#'   (each cluster out of the mean that its effects are compared with), `leads` (periods of the separate
#'   pre-trend regression; by default up to five).
#' * `"gardner"` (Gardner 2022): the same estimates, standard errors of the two-stage regression.
#' * `"etwfe"` (Wooldridge 2021, 2023): the extended two-way regression. Options: `family = "linear"`,
#'   `"logit"`, `"poisson"` (cohort instead of unit effects; average partial effects), `shares`.
#'
#' The next five estimate effects by time since joining at once, not cohort by cohort. Their `tidy()` has one
#' row an event time after the overall effect; [aggregate_effects()] has `"simple"` and `"dynamic"`. All but
#' `"sdid"` compare with units that have not joined yet unless `control_group` is given.
#' * `"stacked"` (Wing, Freedman and Hollingsworth 2024): each cohort with controls that join after its
#'   window, \eqn{\sum_a (N_a / N) \{E[Y_{a+e} - Y_{a-1} | G = a] - E[Y_{a+e} - Y_{a-1} | C_a]\}}; units that miss
#'   a period of a window are left out of the stack. Options: `horizons = c(first, last)` (default: the widest
#'   window in which every cohort is feasible), `stacks = "unweighted"` for the plain stacked regression. `fit$stacks`
#'   says which cohorts entered. Covariates join the regression on all stacks with the same weights (their slopes
#'   are in `fit$covariates`); what does not change within units changes nothing.
#' * `"lpdid"` (Dube, Girardi, Jorda and Taylor 2025): for each horizon \eqn{h} the coefficient of
#'   \eqn{\Delta D_t} in a regression of \eqn{Y_{t+h} - Y_{t-1}} on it and period effects, over rows that switch or
#'   are untreated at \eqn{t + h}. Options: `horizons`, `reweight = TRUE` (equal weight of all switchers: then
#'   Callaway-Sant'Anna with controls not yet treated), `base_periods` (the mean of so many periods before instead
#'   of the last; `Inf` for all), `pooled = TRUE` (the overall effect by one regression of the mean outcome),
#'   `settle = L` for treatments that switch several times: rows count without a change in the `L` periods before
#'   and up to the horizon. Covariates enter by their value in \eqn{t}.
#' * `"dcdh"` (de Chaisemartin and D'Haultfoeuille 2024): switchers against units of the same initial treatment that
#'   have not switched, \eqn{E[S (Y_{F+e} - Y_{F-1})] - E[Y_{F+e} - Y_{F-1} | \textrm{not switched}]}, with \eqn{S} the sign of the
#'   switch. The treatment may switch on and off, take several values, or be continuous after the
#'   switch; the row `ATT` is the total effect per unit of treatment. Event time 0 is the first effect, -2 the first
#'   placebo (over the same switchers). Options: `horizons`, `normalized = TRUE` (per unit of treatment received),
#'   `same_switchers = TRUE` (only those seen at all event times of `horizons`). Covariates are taken out by their changes among units not yet switched.
#'   `glance()` has the joint test (`joint.p.value`) and the test of equal effects (`equal.p.value`).
#' * `"efficient"` (Roth and Sant'Anna 2023): for random timing, the effect less \eqn{\beta} times the same comparison
#'   before treatment, with the \eqn{\beta} of smallest variance. Options: `variance = "adjusted"` or `"neyman"`,
#'   `beta` (1: Callaway-Sant'Anna, 0: difference of means), `permutations` (draws of the randomization test of no
#'   effect, whose p-value is in `glance()`), `seed`. Types `"group"` and `"calendar"` exist. Not for timing that is
#'   a choice; no covariates, no weights.
#' * `"sdid"` (Arkhangelsky and others 2021; staggered: Clarke and others 2024): each cohort against never-treated
#'   units weighted to follow it, and periods before weighted to resemble those after; `fit$weights` and
#'   [plot()][plot.pilot_sdid] show them. Options: `variance = "bootstrap"`, `"placebo"`, `"jackknife"` or `"none"`, `draws`,
#'   `seed`, `shares = "fixed"` (the sizes of the cohorts are given; by default they are part of the bootstrap's and the
#'   jackknife's sampling). Covariates are projected out first. Needs a balanced panel and two periods before; there are no
#'   contributions of units, so other clusters, multiplier and wild bootstrap do not exist.
#'
#' An effect that cannot be estimated is a row with `NA` and a `reason`. Standard errors are clustered by the
#' unit or by groups of units; those of `"cs"`, `"bjs"`, `"gardner"`, `"dcdh"` and `"efficient"` are asymptotic, without a
#' small-sample factor, as in the authors' software: with cohorts of ten units, 95 % intervals of the last two held the
#' truth 92 to 94 times in 100 simulations.
#'
#' @section How it is computed:
#' Unit and time effects are partialled out exactly: the units are eliminated and the small system
#' for the periods is solved, so there is no tolerance to choose. Further effects with up to 3,000
#' levels join that system; beyond that it is solved by conjugate gradients to a relative gradient
#' of `1e-10`, and not converging is an error. Collinearity is judged on columns scaled to unit
#' length. Where the cross-products are ill-conditioned the columns are orthogonalized instead.
#'
#' @section Small-sample conventions:
#' `ssc = "fixest"` (also `"reghdfe"`, `"xtreg"`): the factor \eqn{G/(G-1) \cdot (N-1)/(N-K)}, where
#' effects nested in the clusters are not counted in \eqn{K}; p-values from \eqn{t(G-1)}; with several
#' ways of clustering the smallest \eqn{G} counts. `"areg"` counts all absorbed parameters, `"none"`
#' applies no factor, `"ivreg2"` divides by the number of rows. A list `list(k = , g = )` sets the two counts apart: `k` is `"nested"`,
#' `"full"` or `"none"`, `g` is `"min"`, `"conventional"` or `"none"`.
#'
#' @param formula `outcome ~ treatment + controls | unit + time + more`. Functions, factors,
#'   interactions, `poly()`, combined effects `a^b`, unit trends `unit[time]` (levels and slopes) and
#'   `unit[[time]]` (slopes only) are understood, and [lag()][panel_functions], `lead()` and `diff()` know the
#'   panel. `| 0` says that no effects are meant. A third part, `| endogenous ~ instruments`, leads to
#'   [instrumental variables][pilot_iv].
#' @param data A data frame, tibble or data.table with one row a unit and period. It is never
#'   changed.
#' @param treatment The name of the treatment; by default the first term on the right. A 0/1 status,
#'   a continuous dose, or several dummies (several names, or a factor as first term).
#' @param estimator `"twfe"`: two-way fixed effects, and with a third part in the formula,
#'   `| endogenous ~ instruments`, instrumental variables (see [pilot_iv]); `"cs"`, `"sa"`, `"bjs"`, `"gardner"`, `"etwfe"`,
#'   `"stacked"`, `"lpdid"`, `"dcdh"`, `"efficient"`, `"sdid"`: see
#'   below.
#' @param vcov `NULL` (clustered by the unit), `"iid"`, `"HC1"`, `"cluster"`, a formula
#'   `~ province` or `~ unit + time` for one- or multi-way clustering, a k x k matrix, or a function
#'   of the fit that returns one.
#' @param weights A column of `data` (bare, quoted or as `~ w`) or a numeric vector: analytic
#'   weights, not negative. Rows with weight zero are dropped.
#' @param subset A condition evaluated in `data`, a logical vector or row numbers.
#' @param panel `~ unit + time` where the first two effects are not the unit and the time. (Of `| city + province^year` the
#'   time is the year: parts that never change within units are left out.)
#' @param cohort The name of a column with each unit's first treated period (0, `NA` and `Inf` mean
#'   never), instead of a status in the formula.
#' @param control_group For the robust estimators: compare with units that never join, or also with
#'   those that have not joined yet (`"notyet"`). Where it is not given, `"stacked"`, `"lpdid"`, `"dcdh"` and
#'   `"efficient"` take `"notyet"`, by which they are defined, the others `"never"`.
#' @param anticipation For the robust estimators: periods before the pilot in which units may
#'   already react.
#' @param ssc The small-sample convention, see below.
#' @param drop_singletons Drop rows that are alone in a level of an effect, again and again until
#'   there are none? They are counted and reported.
#' @param duplicates What to do with several rows for a unit and period: `"error"` or `"allow"`.
#' @param solver A list with `tolerance`, `max_iterations` and `direct_limit` (levels up to which
#'   the system of effects is factored).
#' @param lean Drop the design from the result? It is then small, but its covariance cannot be
#'   changed and it has no residuals any more.
#' @param ... Options of the estimator. What it does not know is an error.
#' @return A list of class `pilot_fit` with methods for `print`, `summary`, [tidy()], [glance()],
#'   [augment()], `coef`, `vcov`, `confint`, `nobs`, `formula`, `model.frame`, `model.matrix`,
#'   `residuals`, `fitted`, `predict`, `df.residual`, `logLik`, `update` and [fixef()].
#' @section Errors: conditions of class `pilotdid_error`, each with a class that names the cause:
#'   see [panel_design()]; and `outcome` (also where it is constant, or the effects explain all of it), `treatment_absorbed`, `treatment_collinear`, `not_converged`,
#'   `one_cluster`, `vcov`; for staggered adoption `treatment_kind`, `reversal`, `no_never`, `no_switch`,
#'   `no_untreated`, `no_effect`, `one_unit`, `effects`, `horizons`, `covariates`, `weights`, `few_controls`, `draws`. Controls that are collinear are dropped with a warning
#'   (`pilotdid_warning_collinear`) that names them and, where they are part of a regression, shows the combination that explains them.
#' @references
#' Callaway and Sant'Anna (2021), Difference-in-differences with multiple time periods, *Journal of
#' Econometrics* 225. Sun and Abraham (2021), Estimating dynamic treatment effects in event studies with
#' heterogeneous treatment effects, *Journal of Econometrics* 225. Borusyak, Jaravel and Spiess (2024),
#' Revisiting event-study designs, *Review of Economic Studies* 91. Gardner (2022), Two-stage differences
#' in differences, arXiv:2207.05943. Wooldridge (2023), Simple approaches to nonlinear
#' difference-in-differences with panel data, *Econometrics Journal* 26.
#'
#' Wing, Freedman and Hollingsworth (2024), Stacked difference-in-differences, NBER working paper 32054. Dube,
#' Girardi, Jorda and Taylor (2025), A local projections approach to difference-in-differences, *Journal of Applied
#' Econometrics* 40. De Chaisemartin and D'Haultfoeuille (2024), Difference-in-differences estimators of
#' intertemporal treatment effects, *Review of Economics and Statistics*. Roth and Sant'Anna (2023), Efficient
#' estimation for staggered rollout designs, *Journal of Political Economy Microeconomics* 1. Arkhangelsky, Athey,
#' Hirshberg, Imbens and Wager (2021), Synthetic difference-in-differences, *American Economic Review* 111. Clarke,
#' Pailanir, Athey and Imbens (2024), On synthetic difference-in-differences and related estimation methods in Stata,
#' *Stata Journal* 24.
#'
#' Goodman-Bacon (2021), Difference-in-differences with variation in treatment timing,
#' *Journal of Econometrics* 225.
#'
#' Cameron, Gelbach and Miller (2011), Robust inference with multiway clustering, *Journal of
#' Business & Economic Statistics* 29.
#' @examples
#' panel <- simulate_pilot(seed = 1)
#' fit <- pilot_did(y ~ status | unit + time, panel)
#' fit
#' tidy(fit, conf.int = TRUE)
#' summary(fit, vcov = "HC1")
#' pilot_did(y ~ status | unit + time, panel, estimator = "cs")
#' @export
pilot_did <- function(formula, data, treatment = NULL, estimator = "twfe", vcov = NULL,
                      weights = NULL, subset = NULL, panel = NULL, cohort = NULL,
                      control_group = c("never", "notyet"), anticipation = 0,
                      ssc = "fixest", drop_singletons = TRUE, duplicates = c("error", "allow"),
                      solver = list(), lean = FALSE, ...) {
  call <- match.call()
  estimator <- check_choice(estimator, names(estimators()), "estimator")
  estimator <- match_formula(estimator, formula)
  fit_estimator <- estimators()[[estimator]]
  check_options(fit_estimator, estimator, ...)
  control_group <- if (missing(control_group)) usual_controls(estimator) else check_choice(control_group, c("never", "notyet"), "control_group")
  check_count(anticipation, "anticipation", min = 0)
  check_data(data)
  # Without effects of units a row that is alone in its unit says as much as others.
  if (missing(drop_singletons)) drop_singletons <- estimator != "cs"
  check_flag(drop_singletons, "drop_singletons")
  check_flag(lean, "lean")
  solver <- do.call(solver_options, solver)
  ssc <- small_sample(ssc)
  design <- panel_design(formula, data,
    treatment = treatment,
    weights = eval_argument(substitute(weights), data, parent.frame()),
    subset = eval_argument(substitute(subset), data, parent.frame()),
    panel = panel, cohort = cohort, cluster = clusters_named(vcov, data),
    drop_singletons = drop_singletons, duplicates = duplicates
  )
  refuse_flat_outcome(design, estimator)
  # Some estimators are several regressions on the same controls.
  fit <- dropped_once(fit_estimator(design, data,
    vcov = vcov, ssc = ssc, solver = solver, call = call,
    control_group = control_group, anticipation = anticipation, ...
  ))
  # What refit() needs to do the same on another design.
  fit$request <- list(
    control_group = control_group, anticipation = anticipation, drop_singletons = drop_singletons,
    solver = solver, ssc = ssc, options = list(...)
  )
  refuse_explained_outcome(fit)
  if (lean) lean_fit(fit) else fit
}

# `weights = w` and `subset = year > 2010` see the columns first, as in lm(); an expression that
# makes no sense there (`d$w` where `d` is also a column) is evaluated where the call stands.
eval_argument <- function(expr, data, env) {
  if (is.null(expr)) return(NULL)
  value <- tryCatch(eval(expr, unclass_data(data), env), error = function(e) eval(expr, env))
  if (is.name(expr) && is.function(value)) check_columns(as.character(expr), data)
  value
}

# Clusters named in `vcov`: rows where one is missing must be dropped before anything else.
clusters_named <- function(vcov, data) {
  if (inherits(vcov, "formula")) return(vcov)
  if (is.character(vcov) && !any(tolower(vcov) %in% names(vcov_aliases)) && all(vcov %in% names(data))) return(vcov)
  NULL
}

# One function an estimator, all called in the same way; what is special to one comes last in its
# arguments and is what `...` of pilot_did() may hold.
estimators <- function() {
  list(
    twfe = fit_twfe, iv = fit_iv, cs = fit_cs, sa = fit_sa, bjs = fit_bjs, gardner = fit_gardner,
    etwfe = fit_etwfe, stacked = fit_stacked, lpdid = fit_lpdid, dcdh = fit_dcdh,
    efficient = fit_efficient, sdid = fit_sdid
  )
}

# Estimators that are defined by comparison with units that have not joined yet.
usual_controls <- function(estimator) {
  if (estimator %in% c("stacked", "lpdid", "dcdh", "efficient")) "notyet" else "never"
}

# A third part of the formula means instrumental variables.
match_formula <- function(estimator, formula) {
  instrumented <- inherits(formula, "formula") && !is.null(formula_parts(formula)$instruments)
  if (instrumented && estimator %in% c("twfe", "iv")) return("iv")
  if (!instrumented && estimator != "iv") return(estimator)
  abort("instruments", if (instrumented) {
    c("Instruments go with two-way fixed effects.",
      x = "The formula has a third part and {.arg estimator} is {.val {estimator}}.",
      i = "Leave {.arg estimator} out, or the third part of the formula."
    )
  } else {
    c("{.code estimator = \"iv\"} needs instruments.",
      i = "They are the third part of the formula: {.code y ~ x | unit + time | endogenous ~ instruments}."
    )
  })
}

check_options <- function(fit_estimator, estimator, ...) {
  if (...length() == 0L) return(invisible())
  given <- ...names() %||% rep("", ...length())
  known <- names(formals(fit_estimator))
  unknown <- setdiff(given, known)
  if (!length(unknown)) return(invisible())
  choices <- c(names(formals(pilot_did)), known)
  near <- unlist(lapply(unknown, nearest_names, choices = choices, most = 1L))
  abort("argument", c("Unused argument{?s}: {.arg {ifelse(nzchar(unknown), unknown, 'without a name')}}.",
    x = "{.val {estimator}} has no such option.",
    i = if (any(c("cluster", "se") %in% unknown)) "Clusters and other standard errors are asked for by {.arg vcov}: {.code vcov = ~ province}."
    else if (length(near)) "Did you mean {.arg {near}}?"
  ))
}
