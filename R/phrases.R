# Sentences from phrases_en and phrases_zh.

# A phrase with its names and numbers put in.
say <- function(language, key, ...) {
  phrase <- unlist(phrase_book(language)[key], use.names = FALSE)
  if (!...length()) return(phrase)
  text <- sprintf(phrase, ...)
  if (language == "zh") join_han(text) else text
}

# A word of one of the tables of words in pilot-table-words.R.
say_word <- function(language, x) relabel(x, c(unlist(value_words(language)), if (language == "zh") estimator_words_zh()))

phrase_book <- function(language) if (language == "zh") phrases_zh else phrases_en

# The word for the value of an option; the value itself where it needs none (a name, a number).
say_value <- function(language, value, prefix = "") {
  known <- phrase_book(language)[[paste0(prefix, value)]]
  if (is.null(known)) format(value) else known
}

say_items <- function(language, x) paste(x, collapse = say(language, "items"))

say_seed <- function(seed) format(seed, digits = 16)

# In Chinese blanks stand around Latin names alone.
join_han <- function(text) gsub("(?<=\\p{Han}) (?=\\p{Han})", "", text, perl = TRUE)

# What the label of a covariance is called; names that are the same in all languages stay. `labels`: what the
# clusters are called.
covariance_text <- function(label, language = "en", labels = character()) {
  if (is.null(label)) return(label)
  if (startsWith(label, "clustered by ")) {
    by <- strsplit(sub("^clustered by ", "", label), " and ", fixed = TRUE)[[1L]]
    return(say(language, "vcov_cluster", paste(relabel(by, labels), collapse = say(language, "vcov_and"))))
  }
  if (language == "en") return(label)
  if (grepl("^HC[0-4]", label)) return(say(language, "vcov_HC", label))
  # Of synthetic difference-in-differences: "bootstrap, 200 replicates".
  drawn <- regmatches(label, regexec("^(bootstrap|placebo), ([0-9]+) replicates$", label))[[1L]]
  if (length(drawn)) return(say(language, paste0("vcov_", drawn[2L]), drawn[3L]))
  plain <- c(
    iid = "vcov_iid", `supplied by the user` = "vcov_user", `information matrix` = "vcov_information",
    `quasi maximum likelihood (robust to non-normality)` = "vcov_qml"
  )
  if (label %in% names(plain)) say(language, plain[[label]]) else label
}
