#!/usr/bin/env bash
# From a fresh Debian or Ubuntu to two voices compared: installs the packages, builds
# build/release/bin/vpr and compares sample recordings. May be run again at any time.
set -euo pipefail
# shellcheck source=scripts/common.sh
. "$(dirname "$0")/common.sh"
scripts/install-packages.sh build

echo "Building build/release/bin/vpr (a few minutes the first time)"
log=build/quickstart.log
mkdir -p build
if ! { cmake --preset release -DVPR_BUILD_TESTS=OFF && cmake --build --preset release -j "$(build_jobs)"; } \
  > "$log" 2>&1; then
  tail -n 40 "$log" >&2
  echo "quickstart.sh: the build failed; all its output is in $log" >&2
  exit 1
fi

compare() {
  echo
  echo "$1:"
  echo "\$ build/release/bin/vpr compare $2 $3"
  build/release/bin/vpr compare "$2" "$3"
}
compare "The same voice, other words" data/flite-slt-1.flac data/flite-slt-2.flac
compare "Two voices, the same words" data/flite-slt-1.flac data/flite-rms-1.flac
compare "The first voice again, from a 44.1 kHz stereo MP3" data/flite-slt-1.flac data/flite-slt-5.mp3
