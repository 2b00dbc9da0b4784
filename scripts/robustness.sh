#!/usr/bin/env bash
# EER of a model on noisy, reverberant, telephone and cut copies of trial lists:
#   scripts/robustness.sh LIST AUDIO_ROOT NOISE_DIR ROOMS_DIR SCRATCH_DIR [MODEL]
# SCRATCH_DIR takes the copies (about 100 MB each per 1000 recordings of 3 s).
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
if [ $# -lt 5 ]; then
  sed -n '2,4s/^# //p' "$0" >&2
  exit 2
fi
list=$1 root=$2 noise=$3 rooms=$4 scratch=$5
vpr=${VPR:-build/release/bin/vpr}
model=()
if [ $# -ge 6 ]; then model=(--model "$6"); fi
name=$(basename "$list")

evaluate() { # LABEL LIST ROOT
  "$vpr" --quiet eval --trials "$2" --audio-root "$3" --json "${model[@]}" |
    python3 -c '
import json, sys
e = json.load(sys.stdin)
low, high = e["eer_ci95"]
row = (sys.argv[1], 100 * e["eer"], 100 * low, 100 * high, e["min_dcf_0.01"],
       100 * e["fmr"], 100 * e["fnmr"])
print("| %s | %.2f %% | %.2f to %.2f %% | %.3f | %.1f / %.1f %% |" % row)' "$1"
}

degraded() { # LABEL OPTIONS...
  local label=$1
  shift
  local folder="$scratch/${label// /_}"
  "$vpr" --quiet degrade --trials "$list" --audio-root "$root" -o "$folder" "$@" > /dev/null
  evaluate "$label" "$folder/$name" "$folder"
}

echo "| $name | EER | 95 % interval | minDCF(0.01) | FMR / FNMR at the threshold |"
echo "|---|---|---|---|---|"
evaluate "as it is" "$list" "$root"
for snr in 20 10 5; do degraded "noise, $snr dB" --noise "$noise" --snr "$snr"; done
degraded "rooms" --rooms "$rooms"
degraded "telephone" --telephone
degraded "GSM 06.10" --codec gsm
degraded "Opus, lowest bit rate" --codec opus --compression 1
degraded "clipped at 0.2 of the peak" --clip 0.2
degraded "rooms, noise 10 dB, telephone" --rooms "$rooms" --noise "$noise" --snr 10 --telephone
for seconds in 4 2 1; do degraded "$seconds s" --seconds "$seconds"; done
