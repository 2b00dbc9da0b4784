#!/usr/bin/env python3
"""How well vpr cluster sorts recordings by voice: of all pairs of recordings, how many of two people are joined, how many of
one person are apart; groups of one person alone, and groups a person.

  scripts/cluster_errors.py LIST.tsv AUDIO_ROOT [--vpr build/release/bin/vpr] [--speakers N] [--seed S] [OPTIONS OF CLUSTER...]

LIST has the columns path, speaker, seconds; recordings under 1.5 s are left out. --speakers: so many, drawn."""
import argparse
import collections
import csv
import json
import os
import random
import subprocess
import tempfile

parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("list")
parser.add_argument("root")
parser.add_argument("--vpr", default="build/release/bin/vpr")
parser.add_argument("--corpus", help="only this one")
parser.add_argument("--speakers", type=int)
parser.add_argument("--seed", type=int, default=1)
args, rest = parser.parse_known_args()

speaker_of = {}
with open(args.list, encoding="utf-8") as lines:
    for row in csv.DictReader(lines, delimiter="\t"):
        if float(row["seconds"]) >= 1.5 and args.corpus in (None, row.get("corpus")):
            speaker_of[os.path.abspath(os.path.join(args.root, row["path"]))] = row["speaker"]
speakers = sorted(set(speaker_of.values()))
if args.speakers:
    drawn = set(random.Random(args.seed).sample(speakers, args.speakers))
    speaker_of = {path: name for path, name in speaker_of.items() if name in drawn}
with tempfile.NamedTemporaryFile("w", suffix=".list") as names:
    names.write("".join(path + "\n" for path in sorted(speaker_of)))
    names.flush()
    # Recordings that cannot be used are left out of the count: it ends with 1 then.
    found = subprocess.run([args.vpr, "--quiet", "cluster", "--list", names.name, "--json", *rest], stdout=subprocess.PIPE, text=True)
groups = [json.loads(line)["files"] for line in found.stdout.splitlines()]


def pairs(n):
    return n * (n - 1) // 2


cells = [collections.Counter(speaker_of[path] for path in group) for group in groups]
sizes = collections.Counter()
for cell in cells:
    sizes.update(cell)
used = sum(sizes.values())
same = sum(pairs(n) for n in sizes.values())
joined = sum(pairs(sum(cell.values())) for cell in cells)
right = sum(pairs(n) for cell in cells for n in cell.values())
pure = sum(max(cell.values()) for cell in cells)
print(f"{used} of {len(speaker_of)} recordings, {len(sizes)} people, {len(groups)} groups, {sum(len(cell) == 1 for cell in cells)} of one person alone")
print(f"pairs of two people that are joined: {joined - right} of {pairs(used) - same} ({100 * (joined - right) / (pairs(used) - same):.3f} %)")
print(f"pairs of one person that are apart: {same - right} of {same} ({100 * (same - right) / same:.1f} %)")
print(f"recordings with the group's most frequent person: {100 * pure / used:.2f} %")
