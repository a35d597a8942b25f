#' Options of the package
#'
#' * `pilotdid.quiet = TRUE` turns messages and progress off. Each message also has a class, `pilotdid_message_*`, for
#'   `suppressMessages(classes = )`; warnings are `pilotdid_warning_*` and errors `pilotdid_error_*`.
#' * `pilotdid.progress`: `TRUE` or `FALSE` for bars on what takes longer than two seconds (placebo draws of other
#'   estimators, leave-one-out, index robustness, comparisons, bootstraps of matching). By default they are shown in
#'   interactive sessions and not in documents. All loops can be interrupted.
#' * `pilotdid.gray = TRUE` draws every figure in shades of gray; see [pilot_figures].
#' * `pilotdid.base_family` is the font of every figure, for Chinese labels such as `"Noto Sans CJK SC"`;
#'   `pilotdid.base_size` the size of text in ggplot figures.
#' * Threads: [pilot_threads()].
#'
#' @examples
#' old <- options(pilotdid.quiet = TRUE)
#' options(old)
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
