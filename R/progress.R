# Progress of what may take longer than a moment. cli shows a bar once two seconds have passed.

# `options(pilotdid.progress = )` decides; by default only where somebody watches.
shows_progress <- function() {
  wanted <- getOption("pilotdid.progress")
  if (!is.null(wanted)) return(isTRUE(wanted))
  rlang::is_interactive() && !isTRUE(getOption("pilotdid.quiet")) && !in_document()
}

# A page that is being made would hold the bars, also where it is made from the console.
in_document <- function() {
  isTRUE(getOption("knitr.in.progress")) ||
    ("litedown" %in% loadedNamespaces() && isTRUE(litedown::get_context("in_fuse")))
}

lapply_progress <- function(x, f, name, progress = shows_progress()) {
  steps <- if (progress) cli::cli_progress_along(x, name = name) else seq_along(x)
  set_names(lapply(steps, function(i) f(x[[i]])), names(x))
}

# -> a function that is called once a step, for loops that are no lapply(). The bar ends with the caller.
progress_ticker <- function(total, name, .envir = parent.frame()) {
  if (total < 2 || !shows_progress()) return(function() invisible())
  bar <- cli::cli_progress_bar(name, total = total, .envir = .envir)
  function() cli::cli_progress_update(id = bar, .envir = .envir)
}

# One long call of the core, which says nothing until it is done: a line while it runs. `work` counts what it
# does; below some 1e7 steps it takes less than two seconds.
announce <- function(name, work = Inf, .envir = parent.frame()) {
  if (work > 1e7 && shows_progress()) cli::cli_progress_step(name, .envir = .envir)
}
