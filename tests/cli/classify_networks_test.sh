#!/usr/bin/env bash
# vpr classify with networks: mlp, cnn, and speaker embeddings of the model given.
. "$(dirname "$0")/lib.sh"
model=$1

ok "$vpr" classify synth emotions --count 10
ok "$vpr" --quiet classify train emotions -o mlp.vpc --classifier mlp --folds 2 --json
check 'j["test"]["accuracy"] > 0.5 and j["settings"]["epochs"] == 100'
ok "$vpr" --quiet classify train emotions -o again.vpc --classifier mlp --folds 0
cmp <("$vpr" --quiet classify predict emotions/*/*-001.wav --model mlp.vpc) \
  <("$vpr" --quiet classify predict emotions/*/*-001.wav --model again.vpc) || fail "two mlps differ"
ok "$vpr" --quiet classify train emotions -o cnn.vpc --classifier cnn --cnn cnn --epochs 2 --folds 0 --json
check 'j["settings"]["crop_frames"] == 128 and j["test"]["recordings"] == 8'
ok "$vpr" --quiet classify predict emotions/sad/sad-001.wav --model cnn.vpc --json
check 'abs(sum(j["probabilities"].values()) - 1) < 1e-6'
refused "$vpr" --quiet classify train emotions -o none.vpc --classifier cnn --cnn transformer
says 'architecture .transformer. is unknown' err

# Two voices against each other, by their embeddings.
mkdir -p voices/slt voices/rms
cp "$data"/flite-slt-?.flac voices/slt
cp "$data"/flite-rms-?.flac voices/rms
ok "$vpr" --quiet classify train voices -o voices.vpc --features embedding --embedding-model "$model" \
  --test-size 0.25 --folds 0 --json
check 'j["test"]["recordings"] == 2'
ok "$vpr" --quiet classify predict voices/slt/flite-slt-1.flac --model voices.vpc \
  --embedding-model "$model" --json
check 'j["label"] == "slt"'
if [ -e "$here/../../models/default.vpr" ]; then
  refused "$vpr" --quiet classify predict voices/slt/flite-slt-1.flac --model voices.vpc \
    --embedding-model "$here/../../models/default.vpr"
  says 'trained on embeddings of' err
fi
