# Signals. Every condition of the package has a class of its own,
# `pilotdid_<kind>_<what>`, under the common `pilotdid_<kind>`, and reads: the
# rule, `x` what was found, `i` what to do. Checks live in checks.R.

abort <- function(what, message, ..., .envir = parent.frame()) {
  cli::cli_abort(message,
    class = c(paste0("pilotdid_error_", what), "pilotdid_error"),
    call = public_call(), ..., .envir = .envir
  )
}

warn <- function(what, message, ..., .envir = parent.frame()) {
  cli::cli_warn(message,
    class = c(paste0("pilotdid_warning_", what), "pilotdid_warning"),
    call = public_call(), ..., .envir = .envir
  )
}

# A control that several regressions of one fit drop is worth one warning.
dropped_once <- function(code) {
  said <- character()
  withCallingHandlers(code, pilotdid_warning_collinear = function(w) {
    if (all(w$dropped %in% said)) rlang::cnd_muffle(w)
    said <<- union(said, w$dropped)
  })
}

# Messages are news, not warnings: `options(pilotdid.quiet = TRUE)` turns them off.
inform <- function(what, message, ..., .envir = parent.frame()) {
  if (isTRUE(getOption("pilotdid.quiet"))) return(invisible())
  cli::cli_inform(message,
    class = c(paste0("pilotdid_message_", what), "pilotdid_message"),
    ..., .envir = .envir
  )
}

# The outermost call of this package on the stack: the verb that the user
# typed is the one that a message should name.
public_call <- function() {
  ours <- topenv()
  for (i in seq_len(sys.nframe())) {
    if (identical(topenv(environment(sys.function(i))), ours)) {
      call <- sys.call(i)
      # An S3 method says less than the generic that was called.
      return(if (is.call(call) && is.name(call[[1]])) call[1] else NULL)
    }
  }
  NULL
}

# "3 rows: 12, 40, 77" -> the first few of many, for messages.
first_few <- function(x, most = 5L) {
  shown <- format(utils::head(x, most), trim = TRUE, justify = "none")
  paste0(paste(shown, collapse = ", "), if (length(x) > most) ", ...")
}
