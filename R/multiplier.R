# The multiplier bootstrap of any set of estimates whose influence is known by cluster.

# psi: clusters x k, as influence() gives it. -> list(draws (B x k), std.error, critical): standard
# errors from the interquartile range, as did (normal quantiles 1.349 apart); critical(level) is
# the quantile of the largest |draw / se|.
multiplier_bootstrap <- function(psi, draws = 1000L, type = c("mammen", "rademacher", "normal"), seed = NULL) {
  check_count(draws, "draws", min = 10)
  types <- c("mammen", "rademacher", "normal")
  type <- check_choice(type, types, "type")
  seed <- seed %||% floor(stats::runif(1L) * 2^31)
  check_number(seed, "seed", 0, 2^53)
  drawn <- cpp_multiplier_bootstrap(psi, as.integer(draws), match(type, types) - 1L, seed)
  quartiles <- apply(drawn, 2L, stats::quantile, c(0.25, 0.75), type = 1L, na.rm = TRUE)
  se <- (quartiles[2L, ] - quartiles[1L, ]) / (stats::qnorm(0.75) - stats::qnorm(0.25))
  usable <- which(is.finite(se) & se > 0)
  largest <- if (length(usable)) {
    apply(abs(drawn[, usable, drop = FALSE]) / rep(se[usable], each = nrow(drawn)), 1L, max)
  }
  list(
    draws = drawn, std.error = se, seed = seed, type = type,
    critical = function(level) {
      if (!length(usable)) return(NA_real_)
      max(stats::qnorm(1 - (1 - level) / 2), unname(stats::quantile(largest, level, type = 1L)))
    }
  )
}
