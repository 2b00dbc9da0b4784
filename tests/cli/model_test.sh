#!/usr/bin/env bash
# vpr model info.
. "$(dirname "$0")/lib.sh"
model=$1

ok "$vpr" model info "$model" --json
check 'j["architecture"] == "resnet" and j["embedding_dim"] > 0 and j["weights"] > 0'
check 'j["training"]["speakers"] == 4 and j["training"]["utterances"] == 15 and j["features"]["n_mels"] == 128'
check 'len(j["fingerprint"]) == 32 and j["decision"]["basis"] != ""'
ok env VPR_MODEL="$model" "$vpr" model info
for line in 'architecture +resnet' 'features\.n_fft +[0-9]+' 'training\.hours +0\.0[0-9]+' \
  'decision\.threshold +-?[0-9.]+' 'fingerprint +[0-9a-f]{32}'; do
  says "^$line$" out
done

# Damage anywhere is noticed.
size=$(stat -c %s "$model")
for offset in 0 9 40 $((size / 2)) $((size - 1)); do
  cp "$model" damaged.vpr
  byte=$(od -An -tu1 -j "$offset" -N 1 damaged.vpr)
  printf "%b" "\\x$(printf %x $((byte ^ 4)))" | dd of=damaged.vpr bs=1 seek="$offset" conv=notrunc status=none
  refused "$vpr" model info damaged.vpr
  says 'damaged\.vpr' err
done
head -c $((size - 1)) "$model" > cut.vpr
refused "$vpr" model info cut.vpr
refused "$vpr" model info "$data"

# In int8: a smaller file that gives nearly the same embeddings, and stays what it is when saved again.
ok "$vpr" model quantize "$model" -o int8.vpr
[ "$(stat -c %s int8.vpr)" -lt $((size / 2)) ] || fail "the int8 model is not half as large"
ok "$vpr" model info int8.vpr --json
check 'j["int8"] and j["format_version"] == 4'
cp out int8
ok "$vpr" model quantize int8.vpr -o again.vpr
cmp int8.vpr again.vpr
for name in "$model" int8.vpr; do
  ok "$vpr" -q embed --model "$name" "$data"/*.flac -o "$(basename "$name").npy"
done
check 'all(0.99 < sum(x * y for x, y in zip(a, b)) < 0.9999999 for a, b in zip(npy("int8.vpr.npy")[1], npy("'"$(basename "$model")"'.npy")[1]))'
usage_error "$vpr" model quantize "$model"
refused "$vpr" model quantize cut.vpr -o x.vpr
[ ! -e x.vpr ] || fail "a quantize that failed left a file"
