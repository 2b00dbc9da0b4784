"""vpr der beside another scorer on random pairs of annotations; not part of the tests.

  pip install pyannote-metrics==4.2.0 meeteval==0.4.3
  python3 tests/diarize/compare_scorers.py build/dev/bin/vpr 500

meeteval runs NIST's md-eval-22.pl, which must be in $PATH, where it is not it is left out; that prints 1e-6 s.

Turns have whole milliseconds, and no two of one speaker touch or overlap: there the conventions
differ (pyannote counts the speaker twice, vpr once).
"""
import json
import random
import shutil
import subprocess
import sys
import tempfile
import warnings
from pathlib import Path

import meeteval
from pyannote.core import Annotation, Segment, Timeline
from pyannote.metrics.diarization import DiarizationErrorRate, JaccardErrorRate

warnings.simplefilter("ignore")
vpr, pairs = sys.argv[1], int(sys.argv[2])
draw = random.Random(23)


def turns(letter, most):
    busy, at, out = {}, 0, []
    for _ in range(draw.randint(1, 40)):
        name = f"{letter}{draw.randint(1, most)}"
        begin = max(busy.get(name, -20) + 20, at + draw.randint(-2000, 1500), 0)
        end = begin + draw.randint(40, 8000)
        out.append((begin, end, name))
        busy[name] = at = end
    return out


def disturbed(reference):
    out, busy = [], {}
    for begin, end, name in reference:
        if draw.random() < 0.1:
            continue
        who = "h" + (name if draw.random() < 0.85 else f"r{draw.randint(1, 8)}")
        begin = max(begin + draw.randint(-500, 500), busy.get(who, -20) + 20, 0)
        end = max(end + draw.randint(-500, 500), begin + 40)
        out.append((begin, end, who))
        busy[who] = end
    return out or [(0, 1000, "h1")]


def annotation(items):
    one = Annotation()
    for k, (begin, end, name) in enumerate(items):
        one[Segment(begin / 1000, end / 1000), k] = name
    return one


def rttm(items, key):
    return "".join(f"SPEAKER {key} 1 {b / 1000:.3f} {(e - b) / 1000:.3f} <NA> <NA> {n} <NA> <NA>\n"
                   for b, e, n in items)


cases = []
for k in range(pairs):
    reference = turns("r", draw.randint(1, 8))
    hypothesis = disturbed(reference) if k % 2 else turns("h", draw.randint(1, 8))
    last = max(end for _, end, _ in reference + hypothesis)
    begin = draw.randint(0, last // 3)
    parts = [(begin, begin + last // 3), (begin + last // 2, last + 500)]
    cases.append((f"m{k}", reference, hypothesis, parts))

worst, jer_differs, jer_above = {}, 0, 0
with tempfile.TemporaryDirectory() as folder:
    folder = Path(folder)
    (folder / "r.rttm").write_text("".join(rttm(r, k) for k, r, _, _ in cases))
    (folder / "h.rttm").write_text("".join(rttm(h, k) for k, _, h, _ in cases))


    def scored(parts_of):
        (folder / "u.uem").write_text("".join(
            f"{k} 1 {b / 1000} {e / 1000}\n" for k, _, _, u in cases for b, e in parts_of(u)))
        found = json.loads(subprocess.run(
            [vpr, "der", folder / "r.rttm", folder / "h.rttm", "--uem", folder / "u.uem", "--json"],
            check=True, capture_output=True, text=True).stdout)
        return {one["recording"]: one for one in found["recordings"]}

    ours, ours_whole = scored(lambda parts: parts), scored(lambda parts: [(parts[0][0], parts[1][1])])
    protocols = {"full": (0, False), "fair": (0.25, False), "forgiving": (0.25, True)}
    for key, reference, hypothesis, parts in cases:
        uem = Timeline([Segment(b / 1000, e / 1000) for b, e in parts])
        for name, (collar, skip) in protocols.items():
            theirs = DiarizationErrorRate(collar=2 * collar, skip_overlap=skip)(
                annotation(reference), annotation(hypothesis), uem=uem, detailed=True)
            for our, their in (("speech", "total"), ("miss", "missed detection"),
                               ("false_alarm", "false alarm"), ("confusion", "confusion")):
                off = abs(ours[key][name][our] - theirs[their])
                worst["pyannote", name, our] = max(worst.get(("pyannote", name, our), 0), off)
            if not shutil.which("md-eval-22.pl") or not ours_whole[key][name]["speech"]:
                continue  # it divides by the speech
            theirs = meeteval.der.md_eval_22(
                meeteval.io.RTTM.parse(rttm(reference, key)), meeteval.io.RTTM.parse(rttm(hypothesis, key)), collar=collar,
                regions="nooverlap" if skip else "all",
                uem=meeteval.io.UEM.parse(f"{key} 1 {parts[0][0] / 1000} {parts[1][1] / 1000}\n"))[key]  # takes one part only
            for our, their in (("speech", "scored_speaker_time"), ("miss", "missed_speaker_time"),
                               ("false_alarm", "falarm_speaker_time"), ("confusion", "speaker_error_time")):
                off = abs(ours_whole[key][name][our] - float(getattr(theirs, their)))
                worst["md-eval", name, our] = max(worst.get(("md-eval", name, our), 0), off)
        theirs = JaccardErrorRate()(annotation(reference), annotation(hypothesis), uem=uem)
        if ours[key]["jer"] is not None and abs(ours[key]["jer"] - theirs) > 1e-6:
            jer_differs += 1  # pyannote maps for the least DER, the definition's own scorer for JER
            jer_above += ours[key]["jer"] > theirs + 1e-6
for place, off in sorted(worst.items()):
    print(*place, f"{off:.2e} s")
print(f"JER differs from pyannote's in {jer_differs} of {pairs} pairs, above it in {jer_above}")
