#!/usr/bin/env bash
# Which lines of src and include the tests run: builds with gcov's counters, runs the tests and prints
# a line a module and the whole.
# Usage: scripts/coverage.sh [--unit]
#   --unit    without the end-to-end tests of the program (label cli)
# The report by file: build/coverage/report.csv. Needs gcovr, which is installed as other packages are.
set -euo pipefail
# shellcheck source=scripts/common.sh
. "$(dirname "$0")/common.sh"
leave_out=()
case "${1-}" in
  '') ;;
  --unit) leave_out=(-LE cli) ;;
  *)
    echo "coverage.sh: unknown argument $1; usage: scripts/coverage.sh [--unit]" >&2
    exit 2
    ;;
esac
scripts/install-packages.sh build test coverage
if command -v mold > /dev/null; then export LDFLAGS="${LDFLAGS-} -fuse-ld=mold"; fi
cmake --preset coverage
cmake --build --preset coverage -j "$(build_jobs)"
find build/coverage -name '*.gcda' -delete
# Failures are for scripts/test.sh; here it counts what ran.
ctest --preset coverage -j 2 "${leave_out[@]}" || echo "coverage.sh: some tests failed" >&2

report=build/coverage/report.csv
gcovr --root . --object-directory build/coverage --filter src/ --filter include/ --exclude-throw-branches \
  --gcov-ignore-parse-errors --csv -o "$report"
python3 - "$report" << 'PYTHON'
import collections
import csv
import sys

modules = collections.defaultdict(lambda: [0, 0])
with open(sys.argv[1], newline="") as file:
    for row in csv.DictReader(file):
        part = row["filename"].split("/")
        for name in ("all", part[1] if part[0] == "src" else part[2]):
            modules[name][0] += int(row["line_covered"])
            modules[name][1] += int(row["line_total"])
for name, (ran, total) in sorted(modules.items()):
    if total:
        print(f"{name:14} {ran:6} of {total:6} lines, {100 * ran / total:5.1f} %")
PYTHON
