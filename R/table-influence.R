# Influence kept as tables (inst/include/pilotdid/table_sums.hpp): unit i contributes
#   psi_i = sum over its rows of value * table[, code]  +  block[i, ] %*% t(map),
# with one code for each cohort and period. It has the size of the data and of a few tables, never
# units x effects, and linear combinations of effects only touch the tables.

# table: effects x codes. value: by data row, NULL for ones. code: by data row, from 0.
influence_term <- function(value, code, table) {
  list(value = if (!is.null(value)) as.double(value), code = code, table = table)
}

# block: units x p. map: effects x p.
dense_term <- function(block, map) list(block = block, map = map)

table_influence <- function(design, effects, terms = list(), dense = list()) {
  structure(
    list(rows = design$rows, start = design$start, effects = as.integer(effects), terms = terms, dense = dense),
    class = "pilot_table_influence"
  )
}

# The influence of weights %*% effects. weights: combinations x effects.
combine_influence <- function(influence, weights) {
  influence$effects <- nrow(weights)
  influence$terms <- lapply(influence$terms, function(t) {
    t$table <- weights %*% t$table
    t
  })
  influence$dense <- lapply(influence$dense, function(t) {
    t$map <- weights %*% t$map
    t
  })
  influence
}

add_influence <- function(influence, terms = list(), dense = list()) {
  influence$terms <- c(influence$terms, terms)
  influence$dense <- c(influence$dense, dense)
  influence
}

# Sums over clusters; `cluster` holds a code from 0 for each unit, NULL for the units themselves.
table_influence_sums <- function(influence, cluster = NULL, clusters = 0L) {
  cpp_influence_sums(influence, cluster, clusters)
}
