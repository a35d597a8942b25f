# Installs what the package needs and is missing: imports, headers, and what its tests and its
# replication use. Arguments name further packages.
fields <- read.dcf("DESCRIPTION", c("Imports", "LinkingTo", "Config/Needs/tests"))
named <- trimws(sub("[(].*", "", unlist(strsplit(fields[!is.na(fields)], ","))))
needed <- setdiff(unique(c(named, commandArgs(TRUE))), c("R", ""))

target <- .libPaths()[1L]
if (file.access(target, 2L) != 0L) {
  target <- strsplit(Sys.getenv("R_LIBS_USER"), .Platform$path.sep)[[1L]][1L]
  dir.create(target, recursive = TRUE, showWarnings = FALSE)
  .libPaths(c(target, .libPaths()))
}
# Looked up, not loaded: the version of a dependency that is loaded here would stand in the way of the newer one
# that a package brings along.
present <- function(p) nzchar(vapply(p, function(one) system.file(package = one), ""))
missing <- needed[!present(needed)]
if (length(missing)) {
  message("Installing ", paste(missing, collapse = ", "))
  repos <- getOption("repos")
  if (is.null(repos) || any(repos == "@CRAN@")) {
    utils::chooseCRANmirror(ind = 1L, graphics = FALSE)
  }
  # fs, which testthat needs, brings the library it builds on: not every machine has its headers.
  if (!nzchar(Sys.getenv("USE_BUNDLED_LIBUV"))) Sys.setenv(USE_BUNDLED_LIBUV = "1")
  utils::install.packages(missing, lib = target, quiet = TRUE)
  lost <- missing[!present(missing)]
  # Once more, aloud: a download that broke off is made up for, anything else is seen.
  if (length(lost)) utils::install.packages(lost, lib = target)
  lost <- missing[!present(missing)]
  if (length(lost)) stop("could not be installed: ", paste(lost, collapse = ", "), call. = FALSE)
}
