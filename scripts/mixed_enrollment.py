#!/usr/bin/env python3
"""Does vpr enroll notice somebody else's clips? Enrolls clips of two people under one name, and clips
of one person, and counts what is left out.
usage: scripts/mixed_enrollment.py DEV_FOLDER [DRAWS]
DEV_FOLDER holds CORPUS/SPEAKER/FILE; speakers with at least 6 recordings, drawn by a fixed seed;
cases with a recording that is left out for another reason (too little speech) are not counted."""
import json
import os
import random
import subprocess
import sys
import tempfile

root = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..")
vpr = os.environ.get("VPR", os.path.join(root, "build/release/bin/vpr"))
if len(sys.argv) < 2:
    sys.exit(__doc__)
dev, draws = os.path.abspath(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 60
speakers = []
for folder, _, files in sorted(os.walk(dev)):
    if len(files) >= 6:
        speakers.append([os.path.join(folder, name) for name in sorted(files)])
rng = random.Random(1)
counts = {}  # case: cases, of them all kept, utterances, of them left out


def enroll(db, files):
    """How many are left out as somebody else's; None if any are for another reason."""
    done = subprocess.run([vpr, "--quiet", "enroll", "X", *files, "--json", "--db", db],
                          capture_output=True, text=True, check=False)
    if not done.stdout:
        sys.exit(done.stderr)
    reasons = [one["reason"] for one in json.loads(done.stdout)["left_out"]]
    return len(reasons) if all("like" in reason for reason in reasons) else None


for draw in range(draws):
    first, second = rng.sample(speakers, 2)
    a, b = rng.sample(first, 6), rng.sample(second, 3)
    for case, before, files in (("3 enrolled, 3 of somebody else", a[:3], b),
                                ("3 enrolled, 2 of somebody else", a[:3], b[:2]),
                                ("3 and 3 of two people at once", [], a[:3] + b),
                                ("2 and 2 of two people at once", [], a[:2] + b[:2]),
                                ("3 and 2 of two people at once", [], a[:3] + b[:2]),
                                ("3 and 1 of two people at once", [], a[:3] + b[:1]),
                                ("3 enrolled, 3 of the same", a[:3], a[3:]),
                                ("6 of one person at once", [], a),
                                ("3 of one person at once", [], a[:3]),
                                ("2 of one person at once", [], a[:2])):
        with tempfile.TemporaryDirectory() as work:
            db = os.path.join(work, "voices.db")
            if before and enroll(db, before) != 0:
                continue
            left_out = enroll(db, files)
        if left_out is None:
            continue
        count = counts.setdefault(case, [0, 0, 0, 0])
        count[0] += 1
        count[1] += left_out == 0
        count[2] += len(files)
        count[3] += left_out
print("| case | cases | all kept | utterances left out |\n|---|---|---|---|")
for case, (cases, kept, utterances, left_out) in counts.items():
    print("| %s | %d | %d | %d of %d |" % (case, cases, kept, left_out, utterances))
