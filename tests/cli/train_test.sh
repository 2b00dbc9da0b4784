#!/usr/bin/env bash
# From recordings to a model: pack, train, resume. Leaves the model at the path given as the third
# argument.
. "$(dirname "$0")/lib.sh"
model=$1

# The voice of flite-slt-1.flac is flite-slt.
for file in "$data"/*.flac; do
  name=$(basename "$file" .flac)
  printf '%s\t%s\n' "$file" "${name%-*}"
done > voices.tsv
ok "$vpr" --quiet pack voices.tsv -o voices --dev-speakers 3
small=(--epochs 3 --crops-per-epoch 192 --batch-size 8 --lr 0.02 --seed 1 --threads 1)
ok "$vpr" --quiet train voices -o voices.vpr "${small[@]}" --json
check '0 <= j["eer"] < 0.45 and j["epochs"] == 3 and not j["interrupted"]'
ok "$vpr" --quiet train --resume voices.vpr.run --epochs 4 --json
check 'j["epochs"] == 4'
[ "$(grep -c '^[0-9]' voices.vpr.run/metrics.csv)" -eq 4 ] || fail "expected 4 epochs in metrics.csv"
cp voices.vpr "$model"

# A copied run folder writes to its own model, not to the one that its config.toml names.
before=$(sha256sum < voices.vpr)
mkdir copies
cp -r voices.vpr.run copies/other.vpr.run
ok "$vpr" --quiet train --resume copies/other.vpr.run/ --epochs 5 --json
check 'j["epochs"] == 5 and j["model"].endswith("/copies/other.vpr")'
[ -s copies/other.vpr ] || fail "the copied run wrote no model"
cp -r voices.vpr.run copies/run
refused "$vpr" --quiet train --resume copies/run --epochs 5
says 'copies/run.*-o MODEL' err
ok "$vpr" --quiet train --resume copies/run -o copies/third.vpr --epochs 5 --json
check 'j["epochs"] == 5 and j["model"].endswith("/copies/third.vpr")'
[ "$(sha256sum < voices.vpr)" = "$before" ] || fail "resuming a copy changed the original model"

# From a model, or the network of a fusion that is of the kind to train.
ok "$vpr" model fuse voices.vpr voices.vpr -o fusion.vpr
ok "$vpr" --quiet train voices -o further.vpr --init-from fusion.vpr "${small[@]:2}" --epochs 1 --json
check 'j["epochs"] == 1'
refused "$vpr" --quiet train voices -o x.vpr --init-from fusion.vpr --arch ecapa --batch-size 8
says 'fusion\.vpr' err

# Data a network cannot learn from is refused before the first step.
head -n 4 voices.tsv > one.tsv
ok "$vpr" --quiet pack one.tsv -o one
refused "$vpr" --quiet train one -o one.vpr --hold-out 0
[ ! -e one.vpr ] || fail "a refused training left a model"
refused "$vpr" --quiet train voices -o x.vpr --batch-size 100000
refused "$vpr" --quiet train no-such-set -o x.vpr
says 'no-such-set' err
refused "$vpr" --quiet train voices -o x.vpr --arch no-such-network
says 'no-such-network' err
