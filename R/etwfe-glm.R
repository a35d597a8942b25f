# The extended regression for counts and for binary outcomes.
fit_etwfe_glm <- function(design, data, vcov, ssc, call, frame, family, shares, options) stop("later")
