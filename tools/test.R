# Runs the installed package's tests and ends with one line, `testthat: N passed, N failed`.
options(warn = 1)
results <- as.data.frame(testthat::test_dir("tests/testthat",
  package = "pilotdid", load_package = "installed", reporter = "summary", stop_on_failure = FALSE
))
failed <- sum(results$failed) + sum(results$error)
cat(sprintf("testthat: %d passed, %d failed, %d skipped\n", sum(results$passed), failed, sum(results$skipped)))
quit(status = as.integer(failed > 0))
