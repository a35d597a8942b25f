# Effects by group of units, and whether they are equal.

#' Heterogeneity: effects by group
#'
#' Estimates the design of a fit in each of several groups of units, and tests whether the effects
#' are equal: by a Wald test with one covariance, by Chow tests, and by permuting the labels of the
#' groups among units.
#'
#' With `interaction = "all"` the estimand is \eqn{\beta_g} in
#' \deqn{y_{it} = \sum_g 1\{g(i) = g\} (\beta_g D_{it} + x_{it}'\gamma_g + \lambda_{gt}) +
#'   \alpha_i + \varepsilon_{it}.}
#' Split samples and this fully interacted regression have the same estimates. `std.error` is that
#' of the group's own regression, as papers show it; `std.error.joint` that of the interacted one,
#' with one count of clusters and parameters. Tests use the latter, which also knows that a cluster
#' (a province) can hold units of several groups. With `interaction = "treatment"` only \eqn{\beta}
#' differs; controls and period effects are common.
#'
#' Estimators other than two-way fixed effects are estimated within each group (`interaction =
#' "all"`), and compared by their overall effect; permutation is for two-way fixed effects.
#'
#' @section Tests:
#' `tidy(x, "tests")` gives `wald` (all effects equal), `chow` (all coefficients equal, under the
#' covariance of the fit), `chow_f` (the classical F test, which also compares period effects and assumes
#' independent errors with one variance) and `permutation`. `tidy(x, "contrasts")` has one row a
#' pair of groups.
#'
#' Permutation: each unit keeps its rows, its treatment and its outcome; the labels of the groups are
#' dealt anew, so group sizes are kept, and the effects are estimated again. For two groups the
#' statistic is the difference (second less first), with \eqn{p = (1 + \#\{|d^*| \ge |d|\})/(1 + B)}, and
#' the one-sided `p.left` and `p.right`. For more it is \eqn{\sum_g w_g (\beta_g - \bar\beta)^2} with weights
#' \eqn{1/se_g^2}; pairs permute among the units of the two groups. All draws of a pair use the same seed.
#' The null is that labels say nothing at all about a unit; `strata = "cohort"` deals them within
#' cohorts, so that each group keeps its treated units.
#'
#' @param fit A fit of [pilot_did()].
#' @param by `~ size_class`, any expression `~ income > 5`, or a column name. Must not change
#'   within a unit: use `base_period` for what does.
#' @param interaction `"all"` or `"treatment"`.
#' @param quantiles A number of groups: `by` is then cut at the quantiles of its unit values in
#'   `base_period`; 2 is a median split (the median itself is low).
#' @param base_period The period before the pilot whose values of `by` are used. With `quantiles` the
#'   first period of the fit by default.
#' @param draws Permutations; by default 1,000 where they are possible. 0 for none.
#' @param strata Deal labels among all units (`"none"`) or within cohorts (`"cohort"`).
#' @param seed A whole number; `NULL` draws one from R's generator.
#' @return A list of class `pilot_heterogeneity`: `table`, `tests`, `contrasts`, `fits` (one a group),
#'   `joint` (coefficients and covariance), `draws` (a matrix: effects by group in each
#'   permutation), `groups`. `tidy()`:
#'   `group`, `term`, `estimate`, `std.error`, `statistic`, `p.value`, `conf.low`, `conf.high`,
#'   `std.error.joint`, `nobs`, `units`, `treated`.
#' @section Errors: classes `pilotdid_error_*`: `group_varies`, `group_size` (a group of one unit,
#'   or a single group), `group_no_treated`, `group_no_controls`, `quantiles`, `base_period`,
#'   `estimator`, `permutation`, `outcome` (the effects explain all of it in a group).
#' @references
#' Chow (1960), *Econometrica* 28. Phipson and Smyth (2010), Permutation p-values should never be
#' zero, *Statistical Applications in Genetics and Molecular Biology* 9.
#' @seealso [city_size_class()], [moderation()], [ddd()]
#' @examples
#' panel <- simulate_pilot(group_gap = 1, seed = 1)
#' fit <- pilot_did(y ~ status | unit + time, panel)
#' h <- heterogeneity(fit, ~group, draws = 200, seed = 1)
#' h
#' plot(h)
#' @export
heterogeneity <- function(fit, by, interaction = c("all", "treatment"), quantiles = NULL,
                          base_period = NULL, draws = NULL, strata = c("none", "cohort"), seed = NULL) {
  check_fit(fit)
  interaction <- check_choice(interaction, c("all", "treatment"), "interaction")
  strata <- check_choice(strata, c("none", "cohort"), "strata")
  if (interaction == "treatment") refuse_other_estimators(fit, "heterogeneity(interaction = \"treatment\")")
  draws <- permutation_draws(draws, fit)
  groups <- unit_groups(fit, by, quantiles, base_period)
  base <- grouped_fit(fit, groups)
  groups <- count_groups(base$design, groups)
  refuse_groups(groups, base$design)

  estimates <- switch(interaction,
    all = split_estimates(base, groups),
    treatment = interacted_estimates(base, groups)
  )
  seed <- if (draws > 0) draw_seed(seed)
  permuted <- if (draws > 0) permute_labels(
    base, groups, interaction, strata, draws, seed, estimates$table$std.error
  )
  structure(list(
    table = estimates$table, tests = equality_tests(estimates, base, permuted),
    contrasts = group_contrasts(estimates, permuted), fits = estimates$fits, pooled = base,
    joint = estimates$joint, draws = permuted$overall$draws, permutation = permuted,
    groups = groups, by = groups$label, interaction = interaction, strata = strata, seed = seed
  ), class = "pilot_heterogeneity")
}

# The fit on the rows whose group is known.
grouped_fit <- function(fit, groups) {
  lost <- is.na(groups$code)
  if (!any(lost & used_flags(fit$design))) return(fit)
  refit(
    fit,
    restrict_design(fit$design, !lost, paste("missing", groups$label), fit$request$drop_singletons)
  )
}

# One regression a group. -> list(fits, table, joint, terms)
split_estimates <- function(base, groups) {
  remarks <- character()
  singles <- base$request$drop_singletons
  fits <- lapply_progress(seq_along(groups$values), function(g) {
    withCallingHandlers(
      refit(
        base,
        restrict_design(base$design, groups$code %in% (g - 1L), "other groups", singles)
      ),
      pilotdid_warning = function(w) {
        remarks[[length(remarks) + 1L]] <<- paste0(
          groups$values[g], ": ", cli::ansi_strip(conditionMessage(w))
        )
        rlang::cnd_muffle(w)
      }
    )
  }, "Groups")
  names(fits) <- groups$values
  refuse_explained_groups(fits, groups)
  if (length(remarks)) warn("group_fit", c("Estimation within groups gave warnings.", set_names_i(remarks)))
  term <- headline_terms(base)
  joint <- joint_covariance(fits, base)
  at <- unlist(lapply(groups$values, function(g) position_in(joint, g, term)))
  table <- group_rows(lapply(fits, term_rows, term = term), fits, groups)
  table$std.error.joint <- sqrt(diag(joint$matrix)[at])
  table <- table[c(setdiff(names(table), count_columns), count_columns)]
  list(fits = fits, table = table, joint = joint, at = at, term = term)
}

refuse_explained_groups <- function(fits, groups) {
  explained <- groups$values[vapply(fits, is_explained, TRUE)]
  if (!length(explained)) return(invisible())
  abort("outcome", c("The outcome must vary beyond the effects in every group.",
    x = "The effects explain all of it where {.field {groups$label}} is {.val {explained}}.",
    i = "Merge this with another group, or leave it out with {.arg subset}."
  ), groups = explained)
}

# Where the coefficients of one group stand among all.
position_in <- function(joint, group, term) {
  match(term, names(joint$coefficients)[joint$group == group]) + match(group, joint$group) - 1L
}

count_columns <- c("nobs", "units", "treated")

# One regression in which only the treatment is interacted with the groups.
interacted_estimates <- function(base, groups) {
  term <- base$design$treatment$names
  columns <- list()
  for (name in term) {
    for (g in seq_along(groups$values)) {
      columns[[paste0(
        name, ":", groups$values[g]
      )]] <- base$design$regressors[[name]] * (groups$code == g - 1L)
    }
  }
  design <- base$design
  others <- design$regressors[setdiff(names(design$regressors), term)]
  design$regressors <- structure(c(columns, unclass_columns(others)), first = names(columns))
  design$treatment$names <- names(columns)
  design$treatment$kind <- "several"
  fit <- refit(base, design)
  # Groups first, then terms, as in the split table.
  at <- as.vector(t(matrix(seq_along(columns), ncol = length(term))))
  rows <- lapply(seq_along(groups$values), function(g) {
    row <- term_rows(fit, names(columns)[at[seq_along(term) + (g - 1L) * length(term)]])
    row$term <- term
    row
  })
  table <- group_rows(rows, rep(list(fit), length(groups$values)), groups)
  table$nobs <- rep(
    tabulate(groups$code[used_flags(base$design)] + 1L, length(groups$values)), each = length(term)
  )
  joint <- list(
    coefficients = fit$coefficients, matrix = fit$vcov, df = fit$covariance$df,
    group = rep(NA_character_, length(fit$coefficients))
  )
  list(
    fits = list(fit), table = table, joint = joint,
    at = match(names(columns)[at], names(fit$coefficients)), term = term
  )
}

group_rows <- function(rows, fits, groups) {
  filled <- lapply(seq_along(rows), function(g) {
    count <- length(rows[[g]]$term)
    c(list(group = rep(groups$values[g], count)), rows[[g]], list(
      nobs = rep(fits[[g]]$nobs, count), units = rep(groups$units[g], count),
      treated = rep(groups$treated[g], count)
    ))
  })
  bind_lists(filled)
}
