#!/usr/bin/env bash
# vpr eval with a small model: lists of trials, files that cannot be used, scores written and read.
. "$(dirname "$0")/lib.sh"
export VPR_MODEL=$1

# All pairs of sample recordings, in both forms.
names=()
for file in "$data"/*.flac; do names+=("$(basename "$file" .flac)"); done
for ((i = 0; i < ${#names[@]}; ++i)); do
  for ((k = 0; k < i; ++k)); do
    if [ "${names[i]%-*}" = "${names[k]%-*}" ]; then label=target digit=1; else label=nontarget digit=0; fi
    echo "$digit ${names[i]}.flac ${names[k]}.flac" >> voxceleb
    echo "${names[i]}.flac ${names[k]}.flac $label" >> kaldi
  done
done
ok "$vpr" --quiet eval --trials voxceleb --audio-root "$data" --json --scores-out scores
cp out expected
check '0 <= j["eer"] < 0.4 and 0 <= j["min_dcf_0.01"] <= 1 and 0 <= j["min_dcf_0.05"] <= 1'
check 'j["fta"] == 0 and j["trials"] == j["targets"] + j["nontargets"] and -1 <= j["threshold"] <= 1'
check 'j["eer_ci95"][0] <= j["eer"] <= j["eer_ci95"][1] and j["min_dcf_0.01_ci95"] is not None'
check 'j["cllr"] >= j["min_cllr"] - 1e-9 >= 0 and j["act_dcf_0.01"] >= j["min_dcf_0.01"] - 0.2'
check '0 <= j["fmr"] <= 1 and 0 <= j["fnmr"] <= 1 and j["decision_threshold"] is not None'
check 'j["trials"] == len(open("voxceleb").readlines()) == len(open("scores").readlines())'
ok "$vpr" eval --scores scores --json
check 'abs(j["eer"] - parse(open("expected").read())["eer"]) < 1e-9'
ok "$vpr" --quiet eval --trials voxceleb kaldi --audio-root "$data" --json
check 'lines[0]["eer"] == lines[1]["eer"] == parse(open("expected").read())["eer"]'
ok "$vpr" --quiet eval --trials voxceleb --audio-root "$data"
says 'EER.*minDCF\(0\.01\).*minDCF\(0\.05\)' out

# The figures are those of the cosines of what vpr embed gives.
python3 -c '
import sys
print("\n".join(sorted({name for line in open("voxceleb") for name in line.split()[1:]})))' > names
(cd "$data" && "$vpr" --quiet embed --list "$OLDPWD/names" --format jsonl -o "$OLDPWD/embeddings.jsonl")
python3 - > independent << 'P'
import json
names = open("names").read().split()
rows = [json.loads(line)["embedding"] for line in open("embeddings.jsonl")]
row = dict(zip(names, rows))
for line in open("voxceleb"):
    digit, a, b = line.split()
    print(digit, sum(x * y for x, y in zip(row[a], row[b])))
P
ok "$vpr" eval --scores independent --json
check 'abs(j["eer"] - parse(open("expected").read())["eer"]) < 1e-9'

# A file that cannot be used: its trials are left out, and it counts as failure to acquire.
python3 "$here/make_audio.py" bad
cp "$data"/flite-slt-[123].flac "$data"/flite-rms-1.flac bad
cat > trials << 'T'
1 flite-slt-1.flac flite-slt-2.flac
1 flite-slt-1.flac silent.wav
0 flite-slt-1.flac flite-rms-1.flac
0 silent.wav flite-rms-1.flac
T
ok "$vpr" --quiet eval --trials trials --audio-root bad --json
check 'j["fta"] == 1 / 4 and j["unusable_files"] == 1 and j["excluded_trials"] == 2 and j["trials"] == 2'
says 'silent\.wav' err
run "$vpr" --quiet eval --trials trials --audio-root no-such-folder
expect_status 1 "eval with the wrong folder"
says 'audio-root' err
printf '1 flite-slt-1.flac flite-slt-2.flac\n' > targets_only
refused "$vpr" --quiet eval --trials targets_only --audio-root bad
says 'targets_only.*nontarget' err
