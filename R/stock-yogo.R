# Critical values of Stock and Yogo (2005), Tables 5.1-5.3: the Cragg-Donald F below which the bias of
# 2SLS relative to OLS, or the size of a nominal 5 % Wald test, may exceed `level`. They come from
# simulation and cannot be computed; they assume iid errors. Bias: one to three endogenous variables
# and at least two more instruments; size: one or two. Up to 30 instruments.

stock_yogo_table <- local({
  table <- NULL
  function() {
    if (is.null(table)) {
      table <<- utils::read.csv(system.file("extdata", "stock-yogo.csv", package = "pilotdid"))
    }
    table
  }
})

# -> named vector level -> critical value; NA where the tables have none.
stock_yogo <- function(criterion, estimator, instruments, endogenous) {
  t <- stock_yogo_table()
  t <- t[t$criterion == criterion & t$estimator == estimator, ]
  levels <- sort(unique(t$level))
  own <- t[t$instruments == instruments & t$endogenous == endogenous, ]
  set_names(own$critical[match(levels, own$level)], format(levels, drop0trailing = TRUE, trim = TRUE))
}

# All critical values for a fit, one row a statistic, estimator, criterion and level.
critical_values <- function(instruments, endogenous, effective) {
  kinds <- list(c("bias", "2sls"), c("size", "2sls"), c("size", "liml"))
  tables <- lapply(kinds, function(kind) {
    v <- stock_yogo(kind[1L], kind[2L], instruments, endogenous)
    v <- v[!is.na(v)]
    list(
      test = rep("cragg_donald", length(v)), source = rep("Stock-Yogo (iid)", length(v)),
      estimator = rep(kind[2L], length(v)), criterion = rep(kind[1L], length(v)),
      level = as.numeric(names(v)), critical = unname(v)
    )
  })
  if (!is.null(effective)) {
    critical <- effective$critical
    count <- length(critical)
    tables <- c(tables, list(list(
      test = rep("effective_f", count), source = rep("Montiel Olea-Pflueger", count),
      estimator = rep(colnames(critical), each = nrow(critical)), criterion = rep("bias", count),
      level = rep(as.numeric(rownames(critical)), ncol(critical)), critical = as.vector(critical)
    )))
  }
  bind_lists(tables)
}
