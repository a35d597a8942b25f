#' @export
event_study <- function(x, ...) UseMethod("event_study")
