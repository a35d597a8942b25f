# NAMESPACE, man/ and the Rcpp glue from their sources.
if (!file.exists("NAMESPACE")) file.create("NAMESPACE")
Rcpp::compileAttributes(".")
roxygen2::roxygenise(".")
