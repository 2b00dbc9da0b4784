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
