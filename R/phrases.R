# Sentences from phrases_en and phrases_zh.

# A phrase with its names and numbers put in.
say <- function(language, key, ...) {
  phrase <- unlist(phrase_book(language)[key], use.names = FALSE)
  if (...length()) sprintf(phrase, ...) else phrase
}

phrase_book <- function(language) if (language == "zh") phrases_zh else phrases_en

# The word for the value of an option; the value itself where it needs none (a name, a number).
say_value <- function(language, value, prefix = "") {
  known <- phrase_book(language)[[paste0(prefix, value)]]
  if (is.null(known)) format(value) else known
}

say_items <- function(language, x) paste(x, collapse = say(language, "items"))

say_seed <- function(seed) format(seed, digits = 16)

# What the label of a covariance is called; names that are the same in all languages stay. `labels`: what the
# clusters are called.
covariance_text <- function(label, language = "en", labels = character()) {
  if (is.null(label)) return(label)
  if (startsWith(label, "clustered by ")) {
    by <- strsplit(sub("^clustered by ", "", label), " and ", fixed = TRUE)[[1L]]
    text <- say(language, "vcov_cluster", paste(relabel(by, labels), collapse = say(language, "vcov_and")))
    # Blanks stand around Latin names alone.
    return(gsub("(?<=\\p{Han}) (?=\\p{Han})", "", text, perl = TRUE))
  }
  if (language == "en") return(label)
  if (grepl("^HC[0-4]", label)) return(say(language, "vcov_HC", label))
  plain <- c(
    iid = "vcov_iid", `supplied by the user` = "vcov_user", `information matrix` = "vcov_information",
    `quasi maximum likelihood (robust to non-normality)` = "vcov_qml"
  )
  if (label %in% names(plain)) say(language, plain[[label]]) else label
}
