# The state panel of Cheng and Hoekstra (2013) as the package `bacondecomp`
# carries it (MIT License, Copyright (c) 2019 Evan Flack).
# Needs: install.packages("bacondecomp")
source("data-raw/functions.R")

castle <- bacondecomp::castle
# 44 region-by-year dummies and 51 state trends: a formula writes them anew.
made_from_others <- grepl("^r20[0-9]{3}$|^trend_[0-9]+$", names(castle))
castle <- tibble::as_tibble(castle[!made_from_others])
save_data(castle)
