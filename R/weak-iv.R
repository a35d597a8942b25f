# Diagnostics of an instrumental-variables fit in one table: is the model identified, are the
# instruments weak, what can be said in spite of it, are they valid, was there a need for them.

#' Weak-instrument diagnostics
#'
#' Every test that is asked for of a two-stage fit, under the covariance of the fit, from one pass over
#' the data. Which null each row tests stands in `null`; where a test does not exist, its statistic
#' is `NA` and `note` says why.
#'
#' | `test` | what it is |
#' | --- | --- |
#' | `kp_lm`, `anderson_lm` | under-identification: Kleibergen-Paap rk LM under the fit's covariance, Anderson's canonical correlation LM under iid errors |
#' | `kp_f`, `cragg_donald` | weak identification: Kleibergen-Paap rk Wald F, Cragg-Donald F; `critical` holds the Stock-Yogo value for 10 % maximal size |
#' | `effective_f` | Montiel Olea and Pflueger: one endogenous variable, any covariance; `critical` is that of a 10 % bias of 2SLS at the 5 % level |
#' | `tf` | t ratio with the critical value of Lee, McCrary, Moreira and Porter: one endogenous variable and one instrument |
#' | `anderson_rubin`, `anderson_rubin_chi2`, `stock_wright`, `clr` | tests of \eqn{\beta = \beta_0} that hold with weak instruments: Anderson-Rubin F and chi-square, Stock-Wright LM, conditional likelihood ratio (iid) |
#' | `sargan`, `hansen_j` | over-identification: all instruments are exogenous |
#' | `durbin`, `wu_hausman`, `endogeneity_c`, `wooldridge` | the endogenous variables are exogenous, given that the instruments are: Durbin's chi-square and Wu-Hausman's F under iid errors, the C statistic and Wooldridge's score under the fit's covariance |
#'
#' Statistics are those of Stata's `ivreg2` and `ivreghdfe`. F forms use \eqn{(N - L)/L_1} times chi2/N, clustered
#' \eqn{(N - L)(G - 1)/((N - 1) G L_1)}, where \eqn{L} counts controls, instruments and absorbed effects that are not
#' nested in the clusters. Stock-Yogo values assume iid errors: with any other covariance they have no
#' justification, and the effective F takes their place.
#'
#' @inheritParams first_stage
#' @param beta0 The value of the coefficients that the Anderson-Rubin, Stock-Wright and CLR rows test.
#' @param x A result of `weak_iv()`.
#' @return A list of class `pilot_weak_iv` with `table` and `critical_values`. `tidy()`: one row a test with
#'   `test`, `statistic`, `df`, `df2`, `p.value`, `critical`, `note`, `null`. `glance()`: one row with `effective.f`,
#'   `kp.f`, `tf.critical`, `tf.std.error`, `tf.conf.low`, `tf.conf.high`.
#' @section Errors: `no_instruments`, `few_clusters`, and `vcov` where the covariance is a matrix.
#' @section When not to use it: do not choose instruments by these tests. Passing a test of
#'   over-identification does not show that instruments are valid: it compares them with each other.
#' @references
#' Kleibergen and Paap (2006), Generalized reduced rank tests using the singular value decomposition,
#' *Journal of Econometrics* 133.
#'
#' Cragg and Donald (1993), *Econometric Theory* 9; Stock and Yogo (2005), Testing for weak
#' instruments in linear IV regression, tables 5.1-5.3.
#'
#' Montiel Olea and Pflueger (2013), A robust test for weak instruments, *Journal of Business & Economic
#' Statistics* 31. Lee, McCrary, Moreira and Porter (2022), Valid t-ratio inference for IV,
#' *American Economic Review* 112.
#'
#' Moreira (2003), A conditional likelihood ratio test for structural models, *Econometrica* 71; the p-value by
#' Andrews, Moreira and Stock (2007), *Journal of Econometrics* 139, section 3.
#' @examples
#' panel <- simulate_pilot(seed = 1)
#' panel$z <- panel$x1 + rnorm(nrow(panel))
#' fit <- pilot_did(y ~ status | unit + time | x1 ~ z, panel)
#' weak_iv(fit)
#' @export
weak_iv <- function(fit, beta0 = 0, vcov = NULL) {
  fit <- check_instrumented(fit, vcov)
  r <- fit$root
  beta0 <- check_beta0(beta0, r)
  s <- iv_scores(fit)
  small <- small_sample_scale(fit, s$spec)
  effective <- if (length(r$d) == 1L) effective_f(fit, s)
  tf <- tf_interval(fit, s, small)
  rows <- c(
    identification_rows(fit, s, small),
    list(effective_row(fit, effective), tf_row(tf)),
    robust_rows(fit, s, small, beta0),
    overidentification_rows(fit, s),
    endogeneity_rows(fit, s)
  )
  structure(list(
    table = bind_lists(rows), critical_values = critical_values(length(r$z), length(r$d), effective),
    tf = tf, beta0 = beta0, covariance = fit$covariance$label, formula = fit$formula,
    endogenous = r$names[r$d], instruments = r$names[r$z]
  ), class = "pilot_weak_iv")
}

check_beta0 <- function(beta0, r) {
  k <- length(r$d)
  if (is.numeric(beta0) && length(beta0) %in% c(1L, k) && all(is.finite(beta0))) return(rep_len(beta0, k))
  abort("argument", c("{.arg beta0} must be one number, or one for each endogenous variable.",
    x = "It is {describe_value(beta0)}; there {?is/are} {k}."
  ))
}

# df2 = Inf: chi-square with df degrees; otherwise F.
test_row <- function(test, statistic, df, null, df2 = NA_real_, p.value = NULL, critical = NA_real_, note = "") {
  if (is.null(p.value)) {
    p.value <- if (is.na(df2)) {
      stats::pchisq(statistic, df, lower.tail = FALSE)
    } else {
      stats::pf(statistic, df, df2, lower.tail = FALSE)
    }
  }
  list(
    test = test, statistic = statistic, df = as.numeric(df), df2 = df2, p.value = p.value,
    critical = critical, note = note, null = null
  )
}

undefined_row <- function(test, null, why) {
  test_row(test, NA_real_, NA_real_, null, p.value = NA_real_, note = why)
}

# A singular covariance of the moments leaves a statistic undefined.
or_singular <- function(row) {
  if (is.na(row$statistic) && !nzchar(row$note)) {
    row$note <- "undefined: the covariance of the moments is singular (fewer independent clusters than moments)"
  }
  row
}

identification_rows <- function(fit, s, small) {
  r <- fit$root
  l1 <- length(r$z)
  df <- l1 - length(r$d) + 1L
  rk <- kleibergen_paap(r, s)
  rho2 <- min(canonical_correlations(r$root, r$z, r$d))^2
  iid <- s$spec$type == "iid"
  under <- "the instruments leave some combination of the endogenous variables unidentified"
  weak <- "weak identification"
  size10 <- stock_yogo("size", "2sls", l1, length(r$d))[["0.1"]]
  assumption <- if (is.na(size10)) {
    "no Stock-Yogo size value for these numbers of variables"
  } else if (iid) {
    "critical: Stock-Yogo, 10 % maximal size of 2SLS"
  } else {
    "critical: Stock-Yogo, 10 % maximal size of 2SLS; it assumes iid errors, see effective_f"
  }
  list(
    or_singular(test_row("kp_lm", rk$lm, df, under)),
    test_row("anderson_lm", fit$nobs * rho2, df, under, note = if (iid) "" else "assumes iid errors"),
    or_singular(test_row("kp_f", rk$wald * small$scale / l1, l1, weak, small$df,
      p.value = NA_real_, critical = size10, note = assumption)),
    test_row("cragg_donald", rho2 / (1 - rho2) * fit$root$denominator / l1, l1, weak, fit$root$denominator,
      p.value = NA_real_, critical = size10,
      note = if (iid) assumption else paste0(assumption, "; so does the statistic"))
  )
}

# Kleibergen and Paap's rk statistic that the rank is K1 - 1: the smallest singular value of Theta,
# rotated out, against its covariance. LM with the endogenous variables as residuals, Wald with
# those of the first stage.
kleibergen_paap <- function(r, s) {
  theta <- first_stage_shape(r$root, r$z, r$d)
  k1 <- length(r$d)
  l1 <- length(r$z)
  decomposed <- svd(theta, nu = l1, nv = k1)
  last <- decomposed$u[, k1:l1, drop = FALSE]
  direction <- decomposed$v[, k1]
  lambda <- crossprod(last, theta %*% direction)
  own <- chol(crossprod(r$root[c(r$z, r$d), r$d, drop = FALSE]))
  a <- c(0, backsolve(own, direction))
  form <- function(f) quadratic(lambda, crossprod(last, score_block(s, s$z, a, form = f) %*% last))
  list(lm = form(0L), wald = form(1L))
}

effective_row <- function(fit, effective) {
  null <- "weak instruments: Nagar bias of 2SLS above 10 % of the worst case"
  if (is.null(effective)) {
    return(undefined_row("effective_f", null, "undefined: only for one endogenous variable; see Sanderson-Windmeijer F in first_stage()"))
  }
  test_row("effective_f", effective$statistic, length(fit$root$z), null,
    p.value = NA_real_, critical = effective$critical["0.10", "2sls"],
    note = sprintf("critical: 10 %% bias of 2SLS, level 5 %%, this covariance (whatever the coefficient and covariance: %.2f)",
      effective$critical["0.10", "simplified"])
  )
}

# The tF-adjusted standard error is that whose 1.96 gives the adjusted interval.
tf_interval <- function(fit, s, small) {
  r <- fit$root
  if (length(r$d) > 1L || length(r$z) > 1L) return(NULL)
  f <- wald_instruments(s, r, 1L) * small$scale
  se <- sqrt(fit$vcov[1L, 1L])
  critical <- tf_critical(f)
  estimate <- fit$coefficients[[1L]]
  list(
    f = f, critical = critical, statistic = abs(estimate) / se,
    std.error = se * critical / stats::qnorm(0.975),
    conf.low = estimate - critical * se, conf.high = estimate + critical * se
  )
}

tf_row <- function(tf) {
  null <- "the coefficient is zero (level 5 %)"
  if (is.null(tf)) return(undefined_row("tf", null, "undefined: only for one endogenous variable and one instrument"))
  note <- if (is.finite(tf$critical)) {
    sprintf("adjusted standard error %.4g, 95 %% interval [%.4g, %.4g]", tf$std.error, tf$conf.low, tf$conf.high)
  } else {
    "first-stage F below 3.84: the interval is the whole line"
  }
  test_row("tf", tf$statistic, 1, null, p.value = NA_real_, critical = tf$critical, note = note)
}

#' @rdname weak_iv
#' @export
tidy.pilot_weak_iv <- function(x, ...) x$table

#' @rdname weak_iv
#' @export
glance.pilot_weak_iv <- function(x, ...) {
  value <- function(test) x$table$statistic[x$table$test == test]
  tf <- x$tf %||% list(critical = NA_real_, std.error = NA_real_, conf.low = NA_real_, conf.high = NA_real_)
  tibble::tibble(
    effective.f = value("effective_f"), kp.f = value("kp_f"), cragg.donald = value("cragg_donald"),
    tf.critical = tf$critical, tf.std.error = tf$std.error, tf.conf.low = tf$conf.low, tf.conf.high = tf$conf.high,
    endogenous = length(x$endogenous), instruments = length(x$instruments), vcov.type = x$covariance
  )
}

#' @export
print.pilot_weak_iv <- function(x, digits = 4L, ...) {
  cat("Endogenous:  ", paste(x$endogenous, collapse = ", "), "\nInstruments: ", paste(x$instruments, collapse = ", "),
    "\nCovariance:  ", x$covariance, "\n", sep = "")
  sections <- list(
    "Under-identification" = c("kp_lm", "anderson_lm"),
    "Weak identification" = c("kp_f", "cragg_donald", "effective_f", "tf"),
    "Tests of the coefficients that hold with weak instruments" = c("anderson_rubin", "anderson_rubin_chi2", "stock_wright", "clr"),
    "Over-identification: all instruments are exogenous" = c("sargan", "hansen_j"),
    "Exogeneity of the endogenous variables" = c("durbin", "wu_hausman", "endogeneity_c", "wooldridge")
  )
  number <- function(v, f) ifelse(is.na(v), "", sprintf(f, v))
  for (title in names(sections)) {
    t <- x$table[x$table$test %in% sections[[title]], ]
    cat("\n", title, "\n", sep = "")
    degrees <- paste0(number(t$df, "%.0f"), ifelse(is.na(t$df2), "", paste0(", ", number(t$df2, "%.0f"))))
    cat(sprintf("  %-20s %10s  %-9s %-8s %-9s %s\n", t$test, number(t$statistic, "%.4f"),
      ifelse(is.na(t$df), "", paste0("(", degrees, ")")),
      ifelse(is.na(t$p.value), "", ifelse(t$p.value < 5e-5, "p <.0001", paste0("p ", number(t$p.value, "%.4f")))),
      ifelse(is.na(t$critical), "", paste0("c ", number(t$critical, "%.2f"))), t$note), sep = "")
  }
  if (nrow(x$critical_values)) {
    cat("\nCritical values\n")
    print(as.data.frame(x$critical_values), row.names = FALSE, digits = digits)
  }
  invisible(x)
}
