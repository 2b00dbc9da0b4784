#!/usr/bin/env bash
# vpr features: arrays and pictures.
. "$(dirname "$0")/lib.sh"
a=$data/flite-slt-1.flac

python3 "$here/make_audio.py" audio
for kind in mel logmel db; do
  ok "$vpr" features audio/good.wav --no-trim --kind "$kind" -o "$kind.npy"
  check "npy('$kind.npy')[0] == (128, 126)"
done
check 'min(map(min, npy("mel.npy")[1])) >= 0'
check 'max(map(max, npy("db.npy")[1])) == 0 and min(map(min, npy("db.npy")[1])) >= -80'
check 'all(abs(math.log(max(x, 1e-6)) - y) < 1e-4 for r, s in zip(npy("mel.npy")[1], npy("logmel.npy")[1]) for x, y in zip(r, s))'

# Trimming takes the silence from both ends.
ok "$vpr" features "$a" -o trimmed.npy
ok "$vpr" features "$a" --no-trim -o whole.npy
check 'npy("trimmed.npy")[0][1] < npy("whole.npy")[0][1]'

# From standard input, to a name in UTF-8, with a picture.
"$vpr" features - --no-trim -o '李达康 1.npy' --plot '李达康 1.png' < audio/good.wav
cmp '李达康 1.npy' mel.npy || fail "standard input gave other features"
[ "$(head -c 8 '李达康 1.png' | od -An -tx1 | tr -d ' ')" = 89504e470d0a1a0a ] || fail "not a PNG"

for file in audio/*.wav; do
  [ "$file" != audio/good.wav ] || continue
  refused "$vpr" features "$file" -o bad.npy
  says "$file" err
  [ ! -e bad.npy ] || fail "features of $file left an output"
done
