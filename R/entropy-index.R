#' Composite index from raw indicators
#'
#' Turns many indicators into one score by the entropy method, or by one of its
#' relatives (entropy-TOPSIS, CRITIC, principal components, equal weights).
#'
#' @section Definition:
#' With \eqn{x_{ij}} the value of indicator \eqn{j} in row \eqn{i} (a unit in a
#' period) and \eqn{n} the number of rows used,
#' \deqn{z_{ij} = \frac{x_{ij} - \min_j}{\max_j - \min_j}, \quad
#'   p_{ij} = \frac{z_{ij}}{\sum_i z_{ij}}, \quad
#'   e_j = -\frac{\sum_i p_{ij} \ln p_{ij}}{\ln n}, \quad
#'   w_j = \frac{1 - e_j}{\sum_k (1 - e_k)}, \quad
#'   s_i = \sum_j w_j z_{ij},}
#' with \eqn{0 \ln 0 = 0}. A negative-direction indicator is turned round,
#' \eqn{(\max_j - x_{ij}) / (\max_j - \min_j)}.
#'
#' * `"entropy_topsis"`: the same weights; the score is the closeness
#'   \eqn{D^- / (D^+ + D^-)}, with Euclidean distances of \eqn{w_j z_{ij}} to
#'   the best and to the worst values.
#' * `"critic"`: \eqn{w_j \propto \sigma_j \sum_k (1 - r_{jk})}.
#' * `"pca"`: components of the correlation matrix, each turned so that its
#'   coefficients sum to a positive number. The score is their mean weighted
#'   by eigenvalue, on standardized indicators (mean zero), and the scores of
#'   the dimensions are what their indicators add to it. `weight` is an
#'   indicator's coefficient over the sum of all.
#' * `"equal"`: \eqn{w_j = 1 / K}.
#'
#' With dimensions, the weight of a dimension is the sum of its indicators'
#' weights and its score uses those weights renormalized within it, so that
#' the index is the weighted mean of the dimension scores.
#'
#' @param formula One-sided: `~ gdp + savings - unemployment`. A minus marks an
#'   indicator of negative direction (less is better). A named list of such
#'   formulas gives one dimension each. Calls are computed in the data
#'   (`log(gdp)`); arithmetic stands inside `I()`.
#' @param data Data frame, tibble or data.table: one row a unit and period.
#'   Numeric columns are read where they lie, none is copied or changed.
#' @param time Name of the time column, or a formula `~ year`. Needed for
#'   `scope = "yearly"`, `k = "T"` and the plot of scores by period.
#' @param method How weights and scores are made, see Definition.
#' @param scope `"pooled"`: one set of bounds and weights for all rows.
#'   `"yearly"`: bounds, \eqn{\ln n_t} and weights of each period; scores are
#'   then not comparable over time, which a warning says.
#' @param normalize `"minmax"`; `"zscore"` \eqn{(x - \min)/\sigma}; `"max"`
#'   \eqn{x/\max}, for indicators that are never negative. Not used by `"pca"`.
#' @param zero What is done about \eqn{z = 0}: `"none"` (\eqn{0 \ln 0 = 0});
#'   `"replace"` exact zeros by `eps`; `"add_z"`: `eps` is added to every
#'   \eqn{z}; `"add_p"`: `eps` is added to every \eqn{p}, without changing the
#'   scores.
#' @param eps The number for `zero`: by default 1e-5, 1e-4 and 1e-10.
#' @param dimension_weights `"sum"` of the indicators' weights; `"entropy"` of
#'   the dimension scores taken as indicators in their turn; `"equal"`.
#' @param components For `"pca"`: `"kaiser"` (eigenvalues above one), a
#'   cumulative share such as `0.85`, or a whole number of components.
#' @param k `"n"`: entropy is divided by \eqn{\ln n}. `"T"` divides by the log
#'   of the number of periods, an error of widely copied code that turns
#'   divergences negative and the ranking of weights upside down. It is there
#'   to replicate such results and warns.
#' @param na `"error"`, or `"complete"` to drop rows with a missing indicator
#'   (their scores are `NA`). See [interpolate_panel()] for filling them.
#' @param ... Must be empty.
#'
#' @return An object of class `pilot_index`:
#'   `tidy()` gives one row an indicator (and period, if yearly) with
#'   `indicator`, `dimension`, `direction`, `entropy`, `divergence`, `weight`,
#'   `weight.within`; `glance()` one row; `augment()` the data with `.score` and
#'   `.score_<dimension>`; [predict()][predict.pilot_index] applies the stored
#'   bounds and weights to new rows; `plot()` and `autoplot()` show weights or
#'   scores. Constant indicators get weight 0, with a warning.
#'
#' @section Errors: missing or infinite cells, columns that are not numeric or
#'   unknown, fewer than two indicators (or fewer than two that vary), an
#'   indicator that stands in two dimensions.
#'
#' @section When not to use it: entropy weights reward dispersion, not
#'   importance: one extreme city can earn an indicator most of the weight.
#'   Winsorize first ([winsorize()]), look at the weights, and show what other
#'   ways of building the index do to the result.
#'
#' @references Shannon (1948), A mathematical theory of communication.
#'   Hwang and Yoon (1981), Multiple attribute decision making (entropy
#'   weights, ch. 3.5; TOPSIS, ch. 4.3). Diakoulaki, Mavrotas and Papayannakis
#'   (1995), Determining objective weights in multiple criteria problems: the
#'   CRITIC method. Kaiser (1974), An index of factorial simplicity (KMO).
#' @examples
#' cities <- data.frame(
#'   city = rep(1:40, each = 5), year = rep(2016:2020, 40),
#'   gdp = exp(rnorm(200)), savings = runif(200), unemployment = runif(200, 2, 8)
#' )
#' index <- entropy_index(~ gdp + savings - unemployment, cities, time = "year")
#' index
#' head(augment(index))
#'
#' two <- list(resistance = ~ gdp + savings, recovery = ~ -unemployment + log(gdp))
#' tidy(entropy_index(two, cities))
#' @export
entropy_index <- function(formula, data, time = NULL,
                          method = c("entropy", "entropy_topsis", "critic", "pca", "equal"),
                          scope = c("pooled", "yearly"),
                          normalize = c("minmax", "zscore", "max"),
                          zero = c("none", "replace", "add_z", "add_p"), eps = NULL,
                          dimension_weights = c("sum", "entropy", "equal"),
                          components = "kaiser", k = c("n", "T"), na = c("error", "complete"),
                          ...) {
  rlang::check_dots_empty()
  check_data(data)
  spec <- index_spec(method, scope, normalize, zero, eps, dimension_weights, components, k)
  na <- check_choice(na, c("error", "complete"), "na")
  terms <- parse_indicators(formula, data)
  time <- one_column(time, data, "time", optional = TRUE)
  columns <- indicator_columns(terms, data)
  ranges <- all_row_ranges(columns, nrow(data))
  keep <- if (!ranges$finite) complete_rows(columns, nrow(data), na)
  periods <- index_periods(data, time, spec, keep)
  sample <- index_sample(nrow(data), keep, periods, spec)

  # The ranges hold for the sample when it is all rows in one group.
  fit <- index_fit(columns, sample, terms, spec, length(periods$values), if (is.null(sample$group)) ranges)
  report_constants(fit, terms, periods, spec)
  if (spec$scope == "yearly") warn_yearly()
  if (spec$k == "T") warn_periods(length(periods$values)) else report_negative_weights(fit, terms)

  new_index(fit, terms, spec, data, time, columns, sample, periods, keep, sys.call())
}

index_spec <- function(method = "entropy", scope = "pooled", normalize = "minmax", zero = "none",
                       eps = NULL, dimension_weights = "sum", components = "kaiser", k = "n") {
  spec <- list(
    method = check_choice(method, c("entropy", "entropy_topsis", "critic", "pca", "equal"), "method"),
    scope = check_choice(scope, c("pooled", "yearly"), "scope"),
    normalize = check_choice(normalize, c("minmax", "zscore", "max"), "normalize"),
    zero = check_choice(zero, c("none", "replace", "add_z", "add_p"), "zero"),
    dimension_weights = check_choice(dimension_weights, c("sum", "entropy", "equal"), "dimension_weights"),
    components = components, k = check_choice(k, c("n", "T"), "k")
  )
  spec$eps <- if (is.null(eps)) {
    switch(spec$zero, none = 0, replace = 1e-5, add_z = 1e-4, add_p = 1e-10)
  } else {
    check_number(eps, "eps", min = 0, max = 1, open = TRUE)
  }
  if (!identical(components, "kaiser")) check_number(components, "components", min = 1e-8, max = 1e6)
  if (spec$k == "T" && spec$scope == "yearly") {
    abort("argument", c("{.code k = \"T\"} is defined for {.code scope = \"pooled\"} only.",
      x = "A yearly index has one period at a time, and ln 1 is 0."
    ))
  }
  if (spec$method == "pca" && spec$dimension_weights != "sum") {
    abort("argument", c("{.arg dimension_weights} must be {.val sum} with {.code method = \"pca\"}.",
      i = "The components weigh all indicators together."
    ))
  }
  spec
}

# The whole computation without conditions, in two halves: what is taken from the data, and what
# follows from that for a set of indicators.
index_fit <- function(columns, sample, terms, spec, n_periods, ranges = NULL) {
  moments <- index_moments(columns, sample, needs_second_moments(spec), ranges)
  measures <- index_measures(columns, sample, terms$direction, spec, n_periods, moments)
  index_solution(measures, columns, sample, terms, spec)
}

# Moments, scaling and entropies: each indicator by itself, so that leaving some out is a matter
# of picking rows.
index_measures <- function(columns, sample, direction, spec, n_periods, moments) {
  log_n <- if (spec$k == "T") log(n_periods) else log(moments$weight[1, ])
  scaling <- index_scaling(moments, direction, spec)
  entropy <- matrix(NA_real_, nrow(moments$min), ncol(moments$min))
  if (spec$method %in% c("entropy", "entropy_topsis")) {
    entropy <- index_entropy(columns, sample, scaling, moments, spec, log_n)
  }
  list(moments = moments, scaling = scaling, entropy = entropy, log_n = log_n)
}

index_solution <- function(measures, columns, sample, terms, spec) {
  moments <- measures$moments
  scaling <- measures$scaling
  pca <- if (spec$method == "pca") pca_groups(moments, terms$direction, spec)
  weight <- index_weights(measures$entropy, moments, scaling, terms$direction, spec, pca)
  rule <- score_rule(weight, scaling, terms, spec, pca)
  if (spec$dimension_weights != "sum" && rule$dimensions > 1L) {
    second <- dimension_weights(columns, sample, rule, spec, measures$log_n)
    rule[c("weight", "within", "dimension_sums")] <- split_weights(weight, rule$dimension + 1L, second)
    weight <- rule$weight
  }
  list(moments = moments, entropy = measures$entropy, weight = weight, rule = rule, pca = pca)
}

index_weights <- function(entropy, moments, scaling, direction, spec, pca) {
  switch(spec$method,
    entropy = ,
    entropy_topsis = divergence_weights(entropy),
    critic = critic_weights(moments, scaling, direction),
    equal = equal_weights(moments),
    pca = vapply(pca, function(p) p$coefficient / sum(p$coefficient), numeric(length(direction)))
  )
}

# What composite_scores() of the core takes. Within a dimension, components add up as they are.
score_rule <- function(weight, scaling, terms, spec, pca) {
  dim(weight) <- dim(scaling$center)
  dimension <- match(terms$dimension, unique(terms$dimension))
  split <- split_weights(weight, dimension)
  if (!is.null(pca)) {
    split$weight[] <- vapply(pca, function(p) p$coefficient, numeric(length(dimension)))
    split$within <- split$weight
  }
  list(
    scaling = scaling, weight = split$weight, within = split$within,
    dimension_sums = split$dimensions, best = scaling$best, worst = scaling$worst,
    dimension = dimension - 1L, dimensions = max(dimension),
    by_distance = spec$method == "entropy_topsis"
  )
}
