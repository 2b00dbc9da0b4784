#!/usr/bin/env bash
# Installs the packages, builds with warnings as errors, runs every test and checks the style of the
# sources. May be run again at any time.
# Usage: scripts/test.sh [--clang] [--sanitize]
#   --clang      then builds what needs no LibTorch with Clang too, its warnings errors as well, and runs the unit
#                tests of that under its address and undefined-behaviour sanitizers
#   --sanitize   all tests also under GCC's address and undefined-behaviour sanitizers
set -euo pipefail
# shellcheck source=scripts/common.sh
. "$(dirname "$0")/common.sh"
presets=(dev)
for argument in "$@"; do
  case "$argument" in
    --sanitize) presets+=(asan-ubsan) ;;
    --clang) presets+=(clang) ;;
    *)
      echo "test.sh: unknown argument $argument; usage: scripts/test.sh [--clang] [--sanitize]" >&2
      exit 2
      ;;
  esac
done
groups=(build test)
case " ${presets[*]} " in *' clang '*) groups+=(clang) ;; esac
scripts/install-packages.sh "${groups[@]}"
# Links in a fraction of the time, and what it writes is hardened as well (test `hardening`).
if command -v mold > /dev/null; then export LDFLAGS="${LDFLAGS-} -fuse-ld=mold"; fi

failed=()
# Formatters of other versions differ in details, so only the one the sources were formatted with
# may complain.
style_version=14
if ! clang-format --version | grep -q "version $style_version\."; then
  echo "Style: not checked, clang-format $style_version is not installed"
elif ! git rev-parse --is-inside-work-tree > /dev/null 2>&1; then
  echo "Style: not checked, this is not a git checkout"
elif git ls-files -z '*.cc' '*.h' | xargs -0 clang-format --dry-run --Werror; then
  echo "Style: clean"
else
  failed+=("style (clang-format -i the files above)")
fi

for preset in "${presets[@]}"; do
  echo "== $preset: configure and build"
  cmake --preset "$preset"
  cmake --build --preset "$preset" -j "$(build_jobs)"
  echo "== $preset: tests"
  ctest --preset "$preset" -j 2 || failed+=("tests of preset $preset")
done

for what in "${failed[@]}"; do echo "test.sh: FAILED: $what" >&2; done
[ ${#failed[@]} -eq 0 ]
