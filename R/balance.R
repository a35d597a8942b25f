#' Balance before and after matching
#'
#' How far apart treated and untreated units are in each covariate, before and after matching, in
#' each period and in all periods together.
#'
#' The standardized bias of a covariate is
#' \deqn{100\,(\bar x_1 - \bar x_0) / \sqrt{(s_1^2 + s_0^2)/2},}
#' with the variances before matching in both rows, so that the second row shows what matching did to
#' the means alone. After matching, means and variances are weighted, the sum of weights standing for
#' the number of rows (Stata's importance weights, as `pstest`); the t statistic is that of the
#' weighted regression of the covariate on the treatment. Bounds of the variance ratio are the 2.5 and
#' 97.5 % points of \eqn{F(N_1 - 1, N_1 - 1)}; it is given for covariates that are not 0/1.
#'
#' The summary of a sample refits a probit of the treatment on all covariates with the weights:
#' pseudo-R2, likelihood ratio test, Rubin's B (100 times the standardized difference of the fitted
#' index, in absolute value; above 25 is flagged) and R (ratio of its variances; outside 0.5 to 2 is
#' flagged). Factors appear with all their levels.
#'
#' @section When not to use it:
#' Tests of balance after matching are description, not inference: a small matched sample is never
#' significantly unbalanced. Read the bias first. With weights that are not integers the t statistic
#' takes a control with weight 3 for three controls.
#'
#' @param match A `pilot_match`.
#' @param variables A one-sided formula of variables to compare instead of those that were matched on.
#' @param x A `pilot_balance`.
#' @param type `tidy()`: `"balance"`, one row a variable, period and sample; `"models"`, the logit
#'   (or probit) of the treatment on the covariates in each period before and after matching, the
#'   columns of the usual table of annual balance tests.
#' @param by `glance()`: `"pooled"`, one row a sample; `"period"`, one row a sample and period.
#' @param conf.level Level of the intervals of `type = "models"`.
#' @param ... Not used.
#' @return A list of class `pilot_balance`. `tidy()` gives `variable`, `period` (`"pooled"` for all
#'   together), `sample` (`"before"`, `"after"`), `mean.treated`, `mean.control`, `bias` (percent),
#'   `reduction` (percent of the absolute bias), `statistic`, `p.value`, `variance.ratio`,
#'   `variance.low`, `variance.high`, `variance.flag`, `std.difference` (the difference in standard
#'   deviations of the treated before matching, as MatchIt), `ks` (largest gap between the two
#'   distribution functions), `sd.treated`, `sd.control`. `glance()` gives `sample`, `pseudo.r2`,
#'   `lr.statistic`, `lr.df`, `lr.p.value`, `mean.bias`, `median.bias`, `rubin.b`, `rubin.r`,
#'   `rubin.b.flag`, `rubin.r.flag`, `variance.share` (percent of covariates outside the bounds),
#'   `treated`, `controls`.
#' @references
#' Rosenbaum and Rubin (1985), Constructing a control group using multivariate matched sampling
#' methods, *The American Statistician* 39.
#'
#' Rubin (2001), Using propensity scores to help design observational studies, *Health Services and
#' Outcomes Research Methodology* 2.
#'
#' Leuven and Sianesi (2003), PSMATCH2 and PSTEST, Statistical Software Components S432001.
#' @examples
#' set.seed(1)
#' d <- data.frame(x = rnorm(300), z = rnorm(300))
#' d$treat <- as.integer(d$x + rnorm(300) > 1)
#' b <- balance(match_panel(treat ~ x + z, d, replace = TRUE))
#' b
#' glance(b)
#' @export
balance <- function(match, variables = NULL) {
  check_match(match)
  design <- match$design
  X <- balance_matrix(design, variables_formula(design, variables))
  if (!is.null(variables) && anyNA(X)) {
    missing <- colnames(X)[colSums(is.na(X)) > 0]
    abort("missing_covariates", c("Variables of a balance table must be known in all matched rows.",
      x = "Missing: {.field {missing}}."
    ))
  }
  samples <- list(before = numeric(), after = match_weight(match))
  groups <- balance_groups(match)
  # One pass a grouping and sample; the table and the summary are read off.
  cells <- lapply(groups, function(g) {
    lapply(samples, function(w) cpp_arm_moments(X, design$treated, g$group, g$groups, w))
  })
  tables <- lapply(names(groups), function(g) bias_table(X, groups[[g]], cells[[g]]))
  table <- do.call(rbind, tables)
  out <- list(
    table = table,
    summary = do.call(rbind, lapply(seq_along(groups), function(g) {
      balance_summary(X, design, groups[[g]], samples, tables[[g]])
    })),
    models = balance_models(match, samples), match = match
  )
  class(out) <- "pilot_balance"
  out
}

variables_formula <- function(design, variables) {
  if (is.null(variables)) return(design$formula)
  if (!inherits(variables, "formula")) {
    abort("argument", c("{.arg variables} must be a one-sided formula.",
      x = "It is {.obj_type_friendly {variables}}."
    ))
  }
  check_variables(list(variables), design$data, environment(variables))
  stats::as.formula(call("~", design$formula[[2L]], variables[[length(variables)]]), environment(variables))
}

# By period, and all together where there are several.
balance_groups <- function(match) {
  sample <- match$sample
  pooled <- list(group = ifelse(sample$group < 0L, -1L, 0L), groups = 1L, labels = "pooled")
  if (sample$groups == 1L) {
    pooled$labels <- sample$labels
    return(list(pooled = pooled))
  }
  list(period = sample, pooled = pooled)
}

# cells: list(before, after) of moments, each a vector over covariates within groups.
bias_table <- function(X, sample, cells) {
  k <- ncol(X)
  binary <- rep(unname(apply(X, 2L, function(x) all(x %in% 0:1))), sample$groups)
  before <- cells$before
  spread <- sqrt((before$variance1 + before$variance0) / 2)
  rows <- lapply(names(cells), function(s) {
    m <- cells[[s]]
    difference <- m$mean1 - m$mean0
    df <- m$weight1 + m$weight0 - 2
    pooled <- ((m$weight1 - 1) * m$variance1 + (m$weight0 - 1) * m$variance0) / df
    statistic <- difference / sqrt(pooled * (1 / m$weight1 + 1 / m$weight0))
    low <- suppressWarnings(stats::qf(0.025, m$weight1 - 1, m$weight1 - 1))
    ratio <- ifelse(binary, NA, m$variance1 / m$variance0)
    tibble::tibble(
      variable = rep(colnames(X), sample$groups), period = rep(sample$labels, each = k), sample = s,
      mean.treated = m$mean1, mean.control = m$mean0, bias = 100 * difference / spread,
      reduction = NA_real_, statistic = statistic,
      p.value = 2 * suppressWarnings(stats::pt(-abs(statistic), df)), variance.ratio = ratio,
      variance.low = low, variance.high = 1 / low, variance.flag = ratio < low | ratio > 1 / low,
      std.difference = difference / treated_sd(before, binary), ks = m$ks,
      sd.treated = sqrt(m$variance1), sd.control = sqrt(m$variance0)
    )
  })
  rows[[2L]]$reduction <- 100 * (1 - abs(rows[[2L]]$bias) / abs(rows[[1L]]$bias))
  both <- do.call(rbind, rows)
  # Variable by variable, before above after.
  both[order(rep(seq_len(k * sample$groups), 2L)), ]
}

# MatchIt's denominator: a proportion's own standard deviation has no degree of freedom to lose.
treated_sd <- function(moments, binary) {
  variance <- moments$variance1
  variance[binary] <- (moments$mean1 * (1 - moments$mean1))[binary]
  sqrt(variance)
}

# One row a group and sample: the refitted probit and what is read off its index.
balance_summary <- function(X, design, sample, samples, table) {
  model <- cbind(`(Intercept)` = 1, score_matrix(design)[, -1L, drop = FALSE])
  if (ncol(model) == 1L) model <- cbind(`(Intercept)` = 1, X)
  rows <- lapply(names(samples), function(s) {
    # A weighted likelihood needs weights that are not negative: local linear matching has no refit.
    refit <- if (any(samples[[s]] < 0)) NA_real_ else 1
    weights <- pmax(samples[[s]], 0)
    used <- sample$group
    if (length(weights)) used[weights == 0] <- -1L
    present <- both_arms(used, design$treated, sample$groups)
    used[!(used %in% (which(present) - 1L))] <- -1L
    keep <- which(present)
    number <- match(used, keep - 1L, nomatch = 0L) - 1L
    fit <- cpp_fit_binary(model, design$treated, weights, number, length(keep), link_codes[["probit"]], 0L)
    linear <- matrix(ifelse(is.na(fit$linear), 0, fit$linear))
    index <- cpp_arm_moments(linear, design$treated, number, length(keep), weights)
    lr <- refit * 2 * (fit$log_likelihood - fit$null_log_likelihood)
    b <- refit * 100 * abs(index$mean1 - index$mean0) / sqrt((index$variance1 + index$variance0) / 2)
    r <- refit * index$variance1 / index$variance0
    part <- table[table$sample == s & table$period %in% sample$labels[keep], ]
    by_period <- function(x, f) as.numeric(tapply(x, factor(part$period, sample$labels[keep]), f))
    tibble::tibble(
      period = sample$labels[keep], sample = s,
      pseudo.r2 = refit * (1 - fit$log_likelihood / fit$null_log_likelihood), lr.statistic = lr,
      lr.df = fit$rank - 1L, lr.p.value = stats::pchisq(lr, fit$rank - 1L, lower.tail = FALSE),
      mean.bias = by_period(abs(part$bias), mean), median.bias = by_period(abs(part$bias), stats::median),
      rubin.b = b, rubin.r = r, rubin.b.flag = b >= 25, rubin.r.flag = r < 0.5 | r > 2,
      variance.share = by_period(part$variance.flag, function(f) 100 * mean(f, na.rm = TRUE)),
      treated = tabulate(number[design$treated == 1L] + 1L, length(keep)),
      controls = tabulate(number[design$treated == 0L] + 1L, length(keep))
    )
  })
  do.call(rbind, rows)
}

both_arms <- function(group, treated, groups) {
  tabulate(group[treated == 1L] + 1L, groups) > 0L & tabulate(group[treated == 0L] + 1L, groups) > 0L
}

# The score's model in each period, on all rows and on the matched sample.
balance_models <- function(match, samples) {
  if (is.null(match$propensity)) return(NULL)
  design <- match$design
  if (any(samples$after < 0)) return(list(before = match$propensity))
  after <- match$sample
  after$group[samples$after == 0] <- -1L
  present <- both_arms(after$group, design$treated, after$groups)
  after$group <- match(after$group, which(present) - 1L, nomatch = 0L) - 1L
  after$labels <- after$labels[present]
  after$groups <- sum(present)
  link <- match$settings$link
  list(before = match$propensity, after = fit_score(design, after, link, samples$after))
}

#' @export
print.pilot_balance <- function(x, digits = 4L, ...) {
  s <- glance(x)
  cat("Balance of ", length(unique(x$table$variable)), " variables",
    if (x$match$sample$groups > 1L) paste0(", ", x$match$sample$groups, " periods together"), "\n\n",
    sep = ""
  )
  shown <- x$table[x$table$period == utils::tail(x$table$period, 1L), ]
  number <- function(v, format = "%.4g") ifelse(is.na(v), "", sprintf(format, v))
  print(data.frame(
    variable = ifelse(shown$sample == "before", shown$variable, ""), sample = shown$sample,
    treated = number(shown$mean.treated), control = number(shown$mean.control),
    `%bias` = number(shown$bias, "%.1f"), `%reduct` = number(shown$reduction, "%.1f"),
    t = number(shown$statistic, "%.2f"), p = number(shown$p.value, "%.3f"),
    `V(T)/V(C)` = paste0(number(shown$variance.ratio, "%.2f"), c("", "*")[1L + shown$variance.flag %in% TRUE]),
    check.names = FALSE
  ), row.names = FALSE)
  cat("\n")
  summary <- c(
    "sample", "pseudo.r2", "lr.statistic", "lr.p.value", "mean.bias", "median.bias", "rubin.b", "rubin.r"
  )
  print(as.data.frame(s[summary]), row.names = FALSE, digits = digits)
  worst <- s[s$sample == "after", ]
  if (isTRUE(any(worst$rubin.b.flag, worst$rubin.r.flag))) {
    cat("Rubin's B of 25 or more, or R outside 0.5 to 2: the matched arms still differ.\n")
  }
  invisible(x)
}

#' @rdname balance
#' @export
tidy.pilot_balance <- function(x, type = c("balance", "models"), conf.level = 0.95, ...) {
  type <- check_choice(type, c("balance", "models"), "type")
  if (type == "balance") return(x$table)
  if (is.null(x$models)) {
    abort("argument", c("There is no model of the score: it was given to {.fn match_panel}."))
  }
  tables <- lapply(names(x$models), function(s) {
    out <- model_table(x$models[[s]], TRUE, conf.level)
    out$sample <- s
    out
  })
  do.call(rbind, tables)
}

#' @rdname balance
#' @export
glance.pilot_balance <- function(x, by = c("pooled", "period"), ...) {
  by <- check_choice(by, c("pooled", "period"), "by")
  several <- x$match$sample$groups > 1L
  pooled <- x$summary$period == "pooled"
  if (by == "period") return(x$summary[!several | !pooled, ])
  out <- if (several) x$summary[pooled, ] else x$summary
  out[names(out) != "period"]
}

#' @export
summary.pilot_balance <- function(object, ...) {
  list(balance = object$table, summary = object$summary)
}
