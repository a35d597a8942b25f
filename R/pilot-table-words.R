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
    together = "Standard errors in parentheses (%s).", se = "Standard errors: %s.", varies = "Standard errors differ between columns: %s."
  )
}

words_zh <- function() {
  list(
    yes = "\u662f", no = "\u5426", controls = "\u63a7\u5236\u53d8\u91cf", effects = " \u56fa\u5b9a\u6548\u5e94",
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
    together = "\u62ec\u53f7\u5185\u4e3a\u6807\u51c6\u8bef\uff08%s\uff09\u3002", se = "\u6807\u51c6\u8bef\uff1a%s\u3002", varies = "\u5404\u5217\u6807\u51c6\u8bef\u4e0d\u540c\uff1a%s\u3002"
  )
}

# Heads of the tables that are results themselves.
column_words <- function(language) if (language == "zh") column_words_zh() else column_words_en()

column_words_en <- function() {
  c(
    variable = "Variable", term = "Variable", n = "N", nobs = "N", missing = "Missing", mean = "Mean", sd = "SD",
    min = "Min", p25 = "P25", median = "Median", p75 = "P75", max = "Max", sd.between = "SD between",
    sd.within = "SD within", estimate = "Estimate", std.error = "Std. error", statistic = "Statistic",
    p.value = "p-value", p.left = "p (left)", p.right = "p (right)", p.statistic = "p (by t)", conf.low = "CI low",
    conf.high = "CI high", draws = "Draws", test = "Test", critical = "Critical value", indicator = "Indicator",
    dimension = "Dimension", direction = "Direction", entropy = "Entropy", divergence = "Divergence",
    weight = "Weight", weight.within = "Weight within", vif = "VIF", gvif = "GVIF", vif.within = "VIF within",
    gvif.within = "GVIF within", sample = "Sample", bias = "Bias (%)", reduction = "Reduction (%)",
    variance.ratio = "Variance ratio", mean.treated = "Mean, treated", mean.control = "Mean, control", type = "Type",
    treated = "Treated", control = "Control", effect = "Effect", effects = "Effects", period = "Period",
    expected = "Expected", variance = "Variance", rows = "Rows", bound = "Bound", method = "Method",
    result = "Result", group = "Group", time = "Time", negative = "Negative", lead = "Lead", left.out = "Left out",
    specifications = "Specifications", failed = "Failed", reference = "Reference", share.positive = "Share positive",
    share.significant = "Share significant", share.same.sign = "Share of same sign",
    share.same.sign.significant = "Share of same sign, significant", cohort = "Cohort", outcome = "Outcome", units = "Units",
    cells = "Unit-periods", ring = "Ring", on.treated = "On treated", controls = "Controls", se = "Type of SE",
    distance = "Distance", units.dropped = "Units dropped", controls.left = "Controls left", target = "Target",
    open = "Open end", violation = "Violation", power = "Power", bayes.factor = "Bayes factor",
    likelihood.ratio = "Likelihood ratio", delta = "Delta", beta.star = "Beta*", r.max = "Largest R2",
    estimate.short = "Estimate, no controls", r2.short = "R2, no controls", r2.full = "R2, controls",
    partial.r2 = "Partial R2", rv = "Robustness value", rv.alpha = "Robustness value, significance",
    boot.std.error = "Bootstrap SE", percentile.low = "Percentile low", percentile.high = "Percentile high",
    bc.low = "Bias-corrected low", bc.high = "Bias-corrected high", p.permutation = "p (permutation)", df = "df", df2 = "df 2"
  )
}

column_words_zh <- function() {
  c(
    variable = "\u53d8\u91cf", term = "\u53d8\u91cf", n = "\u89c2\u6d4b\u503c", nobs = "\u89c2\u6d4b\u503c",
    missing = "\u7f3a\u5931", mean = "\u5747\u503c", sd = "\u6807\u51c6\u5dee", min = "\u6700\u5c0f\u503c",
    p25 = "P25", median = "\u4e2d\u4f4d\u6570", p75 = "P75",
    max = "\u6700\u5927\u503c", sd.between = "\u7ec4\u95f4\u6807\u51c6\u5dee",
    sd.within = "\u7ec4\u5185\u6807\u51c6\u5dee", estimate = "\u4f30\u8ba1\u503c", std.error = "\u6807\u51c6\u8bef",
    statistic = "\u7edf\u8ba1\u91cf", df = "\u81ea\u7531\u5ea6", df2 = "\u81ea\u7531\u5ea6 2", p.value = "p \u503c",
    p.left = "\u5de6\u4fa7 p \u503c", p.right = "\u53f3\u4fa7 p \u503c",
    p.statistic = "p \u503c\uff08\u6309 t \u503c\uff09", conf.low = "\u7f6e\u4fe1\u4e0b\u9650",
    conf.high = "\u7f6e\u4fe1\u4e0a\u9650", draws = "\u62bd\u6837\u6b21\u6570", test = "\u68c0\u9a8c",
    critical = "\u4e34\u754c\u503c", indicator = "\u6307\u6807", dimension = "\u7ef4\u5ea6",
    direction = "\u65b9\u5411", entropy = "\u71b5\u503c", divergence = "\u5dee\u5f02\u7cfb\u6570",
    weight = "\u6743\u91cd", weight.within = "\u7ef4\u5ea6\u5185\u6743\u91cd", vif = "VIF", gvif = "GVIF",
    vif.within = "\u7ec4\u5185 VIF", gvif.within = "\u7ec4\u5185 GVIF", sample = "\u6837\u672c",
    bias = "\u6807\u51c6\u5316\u504f\u5dee (%)", reduction = "\u504f\u5dee\u964d\u5e45 (%)",
    variance.ratio = "\u65b9\u5dee\u6bd4", mean.treated = "\u5904\u7406\u7ec4\u5747\u503c",
    mean.control = "\u63a7\u5236\u7ec4\u5747\u503c", type = "\u7c7b\u578b", treated = "\u5904\u7406\u7ec4",
    control = "\u63a7\u5236\u7ec4", effect = "\u6548\u5e94", effects = "\u56fa\u5b9a\u6548\u5e94",
    period = "\u65f6\u671f", expected = "\u671f\u671b\u503c", variance = "\u65b9\u5dee", rows = "\u89c2\u6d4b\u503c",
    bound = "\u754c\u9650", method = "\u65b9\u6cd5", result = "\u7ed3\u679c", group = "\u7ec4\u522b",
    time = "\u65f6\u671f", negative = "\u8d1f\u6743\u91cd",
    lead = "\u63d0\u524d\u671f\u6570", left.out = "\u5254\u9664\u7ec4", specifications = "\u8bbe\u5b9a\u6570", failed = "\u5931\u8d25\u6570", reference = "\u57fa\u51c6",
    share.positive = "\u4e3a\u6b63\u6bd4\u4f8b", share.significant = "\u663e\u8457\u6bd4\u4f8b", share.same.sign = "\u540c\u53f7\u6bd4\u4f8b",
    share.same.sign.significant = "\u540c\u53f7\u4e14\u663e\u8457\u6bd4\u4f8b", cohort = "\u6279\u6b21", outcome = "\u88ab\u89e3\u91ca\u53d8\u91cf", units = "\u4e2a\u4f53\u6570",
    cells = "\u4e2a\u4f53-\u65f6\u671f\u6570", ring = "\u8ddd\u79bb\u73af", on.treated = "\u4f4d\u4e8e\u5904\u7406\u4e2a\u4f53", controls = "\u63a7\u5236\u7ec4\u89c2\u6d4b\u503c", se = "\u6807\u51c6\u8bef\u7c7b\u578b",
    distance = "\u8ddd\u79bb", units.dropped = "\u5254\u9664\u4e2a\u4f53\u6570", controls.left = "\u5269\u4f59\u63a7\u5236\u7ec4\u4e2a\u4f53\u6570", target = "\u76ee\u6807\u671f",
    open = "\u5f00\u653e\u7aef", violation = "\u8d8b\u52bf\u504f\u79bb", power = "\u529f\u6548", bayes.factor = "\u8d1d\u53f6\u65af\u56e0\u5b50",
    likelihood.ratio = "\u4f3c\u7136\u6bd4", delta = "delta", beta.star = "beta*", r.max = "R2 \u4e0a\u9650",
    estimate.short = "\u4f30\u8ba1\u503c\uff08\u65e0\u63a7\u5236\u53d8\u91cf\uff09", r2.short = "R2\uff08\u65e0\u63a7\u5236\u53d8\u91cf\uff09", r2.full = "R2\uff08\u6709\u63a7\u5236\u53d8\u91cf\uff09",
    partial.r2 = "\u504f R2", rv = "\u7a33\u5065\u6027\u503c", rv.alpha = "\u7a33\u5065\u6027\u503c\uff08\u663e\u8457\u6027\uff09",
    boot.std.error = "\u81ea\u52a9\u6cd5\u6807\u51c6\u8bef", percentile.low = "\u767e\u5206\u4f4d\u4e0b\u9650", percentile.high = "\u767e\u5206\u4f4d\u4e0a\u9650",
    bc.low = "\u504f\u5dee\u6821\u6b63\u4e0b\u9650", bc.high = "\u504f\u5dee\u6821\u6b63\u4e0a\u9650", p.permutation = "\u7f6e\u6362\u68c0\u9a8c p \u503c"
  )
}

# What the cells of their columns of names say.
value_words <- function(language) {
  words <- test_words()
  if (language == "zh") utils::modifyList(as.list(words), as.list(value_words_zh())) else as.list(words)
}

test_words <- function() {
  c(
    kp_lm = "Kleibergen-Paap rk LM", kp_f = "Kleibergen-Paap rk Wald F", anderson_lm = "Anderson canonical LM",
    cragg_donald = "Cragg-Donald Wald F", effective_f = "Effective F (Olea-Pflueger)", tf = "tF (Lee et al.)",
    anderson_rubin = "Anderson-Rubin F", anderson_rubin_chi2 = "Anderson-Rubin chi2", stock_wright = "Stock-Wright S",
    clr = "Conditional likelihood ratio", sargan = "Sargan", hansen_j = "Hansen J", durbin = "Durbin",
    wu_hausman = "Wu-Hausman F", endogeneity_c = "Endogeneity C", wooldridge = "Wooldridge score", lm_lag = "LM lag",
    lm_error = "LM error", robust_lm_lag = "Robust LM lag", robust_lm_error = "Robust LM error",
    lr_unit = "LR unit effects", lr_time = "LR time effects", lr_twoway = "LR two-way effects",
    wald_sdm_sar = "Wald SDM against SAR", lr_sdm_sar = "LR SDM against SAR", wald_sdm_sem = "Wald SDM against SEM",
    lr_sdm_sem = "LR SDM against SEM", hausman = "Hausman", mundlak = "Mundlak"
  )
}

value_words_zh <- function() {
  c(
    lr_unit = "LR \u4e2a\u4f53\u56fa\u5b9a\u6548\u5e94", lr_time = "LR \u65f6\u95f4\u56fa\u5b9a\u6548\u5e94",
    lr_twoway = "LR \u53cc\u5411\u56fa\u5b9a\u6548\u5e94", wald_sdm_sar = "Wald SDM \u4e0e SAR",
    lr_sdm_sar = "LR SDM \u4e0e SAR", wald_sdm_sem = "Wald SDM \u4e0e SEM", lr_sdm_sem = "LR SDM \u4e0e SEM",
    clr = "\u6761\u4ef6\u4f3c\u7136\u6bd4", effective_f = "\u6709\u6548 F\uff08Olea-Pflueger\uff09",
    tf = "tF\uff08Lee et al.\uff09", before = "\u5339\u914d\u524d", after = "\u5339\u914d\u540e",
    direct = "\u76f4\u63a5\u6548\u5e94", indirect = "\u95f4\u63a5\u6548\u5e94", total = "\u603b\u6548\u5e94",
    `earlier vs later` = "\u5148\u8bd5\u70b9\u4e0e\u540e\u8bd5\u70b9",
    `later vs earlier` = "\u540e\u8bd5\u70b9\u4e0e\u5148\u8bd5\u70b9",
    `treated vs never` = "\u8bd5\u70b9\u4e0e\u4ece\u672a\u8bd5\u70b9",
    `treated vs always` = "\u8bd5\u70b9\u4e0e\u59cb\u7ec8\u8bd5\u70b9", none = "\u65e0", unit = "\u4e2a\u4f53",
    time = "\u65f6\u95f4", `unit + time` = "\u4e2a\u4f53 + \u65f6\u95f4",
    lm_lag = "LM\uff08\u7a7a\u95f4\u6ede\u540e\uff09", lm_error = "LM\uff08\u7a7a\u95f4\u8bef\u5dee\uff09",
    robust_lm_lag = "\u7a33\u5065 LM\uff08\u7a7a\u95f4\u6ede\u540e\uff09", robust_lm_error = "\u7a33\u5065 LM\uff08\u7a7a\u95f4\u8bef\u5dee\uff09",
    anderson_lm = "Anderson \u5178\u578b\u76f8\u5173 LM", endogeneity_c = "\u5185\u751f\u6027\u68c0\u9a8c C", wooldridge = "Wooldridge \u5f97\u5206\u68c0\u9a8c",
    parallel_trends = "\u5e73\u884c\u8d8b\u52bf", relative_magnitudes = "\u76f8\u5bf9\u5e45\u5ea6", smoothness = "\u5e73\u6ed1\u6027", relative_smoothness = "\u76f8\u5bf9\u5e73\u6ed1\u6027",
    normal = "\u6b63\u6001\u8fd1\u4f3c", union = "\u5e76\u96c6", low = "\u4e0b\u7aef", high = "\u4e0a\u7aef", both = "\u4e24\u7aef", empty = "\u7a7a\u96c6",
    average = "\u5e73\u5747", weighted = "\u52a0\u6743\u5e73\u5747", `50% power` = "\u529f\u6548 50%", `80% power` = "\u529f\u6548 80%",
    path_a = "\u8def\u5f84 a", path_b = "\u8def\u5f84 b", share = "\u4e2d\u4ecb\u5360\u6bd4",
    own = "\u81ea\u8eab\u6548\u5e94", `treated to treated` = "\u5904\u7406\u4e2a\u4f53\u4e4b\u95f4\u7684\u6ea2\u51fa", `on treated` = "\u5bf9\u5df2\u5904\u7406\u4e2a\u4f53\u7684\u5408\u8ba1\u6548\u5e94",
    `treated to untreated` = "\u5bf9\u672a\u5904\u7406\u4e2a\u4f53\u7684\u6ea2\u51fa", difference = "\u5dee\u503c"
  )
}

# Estimators by their English labels; what is named after people keeps the name.
estimator_words_zh <- function() {
  c(
    TWFE = "\u53cc\u5411\u56fa\u5b9a\u6548\u5e94", `Imputation (BJS)` = "\u63d2\u8865\u4f30\u8ba1\uff08BJS\uff09",
    `Two-stage (Gardner)` = "\u4e24\u9636\u6bb5\u4f30\u8ba1\uff08Gardner\uff09",
    `Extended TWFE` = "\u6269\u5c55\u53cc\u5411\u56fa\u5b9a\u6548\u5e94",
    Stacked = "\u5806\u53e0\u53cc\u91cd\u5dee\u5206", `Local projections` = "\u5c40\u90e8\u6295\u5f71",
    `Efficient (Roth-Sant'Anna)` = "\u6709\u6548\u4f30\u8ba1\uff08Roth-Sant'Anna\uff09",
    `Synthetic DID` = "\u5408\u6210\u53cc\u91cd\u5dee\u5206"
  )
}

# Labels of spatial weights are put in Chinese piece by piece too; the pieces are regular expressions.
weights_words_zh <- function() {
  c(
    `^([0-9]+) nearest neighbors?` = "\\1 \u4e2a\u6700\u8fd1\u90bb", `^neighbors` = "\u90bb\u5c45",
    `^inverse distance` = "\u53cd\u8ddd\u79bb", `^inverse difference of ` = "\u7ecf\u6d4e\u8ddd\u79bb\u5012\u6570\uff1a",
    `^contiguity` = "\u90bb\u63a5", `^matrix of weights` = "\u6743\u91cd\u77e9\u9635",
    ` to the power ([0-9.]+)` = "\u7684 \\1 \u6b21\u5e42", ` up to ([0-9.]+( km)?)` = "\uff0c\\1 \u4ee5\u5185"
  )
}

# Remarks on tests hold numbers: they are put in Chinese piece by piece, longer pieces first where one begins
# like another.
remark_words <- function(language) {
  if (language == "en") return(c(`see effective_f` = "see the effective F"))
  c(
    `critical: Stock-Yogo, 10 % maximal size of 2SLS` = "\u4e34\u754c\u503c\uff1aStock-Yogo\uff0c2SLS \u6700\u5927 10% \u6c34\u5e73\u626d\u66f2",
    `no Stock-Yogo size value for these numbers of variables` = "\u8be5\u53d8\u91cf\u4e2a\u6570\u4e0b\u65e0 Stock-Yogo \u4e34\u754c\u503c",
    `; it assumes iid errors, see effective_f` = "\uff0c\u5176\u5047\u5b9a\u8bef\u5dee\u72ec\u7acb\u540c\u5206\u5e03\uff0c\u53e6\u89c1\u6709\u6548 F",
    `; so does the statistic` = "\uff1b\u7edf\u8ba1\u91cf\u4ea6\u7136",
    `assumes iid errors` = "\u5047\u5b9a\u8bef\u5dee\u72ec\u7acb\u540c\u5206\u5e03",
    `equals Sargan's statistic of 2SLS under iid errors` = "\u72ec\u7acb\u540c\u5206\u5e03\u8bef\u5dee\u4e0b\u7b49\u4e8e Sargan \u7edf\u8ba1\u91cf",
    `critical: 10 % bias of 2SLS, level 5 %, this covariance (whatever the coefficient and covariance: ` = "\u4e34\u754c\u503c\uff1a2SLS \u504f\u8bef 10%\uff0c\u6c34\u5e73 5%\uff0c\u6309\u672c\u534f\u65b9\u5dee (\u5bf9\u4efb\u610f\u7cfb\u6570\u4e0e\u534f\u65b9\u5dee\uff1a",
    `adjusted standard error ` = "\u8c03\u6574\u540e\u6807\u51c6\u8bef ",
    `, 95 % interval ` = "\uff0c95% \u533a\u95f4 ",
    `first-stage F below 3.84: the interval is the whole line` = "\u7b2c\u4e00\u9636\u6bb5 F \u4f4e\u4e8e 3.84\uff1a\u7f6e\u4fe1\u533a\u95f4\u4e3a\u6574\u6761\u5b9e\u6570\u8f74",
    `no spatial lag, an error allowed` = "\u65e0\u7a7a\u95f4\u6ede\u540e\uff08\u5141\u8bb8\u7a7a\u95f4\u8bef\u5dee\uff09",
    `no spatial error, a lag allowed` = "\u65e0\u7a7a\u95f4\u8bef\u5dee\uff08\u5141\u8bb8\u7a7a\u95f4\u6ede\u540e\uff09",
    `no unit and no time effects` = "\u65e0\u4e2a\u4f53\u4e0e\u65f6\u95f4\u6548\u5e94",
    `no spatial lag` = "\u65e0\u7a7a\u95f4\u6ede\u540e",
    `no spatial error` = "\u65e0\u7a7a\u95f4\u8bef\u5dee",
    `no unit effects` = "\u65e0\u4e2a\u4f53\u6548\u5e94",
    `no time effects` = "\u65e0\u65f6\u95f4\u6548\u5e94",
    `many parameters under the alternative: read with care` = "\u5907\u62e9\u5047\u8bbe\u4e0b\u53c2\u6570\u4f17\u591a\uff0c\u5e94\u8c28\u614e\u89e3\u8bfb",
    `theta = 0: the Durbin model is a spatial lag model` = "theta = 0\uff0c\u675c\u5bbe\u6a21\u578b\u9000\u5316\u4e3a\u7a7a\u95f4\u6ede\u540e\u6a21\u578b",
    `theta + rho beta = 0: the Durbin model is a spatial error model` = "theta + rho beta = 0\uff0c\u675c\u5bbe\u6a21\u578b\u9000\u5316\u4e3a\u7a7a\u95f4\u8bef\u5dee\u6a21\u578b",
    `unit effects are random, given the regressors' means` = "\u7ed9\u5b9a\u89e3\u91ca\u53d8\u91cf\u5747\u503c\uff0c\u4e2a\u4f53\u6548\u5e94\u4e3a\u968f\u673a\u6548\u5e94",
    `unit effects are random` = "\u4e2a\u4f53\u6548\u5e94\u4e3a\u968f\u673a\u6548\u5e94"
  )
}
