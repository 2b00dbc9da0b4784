#!/usr/bin/env bash
# Open-set identification on real speech: enrolls 30 speakers with 3 utterances each, then identifies
# all their other utterances and those of 20 strangers, at the default threshold.
#   scripts/identification.sh DEV_FOLDER SCRATCH [MODEL] [options of vpr identify ...]
# DEV_FOLDER holds SPEAKER/FILE or CORPUS/SPEAKER/FILE. The speakers are drawn by a fixed seed ($SEED)
# from those with at least 4 recordings, alike from every corpus.
set -euo pipefail
if [ $# -lt 2 ]; then
  sed -n '2,6s/^# \{0,1\}//p' "$0" >&2
  exit 2
fi
root=$(cd "$(dirname "$0")/.." && pwd)
vpr=${VPR:-$root/build/release/bin/vpr}
dev=$1 scratch=$2
shift 2
model=()
if [ $# -gt 0 ] && [[ $1 != -* ]]; then
  model=(--model "$1")
  shift
fi
mkdir -p "$scratch"
rm -rf "$scratch/voices.db" "$scratch/people"
python3 - "$dev" "$scratch" "${SEED:-1}" << 'P'
import os
import random
import sys

dev, scratch, seed = sys.argv[1], sys.argv[2], int(sys.argv[3])
by_corpus = {}
for folder, _, files in sorted(os.walk(dev)):
    files = sorted(f for f in files if f.lower().endswith((".wav", ".flac", ".opus", ".ogg", ".mp3")))
    if len(files) >= 4:
        corpus = os.path.dirname(os.path.relpath(folder, dev))
        by_corpus.setdefault(corpus, []).append((folder, files))
rng = random.Random(seed)
for speakers in by_corpus.values():
    rng.shuffle(speakers)
chosen = []
while len(chosen) < 50 and any(by_corpus.values()):
    for corpus in sorted(by_corpus):
        if by_corpus[corpus] and len(chosen) < 50:
            chosen.append(by_corpus[corpus].pop())
rng.shuffle(chosen)
with open(os.path.join(scratch, "probes"), "w") as probes:
    for number, (folder, files) in enumerate(chosen):
        files = files[:]
        rng.shuffle(files)
        name = os.path.relpath(folder, dev).replace(os.sep, " ")
        if number < 30:
            target = os.path.join(scratch, "people", name)
            os.makedirs(target)
            for file in files[:3]:
                os.symlink(os.path.abspath(os.path.join(folder, file)), os.path.join(target, file))
            files = files[3:]
        else:
            name = ""
        for file in files:
            probes.write(name + "\t" + os.path.abspath(os.path.join(folder, file)) + "\n")
P
export VPR_DB=$scratch/voices.db
"$vpr" --quiet enroll "$scratch/people" --per-folder "${model[@]}" --json > "$scratch/enrolled" 2> "$scratch/enroll.log" || true
status=0
cut -f 2 "$scratch/probes" | tr '\n' '\0' |
  xargs -0 -n 100000 "$vpr" --quiet identify --json "${model[@]}" "$@" > "$scratch/answers" 2> "$scratch/identify.log" || status=$?
python3 - "$scratch" << 'P'
import json
import sys

scratch = sys.argv[1]
enrolled = [json.loads(line) for line in open(scratch + "/enrolled")]
known = {person["name"] for person in enrolled if person["enrolled"]}
left_out = [entry["reason"] for person in enrolled for entry in person["left_out"]]
truth = {path: name for name, path in (line.rstrip("\n").split("\t") for line in open(scratch + "/probes"))}
answers = [json.loads(line) for line in open(scratch + "/answers")]
count = dict.fromkeys(("mated", "rank1", "right", "wrong", "rejected", "strangers", "accepted", "unusable"), 0)
for answer in answers:
    name = truth[answer["file"]]
    if not answer["candidates"]:
        count["unusable"] += 1
        continue
    if name in known:
        count["mated"] += 1
        count["rank1"] += answer["candidates"][0]["name"] == name
        count["right"] += answer["decision"] == name
        count["rejected"] += answer["decision"] is None
        count["wrong"] += answer["decision"] not in (None, name)
    elif name == "":
        count["strangers"] += 1
        count["accepted"] += answer["decision"] is not None


def share(part, whole):
    return "%.2f %% (%d of %d)" % (100 * part / max(whole, 1), part, whole)


threshold = [a["threshold"] for a in answers][0] if answers else float("nan")
print("enrolled               %d speakers, %d utterances left out (%d as somebody else's)" % (
    len(known), len(left_out), sum("like" in reason for reason in left_out)))
print("not usable             %d of %d recordings (no speech, or too little)" % (count["unusable"], len(answers)))
print("rank 1                 " + share(count["rank1"], count["mated"]))
print("identified (DIR)       " + share(count["right"], count["mated"]) + " at threshold %.2f" % threshold)
print("  taken for another    " + share(count["wrong"], count["mated"]))
print("strangers accepted     " + share(count["accepted"], count["strangers"]) + " (FPIR)")
P
