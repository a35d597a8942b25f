#' City size classes of the 2014 State Council notice
#'
#' Sorts cities by their permanent urban residents: small below 0.5 million, medium from 0.5,
#' large from 1 (type II below 3, type I from 3), super from 5 and mega from 10 million. Limits belong to the
#' larger class ("and above" in the notice).
#'
#' Use residents of one base year before the pilot: a class that is taken from a late year may
#' itself be an effect. The notice counts permanent residents of the urban area, not the
#' registered population and not the whole prefecture.
#'
#' @param residents Urban residents; a numeric vector, `NA` stays `NA`.
#' @param unit How many persons one unit of `residents` is: 1, or 1e4 for figures in 10,000 persons.
#' @param split_large Tell type II from type I?
#' @return An ordered-by-size factor with levels `"small"`, `"medium"`, `"large II"`, `"large I"`
#' (or `"large"`),
#'   `"super"`, `"mega"`.
#' @section Errors: `pilotdid_error_argument` for residents that are negative, infinite or not numeric.
#' @source State Council of China, Notice on adjusting the standards of city size classes, Guofa
#'   (2014) 51, 29 October 2014.
#' @examples
#' city_size_class(c(300, 80, 150, 450, 720, 2100), unit = 1e4)
#' city_size_class(c(2.9e6, 3e6), split_large = FALSE)
#' @export
city_size_class <- function(residents, unit = 1, split_large = TRUE) {
  check_number(unit, "unit", 0, Inf, open = TRUE)
  check_flag(split_large, "split_large")
  if (!is.numeric(residents) || any(residents < 0 | is.infinite(residents), na.rm = TRUE)) {
    abort("argument", c("{.arg residents} must be numbers of persons, not negative and finite.",
      x = "It is {.obj_type_friendly {residents}}{if (is.numeric(residents)) ' with values outside'}."
    ))
  }
  limits <- c(0.5, 1, 3, 5, 10) * 1e6
  classes <- c("small", "medium", "large II", "large I", "super", "mega")
  if (!split_large) {
    limits <- limits[-3L]
    classes <- c("small", "medium", "large", "super", "mega")
  }
  factor(classes[findInterval(residents * unit, limits) + 1L], levels = classes)
}
