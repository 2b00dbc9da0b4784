#!/usr/bin/env bash
# Are a model's calibration and thresholds right for speakers they were not found on?
#   scripts/calibration_check.sh AUDIO_ROOT MODEL LIST...
# For each list: calibrated on all other lists, measured on it. Then the speakers of all lists (the
# folders of the recordings) in two halves: calibrated on one, measured on the other, both ways, and
# the errors of both together.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
if [ $# -lt 4 ]; then
  sed -n '2,6s/^# //p' "$0" >&2
  exit 2
fi
root=$1 model=$2
shift 2
vpr=${VPR:-build/release/bin/vpr}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

check() { # LABEL TEST_LIST CALIBRATION_LIST...
  local label=$1 test=$2
  shift 2
  local trials=()
  for list in "$@"; do trials+=(--trials "$list"); done
  # A model whose score depends on conditions is fitted as a whole, the others' scores stay.
  local conditions=()
  "$vpr" model info "$model" --json > "$work/info"
  if python3 -c 'import json, sys; sys.exit(json.load(open(sys.argv[1]))["scoring"]["conditional"] is None)' "$work/info"; then
    conditions=(--conditions)
  fi
  "$vpr" --quiet calibrate "${conditions[@]}" "${trials[@]}" --audio-root "$root" --model "$model" -o "$work/model.vpr" \
    > /dev/null 2> "$work/warnings"
  "$vpr" model info "$work/model.vpr" --json > "$work/info"
  local threshold
  threshold=$(python3 -c '
import json, sys
info = json.load(open(sys.argv[1]))
print([t["threshold"] for t in info["fmr_thresholds"] if t["wanted_fmr"] == 0.001][0])' "$work/info")
  "$vpr" --quiet eval --no-intervals --trials "$test" --audio-root "$root" --model "$work/model.vpr" \
    --threshold "$threshold" --json > "$work/measured"
  cat "$work/measured" >> "$work/all_measured"
  python3 -c '
import json, sys
e = json.load(open(sys.argv[2]))
ratio = e["act_dcf_0.01"] / max(e["min_dcf_0.01"], 1e-9)
row = (sys.argv[1], e["targets"], e["nontargets"], e["min_dcf_0.01"], e["act_dcf_0.01"], ratio,
       e["min_cllr"], e["cllr"], 100 * e["fmr"], 100 * e["fnmr"])
print("| %s | %d / %d | %.3f | %.3f | %.2f | %.3f | %.3f | %.3f %% | %.1f %% |" % row)' "$label" "$work/measured"
}

echo "| measured on | targets / nontargets | minDCF(0.01) | actDCF(0.01) | ratio | min Cllr | Cllr | FMR at \"0.1 %\" | FNMR |"
echo "|---|---|---|---|---|---|---|---|---|"
lists=("$@")
for ((i = 0; i < ${#lists[@]}; ++i)); do
  others=("${lists[@]:0:i}" "${lists[@]:i+1}")
  check "$(basename "${lists[i]}" .trials), by the others" "${lists[i]}" "${others[@]}"
done

# A trial belongs to a half if both its speakers do; folders in sorted order go in turns.
python3 - "$work" "${lists[@]}" << 'P'
import os
import sys

work, paths = sys.argv[1], sys.argv[2:]
trials = [line.split() for path in paths for line in open(path, encoding="utf-8") if line.strip()]


def speaker(name):
    return os.path.dirname(name)


speakers = sorted({speaker(name) for trial in trials for name in trial[1:3]})
half = {name: i % 2 for i, name in enumerate(speakers)}
for side in (0, 1):
    with open(f"{work}/half{side}", "w", encoding="utf-8") as out:
        for trial in trials:
            if all(half[speaker(name)] == side for name in trial[1:3]):
                print(*trial, sep="\t", file=out)
P
: > "$work/all_measured"
check "first half of the speakers, by the second" "$work/half0" "$work/half1"
check "second half of the speakers, by the first" "$work/half1" "$work/half0"
python3 - "$work/all_measured" << 'P'
import json
import sys

text, halves = open(sys.argv[1]).read(), []
while text.strip():
    half, end = json.JSONDecoder().raw_decode(text.lstrip())
    halves.append(half)
    text = text.lstrip()[end:]


def together(rate, kind):
    count = sum(half[kind] for half in halves)
    wrong = sum(round(half[rate] * half[kind]) for half in halves)
    return "%.3f %% (%d of %d)" % (100 * wrong / count, wrong, count)


print("| both halves | %d / %d | | | | | | %s | %s |" % (
    sum(half["targets"] for half in halves), sum(half["nontargets"] for half in halves),
    together("fmr", "nontargets"), together("fnmr", "targets")))
P
