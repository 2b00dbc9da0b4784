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

# Acoustic features: shapes, tables, statistics, rates.
ok "$vpr" features "$a" --no-trim --kind mfcc --n-mfcc 13 -o mfcc.npy
ok "$vpr" features "$a" --no-trim --kind mfcc --n-mfcc 13 -o mfcc.csv
check 'open("mfcc.csv").readline().split(",")[:3] == ["time", "mfcc_0", "mfcc_1"]'
check 'len(open("mfcc.csv").readlines()) == 1 + npy("mfcc.npy")[0][1]'
check 'all(abs(float(line.split(",")[5]) - x) < 1e-4 for line, x in zip(open("mfcc.csv").readlines()[1:], npy("mfcc.npy")[1][4]))'
ok "$vpr" features "$a" --no-trim --kind mfcc,chroma_stft,rms --stats -o stats.npy --json
check 'j["shape"] == [1, 132] and j["columns"][:4] == ["mfcc_0_mean", "mfcc_0_std", "mfcc_0_min", "mfcc_0_max"]'
check 'j["columns"][-1] == "rms_max" and npy("stats.npy")[0] == (1, 132)'
check 'all(abs(x - y) < 1e-4 for x, y in zip(j["values"], npy("stats.npy")[1][0]))'
check 'abs(j["values"][4] - sum(npy("mfcc.npy")[1][1]) / len(npy("mfcc.npy")[1][1])) < 1e-3'
ok "$vpr" features "$a" --no-trim --kind summary -o summary.csv
check 'len(open("summary.csv").readlines()) == 2 and open("summary.csv").readline().count(",") == 32'
ok "$vpr" features "$a" --no-trim --kind summary --json
check 'len(j["values"]) == 33 and j["columns"][-1] == "energy"'
ok "$vpr" features "$a" --no-trim --kind centroid --rate file --json
check 'j["sample_rate"] == 16000'
ok "$vpr" features "$a" --no-trim --kind centroid --rate 44100 --json
check 'j["sample_rate"] == 44100 and abs(j["shape"][1] - (1 + j["seconds"] * 44100 // 256)) <= 1'
usage_error "$vpr" features "$a" --kind pitch
says "pitch.*expected one of mfcc" err
usage_error "$vpr" features "$a" --kind contrast --rate 8000
says '12800' err
usage_error "$vpr" features "$a" --kind mfcc --plot x.png
usage_error "$vpr" features "$a" --rate fast
refused "$vpr" features audio/silent.wav --kind mfcc --stats -o bad.csv
[ ! -e bad.csv ] || fail "a silent file left an output"
