#!/usr/bin/env bash
# What cmake --install gives works from anywhere. Further arguments: cmake, the build folder, a Python if the
# package was built for one.
. "$(dirname "$0")/lib.sh"
cmake=$1 build=$2 python=${3-}

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

# The library, from C and C++: found by CMake and pkg-config, it finds its engine and model beside itself,
# and says what the program says.
[ -e "$data/../models/default.vpr" ] || exit 0
ok "$cmake" --install "$build" --prefix "$work/a prefix"
ok "$cmake" -S "$here/../../examples" -B examples -DCMAKE_PREFIX_PATH="$work/a prefix" -DCMAKE_BUILD_TYPE=Debug
ok "$cmake" --build examples
a=$data/flite-slt-1.flac
for b in "$data/flite-slt-2.flac" "$data/flite-rms-1.flac"; do
  [ -e "$b" ] || fail "no recording $b"
  ok vpr compare --json "$a" "$b"
  cp out of_the_program
  for example in compare_c compare_cc; do
    ok "$work/examples/$example" "$a" "$b"
    cp out of_the_example
    python3 - <<'PY' || fail "$example says something else: $(cat of_the_example)"
import json, sys
score, decision = open("of_the_example").read().rstrip("\n").split(" ", 1)
said = json.load(open("of_the_program"))
sys.exit(abs(float(score) - said["score"]) > 1e-6 or decision != said["decision"])
PY
  done
done
ok "$work/examples/identify_c" voices.db "$data/flite-slt-4.flac" slt "$a" "$data/flite-slt-2.flac"
cp out of_the_example
ok vpr identify --db voices.db "$data/flite-slt-4.flac" --json
python3 - <<'PY' || fail "identify_c says something else: $(cat of_the_example)"
import json, sys
name, score, threshold = open("of_the_example").read().split()
said = json.load(open("out"))
sys.exit(name != said["decision"] or abs(float(score) - said["candidates"][0]["score"]) > 1e-6
         or abs(float(threshold) - said["threshold"]) > 1e-6)
PY
run "$work/examples/compare_c" "$a" nowhere.wav
expect_status 1 compare_c
says "nowhere.wav" err
run env VPR_HOME="$work/elsewhere" "$work/examples/compare_c" "$a" "$a"
expect_status 1 compare_c
says "no model found: looked for .*elsewhere/share/vpr/models/default.vpr" err
packages="$work/a prefix/lib/python3/dist-packages"
if [ -n "$python" ] && [ -e "$packages/vpr" ] && "$python" -c "import numpy" 2> /dev/null; then
  export PYTHONPATH=$packages PYTHONDONTWRITEBYTECODE=1
  ok "$python" "$here/../../examples/who.py" python.db "$data/flite-slt-4.flac" slt "$a" "$data/flite-slt-2.flac" \
    -- rms "$data/flite-rms-1.flac" "$data/flite-rms-2.flac"
  says '^slt 2 enrolled, 0 left out$' out
  says '^slt [0-9.]+ [0-9.]+$' out
  says '^float32 \([0-9]+,\) 1\.000$' out
else
  echo "the Python example is SKIPPED: no package was built, or there is no NumPy" >&2
fi
if command -v pkg-config > /dev/null; then
  pc=$(dirname "$(find "$work/a prefix" -name vpr.pc)")
  flags=$(PKG_CONFIG_PATH=$pc pkg-config --cflags --libs vpr)
  eval "cc '$here/../../examples/compare.c' -o by_pkg_config $flags" || fail "pkg-config: $flags"
  ok env LD_LIBRARY_PATH="$(dirname "$pc")" ./by_pkg_config "$a" "$a"
fi
# What it exports is ours: nothing of the libraries that it is made with.
nm -D --defined-only "$(find "$work/a prefix" -name 'libvpr.so')" | awk '$2 != "A" {print $3}' > symbols
[ "$(grep -c . symbols)" -gt 40 ] || fail "libvpr.so exports too little"
! grep -vE '^(vpr_[a-z_]+|_ZT[ISV]N3vpr5ErrorE|_ZN(K)?3vpr[0-9A-Z].*)@@VPR_0$' symbols || fail "exported by chance"
[ -s "$work/a prefix/share/man/man1/vpr-identify.1.gz" ] || fail "no manual pages installed"
