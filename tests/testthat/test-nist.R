source(test_path("fixtures", "nist.R"), local = TRUE)

# Right digits of the worst coefficient; certified zeros are compared in absolute terms.
right_digits <- function(found, certified) {
  error <- abs(found - certified) / ifelse(certified == 0, 1, abs(certified))
  floor(min(-log10(pmax(error, 1e-16))))
}

test_that("the certified coefficients and standard errors of NIST are met", {
  for (name in names(nist)) {
    case <- nist[[name]]
    regressors <- setdiff(names(case$data), "y")
    rhs <- Reduce(function(a, b) call("+", a, b), lapply(regressors, as.name))
    formula <- stats::as.formula(call("~", quote(y), call("|", rhs, 0)))
    fit <- pilot_did(formula, case$data, vcov = "iid")
    # The digits asked for each data set are those that double precision can hold (see its condition).
    expect_gte(right_digits(unname(coef(fit)), case$coefficients), case$digits, label = name)
    if (all(case$se == 0)) {
      # An exact fit: the standard errors are rounding of the coefficients.
      expect_lt(max(sqrt(diag(vcov(fit))) / pmax(abs(case$coefficients), 1)), 1e-8)
    } else {
      expect_gte(right_digits(unname(sqrt(diag(vcov(fit)))), case$se), 6, label = name)
    }
  }
})
