# 500 random draws of the treated cities, placebo dates, each cohort left out, wild bootstrap by province.
random <- placebo(main_fit, draws = 500, seed = 2016)
print(random)
save_table(tidy(random), "placebo")
save_figure("placebo", function() plot(random))

early <- placebo_time(main_fit, leads = 1:3)
print(early)
save_table(tidy(early), "placebo-time")

without <- leave_one_out(main_fit, by = "cohort")
print(without)
save_table(tidy(without), "leave-one-out")

wild <- wild_bootstrap(main_fit, "status", cluster = ~province, seed = 2016)
print(wild)
save_table(tidy(wild), "wild-bootstrap")
