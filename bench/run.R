# All benchmarks whose peers are installed, one after the other. Tables go into bench/results.md by hand.
for (script in list.files("bench", "^bench-.*[.]R$", full.names = TRUE)) {
  message("\n== ", script)
  status <- system2(file.path(R.home("bin"), "Rscript"), script)
  if (status != 0L) message(script, " did not finish")
}
