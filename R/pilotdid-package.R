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
#' @importFrom stats coef confint deviance df.residual family fitted formula influence logLik
#' @importFrom stats model.frame model.matrix nobs predict residuals sigma update vcov weights
NULL

.onLoad <- function(libname, pkgname) {
  cpp_watch_forks()
  watch_texreg()
  # marginaleffects asks for the classes that it may work on.
  known <- getOption("marginaleffects_model_classes")
  options(marginaleffects_model_classes = unique(c(known, "pilot_fit")))
}
