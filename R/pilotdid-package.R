#' @keywords internal
#' @importFrom Rcpp evalCpp
#' @importFrom generics tidy glance augment
#' @useDynLib pilotdid, .registration = TRUE
"_PACKAGE"

#' @export
generics::tidy
#' @export
generics::glance
#' @export
generics::augment

#' @importFrom rlang %||% .data
NULL

.onLoad <- function(libname, pkgname) {
  cpp_watch_forks()
}
