#!/usr/bin/env bash
# vpr model info, quantize, fuse.
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
check 'j["weight_type"] == "int8" and j["format_version"] == 4'
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

# In float16: half the space, nearly the same embeddings.
ok "$vpr" model quantize --type float16 "$model" -o half.vpr
[ "$(stat -c %s half.vpr)" -lt $((size * 3 / 4)) ] || fail "the float16 model is hardly smaller"
ok "$vpr" -q embed --model half.vpr "$data"/*.flac -o half.npy
check 'all(0.9999 < sum(x * y for x, y in zip(a, b)) < 1.0001 for a, b in zip(npy("half.npy")[1], npy("'"$(basename "$model")"'.npy")[1]))'
usage_error "$vpr" model quantize --type float64 "$model" -o x.vpr

# Two networks as one: the embeddings of both, each of length 1, one after the other.
ok "$vpr" model fuse "$model" half.vpr -o fusion.vpr
ok "$vpr" model info fusion.vpr --json
check 'j["architecture"] == "fusion" and [p["architecture"] for p in j["parts"]] == ["resnet", "resnet"]'
check 'j["embedding_dim"] == sum(p["embedding_dim"] for p in j["parts"]) and j["decision"]["basis"] == ""'
ok "$vpr" -q embed --model fusion.vpr "$data"/*.flac -o fusion.npy
check 'all(abs(y - x / 2 ** 0.5) < 1e-5 for a, b in zip(npy("'"$(basename "$model")"'.npy")[1], npy("fusion.npy")[1]) for x, y in zip(a, b))'
check 'all(abs(y - x / 2 ** 0.5) < 1e-5 for a, b in zip(npy("half.npy")[1], npy("fusion.npy")[1]) for x, y in zip(a, b[len(a):]))'

# Of weights of their own, which are not in one graph.
ok "$vpr" model fuse "$model" half.vpr --weights 1,3 -o weighted.vpr
ok "$vpr" model info weighted.vpr --json
check 'j["format_version"] == 7 and [p.get("weight") for p in j["parts"]] == [1 / 3, None]'
ok "$vpr" -q embed --model weighted.vpr "$data"/*.flac -o weighted.npy
check 'all(abs(y - x / 2) < 1e-5 for a, b in zip(npy("'"$(basename "$model")"'.npy")[1], npy("weighted.npy")[1]) for x, y in zip(a, b))'
refused "$vpr" model export weighted.vpr --onnx x.onnx
says 'weights of their own' err
refused "$vpr" model fuse "$model" half.vpr --weights 1 -o x.vpr
refused "$vpr" model fuse "$model" half.vpr --weights 1,-1 -o x.vpr

# And each of them again.
ok "$vpr" model part fusion.vpr --number 2 -o second.vpr
ok "$vpr" -q embed --model second.vpr "$data"/*.flac -o second.npy
check 'npy("second.npy")[1] == npy("half.npy")[1]'
refused "$vpr" model part fusion.vpr --number 3 -o x.vpr
says 'networks 1 to 2, not 3' err
refused "$vpr" model part "$model" -o x.vpr
says 'not a fusion' err
usage_error "$vpr" model part fusion.vpr
[ ! -e x.vpr ] || fail "a part that failed left a file"
refused "$vpr" model fuse fusion.vpr half.vpr -o x.vpr
says 'fusion itself' err
usage_error "$vpr" model fuse "$model" -o x.vpr
[ ! -e x.vpr ] || fail "a fuse that failed left a file"
