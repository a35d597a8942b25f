#' Matching in a panel
#'
#' Finds for every treated unit untreated ones that look alike, period by period, and returns the
#' matched sample with weights for [balance()], [psm_did()] or any regression.
#'
#' The propensity score is \eqn{p_{it} = P(D_i = 1 | x_{it})}, estimated by logit or probit in each
#' period on its own (`scheme = "period"`), in all periods together (`"pooled"`), or in one period
#' whose matches hold in all others (`"baseline"`). The weight of a control is the sum of the shares
#' that it has in the matches of treated units, so that in every period the weights of the controls
#' add up to the number of matched treated units, as in Stata's `psmatch2`.
#'
#' @section Methods:
#' * `"nearest"`: the `ratio` nearest controls on the score. Without replacement treated units choose
#'   in turn, one control a round, in the given `order`; every control is used once at most.
#' * `"mahalanobis"`: the same in Mahalanobis distance on the covariates, with the pooled within-arm
#'   covariance of the period. A caliper still refers to the score.
#' * `"radius"`: all controls within `caliper` of the score, equally.
#' * `"kernel"`: all controls, with weights \eqn{K((p_j - p_i)/h)}; `"local_linear"`: by a local line.
#'   Some of its weights can be negative.
#' * `"ipw"`: odds weights \eqn{p/(1-p)}, normalized by period.
#' * `"entropy"`: entropy balancing (Hainmueller 2012), means of the covariates (and with
#'   `moments = 2` of their squares) exactly equal in each period.
#'
#' @section Ties:
#' Controls can be at exactly the same distance. `"adjacent"` takes the one next to the treated row
#' when rows are sorted by score and then by row, the lower score before the higher: what MatchIt
#' does. `"first"` takes the smallest row number, `"random"` draws with `seed`, and `"all"` (with
#' replacement only) takes all, as Stata's `teffects`. Treated units with equal scores choose in the
#' order of the data.
#'
#' @section When not to use it:
#' Matching removes differences in observed covariates only, and pre-treatment ones at that: a
#' covariate that the pilot changes is a bad control. Matching period by period lets a unit be in the
#' sample in one year and not in another; compare with `scheme = "baseline"`.
#'
#' @param formula `treatment ~ covariates`, the treatment being 0/1. Functions, factors and
#'   interactions are understood.
#' @param data A data frame, tibble or data.table with one row a unit and period. It is never changed.
#' @param unit,time The columns of the unit and of the period, as names or one-sided formulas.
#'   Without `time` the data are one cross-section; without `unit` each row is its own unit.
#' @param scheme Match within each `"period"`, all rows `"pooled"`, or at a `"baseline"` period and
#'   carry the matches to all periods.
#' @param method See below.
#' @param ratio Controls for each treated unit (nearest and Mahalanobis).
#' @param replace May a control be used for several treated units?
#' @param caliper Largest distance of a match. An unnamed number refers to the score (see
#'   `caliper_scale`), named ones to covariates in their own units: `c(0.05, age = 3)`. For
#'   `"radius"` the radius.
#' @param caliper_scale `"probability"`, or `"sd"`: standard deviations of the linear score among all
#'   rows of the period on the support, as MatchIt.
#' @param order Who chooses first without replacement: the `"largest"` or `"smallest"` scores, the
#'   `"closest"` pairs, `"data"` order, or a `"random"` order from `seed`.
#' @param ties See below.
#' @param link `"logit"` or `"probit"`.
#' @param score Your own score instead of an estimated one: a column or one number a row.
#' @param score_scale Match on the `"probability"` or on the `"linear"` score.
#' @param kernel `"epanechnikov"`, `"gaussian"`, `"uniform"`, `"biweight"` or `"tricube"`.
#' @param bandwidth The kernel's bandwidth, in units of the score.
#' @param support Common support, by period: `"none"`; `"minmax"`, both arms within the range of the
#'   other; `"treated"`, only treated units outside the controls' range are dropped (as `psmatch2`);
#'   `"trim"`, scores outside `[trim, 1 - trim]` are dropped (Crump et al. 2009).
#' @param trim See `support`.
#' @param exact Columns on which matches must agree, as names or `~ a + b`.
#' @param treated `"ever"`: a unit that is ever treated is treated in every period. `"current"`: the
#'   status of the row.
#' @param baseline For `scheme = "baseline"`: the period, by default the first.
#' @param moments For entropy balancing: 1 (means) or 2 (and squares).
#' @param seed For random orders and ties; `NULL` draws one from R's generator.
#' @return A list of class `pilot_match`: `weight` (one a row of the data; 0 for rows not matched, `NA`
#'   for rows that took no part), `support`, `score`, `linear`, `treated`, `pairs` (a tibble, one
#'   row a pair, rows counted in `data`), `periods` (counts by period), `propensity`. Methods:
#'   `print`, `summary`, [tidy()] (the models of the score, by period), [glance()], [augment()] (the
#'   data with `.treated`, `.score`, `.support`, `.weight`), `weights`, `plot`, `autoplot`, and
#'   `cobalt::bal.tab()`.
#' @section Errors: of class `pilotdid_error_*`: `separation` (the covariates tell the arms apart
#'   completely), `no_match`, `ratio`, `no_overlap` (no period with both arms), `treatment`, `empty`,
#'   `infeasible` (entropy balancing). Warnings, `pilotdid_warning_*`: `empty_period`,
#'   `missing_covariates`, `varying_treatment`, `duplicates`, `separation` (quasi-complete), `ratio`,
#'   `unmatched`, `not_converged`.
#' @references
#' Rosenbaum and Rubin (1983), The central role of the propensity score, *Biometrika* 70.
#'
#' Heckman, Ichimura and Todd (1997), Matching as an econometric evaluation estimator, *Review of
#' Economic Studies* 64.
#'
#' Hainmueller (2012), Entropy balancing for causal effects, *Political Analysis* 20.
#'
#' Crump, Hotz, Imbens and Mitnik (2009), Dealing with limited overlap, *Biometrika* 96.
#' @examples
#' set.seed(1)
#' d <- data.frame(city = 1:200, x = rnorm(200), z = rnorm(200))
#' d <- merge(d, data.frame(year = 2015:2017))
#' d$pilot <- as.integer(d$city %in% which(d$x[1:200] + rnorm(200) > 1))
#' m <- match_panel(pilot ~ x + z, d, unit = "city", time = "year", ratio = 2, caliper = 0.05)
#' m
#' balance(m)
#' @export
match_panel <- function(formula, data, unit = NULL, time = NULL,
                        scheme = c("period", "pooled", "baseline"),
                        method = c(
                          "nearest", "mahalanobis", "radius", "kernel", "local_linear", "ipw", "entropy"
                        ),
                        ratio = 1, replace = FALSE, caliper = NULL,
                        caliper_scale = c("probability", "sd"),
                        order = c("largest", "smallest", "closest", "data", "random"),
                        ties = c("adjacent", "first", "random", "all"),
                        link = c("logit", "probit"), score = NULL,
                        score_scale = c("probability", "linear"),
                        kernel = c("epanechnikov", "gaussian", "uniform", "biweight", "tricube"),
                        bandwidth = 0.06, support = c("none", "minmax", "treated", "trim"), trim = 0.1,
                        exact = NULL, treated = c("ever", "current"), baseline = NULL, moments = 1,
                        seed = NULL) {
  call <- match.call()
  settings <- match_settings(
    scheme = scheme, method = method, ratio = ratio, replace = replace, caliper = caliper,
    caliper_scale = caliper_scale, order = order, ties = ties, link = link,
    score_scale = score_scale, kernel = kernel, bandwidth = bandwidth, support = support,
    trim = trim, treated = treated, moments = moments, seed = seed
  )
  design <- match_design(formula, data, unit, time, exact, score, settings$treated)
  design$arguments["baseline"] <- list(baseline)
  run_match(design, settings, baseline, call)
}

# Every argument checked once; what comes out has one value each.
match_settings <- function(...) {
  s <- list(...)
  choices <- formals(match_panel)
  for (name in c(
    "scheme", "method", "caliper_scale", "order", "ties", "link", "score_scale", "kernel", "support",
    "treated"
  )) {
    s[[name]] <- check_choice(s[[name]], eval(choices[[name]]), name)
  }
  check_count(s$ratio, "ratio")
  check_flag(s$replace, "replace")
  check_number(s$bandwidth, "bandwidth", 0, Inf, open = TRUE)
  check_number(s$trim, "trim", 0, 0.5)
  if (!s$moments %in% 1:2) {
    abort("argument", c("{.arg moments} must be 1 or 2.", x = "It is {describe_value(s$moments)}."))
  }
  if (s$ties == "all" && !s$replace && s$method == "nearest") {
    abort("argument", c("{.code ties = \"all\"} needs {.code replace = TRUE}.",
      i = "Without replacement every control is used once at most."
    ))
  }
  s <- c(s, split_calipers(s$caliper, s$method, s$caliper_scale))
  s["seed"] <- list(match_seed(s))
  s
}

# c(0.05, age = 3) -> the score's caliper and those of covariates.
split_calipers <- function(caliper, method, scale) {
  if (!is.null(caliper) && (!is.numeric(caliper) || anyNA(caliper) || any(caliper <= 0))) {
    abort("argument", c("{.arg caliper} must be positive.", x = "It is {caliper}."))
  }
  named <- nzchar(names(caliper) %||% rep("", length(caliper)))
  if (sum(!named) > 1L) {
    abort("argument", c("{.arg caliper} holds one number for the score.",
      x = "{sum(!named)} have no name.", i = "Name the others after covariates: {.code c(0.05, age = 3)}."
    ))
  }
  if (any(named) && !method %in% c("nearest", "mahalanobis")) {
    abort("argument", c("Calipers on covariates need {.code method = \"nearest\"} or {.val mahalanobis}.",
      x = "The method is {.val {method}}.", i = "Use {.arg exact} for strata instead."
    ))
  }
  if (length(caliper) && !method %in% c("nearest", "mahalanobis", "radius")) {
    abort("argument", c("{.arg caliper} has no meaning for the method {.val {method}}.",
      i = "The {.arg bandwidth} of a kernel and {.arg support} limit what is compared."
    ))
  }
  if (method == "radius" && (!length(caliper) || scale == "sd")) {
    abort("argument", c("{.code method = \"radius\"} needs {.arg caliper}, the radius, in units of the score.",
      i = "{.code score_scale = \"linear\"} matches on the linear score."
    ))
  }
  list(score_caliper = unname(caliper[!named]), covariate_calipers = caliper[named])
}

match_seed <- function(s) {
  if (s$order != "random" && s$ties != "random") return(NULL)
  if (is.null(s$seed)) return(sample.int(.Machine$integer.max, 1L))
  check_count(s$seed, "seed", min = 0)
  s$seed
}

# design -> score -> support -> weights: the pipeline of every scheme and method.
run_match <- function(design, settings, baseline, call) {
  sample <- match_sample(design, settings, baseline)
  score <- match_score(design, sample, settings)
  region <- support_region(score, design, sample, settings)
  bucket <- match_buckets(design, sample, region)
  found <- match_weights(design, score, bucket, settings)
  report_unmatched(design, sample, bucket, found, settings)
  new_match(design, sample, score, region, bucket, found, settings, call)
}
