# The words of tables and reports in the two languages of their readers. Chinese is escaped, as the
# sources of a package must be ASCII.

table_words <- function(language) if (language == "zh") words_zh() else words_en()

words_en <- function() {
  list(
    yes = "Yes", no = "No", controls = "Controls", effects = " effects", observations = "Observations",
    units = "Units", within = "Within R2", first_stage = "First stage", second_stage = "Second stage (%s)",
    first_f = "First-stage F", sw_f = "Sanderson-Windmeijer F", kp_lm = "Kleibergen-Paap rk LM",
    kp_lm_p = "  p-value", kp_f = "Kleibergen-Paap rk Wald F", cragg_donald = "Cragg-Donald Wald F",
    hansen_p = "Hansen J p-value", main = "Main", direct = "Direct", indirect = "Indirect", total = "Total",
    weights = "Spatial weights", loglik = "Log-likelihood", pretrend = "Pre-trend p-value",
    post = "Mean effect after the pilot", equal_wald = "Equal effects, p (Wald)",
    equal_permutation = "Equal effects, p (permutation)", matched = "Matched", support = "On support",
    frequency = "Frequency-weighted", all = "All rows",
    std.error = "Standard errors in parentheses", statistic = "t or z statistics in parentheses",
    p.value = "p-values in parentheses", conf.int = "95 % confidence intervals in brackets",
    se = "Standard errors: %s.", varies = "Standard errors differ between columns: %s."
  )
}

words_zh <- function() {
  list(
    yes = "\u662f", no = "\u5426", controls = "\u63a7\u5236\u53d8\u91cf", effects = "\u56fa\u5b9a\u6548\u5e94",
    observations = "\u89c2\u6d4b\u503c", units = "\u4e2a\u4f53\u6570", within = "\u7ec4\u5185 R2",
    first_stage = "\u7b2c\u4e00\u9636\u6bb5", second_stage = "\u7b2c\u4e8c\u9636\u6bb5\uff08%s\uff09",
    first_f = "\u7b2c\u4e00\u9636\u6bb5 F \u503c", sw_f = "Sanderson-Windmeijer F \u503c", kp_lm = "Kleibergen-Paap rk LM",
    kp_lm_p = "  p \u503c", kp_f = "Kleibergen-Paap rk Wald F", cragg_donald = "Cragg-Donald Wald F",
    hansen_p = "Hansen J p \u503c", main = "\u4e3b\u56de\u5f52", direct = "\u76f4\u63a5\u6548\u5e94",
    indirect = "\u95f4\u63a5\u6548\u5e94", total = "\u603b\u6548\u5e94", weights = "\u7a7a\u95f4\u6743\u91cd\u77e9\u9635",
    loglik = "\u5bf9\u6570\u4f3c\u7136\u503c", pretrend = "\u5e73\u884c\u8d8b\u52bf\u68c0\u9a8c p \u503c",
    post = "\u653f\u7b56\u540e\u5e73\u5747\u6548\u5e94", equal_wald = "\u7ec4\u95f4\u5dee\u5f02 p \u503c\uff08Wald\uff09",
    equal_permutation = "\u7ec4\u95f4\u5dee\u5f02 p \u503c\uff08\u7f6e\u6362\u68c0\u9a8c\uff09", matched = "\u5339\u914d\u6837\u672c",
    support = "\u5171\u540c\u652f\u6491", frequency = "\u9891\u6570\u52a0\u6743", all = "\u5168\u6837\u672c",
    std.error = "\u62ec\u53f7\u5185\u4e3a\u6807\u51c6\u8bef", statistic = "\u62ec\u53f7\u5185\u4e3a t \u6216 z \u503c",
    p.value = "\u62ec\u53f7\u5185\u4e3a p \u503c", conf.int = "\u65b9\u62ec\u53f7\u5185\u4e3a 95% \u7f6e\u4fe1\u533a\u95f4",
    se = "\u6807\u51c6\u8bef\uff1a%s\u3002", varies = "\u5404\u5217\u6807\u51c6\u8bef\u4e0d\u540c\uff1a%s\u3002"
  )
}

# Heads of the tables that are results themselves.
column_words_zh <- function() {
  c(
    variable = "\u53d8\u91cf", term = "\u53d8\u91cf", n = "\u89c2\u6d4b\u503c", missing = "\u7f3a\u5931", mean = "\u5747\u503c",
    sd = "\u6807\u51c6\u5dee", min = "\u6700\u5c0f\u503c", median = "\u4e2d\u4f4d\u6570", max = "\u6700\u5927\u503c",
    estimate = "\u4f30\u8ba1\u503c", std.error = "\u6807\u51c6\u8bef", statistic = "\u7edf\u8ba1\u91cf", p.value = "p \u503c",
    draws = "\u62bd\u6837\u6b21\u6570", test = "\u68c0\u9a8c", critical = "\u4e34\u754c\u503c", indicator = "\u6307\u6807",
    dimension = "\u7ef4\u5ea6", direction = "\u65b9\u5411", entropy = "\u71b5\u503c", divergence = "\u5dee\u5f02\u7cfb\u6570",
    weight = "\u6743\u91cd", vif = "VIF", sample = "\u6837\u672c", bias = "\u6807\u51c6\u5316\u504f\u5dee (%)", period = "\u65f6\u671f",
    mean.treated = "\u5904\u7406\u7ec4\u5747\u503c", mean.control = "\u63a7\u5236\u7ec4\u5747\u503c"
  )
}
