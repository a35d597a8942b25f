#' Number of threads of the numerical core
#'
#' The core uses at most two threads unless told otherwise, and one after a
#' fork (`parallel::mclapply()`), because the OpenMP runtime does not survive
#' it. No result depends on the number: work is cut into fixed blocks that are
#' added up in a fixed order.
#'
#' @param threads The number of threads to use from now on, at most the number
#'   of processors; `NULL` only asks.
#' @return The number in force before the call, invisibly when it was changed.
#' @examples
#' before <- pilot_threads(1)
#' pilot_threads()
#' pilot_threads(before)
#' @export
pilot_threads <- function(threads = NULL) {
  if (is.null(threads)) return(cpp_threads(0L))
  check_count(threads, "threads")
  invisible(cpp_threads(as.integer(threads)))
}
