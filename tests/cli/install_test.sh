#!/usr/bin/env bash
# What cmake --install gives works from anywhere. Further arguments: cmake, the build folder.
. "$(dirname "$0")/lib.sh"
cmake=$1 build=$2

ok "$cmake" --install "$build" --prefix "$work/a prefix"
mkdir bin
ln -s "$work/a prefix/bin/vpr" bin/vpr
PATH=$work/bin:$PATH
cd /
out=$(vpr --version) || { echo "FAILED: the installed program does not run" >&2; exit 1; }
case "$out" in vpr\ *) ;; *) echo "FAILED: unexpected version: $out" >&2; exit 1 ;; esac
cd "$work"
installed_model="$work/a prefix/share/vpr/models/default.vpr"
if [ -e "$installed_model" ]; then
  ok vpr model info
  says '^model +.*a prefix/' out
  ok vpr compare "$data/flite-slt-1.flac" "$data/flite-slt-2.flac"
  # Without it none is taken from where the program was built.
  rm "$installed_model"
  refused vpr model info
  says 'no model found: looked for .*a prefix/' err
fi
