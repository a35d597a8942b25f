# The framework is only suggested: where it is missing there is nothing to run.
if (requireNamespace("testthat", quietly = TRUE)) {
  library(testthat)
  library(pilotdid)
  test_check("pilotdid")
}
