#!/usr/bin/env bash
# vpr adapt with a small model: PLDA and cohort from other speakers, and the scores they give, computed
# once more from their definition.
. "$(dirname "$0")/lib.sh"
export VPR_MODEL=$1

for file in "$data"/*.flac; do
  name=$(basename "$file" .flac)
  printf '%s\t%s\n' "$file" "${name%-*}"
done > voices.tsv
ok "$vpr" --quiet pack voices.tsv -o voices --dev-speakers 3
refused "$vpr" --quiet adapt voices -o none.vpr
says 'at least 30 training speakers' err
[ ! -e none.vpr ] || fail "a model was written although there are too few speakers"
ok "$vpr" --quiet adapt voices -o own.vpr --cohort-top 3 --cohort-speakers 5 --json
check 'j["scores"] in ("plda", "cosine") and 0 <= j["eer"] <= 1'
ok "$vpr" --quiet adapt voices -o again.vpr --cohort-top 3 --cohort-speakers 5
cmp own.vpr again.vpr || fail "the same data gave another model"
says 'EER .* on held-out speakers' out

all_pairs trials
ok "$vpr" --quiet eval --trials trials --audio-root "$data" --model own.vpr --scores-out scores
awk '{print $2; print $3}' trials | sort -u > names
(cd "$data" && "$vpr" --quiet embed --list "$work/names" -m "$work/own.vpr" --format jsonl -o "$work/embeddings.jsonl")
python3 "$here/score_oracle.py" own.vpr names embeddings.jsonl trials scores || fail "other scores than the definition's"
