# Line coverage of the R code and of the C++ core by the tests, file by file, lowest first. The lines that
# no test reaches are in check/coverage.csv. Fails when less than 90 % of either language is reached.
copy <- file.path(tempfile("coverage"), "pilotdid")
dir.create(copy, recursive = TRUE)
# A copy: object files that lie in src/ were compiled without counters and make would keep them.
parts <- c("DESCRIPTION", "NAMESPACE", "README.md", "R", "data", "inst", "src", "tests", "vignettes")
invisible(file.copy(parts, copy, recursive = TRUE))
unlink(list.files(file.path(copy, "src"), "[.](o|so|dll)$", full.names = TRUE))

# covr compiles without optimization, with which the tests take an hour; one thread, as counters are not locked.
flags <- c(CFLAGS = "-O1 --coverage", CXXFLAGS = "-O1 --coverage", LDFLAGS = "--coverage")
options(covr.flags = c(flags, CXX11FLAGS = flags[["CXXFLAGS"]], CXX14FLAGS = flags[["CXXFLAGS"]], CXX17FLAGS = flags[["CXXFLAGS"]]))
Sys.setenv(OMP_NUM_THREADS = "1", NOT_CRAN = "true")
tests <- sprintf("setwd(%s); testthat::test_dir('tests/testthat', package = 'pilotdid', load_package = 'installed', reporter = 'check', stop_on_failure = FALSE)", deparse(copy))
coverage <- covr::package_coverage(copy,
  type = "none", code = tests, clean = FALSE, quiet = FALSE,
  line_exclusions = c("R/RcppExports.R", "src/RcppExports.cpp")
)

lines <- covr::tally_coverage(coverage, by = "line")
by_file <- aggregate(cbind(lines = 1, reached = value > 0) ~ filename, lines, sum)
by_file$percent <- 100 * by_file$reached / by_file$lines
by_file <- by_file[order(by_file$percent), ]
print(by_file, row.names = FALSE, digits = 3)
dir.create("check", showWarnings = FALSE)
missed <- lines[lines$value == 0, c("filename", "functions", "line")]
write.csv(missed, "check/coverage.csv", row.names = FALSE)

language <- ifelse(grepl("[.]R$", by_file$filename), "R", "C++")
total <- 100 * tapply(by_file$reached, language, sum) / tapply(by_file$lines, language, sum)
cat(sprintf("%s: %.1f %% of the lines\n", names(total), total), sep = "")
quit(status = as.integer(any(total < 90)))
