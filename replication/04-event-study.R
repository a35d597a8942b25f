# Parallel trends and dynamic effects.
event <- event_study(main_fit, window = c(-4, 7), bin = TRUE)
print(event)
save_table(tidy(event), "event-study")
save_table(glance(event), "event-study-tests")
save_figure("event-study", function() plot(event))
