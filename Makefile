# `make help` explains every target. All of them work from a clean checkout.
RSCRIPT ?= Rscript
R ?= R
JOBS ?= 2
# For the makes that R starts; this one goes step by step.
BUILD = MAKEFLAGS=-j$(JOBS) R_MAKEVARS_USER=$(CURDIR)/tools/makevars EIGEN_WARNINGS=-Wno-ignored-attributes

.DEFAULT_GOAL := help
.PHONY: help deps install replicate test test-r test-cpp coverage check bench document format site clean

help: ## Show this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*##/\t/' | expand -t 12

deps: ## Install the packages that are missing
	@$(BUILD) $(RSCRIPT) tools/deps.R

install: deps ## Install the package
	@$(BUILD) $(R) CMD INSTALL --no-test-load .

replicate: install ## Run the study on the shipped data: tables and figures in results/
	@$(RSCRIPT) replication/run.R

test: test-cpp test-r ## Run all tests (the core on its own, then the package)

test-r: install ## Run the tests of the package
	@$(RSCRIPT) tools/test.R

test-cpp: deps ## Run the tests of the C++ core, without R
	@JOBS=$(JOBS) sh tools/test-cpp.sh

coverage: deps ## Report the lines of R and C++ that the tests reach
	@$(RSCRIPT) tools/deps.R covr
	@$(BUILD) $(RSCRIPT) tools/coverage.R

check: deps ## R CMD check as CRAN runs it
	@$(BUILD) EIGEN_WARNINGS= sh tools/check.sh

bench: install ## Time the package against the peers that are installed
	@$(RSCRIPT) bench/run.R

document: deps ## Rebuild NAMESPACE, man/ and the Rcpp glue
	@$(RSCRIPT) tools/deps.R roxygen2
	@$(BUILD) $(RSCRIPT) tools/document.R

format: ## Format the C++ code
	@clang-format -i inst/include/pilotdid/*.hpp src/convert.* src/[a-z]*.cpp tests/cpp/*.cpp

site: install ## Build the web site into docs/
	@$(RSCRIPT) tools/deps.R pkgdown rmarkdown
	@$(RSCRIPT) -e 'options(pkgdown.internet = FALSE); pkgdown::build_site(preview = FALSE, install = FALSE)'

clean: ## Remove what the targets above made
	@rm -rf check results docs tests/cpp/run src/*.o src/*.so
