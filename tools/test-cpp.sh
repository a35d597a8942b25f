#!/bin/sh
# Compiles and runs the tests of the core. Catch is the single header that testthat carries.
set -e
flags=$(Rscript -e 'cat(paste0("-isystem ", shQuote(system.file("include", package = "RcppEigen")), " -isystem ", shQuote(system.file("include/testthat/vendor", package = "testthat"))))')
cxx=$(R CMD config CXX)
mkdir -p tests/cpp/run
export compile="$cxx -std=c++14 -O1 -Wall -Wextra -fopenmp -DEIGEN_DONT_PARALLELIZE -Iinst/include $flags"
ls tests/cpp/*.cpp | xargs -P "${JOBS:-2}" -I {} sh -c 'eval "$compile -c {} -o tests/cpp/run/$(basename {} .cpp).o"'
eval "$cxx -fopenmp tests/cpp/run/*.o -o tests/cpp/run/core"
tests/cpp/run/core
