#!/usr/bin/env bash
# vpr eval --scores: closed cases, several lists, bad lists.
. "$(dirname "$0")/lib.sh"

printf 'a b 0.9 target\nc d 0.1 nontarget\ne f 0.2 nontarget\n' > separable
ok "$vpr" eval --scores separable --json
check 'j["eer"] == 0 and j["min_dcf_0.01"] == 0 and j["min_dcf_0.05"] == 0'
check 'j["trials"] == 3 and j["targets"] == 1 and j["nontargets"] == 2 and j["fta"] is None'
check '0.2 < j["threshold"] <= 0.9'

printf '1 0.1\n0 0.9\n' > swapped
printf '1 0.5\n1 0.5\n0 0.5\n' > equal
ok "$vpr" eval --scores swapped --scores equal --json
check '[line["eer"] for line in lines] == [1, 0.5] and [line["min_dcf_0.01"] for line in lines] == [1, 1]'
ok "$vpr" eval --scores separable swapped equal
check '[line.split()[2] for line in out.splitlines()[1:4]] == ["0.00", "100.00", "50.00"]'
check 'all(line.split()[3] == "%" for line in out.splitlines()[1:4])'

# Intervals, and what goes with log-likelihood ratios only.
python3 - > llrs << 'P'
import random
random.seed(1)
for i in range(2000):
    target = i % 4 == 0
    speaker, other = i % 50, i % 50 if target else (i * 7 + 1) % 50
    score = random.gauss(2 if target else -2, 2)  # calibrated: the LLR of these scores is the score
    print(f"s{speaker} t{other} {score} {'target' if target else 'nontarget'}")
P
ok "$vpr" eval --scores llrs --json
check 'j["cllr"] is None and j["act_dcf_0.01"] is None and j["fmr"] is None'
check 'j["eer_ci95"][0] < j["eer"] < j["eer_ci95"][1] and j["eer_ci95"][1] - j["eer_ci95"][0] < 0.1'
cp out first
ok "$vpr" eval --scores llrs --json
cmp -s out first || fail "two runs give two results"
ok "$vpr" eval --scores llrs --llr --threshold 0 --json
check 'abs(j["eer"] - 0.1587) < 0.03 and abs(j["fmr"] - 0.1587) < 0.03 and abs(j["fnmr"] - 0.1587) < 0.05'
check 'j["min_cllr"] <= j["cllr"] < j["min_cllr"] + 0.05 < 0.7'
check 'j["min_dcf_0.05"] <= j["act_dcf_0.05"] < j["min_dcf_0.05"] + 0.1'
check 'j["cllr_ci95"][0] < j["cllr"] < j["cllr_ci95"][1] and j["decision_threshold"] == 0'
ok "$vpr" eval --scores llrs --no-intervals --json
check 'j["eer_ci95"] is None and j["eer"] > 0'
ok "$vpr" eval --scores - < separable
says '0\.00 %' out

printf '1 0.5\n0 high\n' > bad
refused "$vpr" eval --scores bad
says 'line 2' err
printf '1 0.5\n' > targets_only
refused "$vpr" eval --scores targets_only
says 'nontarget' err
refused "$vpr" eval --scores no-such-file
says 'no-such-file' err
