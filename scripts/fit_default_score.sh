#!/usr/bin/env bash
# Fits the score of a network that is to be shipped: cohorts from the training speakers, weights and
# thresholds from the dev lists, each a corpus, as recorded and degraded.
#   scripts/fit_default_score.sh CORPORA NETWORK.vpr OUT.vpr
# OPTIONS: more for vpr calibrate. CORPORA holds train.tsv, trials/, noise/ and rir/. Prints what each list left out gives.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
if [ $# -ne 3 ]; then
  sed -n '2,5s/^# //p' "$0" >&2
  exit 2
fi
corpora=$1 network=$2 out=$3
vpr=${VPR:-build/release/bin/vpr}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# Two recordings of each of 600 training speakers, spread evenly over the list, are the cohorts.
python3 - "$corpora" > "$work/cohort.tsv" << 'P'
import csv
import os
import sys

root, by_speaker = os.path.abspath(sys.argv[1]), {}
for row in csv.DictReader(open(os.path.join(root, "train.tsv"), encoding="utf-8"), delimiter="\t"):
    if float(row["seconds"]) >= 1.5:
        by_speaker.setdefault(row["speaker"], []).append(os.path.join(root, row["path"]))
speakers = sorted(by_speaker)
most = min(600, len(speakers))
print("path\tspeaker")
for i in range(most):
    speaker = speakers[i * len(speakers) // most]
    for path in by_speaker[speaker][:2]:
        print(path, speaker, sep="\t")
P
# The cohorts are heard as the network hears recordings.
trim=()
if "$vpr" model info "$network" --json | grep -q '"trim_top_db": 0'; then trim=(--no-trim); fi
"$vpr" --quiet pack "${trim[@]}" "$work/cohort.tsv" -o "$work/cohort" > /dev/null
lists=()
for name in ${LISTS:-speechocean762 librispeech common_voice common_voice_zh wuw short}; do
  lists+=(--trials "$corpora/trials/$name.trials")
done
# Only what is the same on every kind of recording: docs/accuracy.md, "Which terms".
"$vpr" calibrate --conditions --terms duration,narrow "${lists[@]}" --audio-root "$corpora" --cohort "$work/cohort" \
  --noise "$corpora/noise" --rooms "$corpora/rir" --model "$network" -o "$out" ${OPTIONS:-}
