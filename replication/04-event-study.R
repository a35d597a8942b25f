# Parallel trends and dynamic effects.
event <- event_study(main_fit, window = c(-4, 7), bin = TRUE)
print(event)
save_table(tidy(event), "event-study")
save_table(glance(event), "event-study-tests")
save_figure("event-study", function() plot(event))

# How large may violations of parallel trends be before the conclusion fails, and which trends would the
# test of earlier effects have found?
honest <- honest_did(event_study(main_fit), bound = c(0.5, 1, 1.5, 2))
print(honest)
save_table(tidy(honest), "honest-did")
save_figure("honest-did", function() plot(honest))
power <- pretrend_power(event_study(main_fit))
print(power)
save_table(tidy(power), "pretrend-power")
