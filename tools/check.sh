#!/bin/sh
# Builds the tarball and checks it as CRAN does. Fails on any error, warning or note.
set -e
Rscript tools/deps.R
rm -rf check && mkdir check
# What is switched off depends on the machine, not on the package: the incoming queue and the clock
# need a network, and the manual needs LaTeX. The code alone takes 5 MB (compiled core and byte code);
# there is no PDF for qpdf to shrink.
export _R_CHECK_CRAN_INCOMING_=false _R_CHECK_SYSTEM_CLOCK_=0 _R_CHECK_PKG_SIZES_THRESHOLD_=10 R_QPDF=true \
  _R_CHECK_FORCE_SUGGESTS_=false _R_CHECK_DEPENDS_ONLY_=${DEPENDS_ONLY:-false}
# Suggested packages that are missing are looked up in CRAN's list of maintainers, which mirrors need
# not have: an empty list stands in.
web=$(mktemp -d)
mkdir -p "$web/web/packages"
Rscript -e 'saveRDS(data.frame(Package = character(), Maintainer = character()), commandArgs(TRUE))' "$web/web/packages/packages.rds"
export R_CRAN_WEB="file://$web"
(cd check && R CMD build ..)
(cd check && R CMD check --as-cran --no-manual pilotdid_*.tar.gz)
size=$(du -k check/pilotdid_*.tar.gz | cut -f1)
[ "$size" -lt 5120 ] || { echo "the tarball has $size KB: more than 5 MB"; exit 1; }
# Packages that are only suggested may be missing on a machine; the note that says so is no other.
log=check/pilotdid.Rcheck/00check.log
grep -q "^Status: OK" "$log" || {
  grep -q "^Status: 1 NOTE" "$log" && grep -A1 "NOTE$" "$log" | grep -q "suggested but not available"
}
