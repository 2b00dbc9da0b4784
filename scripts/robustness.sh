#!/usr/bin/env bash
# Error rates of models, also at their stored thresholds, on noisy, reverberant, telephone and cut
# copies of a trial list, one row a copy and model:
#   scripts/robustness.sh LIST AUDIO_ROOT NOISE_DIR ROOMS_DIR SCRATCH_DIR [MODEL...]
# SCRATCH_DIR takes the copies (about 100 MB each per 1000 recordings of 3 s); those that are there
# already are used again.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
if [ $# -lt 5 ]; then
  sed -n '2,6s/^# //p' "$0" >&2
  exit 2
fi
list=$1 root=$2 noise=$3 rooms=$4 scratch=$5
vpr=${VPR:-build/release/bin/vpr}
models=("${@:6}")
if [ ${#models[@]} -eq 0 ]; then models=(models/default.vpr); fi
name=$(basename "$list")

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

evaluate() { # LABEL LIST ROOT
  local model
  for model in "${models[@]}"; do
    "$vpr" model info "$model" --json > "$work/info"
    "$vpr" --quiet eval --trials "$2" --audio-root "$3" --json --model "$model" \
      --scores-out "$work/scores" > "$work/measured"
    row "$1" "$(basename "$model" .vpr)"
  done
}

row() { # LABEL MODEL
  python3 - "$1" "$2" "$work" << 'P'
import json
import sys

label, model, work = sys.argv[1:]
e = json.load(open(work + "/measured"))
stored = {t["wanted_fmr"]: t["threshold"] for t in json.load(open(work + "/info"))["fmr_thresholds"]}
trials = [line.rstrip("\n").split("\t") for line in open(work + "/scores", encoding="utf-8")]
targets = [float(t[2]) for t in trials if t[3] == "target"]
nontargets = sorted((float(t[2]) for t in trials if t[3] != "target"), reverse=True)
# Lowest threshold with a false match rate of 0.1 % on this very list.
at = nontargets[int(0.001 * len(nontargets))]


def fmr(t):
    return 100 * sum(s >= t for s in nontargets) / len(nontargets)


def fnmr(t):
    return 100 * sum(s < t for s in targets) / len(targets)


def missed(t):  # rejecting ties, as the threshold lies just above
    return 100 * sum(s <= t for s in targets) / len(targets)


low, high = e["eer_ci95"]
cells = [label, model, "%.2f %%" % (100 * e["eer"]), "%.2f to %.2f %%" % (100 * low, 100 * high),
         "%.3f" % e["min_dcf_0.01"], "%.1f %%" % missed(at)]
for wanted in (0.01, 0.001):
    t = stored.get(wanted)
    cells.append("-" if t is None else "%.2f / %.1f %%" % (fmr(t), fnmr(t)))
print("| " + " | ".join(cells) + " |")
P
}

degraded() { # LABEL OPTIONS...
  local label=$1
  shift
  local folder="$scratch/${label// /_}"
  [ -e "$folder/$name" ] ||
    "$vpr" --quiet degrade --trials "$list" --audio-root "$root" -o "$folder" "$@" > /dev/null
  evaluate "$label" "$folder/$name" "$folder"
}

echo "| $name | model | EER | 95 % interval | minDCF(0.01) | FNMR at FMR 0.1 % | FMR / FNMR at the stored \"1 %\" | at \"0.1 %\" |"
echo "|---|---|---|---|---|---|---|---|"
evaluate "as it is" "$list" "$root"
for snr in 20 10 5; do degraded "noise, $snr dB" --noise "$noise" --snr "$snr"; done
degraded "rooms" --rooms "$rooms"
degraded "telephone" --telephone
degraded "GSM 06.10" --codec gsm
degraded "Opus, lowest bit rate" --codec opus --compression 1
degraded "clipped at 0.2 of the peak" --clip 0.2
degraded "rooms, noise 10 dB, telephone" --rooms "$rooms" --noise "$noise" --snr 10 --telephone
for seconds in 4 2 1; do degraded "$seconds s" --seconds "$seconds"; done
