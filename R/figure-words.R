# The words of figures in the language of options(pilotdid.language), English ones being their keys, and what
# options(pilotdid.labels) calls terms, outcomes and units.

# Words of the package, with names and numbers put in: figure_word("Effect of %s", "status"). Text without a
# translation stays: it is a name.
figure_word <- function(text, ...) {
  chinese <- figure_language() == "zh"
  if (chinese) text <- say_word("zh", relabel(text, figure_words_zh()))
  if (!...length()) return(text)
  text <- sprintf(text, ...)
  if (chinese) join_han(text) else text
}

# Names of the data; several in one label are listed.
figure_name <- function(x) relabel_terms(as.character(x), figure_labels())
figure_names <- function(x) say_items(figure_language(), figure_name(x))

# Names as a factor in their order; two that share a label share a line.
figure_factor <- function(x, levels = x) factor(figure_name(x), unique(figure_name(levels)))

figure_language <- function() check_choice(getOption("pilotdid.language", "en"), c("en", "zh"), "options(pilotdid.language)")

figure_labels <- function() check_labels(getOption("pilotdid.labels"), "options(pilotdid.labels)")

figure_words_zh <- function() {
  c(
    # Axes.
    Effect = "\u6548\u5e94", Estimate = "\u4f30\u8ba1\u503c", Weight = "\u6743\u91cd", Density = "\u5bc6\u5ea6",
    Period = "\u65f6\u671f", Score = "\u5f97\u5206", `p-value` = "p \u503c", Cohort = "\u6279\u6b21",
    `First treated` = "\u9996\u6b21\u5904\u7406\u65f6\u671f",
    `Cohort (first treated)` = "\u6279\u6b21\uff08\u9996\u6b21\u5904\u7406\u65f6\u671f\uff09",
    `Periods since the pilot` = "\u76f8\u5bf9\u8bd5\u70b9\u65f6\u70b9\u7684\u671f\u6570",
    `Estimate and %s %% interval` = "\u4f30\u8ba1\u503c\u4e0e %s%% \u7f6e\u4fe1\u533a\u95f4",
    `Placebo estimates` = "\u5b89\u6170\u5242\u68c0\u9a8c\u4f30\u8ba1\u503c",
    `t statistic of the draws` = "\u81ea\u52a9\u62bd\u6837\u7684 t \u7edf\u8ba1\u91cf",
    `Anderson-Rubin p-value` = "Anderson-Rubin p \u503c",
    `Periods before the true date` = "\u8f83\u771f\u5b9e\u8bd5\u70b9\u65f6\u70b9\u63d0\u524d\u7684\u671f\u6570",
    `Left out` = "\u5254\u9664\u7ec4", `Propensity score` = "\u503e\u5411\u5f97\u5206",
    `Share of the arm` = "\u7ec4\u5185\u5360\u6bd4",
    `Standardized bias (%)` = "\u6807\u51c6\u5316\u504f\u5dee (%)",
    `Variance inflation factor` = "\u65b9\u5dee\u81a8\u80c0\u56e0\u5b50\uff08VIF\uff09",
    `Correlation of the errors of mediator and outcome` = "\u4e2d\u4ecb\u65b9\u7a0b\u4e0e\u7ed3\u679c\u65b9\u7a0b\u8bef\u5dee\u9879\u7684\u76f8\u5173\u7cfb\u6570",
    `Indirect effect` = "\u95f4\u63a5\u6548\u5e94", `%s (standardized)` = "%s\uff08\u6807\u51c6\u5316\uff09",
    `Mean of the neighbors` = "\u7a7a\u95f4\u6ede\u540e",
    Longitude = "\u7ecf\u5ea6", Latitude = "\u7eac\u5ea6",
    `Distance to the nearest treated unit` = "\u4e0e\u6700\u8fd1\u5904\u7406\u4e2a\u4f53\u7684\u8ddd\u79bb",
    `Distance to the nearest treated unit (%s)` = "\u4e0e\u6700\u8fd1\u5904\u7406\u4e2a\u4f53\u7684\u8ddd\u79bb\uff08%s\uff09",
    `M: largest change of slope` = "M\uff1a\u659c\u7387\u7684\u6700\u5927\u53d8\u52a8",
    `Bound relative to the largest move before` = "\u754c\u9650\uff08\u76f8\u5bf9\u653f\u7b56\u524d\u6700\u5927\u53d8\u52a8\u7684\u500d\u6570\uff09",
    `Bound relative to the largest change of slope before` = "\u754c\u9650\uff08\u76f8\u5bf9\u653f\u7b56\u524d\u659c\u7387\u6700\u5927\u53d8\u52a8\u7684\u500d\u6570\uff09",
    `%s, SD of the index` = "%s\uff08\u4ee5\u6307\u6570\u6807\u51c6\u5dee\u8ba1\uff09",
    # Titles and captions.
    `Effect of %s` = "%s \u7684\u6548\u5e94",
    `Effect of %s by %s` = "%s \u7684\u6548\u5e94\uff1a\u6309 %s \u5206\u7ec4",
    `Effect on %s, %s` = "\u5bf9 %s \u7684\u6548\u5e94\uff08%s\uff09",
    `Effect on %s by matching` = "\u5bf9 %s \u7684\u6548\u5e94\uff08\u5339\u914d\u4f30\u8ba1\uff09",
    `Mean effect of %s` = "%s \u7684\u5e73\u5747\u6548\u5e94",
    `%s %% confidence set: %s` = "%s%% \u7f6e\u4fe1\u96c6\uff1a%s",
    `Dotted: the estimate. SE: %s` = "\u70b9\u7ebf\uff1a\u4f30\u8ba1\u503c\u3002\u6807\u51c6\u8bef\uff1a%s",
    `%s units, sorted by cohort` = "%s \u4e2a\u4e2a\u4f53\uff0c\u6309\u6279\u6b21\u6392\u5e8f",
    `%s of %s units, evenly spaced in the order of the cohorts` = "\u6309\u6279\u6b21\u6392\u5e8f\u540e\u7b49\u8ddd\u9009\u53d6\uff1a%2$s \u4e2a\u4e2a\u4f53\u4e2d\u7684 %1$s \u4e2a",
    `Clusters of %s` = "%s \u7684\u5c40\u90e8\u96c6\u805a",
    `Clusters of %s, %s` = "%s \u7684\u5c40\u90e8\u96c6\u805a\uff08%s\uff09", `%s: %s` = "%s\uff1a%s",
    `Moran's I = %s` = "\u83ab\u5170\u6307\u6570 = %s", `Geary's C = %s` = "Geary's C = %s",
    `%s: %s units, %s links` = "%s\uff1a%s \u4e2a\u4e2a\u4f53\uff0c%s \u6761\u8fde\u63a5",
    `%s (too many to draw)` = "%s\uff08\u8fc7\u591a\uff0c\u672a\u7ed8\u51fa\uff09",
    `%s specifications in order of the estimate; diamond: the reference` = "%s \u4e2a\u8bbe\u5b9a\uff0c\u6309\u4f30\u8ba1\u503c\u6392\u5e8f\uff1b\u83f1\u5f62\u4e3a\u57fa\u51c6\u8bbe\u5b9a",
    `estimate %s` = "\u4f30\u8ba1\u503c %s", `%s, cohort %s` = "%s\uff0c\u6279\u6b21 %s",
    # Legends and panels.
    Treated = "\u5904\u7406\u7ec4", Untreated = "\u63a7\u5236\u7ec4", `off support` = "\u652f\u6491\u5916",
    `Treated, off support` = "\u5904\u7406\u7ec4\uff08\u652f\u6491\u5916\uff09",
    `Untreated, off support` = "\u63a7\u5236\u7ec4\uff08\u652f\u6491\u5916\uff09",
    `Before matching` = "\u5339\u914d\u524d", `After matching` = "\u5339\u914d\u540e",
    Estimates = "\u4f30\u8ba1\u503c", `Hypothesized violation` = "\u8bbe\u60f3\u7684\u8d8b\u52bf\u504f\u79bb",
    `Expected after passing the test` = "\u901a\u8fc7\u68c0\u9a8c\u540e\u7684\u671f\u671b\u503c",
    Controls = "\u63a7\u5236\u7ec4\u4e2a\u4f53", `Periods before` = "\u653f\u7b56\u524d\u65f6\u671f",
    pooled = "\u6df7\u5408\u6837\u672c", `within the effects` = "\u5254\u9664\u56fa\u5b9a\u6548\u5e94\u540e",
    significant = "\u663e\u8457", `not significant` = "\u4e0d\u663e\u8457", reference = "\u57fa\u51c6\u8bbe\u5b9a",
    `%s (ref. %s)` = "%s\uff0c\u57fa\u671f\uff1a%s", `weighted periods` = "\u5404\u671f\u52a0\u6743",
    `untreated rows` = "\u672a\u5904\u7406\u89c2\u6d4b\u503c", `previous period` = "\u524d\u4e00\u671f",
    `never treated` = "\u4ece\u672a\u5904\u7406", `not yet treated` = "\u5c1a\u672a\u5904\u7406",
    treated = "\u5df2\u5904\u7406", `switched off` = "\u9000\u51fa\u5904\u7406", `high-high` = "\u9ad8-\u9ad8",
    `low-low` = "\u4f4e-\u4f4e", `high-low` = "\u9ad8-\u4f4e", `low-high` = "\u4f4e-\u9ad8",
    # Ticks.
    `parallel\ntrends` = "\u5e73\u884c\n\u8d8b\u52bf", `all rows` = "\u5168\u6837\u672c",
    all = "\u5168\u6837\u672c", `zeros: %s` = "\u96f6\u503c\uff1a%s", `winsorized: %s` = "\u7f29\u5c3e\uff1a%s",
    `all indicators` = "\u5168\u90e8\u6307\u6807", `one %s left out` = "\u5254\u9664\u4e00\u4e2a%s",
    indicator = "\u6307\u6807", dimension = "\u7ef4\u5ea6"
  )
}
