#!/usr/bin/env bash
# vpr calibrate with a small model: thresholds and log-likelihood ratios from a list of trials.
. "$(dirname "$0")/lib.sh"
export VPR_MODEL=$1

all_pairs trials
sed 's/^0/x/; s/^1/0/; s/^x/1/' trials > swapped
ok "$vpr" --quiet calibrate --trials trials --audio-root "$data" -o own.vpr
says '^ *EER +-?[0-9.]+ ' out
says '^ *0\.01 % .*too few trials' out
says 'at least 30000 are needed' err

# The thresholds are those that vpr eval finds on the same list, and what they cost is what it
# measures.
ok "$vpr" --quiet eval --trials trials --audio-root "$data" --model own.vpr --json
cp out measured
check 'abs(j["threshold"] - j["decision_threshold"]) < 1e-9 and abs(j["fmr"] - j["fnmr"]) < 0.1'
check 'j["cllr"] < 1 and j["cllr"] < j["min_cllr"] + 0.3'
ok "$vpr" model info own.vpr --json
check 'j["decision"]["fmr"] == parse(open("measured").read())["fmr"]'
check 'j["decision"]["basis"].startswith("equal error rate over ") and j["decision"]["basis"].endswith(" trials of trials")'
check '[t["wanted_fmr"] for t in j["fmr_thresholds"]] == [0.01, 0.001, 0.0001]'
check '[t["supported"] for t in j["fmr_thresholds"]] == [False, False, False]'
check 'j["calibration"]["scale"] > 0'
says 'trials' out

# Only the thresholds and the calibration are new.
ok "$vpr" compare "$data/flite-rms-1.flac" "$data/flite-slt-1.flac" --json
cp out before
ok "$vpr" compare "$data/flite-rms-1.flac" "$data/flite-slt-1.flac" --json --model own.vpr
check 'j["score"] == parse(open("before").read())["score"]'
run "$vpr" compare "$data/flite-rms-1.flac" "$data/flite-slt-1.flac" --json --model own.vpr --fmr 0.1%
expect_status 0 "compare with a threshold that is a guess"
says 'a guess' err

# What cannot be calibrated leaves no file.
run "$vpr" --quiet calibrate --trials swapped --audio-root "$data" -o bad.vpr
expect_status 1 "calibrate with swapped labels"
says 'labels' err
refused "$vpr" --quiet calibrate --trials missing --audio-root "$data" -o bad.vpr
run "$vpr" --quiet calibrate --trials trials --audio-root no-such-folder -o bad.vpr
expect_status 1 "calibrate with the wrong folder"
[ ! -e bad.vpr ] || fail "a model was written although nothing could be calibrated"

# A score that depends on conditions: from three lists, each left out once, and a cohort of others.
for file in "$data"/*.flac; do
  name=$(basename "$file" .flac)
  printf '%s\t%s\n' "$file" "${name%-*}"
done > voices.tsv
ok "$vpr" --quiet pack voices.tsv -o voices
# Three lists of different trials of all voices.
awk 'NR % 3 == 0 || $1 == 1' trials > a.trials
awk 'NR % 3 == 1 || $1 == 1' trials > b.trials
awk 'NR % 3 == 2 || $1 == 1' trials > c.trials
ok "$vpr" --quiet calibrate --conditions --trials a.trials --trials b.trials --trials c.trials \
  --audio-root "$data" -o conditional.vpr --json
check 'j["format_version"] == 5 and len(j["fmr_thresholds"]) == 3'
check 'set(e["list"] for e in j["left_out"]) == {"a.trials", "b.trials", "c.trials"}'
check 'set(e["form"] for e in j["left_out"]) >= {"as recorded", "telephone", "noise", "telephone against as recorded"}'
ok "$vpr" --quiet calibrate --conditions --trials a.trials --trials b.trials --trials c.trials \
  --audio-root "$data" -o again.vpr
cmp conditional.vpr again.vpr || fail "the same trials gave another model"
says 'each list by a score and thresholds from the others' out
ok "$vpr" model info conditional.vpr --json
check 'not j["scoring"]["plda"] and "one" in j["scoring"]["conditional"]["scale"]'
ok "$vpr" compare "$data/flite-slt-1.flac" "$data/flite-slt-2.flac" --json --model conditional.vpr
cp out same
check 'j["llr"] is not None and abs(j["llr"]) <= abs(j["score"]) + 1e-9'
ok "$vpr" compare "$data/flite-slt-1.flac" "$data/flite-rms-1.flac" --json --model conditional.vpr
check 'j["score"] < parse(open("same").read())["score"]'
usage_error "$vpr" calibrate --trials a.trials --cohort voices -o x.vpr
# Of fewer terms: another score, which still tells voices apart.
ok "$vpr" --quiet calibrate --conditions --as-recorded --terms duration,narrow --trials a.trials --trials b.trials \
  --trials c.trials --audio-root "$data" -o fewer.vpr
! cmp -s conditional.vpr fewer.vpr || fail "--terms changed nothing"
ok "$vpr" compare "$data/flite-slt-1.flac" "$data/flite-slt-2.flac" --json --model fewer.vpr
cp out same
ok "$vpr" compare "$data/flite-slt-1.flac" "$data/flite-rms-1.flac" --json --model fewer.vpr
check 'j["score"] < parse(open("same").read())["score"]'
usage_error "$vpr" calibrate --trials a.trials --terms duration -o x.vpr
refused "$vpr" --quiet calibrate --conditions --terms loudness --trials a.trials --audio-root "$data" -o x.vpr
says "no term 'loudness'; those of conditions are duration, narrow, dynamics, clipped, cohort, channel" err
refused "$vpr" --quiet calibrate --conditions --trials a.trials --audio-root "$data" --cohort voices -o x.vpr
says 'at least 20 are needed' err
[ ! -e x.vpr ] || fail "a model was written although nothing could be fitted"
