# The estimate under every way of building the index, and with the weights estimated anew in each draw.
curve <- index_robustness(two_way_formula("index", "status", controls, "code", "year"), raw, dimensions,
  draws = 199, seed = 1
)
print(curve)
save_table(tidy(curve), "index-robustness")
save_figure("index-robustness", function() plot(curve), 1400, 1100)
