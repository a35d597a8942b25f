#' Matching exactly as Stata's psmatch2
#'
#' The same score, support, matches and weights as `psmatch2 treat x, neighbor(k) [caliper() ties
#' common logit]` (version 4.0.12), to reproduce a table made with it, in each period.
#'
#' @section Line by line:
#' | psmatch2 | here |
#' | --- | --- |
#' | `probit` by default, `logit` as option | `logit = FALSE`; the maximum to 1e-10 |
#' | `_pscore`: the probability | `_pscore` |
#' | `common`: treated units outside the controls' range of `_pscore` are off support; controls stay | `common = TRUE` |
#' | sorted by `_support`, `_treated`, `_pscore`, then the order of the data; `_id` numbers the result | `_id`, from 1 in each period |
#' | first neighbor: the nearest control; equally near: the lower score, then the order of the data | the same |
#' | `ties`: all controls as near as the first neighbor | `ties = TRUE` |
#' | `neighbor(k)`: the next ones outwards from the first, the lower side at equal distance; with `ties` a control can count twice | the same |
#' | `caliper(c)`: distances strictly below c, on the probability | the same |
#' | no neighbor within the caliper: `_support = 0` | the same |
#' | `_weight`: 1 for treated on support, the sum of `1/(number of matches)` for controls, missing otherwise | the same |
#' | `_n1` ... `_nk`, `_nn`, `_pdif` | the same |
#' | `noreplacement`, `kernel`, `radius`, `llr`, `mahalanobis`, `ate`, `trim()` | not this function: see [match_panel()] |
#'
#' `psmatch2, llr` with its default kernel is nearest-neighbor matching on a smoothed outcome, not local
#' linear matching; [match_panel()] with `method = "local_linear"` is the latter.
#'
#' @inheritParams match_panel
#' @param neighbor Number of neighbors.
#' @param caliper Distances must be strictly smaller.
#' @param ties,common,logit As in Stata.
#' @return A `pilot_match` (see [match_panel()]); its [augment()] also gives psmatch2's own columns
#'   `_pscore`, `_treated`, `_support`, `_weight`, `_id`, `_n1`, ..., `_nn`, `_pdif`.
#' @references Leuven and Sianesi (2003), PSMATCH2, Statistical Software Components S432001.
#' @examples
#' set.seed(1)
#' d <- data.frame(x = rnorm(200))
#' d$treat <- as.integer(d$x + rnorm(200) > 1)
#' m <- match_psmatch2(treat ~ x, d, neighbor = 2, caliper = 0.05, common = TRUE, logit = TRUE)
#' head(augment(m))
#' @export
match_psmatch2 <- function(formula, data, unit = NULL, time = NULL, neighbor = 1, caliper = NULL,
                           ties = FALSE, common = FALSE, logit = FALSE, score = NULL,
                           treated = c("ever", "current")) {
  call <- match.call()
  check_count(neighbor, "neighbor")
  for (name in c("ties", "common", "logit")) check_flag(get(name), name)
  if (!is.null(caliper)) check_number(caliper, "caliper", 0, Inf, open = TRUE)
  settings <- match_settings(
    scheme = "period", method = "nearest", ratio = neighbor, replace = TRUE, caliper = caliper,
    caliper_scale = "probability", order = "data", ties = if (ties) "all" else "first",
    link = if (logit) "logit" else "probit", score_scale = "probability", kernel = "uniform",
    bandwidth = 1, support = if (common) "treated" else "none", trim = 0,
    treated = check_choice(treated, c("ever", "current"), "treated"), moments = 1, seed = NULL
  )
  settings$method <- "psmatch2"
  run_match(match_design(formula, data, unit, time, NULL, score, settings$treated), settings, NULL, call)
}

# The variables that psmatch2 leaves behind.
psmatch2_columns <- function(x) {
  design <- x$design
  rows <- design$rows
  n <- nrow(x$data)
  support <- x$support[rows]
  region <- x$bucket$id >= 0L # before matching: what psmatch2 sorts by
  group <- x$sample$group
  order <- order(group, !region, design$treated, x$score[rows], rows)
  id <- integer(length(rows))
  id[order] <- stats::ave(seq_along(order), group[order], FUN = seq_along)
  id[group < 0L] <- NA
  full <- function(value, blank = NA) {
    out <- rep(blank, n)
    out[rows] <- value
    out
  }
  weight <- x$weight[rows]
  columns <- list(
    `_pscore` = x$score, `_treated` = x$treated, `_support` = as.integer(x$support),
    `_weight` = full(ifelse(support & weight != 0, weight, NA), NA_real_), `_id` = full(id, NA_integer_)
  )
  id <- columns$`_id`
  first <- x$pairs[x$pairs$rank <= x$settings$ratio, ]
  for (k in seq_len(x$settings$ratio)) {
    at <- first[first$rank == k, ]
    neighbor <- rep(NA_integer_, n)
    neighbor[at$treated] <- id[at$control]
    columns[[paste0("_n", k)]] <- neighbor
  }
  nn <- tabulate(x$pairs$treated, n)
  columns$`_nn` <- ifelse(full(region, FALSE), nn, NA_integer_)
  one <- x$pairs[x$pairs$rank == 1L, ]
  columns$`_pdif` <- rep(NA_real_, n)
  columns$`_pdif`[one$treated] <- one$distance
  columns
}
