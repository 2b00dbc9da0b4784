#!/usr/bin/env python3
"""How a store's own people move its thresholds: FMR and FNMR of claims at the model's thresholds, as the model has them and
as the store shifts them, for some numbers of enrolled people.

  PYTHONPATH=build/release/python scripts/store_strangers.py LIST.tsv AUDIO_ROOT [--model M] [--enrolled 5 20 100] [--draws 5]

LIST has the columns path and speaker. Of each draw so many people are enrolled with three recordings; their others
are targets, and all recordings of those who are not enrolled are claimed to be of each of the enrolled."""
import argparse
import collections
import csv
import os
import random
import tempfile

import vpr

parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("list")
parser.add_argument("root")
parser.add_argument("--model")
parser.add_argument("--enrolled", type=int, nargs="+", default=[5, 20, 100])
parser.add_argument("--draws", type=int, default=5)
parser.add_argument("--most", type=int, default=12, help="recordings a speaker, not counting those enrolled")
args = parser.parse_args()

by_speaker = collections.defaultdict(list)
with open(args.list, encoding="utf-8") as lines:
    for row in csv.DictReader(lines, delimiter="\t"):
        if float(row.get("seconds", 3)) >= 1.5:
            by_speaker[row["speaker"]].append(os.path.join(args.root, row["path"]))
speakers = sorted(name for name, files in by_speaker.items() if len(files) >= 4)
print("| enrolled | people there | draws | shift | wanted FMR | FMR: the model's | the store's | FNMR: the model's | the store's |")
print("|---|---|---|---|---|---|---|---|---|")
for wanted in args.enrolled:
    if wanted > len(speakers) - 2:
        continue
    counts = collections.Counter()
    shifts = []
    for draw in range(args.draws):
        order = random.Random(draw)
        people = order.sample(speakers, len(speakers))
        enrolled, others = people[:wanted], people[wanted:]
        with tempfile.TemporaryDirectory() as folder:
            recognizer = vpr.Recognizer(args.model, os.path.join(folder, "v.db"), create=True)
            for name in enrolled:
                recognizer.enroll(name, by_speaker[name][:3], force=True)
            thresholds = {}
            for fmr in (0.01, 0.001):
                try:
                    probe = by_speaker[enrolled[0]][3]
                    stored = recognizer.verify(enrolled[0], probe, fmr=fmr).to_dict()
                    shift = stored["stranger_shift"]
                    thresholds[fmr] = (stored["threshold"] - shift, stored["threshold"])
                except vpr.Error as error:
                    raise SystemExit(f"{probe}: {error}")
            shifts.append(shift)
            for name in people:
                files = by_speaker[name][3:3 + args.most] if name in enrolled else by_speaker[name][:args.most]
                for file in files:
                    try:
                        found = recognizer.identify(file, top=wanted).candidates
                    except vpr.Error:
                        counts["unusable"] += 1
                        continue
                    for one in found:
                        if name in enrolled and one.name != name:
                            continue
                        kind = "target" if one.name == name else "stranger"
                        counts[kind] += 1
                        for fmr, (plain, moved) in thresholds.items():
                            counts[kind, fmr, "plain"] += one.score >= plain
                            counts[kind, fmr, "moved"] += one.score >= moved
    for fmr in (0.01, 0.001):
        false = [100 * counts["stranger", fmr, how] / counts["stranger"] for how in ("plain", "moved")]
        missed = [100 - 100 * counts["target", fmr, how] / counts["target"] for how in ("plain", "moved")]
        print(f"| {wanted} | {len(speakers)} | {args.draws} | {sum(shifts) / len(shifts):.2f} | {100 * fmr:g} % | {false[0]:.2f} % "
              f"| {false[1]:.2f} % | {missed[0]:.1f} % | {missed[1]:.1f} % |", flush=True)
    print(f"{wanted}: {counts['stranger']} claims of strangers, {counts['target']} of the enrolled, {counts['unusable']} recordings "
          "could not be used", flush=True)
